"""Items that were lost so often that once more fails them: which of those that went down together is it?

When an agent goes down, or one of its helper processes, all that ran there is lost, and every item of it may have done
it. So the losses before the last one count for all of them, and then they are suspects, which never run side by side:
an agent has one of them at a time, beside what was lost less often, and runs it under a helper process of its own. What
is lost then was lost with one suspect, and only that one fails.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from windlass.sched.tasks import TaskState

if TYPE_CHECKING:
    from windlass.sched.book import Book

_NONE: Collection[int] = frozenset()


def suspects(book: Book, task: TaskState) -> Collection[int]:
    """Items of the task that fail with their next loss, because the earlier ones may have been their doing."""
    if not task.crashed:
        return _NONE
    enough = max(1, book.config.crash_limit - 1)
    return {item for item, crashes in task.crashes.items() if crashes >= enough}
