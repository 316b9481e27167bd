"""What if: a run on agents that do not exist, decided by the same scheduler, on virtual time.

Only time, agents and durations are made up. The virtual agents do what real ones do: they start an attempt when its
resources fit, give waiting ones back when asked, and end what exceeds its timeout. Messages take no time, and nothing
fails but by its timeout, so the result is what the policy makes of the machines, not a forecast of trouble.
Conditions hold, and a fan-out whose size is not known has as many items as `fan_out` says.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import islice

from windlass.model.words import counted
from windlass.sched import events as e
from windlass.sched.config import Config
from windlass.sched.critical import Path, critical_path
from windlass.sched.events import AttemptId, ExitFact
from windlass.sched.fleet import VirtualAgent
from windlass.sched.machine import Scheduler
from windlass.sched.shapes import Shape, in_units, shape_key, traits
from windlass.sched.states import ItemState, Outcome
from windlass.sched.virtual import Lanes, Machine, Rows, Waits

_FOREVER = 1e15
QUIET = Config(disconnected_after=_FOREVER, lease_wait=2 * _FOREVER, half_life=0.0)
"""Virtual agents are never silent, so nobody must be told that they are there."""
HELD = "other work first"
NOWHERE = "no agent fits"
_RECENT = 8
"""Agents that are looked at to tell why something waits."""


class SimulationError(ValueError):
    """The run cannot be simulated."""


@dataclass(slots=True)
class Result:
    state: str
    """The run's; "stuck": some items can never start."""
    makespan: float
    """Seconds from the submit to the last end."""
    items: int
    path: Path
    """The critical path."""
    work: dict[str, float]
    """Kind -> amount x seconds that attempts held."""
    capacity: dict[str, float]
    """Kind -> amount of all agents together; kinds without a limit are absent."""
    waiting: dict[str, float] = field(default_factory=dict)
    """Cause -> item seconds: `needs`, `retry`, `sent ahead`, or what there was too little of."""
    task_waits: list[float] = field(default_factory=list)
    """Task position -> item seconds READY without a place."""
    agents: list[Lanes] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)
    """Why items can never start, in words."""
    rows: Rows = field(default_factory=Rows)

    @property
    def bound(self) -> float:
        """No schedule is shorter: the critical path, or the work by the scarcest kind."""
        loads = [self.work.get(kind, 0.0) / amount for kind, amount in self.capacity.items() if amount]
        return max([self.path.length, *loads])

    def utilisation(self, kind: str = "cpus") -> float:
        """0 to 1, over the whole makespan."""
        total = self.capacity.get(kind, 0.0) * self.makespan
        return self.work.get(kind, 0.0) / total if total else 0.0


