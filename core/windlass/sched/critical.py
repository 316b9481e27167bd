"""The longest chain of work through a run: no number of agents makes it shorter."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from typing import NamedTuple

from windlass.model.edges import Edges, topological
from windlass.sched.events import TaskPlan

Place = tuple[int, int]
"""Task position, item."""


class Path(NamedTuple):
    length: float
    """Seconds."""
    places: list[Place]
    """From the first to the last."""


def critical_path(tasks: Sequence[TaskPlan], counts: Sequence[int], duration: Callable[[int, int], float]) -> Path:
    """`counts`: the items of each task that take time (0: skipped)."""
    ends: list[array[float] | float] = [0.0] * len(tasks)
    """When each item ends at the earliest; one number for a task of one item."""
    last: list[tuple[float, Place | None]] = [(0.0, None)] * len(tasks)
    """The latest end of each task, and of which item; of what it needs, where it has no items."""
    for pos in _order(tasks):
        wholes = [last[up] for up, each in tasks[pos].needs if not each]
        begin, before = max(wholes, key=lambda entry: entry[0], default=(0.0, None))
        each_ups = [up for up, each in tasks[pos].needs if each and counts[up]]
        if counts[pos] == 0:
            last[pos] = (begin, before)
        elif counts[pos] == 1 and not each_ups:
            end = begin + duration(pos, 0)
            ends[pos], last[pos] = end, (end, (pos, 0))
        else:
            many = array("d", bytes(8 * counts[pos]))
            top = -1.0
            for item in range(counts[pos]):
                start = begin
                for up in each_ups:
                    start = max(start, _end(ends[up], item))
                many[item] = end = start + duration(pos, item)
                if end > top:
                    top, last[pos] = end, (end, (pos, item))
            ends[pos] = many
    length, place = max(last, key=lambda entry: entry[0], default=(0.0, None))
    places: list[Place] = []
    while place is not None:
        places.append(place)
        place = _before(tasks[place[0]], place[1], ends, last, counts)
    return Path(length, places[::-1])


def _end(ends: array[float] | float, item: int) -> float:
    if isinstance(ends, float):
        return ends
    return ends[item] if item < len(ends) else 0.0


def _before(
    task: TaskPlan,
    item: int,
    ends: Sequence[array[float] | float],
    last: Sequence[tuple[float, Place | None]],
    counts: Sequence[int],
) -> Place | None:
    """What the item waited for the longest."""
    latest, place = 0.0, None
    for up, each in task.needs:
        if each and counts[up]:
            end: float = _end(ends[up], item)
            candidate: Place | None = (up, item)
        else:
            end, candidate = last[up]
        if candidate is not None and (place is None or end > latest):
            latest, place = end, candidate
    return place


def _order(tasks: Sequence[TaskPlan]) -> list[int]:
    """Each after all that it needs."""
    begins = [pos for pos, task in enumerate(tasks) for _ in task.needs]
    ends = [up for task in tasks for up, _ in task.needs]
    ups, downs = Edges(len(tasks), begins, ends), Edges(len(tasks), ends, begins)
    return topological((ups,), (downs,), len(tasks))
