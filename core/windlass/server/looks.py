"""Answers for who looks at many attempts: columns, failures by what is alike in them, and a curve.

Each costs the loop some milliseconds at most; who wants all of a large run asks again and again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from windlass.model.failures import last_line, same_key
from windlass.sched.events import AttemptId
from windlass.sched.states import ItemState
from windlass.store import looks, records
from windlass.wire import logs
from windlass.wire import messages as m

if TYPE_CHECKING:
    from windlass.server.agentbook import Live
    from windlass.server.core import Core

COLUMNS = 20_000
"""Attempts that one answer looks at."""
FAILURES = 250
_PLAIN = ("nonzero", "signal")
"""Of these the outcome and the code say all that the agent's line would say again."""
WEIGHT = 2 * 1024 * 1024
"""Bytes of logs that are read for one answer of failures."""


def columns(core: Core, msg: m.GetColumns) -> dict[str, Any]:
    page = looks.attempt_columns(core.reader.db, msg.run, msg.task, msg.after, max(1, min(msg.limit, COLUMNS)))
    return {
        "count": page.size,
        "next": page.next,
        "last": page.last,
        **page.columns,
        "agents": [_agent_name(core, agent) for agent in page.agents],
        "outcomes": page.outcomes,
    }


def failures(core: Core, msg: m.GetFailures) -> dict[str, Any]:
    found, next = looks.failures(core.reader.db, msg.run, msg.after, max(1, min(msg.limit, FAILURES)), WEIGHT)
    states = {task: core.scheduler.states(msg.run, task) for task in {end.task for end in found}}
    groups: dict[str, dict[str, Any]] = {}
    for end in found:
        whole = states[end.task]
        if end.item >= len(whole) or whole[end.item] != ItemState.FAILED:
            continue  # it was tried again since
        if end.attempt and end.attempt != core.scheduler.attempt_number(msg.run, end.task, end.item):
            continue
        line = _line(end)
        key = same_key(end.outcome, end.code, line)
        group = groups.setdefault(
            key, {"key": key, "outcome": end.outcome, "code": end.code, "line": line, "items": []}
        )
        group["items"].append([end.task, end.item, end.attempt, _agent_name(core, end.agent)])
    return {"groups": list(groups.values()), "next": next, "last": found[-1].seq if found else msg.after}


def _line(end: looks.Failed) -> str:
    """What it said last on its error output, or what is said of it."""
    if end.log:
        told = logs.end_of(end.log, logs.ERR, 2000).decode("utf-8", "replace")
        if line := last_line(told):
            return line
    return "" if end.outcome in _PLAIN else end.error.split("\n", 1)[0]


def curve(core: Core, msg: m.GetCurve) -> dict[str, Any]:
    live = core.live.get(AttemptId(msg.run, msg.task, msg.index, msg.attempt))
    if live is not None:
        points: list[list[float]] | None = [list(column) for column in zip(*_points(live), strict=True)]
    else:
        points = looks.stored_curve(core.reader.db, msg.run, msg.task, msg.index, msg.attempt)
    times, cpu, memory = points or ([], [], [])
    return {"time": times, "cpu": cpu, "memory": memory}


def keep_curve(core: Core, id: AttemptId, live: Live | None) -> None:
    """An attempt ended badly: its curve stays with it, where it lasted long enough to have one."""
    if live is not None and live.samples:
        core.store.write(records.CURVE, [(*id, looks.curve_bytes(_points(live)))])


def _points(live: Live) -> list[tuple[float, float, int]]:
    return [(sample.time, sample.cpu, sample.memory) for sample in live.samples or ()]


def _agent_name(core: Core, agent: str) -> str:
    record = core.agents.get(agent)
    return record.facts.name if record is not None else agent
