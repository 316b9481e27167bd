"""Questions to what is durable. One connection of its own; every list has a limit, so an answer stays small."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Any, NamedTuple

from windlass.model.graph import FileRef
from windlass.sched.states import AttemptState, ItemState
from windlass.store import packs


class AttemptRecord(NamedTuple):
    """An attempt that ended, without its log and result."""

    seq: int
    run: int
    task: int
    index_: int
    attempt: int
    agent: str
    state: int
    outcome: str
    code: int
    assigned: float
    started: float | None
    ended: float | None
    cpu: float
    memory: int
    read: int
    written: int
    slot: int
    final: int
    log_shed: int
    error: str
    staged_in: float
    staged_out: float


class EndRecord(NamedTuple):
    """An item's end: by an attempt (with a result), or without one (cancelled while it waited, skipped, ...)."""

    seq: int
    task: int
    index_: int
    state: int
    error: str
    result: bytes


class PackedEnds(NamedTuple):
    """Ends of items of one task that all succeeded, numbered from `seq`."""

    seq: int
    task: int
    items: list[int]
    results: bytes
    """msgpack list of their results."""


class LogRecord(NamedTuple):
    attempt: int
    log: bytes
    log_ref: bytes | None
    shed: int
    state: int


_ATTEMPT = (
    "SELECT seq, run, task, idx, attempt, agent, state, outcome, code, assigned, started, ended, cpu, memory, read,"
    " written, slot, final, log_shed, error, staged_in, staged_out FROM attempts "
)


_PACK = "SELECT seq, run, task, count, agent, data FROM packs"
_ALL = 1 << 62
_SUCCEEDED = int(ItemState.SUCCEEDED)


def _scope(run: int, task: int | None, index: int | None) -> tuple[str, list[int]]:
    where, values = "run=?", [run]
    if task is not None:
        where, values = where + " AND task=?", [*values, task]
        if index is not None:
            where, values = where + " AND idx=?", [*values, index]
    return where, values


def _packs_scope(run: int, task: int | None, index: int | None) -> tuple[str, list[int]]:
    where, values = _scope(run, task, None)
    if task is not None and index is not None:
        return where + " AND first>? AND first<=? AND last>?", [*values, index - packs.SPAN, index, index]
    return where, values


