"""What the World's core has made durable, checking on the way that the effects tell a legal story."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any

from windlass.model.graph import Gpu, Resources
from windlass.sched import events as e
from windlass.sched.events import AttemptId
from windlass.sched.states import ITEM_TRANSITIONS, TERMINAL, AttemptState, ItemState, Outcome


@dataclass
class StoredTask:
    count: int | None
    open: bool
    decided: bool
    states: bytearray
    attempts: dict[int, int] = field(default_factory=dict)
    failures: dict[int, int] = field(default_factory=dict)
    crashes: dict[int, int] = field(default_factory=dict)
    lost: list[tuple[int, int, str]] = field(default_factory=list)


class Store:
    """What the core has made durable; it also checks that the effects tell a legal story."""

    def __init__(self) -> None:
        self.plans: dict[int, e.RunPlan] = {}
        self.state: dict[int, str] = {}
        self.tasks: dict[tuple[int, int], StoredTask] = {}
        self.agents: dict[str, tuple[int, bool, Resources, dict[str, str], tuple[Gpu, ...]]] = {}
        self.live: dict[AttemptId, tuple[str, AttemptState]] = {}
        self.ever: set[AttemptId] = set()
        self.committed: dict[tuple[int, int, int], Any] = {}
        self.usage: dict[str, e.OwnerUsage] = {}
        self.lessons: dict[tuple[int, int], e.Lesson] = {}
        self.doubts: dict[str, e.Doubt] = {}
        self.commits: Counter[AttemptId] = Counter()

    def submit(self, plan: e.RunPlan) -> None:
        self.plans[plan.run] = plan
        self.state[plan.run] = "running"
        for pos, task in enumerate(plan.tasks):
            decided = not task.ask and task.count is not None
            self.tasks[plan.run, pos] = StoredTask(task.count, task.open, decided, bytearray(task.count or 0))

    def amend(self, run: int, task: int, **changes: Any) -> e.TaskPlan:
        tasks = list(self.plans[run].tasks)
        tasks[task] = replace(tasks[task], **changes)
        self.plans[run] = replace(self.plans[run], tasks=tuple(tasks))
        return tasks[task]

    def apply(self, effect: e.Effect, facts: dict[AttemptId, tuple[e.ExitFact, Any]]) -> None:
        if isinstance(effect, e.TasksChanged):
            for one in effect.apart():
                self.apply(one, facts)
        elif isinstance(effect, e.ItemsChanged):
            task = self.tasks[effect.run, effect.task]
            for lo, hi in effect.ranges:
                for item in range(lo, hi):
                    old = ItemState(task.states[item])
                    assert effect.state in ITEM_TRANSITIONS[old], f"told {old.name} -> {effect.state.name} of {item}"
                    task.states[item] = effect.state
                    if effect.state is ItemState.PENDING:
                        task.failures.pop(item, None)
                        task.crashes.pop(item, None)
                        task.lost = [loss for loss in task.lost if loss[0] != item]
                        self.committed.pop((effect.run, effect.task, item), None)
        elif isinstance(effect, e.TaskChanged):
            task = self.tasks[effect.run, effect.task]
            task.count, task.open, task.decided = effect.count, effect.open, effect.decided
            size = effect.count or 0
            task.states = task.states[:size] + bytes(max(0, size - len(task.states)))
        elif isinstance(effect, e.RunChanged):
            self.state[effect.run] = effect.state
        elif isinstance(effect, e.LossesForgiven):
            for id in effect.items:
                task = self.tasks[id.run, id.task]
                assert (id.item, id.attempt, effect.agent) in task.lost, f"{id} is forgiven, but was not lost"
                task.lost.remove((id.item, id.attempt, effect.agent))
                task.crashes[id.item] -= 1
        elif isinstance(effect, e.UsageChanged):
            self.usage.update({used.owner: used for used in effect.owners})
        elif isinstance(effect, e.AgentChanged):
            self.doubts[effect.agent] = effect.doubt
        elif isinstance(effect, e.LessonsLearned):
            self.lessons.update({lesson[:2]: lesson for lesson in effect.lessons})
        elif isinstance(effect, e.AttemptsChanged):
            self._attempts(effect)
        elif isinstance(effect, e.AcceptExits):
            for id in effect.items:
                assert self.live.pop(id, (None,))[0] == effect.agent, f"{id} accepted, but not live on {effect.agent}"
                fact, payload = facts[id]
                task = self.tasks[id.run, id.task]
                if fact.outcome is Outcome.OK:
                    self.commits[id] += 1
                    self.committed[id[:3]] = payload
                elif fact.outcome is Outcome.CRASHED:
                    task.crashes[id.item] = task.crashes.get(id.item, 0) + 1
                elif fact.outcome is not Outcome.STOPPED:
                    task.failures[id.item] = task.failures.get(id.item, 0) + 1

    def _attempts(self, effect: e.AttemptsChanged) -> None:
        for id in effect.items:
            task = self.tasks[id.run, id.task]
            if effect.state is AttemptState.ASSIGNED:
                assert id not in self.ever, f"{id} was given twice"
                assert id.attempt > task.attempts.get(id.item, 0), f"{id} does not rise"
                self.ever.add(id)
                task.attempts[id.item] = id.attempt
                self.live[id] = (effect.agent, AttemptState.ASSIGNED)
            elif effect.state is AttemptState.RUNNING:
                self.live[id] = (effect.agent, AttemptState.RUNNING)
            else:
                assert self.live.pop(id, None) is not None, f"{id} {effect.state.name}, but not live"
                if effect.state is AttemptState.LOST:
                    task.crashes[id.item] = task.crashes.get(id.item, 0) + 1
                    task.lost.append((id.item, id.attempt, effect.agent))

    def restored(self) -> tuple[list[e.RestoredRun], list[e.RestoredAgent]]:
        runs = []
        busy = {id[:3] for id in self.live}
        for (run, pos), task in self.tasks.items():
            for item, state in enumerate(task.states):
                if state in TERMINAL:
                    continue
                if (run, pos, item) in busy:
                    task.states[item] = ItemState.ACTIVE
                elif state != ItemState.BACKOFF:
                    task.states[item] = ItemState.PENDING
        for run, plan in self.plans.items():
            if self.state[run] == "deleted":
                continue
            tasks = [
                e.RestoredTask(t.count, t.open, t.decided, bytearray(t.states), dict(t.attempts), dict(t.failures),
                               dict(t.crashes), list(t.lost))
                for t in (self.tasks[run, pos] for pos in range(len(plan.tasks)))
            ]  # fmt: skip
            lessons = [lesson for lesson in self.lessons.values() if lesson.run == run]
            runs.append(e.RestoredRun(plan, self.state[run], tasks, lessons))
        agents = []
        for name, (epoch, draining, resources, labels, gpus) in self.agents.items():
            live = [(id, state) for id, (where, state) in self.live.items() if where == name]
            agents.append(
                e.RestoredAgent(name, epoch, draining, resources, labels, live, gpus, self.doubts.get(name, e.NO_DOUBT))
            )
        return runs, agents
