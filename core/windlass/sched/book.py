"""All that the scheduler knows, with what every rule needs: effects on their way out, timers, work still to look at."""

from __future__ import annotations

import heapq
from collections import deque
from typing import NamedTuple

from msgspec.structs import replace

from windlass.sched.agents import Agent
from windlass.sched.backfill import Reservation
from windlass.sched.config import Config
from windlass.sched.crowds import Crowd
from windlass.sched.deadlines import Deadlines
from windlass.sched.events import (
    AgentChanged,
    AttemptId,
    AttemptsChanged,
    Effect,
    ItemsChanged,
    RunChanged,
    StopAttempts,
    TaskChanged,
    TaskPlan,
    TasksChanged,
    UsageChanged,
)
from windlass.sched.limits import LimitBook, Limits
from windlass.sched.order import Policy
from windlass.sched.queues import Range
from windlass.sched.shapes import Shape, ShapeKey, shape_key, traits
from windlass.sched.shares import Shares
from windlass.sched.sickness import Doubts
from windlass.sched.states import AttemptState, ItemState
from windlass.sched.story import Story
from windlass.sched.supply import Supply
from windlass.sched.tasks import Owner, RunState, TaskState

TIMERS = 10_000
"""Timers from which on those of attempts that have ended are taken out: a timeout may be days away."""


class Timer(NamedTuple):
    """What falls due; a stale one is recognised by whoever gets it."""

    time: float
    seq: int
    kind: str
    """backoff, silence, stop, timeout, recall, look, aside, usage, lessons, reserve, deadlines."""
    agent: Agent | None = None
    task: TaskState | None = None
    item: int = 0
    id: AttemptId | None = None


