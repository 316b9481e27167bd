"""Which ended runs may go, what that frees, and which files of kept runs nothing names any more. Reads only.

Runs in a thread, on a connection of its own: the questions go over many rows, in SQLite's own code.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from windlass.model.graph import Call, FileRef
from windlass.model.packed import PackedGraph
from windlass.sched.states import ENDED
from windlass.server import rundata

if TYPE_CHECKING:
    import sqlite3

ROW = 200
"""Bytes that an attempt's row and its entries in the indexes take beside its log and result, about."""
_ref = msgspec.msgpack.Decoder(FileRef)
_files = msgspec.msgpack.Decoder(list[FileRef])


@dataclass(frozen=True, slots=True)
class Criteria:
    """As in `messages.Prune`. Neither an age nor a number: nothing goes."""

    older_than: float | None = None
    keep: int | None = None
    states: tuple[str, ...] = ENDED

    @property
    def any(self) -> bool:
        return self.older_than is not None or self.keep is not None


@dataclass(frozen=True, slots=True)
class Doomed:
    """A run that is to go, and what it takes."""

    run: int
    name: str
    state: str
    ended: float
    attempts: int
    bytes: int
    """Of the store; about."""


@dataclass(slots=True)
class Forecast:
    """What would go."""

    runs: list[Doomed] = field(default_factory=list)
    blobs: int = 0
    blob_bytes: int = 0
    """Of files that only these runs need."""
    stale: dict[int, list[str]] = field(default_factory=dict)
    """Run that stays -> its blobs that nothing names any more: outputs that a retry replaced."""
    stale_bytes: int = 0

    def plain(self) -> dict[str, Any]:
        return {
            "runs": [asdict(run) for run in self.runs],
            "bytes": sum(run.bytes for run in self.runs),
            "blobs": self.blobs,
            "blob_bytes": self.blob_bytes,
            "stale": sum(map(len, self.stale.values())),
            "stale_bytes": self.stale_bytes,
        }


def forecast(db: sqlite3.Connection, wanted: Criteria, now: float, only: list[int] | None = None) -> Forecast:
    found = Forecast()
    if not wanted.any:
        return found
    rows = chosen(db, wanted, now)
    if only is not None:
        rows = [row for row in rows if row[0] in set(only)]
    for run, name, state, ended in rows:
        attempts, size = db.execute(
            "SELECT count(*), coalesce(sum(coalesce(length(log), 0) + coalesce(length(result), 0) + length(error)), 0)"
            " FROM attempts WHERE run=?",
            (run,),
        ).fetchone()
        packed, data = db.execute(
            "SELECT coalesce(sum(count), 0), coalesce(sum(length(data) + length(results)), 0) FROM packs WHERE run=?",
            (run,),
        ).fetchone()
        payloads = db.execute("SELECT coalesce(sum(length(data)), 0) FROM payloads WHERE run=?", (run,)).fetchone()[0]
        size += attempts * ROW + data + payloads
        found.runs.append(Doomed(run, name, state, ended, attempts + packed, size))
    going = json.dumps([row[0] for row in rows])
    found.blobs, found.blob_bytes = db.execute(
        "WITH going AS MATERIALIZED (SELECT value AS run FROM json_each(?))"
        " SELECT count(*), coalesce(sum(blobs.size), 0)"
        " FROM (SELECT DISTINCT hash FROM refs WHERE run IN (SELECT run FROM going)) AS mine"
        " LEFT JOIN blobs ON blobs.hash=mine.hash AND blobs.holder='core'"
        " WHERE NOT EXISTS (SELECT 1 FROM refs WHERE refs.hash=mine.hash AND refs.run NOT IN (SELECT run FROM going))",
        (going,),
    ).fetchone()
    gone = {row[0] for row in rows}
    for (run,) in db.execute("SELECT id FROM runs WHERE ended IS NOT NULL").fetchall():
        if run not in gone and (hashes := stale(db, run)):
            found.stale[run] = hashes
            found.stale_bytes += _alone(db, run, hashes)
    return found


def chosen(db: sqlite3.Connection, wanted: Criteria, now: float) -> list[tuple[int, str, str, float]]:
    """(run, name, state, ended) of what goes, oldest first."""
    marks = ",".join("?" * len(wanted.states))
    rows = db.execute(
        f"SELECT id, name, state, ended FROM runs WHERE ended IS NOT NULL AND state IN ({marks})"
        " ORDER BY ended DESC, id DESC",
        wanted.states,
    ).fetchall()
    rows = rows[wanted.keep or 0 :]
    if wanted.older_than is not None:
        rows = [row for row in rows if row[3] < now - wanted.older_than]
    return rows[::-1]


def stale(db: sqlite3.Connection, run: int) -> list[str]:
    """Blobs that are kept for a run and that neither its files, its outputs, its logs nor its results name."""
    (kept,) = db.execute("SELECT count(*) FROM refs WHERE run=?", (run,)).fetchone()
    if not kept:
        return []
    graph, files = db.execute("SELECT graph, files FROM runs WHERE id=?", (run,)).fetchone()
    named = {file.hash for file in _files.decode(files)}
    for task in PackedGraph(graph):
        if isinstance(task.action, Call):
            named.add(task.action.function)
    (made,) = db.execute("SELECT count(DISTINCT hash) FROM outputs WHERE run=?", (run,)).fetchone()
    other = "SELECT 1 FROM outputs WHERE hash=? AND run=? LIMIT 1"
    if kept <= made + sum(db.execute(other, (hash, run)).fetchone() is None for hash in named):
        return []  # whatever is named is kept, so there is nothing else
    named.update(row[0] for row in db.execute("SELECT hash FROM outputs WHERE run=?", (run,)))
    for ref, result in db.execute(
        "SELECT log_ref, CASE WHEN substr(result, 1, 1)=x'62' THEN result END FROM attempts"
        " WHERE run=? AND (log_ref IS NOT NULL OR substr(result, 1, 1)=x'62')",
        (run,),
    ):
        if ref is not None:
            named.add(_ref.decode(ref).hash)
        if result is not None and (hash := rundata.blob_of(result)) is not None:
            named.add(hash)
    return sorted(row[0] for row in db.execute("SELECT hash FROM refs WHERE run=?", (run,)) if row[0] not in named)


def _alone(db: sqlite3.Connection, run: int, hashes: list[str]) -> int:
    """Bytes of those that no other run needs."""
    (size,) = db.execute(
        "SELECT coalesce(sum(blobs.size), 0) FROM json_each(?) AS mine"
        " JOIN blobs ON blobs.hash=mine.value AND blobs.holder='core'"
        " WHERE NOT EXISTS (SELECT 1 FROM refs WHERE refs.hash=mine.value AND refs.run<>?)",
        (json.dumps(hashes), run),
    ).fetchone()
    return int(size)
