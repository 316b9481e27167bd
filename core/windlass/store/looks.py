"""Looking at many attempts at once: as columns, only the failed ones, and the curve of one.

Each answer reads a bounded number of rows of its run and says where to go on, so that no question holds up the loop,
however large the run.
"""

from __future__ import annotations

import math
import sqlite3
import sys
from array import array
from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from windlass.sched.states import ItemState
from windlass.store import packs

ROWS = 5000
"""Attempts with rows of their own that one answer reads; those that were written together cost a tenth."""
POINTS = 120
"""Points that are kept of an ended attempt's curve."""
_ALL = 1 << 62
_FAILED = int(ItemState.FAILED)
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[list[float]]).decode


class Page(NamedTuple):
    """`size` attempts: columns by name as little-endian numbers, two of which count through `agents` and `outcomes`."""

    size: int
    next: int | None
    last: int
    columns: dict[str, bytes]
    agents: list[str]
    outcomes: list[str]


KINDS = {
    "task": "I", "index": "I", "attempt": "I", "slot": "I", "agent": "H", "outcome": "B", "started": "d", "ended": "d",
    "memory": "q", "staged_in": "f", "staged_out": "f",
}  # fmt: skip
"""Column -> type code of `array` (and of numpy): u32, u16, u8, float64, int64, float32."""
_STAGING = ("staged_in", "staged_out")


class _Columns:
    """The page while it is gathered."""

    def __init__(self) -> None:
        self.data: dict[str, array[Any]] = {name: array(kind) for name, kind in KINDS.items()}
        self.agents: dict[str, int] = {}
        self.outcomes: dict[str, int] = {"ok": 0}
        self.count = 0
        self.staged = False
        """One of them was staged."""

    def extend(
        self, task: int, items: Sequence[int], attempts: Sequence[int], slots: Sequence[int], agent: str, outcome: str,
        started: Sequence[float], ended: Sequence[float], memory: Sequence[int], staging: Sequence[Sequence[float]],
    ) -> None:  # fmt: skip
        """`staging`: the two columns of it, empty where there was none."""
        count, data = len(items), self.data
        self.count += count
        data["task"].extend([task] * count)
        data["index"].extend(items)
        data["attempt"].extend(attempts)
        data["slot"].extend([slot if slot > 0 else 0 for slot in slots])
        data["agent"].extend([self.agents.setdefault(agent, len(self.agents))] * count)
        data["outcome"].extend([self.outcomes.setdefault(outcome, len(self.outcomes))] * count)
        data["started"].extend(started)
        data["ended"].extend(ended)
        data["memory"].extend(memory)
        self._extend_staging(count, staging)

    def _extend_staging(self, count: int, staging: Sequence[Sequence[float]]) -> None:
        for name, column in zip(_STAGING, staging, strict=True):
            if any(column):
                self.staged = True
                self.data[name].extend(column)
            else:
                self.data[name].frombytes(bytes(4 * count))

    def add_rows(self, rows: list[Any]) -> None:
        """As `extend`, for rows of their own: all of them a column at a time."""
        if not rows:
            return
        columns = zip(*rows, strict=True)
        _, tasks, items, attempts, slots, agents, outcomes, started, ended, memory, *staging = columns
        data = self.data
        self.count += len(rows)
        for agent in dict.fromkeys(agents):
            self.agents.setdefault(agent, len(self.agents))
        for outcome in dict.fromkeys(outcomes):
            self.outcomes.setdefault(outcome or "lost", len(self.outcomes))
        data["task"].extend(tasks)
        data["index"].extend(items)
        data["attempt"].extend(attempts)
        data["slot"].extend([slot if slot > 0 else 0 for slot in slots])
        data["agent"].extend([self.agents[agent] for agent in agents])
        data["outcome"].extend([self.outcomes[outcome or "lost"] for outcome in outcomes])
        data["started"].extend([math.nan if time is None else time for time in started])
        data["ended"].extend([math.nan if time is None else time for time in ended])
        data["memory"].extend(memory)
        self._extend_staging(len(rows), staging)

    def page(self, next: int | None, last: int) -> Page:
        if sys.byteorder == "big":
            for column in self.data.values():
                column.byteswap()
        columns = {name: column.tobytes() for name, column in self.data.items() if self.staged or name not in _STAGING}
        return Page(self.count, next, last, columns, list(self.agents), list(self.outcomes))


