"""Items that were lost so often that once more fails them: which of those that went down together is it?

When an agent goes down, or one of its helper processes, all that ran there is lost, and every item of it may have done
it. So the losses before the last one count for all of them, and then they are suspects, which never run side by side:
an agent has one of them at a time, beside what was lost less often, and runs it under a helper process of its own. What
is lost then was lost with one suspect, and only that one fails.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from windlass.sched.tasks import TaskState

if TYPE_CHECKING:
    from windlass.sched.book import Book


def is_suspect(book: Book, task: TaskState, item: int) -> bool:
    """Whether the item fails with its next loss, because the earlier ones may have been its doing."""
    return task.crashed and task.crashes.get(item, 0) >= max(1, book.config.crash_limit - 1)
