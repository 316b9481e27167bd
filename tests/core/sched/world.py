"""A World: the core's scheduler and several simulated agents in one process, on virtual time, from one seed.

Links delay, lose, repeat and hand over stale messages; agents crash, stop, freeze, are cut off and some never return;
attempts fail, hang, or ignore their timeout; the core itself is killed and restored from what it had made durable.
Every attempt leaves a payload of its own, and every execution is recorded with its times, so that the audits can say
what really ran and whose outputs were committed.
"""

from __future__ import annotations

import heapq
import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from durable import Store
from simagent import Execution, SimAgent

from windlass.model.graph import Resources
from windlass.sched import Config, Scheduler
from windlass.sched import events as e
from windlass.sched.events import AttemptId
from windlass.sched.invariants import check_invariants
from windlass.sched.states import TERMINAL, AgentState, ItemState, Outcome


@dataclass
class Behaviour:
    """What the attempts of a task do."""

    duration: tuple[float, float] = (0.05, 2.0)
    fail: float = 0.0
    hang: float = 0.0
    """Never ends by itself."""
    deaf: float = 0.0
    """Hangs, and the agent does not enforce its timeout."""
    kill: float = 0.0
    """Takes the agent with it."""
    kill_helper: bool = False
    """Takes its helper process with it, and all that runs under that."""
    files: int = 0
    """Bytes of files that each leaves on its agent."""
    memory: tuple[int, int] = (0, 0)
    """Peak bytes, from and to; one that finds less than that on its agent runs out of it."""


@dataclass
class Faults:
    lose: float = 0.02
    repeat: float = 0.02
    stale: float = 0.3
    """Of the messages that were under way to an agent when its link broke: handed over after it came back."""
    delay: tuple[float, float] = (0.001, 0.08)
    every: tuple[float, float] = (0.5, 5.0)
    """Seconds between two faults."""
    until: float = 60.0
    kinds: tuple[str, ...] = ("reset", "cut", "crash", "stop", "freeze", "core", "drain", "gone")


def ended(agent: str, epoch: int, facts: list[e.ExitFact]) -> e.AttemptsExited | e.AttemptsSucceeded:
    """Successes of one run are told as columns about every other time."""
    ids = [fact.id for fact in facts]
    plain = all(fact.outcome is Outcome.OK and fact.id[0] == ids[0][0] for fact in facts)
    if not plain or any(fact.files for fact in facts) or (ids[0].item + ids[0].attempt) % 2:
        return e.AttemptsExited(agent, epoch, facts)
    started, over = [fact.started for fact in facts], [fact.ended for fact in facts]
    items, numbers = [id.item for id in ids], [id.attempt for id in ids]
    peaks, tasks = [fact.memory for fact in facts], [id.task for id in ids]
    if len(set(tasks)) == 1:
        tasks = []
    return e.AttemptsSucceeded(agent, epoch, ids[0].run, ids[0].task, items, numbers, started, over, peaks, tasks)


