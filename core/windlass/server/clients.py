"""What clients ask: each request gets one answer, a `Reply` or a `Failure`.

Requests that change something are answered when the change is durable; those that only look, when what they show is.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec

from windlass.blobs.store import is_hash
from windlass.model import expand
from windlass.model.graph import Call, FileRef, Graph
from windlass.model.packed import PackedGraph
from windlass.sched import events as ev
from windlass.sched.states import ENDED, ItemState
from windlass.server import acting, amend, looks, rundata, views
from windlass.server.access import Access
from windlass.server.core import Core
from windlass.server.links import Connection
from windlass.server.owners import OwnerError, owner_of
from windlass.server.retention import Criteria
from windlass.server.rundata import RunData
from windlass.server.upkeep import Upkeep, UpkeepError
from windlass.store import records
from windlass.wire import messages as m
from windlass.wire.rows import EventRow, ItemRow

log = logging.getLogger("windlass.clients")

ENDS_SEARCHED = 10_000
"""The youngest ends, among which those on one agent are looked for."""
EVENTS = 200
"""Of an agent's past, in one answer."""
MAX_LIMIT = 5000
"""Rows of one answer, whatever was asked for."""
FEW = 16
"""Items of an append whose answer may wait for company."""
_CHANGING = frozenset(
    {
        m.Submit, m.AppendItems, m.CloseTask, m.Amend, m.Control, m.Act, m.AgentControl, m.MakeToken, m.StopCore,
        m.Prune,
    }
)  # fmt: skip
_STEERING = frozenset({m.Amend, m.Control, m.Act, m.AgentControl})
"""What a person does to what is there, and wants to see done."""
_STATES = {state.name.lower(): state for state in ItemState}
_batch = msgspec.msgpack.Decoder(list[bytes])


