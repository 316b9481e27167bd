"""Open runs whose client is gone: an `Executor` whose process was killed never closes its runs.

One that lives asks for results every half minute, so it has asked since the last look. However long the core was down,
or the machine asleep, one look counts no more than the time between two, and a client can ask before the next.

What was counted is written down, so that a core that is started anew again and again comes to an end with it, too.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from windlass.model.units import format_duration
from windlass.sched import events as ev
from windlass.store import records

if TYPE_CHECKING:
    from windlass.server.core import Core

log = logging.getLogger("windlass.abandoned")


def look(core: Core, after: float, passed: float) -> None:
    """Close the open runs that nobody has asked about or appended to for `after` seconds.

    `passed`: seconds of the core's life since the last look, or since its start. Nobody is left to take results, so
    what has not ended is cancelled, as its client does when it gives up.
    """
    silent = []
    for run in core.runs.open:
        # How long before this first look somebody came is not known: it counts nothing.
        run.silent = 0.0 if run.silent < 0 else run.silent + passed
        if run.silent < after:
            silent.append((run.silent, run.id))
            continue
        reason = f"abandoned: nobody asked for its results for {format_duration(after)}"
        log.info("run %d %s of %s is closed, %s", run.id, run.name, run.owner, reason)
        core.handle(ev.CancelRequested(ev.Scope(run.id), reason))
    core.store.write(records.RUN_SILENT, silent)
