"""Sick agents: who is set aside, for how long, and that the work's own faults never count against an agent."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scenarios import PATIENT
from tests.depth import examples
from turns import Bench
from world import Behaviour, Faults, World

from windlass.model.graph import Resources, RetryPolicy
from windlass.sched import Config, sickness
from windlass.sched import events as e
from windlass.sched.events import AttemptId, TaskPlan
from windlass.sched.sickness import Doubts
from windlass.sched.states import AgentState, Outcome

QUICK = RetryPolicy(max=20, backoff=0.0)


def two_agents(count: int = 20, **config: float) -> Bench:
    bench = Bench(Config(**config))  # type: ignore[arg-type]
    bench.agent("bad", cpus=1)
    bench.agent("good", cpus=1)
    bench.submit(TaskPlan("t", count=count, retries=QUICK))
    return bench


def work(bench: Bench, steps: int, bad: str = "bad", outcome: Outcome = Outcome.NONZERO) -> None:
    """Whatever is live ends a second later: badly on `bad`, well elsewhere."""
    for _ in range(steps):
        bench.wait(1.0)
        for name in ("bad", "good"):
            bench.do(e.AgentHeard(name))
        for view in bench.scheduler.live():
            bench.exit(view.id, outcome if view.agent == bad else Outcome.OK)


def aside(bench: Bench, name: str = "bad") -> float | None:
    return bench.scheduler.agent_view(name).aside_until


def sit_out(bench: Bench, until: float | None) -> None:
    """Both agents are heard, and do nothing, until the time of one that is set aside is over."""
    while bench.now < (until or 0.0) + 0.5:
        bench.wait(0.5)
        for name in ("bad", "good"):
            bench.do(e.AgentHeard(name))


def test_different_items_that_fail_on_one_agent_set_it_aside() -> None:
    bench = two_agents()
    work(bench, 6)
    view = bench.scheduler.agent_view("bad")
    assert view.aside == "3 different items failed there and succeeded elsewhere"
    assert not bench.scheduler.live("bad")
    reasons = bench.scheduler.why(1, 0, None, bench.now, {}).agents
    text = next(reason.text for reason in reasons if reason.agent == "bad")
    assert text.startswith("is set aside: 3 different items failed there and succeeded elsewhere; back in ")
    work(bench, 40)
    assert set(bench.states()) == {"SUCCEEDED"}


def test_it_comes_back_on_probation_and_goes_for_twice_as_long() -> None:
    bench = two_agents(count=2000)
    work(bench, 6)
    first = aside(bench)
    assert first is not None
    work(bench, 70)
    second = aside(bench)
    assert second is not None
    assert second > first
    assert bench.scheduler.agent_view("bad").aside == "another item failed there and succeeded elsewhere"
    assert 110 <= second - first <= 135, "60 s, then 120 s, and a few for the proof"


def test_a_success_ends_the_probation() -> None:
    bench = two_agents(count=2000)
    work(bench, 6)
    work(bench, 70, bad="nobody")
    view = bench.scheduler.agent_view("bad")
    assert (view.aside_until, view.probation) == (None, False)
    work(bench, 3)
    assert aside(bench) is None, "it takes as much as the first time"


def test_a_success_told_in_columns_ends_it_too() -> None:
    bench = two_agents(count=2000)
    work(bench, 6)
    sit_out(bench, aside(bench))
    assert bench.scheduler.agent_view("bad").probation
    (view,) = bench.scheduler.live("bad")
    times = [bench.now - 1.0], [bench.now]
    bench.do(e.AttemptsSucceeded("bad", view.epoch, 1, 0, [view.id.item], [view.id.attempt], *times))
    assert not bench.scheduler.agent_view("bad").probation


def test_on_probation_an_agent_gets_one_attempt_at_a_time() -> None:
    bench = Bench()
    bench.agent("bad", cpus=4)
    bench.agent("good", cpus=1)
    bench.submit(TaskPlan("t", count=500, retries=QUICK))
    work(bench, 8)
    assert aside(bench) is not None
    sit_out(bench, aside(bench))
    assert bench.scheduler.agent_view("bad").probation
    assert len(bench.scheduler.live("bad")) == 1


def test_ends_that_tell_of_the_machine_weigh_more() -> None:
    bench = two_agents()
    work(bench, 6, outcome=Outcome.SPAWN_ERROR)
    assert bench.scheduler.agent_view("bad").aside.startswith("2 different items")


def test_a_person_forgives() -> None:
    bench = two_agents(count=2000)
    work(bench, 6)
    assert aside(bench) is not None
    bench.do(e.AgentForgiven("bad"))
    view = bench.scheduler.agent_view("bad")
    assert (view.aside, view.aside_until, view.probation) == ("", None, False)
    assert bench.scheduler.live("bad")


def test_forgiving_can_be_taken_back() -> None:
    bench = two_agents(count=2000)
    work(bench, 6)
    before = bench.scheduler.agent_view("bad")
    assert before.aside
    bench.do(e.AgentForgiven("bad"))
    bench.do(e.AgentForgiven("bad", on=False))
    view = bench.scheduler.agent_view("bad")
    assert (view.aside, view.aside_until, view.probation) == (before.aside, before.aside_until, False)
    bench.do(e.AgentForgiven("bad", on=False))
    assert bench.scheduler.agent_view("bad") == view, "a second time there is nothing to take back"
    bench.do(e.AgentForgiven("bad"))
    sit_out(bench, before.aside_until)
    bench.do(e.AgentForgiven("bad", on=False))
    view = bench.scheduler.agent_view("bad")
    assert (view.aside_until, view.probation) == (None, True), "its time is over: it would be on probation now"
    bench.do(e.AgentForgiven("good", on=False))
    assert not bench.scheduler.agent_view("good").probation, "it was never forgiven"


def test_taking_back_what_was_forgiven_never_leaves_nobody() -> None:
    bench = two_agents(count=2000)
    work(bench, 6)
    bench.do(e.AgentForgiven("bad"))
    bench.do(e.AgentLeft("good", "it was shut down"))
    bench.do(e.AgentForgiven("bad", on=False))
    view = bench.scheduler.agent_view("bad")
    assert (view.aside_until, view.probation) == (None, True)


def test_the_last_agent_stays() -> None:
    bench = two_agents(count=2000)
    work(bench, 6)
    assert aside(bench) is not None
    bench.do(e.AgentLeft("good", "it was shut down"))
    view = bench.scheduler.agent_view("bad")
    assert view.aside_until is None
    assert view.probation
    assert bench.scheduler.live("bad")


def test_an_item_that_fails_everywhere_is_its_own_fault() -> None:
    bench = two_agents(count=12)
    for _ in range(300):
        bench.wait(1.0)
        for name in ("bad", "good"):
            bench.do(e.AgentHeard(name))
            assert aside(bench, name) is None
        for view in bench.scheduler.live():
            bench.exit(view.id, Outcome.NONZERO if view.id.item % 2 else Outcome.OK)
    assert bench.states() == ["SUCCEEDED", "FAILED"] * 6


def restarted(bench: Bench, *names: str) -> Bench:
    """The agents as another life of the core finds them written down; nobody has said HELLO yet."""
    again = Bench()
    again.now = bench.now
    again.doubts = dict(bench.doubts)
    kept = [e.RestoredAgent(name, 1, False, Resources(cpus=1), {}, doubt=bench.doubts[name]) for name in names]
    again.scheduler.restore([], kept, again.now)
    return again


def test_a_restart_of_the_core_forgets_no_sickness() -> None:
    bench = two_agents(count=2000)
    work(bench, 6)
    before = bench.scheduler.agent_view("bad")
    again = restarted(bench, "bad", "good")
    again.agent("bad", cpus=1)  # which is back first
    again.agent("good", cpus=1)
    again.submit(TaskPlan("t", count=2000, retries=QUICK))
    view = again.scheduler.agent_view("bad")
    assert (view.aside, view.aside_until, view.probation) == (before.aside, before.aside_until, False)
    assert not again.scheduler.live("bad")
    work(again, 70)
    second = again.scheduler.agent_view("bad")
    assert second.aside == "another item failed there and succeeded elsewhere", "on probation one is enough"
    assert 110 <= (second.aside_until or 0.0) - (before.aside_until or 0.0) <= 135, "twice as long as before"
    third = restarted(again, "bad", "good")
    assert third.scheduler.agent_view("bad").aside_until == second.aside_until


def test_a_restart_forgets_no_probation_and_no_forgiveness() -> None:
    bench = two_agents(count=2000)
    work(bench, 6)
    until = aside(bench)
    sit_out(bench, until)
    again = restarted(bench, "bad", "good")
    assert again.scheduler.agent_view("bad").probation
    bench.do(e.AgentForgiven("bad"))
    again = restarted(bench, "bad", "good")
    view = again.scheduler.agent_view("bad")
    assert (view.aside, view.aside_until, view.probation) == ("", None, False)
    assert again.doubts["bad"] == e.NO_DOUBT._replace(last=until or 0.0), "nothing but when it was last"


def test_a_pause_that_ended_while_the_core_was_away_leaves_a_probation() -> None:
    bench = two_agents(count=2000)
    work(bench, 6)
    bench.now += 3600.0
    view = restarted(bench, "bad", "good").scheduler.agent_view("bad")
    assert (view.aside_until, view.probation) == (None, True)


def test_a_clock_that_was_set_back_makes_no_pause_longer_than_the_longest() -> None:
    bench = two_agents(count=2000)
    work(bench, 6)
    bench.now -= 1e6
    view = restarted(bench, "bad", "good").scheduler.agent_view("bad")
    assert view.aside_until == bench.now + Config().sick_pause_max


def test_after_a_restart_a_sick_agent_works_when_nobody_else_comes_back() -> None:
    bench = two_agents(count=2000)
    work(bench, 6)
    again = restarted(bench, "bad", "good")
    again.agent("bad", cpus=1)
    again.submit(TaskPlan("t", count=5))
    assert not again.scheduler.live("bad"), "the other one is expected"
    for _ in range(20):
        again.wait(1.0)
        again.do(e.AgentHeard("bad"))
    assert again.scheduler.agent_view("good").state is AgentState.DOWN
    assert again.scheduler.live("bad")


ENDS = st.lists(
    st.tuples(st.integers(0, 9), st.sampled_from(["a", "b", "c"]), st.booleans(), st.floats(0, 30)), max_size=80
)


@given(ENDS)
@settings(max_examples=examples(200))
def test_the_rule_by_itself(ends: list[tuple[int, str, bool, float]]) -> None:
    """Whatever happens: an agent is charged only with items that failed on it and succeeded on another one, and on
    nobody else failed, within the window."""
    doubts = Doubts(100.0)
    now = 0.0
    failed: dict[int, set[str]] = {}
    well: dict[int, set[str]] = {}
    for item, agent, good, wait in ends:
        now += wait
        if good:
            doubts.succeeded(1, 0, [item], agent)
            well.setdefault(item, set()).add(agent)
        else:
            doubts.failed((1, 0, item), agent, now)
            failed.setdefault(item, set()).add(agent)
        for name in ("a", "b", "c"):
            count, weight = doubts.proven(name, now)
            could = [i for i, where in failed.items() if name in where and well.get(i, set()) - {name}]
            assert count <= len(could)
            assert weight == count * sickness.ORDINARY
    doubts.proven("a", now + 101.0)
    assert not doubts, "all is forgotten in the end"


@pytest.mark.parametrize("chance", [0.1, 0.5, 0.9])
def test_where_items_fail_by_chance_no_agent_stands_out(chance: float) -> None:
    rng = random.Random(7)
    doubts = Doubts(1e9)
    aside = 0
    agents = ["a", "b", "c", "d"]
    for item in range(2000):
        tried: list[str] = []
        while True:
            agent = rng.choice([name for name in agents if name not in tried[-1:]])
            tried.append(agent)
            if rng.random() >= chance:
                doubts.succeeded(1, 0, [item], agent)
                break
            doubts.failed((1, 0, item), agent, 0.0)
        for name in doubts.take()[0]:
            if doubts.proven(name, 0.0)[1] >= Config().sick_after:
                aside += 1
                doubts.forgive(name)
    assert aside <= 20, f"{aside} times in 2000 items"


@pytest.mark.parametrize("seed", range(6))
def test_in_a_world_with_sick_agents_all_ends_well(seed: int) -> None:
    """One agent fails all that it gets, for ever; links break and agents crash as well."""
    faults = Faults(until=60.0, kinds=("reset", "cut", "crash", "freeze", "core"))
    world = World(seed, agents=3, faults=faults, config=Config(silent_assign=20.0, crash_limit=1000))
    world.agents["a0"].sick = True
    sound = TaskPlan("sound", count=200, retries=PATIENT, resources=Resources(cpus=0.5))
    broken = TaskPlan("broken", count=5, retries=RetryPolicy(max=6, backoff=0.1), continue_on_error=True)
    world.at(1.0, lambda: world.submit([(sound, Behaviour((0.1, 3.0))), (broken, Behaviour((0.1, 0.5), fail=1.0))]))
    seen: set[str] = set()

    def look() -> None:
        world.at(1.0, look)
        if not world.core_up:
            return
        views = [world.scheduler.agent_view(name) for name in world.scheduler.agents()]
        seen.update(view.agent for view in views if view.aside_until is not None)
        up = [view for view in views if view.state is AgentState.UP and not view.draining]
        if world.now > world.restarted + Config().lease_wait:
            assert not up or any(view.aside_until is None for view in up), "all are set aside"

    world.at(2.0, look)
    world.run()
    world.audit()
    assert world.store.tasks[1, 0].states.count(4) == 200
    assert "a0" in seen


# --- losses that are forgiven ------------------------------------------------------------------------------


def cut_off(bench: Bench, name: str, times: int, how: str) -> None:
    """The agent falls silent until its lease is over, and returns; what it had ended as `how` says."""
    for _ in range(times):
        ids = [view.id for view in bench.scheduler.live(name)]
        bench.started(*ids, agent=name)
        epoch = bench.scheduler.agent_view(name).epoch
        bench.wait(20.0)
        assert bench.scheduler.agent_view(name).state is AgentState.DOWN
        held = tuple((id, how) for id in ids) if how else ()
        bench.agent(name, cpus=1, held=held, epoch=epoch if how else 0)


def test_a_cut_off_agent_that_stopped_its_attempts_does_them_no_harm() -> None:
    bench = Bench()
    bench.agent("a", cpus=1)
    bench.submit(TaskPlan("t"))
    cut_off(bench, "a", 10, "stopped")
    assert bench.states() == ["ACTIVE"]


def test_an_item_that_takes_agents_down_is_stopped_after_three() -> None:
    bench = Bench()
    bench.agent("a", cpus=1)
    bench.submit(TaskPlan("t"))
    cut_off(bench, "a", 3, "")
    assert bench.states() == ["FAILED"]


def test_an_end_that_comes_after_the_welcome_is_forgiven_too() -> None:
    bench = Bench()
    bench.agent("a", cpus=1)
    bench.submit(TaskPlan("t"))
    for _ in range(6):
        (id,) = [view.id for view in bench.scheduler.live()]
        cut_off(bench, "a", 1, "running")
        epoch = bench.scheduler.agent_view("a").epoch - 1
        bench.do(e.AttemptsExited("a", epoch, [e.ExitFact(id, Outcome.STOPPED, 0, bench.now, bench.now)]))
        assert bench.of(e.LossesForgiven) == [e.LossesForgiven("a", [id])]
        assert bench.do(e.AttemptsExited("a", epoch, [e.ExitFact(id, Outcome.STOPPED, 0, bench.now, bench.now)]))
        assert not bench.of(e.LossesForgiven), "once"
    assert bench.states() == ["ACTIVE"]


def test_a_persons_retry_leaves_nothing_to_forgive() -> None:
    bench = Bench()
    bench.agent("a", cpus=1)
    bench.submit(TaskPlan("t"))
    (id,) = [view.id for view in bench.scheduler.live()]
    bench.started(id)
    bench.wait(20.0)
    bench.do(e.CancelRequested(e.Scope(1)))
    bench.do(e.RetryRequested(e.Scope(1)))
    bench.agent("a", cpus=1, held=((id, "stopped"),), epoch=1)
    assert not bench.of(e.LossesForgiven)


def test_what_was_lost_before_a_restart_of_the_core_is_forgiven_after_it() -> None:
    bench = Bench()
    task = e.RestoredTask(1, False, True, bytearray(1), {0: 2}, {}, {0: 2}, [(0, 1, "a"), (0, 2, "a")])
    plan = e.RunPlan(1, "me", 0, 0.0, (TaskPlan("t"),))
    agent = e.RestoredAgent("a", 4, False, Resources(cpus=1), {})
    bench.scheduler.restore([e.RestoredRun(plan, "running", [task])], [agent], bench.now)
    bench.agent("a", cpus=1, held=((AttemptId(1, 0, 0, 2), "stopped"),), epoch=4)
    assert bench.of(e.LossesForgiven) == [e.LossesForgiven("a", [AttemptId(1, 0, 0, 2)])]
    cut_off(bench, "a", 1, "")
    assert bench.states() == ["ACTIVE"], "two now"
    cut_off(bench, "a", 1, "")
    assert bench.states() == ["FAILED"]
