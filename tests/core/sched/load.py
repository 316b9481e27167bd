"""Agents that do their work by heart: each attempt takes as long as its task is said to, on virtual time.

Far smaller than the World (nothing is lost, late or ill), so that thousands of placements fit into one example.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable

from windlass.model.graph import Resources
from windlass.sched import Config, Scheduler
from windlass.sched import events as e
from windlass.sched.events import AttemptId
from windlass.sched.states import ItemState, Outcome


class Load:
    def __init__(self, config: Config, agents: list[Resources]) -> None:
        self.scheduler = Scheduler(config)
        self.now = 1000.0
        self.owner: dict[int, str] = {}
        self.tasks: dict[int, tuple[e.TaskPlan, ...]] = {}
        self.took: dict[tuple[int, int], float] = {}
        """(run, task) -> seconds an attempt of it takes."""
        self.begun: list[tuple[float, str, AttemptId]] = []
        self.held: dict[str, dict[str, float]] = {}
        """Owner -> kind -> amount of what its attempts hold now."""
        self.fresh: list[tuple[str, AttemptId]] = []
        """Begun by the last plan."""
        self.after_plan: Callable[[], None] = lambda: None
        self._ends: list[tuple[float, int, str, int, AttemptId]] = []
        self._epoch: dict[str, int] = {}
        for number, resources in enumerate(agents):
            self.do(e.AgentHello(f"a{number}", resources, {}, 0))

    def submit(self, owner: str, *tasks: e.TaskPlan, took: float = 1.0, priority: int = 0) -> int:
        run = len(self.owner) + 1
        self.owner[run] = owner
        self.tasks[run] = tasks
        self.took.update({(run, pos): took for pos in range(len(tasks))})
        self.do(e.RunSubmitted(e.RunPlan(run, owner, priority, self.now, tasks)))
        return run

    def do(self, *events: e.Event) -> None:
        """A turn: take these in, then plan."""
        effects = [effect for event in events for effect in self.scheduler.handle(event, self.now)]
        effects += self.scheduler.plan(self.now)
        self.fresh = []
        for effect in effects:
            if isinstance(effect, e.WelcomeAgent):
                self._epoch[effect.agent] = effect.epoch
            elif isinstance(effect, e.AssignAttempts):
                for id in effect.items:
                    self._begin(effect.agent, id)
        self.after_plan()

    def _begin(self, agent: str, id: AttemptId) -> None:
        self.begun.append((self.now, agent, id))
        self.fresh.append((agent, id))
        self._hold(id, 1)
        took = self.took[id.run, id.task]
        heapq.heappush(self._ends, (self.now + took, len(self.begun), agent, self._epoch[agent], id))

    def _hold(self, id: AttemptId, sign: int) -> None:
        asks = self.tasks[id.run][id.task].resources
        held = self.held.setdefault(self.owner[id.run], {})
        for kind, amount in (("cpus", asks.cpus), ("memory", asks.memory)):
            held[kind] = held.get(kind, 0) + sign * amount

    def step(self) -> bool:
        """Until the next attempts end, or what the scheduler waits for; False: nothing will happen any more."""
        due = self.scheduler.next_deadline()
        if not self._ends:
            return False
        if due is not None and due < self._ends[0][0]:
            self.now = max(self.now, due)
            self.do(e.Tick())
            return True
        self.now = self._ends[0][0]
        events: list[e.Event] = []
        while self._ends and self._ends[0][0] == self.now:
            _, _, agent, epoch, id = heapq.heappop(self._ends)
            self._hold(id, -1)
            start = self.now - self.took[id.run, id.task]
            events.append(e.AttemptsExited(agent, epoch, [e.ExitFact(id, Outcome.OK, 0, start, self.now)]))
        self.do(*(e.AgentHeard(agent) for agent in self._epoch), *events)
        return True

    def run(self, until: float) -> None:
        """So many seconds from now."""
        end = self.now + until
        while self._ends and self._ends[0][0] <= end and self.step():
            pass
        self.now = max(self.now, end)

    def ready(self) -> list[tuple[int, int]]:
        """(run, task) of all that could begin."""
        return [
            (run, pos)
            for run, tasks in self.tasks.items()
            for pos in range(len(tasks))
            if self.scheduler.counts(run, pos)[ItemState.READY]
        ]