class Reader:
    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def close(self) -> None:
        self._db.close()

    @property
    def db(self) -> sqlite3.Connection:
        """For what is read back whole; see `replay`."""
        return self._db

    def _all(self, sql: str, *values: Any) -> list[Any]:
        return self._db.execute(sql, values).fetchall()

    def _one(self, sql: str, *values: Any) -> Any:
        return self._db.execute(sql, values).fetchone()

    # --- numbers that go on after a restart ---

    def last_run(self) -> int:
        """The highest number given; one that was deleted, or that a restored copy does not know, is not used again."""
        return max(int(self._one("SELECT coalesce(max(id), 0) FROM runs")[0]), int(self.setting("run") or 0))

    def last_seq(self) -> int:
        """The highest number given to an end. Ends without an attempt take one number for each of their items."""
        attempts = int(self._one("SELECT coalesce(max(seq), 0) FROM attempts")[0])
        last = self._one("SELECT seq + count - 1 FROM packs ORDER BY seq DESC LIMIT 1")
        changes = int(self._one("SELECT coalesce(max(seq + last - first - 1), 0) FROM changes WHERE seq > 0")[0])
        return max(attempts, changes, last[0] if last else 0, int(self.setting("seq") or 0))

    def last_given(self) -> int:
        """The highest number of a row in `given`."""
        return int(self._one("SELECT coalesce(max(id), 0) FROM given")[0])

    def setting(self, name: str) -> str | None:
        row = self._one("SELECT value FROM settings WHERE name=?", name)
        return row[0] if row else None

    # --- runs ---

    def run_by_token(self, token: str) -> int | None:
        row = self._one("SELECT id FROM runs WHERE token=?", token)
        return row[0] if row else None

    def document(self, run: int) -> tuple[str, bytes, bytes] | None:
        """(source text, msgpack params, msgpack files)"""
        row: tuple[str, bytes, bytes] | None = self._one("SELECT document, params, files FROM runs WHERE id=?", run)
        return row

    def payloads(self, run: int, task: int, index: int) -> tuple[int, int, bytes] | None:
        """(first, count, msgpack list) of the batch with this item's pickled arguments."""
        row: tuple[int, int, bytes] | None = self._one(
            "SELECT first, count, data FROM payloads WHERE run=? AND task=? AND first<=? ORDER BY first DESC LIMIT 1",
            run, task, index,
        )  # fmt: skip
        return row if row is not None and index < row[0] + row[1] else None

    def payloads_from(self, run: int, task: int, count: int, weight: int) -> list[tuple[int, bytes]]:
        """(position, msgpack list) of the first arguments of tasks from this one on, till `weight` bytes are found."""
        found: list[tuple[int, bytes]] = []
        for position, first, data in self._db.execute(
            f"SELECT task, first, data FROM payloads WHERE run=? AND task>=? ORDER BY task, first LIMIT {int(count)}",
            (run, task),
        ):
            if not first:
                found.append((position, data))
            weight -= len(data)
            if weight <= 0:
                break
        return found

    # --- items and attempts ---

    def attempts(self, run: int, task: int | None, index: int | None, after: int, limit: int) -> list[AttemptRecord]:
        """Ended attempts in the order of their ends."""
        where, values = _scope(run, task, index)
        rows = self._all(f"{_ATTEMPT}WHERE {where} AND seq>? ORDER BY seq LIMIT {int(limit)}", *values, after)
        upto = rows[-1][0] if len(rows) >= limit else _ALL
        more = 0
        for pack in self._packs(run, task, index, after, upto):
            ends = [
                end for end in packs.attempts_of(*pack) if after < end[0] <= upto and (index is None or end[3] == index)
            ]
            rows += ends
            more += len(ends)
            if more >= limit:
                break
        rows.sort()
        return [AttemptRecord(*row) for row in rows[:limit]]

    def last_attempts(self, run: int, limit: int) -> list[AttemptRecord]:
        """The youngest ends of a run's attempts, in their order."""
        rows = self._all(f"{_ATTEMPT}WHERE run=? ORDER BY seq DESC LIMIT {int(limit)}", run)
        found = 0
        for pack in self._db.execute(f"{_PACK} WHERE run=? ORDER BY seq DESC", (run,)):
            rows += packs.attempts_of(*pack)
            found += pack[3]
            if found >= limit:
                break
        rows.sort()
        return [AttemptRecord(*row) for row in rows[-limit:]]

    def _packs(self, run: int, task: int | None, index: int | None, after: int, upto: int) -> Iterator[Any]:
        """Packs with ends numbered after..upto, in their order."""
        where, values = _packs_scope(run, task, index)
        return self._db.execute(
            f"{_PACK} WHERE {where} AND seq>=? AND seq+count-1>? AND seq<=? ORDER BY seq",
            (*values, self._pack_before(run, after), after, upto),
        )

    def _pack_before(self, run: int, after: int) -> int:
        """Where a run's pack begins that may hold the end numbered after+1, or any number below those behind it.

        With this bound a question passes over all that was asked for before by the index. (Numbers are given once, so
        the last pack that begins at or before `after` is the only one that can reach beyond it.)
        """
        row = self._one("SELECT max(seq) FROM packs WHERE run=? AND seq<=?", run, after)
        return 0 if row is None or row[0] is None else int(row[0])

    def ends(self, run: int, after: int, limit: int, weight: int, task: int | None = None) -> list[EndRecord]:
        """Ends of items (of one task) after number `after`: at most `limit`, and results of about `weight` bytes."""
        found, packed = self.ends_packed(run, after, limit, weight, task)
        for pack in packed:
            results = packs.results_of(pack.results)
            found += [
                EndRecord(pack.seq + place, pack.task, item, _SUCCEEDED, "", result)
                for place, (item, result) in enumerate(zip(pack.items, results, strict=True))
                if pack.seq + place > after
            ]
        found.sort(key=lambda end: end.seq)
        return found[:limit]

    def ends_packed(
        self, run: int, after: int, limit: int, weight: int, task: int | None = None
    ) -> tuple[list[EndRecord], list[PackedEnds]]:
        """As `ends`, with those that were written together left together, as a whole.

        Nothing is left out before the last number that they name, so a reader goes on behind it. The limits may be
        passed by one pack.
        """
        found: list[EndRecord] = []
        only = "" if task is None else f" AND task={int(task)}"
        for row in self._db.execute(
            f"SELECT seq, task, idx, final, error, result FROM attempts WHERE run=? AND seq>? AND final>0{only}"
            f" ORDER BY seq LIMIT {int(limit)}",
            (run, after),
        ):
            found.append(EndRecord(row[0], row[1], row[2], row[3], row[4], row[5] or b""))
            weight -= len(found[-1].result)
            if weight <= 0:
                break
        full = len(found) >= limit or weight <= 0
        upto = found[-1].seq if full else _ALL
        packed: list[PackedEnds] = []
        count = 0
        for seq, position, size, data, results in self._db.execute(
            "SELECT seq, task, count, data, results FROM packs WHERE run=? AND seq>=? AND seq+count-1>? AND seq<=?"
            f"{only} ORDER BY seq",
            (run, self._pack_before(run, after), after, upto),
        ):
            packed.append(PackedEnds(seq, position, list(packs.items_of(data, size)[0]), results))
            count += min(size, seq + size - 1 - after)
            weight -= len(results)
            if count >= limit or weight <= 0:
                upto = min(upto, seq + size - 1)
                break
        row = self._one("SELECT max(seq) FROM changes WHERE run=? AND seq>0 AND seq<=?", run, after)
        for seq, position, first, last, state, reason in self._db.execute(
            "SELECT seq, task, first, last, state, reason FROM changes WHERE run=? AND seq>0 AND seq>=?"
            f" AND seq+last-first>? AND seq<=?{only} ORDER BY seq LIMIT ?",
            (run, (row[0] if row else 0) or 0, after + 1, upto, limit),
        ):
            skip = max(0, after + 1 - seq)
            stop = min(last - first, skip + limit)
            found.extend(EndRecord(seq + i, position, first + i, state, reason, b"") for i in range(skip, stop))
        found.sort(key=lambda end: end.seq)
        if len(found) > limit:
            del found[limit:]
            upto = min(upto, found[-1].seq)
        return [end for end in found if end.seq <= upto], [pack for pack in packed if pack.seq <= upto]

    def latest_errors(self, run: int, task: int, start: int, stop: int) -> dict[int, tuple[int, str]]:
        """index -> (last attempt's number, its error) for items start..stop-1 that had an attempt."""
        rows = self._all(
            "SELECT idx, attempt, error FROM attempts WHERE run=? AND task=? AND idx>=? AND idx<?"
            " ORDER BY idx, attempt",
            run, task, start, stop,
        )  # fmt: skip
        found = {index: (attempt, error) for index, attempt, error in rows}
        for count, data in self._db.execute(
            "SELECT count, data FROM packs WHERE run=? AND task=? AND first>? AND first<? AND last>?",
            (run, task, start - packs.SPAN, stop, start),
        ):
            for index, attempt in zip(*packs.items_of(data, count), strict=True):
                if start <= index < stop and found.get(index, (0, ""))[0] < attempt:
                    found[index] = (attempt, "")
        return found

    def reasons(self, run: int, task: int) -> list[tuple[int, int, int, str]]:
        """(first, last, state, reason) of a task's changes that came with one, in order."""
        return self._all(
            "SELECT first, last, state, reason FROM changes WHERE run=? AND task=? AND reason<>'' ORDER BY id",
            run,
            task,
        )

    def log(self, run: int, task: int, index: int, attempt: int) -> LogRecord | None:
        """The log of an ended attempt (0: the latest ended one)."""
        row = self._one(
            "SELECT attempt, log, log_ref, log_shed, state FROM attempts WHERE run=? AND task=? AND idx=?"
            " AND (attempt=? OR ?=0) ORDER BY attempt DESC LIMIT 1",
            run, task, index, attempt, attempt,
        )  # fmt: skip
        packed = self._packed(run, task, index)
        number = attempt if attempt in packed or attempt else max(packed, default=0)
        if number in packed and (row is None or row[0] < number):
            return LogRecord(number, b"", None, 0, int(AttemptState.EXITED))
        return LogRecord(row[0], row[1] or b"", row[2], row[3], row[4]) if row else None

    def _packed(self, run: int, task: int, index: int) -> dict[int, tuple[int, int]]:
        """Attempt number -> (seq of its pack, place in it) of the item's plain successes."""
        found = {}
        for seq, count, data in self._db.execute(
            "SELECT seq, count, data FROM packs WHERE run=? AND task=? AND first>? AND first<=? AND last>?",
            (run, task, index - packs.SPAN, index, index),
        ):
            items, attempts = packs.items_of(data, count)
            if index in items:
                place = items.index(index)
                found[attempts[place]] = (seq, place)
        return found

    # --- results and files ---

    def result(self, run: int, task: int, index: int) -> bytes | None:
        """The result of the item's last attempt that went well."""
        row = self._one(
            "SELECT attempt, result FROM attempts WHERE run=? AND task=? AND idx=? AND outcome='ok'"
            " ORDER BY attempt DESC LIMIT 1",
            run, task, index,
        )  # fmt: skip
        packed = self._packed(run, task, index)
        if packed and (row is None or row[0] < max(packed)):
            seq, place = packed[max(packed)]
            return packs.results_of(self._one("SELECT results FROM packs WHERE seq=?", seq)[0])[place]
        return None if row is None else (row[1] or b"")

    def results(self, run: int, task: int) -> dict[int, bytes]:
        """index -> result of each item's last attempt that went well."""
        rows = self._all("SELECT idx, attempt, result FROM attempts WHERE run=? AND task=? AND outcome='ok'", run, task)
        latest = {}
        for index, attempt, result in sorted(rows):
            latest[index] = (attempt, result or b"")
        for count, data, raw in self._db.execute(
            "SELECT count, data, results FROM packs WHERE run=? AND task=?", (run, task)
        ):
            for index, attempt, result in zip(*packs.items_of(data, count), packs.results_of(raw), strict=True):
                if index not in latest or latest[index][0] < attempt:
                    latest[index] = (attempt, result)
        return {index: latest[index][1] for index in sorted(latest)}

    def outputs(self, run: int, task: int, index: int | None = None) -> list[tuple[int, FileRef]]:
        """(index, file) of a task's outputs, in the order of its items and their paths."""
        if index is None:
            rows = self._all(
                "SELECT idx, path, hash, size, mode FROM outputs WHERE run=? AND task=? ORDER BY idx, path", run, task
            )
        else:
            rows = self._all(
                "SELECT idx, path, hash, size, mode FROM outputs WHERE run=? AND task=? AND idx=? ORDER BY path",
                run, task, index,
            )  # fmt: skip
        return [(row[0], FileRef(row[1], row[2], row[3], row[4])) for row in rows]

    def outputs_page(self, run: int, task: int | None, skip: int, limit: int) -> list[tuple[int, int, FileRef]]:
        """(task, index, file) of a run's outputs, from the `skip`-th on."""
        where, values = ("WHERE run=?", [run]) if task is None else ("WHERE run=? AND task=?", [run, task])
        rows = self._all(
            f"SELECT task, idx, path, hash, size, mode FROM outputs {where} ORDER BY task, idx, path LIMIT ? OFFSET ?",
            *values, limit, skip,
        )  # fmt: skip
        return [(row[0], row[1], FileRef(row[2], row[3], row[4], row[5])) for row in rows]

    # --- peers ---

    def peers(self) -> list[tuple[str, str, str]]:
        """(public key, role, name)"""
        return self._all("SELECT public, role, name FROM peers")

    def token(self, hash: str) -> tuple[str, float, str | None] | None:
        """(role, expires, who used it)"""
        row: tuple[str, float, str | None] | None = self._one(
            "SELECT role, expires, used_by FROM tokens WHERE hash=?", hash
        )
        return row

    def agents(self) -> list[tuple[str, str, bytes, int, int, float]]:
        """(id, public key, msgpack facts, epoch, draining, last heard)"""
        return self._all("SELECT id, key, facts, epoch, draining, last_heard FROM agents")

    def agent_events(self, agent: str, limit: int) -> list[tuple[float, str, str]]:
        """(when, kind, why) of what happened to an agent, the youngest first."""
        return self._all("SELECT at, kind, text FROM agent_events WHERE agent=? ORDER BY at DESC LIMIT ?", agent, limit)

    def attempts_on(self, agent: str, last: int, span: int, limit: int) -> list[AttemptRecord]:
        """Ends of attempts on an agent, the youngest first, among those numbered last-span+1..last.

        Nothing is indexed by agent, because each end would pay for that: the span bounds the search.
        """
        floor = last - span
        rows = self._all(f"{_ATTEMPT}WHERE seq>? AND agent=? ORDER BY seq DESC LIMIT {int(limit)}", floor, agent)
        found = 0
        for pack in self._db.execute(f"{_PACK} WHERE seq>? AND agent=? ORDER BY seq DESC", (floor - packs.SPAN, agent)):
            ends = [end for end in packs.attempts_of(*pack) if end[0] > floor]
            rows += ends
            found += len(ends)
            if found >= limit:
                break
        rows.sort(reverse=True)
        return [AttemptRecord(*row) for row in rows[:limit]]

    def blobs_of(self, run: int) -> list[str]:
        """What a run needs."""
        return [row[0] for row in self._all("SELECT hash FROM refs WHERE run=?", run)]

    def needed(self, hash: str) -> bool:
        """Whether any run needs this blob."""
        return self._one("SELECT 1 FROM refs WHERE hash=? LIMIT 1", hash) is not None

    # --- what is being deleted ---

    def gone_runs(self) -> list[int]:
        """Runs that were deleted and of which rows are left."""
        return [int(row[0][5:]) for row in self._all("SELECT name FROM settings WHERE name GLOB 'gone.[0-9]*'")]

    def at_most(self, run: int, count: int) -> bool:
        """Whether a run has no more attempts, and no more blobs, than so many."""
        for table, most in (("attempts", count), ("refs", count), ("packs", count // 50)):
            found = self._one(f"SELECT count(*) FROM (SELECT 1 FROM {table} WHERE run=? LIMIT ?)", run, most + 1)
            if found[0] > most:
                return False
        return True

    def some_blobs_of(self, run: int, limit: int) -> list[str]:
        return [row[0] for row in self._all("SELECT hash FROM refs WHERE run=? LIMIT ?", run, limit)]

    def some_attempts_of(self, run: int, limit: int, weight: int) -> list[int]:
        """Numbers of some of its ended attempts: at most `limit`, and of about `weight` bytes."""
        found: list[int] = []
        for seq, size in self._db.execute(
            "SELECT seq, coalesce(length(log), 0) + coalesce(length(result), 0) FROM attempts WHERE run=? LIMIT ?",
            (run, limit),
        ):
            found.append(seq)
            weight -= size
            if weight <= 0:
                break
        return found

    def any_of(self, table: str, run: int) -> bool:
        return self._one(f"SELECT 1 FROM {table} WHERE run=? LIMIT 1", run) is not None

    def free_pages(self) -> int:
        """Pages of the file that hold nothing and can be given back."""
        if self._one("PRAGMA auto_vacuum")[0] != 2:
            return 0
        return int(self._one("PRAGMA freelist_count")[0])

    def size(self) -> int:
        """Bytes of the file, what is free in it included."""
        return int(self._one("PRAGMA page_count")[0]) * int(self._one("PRAGMA page_size")[0])
