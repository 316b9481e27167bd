"""Open runs whose client is gone: an `Executor` whose process was killed never closes its runs.

Looks are counted, not seconds. One that lives asks for results every half minute, so it has asked since the last look.
However long the core was down or the machine asleep, that is one look at most, and it can ask before the next.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from windlass.model.units import format_duration
from windlass.sched import events as ev

if TYPE_CHECKING:
    from windlass.server.core import Core

log = logging.getLogger("windlass.abandoned")


def look(core: Core, after: float, every: float) -> None:
    """Close the open runs that nobody has asked about or appended to for `after` seconds; called each `every` seconds.

    Nobody is left to take results, so what has not ended is cancelled, as its client does when it gives up.
    """
    for run in core.runs.open:
        # Nobody came since the first of these looks, and there are `every` seconds from each to the next.
        if run.silent * every < after:
            run.silent += 1
            continue
        reason = f"abandoned: nobody asked for its results for {format_duration(after)}"
        log.info("run %d %s of %s is closed, %s", run.id, run.name, run.owner, reason)
        core.handle(ev.CancelRequested(ev.Scope(run.id), reason))
