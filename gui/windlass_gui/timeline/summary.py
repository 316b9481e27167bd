"""What lies in a selected span of time, by task: how many, how long, how much memory, what failed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from windlass_gui.timeline.attempts import STATES, Attempts

_BAD = (STATES.index("failed"), STATES.index("lost"))


@dataclass(frozen=True, slots=True)
class Line:
    """One task of a run within the selection. Times in seconds, memory in bytes."""

    run: int
    task: int
    count: int
    bad: int
    total: float
    mean: float
    longest: float
    memory: int


def summary(attempts: Attempts, bars: NDArray[np.int64], now: float) -> list[Line]:
    """The tasks of these bars, the one that took most time first."""
    if not len(bars):
        return []
    runs, tasks = attempts.column("run")[bars], attempts.column("task")[bars]
    ends = attempts.column("end")[bars]
    seconds = np.where(np.isinf(ends), now, ends) - attempts.column("start")[bars]
    bad = np.isin(attempts.column("state")[bars], _BAD)
    keys, inverse = np.unique((runs.astype(np.int64) << 32) | tasks, return_inverse=True)
    counts = np.bincount(inverse)
    totals = np.bincount(inverse, seconds)
    failures = np.bincount(inverse, bad)
    longest = np.zeros(len(keys))
    np.maximum.at(longest, inverse, seconds)
    memory = np.zeros(len(keys), np.int64)
    np.maximum.at(memory, inverse, attempts.column("memory")[bars])
    lines = [
        Line(
            int(key >> 32), int(key & 0xFFFFFFFF), int(counts[at]), int(failures[at]), float(totals[at]),
            float(totals[at] / counts[at]), float(longest[at]), int(memory[at]),
        )
        for at, key in enumerate(keys.tolist())
    ]  # fmt: skip
    return sorted(lines, key=lambda line: -line.total)
