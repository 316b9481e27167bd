"""Bounded histories of samples, as arrays that a plot can take without copying."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


SERIES = (
    "cpu", "memory", "memory_total", "gpu", "disk_free", "disk_total", "net_in", "net_out", "disk_read", "disk_written",
    "kept",
)  # fmt: skip
"""Fields of a `Sample`, in the order of an agent's curve; row 0 is the time."""
AT = {name: place for place, name in enumerate(SERIES, 1)}
"""A series' row in an agent's curve."""
AGENT_POINTS = 600
"""Points kept of each agent: ten minutes, and some 100 kB."""


class Curve:
    """The last `capacity` points of some series over time; rows are time and the values, oldest first.

    Points live in an array of twice the capacity: it is moved to the front once every `capacity` points, so that
    adding one costs next to nothing and `view` is always one contiguous slice.
    """

    def __init__(self, series: int, capacity: int = 1200) -> None:
        self._data = np.zeros((series + 1, capacity * 2))
        self._capacity = capacity
        self._end = 0

    def __len__(self) -> int:
        return min(self._end, self._capacity)

    def add(self, time: float, values: Sequence[float]) -> None:
        """Points that are not newer than the last one (a repeated backlog) are ignored."""
        if self._end and time <= self._data[0, self._end - 1]:
            return
        if self._end == self._data.shape[1]:
            self._data[:, : self._capacity] = self._data[:, self._capacity :]
            self._end = self._capacity
        self._data[0, self._end] = time
        self._data[1:, self._end] = values
        self._end += 1

    @property
    def view(self) -> Floats:
        """Shape (series + 1, points); valid until the next `add`."""
        return self._data[:, max(0, self._end - self._capacity) : self._end]

    @property
    def last(self) -> Floats | None:
        return self._data[:, self._end - 1] if self._end else None