class World:
    def __init__(
        self,
        seed: int,
        agents: int = 3,
        faults: Faults | None = None,
        config: Config | None = None,
        blind: bool = False,
        cpus: float = 2,
        memory: int = 0,
    ) -> None:
        self.rng = random.Random(seed)
        self.faults = faults or Faults()
        self.config = config or Config(silent_assign=20.0, timeout_slack=5.0)
        self.now = 0.0
        self.executions: list[Execution] = []
        self.behaviours: dict[tuple[int, int], Behaviour] = {}
        self.given: dict[AttemptId, e.TaskPlan] = {}
        """What each attempt was given by: its task may be amended meanwhile."""
        self.reserved: dict[AttemptId, int] = {}
        """Bytes of memory that each attempt was placed by."""
        self.store = Store()
        self.scheduler = Scheduler(self.config)
        self.core_up = True
        self.restarted = -math.inf
        self.refused: set[AttemptId] = set()
        self._queue: list[tuple[float, int, Callable[[], Any]]] = []
        self._seq = 0
        self._turn = False
        self.steps = 0
        self.agents: dict[str, SimAgent] = {}
        for number in range(agents):
            name = f"a{number}"
            resources = Resources(cpus=cpus + number % 2, gpus=number, memory=memory * (number + 1))
            self.agents[name] = SimAgent(self, name, resources, {"n": str(number)}, blind and number == 0)
        self.at(self.rng.uniform(*self.faults.every), self._fault)

    # --- time ------------------------------------------------------------------------------------------

    def at(self, wait: float, call: Callable[[], Any]) -> None:
        self._seq += 1
        heapq.heappush(self._queue, (self.now + wait, self._seq, call))

    def run(self, until: float = 1500.0, settle: float = 40.0) -> None:
        """Until all runs have ended and the dust has settled."""
        quiet: float | None = None
        while self._queue:
            time, _, call = heapq.heappop(self._queue)
            assert time < until, f"not ended at {until}: {self.left()}"
            self.now = time
            call()
            if self.over():
                quiet = self.now if quiet is None else quiet
                if self.now > quiet + settle:
                    return
            else:
                quiet = None

    def over(self) -> bool:
        return (
            self.core_up
            and self.now > self.faults.until
            and all(state in ("succeeded", "failed", "cancelled", "deleted") for state in self.store.state.values())
        )

    def left(self) -> list[str]:
        lines = []
        for run in self.scheduler.runs():
            for pos, task in enumerate(self.store.plans[run].tasks):
                states = self.scheduler.states(run, pos)
                lines += [f"{task.id}[{i}] {ItemState(s).name}" for i, s in enumerate(states) if s not in TERMINAL]
        return lines[:20] + [repr(view) for view in self.scheduler.live()] + self.scheduler.story()[-20:]

    # --- links -----------------------------------------------------------------------------------------

    def carry(self, agent: SimAgent, way: int, message: Any, deliver: Callable[[Any], None]) -> None:
        """In order, later; a broken link takes along what was under way, or hands it over when it is back."""
        rng, faults = self.rng, self.faults
        generation = agent.generation
        arrival = max(self.now + rng.uniform(*faults.delay), agent.last_arrival[way])
        agent.last_arrival[way] = arrival
        lossy = not isinstance(message, e.AgentHello) and not (isinstance(message, tuple) and message[0] == "welcome")

        def arrive() -> None:
            if agent.cut:
                self.at(0.5, arrive)  # TCP keeps trying, for as long as the link stands
            elif agent.linked and agent.generation == generation:
                deliver(message)
            elif way == 0 and rng.random() < faults.stale:
                self.at(rng.uniform(0.0, 3.0), lambda: agent.linked and deliver(message))

        busy = self.now < faults.until
        copies = 1
        if lossy and busy:
            copies = 0 if rng.random() < faults.lose else 2 if rng.random() < faults.repeat else 1
        for _ in range(copies):
            self.at(arrival - self.now, arrive)

    def to_agent(self, name: str, *message: Any) -> None:
        agent = self.agents.get(name)
        if agent is not None and agent.linked:
            self.carry(agent, 0, message, agent.receive)

    # --- the core --------------------------------------------------------------------------------------

    def plan_of(self, id: AttemptId) -> e.TaskPlan:
        return self.given[id]

    def receive(self, message: Any) -> None:
        if not self.core_up:
            return
        if isinstance(message, tuple) and message[0] == "heartbeat":
            _, name, sent = message
            if name in self.scheduler.agents() and self.scheduler.agent_view(name).state is AgentState.DOWN:
                self.agents[name].disconnect(0.1)  # the server answers WhoAreYou
            else:
                self.event(e.AgentHeard(name))
                self.to_agent(name, "alive", sent)
        elif isinstance(message, tuple):
            _, name, epoch, ends = message
            self.event(ended(name, epoch, [fact for fact, _ in ends]), {f.id: (f, p) for f, p in ends})
        else:
            if isinstance(message, e.AgentHello):
                old = self.store.agents.get(message.agent, (0, False))
                self.store.agents[message.agent] = (*old[:2], message.resources, message.labels, message.gpus)
            self.event(message)

    def link_lost(self, name: str) -> None:
        if self.core_up and not self.agents[name].linked:
            self.event(e.AgentLinkLost(name))

    def event(self, event: e.Event, facts: dict[AttemptId, tuple[e.ExitFact, Any]] | None = None) -> None:
        self.apply(self.scheduler.handle(event, self.now), facts or {})
        self.check()
        if not self._turn:
            self._turn = True
            self.at(0.0, self.turn)

    def turn(self) -> None:
        self._turn = False
        if not self.core_up:
            return
        self.apply(self.scheduler.plan(self.now), {})
        self.check()
        deadline = self.scheduler.next_deadline()
        if deadline is not None:
            scheduler = self.scheduler
            self.at(max(deadline - self.now, 0.001), lambda: self._due(scheduler))

    def _due(self, scheduler: Scheduler) -> None:
        deadline = scheduler.next_deadline()
        if self.scheduler is scheduler and self.core_up and deadline is not None and deadline <= self.now:
            self.event(e.Tick())

    def check(self) -> None:
        self.steps += 1
        check_invariants(self.scheduler)

    def apply(self, effects: list[e.Effect], facts: dict[AttemptId, tuple[e.ExitFact, Any]]) -> None:
        """Make durable, then send."""
        for effect in effects:
            self.store.apply(effect, facts)
            if isinstance(effect, e.AgentChanged) and effect.agent in self.store.agents:
                machine = self.store.agents[effect.agent][2:]
                self.store.agents[effect.agent] = (effect.epoch, effect.draining, *machine)
        for effect in effects:
            if isinstance(effect, e.AssignAttempts):
                for id in effect.items:
                    self.given[id] = self.store.plans[id.run].tasks[id.task]
                    shape = self.scheduler._book.agents[effect.agent].live[id].bucket.shape
                    self.reserved[id] = dict(shape.need).get("memory", 0)
                self.to_agent(effect.agent, "assign", effect.epoch, effect.items, effect.gpus, effect.alone)
            elif isinstance(effect, e.StopAttempts):
                self.to_agent(effect.agent, "stop", effect.epoch, effect.items, effect.if_waiting)
            elif isinstance(effect, e.WelcomeAgent):
                self.to_agent(effect.agent, "welcome", effect.epoch, effect.keep, effect.stop, self.now)
            elif isinstance(effect, e.AcceptExits | e.RefuseExits):
                self.to_agent(effect.agent, "ack", effect.items)
            elif isinstance(effect, e.DecideTask):
                self.at(self.rng.uniform(0.0, 0.2), lambda x=effect: self.decide(x))

    def decide(self, effect: e.DecideTask) -> None:
        if self.core_up:
            self.event(e.TaskDecided(effect.run, effect.task, self.decision(effect)))

    def decision(self, effect: e.DecideTask) -> int:
        return 3 + (effect.run + effect.task) % 4

    def amend(self, run: int, task: int, **changes: Any) -> None:
        plan = self.store.amend(run, task, **changes)
        self.ask(e.TaskAmended(run, task, plan))

    def submit(self, tasks: list[tuple[e.TaskPlan, Behaviour]], run: int = 1, owner: str = "me", **limits: Any) -> None:
        plan = e.RunPlan(run, owner, 0, self.now, tuple(task for task, _ in tasks), **limits)
        for pos, (_, behaviour) in enumerate(tasks):
            self.behaviours[run, pos] = behaviour
        self.store.submit(plan)
        self.event(e.RunSubmitted(plan))

    # --- faults ----------------------------------------------------------------------------------------

    def _fault(self) -> None:
        if self.now > self.faults.until:
            if not self.core_up:
                self.at(1.0, self._fault)
                return
            for name in self.agents:
                self.ask(e.AgentDrain(name, False))
            return
        self.at(self.rng.uniform(*self.faults.every), self._fault)
        kind = self.rng.choice(self.faults.kinds)
        agent = self.rng.choice(list(self.agents.values()))
        getattr(self, "fault_" + kind)(agent)

    def fault_reset(self, agent: SimAgent) -> None:
        agent.disconnect(self.rng.uniform(0.05, 4.0))

    def fault_cut(self, agent: SimAgent) -> None:
        """A partition: nothing passes; a long one breaks the connection."""
        if agent.cut:
            return
        seconds = self.rng.choice([0.5, 3.0, 9.0, 25.0])
        agent.cut = True

        def heal() -> None:
            agent.cut = False
            if seconds > 5:
                agent.disconnect(0.1)

        self.at(seconds, heal)

    def fault_crash(self, agent: SimAgent) -> None:
        agent.crash(self.rng.choice([0.3, 4.0, 20.0]))

    def fault_gone(self, agent: SimAgent) -> None:
        """It never returns; one stays."""
        if sum(other.alive for other in self.agents.values()) > 2 and self.rng.random() < 0.3:
            agent.crash(None)

    def fault_stop(self, agent: SimAgent) -> None:
        if agent.works:
            agent.stop_in_order(self.rng.uniform(1.0, 10.0))

    def fault_freeze(self, agent: SimAgent) -> None:
        if agent.works:
            agent.freeze(self.rng.choice([1.0, 7.0, 20.0]))

    def fault_drain(self, agent: SimAgent) -> None:
        self.ask(e.AgentDrain(agent.name, self.rng.random() < 0.4))

    def fault_core(self, agent: SimAgent) -> None:
        """kill -9 of the core: all links break; it comes back with what was durable."""
        if not self.core_up:
            return
        self.core_up = False
        for other in self.agents.values():
            other.linked = False
            if other.alive:
                self.at(self.rng.uniform(0.1, 2.0), other.connect)

        def restart() -> None:
            self.scheduler = Scheduler(self.config)
            self.scheduler.restore(*self.store.restored(), self.now, list(self.store.usage.values()))
            self.core_up = True
            self.restarted = self.now
            self.check()
            for (run, pos), task in self.store.tasks.items():
                # An attempt that was to stop, because what it needs runs again, is not taken for its item's own.
                now = self.scheduler.states(run, pos) if self.store.state[run] != "deleted" else b""
                for item, state in enumerate(now):
                    if task.states[item] == ItemState.ACTIVE and state in (ItemState.PENDING, ItemState.READY):
                        task.states[item] = ItemState.PENDING
            self._turn = True
            self.turn()

        self.at(self.rng.choice([0.1, 2.0, 18.0]), restart)

    def ask(self, event: e.Event) -> None:
        """Something a person asks for; lost when the core is down."""
        if self.core_up:
            self.event(event)

    # --- audits ----------------------------------------------------------------------------------------

    def audit(self) -> None:
        self.audit_states()
        self.audit_outputs()
        self.audit_overlap()
        self.audit_quiet()

    def audit_states(self) -> None:
        """What was told is what is; every item has ended."""
        for (run, pos), task in self.store.tasks.items():
            if self.store.state[run] == "deleted":
                continue
            assert self.scheduler.states(run, pos) == bytes(task.states), f"task {pos}: told and real states differ"
            assert all(state in TERMINAL for state in task.states), f"task {pos} has not ended"

    def audit_outputs(self) -> None:
        """Each success has the outputs of exactly one accepted execution that really ended well."""
        by_payload = {execution.payload: execution for execution in self.executions}
        for (run, pos), task in self.store.tasks.items():
            for item, state in enumerate(task.states):
                payload = self.store.committed.get((run, pos, item))
                if state == ItemState.SUCCEEDED:
                    assert payload is not None, f"{pos}[{item}] succeeded without outputs"
                    assert by_payload[payload].how == "ok", f"{payload} was committed, but ended otherwise"
                    assert payload[0].attempt == task.attempts[item], f"{payload} is not of the last attempt"
                else:
                    assert payload is None, f"{pos}[{item}] is {ItemState(state).name} and has outputs"
        assert all(count == 1 for count in self.store.commits.values()), "committed twice"
        assert not self.store.live, f"the record says they still run: {self.store.live}"

    def audit_overlap(self) -> None:
        """No item ran twice at a time, and no attempt ran twice at all."""
        by_item: dict[tuple[int, ...], list[Execution]] = {}
        for execution in self.executions:
            by_item.setdefault(execution.id[:3], []).append(execution)
        for item, executions in by_item.items():
            ids = [x.id for x in executions]
            assert len(ids) == len(set(ids)), f"an attempt of {item} ran twice: {executions}"
            executions.sort(key=lambda x: x.start)
            for one, other in pairwise(executions):
                if not one.blind:
                    end = self.now if one.end is None else one.end
                    assert end <= other.start, f"{item} ran twice at a time: {one} {other}"

    def audit_quiet(self) -> None:
        """Nothing runs any more, nothing is kept that nobody wants."""
        for agent in self.agents.values():
            if agent.works:
                assert not agent.running, f"{agent.name} still runs {list(agent.running)}"
                assert not agent.waiting, f"{agent.name} still holds {agent.waiting}"
                assert not agent.spool, f"{agent.name} still keeps ends: {list(agent.spool)}"
        assert not [view for view in self.scheduler.live() if self.agents[view.agent].works]
