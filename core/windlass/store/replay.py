"""From the tables back to what the scheduler and the server held in memory, after a restart."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from typing import NamedTuple

import msgspec

from windlass.sched.events import (
    NO_DOUBT,
    AttemptId,
    Doubt,
    Lesson,
    OwnerUsage,
    RestoredAgent,
    RestoredRun,
    RestoredTask,
    RunPlan,
)
from windlass.sched.states import AttemptState, ItemState
from windlass.store import packs
from windlass.wire.messages import AgentFacts
from windlass.wire.rows import Counts, RunRow

_positions = msgspec.msgpack.Decoder(list[int]).decode
_facts = msgspec.msgpack.Decoder(AgentFacts)


class StoredTask(NamedTuple):
    items: int | None
    open: bool
    decided: bool
    note: str
    values: bytes | None


class StoredRun(NamedTuple):
    """A run's own row and those of its tasks."""

    id: int
    name: str
    owner: str
    state: str
    priority: int
    submitted: float
    ended: float | None
    hidden: bool
    note: str
    graph: bytes
    params: bytes
    files: bytes
    deadline: float
    silent: float
    tasks: dict[int, StoredTask]


class LiveRecord(NamedTuple):
    """An attempt that an agent has, or had when the core ended."""

    id: AttemptId
    agent: str
    epoch: int
    state: int
    assigned: float
    started: float | None
    slot: int
    given: int = 0
    """The row of `given` that it is part of; 0 when it has a row of its own."""


def stored_runs(db: sqlite3.Connection) -> list[StoredRun]:
    """All runs but those of which a row is enough; see `ended_runs`."""
    return [stored_run(db, row[0]) for row in db.execute(f"SELECT id FROM runs WHERE NOT ({_ROW_DOES}) ORDER BY id")]


def stored_run(db: sqlite3.Connection, run: int) -> StoredRun:
    """Raises `LookupError` when there is none."""
    row = db.execute(
        "SELECT id, name, owner, state, priority, submitted, ended, hidden, note, graph, params, files, deadline,"
        " silent FROM runs WHERE id=?",
        (run,),
    ).fetchone()
    if row is None:
        raise LookupError(f"run {run} is not in the store")
    tasks = {
        task: StoredTask(count, bool(open_), bool(decided), note, values)
        for task, count, open_, decided, note, values in db.execute(
            "SELECT task, count, open, decided, note, vals FROM tasks WHERE run=?", (run,)
        )
    }
    # SQLite has no booleans, and whoever is told of the run insists on one.
    return StoredRun._make([*row[:7], bool(row[7]), *row[8:], tasks])


_ROW_DOES = (
    "ended IS NOT NULL AND counts IS NOT NULL"
    " AND id NOT IN (SELECT run FROM live) AND id NOT IN (SELECT run FROM given)"
)
"""It has ended, its items were counted, and no attempt of it still stops on an agent."""


def ended_runs(db: sqlite3.Connection) -> Iterator[RunRow]:
    """Runs that need not be in memory before somebody asks for them."""
    for id, name, owner, state, priority, submitted, ended, hidden, note, counts in db.execute(
        "SELECT id, name, owner, state, priority, submitted, ended, hidden, note, counts FROM runs"
        f" WHERE {_ROW_DOES} ORDER BY id"
    ):
        items = Counts(*json.loads(counts))
        yield RunRow(id, name, owner, state, priority, submitted, ended, items, bool(hidden), note)


def live_attempts(db: sqlite3.Connection, run: int | None = None) -> list[LiveRecord]:
    """Of all runs, or of one; in the order in which they were given, those with rows of their own first."""
    only, values = ("", ()) if run is None else (" WHERE run=?", (run,))
    rows = db.execute(
        f"SELECT run, task, idx, attempt, agent, epoch, state, assigned, started, slot FROM live{only}", values
    )
    found = [LiveRecord(AttemptId(*row[:4]), *row[4:]) for row in rows]
    own = {record.id for record in found}
    state = int(AttemptState.ASSIGNED)
    given = "SELECT id, run, task, first, last, attempt, agent, epoch, assigned, tasks FROM given"
    for id, at_run, one, first, last, attempt, agent, epoch, assigned, many in db.execute(
        f"{given}{only} ORDER BY id",
        values,
    ):
        for task in (one,) if many is None else _positions(many):
            ended = _ended(db, at_run, task, first, last, attempt)
            for index in range(first, last):
                name = AttemptId(at_run, task, index, attempt)
                if index not in ended and name not in own:
                    found.append(LiveRecord(name, agent, epoch, state, assigned, None, -1, id))
    return found


def _ended(db: sqlite3.Connection, run: int, task: int, first: int, last: int, attempt: int) -> set[int]:
    """Which items of [first, last) have ended with this attempt."""
    rows = db.execute(
        "SELECT idx FROM attempts WHERE run=? AND task=? AND idx>=? AND idx<? AND attempt=?",
        (run, task, first, last, attempt),
    )
    found = {row[0] for row in rows}
    for count, data in db.execute(
        "SELECT count, data FROM packs WHERE run=? AND task=? AND first>? AND first<? AND last>?",
        (run, task, first - packs.SPAN, last, first),
    ):
        found.update(item for item, number in zip(*packs.items_of(data, count), strict=True) if number == attempt)
    return found


