"""Which bars a bar waited for, and the chain of them that made a run as long as it was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from windlass_gui.timeline.attempts import STATES, Attempts

MOST = 64
"""Arrows to one bar at most: the ones that ended last."""
_GOOD = STATES.index("succeeded")

Needs = Mapping[int, Sequence[int]]
"""Task's number -> the numbers of the tasks that it needs."""


def predecessors(attempts: Attempts, bar: int, needs: Needs) -> list[int]:
    """Of each task that the bar's task needs, the success that ended last before the bar began."""
    run, task, _, _ = attempts.key(bar)
    start = float(attempts.column("start")[bar])
    found = []
    for need in list(needs.get(task, ()))[:MOST]:
        fits = (attempts.column("task") == need) & (attempts.column("run") == run)
        fits &= (attempts.column("state") == _GOOD) & (attempts.column("end") <= start + 1e-3)
        places = np.flatnonzero(fits)
        if len(places):
            found.append(int(places[np.argmax(attempts.column("end")[places])]))
    return found


def critical_path(attempts: Attempts, run: int, needs: Needs) -> list[int]:
    """From the bar of a run that ended last (or still runs, the one that began first) back to a beginning, in time.

    Each step goes to whatever of the needs ended last: what the run's end had to wait for.
    """
    mine = np.flatnonzero(attempts.column("run") == run)
    if not len(mine):
        return []
    ends, starts = attempts.column("end")[mine], attempts.column("start")[mine]
    running = np.flatnonzero(np.isinf(ends))
    bar = int(mine[running[np.argmin(starts[running])]]) if len(running) else int(mine[np.argmax(ends)])
    path, seen = [bar], {attempts.key(bar)[1]}
    while True:
        before = [other for other in predecessors(attempts, path[-1], needs) if attempts.key(other)[1] not in seen]
        if not before:
            return path[::-1]
        path.append(max(before, key=lambda other: float(attempts.column("end")[other])))
        seen.add(attempts.key(path[-1])[1])
