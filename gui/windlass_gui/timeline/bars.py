"""The attempts as bars in lanes: what falls on which pixel, and what lies under the mouse.

The picture is a raster: one row of codes a lane and one column a pixel. However many bars fall on one pixel, it shows
the one that matters most (a failure among thousands of successes stays visible). Bars are kept in the order of their
starts, so that only those in view are looked at; where those are very many, the picture is made from a coarser raster
of everything, so its cost follows the window's size and not the number of attempts.

All times here are folded ones (`folding`); `real` and `fold` translate.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from windlass.wire.rows import AttemptRow
from windlass_gui.timeline.attempts import STATES, Attempts, Key
from windlass_gui.timeline.coloring import codes_of
from windlass_gui.timeline.folding import Folding, find_pauses
from windlass_gui.timeline.staging import Staging

BarKey = Key
CODES = STATES
"""What a pixel shows where colours tell states."""
MODES = ("agent", "task", "run")
COARSE_FROM = 40_000
"""Bars in view from which the coarse raster is used."""
COARSE_CELLS = 12_000_000
COARSE_WIDTH = 32_768
COARSE_LEAST = 4_096
"""Cells of the coarse raster, its columns where the lanes are few, and the fewest that are of use."""
TAIL = 4096
"""New bars that are looked at one by one before they are sorted in."""
_AGENT_BITS, _SLOT_BITS = 16, 12

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class Bars:
    """Lanes are of agents' slots; by task or by run, those of each task or run stand together."""

    def __init__(self, attempts: Attempts | None = None) -> None:
        self.attempts = attempts if attempts is not None else Attempts()
        self.mode = "agent"
        self.way = "state"
        self.owners: dict[int, int] = {}
        """Run -> number of its owner, for their colours."""
        self.folds = False
        """Long pauses are folded."""
        self.growing = False
        """Many more are about to come: sorting waits until they are worth it."""
        self.staging = Staging()
        self._forget()

    def _forget(self) -> None:
        """Everything here is made again from the attempts."""
        self._lanes: list[tuple[int, int, int]] = []
        self._lane_ids: dict[int, int] = {}
        self._lane = np.zeros(0, np.int32)
        """Attempt -> lane's id."""
        self._rank = np.zeros(1, np.int32)
        """Lane's id -> its row."""
        self._version = self._kept = -1
        self._order = np.zeros(0, np.int64)
        """Those sorted in, by start."""
        self._starts = self._latest = np.zeros(0)
        """Their starts, and the latest end up to each; in folded time."""
        self._lengths = np.zeros(0, np.float32)
        self._sorted = 0
        """Attempts below this are sorted in, but for `_open`."""
        self._open = np.zeros(0, np.int64)
        self._folding = Folding()
        self._coarse: tuple[float, float, NDArray[np.uint8], NDArray[np.uint8]] | None = None
        self._coarse_failed = False

    @property
    def count(self) -> int:
        return self.attempts.count

    @property
    def lanes(self) -> list[tuple[int, int, int]]:
        """(task or run, 0 by agent; agent's number; slot), in the order shown."""
        self._update()
        return self._lanes

    def clear(self) -> None:
        self.attempts = Attempts()
        self._forget()

    def put(self, rows: Iterable[AttemptRow]) -> None:
        """New or changed attempts of the mirror."""
        self.attempts.put(rows)

    def show(self, *, mode: str | None = None, way: str | None = None, folds: bool | None = None) -> None:
        """Other lanes, other colours, or pauses folded."""
        if mode is not None and mode != self.mode:
            self.mode = mode
            self._forget()
        if way is not None:
            self.way = way
        if folds is not None:
            self.folds = folds
        self._sorted = -1
        self._version = -1

    # --- keeping up ----------------------------------------------------------------------------------------

    def _update(self) -> None:
        """Make the lanes and the order true of the attempts."""
        known = self.attempts
        if known.version == self._version:
            return
        if known.order_kept != self._kept:
            self._lane, self._sorted = np.zeros(0, np.int32), -1
        self._version, self._kept = known.version, known.order_kept
        self._add_lanes()
        if self._sorted < 0 or known.count - self._sorted > (max(TAIL, self._sorted) if self.growing else TAIL):
            self._sort()

    def _add_lanes(self) -> None:
        known, begin = self.attempts, len(self._lane)
        if begin == known.count:
            return
        fresh = slice(begin, known.count)
        group = known.column("agent")[fresh].astype(np.int64) * 0
        if self.mode != "agent":
            group = known.column(self.mode)[fresh].astype(np.int64)
        keys = (group << (_AGENT_BITS + _SLOT_BITS)) | (known.column("agent")[fresh].astype(np.int64) << _SLOT_BITS)
        keys |= np.minimum(known.column("slot")[fresh], (1 << _SLOT_BITS) - 1)
        unique, inverse = np.unique(keys, return_inverse=True)
        before = len(self._lane_ids)
        ids = np.array([self._lane_ids.setdefault(key, len(self._lane_ids)) for key in unique.tolist()], np.int32)
        self._lane = np.concatenate((self._lane, ids[inverse]))
        if len(self._lane_ids) != before:
            self._order_lanes()
            self._coarse = None

    def _order_lanes(self) -> None:
        names, mask = self.attempts.agents, (1 << _SLOT_BITS) - 1
        parts = {
            (key >> (_AGENT_BITS + _SLOT_BITS), (key >> _SLOT_BITS) & ((1 << _AGENT_BITS) - 1), key & mask): id
            for key, id in self._lane_ids.items()
        }
        way = -1 if self.mode == "run" else 1  # the newest run first, as everywhere
        self._lanes = sorted(parts, key=lambda lane: (way * lane[0], names[lane[1]], lane[1], lane[2]))
        self._rank = np.zeros(len(parts) + 1, np.int32)
        for place, lane in enumerate(self._lanes):
            self._rank[parts[lane]] = place

    def _sort(self) -> None:
        known = self.attempts
        starts, ends = known.column("start"), known.column("end")
        ended = np.flatnonzero(np.isfinite(ends))
        order = ended[np.argsort(starts[ended], kind="stable")]
        latest = np.maximum.accumulate(ends[order]) if len(order) else np.zeros(0)
        self._folding = find_pauses(starts[order], latest) if self.folds else Folding()
        self._order, self._sorted = order, known.count
        self._starts, self._latest = self._folding.fold(starts[order]), self._folding.fold(latest)
        self._lengths = (ends[order] - starts[order]).astype(np.float32)
        self._open = np.flatnonzero(~np.isfinite(ends))
        self._coarse, self._coarse_failed = None, False

    def _tail(self) -> Ints:
        """Those that are not sorted in."""
        return np.concatenate((self._open, np.arange(max(0, self._sorted), self.attempts.count)))

    # --- times ---------------------------------------------------------------------------------------------

    def fold(self, moment: float) -> float:
        """A moment in folded time."""
        self._update()
        return float(self._folding.fold(moment))

    def folded(self, moments: Floats) -> Floats:
        return self._folding.fold(moments)

    def real(self, folded: float) -> float:
        self._update()
        return float(self._folding.real(folded))

    @property
    def pauses(self) -> list[tuple[float, float]]:
        """Those that are folded, in real time."""
        self._update()
        return self._folding.pauses

    def _times(self, at: Ints, now: float) -> tuple[Floats, Floats]:
        ends = self.attempts.column("end")[at]
        ends = np.where(np.isinf(ends), now, ends)
        return self._folding.fold(self.attempts.column("start")[at]), self._folding.fold(ends)

    # --- reading -------------------------------------------------------------------------------------------

    def span(self, now: float) -> tuple[float, float] | None:
        """First start and last end (now, while one runs), staging included."""
        self._update()
        if not self.count:
            return None
        found = [(float(self._starts[0]), float(self._latest[-1]))] if len(self._order) else []
        tail = self._tail()
        if len(tail):
            starts, ends = self._times(tail, now)
            found.append((float(starts.min()), float(ends.max())))
        staging = self.staging.span(self.attempts)
        if staging is not None:
            found.append((self.fold(staging[0]), self.fold(staging[1])))
        return min(first for first, _ in found), max(last for _, last in found)

    @property
    def live(self) -> bool:
        """One of them runs."""
        return bool(len(self.attempts.live))

    def _window(self, first: float, last: float) -> slice:
        """The sorted ones that may touch a span of time."""
        low = int(np.searchsorted(self._latest, first, "left"))
        return slice(low, max(low, int(np.searchsorted(self._starts, last, "right"))))

    def visible(self, first: float, last: float, top: int, bottom: int, now: float) -> Ints:
        """Bars that touch the time from `first` to `last` in the rows `top` to `bottom` (exclusive)."""
        self._update()
        some = np.concatenate((self._order[self._window(first, last)], self._tail()))
        return self._among(some, first, last, top, bottom, now)

    def _among(self, some: Ints, first: float, last: float, top: int, bottom: int, now: float) -> Ints:
        rows = self._rank[self._lane[some]]
        some = some[(rows >= top) & (rows < bottom)]
        starts, ends = self._times(some, now)
        return some[(ends >= first) & (starts <= last)]

    def raster(
        self, first: float, per_pixel: float, width: int, top: int, bottom: int, now: float
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Codes of the rows `top` to `bottom` over `width` pixels from time `first`; and where a retry is (1)."""
        self._update()
        shape = (max(0, bottom - top), width)
        if not self.count or not width or bottom <= top:
            return np.zeros(shape, np.uint8), np.zeros(shape, np.uint8)
        last = first + per_pixel * width
        window = self._window(first, last)
        found = None
        if window.stop - window.start > COARSE_FROM:
            found = self._from_coarse(first, per_pixel, width, top, bottom)
        if found is not None:
            tail = self._tail()
            rows = self._rank[self._lane[tail]]
            self._draw(tail[(rows >= top) & (rows < bottom)], first, per_pixel, top, now, *found)
            return found
        codes, retries = np.zeros(shape, np.uint8), np.zeros(shape, np.uint8)
        self._draw(self.visible(first, last, top, bottom, now), first, per_pixel, top, now, codes, retries)
        return codes, retries

    def _draw(
        self,
        shown: Ints,
        first: float,
        per_pixel: float,
        top: int,
        now: float,
        codes: NDArray[np.uint8],
        retries: NDArray[np.uint8],
    ) -> None:
        """Bars into a raster, over what is there."""
        width = codes.shape[1]
        starts, ends = self._times(shown, now)
        inside = (ends >= first) & (starts <= first + per_pixel * width)
        shown, starts, ends = shown[inside], starts[inside], ends[inside]
        left, right = _pixels(starts, ends, first, per_pixel, width)
        rows = self._rank[self._lane[shown]] - top
        code = codes_of(self.way, self.attempts, shown, self.owners)
        retry = self.attempts.column("attempt")[shown] > 1
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
            begins = wide[(widths >= 4) & (starts[wide] >= first)]
            codes[rows[begins], left[begins]] = 0
            retries[rows[begins], left[begins]] = 0
        # A thin one hides nothing that matters more.
        few = np.flatnonzero(thin & (code >= codes[rows, left]))
        few = few[np.argsort(code[few], kind="stable")]
        codes[rows[few], left[few]] = code[few]
        at = thin & retry
        retries[rows[at], left[at]] = 1

    def _from_coarse(
        self, first: float, per_pixel: float, width: int, top: int, bottom: int
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8]] | None:
        """The picture from the raster of everything; None when that would be too coarse."""
        made = self._make_coarse()
        if made is None or per_pixel < made[1]:
            return None
        begin, step, *rasters = made
        edges = np.floor((first + per_pixel * np.arange(width + 1) - begin) / step).astype(np.int64)
        columns = rasters[0].shape[1]
        inside = (edges[1:] > 0) & (edges[:-1] < columns)
        found = []
        for raster in rasters:
            picture = np.zeros((bottom - top, width), np.uint8)
            places = np.clip(edges[:-1][inside], 0, columns - 1)
            if len(places):
                upto = int(min(columns, max(edges[1:][inside][-1], places[-1] + 1)))
                picture[:, inside] = np.maximum.reduceat(raster[top:bottom, :upto], places, axis=1)
            found.append(picture)
        return found[0], found[1]

    def _make_coarse(self) -> tuple[float, float, NDArray[np.uint8], NDArray[np.uint8]] | None:
        if self._coarse is None and not self._coarse_failed:
            lanes = max(1, len(self._lanes))
            width = min(COARSE_WIDTH, COARSE_CELLS // lanes)
            self._coarse_failed = width < COARSE_LEAST
            if not self._coarse_failed:
                begin = float(self._starts[0])
                step = max((float(self._latest[-1]) - begin) / width, 1e-9) * (1 + 1e-9)
                codes, retries = np.zeros((lanes, width), np.uint8), np.zeros((lanes, width), np.uint8)
                self._draw(self._order, begin, step, 0, 0.0, codes, retries)
                self._coarse = begin, step, codes, retries
        return self._coarse

    def wide(
        self, first: float, per_pixel: float, width: int, top: int, bottom: int, now: float, least: int, most: int
    ) -> list[tuple[int, int, int, int]]:
        """Bars of at least `least` pixels: (bar, row, left, right), at most `most` of them. For labels."""
        self._update()
        window = self._window(first, first + per_pixel * width)
        long = self._order[window][self._lengths[window] >= (least - 2) * per_pixel]
        shown = self._among(np.concatenate((long, self._tail())), first, first + per_pixel * width, top, bottom, now)
        left, right = _pixels(*self._times(shown, now), first, per_pixel, width)
        chosen = np.flatnonzero(right - left >= least)[:most]
        rows = self._rank[self._lane[shown]]
        return [(int(shown[i]), int(rows[i]), int(left[i]), int(right[i])) for i in chosen]

    def at(self, moment: float, row: int, tolerance: float, now: float) -> int | None:
        """The bar under a point: the nearest in that row within `tolerance` seconds, the most important first."""
        near = self.visible(moment - tolerance, moment + tolerance, row, row + 1, now)
        if not len(near):
            return None
        starts, ends = self._times(near, now)
        distance = np.maximum(0.0, np.maximum(starts - moment, moment - ends))
        states = self.attempts.column("state")[near].astype(np.int16)
        best = int(np.lexsort((-states, distance))[0])
        return int(near[best]) if distance[best] <= tolerance else None

    def beside(self, bar: int | None, along: int, down: int) -> int | None:
        """The bar before (-1) or after (1) this one in its lane, or the nearest in time in the lane below (above: -1).

        Without a bar to begin with: the first in the first lane. None when there is none that way.
        """
        self._update()
        if not self.count:
            return None
        rows, starts = self._rank[self._lane], self.attempts.column("start")
        if bar is None:
            return int(np.lexsort((starts, rows))[0])
        away = starts - starts[bar]
        if down:
            fits = rows == rows[bar] + down
            return int(np.argmin(np.where(fits, np.abs(away), np.inf))) if fits.any() else None
        fits = (rows == rows[bar]) & (away * along > 0)
        return int(np.argmin(np.where(fits, away * along, np.inf))) if fits.any() else None

    def place(self, key: BarKey) -> int | None:
        return self.attempts.find(key)

    def key(self, bar: int) -> BarKey:
        return self.attempts.key(bar)

    def rows_of(self, some: Ints) -> NDArray[np.int32]:
        """The rows that these bars stand in."""
        self._update()
        return self._rank[self._lane[some]]

    def row(self, bar: int) -> int:
        self._update()
        return int(self._rank[self._lane[bar]])

    def times(self, bar: int, now: float) -> tuple[float, float]:
        self._update()
        starts, ends = self._times(np.array([bar]), now)
        return float(starts[0]), float(ends[0])

    def state(self, bar: int) -> str:
        return STATES[int(self.attempts.column("state")[bar])]


def _pixels(starts: Floats, ends: Floats, first: float, per_pixel: float, width: int) -> tuple[Ints, Ints]:
    """First pixel and the one after the last, clipped to the picture; at least one pixel each."""
    left = np.clip((starts - first) / per_pixel, 0, width - 1).astype(np.int64)
    right = np.clip(np.ceil((ends - first) / per_pixel), 1, width).astype(np.int64)
    return left, np.maximum(right, left + 1)
