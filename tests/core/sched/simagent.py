"""A simulated agent, as the real one behaves: starts what fits, keeps ends until acknowledged, minds its lease."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from windlass.model.graph import Gpu, Resources
from windlass.sched import events as e
from windlass.sched.events import AttemptId
from windlass.sched.states import Outcome

if TYPE_CHECKING:
    from world import World

LEASE = 12.0
"""What the agents count; the core waits for `Config.lease_wait`."""


@dataclass
class Execution:
    """Something that really ran."""

    id: AttemptId
    agent: str
    start: float
    blind: bool
    """On an agent that was frozen or does not mind its lease: it may go on past it."""
    end: float | None = None
    how: str = ""
    memory: int = 0
    """Its peak, in bytes."""

    @property
    def payload(self) -> tuple[AttemptId, str, float]:
        return self.id, self.agent, self.start


class SimAgent:
    """An agent as the real one behaves: starts what fits, keeps ends until acknowledged, minds its lease."""

    def __init__(self, world: World, name: str, resources: Resources, labels: dict[str, str], blind: bool) -> None:
        self.world = world
        self.name = name
        self.resources = resources
        self.labels = labels
        self.gpus = tuple(Gpu(index, "card", 24) for index in range(resources.gpus))
        self.devices: dict[AttemptId, tuple[int, ...]] = {}
        """What the core gave to attempts that are held."""
        self.blind = blind
        """It does not mind its lease (a broken clock): it comes back with zombies."""
        self.alive = True
        self.frozen = False
        self.sick = False
        """Whatever runs here fails."""
        self.linked = False
        self.welcome = False
        self.generation = 0
        self.cut = False
        self.epoch = 0
        self.lease_until = 0.0
        self.given: dict[AttemptId, int] = {}
        """Lease under which each held attempt was given."""
        self.alone: set[AttemptId] = set()
        """Held attempts with a helper process of their own; the others share one."""
        self.waiting: list[AttemptId] = []
        self.running: dict[AttemptId, Execution] = {}
        self.stopping: set[AttemptId] = set()
        self.spool: dict[AttemptId, tuple[e.ExitFact, Any]] = {}
        self.last_arrival = [0.0, 0.0]
        world.at(0.0, self.connect)
        world.at(0.25, self.tick)

    @property
    def works(self) -> bool:
        return self.alive and not self.frozen

    # --- connection ----------------------------------------------------------------------------------

    def connect(self) -> None:
        if not self.works or self.linked or self.cut or not self.world.core_up:
            if self.alive:
                self.world.at(0.5, self.connect)
            return
        self.linked = True
        self.welcome = False
        self.generation += 1
        held = (
            *((id, "waiting") for id in self.waiting),
            *((id, "running") for id in self.running),
            *((id, "stopped" if end.outcome is Outcome.STOPPED else "exited") for id, (end, _) in self.spool.items()),
        )
        devices = {id: self.devices[id] for id, state in held if id in self.devices and state != "exited"}
        self.send(e.AgentHello(self.name, self.resources, self.labels, self.epoch, held, self.gpus, devices))

    def disconnect(self, again: float) -> None:
        if self.linked:
            self.linked = False
            self.world.at(0.0, lambda: self.world.link_lost(self.name))
        if self.alive:
            self.world.at(again, self.connect)

    def send(self, message: Any) -> None:
        if self.linked:
            self.world.carry(self, 1, message, self.world.receive)

    # --- its life ------------------------------------------------------------------------------------

    def tick(self) -> None:
        world = self.world
        world.at(0.5, self.tick)
        if not self.works:
            return
        if self.given and world.now >= self.lease_until and not self.blind:
            for id in list(self.running):
                self.finish(id, Outcome.STOPPED)
            for id in self.waiting:
                del self.given[id]
            self.waiting.clear()
        self.send(("heartbeat", self.name, world.now))
        if self.welcome:
            self.report(list(self.spool))

    def receive(self, message: Any) -> None:
        if not self.works:
            if self.alive and message[0] == "welcome":
                # It lies in the socket until the process goes on; a real agent would say HELLO again without it.
                self.world.at(
                    0.5, lambda link=self.generation: self.linked and link == self.generation and self.receive(message)
                )
            return
        kind, *rest = message
        getattr(self, "on_" + kind)(*rest)

    def on_welcome(self, epoch: int, keep: list[AttemptId], stop: list[AttemptId], sent: float) -> None:
        if epoch <= self.epoch:
            return  # the answer to an earlier HELLO, handed over late
        self.epoch = epoch
        self.welcome = True
        self.lease_until = max(self.lease_until, sent + LEASE)
        for id in stop:
            if id in self.running:
                self.end(id, "zombie")
            elif id in self.waiting:
                self.waiting.remove(id)
            self.spool.pop(id, None)
            self.given.pop(id, None)
        self.start()

    def on_alive(self, sent: float) -> None:
        if self.welcome:
            self.lease_until = max(self.lease_until, sent + LEASE)

    def on_assign(
        self, epoch: int, ids: list[AttemptId], devices: dict[AttemptId, tuple[int, ...]], alone: list[AttemptId]
    ) -> None:
        if epoch != self.epoch or not self.welcome:
            return  # from an earlier lease, handed over late
        for id in ids:
            if id not in self.given:
                self.given[id] = epoch
                self.alone.update({id} & set(alone))
                self.waiting.append(id)
                self.devices.update({id: devices[id]} if id in devices else {})
        self.start()

    def on_stop(self, epoch: int, ids: list[AttemptId], if_waiting: bool) -> None:
        back = []
        for id in ids:
            if id in self.waiting:
                self.waiting.remove(id)
                del self.given[id]
                back.append(id)
            elif id in self.running:
                if not if_waiting and id not in self.stopping:
                    self.stopping.add(id)
                    self.world.at(self.world.rng.uniform(0.05, 1.0), lambda id=id: self.finish(id, Outcome.STOPPED))
            elif id in self.spool:
                self.report([id])
            else:
                back.append(id)
        if back:
            self.send(e.AttemptsRejected(self.name, epoch, back))

    def on_ack(self, ids: list[AttemptId]) -> None:
        for id in ids:
            self.spool.pop(id, None)
            self.given.pop(id, None)

    # --- attempts ------------------------------------------------------------------------------------

    def start(self) -> None:
        world, rng = self.world, self.world.rng
        begun = []
        for id in list(self.waiting):
            used = Counter(cpus=0.0, gpus=0.0)
            for other in self.running:
                need = world.plan_of(other).resources
                used.update(cpus=need.cpus, gpus=need.gpus)
            need = world.plan_of(id).resources
            if used["cpus"] + need.cpus > self.resources.cpus or used["gpus"] + need.gpus > self.resources.gpus:
                continue
            if self.overlaps(id):
                continue
            self.waiting.remove(id)
            execution = Execution(id, self.name, world.now, self.blind)
            world.executions.append(execution)
            self.running[id] = execution
            begun.append((id, world.now))
            behaviour = world.behaviours[id.run, id.task]
            timeout = world.plan_of(id).timeout
            luck = rng.random()
            deaf = luck < behaviour.deaf
            if timeout is not None and not deaf:
                world.at(timeout, lambda id=id, x=execution: self.finish(id, Outcome.TIMEOUT, x))
            if deaf or luck < behaviour.deaf + behaviour.hang:
                continue
            duration = rng.uniform(*behaviour.duration)
            if rng.random() < behaviour.kill:
                world.at(duration, lambda id=id, x=execution: self.running.get(id) is x and self.crash(1.0))
                continue
            if behaviour.kill_helper:
                world.at(duration, lambda id=id, x=execution: self.running.get(id) is x and self.lose_helper(id))
                continue
            outcome = Outcome.NONZERO if rng.random() < behaviour.fail or self.sick else Outcome.OK
            if behaviour.memory[1]:
                execution.memory = rng.randint(*behaviour.memory)
                if execution.memory > self.resources.memory:
                    execution.memory, outcome = self.resources.memory, Outcome.OOM
            world.at(duration, lambda id=id, o=outcome, x=execution: self.finish(id, o, x))
        if begun:
            self.send(e.AttemptsStarted(self.name, self.epoch, begun))

    def overlaps(self, id: AttemptId) -> bool:
        """A device is in use: only what the core does not know of, or is being ended, may still have it."""
        need = self.world.plan_of(id).resources
        mine = set(self.devices.get(id, ()))
        assert len(mine) == (need.gpus or bool(need.gpu_memory)), f"{id} asks {need} and was given {mine}"
        found = False
        for other, execution in self.running.items():
            theirs = self.world.plan_of(other).resources
            if mine & set(self.devices.get(other, ())) and (need.gpus or theirs.gpus):
                found = True
                known = self.world.core_up and self.world.scheduler.agent_of(other) == self.name
                assert not known or execution.blind or other in self.stopping, f"{id} and {other} were given one GPU"
        return found

    def end(self, id: AttemptId, how: str) -> Execution:
        execution = self.running.pop(id)
        self.stopping.discard(id)
        execution.end = self.world.now
        execution.how = how
        return execution

    def finish(self, id: AttemptId, outcome: Outcome, only: Execution | None = None) -> None:
        """An execution ends; a frozen agent notices only later, but its children run on."""
        execution = self.running.get(id)
        if execution is None or (only is not None and execution is not only) or not self.alive:
            return
        if self.frozen:
            self.world.at(1.0, lambda: self.finish(id, outcome, only))
            return
        self.end(id, outcome.value)
        code = 0 if outcome is Outcome.OK else 1
        files = 0 if code else self.world.behaviours[id.run, id.task].files
        fact = e.ExitFact(id, outcome, code, execution.start, self.world.now, execution.memory, files)
        self.spool[id] = (fact, execution.payload)
        self.report([id])
        self.start()

    def report(self, ids: list[AttemptId]) -> None:
        by_epoch: dict[int, list[AttemptId]] = {}
        for id in ids:
            by_epoch.setdefault(self.given[id], []).append(id)
        for epoch, group in by_epoch.items():
            self.send(("exited", self.name, epoch, [self.spool[id] for id in group]))

    # --- faults --------------------------------------------------------------------------------------

    def crash(self, again: float | None) -> None:
        """kill -9: what ran dies with it, what was spooled stays on disk, the lease is forgotten."""
        if not self.alive:
            return
        for id in list(self.running):
            self.end(id, "crash")
            del self.given[id]
        for id in self.waiting:
            del self.given[id]
        self.waiting.clear()
        self.epoch = 0
        self.alive = False
        self.disconnect(0.0)
        if again is not None:
            self.world.at(again, self.boot)

    def lose_helper(self, killer: AttemptId) -> None:
        """It takes along what it ran: that attempt alone, or all that share one."""
        for id in [killer] if killer in self.alone else [id for id in self.running if id not in self.alone]:
            self.finish(id, Outcome.CRASHED)

    def boot(self) -> None:
        self.alive = True
        self.frozen = False
        self.connect()

    def stop_in_order(self, again: float) -> None:
        for id in list(self.running):
            self.finish(id, Outcome.STOPPED)
        if self.waiting:
            for id in self.waiting:
                del self.given[id]
            self.send(e.AttemptsRejected(self.name, self.epoch, list(self.waiting)))
            self.waiting.clear()
        self.send(e.AgentLeft(self.name, "stopped"))
        self.welcome = False  # nothing new any more
        self.world.at(0.2, lambda: self.crash(again))

    def freeze(self, seconds: float) -> None:
        """SIGSTOP, a sleeping laptop: its children go on, nobody minds the lease."""
        self.frozen = True
        for execution in self.running.values():
            execution.blind = True
        self.world.at(seconds, self.thaw)

    def thaw(self) -> None:
        self.frozen = False
