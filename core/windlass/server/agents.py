"""What agents say: their HELLO, heartbeats, and the beginnings and ends of attempts."""

from __future__ import annotations

import logging
import math
import zlib
from functools import partial

import msgspec

from windlass.model.graph import Gpu
from windlass.sched import events as ev
from windlass.sched.events import AttemptId
from windlass.server import rundata
from windlass.server.agentbook import BACKLOG, AgentRecord, ClockOffset, Ended
from windlass.server.core import Core
from windlass.server.links import Connection
from windlass.store import records
from windlass.wire import messages as m
from windlass.wire.rows import disk_level

log = logging.getLogger("windlass.agents")

BEATS = 100
"""Heartbeats a second, beyond which agents are asked to beat less often,"""
SLOT = 0.1
"""and seconds between the moments at which those of a large fleet beat."""
MOST_OF_A_KEY = 5000
"""Agents that one key may bring: those of a machine share one,"""
FACTS = 1024 * 1024
"""and bytes that are kept of what one says of its machine."""
_HELD = frozenset({"waiting", "running", "exited", "stopped"})


class AgentDesk:
    def __init__(self, core: Core) -> None:
        self._core = core

    def hello(self, connection: Connection, msg: m.AgentHello) -> None:
        """A new life or a new link of an agent. Its id belongs to the key that first brought it."""
        core, now = self._core, self._core.now
        if msg.protocol != m.PROTOCOL:
            reason = f"this core speaks protocol {m.PROTOCOL}, the agent {msg.protocol}: install the same version"
            core.links.send(connection, m.Refused("protocol", reason))
            return
        problem = _problem(msg)
        agent = core.agents.get(msg.agent)
        if not problem and agent is not None and agent.key != connection.key:
            problem = "another key already uses this agent's id"
        if agent is None and sum(other.key == connection.key for other in core.agents.values()) >= MOST_OF_A_KEY:
            problem = f"this key has brought {MOST_OF_A_KEY:,} agents, the most for one"
        if problem:
            core.links.complain("bad-hello", f"{connection!r}: {problem}", now)
            core.links.send(connection, m.Refused("role", problem))
            return
        if agent is None:
            agent = core.agents[msg.agent] = AgentRecord(msg.agent, connection.key, msg.facts, since=now)
            log.info("a new agent: %s (%s)", msg.facts.name, msg.agent)
        if connection.agent != agent.id:
            self.lost(connection)  # a link carries one agent
        old = agent.connection
        if old is not None and old is not connection:
            old.agent = ""
        agent.connection, agent.facts, agent.heard = connection, msg.facts, now
        agent.sent.clear()  # its memory of bundles may have ended with its process
        agent.clock = ClockOffset()  # another life may count from another zero
        agent.clock.heard(msg.now, now)
        connection.kind, connection.agent, connection.name = "agent", agent.id, msg.facts.name
        facts = rundata.encode(agent.facts)
        core.store.write(records.AGENT, [(agent.id, agent.key, facts, agent.epoch, int(agent.draining), now)])
        agent.held = {_id(one.key): one.key for one in msg.held}
        held = tuple((_id(one.key), one.state) for one in msg.held)
        facts_of, devices = msg.facts, {_id(one.key): one.gpus for one in msg.held if one.gpus}
        core.handle(
            ev.AgentHello(
                agent.id, facts_of.resources, facts_of.labels, msg.epoch, held, tuple(facts_of.devices), devices
            )
        )  # fmt: skip
        core.later(partial(core.publisher.agent, agent.id))

    def lost(self, connection: Connection) -> None:
        """Its link broke; the lease still runs."""
        agent = self._core.agents.get(connection.agent)
        if agent is not None and agent.connection is connection:
            agent.connection = None
            self._core.handle(ev.AgentLinkLost(agent.id))

    def heartbeat(self, agent: AgentRecord, msg: m.Heartbeat) -> None:
        core, now = self._core, self._core.now
        agent.heard = now
        agent.clock.heard(msg.now, now)
        if not core.scheduler.heard(agent.id, now):
            core.handle(ev.AgentHeard(agent.id))
        if agent.connection is not None:
            core.links.send(agent.connection, m.Alive(now, self._next_beat(agent.id)))
            if agent.over:
                core.tell_over(agent)
        if msg.samples or msg.attempts:
            offset = agent.clock.offset
            samples = [_shift(sample, offset) for sample in msg.samples[-BACKLOG:]]
            agent.samples.extend(samples)
            kept: list[m.AttemptSample] = []
            for sample in msg.attempts[-BACKLOG:]:
                live = core.live.get(_id(sample.key))
                if live is not None and live.agent == agent.id:
                    shifted = m.AttemptSample(sample.key, sample.time + offset, sample.cpu, sample.memory)
                    live.keep(shifted)
                    kept.append(shifted)
            core.publisher.samples(agent.id, samples, kept)
            if samples:
                self._watch(agent, samples[-1])

    def _watch(self, agent: AgentRecord, sample: m.Sample) -> None:
        """What in its row follows from samples is told when it becomes another thing for people."""
        told = (disk_level(sample.disk_free, sample.disk_total), round(agent.clock.offset))
        if told != agent.told:
            agent.told = told
            self._core.publisher.agent(agent.id)

    def _next_beat(self, agent: str) -> float:
        core = self._core
        return next_beat(agent, core.now, len(core.agents), core.heartbeat, core.lease)

    def started(self, agent: AgentRecord, msg: m.Started) -> None:
        core, offset = self._core, agent.clock.offset
        by_epoch: dict[int, list[tuple[AttemptId, float]]] = {}
        for item in msg.items:
            began = _sane(item.time + offset, core.now)
            by_epoch.setdefault(item.key.epoch, []).append((_id(item.key), began))
        for epoch, items in by_epoch.items():
            core.handle(ev.AttemptsStarted(agent.id, epoch, items))

    def exited(self, agent: AgentRecord, msg: m.Exited, payload: list[bytes]) -> None:
        core, now, offset = self._core, self._core.now, agent.clock.offset
        if payload and len(payload) != len(msg.items):
            core.links.complain("malformed", f"agent {agent.facts.name}: ends and results do not match", now)
            return
        by_epoch: dict[int, list[Ended]] = {}
        for place, exit in enumerate(msg.items):
            ended = _sane(exit.ended + offset, now)
            started = min(_sane(exit.started + offset, now), ended)
            if not _tame(exit):
                core.links.complain("malformed", f"agent {agent.facts.name}: an end with impossible numbers", now)
                exit = _tamed(exit)
            end = Ended(exit, payload[place] if payload else b"", started, ended)
            by_epoch.setdefault(exit.key.epoch, []).append(end)
        for epoch, ends in by_epoch.items():
            core.ends.exited(agent, epoch, ends)

    def succeeded(self, agent: AgentRecord, msg: m.Succeeded, payload: list[bytes]) -> None:
        core, now, offset = self._core, self._core.now, agent.clock.offset
        count = len(msg.items)
        columns = (msg.attempts, msg.started, msg.ended, msg.cpu, msg.memory, payload, msg.tasks or msg.items)
        if not count or {len(column) for column in columns} != {count} or not _possible(msg, payload):
            core.links.complain("malformed", f"agent {agent.facts.name}: successes that cannot be", now)
            return
        ended = [_sane(time + offset, now) for time in msg.ended]
        started = [min(_sane(time + offset, now), end) for time, end in zip(msg.started, ended, strict=True)]
        core.ends.succeeded(agent, msg, started, ended, payload)

    def rejected(self, agent: AgentRecord, msg: m.Rejected) -> None:
        by_epoch: dict[int, list[AttemptId]] = {}
        for key in msg.keys:
            by_epoch.setdefault(key.epoch, []).append(_id(key))
        self._core.counters["given back"] += len(msg.keys)
        if any(word in msg.reason for word in ("bundle", "unknown")):
            agent.sent.clear()  # it lacks what we believed it had
        for epoch, ids in by_epoch.items():
            self._core.handle(ev.AttemptsRejected(agent.id, epoch, ids))

    def goodbye(self, agent: AgentRecord, msg: m.AgentGoodbye) -> None:
        agent.connection = None
        self._core.handle(ev.AgentLeft(agent.id, msg.reason[:200]))


