"""Where runs stand in the queue, and which priorities put them elsewhere. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence


def moved(order: Sequence[tuple[int, int]], runs: Collection[int], before: int | None) -> dict[int, int]:
    """New priorities that put `runs` before the run `before` (None: at the end), for those that need another one.

    `order` are runs with their priorities, the highest first. The moved ones come to stand strictly between their new
    neighbours; whoever stands above them and would not any more is raised, and keeps its place among the others.
    """
    moving = [run for run, _ in order if run in runs and run != before]
    rest = [(run, priority) for run, priority in order if run not in moving]
    if not moving:
        return {}
    place = next((at for at, (run, _) in enumerate(rest) if run == before), len(rest))
    new: dict[int, int] = {}
    if place == len(rest):
        if rest:
            new = dict.fromkeys(moving, rest[-1][1] - 1)
    else:
        level = rest[place][1] + 1
        new = dict.fromkeys(moving, level)
        raised = level
        old: int | None = None
        for run, priority in reversed(rest[:place]):
            if priority > raised and priority != old:
                break
            raised = raised if priority == old else raised + 1
            old = priority
            new[run] = raised
    was = dict(order)
    return {run: priority for run, priority in new.items() if was[run] != priority}
