"""What the colour of a bar says: its state, its task, its owner, how long it took, or how much memory.

A pixel that many bars fall on shows the highest code, so each way puts what matters most last.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from windlass_gui.timeline.attempts import STATES, Attempts

WAYS = ("state", "task", "owner", "duration", "memory")
HUES = 10
"""Different colours for tasks and owners; with more of them, colours repeat."""
STEPS = 8
"""Steps of a ramp."""
_RAMPS = {"duration": (0.01, 3600.0), "memory": (1e6, 64e9)}
"""The ends of the ramps: seconds, bytes; the steps between are equal factors."""
_FAILED = STATES.index("failed")


def codes_of(way: str, attempts: Attempts, at: NDArray[np.int64] | slice, owners: dict[int, int]) -> NDArray[np.uint8]:
    """The code of each of these attempts; 0 is nothing. `owners`: run -> number of its owner."""
    if way == "task":
        return (attempts.column("task")[at] % HUES + 1).astype(np.uint8)
    if way == "owner":
        runs = attempts.column("run")[at]
        table = np.zeros(int(runs.max()) + 1 if len(runs) else 1, np.uint8)
        for run, number in owners.items():
            if run < len(table):
                table[run] = number % HUES
        codes: NDArray[np.uint8] = (table[runs] + 1).astype(np.uint8)
        return codes
    if way in _RAMPS:
        low, high = _RAMPS[way]
        values: NDArray[Any] = attempts.column("memory")[at].astype(np.float64)
        if way == "duration":
            values = attempts.column("end")[at] - attempts.column("start")[at]
            values = np.where(np.isinf(values), low, values)
        share = np.log(np.clip(values, low, high) / low) / np.log(high / low)
        return (1 + np.minimum(STEPS - 1, share * STEPS)).astype(np.uint8)
    states: NDArray[np.uint8] = attempts.column("state")[at]
    return states


def ramp_ends(way: str) -> tuple[float, float] | None:
    """The least and the most that a ramp tells apart; None for a way without one."""
    return _RAMPS.get(way)