def next_beat(agent: str, now: float, agents: int, heartbeat: float, lease: float) -> float:
    """Seconds until an agent should beat again, so that a large fleet costs the core little.

    No more than `BEATS` come in a second, as far as the lease allows; and where there are several to a `SLOT`, they
    come together, because waking up costs more than a heartbeat. Which slot an agent has depends on its name alone.
    """
    every = max(heartbeat, min(agents / BEATS, lease / 6))
    slots = int(every / SLOT)
    if agents <= 2 * slots or not slots:
        return every
    own = zlib.crc32(agent.encode()) % slots * SLOT
    return every / 2 + (own - now - every / 2) % (slots * SLOT)


def _id(key: m.Key) -> AttemptId:
    return AttemptId(key.run, key.task, key.index, key.attempt)


def _problem(msg: m.AgentHello) -> str:
    """What is wrong with a HELLO's facts, if anything."""
    if not 0 < len(msg.agent) <= 100:
        return "an agent's id has 1 to 100 characters"
    if len(rundata.encode(msg.facts)) > FACTS:
        return f"an agent describes itself in {FACTS:,} bytes"
    resources = msg.facts.resources
    for amount in (
        resources.cpus,
        resources.memory,
        resources.disk,
        resources.gpus,
        *resources.named.values(),
    ):
        if not (math.isfinite(amount) and 0 <= amount < 1e18):
            return f"an agent cannot have {amount} of a resource"
    devices = msg.facts.devices
    if len({gpu.index for gpu in devices}) != len(devices) or any(not _tame_gpu(gpu) for gpu in devices):
        return "an agent's GPUs have each an index of their own, and a memory"
    if resources.gpus > _GPUS:
        return f"an agent cannot have more than {_GPUS} GPUs"
    if not 0 <= msg.epoch < _MOST:
        return "a lease has a number that can be counted on"
    if any(one.state not in _HELD for one in msg.held):
        return "a held attempt is waiting, running, exited or stopped"
    return ""


