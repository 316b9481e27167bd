"""From the tables back to what the scheduler and the server held in memory, after a restart."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import NamedTuple

import msgspec

from windlass.sched.events import AttemptId, OwnerUsage, RestoredAgent, RestoredRun, RestoredTask, RunPlan
from windlass.sched.states import AttemptState, ItemState
from windlass.wire.messages import AgentFacts

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


def stored_runs(db: sqlite3.Connection) -> list[StoredRun]:
    tasks: dict[int, dict[int, StoredTask]] = {}
    for run, task, count, open_, decided, note, values in db.execute(
        "SELECT run, task, count, open, decided, note, vals FROM tasks"
    ):
        tasks.setdefault(run, {})[task] = StoredTask(count, bool(open_), bool(decided), note, values)
    rows = db.execute(
        "SELECT id, name, owner, state, priority, submitted, ended, hidden, note, graph, params, files FROM runs"
        " ORDER BY id"
    )
    # SQLite has no booleans, and whoever is told of the run insists on one.
    return [StoredRun._make([*row[:7], bool(row[7]), *row[8:], tasks.get(row[0], {})]) for row in rows]


def live_attempts(db: sqlite3.Connection) -> list[LiveRecord]:
    rows = db.execute("SELECT run, task, idx, attempt, agent, epoch, state, assigned, started, slot FROM live")
    return [LiveRecord(AttemptId(*row[:4]), *row[4:]) for row in rows]


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
    return RestoredRun(plan, stored.state, tasks)


def _play_changes(db: sqlite3.Connection, run: int, tasks: list[RestoredTask]) -> dict[int, list[tuple[int, int, int]]]:
    """Fill the states; returns, by task, the ranges (first, last, mark) that a person sent back."""
    reset: dict[int, list[tuple[int, int, int]]] = {}
    for task, first, last, state, mark in db.execute(
        "SELECT task, first, last, state, mark FROM changes WHERE run=? ORDER BY id", (run,)
    ):
        states = tasks[task].states
        last = min(last, len(states))
        if first < last:
            states[first:last] = bytes((state,)) * (last - first)
        if state == ItemState.PENDING and mark:
            reset.setdefault(task, []).append((first, last, mark))
    return reset


def _count_attempts(
    db: sqlite3.Connection, run: int, tasks: list[RestoredTask], reset: dict[int, list[tuple[int, int, int]]]
) -> None:
    for table in ("attempts", "live"):
        for task, index, last in db.execute(
            f"SELECT task, idx, max(attempt) FROM {table} WHERE run=? GROUP BY task, idx", (run,)
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
    for task, index in db.execute("SELECT task, idx FROM live WHERE run=?", (run,)):
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
    found = []
    for id, key, raw, epoch, draining, heard in db.execute(
        "SELECT id, key, facts, epoch, draining, last_heard FROM agents"
    ):
        facts = _facts.decode(raw)
        agent = RestoredAgent(id, epoch, bool(draining), facts.resources, facts.labels, by_agent.get(id, []))
        found.append((agent, key, facts, heard))
    return found
