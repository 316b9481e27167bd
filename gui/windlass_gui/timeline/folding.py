"""Time with its long pauses taken out: a night between two days of work would press both into a few pixels."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

SHARE = 0.04
"""Of all time shown: a pause longer than this is folded."""
KEPT = 0.012
"""Of the busy time: how much of each pause stays, so that it can be seen."""

Floats = NDArray[np.float64]


class Folding:
    """Maps moments to folded time and back. Without pauses both are the same."""

    def __init__(self, pauses: list[tuple[float, float]] | None = None, kept: float = 0.0) -> None:
        self.pauses = [(start, end) for start, end in pauses or () if end - start > kept]
        """(start, end) of each that is folded, in the order of time."""
        edges, gone = [0.0], [0.0]
        if self.pauses:
            edges, gone = [], []
        total = 0.0
        for start, end in self.pauses:
            edges += [start + kept / 2, end - kept / 2]
            gone += [total, total + (end - start - kept)]
            total = gone[-1]
        self._edges, self._gone = np.array(edges), np.array(gone)

    def __bool__(self) -> bool:
        return bool(self.pauses)

    def fold(self, moment: Any) -> Any:
        """A moment or an array of them, in folded time."""
        return moment - np.interp(moment, self._edges, self._gone) if self.pauses else moment

    def real(self, folded: Any) -> Any:
        """The moment again; within a pause, one of its ends."""
        return folded + np.interp(folded, self._edges - self._gone, self._gone) if self.pauses else folded


def find_pauses(starts: Floats, ends_so_far: Floats) -> Folding:
    """The folding for attempts sorted by their start, with the latest end of all up to each."""
    if len(starts) < 2:
        return Folding()
    gaps = starts[1:] - ends_so_far[:-1]
    span = float(ends_so_far[-1] - starts[0])
    at = np.flatnonzero(gaps > SHARE * span)
    busy = span - float(gaps[at].sum())
    return Folding([(float(ends_so_far[i]), float(starts[i + 1])) for i in at], KEPT * max(busy, 1e-3))