def attempt_columns(db: sqlite3.Connection, run: int, task: int | None, after: int, limit: int) -> Page:
    """Ended attempts behind number `after`; about `limit` of the run are looked at, those of other tasks left out."""
    rows = db.execute(
        "SELECT seq, task, idx, attempt, slot, agent, outcome, started, ended, memory, staged_in, staged_out"
        " FROM attempts WHERE run=? AND seq>? ORDER BY seq LIMIT ?",
        (run, after, min(limit, ROWS)),
    ).fetchall()
    full = len(rows) >= min(limit, ROWS)
    upto = rows[-1][0] if full else _ALL
    last, seen = after, 0
    found = _Columns()
    for seq, place, count, agent, data in db.execute(
        "SELECT seq, task, count, agent, data FROM packs WHERE run=? AND seq+count-1>? AND seq<=? ORDER BY seq",
        (run, after, upto),
    ):
        last, seen = seq + count - 1, seen + count
        if task in (None, place):
            values = packs.columns_of(data, count)
            found.extend(
                place, values.items, values.attempts, values.slots, agent, "ok", values.started, values.ended,
                values.memory, (values.staged_in, values.staged_out),
            )  # fmt: skip
        if seen >= limit:
            upto, full = min(upto, last), True
            break
    rows = [row for row in rows if row[0] <= upto]
    if rows:
        last = max(last, rows[-1][0])
    found.add_rows([row for row in rows if task in (None, row[1])])
    return found.page(last if full else None, last)


class Failed(NamedTuple):
    """An item that failed for good: by an attempt, or without one (`attempt` 0, `outcome` empty)."""

    seq: int
    task: int
    item: int
    attempt: int
    agent: str
    outcome: str
    code: int
    error: str
    log: bytes


def failures(db: sqlite3.Connection, run: int, after: int, limit: int, weight: int) -> tuple[list[Failed], int | None]:
    """Ends by which items of a run failed behind number `after`, and where to go on: `limit` of them, their logs of
    about `weight` bytes together. An item that was tried again since is still among them."""
    found: list[Failed] = []
    for row in db.execute(
        "SELECT seq, task, idx, attempt, agent, outcome, code, error, log FROM attempts"
        " INDEXED BY attempts_failed WHERE run=? AND final=5 AND seq>? ORDER BY seq LIMIT ?",
        (run, after, limit),
    ):
        found.append(Failed._make([*row[:8], row[8] or b""]))
        weight -= len(found[-1].log)
        if weight <= 0:
            break
    full = len(found) >= limit or weight <= 0
    upto = found[-1].seq if full else _ALL
    for seq, task, first, last, reason in db.execute(
        "SELECT seq, task, first, last, reason FROM changes WHERE run=? AND seq>0 AND seq+last-first>? AND seq<=?"
        " AND state=? ORDER BY seq LIMIT ?",
        (run, after + 1, upto, _FAILED, limit),
    ):
        skip = max(0, after + 1 - seq)
        stop = min(last - first, skip + limit)
        found.extend(Failed(seq + i, task, first + i, 0, "", "", 0, reason, b"") for i in range(skip, stop))
    found.sort(key=lambda end: end.seq)
    if len(found) > limit:
        del found[limit:]
        full = True
    found = [end for end in found if end.seq <= upto]
    return found, (found[-1].seq if full and found else None)


def curve_bytes(points: Sequence[tuple[float, float, int]]) -> bytes:
    """A curve (time, CPUs, memory) as the table `curves` holds it; a long one is thinned, its highest points kept."""
    points = list(points)
    step = -(-len(points) // POINTS)
    if step > 1:
        groups = [points[at : at + step] for at in range(0, len(points), step)]
        points = [max(group, key=lambda point: point[2]) for group in groups[:-1]] + [groups[-1][-1]]
    return _encode([list(column) for column in zip(*points, strict=True)])


def curve_points(data: bytes) -> list[list[float]]:
    """Times, CPUs, memory."""
    return _decode(data)


def stored_curve(db: sqlite3.Connection, run: int, task: int, index: int, attempt: int) -> list[list[float]] | None:
    row: Any = db.execute(
        "SELECT data FROM curves WHERE run=? AND task=? AND idx=? AND attempt=?", (run, task, index, attempt)
    ).fetchone()
    return curve_points(row[0]) if row else None
