"""The staging of attempts on the time axis: before a bar its inputs came, behind it what it left was taken.

A strip is drawn only where it is at least half a pixel wide, so a look at a whole run shows the staging that matters,
and costs a comparison of lengths: the pieces are kept in the order of their beginnings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from windlass_gui.timeline.attempts import Attempts

if TYPE_CHECKING:
    from windlass_gui.timeline.bars import Bars

TAIL = 4096
"""New pieces that are looked at one by one before they are sorted in."""
IN, OUT = 1, 2

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Pieces(NamedTuple):
    """One value a piece in each array; times in seconds since the epoch."""

    attempt: Ints
    kind: NDArray[np.uint8]
    begin: Floats
    end: Floats

    def some(self, which: NDArray[np.bool_] | Ints | slice) -> Pieces:
        return Pieces(self.attempt[which], self.kind[which], self.begin[which], self.end[which])

    def with_(self, more: Pieces) -> Pieces:
        return Pieces(
            np.concatenate((self.attempt, more.attempt)), np.concatenate((self.kind, more.kind)),
            np.concatenate((self.begin, more.begin)), np.concatenate((self.end, more.end)),
        )  # fmt: skip


def pieces_of(attempts: Attempts, at: Ints) -> Pieces:
    """The staging of these attempts that have ended."""
    starts, ends = attempts.column("start")[at], attempts.column("end")[at]
    into, out = attempts.column("staged_in")[at], attempts.column("staged_out")[at]
    kinds = np.repeat(np.array([IN, OUT], np.uint8), len(at))
    begins, stops = np.concatenate((starts - into, ends)), np.concatenate((starts, ends + out))
    every = Pieces(np.concatenate((at, at)), kinds, begins, stops)
    return every.some((stops > begins) & np.isfinite(stops))


class Staging:
    """Of all attempts of a table, sorted in as they come."""

    def __init__(self) -> None:
        self._attempts: Attempts | None = None
        self._kept = -1
        self._sorted = 0
        """How many of the table's staged attempts are sorted in."""
        self._pieces = pieces_of(Attempts(), np.zeros(0, np.int64))
        self._latest: Floats = np.zeros(0)
        """The latest end up to each piece."""

    def _update(self, attempts: Attempts) -> Pieces:
        """Sort in what is new if that is worth it; what is not sorted in."""
        if attempts is not self._attempts or attempts.order_kept != self._kept:
            self._attempts, self._kept, self._sorted = attempts, attempts.order_kept, 0
        staged = attempts.staged
        if not self._sorted or len(staged) - self._sorted > max(TAIL, self._sorted // 4):
            pieces = pieces_of(attempts, staged)
            self._pieces = pieces.some(np.argsort(pieces.begin, kind="stable"))
            self._latest = np.maximum.accumulate(self._pieces.end) if len(staged) else np.zeros(0)
            self._sorted = len(staged)
        return pieces_of(attempts, staged[self._sorted :])

    def span(self, attempts: Attempts) -> tuple[float, float] | None:
        """First beginning and last end."""
        if not len(attempts.staged):
            return None
        tail = self._update(attempts)
        begins, ends = np.concatenate((self._pieces.begin[:1], tail.begin)), self._latest[-1:]
        return (float(begins.min()), float(np.concatenate((ends, tail.end)).max())) if len(begins) else None

    def within(self, attempts: Attempts, first: float, last: float, least: float) -> Pieces:
        """Pieces of at least `least` seconds that touch a span of time."""
        tail, known = self._update(attempts), self._pieces
        low = int(np.searchsorted(self._latest, first, "left"))
        window = slice(low, max(low, int(np.searchsorted(known.begin, last, "right"))))
        inside = known.some(window).with_(tail)
        fits = (inside.end - inside.begin >= least) & (inside.end >= first) & (inside.begin <= last)
        return inside.some(fits)


def raster(bars: Bars, first: float, per_pixel: float, width: int, top: int, bottom: int) -> NDArray[np.uint8] | None:
    """`IN`, `OUT` or nothing for each pixel of the rows `top` to `bottom`, as `Bars.raster`; None without staging."""
    if not len(bars.attempts.staged) or not width or bottom <= top:
        return None
    real = bars.real(first), bars.real(first + per_pixel * width)
    found = bars.staging.within(bars.attempts, *real, per_pixel / 2)
    rows = bars.rows_of(found.attempt)
    shown = (rows >= top) & (rows < bottom)
    found, rows = found.some(shown), rows[shown] - top
    left = np.clip(np.round((bars.folded(found.begin) - first) / per_pixel), 0, width).astype(np.int64)
    right = np.clip(np.round((bars.folded(found.end) - first) / per_pixel), 0, width).astype(np.int64)
    right = np.minimum(np.maximum(right, left + 1), width)
    widths = np.maximum(0, right - left)
    picture = np.zeros((bottom - top, width), np.uint8)
    offsets = np.arange(int(widths.sum())) - np.repeat(np.cumsum(widths) - widths, widths)
    picture[np.repeat(rows, widths), np.repeat(left, widths) + offsets] = np.repeat(found.kind, widths)
    return picture
