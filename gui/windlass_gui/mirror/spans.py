"""Items of a task that changed, as columns: where each stretch of them begins, how long it is, and their states."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

FEW = 32
"""Stretches up to which they are written one by one; from then on all of them at once."""
FOLD = 20_000
"""Stretches that may wait before those that overlap are made one."""


@dataclass(frozen=True, slots=True)
class Spans:
    """Stretches in the order in which they are written: of those that overlap the last one stands."""

    firsts: NDArray[np.int64]
    lengths: NDArray[np.int64]
    states: bytes
    """Of the items of all stretches, end to end."""

    @classmethod
    def read(cls, firsts: bytes, lengths: bytes, states: bytes) -> Spans:
        """As they travel; ValueError when the columns do not fit each other."""
        begin = np.frombuffer(firsts, "<u4").astype(np.int64)
        each = np.frombuffer(lengths, "<u4").astype(np.int64)
        if len(begin) != len(each) or int(each.sum()) != len(states):
            raise ValueError("stretches whose columns are of different lengths")
        return cls(begin, each, states)

    @property
    def end(self) -> int:
        """One more than the last item."""
        return int((self.firsts + self.lengths).max()) if len(self.firsts) else 0

    def items(self) -> NDArray[np.int64]:
        """The item of each state."""
        ends = np.cumsum(self.lengths)
        return np.arange(len(self.states)) + np.repeat(self.firsts - ends + self.lengths, self.lengths)

    def write(self, states: bytearray) -> None:
        """Into what is known of the task, which grows where it has to."""
        if self.end > len(states):
            states.extend(bytes(self.end - len(states)))
        if len(self.firsts) <= FEW:
            at = 0
            for first, length in zip(self.firsts.tolist(), self.lengths.tolist(), strict=True):
                states[first : first + length] = self.states[at : at + length]
                at += length
        else:
            np.frombuffer(states, np.uint8)[self.items()] = np.frombuffer(self.states, np.uint8)

    def then(self, later: Spans) -> Spans:
        """These followed by others, in one; bounded by the items there are."""
        both = Spans(
            np.concatenate((self.firsts, later.firsts)),
            np.concatenate((self.lengths, later.lengths)),
            self.states + later.states,
        )
        size = both.end
        if len(both.firsts) <= FOLD and len(both.states) <= max(FOLD, 2 * size):
            return both
        states, told = bytearray(size), np.zeros(size, np.int8)
        both.write(states)
        told[both.items()] = 1
        edges = np.flatnonzero(np.diff(told, prepend=0, append=0))
        firsts, ends = edges[::2], edges[1::2]
        kept: NDArray[Any] = np.frombuffer(states, np.uint8)[told.astype(bool)]
        return Spans(firsts, ends - firsts, kept.tobytes())