class Simulation:
    """One run. `step` lets a test look at every turn; `simulate` does all at once."""

    def __init__(
        self,
        plan: e.RunPlan,
        agents: Sequence[VirtualAgent],
        duration: Callable[[int, int], float],
        *,
        fan_out: Callable[[int], int] = lambda position: 1,
        config: Config = QUIET,
    ) -> None:
        if not agents:
            raise SimulationError("there are no agents")
        self.scheduler = Scheduler(config)
        self.now = 0.0
        self.machines = [Machine(index, agent) for index, agent in enumerate(agents)]
        self._by_name = {machine.lanes.agent.name: machine for machine in self.machines}
        self._plan = plan
        self._duration = duration
        self._fan_out = fan_out
        self._ends: list[tuple[float, int, int, AttemptId, Outcome]] = []
        self._seq = 0
        known: dict[tuple[object, ...], Shape] = {}
        self._shapes: list[Shape] = []
        for task in plan.tasks:
            key = shape_key(task.resources, task.where, traits(task.resources, task.rules, plan.run))
            if key not in known:
                known[key] = Shape(*key)
            self._shapes.append(known[key])
        self._waits = Waits(len(plan.tasks), self._shapes)
        self._touched: dict[int, None] = {}
        """Machines whose room changed since the last placing."""
        self._recent = self.machines[:_RECENT]
        self._nowhere: dict[Shape, bool] = {}
        self._rows = Rows()
        self._work: dict[str, float] = {}
        self._state = ""
        self._over = False
        for machine in self.machines:
            agent = machine.lanes.agent
            self._apply(
                self.scheduler.handle(e.AgentHello(agent.name, agent.resources, agent.labels, 0, gpus=agent.gpus), 0.0)
            )
        self._apply(self.scheduler.handle(e.RunSubmitted(plan), 0.0))
        for pos in range(len(plan.tasks)):
            self._count(pos)
        self._place()

    # --- time --------------------------------------------------------------------------------------------

    def step(self) -> bool:
        """To the next moment at which something happens; False when nothing ever will."""
        if self._over:
            return False
        due = self.scheduler.next_deadline()
        times = [time for time in (self._ends[0][0] if self._ends else None, due) if time is not None]
        moment = min(times, default=_FOREVER)
        if moment >= _FOREVER / 2:
            return False
        self.now = max(moment, self.now)
        self._end_attempts()
        self._place()
        return True

    def result(self) -> Result:
        """What has come of it so far."""
        scheduler, run = self.scheduler, self._plan.run
        self._waits.close(self.now)
        for pos in range(len(self._plan.tasks)):
            self._count(pos)
        counts = [0] * len(self._plan.tasks)
        items = 0
        for pos in range(len(self._plan.tasks)):
            by_state = scheduler.counts(run, pos)
            counts[pos] = sum(by_state) - by_state[ItemState.SKIPPED]
            items += sum(by_state)
        capacity: dict[str, float] = {}
        for machine in self.machines:
            for kind, amount in machine.capacity.items():
                if kind not in machine.lanes.agent.unlimited:
                    capacity[kind] = capacity.get(kind, 0.0) + in_units(kind, amount)
        stuck = [] if self._over else self._stuck()
        return Result(
            state=self._state if self._over else "stuck",
            makespan=self.now,
            items=items,
            path=critical_path(self._plan.tasks, counts, self._duration),
            work={kind: in_units(kind, amount) for kind, amount in self._work.items()},
            capacity=capacity,
            waiting=dict(sorted(self._waits.total.items(), key=lambda entry: -entry[1])),
            task_waits=list(self._waits.by_task),
            agents=[machine.lanes for machine in self.machines],
            stuck=stuck,
            rows=self._rows,
        )

    def _stuck(self) -> list[str]:
        run = self._plan.run
        why = []
        for pos, task in enumerate(self._plan.tasks):
            ready = self.scheduler.counts(run, pos)[ItemState.READY]
            if ready:
                why.append(f"{task.id} ({counted(ready, 'item')}): {self._unfit(self._shapes[pos])}")
        return why

    def _unfit(self, shape: Shape) -> str:
        matching = [machine for machine in self.machines if shape.matches(machine.lanes.agent.labels)]
        if not matching:
            return f"no agent has {', '.join(shape.where)}"
        for kind, amount in shape.need:
            most = max(machine.capacity.get(kind, 0) for machine in matching)
            if most < amount:
                return f"needs {in_units(kind, amount):g} {_name(kind)}, the largest agent has {in_units(kind, most):g}"
        return "no single agent has all that it needs at once"

    # --- what happens ------------------------------------------------------------------------------------

    def _end_attempts(self) -> None:
        """All that ends now, a message an agent, as if they had arrived together."""
        ended: dict[int, list[ExitFact]] = {}
        ends = self._ends
        while ends and ends[0][0] <= self.now:
            _, _, index, id, outcome = heapq.heappop(ends)
            if id in self.machines[index].running:
                self._finish(self.machines[index], id, outcome, ended)
        for index, facts in ended.items():
            machine = self.machines[index]
            event = e.AttemptsExited(machine.lanes.agent.name, machine.epoch, facts)
            self._apply(self.scheduler.handle(event, self.now))
            if machine.waiting:
                self._start(machine)

    def _finish(self, machine: Machine, id: AttemptId, outcome: Outcome, ended: dict[int, list[ExitFact]]) -> None:
        shape, slot, started = machine.release(id)
        span = self.now - started
        for kind, amount in shape.need:
            self._work[kind] = self._work.get(kind, 0.0) + amount * span
            if kind == "cpus":
                machine.lanes.busy += in_units(kind, amount) * span
        self._rows.add(id, machine.index, slot, started, self.now, outcome)
        self._touched[machine.index] = None
        ended.setdefault(machine.index, []).append(ExitFact(id, outcome, 0, started, self.now))

    def _place(self) -> None:
        self._apply(self.scheduler.plan(self.now))
        if self._touched:
            self._recent = [self.machines[index] for index in islice(reversed(self._touched), _RECENT)]
            self._touched.clear()
        for shape in self._waits.ready:
            self._blame(shape)

    def _blame(self, shape: Shape) -> None:
        """Why it still waits: what an agent that had room just now, and that could do it, has too little of."""
        if shape not in self._nowhere:
            self._nowhere[shape] = all(machine.lacks(shape) is None for machine in self.machines)
        if self._nowhere[shape]:
            self._waits.blame(shape, NOWHERE, self.now)
            return
        machines = self._recent if self._waits.blamed(shape) else self.machines
        kind = next((kind for machine in machines if (kind := machine.lacks(shape)) is not None), None)
        if kind is not None:
            self._waits.blame(shape, _name(kind) if kind else HELD, self.now)

    def _count(self, pos: int) -> None:
        self._waits.task(pos, self.scheduler.counts(self._plan.run, pos), self.now)

    def _apply(self, effects: list[e.Effect]) -> None:
        given: dict[int, None] = {}
        changed: dict[int, None] = {}
        answers: list[e.Event] = []
        for effect in effects:
            if isinstance(effect, e.ItemsChanged):
                changed[effect.task] = None
            elif isinstance(effect, e.TasksChanged):
                changed.update(dict.fromkeys(effect.positions))
            elif isinstance(effect, e.AssignAttempts):
                machine = self._by_name[effect.agent]
                for id in effect.items:
                    shape = self._shapes[id.task]
                    machine.waiting.setdefault(shape, deque()).append((id, self.now))
                given[machine.index] = None
            elif isinstance(effect, e.StopAttempts):
                answers += self._stop(self._by_name[effect.agent], effect)
            elif isinstance(effect, e.DecideTask):
                count = self._plan.tasks[effect.task].count
                answers.append(
                    e.TaskDecided(effect.run, effect.task, self._fan_out(effect.task) if count is None else count)
                )
            elif isinstance(effect, e.WelcomeAgent):
                self._by_name[effect.agent].epoch = effect.epoch
            elif isinstance(effect, e.RunChanged):
                self._state, self._over = effect.state, effect.ended is not None
        for pos in changed:
            self._count(pos)
        for index in given:
            self._start(self.machines[index])
        for answer in answers:
            self._apply(self.scheduler.handle(answer, self.now))

    def _start(self, machine: Machine) -> None:
        """Start what fits, the oldest of each shape first, and say so."""
        started: list[tuple[AttemptId, float]] = []
        free = machine.free
        for shape, queue in list(machine.waiting.items()):
            while queue and (shape.strict or shape.lanes(free, 1)):
                id, came = queue.popleft()
                machine.take(shape, id, self.now)
                self._waits.add("sent ahead", self.now - came)
                started.append((id, self.now))
                span, outcome = self._duration(id.task, id.item), Outcome.OK
                timeout = self._plan.tasks[id.task].timeout
                if timeout is not None and span > timeout:
                    span, outcome = timeout, Outcome.TIMEOUT
                self._seq += 1
                heapq.heappush(self._ends, (self.now + span, self._seq, machine.index, id, outcome))
            if not queue:
                del machine.waiting[shape]
        if started:
            self._touched[machine.index] = None
            event = e.AttemptsStarted(machine.lanes.agent.name, machine.epoch, started)
            self._apply(self.scheduler.handle(event, self.now))

    def _stop(self, machine: Machine, effect: e.StopAttempts) -> list[e.Event]:
        """What waits is given back; what runs goes on if only waiting ones were asked for."""
        wanted = set(effect.items)
        rejected: list[AttemptId] = []
        for queue in machine.waiting.values():
            rejected += [id for id, _ in queue if id in wanted]
        for shape, queue in list(machine.waiting.items()):
            machine.waiting[shape] = deque(entry for entry in queue if entry[0] not in wanted)
            if not machine.waiting[shape]:
                del machine.waiting[shape]
        name = machine.lanes.agent.name
        answers: list[e.Event] = [e.AttemptsRejected(name, machine.epoch, rejected)] if rejected else []
        if not effect.if_waiting:
            ended: dict[int, list[ExitFact]] = {}
            for id in effect.items:
                if id in machine.running:
                    self._finish(machine, id, Outcome.STOPPED, ended)
            answers += [e.AttemptsExited(name, machine.epoch, facts) for facts in ended.values()]
        return answers


def simulate(
    plan: e.RunPlan,
    agents: Sequence[VirtualAgent],
    duration: Callable[[int, int], float],
    *,
    fan_out: Callable[[int], int] = lambda position: 1,
    config: Config = QUIET,
) -> Result:
    """Run the plan to its end. `duration(task position, item)` and `fan_out(task position)` say what is not known."""
    simulation = Simulation(plan, agents, duration, fan_out=fan_out, config=config)
    while simulation.step():
        pass
    return simulation.result()


def _name(kind: str) -> str:
    return kind.removeprefix("named:")
