"""A scheduler with its agents' answers said by hand: what unit tests need, and nothing more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from windlass.model.graph import Resources
from windlass.sched import Config, Scheduler
from windlass.sched import events as e
from windlass.sched.events import AttemptId
from windlass.sched.invariants import check_invariants
from windlass.sched.plans import apart_of
from windlass.sched.states import ItemState, Outcome


def settled(plans: Sequence[e.TaskPlan]) -> tuple[e.TaskPlan, ...]:
    """As the server does it: both sides of `apart` say so."""
    apart = apart_of((place, plan.rules.apart) for place, plan in enumerate(plans))
    return tuple(
        replace(plan, rules=replace(plan.rules, apart=apart[place], place=place)) if place in apart else plan
        for place, plan in enumerate(plans)
    )


class Bench:
    """Every step is checked; `effects` are those of the last step."""

    def __init__(self, config: Config | None = None) -> None:
        self.scheduler = Scheduler(config)
        self.now = 100.0
        self.effects: list[e.Effect] = []
        self.doubts: dict[str, e.Doubt] = {}
        """What was told last, to be written down."""

    def do(self, event: e.Event) -> list[e.Effect]:
        """Handle, then plan, as the server's turn does."""
        self.effects = self.scheduler.handle(event, self.now)
        check_invariants(self.scheduler)
        self.effects += self.scheduler.plan(self.now)
        check_invariants(self.scheduler)
        self.doubts |= {x.agent: x.doubt for x in self.effects if isinstance(x, e.AgentChanged)}
        return self.effects

    def wait(self, seconds: float) -> list[e.Effect]:
        """Time passes, with a turn at every deadline."""
        end = self.now + seconds
        seen: list[e.Effect] = []
        while (due := self.scheduler.next_deadline()) is not None and due <= end:
            self.now = max(self.now, due)
            seen += self.do(e.Tick())
        self.now = end
        seen += self.do(e.Tick())
        self.effects = seen
        return seen

    def submit(self, *tasks: e.TaskPlan, run: int = 1, owner: str = "me", priority: int = 0) -> list[e.Effect]:
        return self.do(e.RunSubmitted(e.RunPlan(run, owner, priority, self.now, tasks)))

    def agent(
        self,
        name: str = "a",
        cpus: float = 2,
        held: tuple[tuple[AttemptId, str], ...] = (),
        epoch: int = 0,
        labels: dict[str, str] | None = None,
        **more: int,
    ) -> list[e.Effect]:
        resources = Resources(cpus=cpus, **more)
        return self.do(e.AgentHello(name, resources, labels or {}, epoch, held))

    def exit(
        self, id: AttemptId, outcome: Outcome = Outcome.OK, code: int = 0, took: float = 1.0, memory: int = 0
    ) -> list[e.Effect]:
        agent = self.scheduler.agent_of(id)
        view = self.scheduler.agent_view(agent or "a")
        fact = e.ExitFact(id, outcome, code, self.now - took, self.now, memory)
        return self.do(e.AttemptsExited(view.agent, view.epoch, [fact]))

    def fail(self, id: AttemptId, code: int = 1) -> list[e.Effect]:
        return self.exit(id, Outcome.NONZERO, code)

    def started(self, *ids: AttemptId, agent: str = "a") -> list[e.Effect]:
        epoch = self.scheduler.agent_view(agent).epoch
        return self.do(e.AttemptsStarted(agent, epoch, [(id, self.now) for id in ids]))

    # --- what was said ---------------------------------------------------------------------------------

    def assigned(self) -> list[tuple[str, AttemptId]]:
        return [(x.agent, id) for x in self.effects if isinstance(x, e.AssignAttempts) for id in x.items]

    def ids(self) -> list[AttemptId]:
        return [id for _, id in self.assigned()]

    def stops(self, if_waiting: bool = False) -> list[AttemptId]:
        found = [x for x in self.effects if isinstance(x, e.StopAttempts) and x.if_waiting is if_waiting]
        return [id for x in found for id in x.items]

    def of(self, kind: type) -> list[e.Effect]:
        return [x for x in self.effects if isinstance(x, kind)]

    def states(self, task: int = 0, run: int = 1) -> list[str]:
        return [ItemState(s).name for s in self.scheduler.states(run, task)]

    def reasons(self, task: int) -> set[str]:
        return {x.reason for x in self.effects if isinstance(x, e.ItemsChanged) and x.task == task and x.reason}
