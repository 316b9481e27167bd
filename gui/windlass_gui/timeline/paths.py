"""Which bars a bar waited for, and those on the critical path of a run (`runs.critical`, as on the canvas)."""

from __future__ import annotations

import numpy as np

from windlass_gui.runs.critical import Needs, critical_path
from windlass_gui.runs.ends import TaskEnds, take_ends
from windlass_gui.timeline.attempts import STATES, Attempts

MOST = 64
"""Arrows to one bar at most: to those of the tasks that come first among its needs."""
_GOOD = STATES.index("succeeded")


def predecessors(attempts: Attempts, bar: int, needs: Needs) -> list[int]:
    """Of each task that the bar's task needs, the success that ended last before the bar began.

    Of a task of which the bar's item needs one item only, that item's.
    """
    run, task, index, _ = attempts.key(bar)
    start = float(attempts.column("start")[bar])
    found = []
    for need, each in list(needs.get(task, ()))[:MOST]:
        fits = (attempts.column("task") == need) & (attempts.column("run") == run)
        fits &= (attempts.column("state") == _GOOD) & (attempts.column("end") <= start + 1e-3)
        if each:
            fits &= attempts.column("index") == index
        places = np.flatnonzero(fits)
        if len(places):
            found.append(int(places[np.argmax(attempts.column("end")[places])]))
    return found


def path_bars(attempts: Attempts, run: int, needs: Needs, now: float) -> list[int]:
    """The critical path of a run as bars, in time: of each item on it the attempt that ended last, or still runs."""
    mine = np.flatnonzero(attempts.column("run") == run)
    columns = {name: attempts.column(name)[mine] for name in ("task", "index", "start", "end", "memory")}
    live = np.isinf(columns["end"])
    running: dict[int, list[tuple[int, float]]] = {}
    for at in np.flatnonzero(live).tolist():
        began = float(columns["start"][at])
        running.setdefault(int(columns["task"][at]), []).append((int(columns["index"][at]), began))
    ended = np.flatnonzero(~live)
    ended = ended[np.argsort(columns["end"][ended], kind="stable")]
    ends: dict[int, TaskEnds] = {}
    take_ends(ends, {**{name: column[ended] for name, column in columns.items()}, "started": columns["start"][ended],
                     "ended": columns["end"][ended]})  # fmt: skip
    by_task = np.argsort(columns["task"], kind="stable")
    tasks = columns["task"][by_task]
    bars = []
    for step in critical_path(needs, ends, running, 0.0, now):
        of_task = by_task[np.searchsorted(tasks, step.task) : np.searchsorted(tasks, step.task, "right")]
        of_item = of_task[columns["index"][of_task] == step.index]
        bars.append(int(mine[of_item[np.argmax(columns["end"][of_item])]]))
    return bars
