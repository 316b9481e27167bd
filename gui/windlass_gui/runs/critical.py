"""The critical path of a run as it was: what the run's end had to wait for, item by item, from recorded times.

From the item that ended last (of a run that goes on: from the one that runs longest), step back to whatever of its
needs ended last, to the beginning. What is gained on the path is gained for the run; the gaps on it are waiting.
The canvas and the timeline both show this path: tasks are told by their position in the run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from windlass.wire.rows import TaskRow
from windlass_gui.runs.ends import TaskEnds

Need = tuple[int, bool]
"""A task, and whether item i needs only item i of it."""
Needs = Mapping[int, Sequence[Need]]


@dataclass(frozen=True, slots=True)
class Step:
    """One item on the path. Times in seconds since the epoch."""

    task: int
    index: int
    began: float
    ended: float
    waited: float
    """From the end of the step before (or the submit) until it began."""


def needs_of(tasks: Sequence[TaskRow]) -> dict[int, list[Need]]:
    """What each task of a run needs, as the core tells it."""
    position = {row.id: row.index for row in tasks}
    return {row.index: [(position[need], need in row.each) for need in row.needs if need in position] for row in tasks}


def critical_path(
    needs: Needs,
    ends: Mapping[int, TaskEnds],
    running: Mapping[int, Sequence[tuple[int, float]]],
    submitted: float,
    now: float,
) -> list[Step]:
    """In the order of time; empty when nothing has begun. `running`: items of tasks with the times they began."""
    active = [(began, task, index) for task, items in running.items() for index, began in items]
    if active:
        began, task, index = min(active)
        ended = now
    else:
        finished = [(float(np.nanmax(e.last)), task) for task, e in ends.items() if np.isfinite(e.last).any()]
        if not finished:
            return []
        ended, task = max(finished)
        index = int(np.nanargmax(ends[task].last))
        began = float(ends[task].first[index])
    found: list[tuple[int, int, float, float]] = [(task, index, began, ended)]
    seen = {task}
    while True:
        best: tuple[float, int, int] | None = None
        for need, each in needs.get(task, ()):
            of = ends.get(need)
            if of is None or need in seen or not np.isfinite(of.last).any():
                continue
            item = (
                index if each and index < len(of.last) and np.isfinite(of.last[index]) else int(np.nanargmax(of.last))
            )
            at = float(of.last[item])
            if best is None or at > best[0]:
                best = at, need, item
        if best is None:
            break
        ended, task, index = best
        seen.add(task)
        found.append((task, index, float(ends[task].first[index]), ended))
    steps: list[Step] = []
    before = submitted
    for task, index, began, ended in reversed(found):
        steps.append(Step(task, index, began, ended, max(0.0, began - before)))
        before = ended
    return steps
