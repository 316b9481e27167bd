"""All runs by their numbers. One that ended a while ago is a row of some hundred bytes until somebody asks for more.

Who asks for a run (`get`, `[]`) gets it whole, from the store if it was put away; who only shows it asks for its `row`.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator

import msgspec

from windlass.server.rundata import RunData
from windlass.wire.rows import RunRow

UNUSED = 60.0
"""Seconds after which an ended run that nobody asked for is put away;"""
MOST = 32
"""at once when there are more of them than that."""
EVERY = 5.0
"""Seconds between two looks."""

_encode = msgspec.msgpack.Encoder().encode
_row = msgspec.msgpack.Decoder(RunRow)


class Runs:
    """As a dictionary of runs by number; those that are not in memory come back when they are asked for."""

    def __init__(self, load: Callable[[int], RunData], show: Callable[[RunData], RunRow]) -> None:
        """`load` brings a run that was put away back, whole."""
        self._load = load
        self._show = show
        self._ids: list[int] = []
        """In order; a number is never used twice."""
        self._here: dict[int, RunData] = {}
        self._away: dict[int, bytes] = {}
        self._used: dict[int, float] = {}
        """Ended runs that are here -> when they were last asked for, the longest unused first."""
        self._due = 0.0
        self.now = 0.0

    def __len__(self) -> int:
        return len(self._ids)

    def __contains__(self, run: int) -> bool:
        return run in self._here or run in self._away

    def __getitem__(self, run: int) -> RunData:
        found = self._here.get(run)
        if found is None:
            if run not in self._away:
                raise KeyError(run)
            found = self._load(run)
            self._here[run] = found
            del self._away[run]
        if found.ended is not None:
            self._used.pop(run, None)
            self._used[run] = self.now
        return found

    def get(self, run: int) -> RunData | None:
        if run not in self:
            return None
        return self[run]

    def __setitem__(self, run: int, data: RunData) -> None:
        self._add(run)
        self._here[run] = data

    def add_row(self, row: RunRow) -> None:
        """A run that ended in an earlier life of the core."""
        self._add(row.id)
        self._away[row.id] = _encode(row)

    def _add(self, run: int) -> None:
        if self._ids and run < self._ids[-1]:
            self._ids.insert(bisect_left(self._ids, run), run)
        else:
            self._ids.append(run)

    def __delitem__(self, run: int) -> None:
        del self._here[run]
        del self._ids[bisect_left(self._ids, run)]
        self._used.pop(run, None)

    # --- shown -------------------------------------------------------------------------------------------

    def row(self, run: int) -> RunRow:
        found = self._here.get(run)
        return self._show(found) if found is not None else _row.decode(self._away[run])

    def newest(self, hidden: bool) -> Iterator[RunRow]:
        """Rows, the youngest run first; with those that were submitted as hidden, or without."""
        for run in reversed(self._ids):
            found = self._here.get(run)
            if found is not None and found.hidden and not hidden:
                continue
            row = self.row(run)
            if hidden or not row.hidden:
                yield row

    def told(self, run: int) -> str:
        """The run's state as far as it is durable."""
        found = self._here.get(run)
        return found.told if found is not None else _row.decode(self._away[run]).state

    def last_end(self, run: int) -> int | None:
        """The highest number given to an end of one of its items; None: not known without the store."""
        found = self._here.get(run)
        return found.last_end if found is not None else None

    def numbered(self, run: int, last: int) -> None:
        """An end of one of its items was given this number."""
        found = self._here.get(run)
        if found is not None:
            found.last_end = last

    # --- open ones ---------------------------------------------------------------------------------------

    @property
    def open(self) -> list[RunData]:
        """Those that can still be appended to."""
        return [data for data in self._here.values() if data.open_tasks and data.ended is None]

    def asked(self, run: int) -> None:
        """Somebody asks for its results."""
        found = self._here.get(run)
        if found is not None:
            found.silent = -1.0

    # --- putting away ------------------------------------------------------------------------------------

    @property
    def here(self) -> list[int]:
        """Those that are in memory whole."""
        return list(self._here)

    def spare(self, now: float) -> list[int]:
        """Ended runs whose place in memory others may have; now and then, else none."""
        self.now = now
        if now < self._due:
            return []
        self._due = now + EVERY
        for run, data in self._here.items():
            if data.ended is not None:
                self._used.setdefault(run, now)
            else:
                self._used.pop(run, None)
        late = len(self._used) - MOST
        return [
            run for place, (run, used) in enumerate(self._used.items()) if place < late or now - used >= UNUSED
        ]  # fmt: skip

    def put_away(self, run: int) -> None:
        """All of it must be durable, and nobody may change it before it is asked for again."""
        self._away[run] = _encode(self.row(run))
        del self._here[run]
        self._used.pop(run, None)
