"""Why something waits: one test for each reason, and in any state the explanation agrees with the planner."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import initialize
from scenarios import story
from test_any_order import AnyOrder
from tests.depth import examples
from turns import Bench
from world import World

from windlass.model.graph import Resources, RetryPolicy
from windlass.sched import Config, Scheduler
from windlass.sched import events as e
from windlass.sched.events import AttemptId, TaskPlan
from windlass.sched.reasons import Explanation
from windlass.sched.states import ItemState

GIB = 1 << 30


def why(bench: Bench, task: int = 0, index: int | None = None, run: int = 1) -> Explanation:
    found = bench.scheduler.why(run, task, index, bench.now, {})
    json.dumps(found.to_plain())
    return found


def texts(found: Explanation) -> dict[str, tuple[str, str]]:
    return {reason.agent: (reason.kind, reason.text) for reason in found.agents}


# --- agents ------------------------------------------------------------------------------------------------


def test_without_agents_there_is_one_reason() -> None:
    bench = Bench()
    bench.submit(TaskPlan("t"))
    assert why(bench).sentence() == bench.scheduler.why_waiting(1) == "no agent is up"
    bench.agent("a")
    bench.exit(AttemptId(1, 0, 0, 1))
    bench.submit(TaskPlan("t"), run=2)
    bench.do(e.AgentLinkLost("a"))
    bench.wait(20)
    assert why(bench, run=2).sentence() == bench.scheduler.why_waiting(2) == "no agent is up: 1 is down"


def test_the_sentence_of_the_issue() -> None:
    bench = Bench(Config(prefetch_max=0))
    asks = Resources(cpus=1, gpus=1, memory=4 * GIB)
    for name in "abc":
        bench.agent(name, cpus=1, gpus=1, memory=8 * GIB)
    bench.submit(TaskPlan("long", count=218, resources=asks), run=12)
    bench.exit(AttemptId(12, 0, 0, 1), took=2.5)
    for name in "de":
        bench.agent(name, cpus=1, memory=8 * GIB)
        bench.agent(name * 2, cpus=1, gpus=1, memory=1 * GIB)
    bench.agent("f", cpus=2)
    bench.do(e.AgentDrain("f", True))
    bench.submit(TaskPlan("t", resources=asks), run=13)
    found = why(bench, run=13)
    words = "can run on 3 of 8 agents: 2 lack a GPU, 2 lack 4 GiB, 1 drains; 214 items of run 12 ahead; about 3 min"
    assert found.sentence() == words
    assert texts(found)["d"] == ("lacks", "lacks a GPU: asks a GPU, it has none")
    assert texts(found)["dd"] == ("lacks", "lacks 4 GiB: asks 4 GiB, it has 1 GiB")
    assert texts(found)["f"] == ("drains", "drains: it gets nothing new")
    assert texts(found)["a"][1].startswith("busy: asks 1 CPU, none free")
    plain = found.to_plain()
    assert (plain["able"], plain["agents_known"], plain["ahead"]) == (3, 8, [{"run": 12, "items": 214}])
    assert sum(group["agents"] for group in plain["groups"]) == 8


def test_a_constraint_tells_the_label_and_its_value() -> None:
    bench = Bench()
    bench.agent("a", labels={"os": "linux"})
    bench.agent("b")
    bench.submit(TaskPlan("t", where=("os == windows",)))
    found = why(bench)
    assert (found.cause, found.able) == ("nowhere", 0)
    assert texts(found)["a"] == ("label", "'os == windows' does not hold: os is linux")
    assert texts(found)["b"] == ("label", "'os == windows' does not hold: no os")
    assert found.sentence() == "can run on none of 2 agents: 2 are not 'os == windows'"
    assert bench.scheduler.why_waiting(1) == f"t {found.sentence()}"


def test_an_agent_kept_for_a_large_request_says_so() -> None:
    bench = Bench(Config(reserve_after=1.0, prefetch_max=0))
    bench.agent("a", cpus=2)
    bench.submit(TaskPlan("small", count=2, resources=Resources(cpus=1)))
    bench.submit(TaskPlan("large", resources=Resources(cpus=2), priority=1), run=2)
    bench.wait(2.0)
    bench.submit(TaskPlan("more", resources=Resources(cpus=1)), run=3)
    bench.exit(AttemptId(1, 0, 0, 1))
    assert texts(why(bench, run=3))["a"] == ("kept", "is kept for a large request")
    assert why(bench, run=3).ahead == ((2, 1),)
    assert why(bench, run=2).sentence().startswith("can run on the only agent; 1 is busy")


def test_a_retry_rather_goes_elsewhere_and_an_agent_may_be_set_aside() -> None:
    bench = Bench(Config(prefetch_max=0))
    bench.agent("a", cpus=1)
    bench.agent("b", cpus=1)
    bench.submit(TaskPlan("t", count=2, retries=RetryPolicy(max=2, backoff=2.0)))
    first = bench.ids()[0]
    bench.fail(first)
    assert why(bench, index=first.item).sentence() == "failed and tries again in 2 s"
    bench.wait(2.0)
    failed_on = "a" if bench.scheduler.agent_of(AttemptId(1, 0, 1, 1)) == "b" else "b"
    found = why(bench, index=first.item)
    assert texts(found)[failed_on] == ("avoided", "failed it before; for 30 s another agent is preferred")
    assert found.sentence().startswith("can run on all 2 agents; 1 has failed it before, 1 is busy")
    held = AttemptId(1, 0, 1, 1)
    other = bench.scheduler.agent_of(held) or ""
    bench.do(e.AttemptsRejected(other, bench.scheduler.agent_view(other).epoch, [held]))
    assert texts(why(bench, index=first.item))[other][0] in ("aside", "busy")


# --- before it is ready ------------------------------------------------------------------------------------


def test_needs_are_named_down_to_where_they_begin() -> None:
    bench = Bench()
    bench.submit(
        TaskPlan("split", count=3, resources=Resources(gpus=1)),
        TaskPlan("each", needs=((0, True),), count=3),
        TaskPlan("last", needs=((1, False),)),
        TaskPlan("fan", needs=((2, False),), count=None),
    )
    assert why(bench, 1, 2).needs[0].words() == "split[2] (ready)"
    found = why(bench, 2, 0)
    assert found.sentence() == "waits for each (3 of 3 items left); split no agent is up"
    assert why(bench, 3).sentence() == "waits for last; split no agent is up"
    bench.do(e.PauseRequested(1, True))
    assert why(bench).sentence() == "run 1 is paused"
    assert why(bench, 2).sentence() == "waits for each (3 of 3 items left); run 1 is paused; split run 1 is paused"


def test_decisions_open_tasks_and_old_attempts() -> None:
    bench = Bench()
    bench.agent("a", cpus=1)
    bench.submit(TaskPlan("ask", ask=True), TaskPlan("open", count=0, open=True))
    assert why(bench).sentence() == "waits for the decision whether it runs and how many items it has"
    assert why(bench, 1).sentence() == "waits for items: none is left, more may be added"
    bench.submit(TaskPlan("t"), run=2)
    assert why(bench, index=0, run=2).sentence() == "is on a, which begins it when there is room"
    bench.started(AttemptId(2, 0, 0, 1))
    assert why(bench, index=0, run=2).sentence() == "runs on a"
    bench.do(e.CancelRequested(e.Scope(2)))
    assert why(bench, index=0, run=2).sentence() == "does not wait: cancelled"
    bench.do(e.RetryRequested(e.Scope(2)))
    assert why(bench, index=0, run=2).sentence() == "waits until its attempt before has stopped on a"


# --- agreement with the planner ----------------------------------------------------------------------------


def check_next_plan(scheduler: Scheduler, now: float) -> list[tuple[Explanation, Explanation]]:
    """Explain all that waits (of each task a few items); what it means is asked after the plan by `agrees`."""
    found = []
    for run in scheduler.runs():
        for task in range(len(scheduler._book.runs[run].tasks)):
            whole = scheduler.why(run, task, None, now, {})
            assert whole.sentence()
            assert json.dumps(whole.to_plain())
            for index in range(min(len(scheduler.states(run, task)), 6)):
                found.append((whole, scheduler.why(run, task, index, now, {})))
                assert found[-1][1].sentence()
    return found


def agrees(scheduler: Scheduler, found: list[tuple[Explanation, Explanation]], now: float) -> None:
    owners = {view.owner for view in map(scheduler.run_view, scheduler.runs()) if not view.ended}
    for _, why in found:
        if why.state != "ready" or why.index is None:
            continue
        state = scheduler.state(why.run, why.task, why.index)
        if why.cause == "next" and len(owners) == 1:
            assert state == ItemState.ACTIVE, why
        if state != ItemState.ACTIVE:
            continue
        number = scheduler.attempt_number(why.run, why.task, why.index)
        name = scheduler.agent_of(AttemptId(why.run, why.task, why.index, number))
        (reason,) = [reason for reason in why.agents if reason.agent == name]
        # Sent ahead to an agent that is busy with its like, or placed where there is room.
        assert reason.kind in ("free", "busy"), why
        assert why.cause not in ("nowhere", "paused"), why


class ExplainingBench(Bench):
    def do(self, event: e.Event) -> list[e.Effect]:
        before = self.scheduler.handle(event, self.now)
        due = self.now if self.scheduler._book.relearn else self.scheduler.next_deadline()  # it orders anew, too
        found = check_next_plan(self.scheduler, self.now)
        after = self.scheduler.plan(self.now)
        if due is None or due > self.now:
            agrees(self.scheduler, found, self.now)
        self.effects = before + after
        return self.effects


class Explained(AnyOrder):
    @initialize()
    def begin(self) -> None:
        super().begin()
        self.bench = ExplainingBench(self.bench.scheduler._book.config)


Explained.TestCase.settings = settings(
    max_examples=examples(25), stateful_step_count=30, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)  # fmt: skip
TestExplained = pytest.mark.slow(Explained.TestCase)


class ExplainingWorld(World):
    def turn(self) -> None:
        found = check_next_plan(self.scheduler, self.now) if self.core_up and self.steps % 10 == 0 else []
        due = self.now if self.scheduler._book.relearn else self.scheduler.next_deadline()
        super().turn()
        if self.core_up and (due is None or due > self.now):
            agrees(self.scheduler, found, self.now)


def test_the_explanation_agrees_with_the_planner_in_the_world() -> None:
    world = story(3)
    world.__class__ = ExplainingWorld
    world.run()
    world.audit()
