"""From the scheduler's word to the agent's hands: assignments are written, then put together, then sent."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from windlass.blobs.store import BlobError
from windlass.model.expr import ExprError
from windlass.sched import events as ev
from windlass.sched.events import AttemptId
from windlass.sched.states import Outcome
from windlass.server import rundata
from windlass.server.agentbook import AgentRecord, Ended, Live
from windlass.server.rundata import RunData
from windlass.store import records
from windlass.wire import limits
from windlass.wire import messages as m
from windlass.wire.messages import AssignItem, Bundle, Exit, Key

if TYPE_CHECKING:
    from windlass.server.core import Core

ASSIGN_BYTES = 4 * 1024 * 1024
"""Payload of one message of assignments, about."""


class Assigner:
    def __init__(self, core: Core) -> None:
        self._core = core

    def assign(self, effect: ev.AssignAttempts) -> None:
        now = self._core.now
        agent, epoch = effect.agent, effect.epoch
        for id in effect.items:
            self._core.live[id] = Live(agent, epoch, now)
        self._core.store.write(records.LIVE_NEW, [(*id, agent, epoch, 0, now, None, -1) for id in effect.items])
        record = self._core.agents[agent]
        record.assigned += len(effect.items)
        self._core.publisher.agents_dirty.add(agent)
        self._core.later(partial(self._assign_now, record, epoch, effect.items))

    def _assign_now(self, agent: AgentRecord, epoch: int, items: list[AttemptId]) -> None:
        """The assignment is durable, and so is all that it depends on: put together what the agent needs, and send."""
        if agent.connection is None or agent.epoch != epoch:
            return  # it will say HELLO, without these
        bundles: dict[tuple[int, int], Bundle] = {}
        found: dict[tuple[int, int], tuple[RunData, bool, int, bool]] = {}
        batch: list[AssignItem] = []
        payload: list[bytes] = []
        weight = 0
        call = False
        for id in items:
            run_id, task, index, attempt = id
            known = found.get((run_id, task))
            try:
                if known is None:
                    run = self._core.runs.get(run_id)
                    if run is None:
                        continue
                    bundle = self._core.bundles.bundle(run, task)
                    known = run, self._core.bundles.plain(run, task), bundle.version, rundata.is_call(run.task(task))
                    found[run_id, task] = known
                    if (run_id, task, bundle.version) not in agent.sent:
                        bundles[run_id, task] = bundle
                        agent.sent.add((run_id, task, bundle.version))
                run, plain, version, call = known
                if plain:
                    item = AssignItem(Key(run_id, task, index, attempt, epoch), version)
                else:
                    item = self._core.bundles.item(run, id, epoch, version)
            except (ExprError, ValueError, LookupError, OSError, BlobError) as error:
                self._fail_here(agent, epoch, id, f"what the item needs cannot be put together: {error}")
                continue
            batch.append(item)
            data = self._core.bundles.payload(run, task, index) if call else b""
            payload.append(data)
            weight += len(data) + 100 * len(item.files)
            if len(batch) >= limits.BATCH or weight > ASSIGN_BYTES:
                self._send_assign(agent, bundles, batch, payload)
                bundles, batch, payload, weight = {}, [], [], 0
        if batch:
            self._send_assign(agent, bundles, batch, payload)

    def _send_assign(
        self, agent: AgentRecord, bundles: dict[tuple[int, int], Bundle], batch: list[AssignItem], payload: list[bytes]
    ) -> None:
        if agent.connection is None:
            return
        message = m.Assign(list(bundles.values()), batch)
        if not self._core.links.send(agent.connection, message, payload if any(payload) else ()):
            for bundle in bundles.values():
                agent.sent.discard((bundle.run, bundle.task, bundle.version))
            for item in batch:
                id = AttemptId(item.key.run, item.key.task, item.key.index, item.key.attempt)
                self._fail_here(agent, item.key.epoch, id, "what the task needs is too large to be sent to an agent")

    def _fail_here(self, agent: AgentRecord, epoch: int, id: AttemptId, error: str) -> None:
        """End an attempt that cannot even be sent, as if the agent had found it out."""
        exit = Exit(Key(*id, epoch), Outcome.SPAWN_ERROR.value, 0, self._core.now, self._core.now, error=error)
        self._core.exited(agent, epoch, [Ended(exit, b"", self._core.now, self._core.now)])
