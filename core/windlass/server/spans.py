"""Which items of a task changed, as stretches that bridge small gaps: what a delta carries, without an object an item.

Stretches may name items that did not change: their state is told again, which harms nobody.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterable, Sequence
from typing import Any

GAP = 16
"""Unchanged items between two stretches that are told along: a stretch of its own takes eight bytes, an item one."""
MOST = 8192
"""Stretches of one task that are kept apart; beyond it wider gaps are bridged, at worst the whole task."""

Span = tuple[int, int]
"""First and last + 1."""


def merged(spans: Iterable[Span], gap: int = 0) -> list[Span]:
    """Ascending, with those joined that overlap or have at most `gap` items between them.

    >>> merged([(7, 9), (0, 2), (2, 3)]), merged([(7, 9), (0, 2)], gap=5)
    ([(0, 3), (7, 9)], [(0, 9)])
    """
    found: list[Span] = []
    first = last = -1
    for lo, hi in sorted(spans):
        if first >= 0 and lo <= last + gap:
            last = max(last, hi)
        else:
            if first >= 0:
                found.append((first, last))
            first, last = lo, hi
    if first >= 0:
        found.append((first, last))
    return found


class Spans:
    """Gathers stretches in bounded memory."""

    __slots__ = ("_gap", "_spans")

    def __init__(self) -> None:
        self._spans: list[Span] = []
        self._gap = GAP

    def add(self, spans: Sequence[Span]) -> None:
        self._spans += spans
        if len(self._spans) > MOST:
            self._spans = merged(self._spans, self._gap)
            while len(self._spans) > MOST // 2:
                self._gap *= 4
                self._spans = merged(self._spans, self._gap)

    def told(self, states: bytes) -> tuple[bytes, bytes, bytes]:
        """Firsts and lengths (four bytes each, little endian), and the states of the items in them, end to end."""
        spans = [(lo, min(hi, len(states))) for lo, hi in merged(self._spans, self._gap) if lo < len(states)]
        firsts, lengths = array("I", [lo for lo, _ in spans]), array("I", [hi - lo for lo, hi in spans])
        return _bytes(firsts), _bytes(lengths), b"".join([states[lo:hi] for lo, hi in spans])


def _bytes(column: array[Any]) -> bytes:
    if sys.byteorder == "big":
        column.byteswap()
    return column.tobytes()
