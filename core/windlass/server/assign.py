"""From the scheduler's word to the agent's hands: assignments are written, then put together, then sent."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from windlass.blobs.store import BlobError
from windlass.model.expr import ExprError
from windlass.sched import events as ev
from windlass.sched.events import AttemptId
from windlass.sched.states import ACTIVE, Outcome
from windlass.server import rundata
from windlass.server.agentbook import AgentRecord, Ended, Given, Live
from windlass.server.rundata import RunData
from windlass.store import records
from windlass.wire import limits
from windlass.wire import messages as m
from windlass.wire.messages import AssignItem, Bundle, Exit, Key

if TYPE_CHECKING:
    from windlass.server.core import Core

ASSIGN_BYTES = 4 * 1024 * 1024
"""Payload of one message of assignments, about."""
FEW = 16
"""Items of a run that are given by themselves: somebody may wait for them."""
WEIGHT = limits.HEADER // 2
"""Results and arguments of one message of single tasks, about."""
_TROUBLE = (ExprError, ValueError, LookupError, OSError, BlobError)
"""What may go wrong while that which an item needs is put together."""
_TOO_LARGE = "what the task needs is too large to be sent to an agent"
_new = tuple.__new__

Span = tuple[int, int, int, int, int]
"""run, task, first item, one past the last, attempt number."""


def spans_of(ids: list[AttemptId]) -> list[Span]:
    """Neighbours of one array with one attempt number, joined; the order is kept."""
    found: list[Span] = []
    run = task = attempt = first = last = -1
    for id in ids:
        if id[2] == last and id[0] == run and id[1] == task and id[3] == attempt:
            last += 1
            continue
        if first >= 0:
            found.append((run, task, first, last, attempt))
        run, task, first, attempt = id
        last = first + 1
    if first >= 0:
        found.append((run, task, first, last, attempt))
    return found


def _size(result: bytes | list[bytes]) -> int:
    return sum(map(len, result)) if isinstance(result, list) else len(result)


def _unmade(error: Exception) -> str:
    return f"what the item needs cannot be put together: {error}"


class Assigner:
    def __init__(self, core: Core) -> None:
        self._core = core

    def assign(self, effect: ev.AssignAttempts) -> None:
        core, now = self._core, self._core.now
        agent, epoch = effect.agent, effect.epoch
        own = effect.gpus or effect.alone
        # Items with devices, or a helper process, of their own are neighbours of nobody.
        spans = [(id[0], id[1], id[2], id[2] + 1, id[3]) for id in effect.items] if own else spans_of(effect.items)
        single: list[tuple[Any, ...]] = []
        many: list[tuple[Any, ...]] = []
        apart = spans if own else self._together(agent, epoch, spans, many)
        for run, task, first, last, attempt in apart:
            if last - first == 1:
                core.live[AttemptId(run, task, first, attempt)] = Live(agent, epoch, now)
                single.append((run, task, first, attempt, agent, epoch, 0, now, None, -1))
                continue
            core.given += 1
            together = Live(agent, epoch, now, given=Given(core.given, last - first))
            ids = [_new(AttemptId, (run, task, index, attempt)) for index in range(first, last)]
            core.live.update(dict.fromkeys(ids, together))
            many.append((core.given, run, task, first, last, attempt, agent, epoch, now, None))
        core.store.write(records.LIVE_NEW, single)
        core.store.write(records.GIVEN, many)
        if len(effect.items) <= FEW and any(map(self._next_to_nothing, {id[0] for id in effect.items})):
            core.hurry()
        record = core.agents[agent]
        record.assigned += len(effect.items)
        core.publisher.agents_dirty.add(agent)
        core.later(partial(self._assign_now, record, epoch, spans, effect.gpus, frozenset(effect.alone)))

    def _together(self, agent: str, epoch: int, spans: list[Span], rows: list[tuple[Any, ...]]) -> list[Span]:
        """First attempts of single tasks of a run are one row; those that are none are returned."""
        if len(spans) == 1:
            return spans
        core = self._core
        others: list[Span] = []
        runs: dict[int, list[Span]] = {}
        for span in spans:
            if span[4] == 1 and span[3] == 1:
                runs.setdefault(span[0], []).append(span)
            else:
                others.append(span)
        for run, alike in runs.items():
            if len(alike) == 1:
                others += alike
                continue
            core.given += 1
            together = Live(agent, epoch, core.now, given=Given(core.given, len(alike)))
            tasks = [span[1] for span in alike]
            core.live.update(dict.fromkeys([_new(AttemptId, (run, task, 0, 1)) for task in tasks], together))
            rows.append((core.given, run, tasks[0], 0, 1, 1, agent, epoch, core.now, rundata.encode(tasks)))
        return others

    def _next_to_nothing(self, run: int) -> bool:
        """So little of it is under way that somebody may wait for just that."""
        return self._core.scheduler.counts(run)[ACTIVE] <= FEW

    def _assign_now(
        self,
        agent: AgentRecord,
        epoch: int,
        spans: list[Span],
        gpus: Mapping[AttemptId, tuple[int, ...]],
        alone: frozenset[AttemptId],
    ) -> None:
        """The assignment is durable, and so is all that it depends on: put together what the agent needs, and send."""
        if agent.connection is None or agent.epoch != epoch:
            return  # it will say HELLO, without these
        if not (gpus or alone):
            spans = self._assign_kinds(agent, epoch, spans)
        bundles: dict[tuple[int, int], Bundle] = {}
        found: dict[tuple[int, int], tuple[RunData, bool, int, bool]] = {}
        batch: list[AssignItem] = []
        payload: list[bytes] = []
        weight = 0
        for run_id, task, first, last, attempt in spans:
            known = found.get((run_id, task))
            if known is None:
                run = self._core.runs.get(run_id)
                if run is None:
                    continue
                try:
                    bundle = self._core.bundles.bundle(run, task)
                    known = run, self._core.bundles.plain(run, task), bundle.version, rundata.is_call(run.task(task))
                except _TROUBLE as error:
                    for index in range(first, last):
                        self._fail_here(agent, epoch, AttemptId(run_id, task, index, attempt), _unmade(error))
                    continue
                found[run_id, task] = known
                if agent.lacks(bundle):
                    bundles[run_id, task] = bundle
                    agent.has(bundle)
            run, plain, version, call = known
            if plain and last - first > 1:
                if batch:
                    self._send_assign(agent, bundles, batch, payload)
                    bundles, batch, payload, weight = {}, [], [], 0
                bundle_now = [bundles.pop((run_id, task))] if (run_id, task) in bundles else []
                self._send_span(agent, bundle_now, run, version, epoch, (run_id, task, first, last, attempt), call)
                continue
            for index in range(first, last):
                id = AttemptId(run_id, task, index, attempt)
                try:
                    if plain:
                        item = AssignItem(Key(*id, epoch), version)
                    else:
                        item = self._core.bundles.item(run, id, epoch, version)
                    if id in gpus:
                        item = msgspec.structs.replace(item, gpus=gpus[id])
                    if id in alone:
                        item = msgspec.structs.replace(item, alone=True)
                    data = self._core.bundles.payload(run, task, index) if call else b""
                except _TROUBLE as error:
                    self._fail_here(agent, epoch, id, _unmade(error))
                    continue
                batch.append(item)
                payload.append(data)
                weight += len(data) + 100 * len(item.files)
                if len(batch) >= limits.BATCH or weight > ASSIGN_BYTES:
                    self._send_assign(agent, bundles, batch, payload)
                    bundles, batch, payload, weight = {}, [], [], 0
        if batch or bundles:
            self._send_assign(agent, bundles, batch, payload)

    def _assign_kinds(self, agent: AgentRecord, epoch: int, spans: list[Span]) -> list[Span]:
        """Send single tasks that are sent by kinds, and return the others."""
        others: list[Span] = []
        kinds: dict[tuple[int, int], tuple[RunData, Bundle, list[Span]]] = {}
        for span in spans:
            run = self._core.runs.get(span[0]) if span[3] == 1 else None
            bundle = self._core.bundles.of_kind(run, span[1]) if run is not None else None
            if run is None or bundle is None:
                others.append(span)
            elif (known := kinds.get((run.id, bundle.task))) is not None:
                known[2].append(span)
            else:
                kinds[run.id, bundle.task] = run, bundle, [span]
        for run, bundle, tasks in kinds.values():
            self._send_kind(agent, epoch, run, bundle, tasks)
        return others

    def _send_kind(self, agent: AgentRecord, epoch: int, run: RunData, bundle: Bundle, spans: list[Span]) -> None:
        bundles = self._core.bundles
        positions: list[int] = []
        numbers: list[int] = []
        needed: list[dict[str, bytes | list[bytes]]] = []
        payload: list[bytes] = []
        weight = 0
        for span in spans:
            position, number = span[1], span[4]
            try:
                results, data = bundles.needed(run, position), bundles.arguments(run, position)
            except _TROUBLE as error:
                self._fail_here(agent, epoch, AttemptId(run.id, position, 0, number), _unmade(error))
                continue
            positions.append(position)
            numbers.append(number)
            needed.append(results)
            payload.append(data)
            weight += len(data) + sum(map(_size, results.values()))
            if len(positions) >= limits.BATCH or weight > WEIGHT:
                self._send_tasks(agent, epoch, bundle, positions, numbers, needed, payload)
                positions, numbers, needed, payload, weight = [], [], [], [], 0
        if positions:
            self._send_tasks(agent, epoch, bundle, positions, numbers, needed, payload)

    def _send_tasks(
        self,
        agent: AgentRecord,
        epoch: int,
        bundle: Bundle,
        tasks: list[int],
        numbers: list[int],
        needed: list[dict[str, bytes | list[bytes]]],
        payload: list[bytes],
    ) -> None:
        if agent.connection is None:
            return
        fresh = [bundle] if agent.lacks(bundle) else []
        agent.has(bundle)
        message = m.AssignTasks(
            fresh, bundle.run, bundle.task, bundle.version, epoch, tasks, numbers, needed if any(needed) else []
        )
        if not self._core.links.send(agent.connection, message, payload if any(payload) else ()):
            if fresh:
                agent.has_not(bundle)
            for task, number in zip(tasks, numbers, strict=True):
                self._fail_here(agent, epoch, AttemptId(bundle.run, task, 0, number), _TOO_LARGE)

    def _send_span(
        self, agent: AgentRecord, bundles: list[Bundle], run: RunData, version: int, epoch: int, span: Span, call: bool
    ) -> None:
        """Neighbours in as few messages as their arguments allow."""
        run_id, task, first, last, attempt = span
        while first < last:
            if agent.connection is None:
                return
            payload: list[bytes] = []
            upto = min(last, first + limits.BATCH)
            if call:
                payload = self._core.bundles.payloads(run, task, first, upto, ASSIGN_BYTES)
                upto = first + len(payload)
            message = m.AssignRange(bundles, run_id, task, version, epoch, attempt, first, upto - first)
            if not self._core.links.send(agent.connection, message, payload if any(payload) else ()):
                for bundle in bundles:
                    agent.has_not(bundle)
                for index in range(first, upto):
                    self._fail_here(agent, epoch, AttemptId(run_id, task, index, attempt), _TOO_LARGE)
            bundles = []
            first = upto

    def _send_assign(
        self, agent: AgentRecord, bundles: dict[tuple[int, int], Bundle], batch: list[AssignItem], payload: list[bytes]
    ) -> None:
        if agent.connection is None:
            return
        message = m.Assign(list(bundles.values()), batch)
        if not self._core.links.send(agent.connection, message, payload if any(payload) else ()):
            for bundle in bundles.values():
                agent.has_not(bundle)
            for item in batch:
                id = AttemptId(item.key.run, item.key.task, item.key.index, item.key.attempt)
                self._fail_here(agent, item.key.epoch, id, _TOO_LARGE)

    def _fail_here(self, agent: AgentRecord, epoch: int, id: AttemptId, error: str) -> None:
        """End an attempt that cannot even be sent, as if the agent had found it out."""
        exit = Exit(Key(*id, epoch), Outcome.SPAWN_ERROR.value, 0, self._core.now, self._core.now, error=error)
        self._core.ends.exited(agent, epoch, [Ended(exit, b"", self._core.now, self._core.now)])