class RequestError(Exception):
    """The request cannot be done. `code` as in `Failure`."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


class ClientDesk:
    def __init__(
        self, core: Core, access: Access, info: Callable[[], dict[str, Any]], endpoints: Callable[[], list[str]]
    ) -> None:
        self._core = core
        self._access = access
        self._info = info
        self._endpoints = endpoints
        self.core_public = ""
        self.stop: Callable[[bool], None] = lambda agents: None
        self.upkeep: Upkeep | None = None
        self._unanswered: dict[tuple[Connection, int], None] = {}
        """Requests whose changes are not durable yet, in their order."""
        self._tokens: dict[str, int] = {}
        """Submits of this life that the reader may not see yet."""
        self._handlers: dict[type, Callable[[Connection, Any, list[bytes]], dict[str, Any] | None]] = {
            m.Submit: self._submit,
            m.AppendItems: self._append,
            m.CloseTask: self._close,
            m.Amend: self._amend,
            m.Control: self._control,
            m.Act: self._act,
            m.AgentControl: self._agent_control,
            m.GetRuns: self._get_runs,
            m.GetRun: self._get_run,
            m.GetItems: self._get_items,
            m.GetAttempts: self._get_attempts,
            m.GetAgents: self._get_agents,
            m.GetAgent: self._get_agent,
            m.GetOutputs: self._get_outputs,
            m.GetInfo: self._get_info,
            m.GetColumns: self._get_columns,
            m.GetFailures: self._get_failures,
            m.GetCurve: self._get_curve,
            m.Explain: self._explain,
            m.MakeToken: self._make_token,
            m.StopCore: self._stop_core,
            m.Backup: self._backup,
            m.Prune: self._prune,
            m.GetJob: self._get_job,
        }

    def request(self, connection: Connection, msg: Any, payload: list[bytes]) -> None:
        """Do it, and answer once what it changed is durable."""
        core, kind = self._core, type(msg)
        if core.store.problem and kind in _CHANGING:
            self.fail(connection, msg.req, "busy", core.store.problem)
            return
        try:
            data = self._handlers[kind](connection, msg, payload)
        except RequestError as error:
            self.fail(connection, msg.req, error.code, str(error))
            return
        if data is not None:
            send: Callable[[], object] = partial(core.links.send, connection, m.Reply(msg.req, data))
            if kind in _CHANGING:
                self._unanswered[connection, msg.req] = None
                # What these give to agents goes before the answer: who waits, waits for its end.
                after = core.afterwards if kind is m.Submit or kind is m.AppendItems else core.later
                if kind is m.AppendItems and msg.count <= FEW:
                    send = partial(self._answer_soon, connection, m.Reply(msg.req, data))
                after(partial(self._answer, connection, msg.req, send))
                if kind in _STEERING:
                    core.later(core.publisher.hurry)
            else:
                core.when_durable(send)

    def _answer(self, connection: Connection, req: int, send: Callable[[], object]) -> None:
        if (connection, req) in self._unanswered:
            del self._unanswered[connection, req]
            send()

    def _answer_soon(self, connection: Connection, reply: m.Reply) -> None:
        """One answer may wait; where another one does, somebody brings items quicker than they end."""
        if connection.soon:
            self._core.links.send(connection, reply)  # and with it the one that waits
        else:
            self._core.links.send_soon(connection, reply, self._core.now)

    def tell_trouble(self, problem: str) -> None:
        """Nothing becomes durable at present: whoever waits for that hears it now, and not in hours."""
        unanswered, self._unanswered = self._unanswered, {}
        for connection, req in unanswered:
            self.fail(connection, req, "busy", f"{problem}. What you asked for is done when that is over")

    def fail(self, connection: Connection, req: int, code: str, reason: str) -> None:
        self._core.links.send(connection, m.Failure(req, code, reason))

    def handles(self, kind: type) -> bool:
        return kind in self._handlers

    # --- changing ---

    def _submit(self, connection: Connection, msg: m.Submit, payload: list[bytes]) -> dict[str, Any]:
        core = self._core
        known = self._tokens.get(msg.token) or core.reader.run_by_token(msg.token)
        if known is not None:
            # Durable already, or written before this turn ends: answered in order either way.
            return {"run": known}
        graph, params, calls = self._checked(msg)
        self._check_files(msg.files)
        run = RunData(
            id=core.last_run + 1,
            name=(msg.name or graph.head.name)[:200],
            owner=self._owner(connection, msg),
            priority=msg.priority,
            submitted=core.now,
            graph=graph,
            params=params,
            files=msg.files,
            hidden=msg.hidden,
            open_tasks=frozenset(msg.open_tasks),
            deadline=msg.deadline,
            last_end=0,
        )
        batches = self._first_batches(list(calls), payload)
        plan = run.plan()
        core.last_run = run.id
        core.runs[run.id] = run
        self._tokens[msg.token] = run.id
        if len(self._tokens) > 10_000:
            self._tokens = dict(list(self._tokens.items())[-5000:])
        core.store.write(
            records.RUN_NEW,
            [
                (
                    run.id, msg.token, run.name, run.owner, run.state, run.priority, run.submitted, int(run.hidden), "",
                    msg.document, msg.graph, rundata.encode(params), rundata.encode(msg.files),
                )
            ],
        )  # fmt: skip
        if run.deadline:
            core.store.write(records.RUN_DEADLINE, [(run.deadline, run.id)])
        rows = [(run.id, place, plan.tasks[place].count, 1, 1, "") for place in msg.open_tasks]
        core.store.write(records.TASK, rows)
        core.store.write(records.PAYLOADS, [(run.id, place, 0, count, data) for place, count, data in batches])
        needed = {file.hash for file in msg.files}.union(calls.values())
        core.store.write(records.REF, [(hash, run.id) for hash in sorted(needed)])
        try:
            core.handle(ev.RunSubmitted(plan))
        except Exception:
            # Nothing of it may stay: what the scheduler cannot take now, it could not take after a restart either.
            for sql in records.RUN_DELETE:
                core.store.write(sql, [(run.id,)])
            del core.runs[run.id], self._tokens[msg.token]
            raise
        log.info("run %d %s submitted by %s", run.id, run.name, run.owner)
        return {"run": run.id}

    def _owner(self, connection: Connection, msg: m.Submit) -> str:
        access, key = self._access, connection.key
        try:
            return owner_of(
                access.role(key), access.name(key), msg.owner, msg.project, self._core.projects, connection.name
            )
        except OwnerError as error:
            raise RequestError("forbidden", str(error)) from None

    def _checked(self, msg: m.Submit) -> tuple[PackedGraph, dict[str, Any], dict[int, str]]:
        """The graph, its parameters, and the functions by the positions of their tasks."""
        if not msg.token or len(msg.token) > 200:
            raise RequestError("bad-request", "a submit needs a token of 1 to 200 characters")
        graph = _packed(msg.graph)
        defaults = graph.head.params
        unknown = sorted(set(msg.params) - set(defaults))
        if unknown:
            raise RequestError("bad-request", f"the graph has no parameter {unknown[0]!r}")
        params = {**defaults, **msg.params}
        if not -(2**31) < msg.priority < 2**31:
            raise RequestError("bad-request", "a priority has at most 31 bits")
        if not 0 <= msg.deadline < 1e10:
            raise RequestError("bad-request", "a deadline is a time after the submit")
        try:
            problem = rundata.check_graph(graph, params)
        except (msgspec.MsgspecError, RecursionError) as error:
            raise RequestError("bad-request", f"this is no graph: {error}") from None
        if problem:
            raise RequestError("bad-request", problem)
        for place in msg.open_tasks:
            if not 0 <= place < len(graph) or graph[place].foreach is None:
                raise RequestError("bad-request", f"task {place} cannot be open: it is no array")
        functions = {kind: graph[first].action for kind, first in enumerate(graph.firsts)}
        named = {kind: action.function for kind, action in functions.items() if isinstance(action, Call)}
        calls = {place: named[kind] for place, kind in enumerate(graph.kinds) if kind in named}
        return graph, params, calls

    def _check_files(self, files: list[FileRef]) -> None:
        for file in files:
            if not is_hash(file.hash) or file.path.startswith("/") or ".." in file.path.split("/"):
                raise RequestError("bad-request", f"not a file of the graph's folder: {file.path!r}")
            if not self._core.blobs.has(file.hash):
                raise RequestError("bad-request", f"{file.path} was not uploaded")

    def _first_batches(self, calls: list[int], payload: list[bytes]) -> list[tuple[int, int, bytes]]:
        """(task, items, payload) of the frames that came along: one for each task with a function, in order."""
        if not payload:
            return []
        if len(payload) != len(calls):
            raise RequestError("bad-request", f"{len(payload)} payload frames for {len(calls)} tasks with functions")
        batches = []
        for place, data in zip(calls, payload, strict=True):
            if not data:
                continue
            batches.append((place, len(_decode_batch(data)), data))
        return batches

    def _append(self, connection: Connection, msg: m.AppendItems, payload: list[bytes]) -> dict[str, Any]:
        core = self._core
        run = self._run(msg.run)
        self._task(run, msg.task)
        run.silent = -1.0
        if len(payload) != 1:
            raise RequestError("bad-request", "an append has one payload frame")
        batch = _decode_batch(payload[0])
        if len(batch) != msg.count or msg.count <= 0:
            raise RequestError("bad-request", "the payload does not hold as many items as it says")
        count = core.scheduler.item_count(run.id, msg.task)
        if msg.first + msg.count <= count:
            return {"count": count}  # said again
        if msg.first != count:
            raise RequestError("bad-request", f"the next item is {count}, not {msg.first}")
        if msg.task not in run.open_tasks:
            raise RequestError("bad-request", "the task is closed")
        if count + msg.count > expand.MAX_ITEMS:
            raise RequestError("bad-request", f"a task has at most {expand.MAX_ITEMS} items")
        core.store.write(records.PAYLOADS, [(run.id, msg.task, msg.first, msg.count, payload[0])])
        core.bundles.appended(run.id, msg.task, msg.first, batch)
        core.handle(ev.ItemsAppended(run.id, msg.task, msg.count))
        if msg.count <= FEW:
            core.hurry()
        return {"count": count + msg.count}

    def _close(self, connection: Connection, msg: m.CloseTask, payload: list[bytes]) -> dict[str, Any]:
        run = self._run(msg.run)
        self._task(run, msg.task)
        if msg.task in run.open_tasks:
            self._core.handle(ev.TaskClosed(run.id, msg.task))
        return {}

    def _amend(self, connection: Connection, msg: m.Amend, payload: list[bytes]) -> dict[str, Any]:
        core = self._core
        run = self._run(msg.run)
        graph = _unpacked(msg.graph)
        self._check_files(msg.files or [])
        try:
            tasks, files = amend.amend(core, run, graph, msg.document, msg.files)
        except ValueError as error:
            raise RequestError("bad-request", str(error)) from None
        return {"tasks": tasks, "files": files}

    def _control(self, connection: Connection, msg: m.Control, payload: list[bytes]) -> dict[str, Any]:
        core = self._core
        run = self._run(msg.run)
        if msg.task is not None:
            self._task(run, msg.task)
        elif msg.index is not None:
            raise RequestError("bad-request", "an item is named with its task")
        if msg.index is not None and not 0 <= msg.index < len(core.scheduler.states(msg.run, msg.task or 0)):
            raise RequestError("not-found", f"there is no item {msg.index}")
        if not -(2**31) < msg.value < 2**31:
            raise RequestError("bad-request", "a priority has at most 31 bits")
        scope = ev.Scope(msg.run, msg.task, msg.index)
        match msg.action:
            case "cancel" | "retry" | "retry-downstream":
                event: ev.CancelRequested | ev.RetryRequested = (
                    ev.CancelRequested(scope)
                    if msg.action == "cancel"
                    else ev.RetryRequested(scope, msg.action == "retry-downstream")
                )
                touched = core.scheduler.touched(event)
                if not msg.dry:
                    core.handle(event)
                return {"items": touched}
            case "pause" | "resume":
                if not msg.dry:
                    core.handle(ev.PauseRequested(msg.run, msg.action == "pause"))
            case "priority":
                if not msg.dry:
                    core.handle(ev.PriorityChanged(msg.run, msg.value))
            case "delete":
                if run.ended is None:
                    raise RequestError("bad-request", "only a run that has ended can be deleted: cancel it first")
                if not msg.dry:
                    core.handle(ev.RunDeleted(msg.run))
            case _:
                raise RequestError("bad-request", f"no action {msg.action!r}")
        return {"items": 0}

    def _act(self, connection: Connection, msg: m.Act, payload: list[bytes]) -> dict[str, Any]:
        try:
            return acting.act(self._core, msg)
        except acting.ActError as error:
            raise RequestError(error.code, str(error)) from None

    def _agent_control(self, connection: Connection, msg: m.AgentControl, payload: list[bytes]) -> dict[str, Any]:
        core = self._core
        agent = core.agents.get(msg.agent) or next((a for a in core.agents.values() if a.facts.name == msg.agent), None)
        if agent is None:
            raise RequestError("not-found", f"no agent {msg.agent!r}")
        match msg.action:
            case "drain" | "undrain":
                core.handle(ev.AgentDrain(agent.id, msg.action == "drain"))
            case "forgive" | "unforgive":
                core.handle(ev.AgentForgiven(agent.id, msg.action == "forgive"))
            case "remove":
                if agent.state != "down":
                    raise RequestError("bad-request", f"agent {agent.facts.name} is {agent.state}; stop it first")
                core.handle(ev.AgentRemoved(agent.id))
            case _:
                raise RequestError("bad-request", f"no action {msg.action!r}")
        return {"agent": agent.id}

    def _make_token(self, connection: Connection, msg: m.MakeToken, payload: list[bytes]) -> dict[str, Any]:
        try:
            token = self._access.make_token(msg.role, msg.ttl, self._endpoints(), self.core_public)
        except ValueError as error:
            raise RequestError("bad-request", str(error)) from None
        return {"token": token}

    def _stop_core(self, connection: Connection, msg: m.StopCore, payload: list[bytes]) -> dict[str, Any]:
        self.stop(msg.agents)
        return {}

    # --- the store over its life ---

    def _keeper(self) -> Upkeep:
        if self.upkeep is None:
            raise RequestError("internal", "this core has no care of its store")
        return self.upkeep

    def _backup(self, connection: Connection, msg: m.Backup, payload: list[bytes]) -> dict[str, Any]:
        try:
            return {"job": self._keeper().backup(msg.path, msg.blobs)}
        except UpkeepError as error:
            raise RequestError("bad-request", str(error)) from None

    def _prune(self, connection: Connection, msg: m.Prune, payload: list[bytes]) -> dict[str, Any]:
        for state in msg.states:
            if state not in ENDED:
                raise RequestError("bad-request", f"the states are {', '.join(ENDED)}, not {state[:50]!r}")
        if msg.keep is not None and msg.keep < 0:
            raise RequestError("bad-request", f"{msg.keep} runs cannot be kept")
        wanted = Criteria(msg.older_than, msg.keep, tuple(msg.states) or ENDED)
        try:
            return {"job": self._keeper().prune(wanted, msg.dry, msg.only)}
        except UpkeepError as error:
            raise RequestError("bad-request", str(error)) from None

    def _get_job(self, connection: Connection, msg: m.GetJob, payload: list[bytes]) -> dict[str, Any]:
        job = self._keeper().job(msg.job)
        if job is None:
            raise RequestError("not-found", f"there is no job {msg.job}")
        return job.plain()

    # --- looking ---

    def _get_runs(self, connection: Connection, msg: m.GetRuns, payload: list[bytes]) -> dict[str, Any]:
        rows = itertools.islice(self._core.runs.newest(msg.hidden), _limit(msg.limit))
        return {"runs": [views.as_map(row) for row in rows]}

    def _get_run(self, connection: Connection, msg: m.GetRun, payload: list[bytes]) -> dict[str, Any]:
        core = self._core
        run = self._run(msg.run)
        if msg.task is not None:
            self._task(run, msg.task)
            row = views.task_row(core, run, msg.task)
            return {"run": views.as_map(views.run_row(core, run)), "tasks": [views.as_map(row)]}
        stored = core.reader.document(run.id)
        return {
            "run": views.as_map(views.run_row(core, run)),
            "tasks": [views.as_map(views.task_row(core, run, place)) for place in range(len(run.graph))],
            "document": stored[0] if stored is not None else "",
            "params": run.params,
        }

    def _get_items(self, connection: Connection, msg: m.GetItems, payload: list[bytes]) -> dict[str, Any]:
        core = self._core
        run = self._run(msg.run)
        self._task(run, msg.task)
        wanted = {_STATES[name] for name in msg.states if name in _STATES}
        if len(wanted) != len(set(msg.states)):
            raise RequestError("bad-request", f"the states are {', '.join(_STATES)}")
        states = core.scheduler.states(run.id, msg.task)
        chosen: list[int] = []
        at, limit = max(0, msg.start), _limit(msg.limit)
        while at < len(states) and len(chosen) < limit:
            if not wanted or states[at] in wanted:
                chosen.append(at)
            at += 1
        errors = core.reader.latest_errors(run.id, msg.task, chosen[0], chosen[-1] + 1) if chosen else {}
        reasons = core.reader.reasons(run.id, msg.task)
        rows = []
        for index in chosen:
            state = states[index]
            reason = next((r for lo, hi, s, r in reversed(reasons) if lo <= index < hi and s == state), "")
            rows.append(
                ItemRow(
                    task=msg.task,
                    index=index,
                    state=ItemState(state).name.lower(),
                    attempts=core.scheduler.attempt_number(run.id, msg.task, index),
                    value=core.bundles.shown_value(run, msg.task, index),
                    error=errors.get(index, (0, ""))[1] if state != ItemState.SUCCEEDED else "",
                    note=reason,
                )
            )
        return {"items": [views.as_map(row) for row in rows], "next": at if at < len(states) else None}

    def _get_attempts(self, connection: Connection, msg: m.GetAttempts, payload: list[bytes]) -> dict[str, Any]:
        core = self._core
        self._run(msg.run)
        limit = _limit(msg.limit)
        found = core.reader.attempts(msg.run, msg.task, msg.index, msg.after, limit)
        rows = [views.ended_row(core, record) for record in found]
        if msg.running:
            rows += [
                views.live_row(core, id, live)
                for id, live in core.live.items()
                if id[0] == msg.run and msg.task in (None, id[1]) and msg.index in (None, id[2])
            ]
        return {
            "attempts": [views.as_map(row) for row in rows],
            "next": found[-1].seq if len(found) >= limit else None,
        }

    def _get_columns(self, connection: Connection, msg: m.GetColumns, payload: list[bytes]) -> dict[str, Any]:
        self._run(msg.run)
        return looks.columns(self._core, msg)

    def _get_failures(self, connection: Connection, msg: m.GetFailures, payload: list[bytes]) -> dict[str, Any]:
        self._run(msg.run)
        return looks.failures(self._core, msg)

    def _get_curve(self, connection: Connection, msg: m.GetCurve, payload: list[bytes]) -> dict[str, Any]:
        self._run(msg.run)
        return looks.curve(self._core, msg)

    def _get_agents(self, connection: Connection, msg: m.GetAgents, payload: list[bytes]) -> dict[str, Any]:
        core = self._core
        return {"agents": [views.as_map(views.agent_row(core, agent)) for agent in core.agents.values()]}

    def _get_agent(self, connection: Connection, msg: m.GetAgent, payload: list[bytes]) -> dict[str, Any]:
        core = self._core
        agent = core.agents.get(msg.agent)
        if agent is None:
            raise RequestError("not-found", f"no agent {msg.agent!r}")
        found = core.reader.attempts_on(agent.id, core.seq, ENDS_SEARCHED, _limit(msg.limit))
        tasks = {(record.run, record.task) for record in found if record.run in core.runs}
        runs = {run: core.runs.row(run).name for run, _ in tasks}
        # A run that was put away stays there: its name is enough.
        here = set(core.runs.here)
        known = {(run, task): core.runs[run].task(task) for run, task in tasks if run in here}
        named = {key: task.title or task.id for key, task in known.items()}
        titles = [[*key, f"{runs[key[0]]} · {named.get(key, f'task {key[1]}')}"] for key in sorted(tasks)]
        return {
            "agent": views.as_map(views.agent_row(core, agent)),
            "attempts": [views.as_map(views.ended_row(core, record)) for record in found],
            "titles": titles,
            "singles": sorted(key for key, task in known.items() if not task.is_array),
            "searched": min(core.seq, ENDS_SEARCHED),
            "whole": core.seq <= ENDS_SEARCHED,
            "events": [
                views.as_map(EventRow(time, kind, text))
                for time, kind, text in core.reader.agent_events(agent.id, EVENTS)
            ],
        }

    def _get_outputs(self, connection: Connection, msg: m.GetOutputs, payload: list[bytes]) -> dict[str, Any]:
        run = self._run(msg.run)
        if msg.task is not None:
            self._task(run, msg.task)
        page = 2000
        rows = self._core.reader.outputs_page(run.id, msg.task, max(0, msg.after), page)
        files = [[run.task(task).id, index if run.task(task).is_array else -1, file] for task, index, file in rows]
        return {"files": files, "next": msg.after + page if len(rows) == page else None}

    def _explain(self, connection: Connection, msg: m.Explain, payload: list[bytes]) -> dict[str, Any]:
        core = self._core
        run = self._run(msg.run)
        self._task(run, msg.task)
        count = core.scheduler.items(run.id, msg.task)
        index = msg.index if count is not None else None
        if index is not None and not 0 <= index < (count or 0):
            raise RequestError("not-found", f"there is no item {index}")
        names = {agent.id: agent.facts.name for agent in core.agents.values()}
        return core.scheduler.why(run.id, msg.task, index, core.now, names).to_plain()

    def _get_info(self, connection: Connection, msg: m.GetInfo, payload: list[bytes]) -> dict[str, Any]:
        return self._info()

    # --- inside ---

    def _run(self, id: int) -> RunData:
        run = self._core.runs.get(id)
        if run is None:
            raise RequestError("not-found", f"there is no run {id}")
        return run

    def _task(self, run: RunData, task: int) -> None:
        if not 0 <= task < len(run.graph):
            raise RequestError("not-found", f"run {run.id} has no task number {task}")


def _limit(wanted: int) -> int:
    return max(1, min(wanted, MAX_LIMIT))


def _packed(raw: bytes) -> PackedGraph:
    try:
        return PackedGraph(raw)
    except (msgspec.MsgspecError, RecursionError, ValueError) as error:
        raise RequestError("bad-request", f"this is no graph: {error}") from None


def _unpacked(raw: bytes) -> Graph:
    try:
        return _packed(raw).unpacked()
    except (msgspec.MsgspecError, RecursionError) as error:
        raise RequestError("bad-request", f"this is no graph: {error}") from None


def _decode_batch(data: bytes) -> list[bytes]:
    try:
        return _batch.decode(data)
    except msgspec.MsgspecError as error:
        raise RequestError("bad-request", f"a payload is a list of bytes: {error}") from None
