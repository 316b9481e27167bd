"""Hypothesis: events in any order, also foolish ones; the invariants hold after each, and all ends in the end."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from tests.depth import examples
from turns import Bench

from windlass.model.graph import Resources, RetryPolicy
from windlass.sched import Config
from windlass.sched import events as e
from windlass.sched.events import AttemptId, Scope, TaskPlan
from windlass.sched.states import AgentState, Outcome

AGENTS = ("a", "b", "c")
RETRY = RetryPolicy(max=2, backoff=0.5)
GRAPHS = (
    (TaskPlan("one", count=5, retries=RETRY),),
    (
        TaskPlan("a", count=3, retries=RETRY),
        TaskPlan("b", needs=((0, True),), count=3, timeout=3.0),
        TaskPlan("c", needs=((1, False),), count=None),
        TaskPlan("d", needs=((2, False), (0, False)), ask=True, count=2),
    ),
    (
        TaskPlan("wide", count=4, resources=Resources(cpus=2), continue_on_error=True),
        TaskPlan("small", count=4, resources=Resources(cpus=0.5), priority=1),
        TaskPlan("both", needs=((0, True), (1, True)), count=4),
        TaskPlan("open", count=0, open=True),
        TaskPlan("after", needs=((3, False),)),
    ),
    (
        # Single tasks that are alike: crowds (`crowds.py`), in two layers.
        *(TaskPlan(f"first{place}", retries=RETRY, timeout=3.0) for place in range(3)),
        *(TaskPlan(f"then{place}", needs=((place, False), ((place + 1) % 3, False))) for place in range(3)),
    ),
)


class AnyOrder(RuleBasedStateMachine):
    @initialize()
    def begin(self) -> None:
        self.bench = Bench(Config(crash_limit=2, timeout_slack=1.0, silent_assign=9.0, reserve_after=2.0))
        self.runs = 0
        self.ever: set[AttemptId] = set()
        self.accepted: set[AttemptId] = set()

    def do(self, event: e.Event) -> None:
        self.note(self.bench.do(event))

    def note(self, effects: list[e.Effect]) -> None:
        for effect in effects:
            if isinstance(effect, e.AssignAttempts):
                assert not self.ever & set(effect.items), "given twice"
                self.ever |= set(effect.items)
            elif isinstance(effect, e.AcceptExits):
                assert not self.accepted & set(effect.items), "accepted twice"
                self.accepted |= set(effect.items)

    def live(self, pick: int) -> tuple[AttemptId, str] | None:
        views = self.bench.scheduler.live()
        return (views[pick % len(views)].id, views[pick % len(views)].agent) if views else None

    @rule(graph=st.sampled_from(GRAPHS), owner=st.sampled_from(["x", "y"]), priority=st.integers(-1, 1))
    def submit(self, graph: tuple[TaskPlan, ...], owner: str, priority: int) -> None:
        if self.runs < 3:
            self.runs += 1
            self.do(e.RunSubmitted(e.RunPlan(self.runs, owner, priority, self.bench.now, graph)))

    @rule(name=st.sampled_from(AGENTS), cpus=st.integers(1, 4), forget=st.integers(0, 3), fresh=st.booleans())
    def hello(self, name: str, cpus: int, forget: int, fresh: bool) -> None:
        known = name in self.bench.scheduler.agents()
        held = [view.id for view in self.bench.scheduler.live(name)][forget:] if known else []
        kinds = ["running", "waiting", "exited"]
        epoch = self.bench.scheduler.agent_view(name).epoch if known and not fresh else 0
        self.do(
            e.AgentHello(
                name, Resources(cpus=cpus), {}, epoch, tuple((id, kinds[n % 3]) for n, id in enumerate(held))
            )
        )  # fmt: skip

    @rule(pick=st.integers(0, 50), outcome=st.sampled_from(list(Outcome)), took=st.sampled_from([0.001, 2.0]))
    def exit(self, pick: int, outcome: Outcome, took: float) -> None:
        if found := self.live(pick):
            id, agent = found
            epoch = self.bench.scheduler.agent_view(agent).epoch
            fact = e.ExitFact(id, outcome, 0 if outcome is Outcome.OK else 1, self.bench.now - took, self.bench.now)
            self.do(e.AttemptsExited(agent, epoch, [fact, fact]))

    @rule()
    def exit_all(self) -> None:
        for name in self.bench.scheduler.agents():
            facts = [e.ExitFact(v.id, Outcome.OK, 0, 1.0, 1.001) for v in self.bench.scheduler.live(name)]
            self.do(e.AttemptsExited(name, self.bench.scheduler.agent_view(name).epoch, facts))

    @rule(late=st.booleans(), twice=st.booleans())
    def succeed_in_columns(self, late: bool, twice: bool) -> None:
        for name in self.bench.scheduler.agents():
            epoch = self.bench.scheduler.agent_view(name).epoch - late
            by_task: dict[tuple[int, int], list[AttemptId]] = {}
            for view in self.bench.scheduler.live(name):
                by_task.setdefault(view.id[:2], []).append(view.id)
            for (run, task), ids in by_task.items():
                ids = ids + ids[:1] if twice else ids
                items, numbers = [id.item for id in ids], [id.attempt for id in ids]
                times = [1.0] * len(ids)
                self.do(e.AttemptsSucceeded(name, epoch, run, task, items, numbers, times, times))

    @rule(pick=st.integers(0, 50), reject=st.booleans())
    def begin_or_reject(self, pick: int, reject: bool) -> None:
        if found := self.live(pick):
            id, agent = found
            epoch = self.bench.scheduler.agent_view(agent).epoch
            if reject:
                self.do(e.AttemptsRejected(agent, epoch, [id]))
            else:
                self.do(e.AttemptsStarted(agent, epoch, [(id, self.bench.now)]))

    @rule(
        name=st.sampled_from(AGENTS),
        what=st.sampled_from(["heard", "deaf", "lost", "left", "drain", "undrain", "removed"]),
    )
    def agent(self, name: str, what: str) -> None:
        made: dict[str, e.Event] = {
            "heard": e.AgentHeard(name),
            "deaf": e.CoreDeaf(3.0),
            "lost": e.AgentLinkLost(name),
            "left": e.AgentLeft(name, "bye"),
            "drain": e.AgentDrain(name, True),
            "undrain": e.AgentDrain(name, False),
            "removed": e.AgentRemoved(name),
        }
        self.do(made[what])

    @rule(run=st.integers(1, 3), task=st.integers(0, 5), count=st.integers(0, 5), skip=st.sampled_from(["", "no"]))
    def decide(self, run: int, task: int, count: int, skip: str) -> None:
        self.do(e.TaskDecided(run, task, count, skip))

    @rule(run=st.integers(1, 3), close=st.booleans())
    def grow(self, run: int, close: bool) -> None:
        self.do(e.TaskClosed(run, 3) if close else e.ItemsAppended(run, 3, 2))

    @rule(
        run=st.integers(1, 3),
        task=st.none() | st.integers(0, 5),
        item=st.none() | st.integers(0, 5),
        what=st.sampled_from(["cancel", "retry", "downstream", "pause", "resume", "up", "delete"]),
    )
    def person(self, run: int, task: int | None, item: int | None, what: str) -> None:
        scope = Scope(run, task, item if task is not None else None)
        made: dict[str, e.Event] = {
            "cancel": e.CancelRequested(scope),
            "retry": e.RetryRequested(scope),
            "downstream": e.RetryRequested(scope, downstream=True),
            "pause": e.PauseRequested(run, True),
            "resume": e.PauseRequested(run, False),
            "up": e.PriorityChanged(run, 4),
            "delete": e.RunDeleted(run),
        }
        self.do(made[what])

    @rule(
        run=st.integers(1, 3),
        picks=st.lists(
            st.tuples(st.integers(0, 6), st.none() | st.sampled_from([((0, 1),), ((0, 2), (3, 9)), ((4, 5),)])),
            min_size=1,
            max_size=3,
        ),
        what=st.sampled_from(["cancel", "retry", "downstream"]),
        upstream=st.booleans(),
        only_failed=st.booleans(),
    )
    def person_picks(self, run: int, picks: list[Any], what: str, upstream: bool, only_failed: bool) -> None:
        scope = Scope(run, picks=tuple(picks))
        retry = e.RetryRequested(scope, what == "downstream", upstream, only_failed)
        event = e.CancelRequested(scope) if what == "cancel" else retry
        before = self.bench.scheduler.chosen(event)
        assert sum(hi - lo for spans in before.values() for lo, hi in spans) == self.bench.scheduler.touched(event)
        assert all(lo < hi for spans in before.values() for lo, hi in spans) or what == "cancel"
        self.do(event)

    @rule(
        run=st.integers(1, 3),
        task=st.integers(0, 5),
        cpus=st.sampled_from([0.5, 1.0, 2.0]),
        where=st.sampled_from([(), ("os == linux",)]),
        forgiving=st.booleans(),
        limit=st.none() | st.just(3.0),
    )
    def amend(
        self, run: int, task: int, cpus: float, where: tuple[str, ...], forgiving: bool, limit: float | None
    ) -> None:
        plan = TaskPlan("new", resources=Resources(cpus=cpus), where=where, continue_on_error=forgiving, timeout=limit)
        self.do(e.TaskAmended(run, task, plan))

    @rule(seconds=st.sampled_from([0.3, 2.0, 6.0, 16.0]))
    def wait(self, seconds: float) -> None:
        self.note(self.bench.wait(seconds))

    @invariant()
    def ended_runs_are_reported_so(self) -> None:
        if hasattr(self, "bench"):
            for run in self.bench.scheduler.runs():
                view = self.bench.scheduler.run_view(run)
                assert (view.ended is not None) == (sum(view.counts[:4]) == 0 and self._complete(run))

    def _complete(self, run: int) -> bool:
        tasks = self.bench.scheduler._book.runs[run].tasks
        return all(self.bench.scheduler.task_view(run, pos).complete for pos in range(len(tasks)))

    def teardown(self) -> None:
        """Whatever happened: with sound agents and nobody meddling, all runs end."""
        if not hasattr(self, "bench"):
            return
        for run in self.bench.scheduler.runs():
            self.do(e.PauseRequested(run, False))
            self.do(e.TaskClosed(run, 3))
            for task in range(len(self.bench.scheduler._book.runs[run].tasks)):
                self.do(e.TaskAmended(run, task, TaskPlan("free")))
        for _ in range(60):
            if not self.bench.scheduler.live() and all(
                self.bench.scheduler.run_view(run).ended is not None for run in self.bench.scheduler.runs()
            ):
                break
            for name in AGENTS:
                known = name in self.bench.scheduler.agents()
                if not known or self.bench.scheduler.agent_view(name).state is not AgentState.UP:
                    self.do(e.AgentHello(name, Resources(cpus=4), {}, 0))
                self.do(e.AgentDrain(name, False))
            for run in self.bench.scheduler.runs():
                for task in range(len(self.bench.scheduler._book.runs[run].tasks)):
                    self.do(e.TaskDecided(run, task, 2))
            self.exit_all()
            self.note(self.bench.wait(2.0))
        for run in self.bench.scheduler.runs():
            assert self.bench.scheduler.run_view(run).ended is not None, self.bench.scheduler._book.runs[run].tasks
        assert not self.bench.scheduler.live()


AnyOrder.TestCase.settings = settings(
    max_examples=examples(60), stateful_step_count=40, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)  # fmt: skip
TestAnyOrder = AnyOrder.TestCase
