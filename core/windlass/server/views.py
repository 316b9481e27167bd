"""The rows that clients see, made from what the core holds. See `wire/rows.py` for what they mean."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from windlass.sched.events import AttemptId
from windlass.sched.states import AttemptState
from windlass.server.agentbook import AgentRecord, Live
from windlass.server.rundata import Late, RunData
from windlass.wire.keys import fingerprint
from windlass.wire.rows import AgentRow, AttemptRow, Counts, RunRow, TaskRow

if TYPE_CHECKING:
    from windlass.server.core import Core

_IN_TIME = Late("", "", 0.0)
_ATTEMPT_NAMES = {int(state): state.name.lower() for state in AttemptState}


def as_map(row: msgspec.Struct) -> dict[str, Any]:
    """A row as it travels."""
    found: dict[str, Any] = msgspec.to_builtins(row)
    return found


def run_row(core: Core, run: RunData) -> RunRow:
    blocked = core.scheduler.nowhere(run.id)
    failing, failures = run.failures.most_common(1)[0] if run.failures and run.ended is None else (-1, 0)
    states = {late.state for late in run.deadlines.values()} if run.ended is None else set()
    return RunRow(
        id=run.id,
        name=run.name,
        owner=run.owner,
        state=run.state,
        priority=run.priority,
        submitted=run.submitted,
        ended=run.ended,
        counts=Counts(*core.scheduler.counts(run.id)),
        hidden=run.hidden,
        note=run.note or _deadlines(run) or core.scheduler.why_waiting(run.id),
        blocked=f"{run.task(blocked[0]).id} {blocked[1]}" if blocked else "",
        blocked_task=blocked[0] if blocked else -1,
        deadline=max(states, default=""),  # "missed" comes after "endangered" in the alphabet, too
        failing=run.task(failing).id if failures else "",
        failures=failures,
    )


def _deadlines(run: RunData) -> str:
    """What is wrong with the run's deadlines, in a line."""
    if not run.deadlines or run.ended is not None:
        return ""
    position = min(run.deadlines)
    more = len(run.deadlines) - 1
    return f"{run.task(position).id} {run.deadlines[position].words}" + (f", and {more:,} more" if more else "")


def task_row(core: Core, run: RunData, position: int) -> TaskRow:
    task = run.task(position)
    view = core.scheduler.task_view(run.id, position)
    late = run.deadlines.get(position, _IN_TIME)
    return TaskRow(
        index=position,
        id=task.id,
        title=task.title,
        array=task.is_array,
        count=view.count,
        counts=Counts(*view.counts),
        needs=[need.task for need in task.needs],
        note=run.notes.get(position) or late.words or core.scheduler.memory_words(run.id, position),
        deadline=late.state,
        each=[need.task for need in task.needs if need.each],
        due=run.due(position),
        expected=late.expected,
    )


def agent_row(core: Core, agent: AgentRecord) -> AgentRow:
    facts = agent.facts
    view = core.scheduler.agent_view(agent.id) if core.scheduler.knows_agent(agent.id) else None
    return AgentRow(
        id=agent.id,
        name=facts.name,
        state=agent.state,
        draining=agent.draining,
        labels=facts.labels,
        # What equals its default is left out there; one CPU is something all the same.
        resources={"cpus": facts.resources.cpus, **msgspec.to_builtins(facts.resources)},
        used=dict(view.used) if view is not None else {},
        running=view.running if view is not None else 0,
        waiting=view.waiting if view is not None else 0,
        last_heard=agent.heard,
        since=agent.since,
        gpus=facts.gpus,
        cpu_model=facts.cpu_model,
        version=facts.version,
        note=agent.note,
        aside=view.aside if view is not None else "",
        aside_until=view.aside_until if view is not None else None,
        probation=view.probation if view is not None else False,
        gpu_memory=[device.memory for device in facts.devices],
        skew=agent.clock.offset,
        disk_free=agent.samples[-1].disk_free if agent.samples else 0,
        disk_total=agent.samples[-1].disk_total if agent.samples else 0,
        fingerprint=fingerprint(agent.key),
    )


def live_row(core: Core, id: AttemptId, live: Live) -> AttemptRow:
    return AttemptRow(
        seq=0,
        run=id[0],
        task=id[1],
        index=id[2],
        attempt=id[3],
        agent=live.agent,
        agent_name=_agent_name(core, live.agent),
        state="assigned" if live.started is None else "running",
        assigned=live.assigned,
        started=live.started,
        slot=max(live.slot, 0),
    )


def ended_row(core: Core, r: Sequence[Any]) -> AttemptRow:
    """From a record, or from the row that was written (the same values in the same order up to the staging)."""
    return AttemptRow(
        seq=r[0],
        run=r[1],
        task=r[2],
        index=r[3],
        attempt=r[4],
        agent=r[5],
        agent_name=_agent_name(core, r[5]),
        state=_ATTEMPT_NAMES.get(r[6], ""),
        outcome=r[7],
        code=r[8],
        assigned=r[9],
        started=r[10],
        ended=r[11],
        cpu=r[12],
        memory=r[13],
        read=r[14],
        written=r[15],
        slot=r[16],
        log_shed=r[18],
        error=r[19],
        staged_in=r[20],
        staged_out=r[21],
    )


def _agent_name(core: Core, agent: str) -> str:
    record = core.agents.get(agent)
    return record.facts.name if record is not None else agent
