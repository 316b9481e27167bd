"""Attempts as arrays: adding one is cheap, and a picture of a hundred thousand takes a few vector operations.

The picture is a raster: one row of codes a lane and one column a pixel. However many bars fall on one pixel, it shows
the one that matters most (a failure among thousands of successes stays visible), and the work is bounded by the number
of bars in view plus the number of pixels, never by what is drawn one by one.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from windlass.wire.rows import AttemptRow

CODES = ("", "succeeded", "skipped", "cancelled", "active", "failed", "lost")
"""What a pixel shows, in rising order of how much it matters; 0 is nothing."""
_CODE_OF = {
    "running": 4, "assigned": 4, "rejected": 2, "lost": 6, "ok": 1, "stopped": 3, "nonzero": 5, "signal": 5,
    "timeout": 5, "oom": 5, "spawn_error": 5, "failed": 5, "crashed": 6,
}  # fmt: skip

BarKey = tuple[int, int, int, int]
"""(run, task, index, attempt)."""


class Bars:
    """All attempts that have begun. Lanes are (agent, slot), shown in the order of agents' names and slots."""

    def __init__(self) -> None:
        self.count = 0
        self.keys: list[BarKey] = []
        self.lanes: list[tuple[str, str, int]] = []
        """Agent's name, agent's id, slot; in the order shown."""
        self._place: dict[BarKey, int] = {}
        self._lane_ids: dict[tuple[str, str, int], int] = {}
        self._rank = np.zeros(16, np.int32)
        """Lane's id -> its row."""
        self._start = np.zeros(1024)
        self._end = np.zeros(1024)
        self._lane = np.zeros(1024, np.int32)
        self._code = np.zeros(1024, np.uint8)
        self._retry = np.zeros(1024, bool)

    def clear(self) -> None:
        self.__init__()  # type: ignore[misc]

    # --- adding --------------------------------------------------------------------------------------------

    def put(self, rows: Iterable[AttemptRow]) -> None:
        """New or changed attempts; those that have not started are no bars."""
        lanes = len(self._lane_ids)
        for row in rows:
            if row.started is None:
                continue
            key = (row.run, row.task, row.index, row.attempt)
            place = self._place.get(key)
            if place is None:
                place = self._place[key] = self.count
                self.keys.append(key)
                self.count += 1
                if place == len(self._start):
                    self._grow()
            live = row.state in ("running", "assigned")
            self._start[place] = row.started
            self._end[place] = np.inf if live else max(row.started, row.ended or row.started)
            self._lane[place] = self._lane_id(row)
            self._code[place] = _CODE_OF.get((row.outcome or "ok") if row.state == "exited" else row.state, 5)
            self._retry[place] = row.attempt > 1
        if len(self._lane_ids) != lanes:
            self._order_lanes()

    def _grow(self) -> None:
        for name in ("_start", "_end", "_lane", "_code", "_retry"):
            old = getattr(self, name)
            setattr(self, name, np.concatenate([old, np.zeros_like(old)]))

    def _lane_id(self, row: AttemptRow) -> int:
        lane = (row.agent_name, row.agent, row.slot)
        return self._lane_ids.setdefault(lane, len(self._lane_ids))

    def _order_lanes(self) -> None:
        self.lanes = sorted(self._lane_ids)
        self._rank = np.zeros(max(16, len(self.lanes)), np.int32)
        for place, lane in enumerate(self.lanes):
            self._rank[self._lane_ids[lane]] = place

    # --- reading -------------------------------------------------------------------------------------------

    def span(self, now: float) -> tuple[float, float] | None:
        """First start and last end (now, while one runs)."""
        if not self.count:
            return None
        ends = self._end[: self.count]
        return float(self._start[: self.count].min()), float(np.where(np.isinf(ends), now, ends).max())

    @property
    def live(self) -> bool:
        """One of them runs."""
        return bool(self.count) and bool(np.isinf(self._end[: self.count]).any())

    def visible(self, first: float, last: float, top: int, bottom: int) -> NDArray[np.int64]:
        """Bars that touch the time from `first` to `last` in the rows `top` to `bottom` (exclusive)."""
        n = self.count
        rows = self._rank[self._lane[:n]]
        inside = (self._end[:n] >= first) & (self._start[:n] <= last) & (rows >= top) & (rows < bottom)
        return np.flatnonzero(inside)

    def raster(
        self, first: float, per_pixel: float, width: int, top: int, bottom: int, now: float
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Codes of the rows `top` to `bottom` over `width` pixels from time `first`; and where a retry is (1)."""
        codes = np.zeros((max(0, bottom - top), width), np.uint8)
        retries = np.zeros_like(codes)
        if not self.count or not width or bottom <= top:
            return codes, retries
        shown = self.visible(first, first + per_pixel * width, top, bottom)
        left, right = self._pixels(shown, first, per_pixel, width, now)
        rows = self._rank[self._lane[shown]] - top
        code, retry = self._code[shown], self._retry[shown]
        thin = right - left <= 1
        # In the order of what matters, so that the last write wins. The lanes of an agent hold one bar at a time, so
        # the wide ones together have hardly more pixels than the raster.
        wide = np.flatnonzero(~thin)
        wide = wide[np.argsort(code[wide], kind="stable")]
        widths = right[wide] - left[wide]
        total = int(widths.sum())
        if total:
            offsets = np.arange(total) - np.repeat(np.cumsum(widths) - widths, widths)
            columns = np.repeat(left[wide], widths) + offsets
            lines = np.repeat(rows[wide], widths)
            codes[lines, columns] = np.repeat(code[wide], widths)
            retries[lines, columns] = np.repeat(retry[wide], widths)
            # A gap where one begins tells it from the one before.
            begins = wide[(widths >= 4) & (self._start[shown[wide]] >= first)]
            codes[rows[begins], left[begins]] = 0
            retries[rows[begins], left[begins]] = 0
        for value in range(1, len(CODES)):
            at = thin & (code == value)
            codes[rows[at], left[at]] = value
        at = thin & retry
        retries[rows[at], left[at]] = 1
        return codes, retries

    def wide(
        self, first: float, per_pixel: float, width: int, top: int, bottom: int, now: float, least: int, most: int
    ) -> list[tuple[int, int, int, int]]:
        """Bars of at least `least` pixels: (bar, row, left, right), at most `most` of them. For labels."""
        shown = self.visible(first, first + per_pixel * width, top, bottom)
        left, right = self._pixels(shown, first, per_pixel, width, now)
        chosen = np.flatnonzero(right - left >= least)[:most]
        rows = self._rank[self._lane[shown]]
        return [(int(shown[i]), int(rows[i]), int(left[i]), int(right[i])) for i in chosen]

    def _pixels(
        self, shown: NDArray[np.int64], first: float, per_pixel: float, width: int, now: float
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """First pixel and the one after the last, clipped to the picture; at least one pixel each."""
        ends = np.where(np.isinf(self._end[shown]), now, self._end[shown])
        left = np.clip((self._start[shown] - first) / per_pixel, 0, width - 1).astype(np.int64)
        right = np.clip(np.ceil((ends - first) / per_pixel), 1, width).astype(np.int64)
        return left, np.maximum(right, left + 1)

    def at(self, moment: float, row: int, tolerance: float, now: float) -> int | None:
        """The bar under a point: the nearest in that row within `tolerance` seconds, the most important first."""
        near = self.visible(moment - tolerance, moment + tolerance, row, row + 1)
        if not len(near):
            return None
        ends = np.where(np.isinf(self._end[near]), now, self._end[near])
        distance = np.maximum(0.0, np.maximum(self._start[near] - moment, moment - ends))
        order = np.lexsort((-self._code[near].astype(np.int16), distance))
        best = int(order[0])
        return int(near[best]) if distance[best] <= tolerance else None

    def beside(self, bar: int | None, along: int, down: int) -> int | None:
        """The bar before (-1) or after (1) this one in its lane, or the nearest in time in the lane below (above: -1).

        Without a bar to begin with: the first in the first lane. None when there is none that way.
        """
        if not self.count:
            return None
        rows, starts = self._rank[self._lane[: self.count]], self._start[: self.count]
        if bar is None:
            return int(np.lexsort((starts, rows))[0])
        away = starts - starts[bar]
        if down:
            fits = rows == rows[bar] + down
            return int(np.argmin(np.where(fits, np.abs(away), np.inf))) if fits.any() else None
        fits = (rows == rows[bar]) & (away * along > 0)
        return int(np.argmin(np.where(fits, away * along, np.inf))) if fits.any() else None

    def place(self, key: BarKey) -> int | None:
        return self._place.get(key)

    def row(self, bar: int) -> int:
        return int(self._rank[self._lane[bar]])

    def times(self, bar: int, now: float) -> tuple[float, float]:
        end = float(self._end[bar])
        return float(self._start[bar]), now if np.isinf(end) else end

    def code(self, bar: int) -> int:
        return int(self._code[bar])
