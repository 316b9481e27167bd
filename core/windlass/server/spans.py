"""Which items of a task changed, as stretches that bridge small gaps: what a delta carries, without an object an item.

Stretches may name items that did not change: their state is told again, which harms nobody.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Sequence
from typing import Any

from windlass.sched.queues import Range, merged

GAP = 16
"""Unchanged items between two stretches that are told along: a stretch of its own takes eight bytes, an item one."""
MOST = 8192
"""Stretches of one task that are kept apart; beyond it wider gaps are bridged, at worst the whole task."""


class Spans:
    """Gathers stretches in bounded memory."""

    __slots__ = ("_gap", "_spans")

    def __init__(self) -> None:
        self._spans: list[Range] = []
        self._gap = GAP

    def add(self, spans: Sequence[Range]) -> None:
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