class Book:
    def __init__(self, config: Config) -> None:
        self.config = config
        self.now = 0.0
        self.runs: dict[int, RunState] = {}
        self.agents: dict[str, Agent] = {}
        self.owners: dict[str, Owner] = {}
        self.shapes: dict[ShapeKey, Shape] = {}
        self.limits = LimitBook(config.licences, config.groups, config.owners, config.owner)
        self.policy = Policy(config.order)
        self.shares = Shares(config.half_life, self.agents)
        self.supply = Supply(self.policy, self.agents)
        self.story = Story()
        self.timers: list[Timer] = []
        self.most_timers = TIMERS
        self.todo: deque[tuple[TaskState, int, int]] = deque()
        """Items to look at again: something that they need has changed. (task, 0, 0) looks at the task alone."""
        self.relearn: dict[RunState, None] = {}
        """Runs whose tasks take other times than their longest paths were measured with."""
        self.learned: dict[tuple[RunState, int], None] = {}
        """Tasks (by position) of which it was learned in this event that they need more memory."""
        self.lessons: dict[tuple[RunState, int], None] = {}
        """Tasks (by position) of which more is known than was written down."""
        self.fleet_moved = False
        """Agents came, went or changed, so what was learned may fit otherwise."""
        self.dirty: dict[Agent, None] = {}
        """Agents whose room changed since the last plan."""
        self.reserved: dict[Agent, Reservation] = {}
        """Agents that are kept for a large request."""
        self.deadlines = Deadlines()
        self.doubts = Doubts(config.sick_window)
        self.aside: dict[Agent, None] = {}
        """Agents that are set aside because they are sick."""
        self.back_by = 0.0
        """Agents that were there before a restart are expected back until then."""
        self.recall_scan = False
        """Time to see whether waiting attempts should move to idle agents."""
        self._recall_timer = False
        self._reserve_timer = False
        self.reserve_at = 0.0
        """When it is looked at next who has waited so long that an agent should be kept for it."""
        self.claim_at = 0.0
        """When it is looked at next who waits for a licence too long."""
        self._look_at = 0.0
        self._seq = 0
        self._out: list[Effect] = []
        self.woken: dict[TaskState, None] = {}
        """Tasks of one item that may be put away after this event."""
        self._last: dict[TaskState, ItemsChanged] = {}
        self._together: dict[Crowd, TasksChanged] = {}
        self._attempts: AttemptsChanged | None = None

    # --- effects ---------------------------------------------------------------------------------------

    def emit(self, effect: Effect) -> None:
        self._out.append(effect)

    def take(self) -> list[Effect]:
        out, self._out = self._out, []
        self._last.clear()
        self._together.clear()
        self._attempts = None
        if self.woken:
            self.cool()
        return out

    def cool(self) -> None:
        """Between events nobody but agents, queues and timers holds a task, and who is in one of these is not quiet."""
        woken, self.woken = self.woken, {}
        for task in woken:
            task.run.tasks.cool(task)

    def items(self, task: TaskState, state: ItemState, ranges: list[Range], reason: str = "") -> None:
        """Say that items entered a state; neighbours of one kind join, the order of one task's changes is kept."""
        if task.count == 1:
            self.woken[task] = None
        last = self._last.get(task)
        if last is not None and last.state is state and last.reason == reason:
            for lo, hi in ranges:
                if last.ranges and last.ranges[-1][1] == lo:
                    lo = last.ranges.pop()[0]
                last.ranges.append((lo, hi))
            return
        effect = ItemsChanged(task.run.id, task.pos, state, list(ranges), reason)
        self._last[task] = effect
        self._out.append(effect)

    def tasks_changed(self, crowd: Crowd, state: ItemState, ranges: list[Range]) -> None:
        """As `items`, of tasks that go together."""
        last = self._together.get(crowd)
        if last is not None and last.state is state:
            last.ranges.extend(ranges)
            return
        effect = self._together[crowd] = TasksChanged(crowd.run.id, state, list(ranges))
        self._out.append(effect)

    def apart(self, crowd: Crowd) -> None:
        """Somebody left it: what is said of it from now on comes after what was said so far."""
        self._together.pop(crowd, None)

    def attempts(self, state: AttemptState, agent: str, ids: list[AttemptId]) -> None:
        last = self._attempts
        if last is not None and self._out[-1] is last and last.state is state and last.agent == agent:
            last.items.extend(ids)
            return
        self._attempts = AttemptsChanged(state, agent, list(ids), self.now)
        self._out.append(self._attempts)

    def task_changed(self, task: TaskState, note: str = "") -> None:
        self._last.pop(task, None)
        self._out.append(TaskChanged(task.run.id, task.pos, task.count, task.open, task.decided, note))

    def run_changed(self, run: RunState) -> None:
        state = "paused" if run.paused and not run.over else run.state
        self._out.append(RunChanged(run.id, state, run.priority, run.ended))

    def agent_changed(self, agent: Agent, note: str = "") -> None:
        self.fleet_changed(agent)
        state = agent.state.name.lower()
        self._out.append(AgentChanged(agent.id, state, agent.draining, agent.epoch, note, agent.doubt))

    def fleet_changed(self, agent: Agent) -> None:
        self.shares.fleet_changed(agent)
        self.fleet_moved = True

    def stop(self, agent: Agent, ids: list[AttemptId], reason: str, if_waiting: bool = False) -> None:
        """One command for each lease under which they were given, because that is how the agent knows them."""
        by_epoch: dict[int, list[AttemptId]] = {}
        for id in ids:
            grant = agent.live.get(id)
            by_epoch.setdefault(agent.epoch if grant is None else grant.epoch, []).append(id)
        for epoch, group in by_epoch.items():
            self._out.append(StopAttempts(agent.id, epoch, group, reason, if_waiting))

    # --- timers ----------------------------------------------------------------------------------------

    def at(
        self,
        time: float,
        kind: str,
        agent: Agent | None = None,
        task: TaskState | None = None,
        item: int = 0,
        id: AttemptId | None = None,
    ) -> None:
        self._seq += 1
        heapq.heappush(self.timers, Timer(time, self._seq, kind, agent, task, item, id))
        if len(self.timers) > self.most_timers:
            self.timers = [timer for timer in self.timers if timer.id is None or _lives(timer)]
            heapq.heapify(self.timers)
            self.most_timers = max(TIMERS, 2 * len(self.timers))

    def recall_later(self) -> None:
        if not self._recall_timer:
            self._recall_timer = True
            self.at(self.now + self.config.recall_after, "recall")

    def recall_now(self) -> None:
        self._recall_timer = False
        self.recall_scan = True

    def reserve_later(self) -> None:
        """Work has found no room: plan again when it has waited long enough for a reservation."""
        if not self._reserve_timer:
            self._reserve_timer = True
            self.at(self.now + self.config.reserve_after, "reserve")

    def look_at_reservations(self) -> None:
        """Plan again at `reserve_at`."""
        if self._look_at != self.reserve_at:
            self._look_at = self.reserve_at
            self.at(self.reserve_at, "look")

    def reserve_now(self) -> None:
        self._reserve_timer = False

    def reserve(self, agent: Agent, shape: Shape) -> None:
        agent.reserved = self.reserved[agent] = Reservation(shape, agent, self.now)
        agent.version += 1

    def unreserve(self, agent: Agent) -> None:
        if self.reserved.pop(agent, None) is not None:
            agent.reserved = None
            agent.version += 1

    def due(self, now: float) -> Timer | None:
        if self.timers and self.timers[0].time <= now:
            return heapq.heappop(self.timers)
        return None

    # --- worklist --------------------------------------------------------------------------------------

    def look(self, task: TaskState, lo: int = 0, hi: int = 0) -> None:
        self.todo.append((task, lo, hi))

    def ended(self, task: TaskState, ranges: list[Range]) -> None:
        """Items of the task have become terminal."""
        for child in task.each_children:
            for lo, hi in ranges:
                self.todo.append((child, lo, hi))
        if not task.unfinished:
            self.todo.append((task, 0, 0))

    # --- shapes and owners -----------------------------------------------------------------------------

    def key_of(self, plan: TaskPlan, run: int, learned: int = 0) -> ShapeKey:
        """`learned`: bytes that it asks for though none are declared."""
        resources = plan.resources
        if resources.named:
            # A licence is no agent's.
            named = {name: amount for name, amount in resources.named.items() if not self.limits.is_licence(name)}
            resources = replace(resources, named=named)
        kind = traits(resources, plan.rules, run)
        if learned:
            resources, kind = replace(resources, memory=learned), kind._replace(learned=True)
        return shape_key(resources, plan.where, kind)

    def shape_of(self, plan: TaskPlan, run: int, learned: int = 0) -> Shape:
        key = self.key_of(plan, run, learned)
        shape = self.shapes.get(key)
        if shape is None:
            shape = self.shapes[key] = Shape(*key)
            self.supply.add_shape(shape)
        shape.tasks += 1
        return shape

    def give_back(self, limits: Limits, attempts: int) -> None:
        """So many attempts that took these are live no more."""
        for limit, amount in limits:
            limit.give(amount * attempts)
            if limit.parked:
                self.supply.given_back(limit)

    def drop_shape(self, shape: Shape) -> None:
        shape.tasks -= 1
        if not shape.tasks:
            del self.shapes[shape.key]
            self.supply.drop_shape(shape)

    def spent(self, task: TaskState, shape: Shape, count: int, seconds: float) -> None:
        """Attempts of the task have ended that took so long in all."""
        if self.shares.spent(task.run.owner, shape, count, seconds, self.now):
            self.at(self.now + self.config.usage_every, "usage")

    def tell_usage(self) -> None:
        """What owners have used since the last time, to be written down."""
        usage = self.shares.take_fresh(self.owners, (run.owner for run in self.runs.values()), self.now)
        if usage:
            self.emit(UsageChanged(usage))

    def tell_lessons_later(self) -> None:
        self.at(self.now + self.config.usage_every, "lessons")

    def owner(self, name: str) -> Owner:
        owner = self.owners.get(name)
        if owner is None:
            weight = self.config.weights.get(name, 1.0)
            owner = self.owners[name] = Owner(name, weight if weight > 0 else 1.0)
        return owner


def _lives(timer: Timer) -> bool:
    """Whether the attempt that it is about is live."""
    return timer.agent is not None and timer.id in timer.agent.live
