"""What goes down together is told apart: an item that ends agents or helpers is stopped, and no other with it."""

from __future__ import annotations

import pytest
from turns import Bench
from world import Behaviour, Faults, World

from windlass.model.graph import Resources
from windlass.sched import Config
from windlass.sched import events as e
from windlass.sched.events import AttemptId, Scope, TaskPlan
from windlass.sched.states import AttemptState, ItemState, Outcome

KILLER = 2
"""Of the items in the tests: this one."""


def crash(bench: Bench, *agents: str) -> None:
    """All helper processes there die, with all that ran under them."""
    for view in [view for view in bench.scheduler.live() if view.agent in agents]:
        bench.exit(view.id, Outcome.CRASHED)


def alone(bench: Bench) -> list[AttemptId]:
    return [id for x in bench.effects if isinstance(x, e.AssignAttempts) for id in x.alone]


def go_down(bench: Bench, agent: str = "a") -> None:
    bench.do(e.AgentLeft(agent, "crashed"))
    bench.agent(agent, cpus=4)


def test_only_the_item_that_takes_agents_down_is_stopped_after_three() -> None:
    bench = Bench()
    bench.agent(cpus=4)
    bench.submit(TaskPlan("t", count=4))
    for _ in range(2):
        go_down(bench)
    while "FAILED" not in bench.states():
        live = [view.id.item for view in bench.scheduler.live()]
        assert len(live) == 1, "those that were lost together go one at a time"
        if live == [KILLER]:
            go_down(bench)
        else:
            bench.exit(bench.scheduler.live()[0].id)
    assert bench.scheduler.attempt_number(1, 0, KILLER) == 3
    while live := bench.scheduler.live():
        bench.exit(live[0].id)
    assert bench.states() == ["SUCCEEDED", "SUCCEEDED", "FAILED", "SUCCEEDED"]


def test_suspects_are_spread_and_others_run_beside_them() -> None:
    bench = Bench()
    for name in "ab":
        bench.agent(name, cpus=4)
    bench.submit(TaskPlan("t", count=6))
    for _ in range(2):
        crash(bench, "a", "b")
    assert [states for states in bench.states() if states == "ACTIVE"] == ["ACTIVE"] * 2
    bench.submit(TaskPlan("fresh", count=20), run=2)
    assert len(bench.ids()) == 6, "all other room is used"
    for view in [view for view in bench.scheduler.live() if view.id.run == 1]:
        agent = view.agent
        bench.exit(view.id)
        assert [id.run for _, id in bench.assigned()] == [1], "the next one of them, before what was never tried"
        assert bench.assigned()[0][0] == agent
        assert alone(bench) == bench.ids()


def test_who_waits_for_another_suspect_is_told() -> None:
    bench = Bench()
    bench.agent(cpus=4)
    bench.submit(TaskPlan("t", count=2))
    for _ in range(2):
        crash(bench, "a")
    waits = bench.states().index("READY")
    found = bench.scheduler.why(1, 0, waits, bench.now, {})
    assert found.cause == "room"
    assert "one at a time" in found.agents[0].text


def test_the_last_try_is_under_a_helper_of_its_own() -> None:
    bench = Bench()
    bench.agent(cpus=4)
    bench.submit(TaskPlan("t"))
    told = []
    for _ in range(2):
        crash(bench, "a")
        told.append(alone(bench))
    assert told == [[], [AttemptId(1, 0, 0, 3)]]
    crash(bench, "a")
    assert bench.states() == ["FAILED"]
    bench.do(e.RetryRequested(Scope(1)))
    assert bench.ids(), "a person's retry begins anew"
    assert not alone(bench)


def test_with_a_limit_of_one_nobody_is_suspected_first() -> None:
    bench = Bench(Config(crash_limit=1))
    bench.agent(cpus=4)
    bench.submit(TaskPlan("t", count=2))
    assert not alone(bench)
    crash(bench, "a")
    assert bench.states() == ["FAILED", "FAILED"]


@pytest.mark.parametrize("live", [False, True])
def test_a_restart_of_the_core_forgets_no_suspect(live: bool) -> None:
    """Two of four items were lost twice; one of these runs, or none."""
    bench = Bench()
    held = [(AttemptId(1, 0, 1, 3), AttemptState.RUNNING)] if live else []
    task = e.RestoredTask(4, False, True, bytearray(4), {1: 3, 2: 2}, {}, {1: 2, 2: 2})
    plan = e.RunPlan(1, "me", 0, 0.0, (TaskPlan("t", count=4),))
    agent = e.RestoredAgent("a", 1, False, Resources(cpus=4), {}, held)
    bench.scheduler.restore([e.RestoredRun(plan, "running", [task])], [agent], bench.now)
    bench.agent(cpus=4, held=tuple((id, "running") for id, _ in held), epoch=1)
    suspected = [view.id.item for view in bench.scheduler.live() if view.id.item in (1, 2)]
    assert suspected == [1]
    assert len(alone(bench)) == (0 if live else 1)
    assert bench.states().count("ACTIVE") == 3


def deadly(seed: int, killers: int, helper: bool) -> World:
    """A sweep with some items that end what they run under, on three agents."""
    world = World(seed, faults=Faults(lose=0.0, repeat=0.0, until=0.0, kinds=("reset",), every=(9999, 9999)), cpus=6)
    bad = Behaviour(duration=(0.5, 3.0), kill=0.0 if helper else 1.0, kill_helper=helper)
    good = Behaviour(duration=(0.5, 6.0))
    world.at(1.0, lambda: world.submit([(TaskPlan("good", count=60), good), (TaskPlan("bad", count=killers), bad)]))
    world.run()
    world.audit()
    return world


@pytest.mark.parametrize(("helper", "killers"), [(True, 5), (False, 1)])
@pytest.mark.parametrize("seed", range(4))
def test_a_world_with_killers(seed: int, helper: bool, killers: int) -> None:
    world = deadly(seed, killers, helper)
    states = [world.scheduler.states(1, task) for task in (0, 1)]
    assert set(states[0]) == {ItemState.SUCCEEDED}, "the innocent"
    assert set(states[1]) == {ItemState.FAILED}
    assert {world.scheduler.attempt_number(1, 1, item) for item in range(killers)} == {3}


def test_without_that_the_innocent_go_down_too() -> None:
    """The tests above would notice."""
    fates = set()
    with pytest.MonkeyPatch.context() as patch:
        for module in ("attempts", "depend", "restore", "explain"):
            patch.setattr(f"windlass.sched.{module}.is_suspect", lambda book, task, item: False)
        for seed in range(4):
            fates |= set(deadly(seed, 5, helper=True).scheduler.states(1, 0))
    assert ItemState.FAILED in fates