_MOST = 2**62
_GPUS = 10_000


def _tame_gpu(gpu: Gpu) -> bool:
    return 0 <= gpu.index < _MOST and 0 <= gpu.memory < _MOST


def _tame(exit: m.Exit) -> bool:
    """Whether its numbers can be kept at all. They are only told to people, but the store has 64 bits."""
    usage = exit.usage
    return (
        -_MOST < exit.code < _MOST
        and 0 <= usage.memory < _MOST
        and 0 <= usage.read < _MOST
        and 0 <= usage.written < _MOST
        and 0 <= usage.cpu < _MOST
        and 0 <= exit.log_shed < _MOST
        and (exit.staged is None or all(0 <= seconds < _MOST for seconds in exit.staged))
        and all(0 <= file.size < _MOST and 0 <= file.mode <= 0o7777 for file in exit.outputs)
    )


def _possible(msg: m.Succeeded, results: list[bytes]) -> bool:
    """Whether its numbers can be kept, and its results are what they say. (An agent of ours sends no others.)"""
    return (
        min(msg.items) >= 0
        and max(msg.items) < _MOST
        and (not msg.tasks or (min(msg.tasks) >= 0 and max(msg.tasks) < _MOST))
        and min(msg.memory) >= 0
        and max(msg.memory) < _MOST
        and min(msg.cpu) >= 0
        and math.isfinite(sum(msg.cpu))
        and not any(result[:1] == b"b" for result in results)
    )


def _tamed(exit: m.Exit) -> m.Exit:
    """The same end without what cannot be kept; outputs that no file can be make it a failure."""
    outputs = [file for file in exit.outputs if 0 <= file.size < _MOST and 0 <= file.mode <= 0o7777]
    lost = len(outputs) < len(exit.outputs)
    return msgspec.structs.replace(
        exit,
        code=exit.code if -_MOST < exit.code < _MOST else -1,
        usage=m.Usage(),
        log_shed=0,
        staged=None,
        outputs=outputs,
        outcome="failed" if lost else exit.outcome,
        error="the agent told of outputs that cannot be" if lost else exit.error,
    )


def _sane(time: float, now: float) -> float:
    """A time an agent told: a number, and not in the future."""
    return min(time, now) if math.isfinite(time) and time > 0 else now


def _shift(sample: m.Sample, offset: float) -> m.Sample:
    if not offset:
        return sample
    return msgspec.structs.replace(sample, time=sample.time + offset)