def restored_run(db: sqlite3.Connection, stored: StoredRun, plan_of: Callable[[StoredRun], RunPlan]) -> RestoredRun:
    """The run as the scheduler wants it. `plan_of` makes the plan of the stored graph."""
    plan = plan_of(stored)
    tasks: list[RestoredTask] = []
    for position, task_plan in enumerate(plan.tasks):
        row = stored.tasks.get(position)
        count = row.items if row is not None else task_plan.count
        tasks.append(
            RestoredTask(
                count=count,
                open=row.open if row is not None else task_plan.open,
                decided=row.decided if row is not None else False,
                states=bytearray(count or 0),
            )
        )
    reset = _play_changes(db, stored.id, tasks)
    _count_attempts(db, stored.id, tasks, reset)
    lessons = [Lesson(*row) for row in db.execute("SELECT * FROM lessons WHERE run=? ORDER BY task", (stored.id,))]
    return RestoredRun(plan, stored.state, tasks, lessons, stored.ended)


def _play_changes(db: sqlite3.Connection, run: int, tasks: list[RestoredTask]) -> dict[int, list[tuple[int, int, int]]]:
    """Fill the states; returns, by task, the ranges (first, last, mark) that a person sent back.

    Successes that were packed have no row among the changes: each comes before the first change whose `mark`, the last
    number given by then, is not below it.
    """
    reset: dict[int, list[tuple[int, int, int]]] = {}
    packed = db.execute("SELECT seq, task, count, data FROM packs WHERE run=? ORDER BY seq", (run,))
    pack = packed.fetchone()
    for task, first, last, state, mark in db.execute(
        "SELECT task, first, last, state, mark FROM changes WHERE run=? ORDER BY id", (run,)
    ):
        while pack is not None and pack[0] <= mark:
            _play_pack(tasks[pack[1]], *pack[2:])
            pack = packed.fetchone()
        states = tasks[task].states
        last = min(last, len(states))
        if first < last:
            states[first:last] = bytes((state,)) * (last - first)
        if state == ItemState.PENDING and mark:
            reset.setdefault(task, []).append((first, last, mark))
    while pack is not None:
        _play_pack(tasks[pack[1]], *pack[2:])
        pack = packed.fetchone()
    return reset


def _play_pack(task: RestoredTask, count: int, data: bytes) -> None:
    states, known = task.states, task.attempts
    for item, attempt in zip(*packs.items_of(data, count), strict=True):
        if item < len(states):
            states[item] = ItemState.SUCCEEDED
        if known.get(item, 0) < attempt:
            known[item] = attempt


def _count_attempts(
    db: sqlite3.Connection, run: int, tasks: list[RestoredTask], reset: dict[int, list[tuple[int, int, int]]]
) -> None:
    for task, index, last in db.execute(
        "SELECT task, idx, max(attempt) FROM attempts WHERE run=? GROUP BY task, idx", (run,)
    ):
        known = tasks[task].attempts
        known[index] = max(last, known.get(index, 0))
    lost = int(AttemptState.LOST)
    for task, index, seq, attempt, agent, state, crashed in db.execute(
        "SELECT task, idx, seq, attempt, agent, state, state=? OR outcome='crashed' FROM attempts WHERE run=?"
        " AND state IN (?, ?) AND outcome NOT IN ('ok', 'stopped')",
        (lost, run, lost, int(AttemptState.EXITED)),
    ):
        if any(first <= index < last and seq <= mark for first, last, mark in reset.get(task, ())):
            continue  # a person's retry forgave it
        counts = tasks[task].crashes if crashed else tasks[task].failures
        counts[index] = counts.get(index, 0) + 1
        if state == lost:
            tasks[task].lost.append((index, attempt, agent))
    for record in live_attempts(db, run):
        _, task, index, last = record.id
        known = tasks[task].attempts
        known[index] = max(last, known.get(index, 0))
        states = tasks[task].states
        if index < len(states) and states[index] in (ItemState.PENDING, ItemState.BACKOFF):
            states[index] = ItemState.ACTIVE


def restored_usage(db: sqlite3.Connection) -> list[OwnerUsage]:
    return [OwnerUsage(*row) for row in db.execute("SELECT owner, average, at FROM usage")]


def restored_agents(
    db: sqlite3.Connection, live: list[LiveRecord]
) -> list[tuple[RestoredAgent, str, AgentFacts, float]]:
    """(for the scheduler, public key, facts, last heard) of every agent known."""
    by_agent: dict[str, list[tuple[AttemptId, AttemptState]]] = {}
    for record in live:
        by_agent.setdefault(record.agent, []).append((record.id, AttemptState(record.state)))
    doubts = {
        agent: Doubt(until, why, times, last, bool(probation))
        for agent, until, why, times, last, probation in db.execute(
            "SELECT agent, until, why, times, last, probation FROM doubts"
        )
    }
    found = []
    for id, key, raw, epoch, draining, heard in db.execute(
        "SELECT id, key, facts, epoch, draining, last_heard FROM agents"
    ):
        facts = _facts.decode(raw)
        alive, gpus = by_agent.get(id, []), tuple(facts.devices)
        agent = RestoredAgent(
            id, epoch, bool(draining), facts.resources, facts.labels, alive, gpus, doubts.get(id, NO_DOUBT)
        )
        found.append((agent, key, facts, heard))
    return found
