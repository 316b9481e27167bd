"""Memory that nobody declared is learned from attempts, and only placing hears of it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from turns import Bench
from world import Behaviour, Faults, World

from windlass.model.graph import Resources, RetryPolicy
from windlass.sched import Config, memory
from windlass.sched import events as e
from windlass.sched.states import ItemState, Outcome

GB = 1 << 30
MB = 1 << 20
AGAIN = RetryPolicy(max=5, backoff=0.0)


def learned(bench: Bench, task: int = 0) -> int:
    return bench.scheduler._book.runs[1].tasks.learned(task)


def one_ends(bench: Bench, used: int, outcome: Outcome = Outcome.OK) -> None:
    """The attempt that has been live longest."""
    view = bench.scheduler.live()[0]
    bench.exit(view.id, outcome, memory=used)


def test_after_three_ends_a_task_asks_for_the_largest_peak_and_a_fifth_more() -> None:
    bench = Bench()
    bench.agent(cpus=4, memory=4 * GB)
    bench.submit(e.TaskPlan("render", count=100))
    for used in (GB, GB // 2):
        one_ends(bench, used)
        assert learned(bench) == 0
    one_ends(bench, GB // 4)
    assert learned(bench) == 5 * GB // 4  # 1.2 GiB, rounded up
    told = bench.of(e.MemoryLearned)
    assert told == [e.MemoryLearned(1, 0, 5 * GB // 4, 3)]
    # Those that run go on; as they end, three fit into 4 GiB.
    for _ in range(10):
        one_ends(bench, GB // 2)
    assert len(bench.scheduler.live()) == 3
    why = bench.scheduler.why(1, 0, None, bench.now, {})
    assert "asks for 1.2 GiB, learned from 13 attempts" in why.sentence()
    assert "asks 1.2 GiB" in why.agents[0].text
    assert bench.scheduler.memory_words(1, 0) == "asks for 1.2 GiB, learned from 13 attempts"


def test_columns_teach_as_single_ends_do() -> None:
    bench = Bench()
    bench.agent(cpus=4, memory=4 * GB)
    bench.submit(e.TaskPlan("render", count=100))
    times = [bench.now] * 4
    bench.do(e.AttemptsSucceeded("a", 1, 1, 0, [0, 1, 2, 3], [1] * 4, times, times, [GB, GB, 2 * GB, GB]))
    assert learned(bench) == memory.rounded(2.4 * GB)
    assert len(bench.scheduler.live()) == 1


def test_what_is_learned_grows_by_steps_and_never_falls() -> None:
    bench = Bench()
    bench.agent(cpus=2, memory=64 * GB)
    bench.submit(e.TaskPlan("render", count=300))
    said, last = 0, 0
    for number in range(200):
        one_ends(bench, GB + number * 5 * MB if number % 3 else 10 * MB)
        said += len(bench.of(e.MemoryLearned))
        assert learned(bench) >= last
        last = learned(bench)
    assert last >= 1.2 * (GB + 199 * 5 * MB)
    assert said <= 9, "from 1.2 to 2.4 GiB there are eight steps"


def test_little_memory_is_not_worth_a_reservation() -> None:
    bench = Bench()
    bench.agent(cpus=2, memory=GB)
    bench.submit(e.TaskPlan("tiny", count=50))
    for _ in range(20):
        one_ends(bench, 50 * MB)
    assert learned(bench) == 0


def test_a_declared_value_is_never_changed_and_the_switch_turns_it_off() -> None:
    for config, plan in (
        (Config(), e.TaskPlan("said", count=50, resources=Resources(cpus=1, memory=GB))),
        (Config(learn_memory=False), e.TaskPlan("off", count=50)),
    ):
        bench = Bench(config)
        bench.agent(cpus=2, memory=8 * GB)
        bench.submit(plan)
        shape = bench.scheduler._book.runs[1].tasks[0].shape
        for _ in range(10):
            one_ends(bench, 3 * GB)
        assert bench.scheduler._book.runs[1].tasks[0].shape is shape
        assert not bench.of(e.MemoryLearned)


def test_out_of_memory_asks_for_twice_the_peak_and_goes_where_that_is() -> None:
    bench = Bench()
    bench.agent("small", cpus=1, memory=4 * GB)
    bench.submit(e.TaskPlan("train", retries=AGAIN))
    bench.agent("large", cpus=8, memory=16 * GB)
    first = bench.scheduler.live()[0]
    assert first.agent == "small"
    bench.exit(first.id, Outcome.OOM, memory=3 * GB)
    bench.wait(0.1)
    assert learned(bench) == 6 * GB
    assert [view.agent for view in bench.scheduler.live()] == ["large"]
    # Again: never more than the largest agent has.
    bench.exit(bench.scheduler.live()[0].id, Outcome.OOM, memory=10 * GB)
    bench.wait(0.1)
    assert learned(bench) == 16 * GB
    bench.exit(bench.scheduler.live()[0].id, memory=12 * GB)
    assert bench.states() == ["SUCCEEDED"]
    assert learned(bench) == 16 * GB, "a task that was put away keeps what it asked for"


def test_no_more_is_asked_for_than_an_agent_has_that_could_take_it() -> None:
    bench = Bench()
    bench.agent("a", cpus=2, memory=2 * GB)
    bench.agent("b", cpus=1, memory=64 * GB)
    bench.submit(e.TaskPlan("wide", count=60, resources=Resources(cpus=2)))
    for _ in range(4):
        one_ends(bench, 4 * GB)
    assert learned(bench) == 2 * GB, "the large one has too few CPUs for it"
    assert bench.scheduler.live()
    bench.agent("c", cpus=4, memory=32 * GB)
    assert learned(bench) == memory.rounded(4.8 * GB)
    one_ends(bench, 4 * GB)
    assert {view.agent for view in bench.scheduler.live()} == {"c"}
    bench.do(e.AgentLeft("c", "off"))
    assert learned(bench) == 2 * GB
    assert {view.agent for view in bench.scheduler.live()} == {"a"}, "what is learned keeps nothing from running"


def test_an_amend_that_declares_memory_ends_the_guess() -> None:
    bench = Bench()
    bench.agent(cpus=4, memory=8 * GB)
    plan = e.TaskPlan("render", count=100)
    bench.submit(plan)
    for _ in range(4):
        one_ends(bench, 4 * GB)
    assert learned(bench)
    assert bench.scheduler.memory_words(1, 0)
    bench.do(e.TaskAmended(1, 0, replace(plan, resources=Resources(cpus=1, memory=GB))))
    assert not learned(bench)
    assert not bench.scheduler.memory_words(1, 0)
    one_ends(bench, 4 * GB)
    assert len(bench.scheduler.live()) == 4
    bench.do(e.TaskAmended(1, 0, plan))
    assert learned(bench) == memory.rounded(4.8 * GB)


@pytest.mark.parametrize(("gib", "waits"), [(2, False), (64, True)])
def test_work_is_sent_ahead_only_where_the_agent_would_let_it_wait(gib: int, waits: bool) -> None:
    """It counts CPUs only: with eight of them and 2 GiB it would begin what the core wants to wait."""
    bench = Bench()
    bench.agent(cpus=8, memory=gib * GB)
    bench.submit(e.TaskPlan("short", count=300))
    for _ in range(40):
        bench.exit(bench.scheduler.live()[0].id, took=0.02, memory=GB)
    live = len(bench.scheduler.live())
    assert (live > 8) == waits, f"{live} are there"
    assert waits or live == 1


# --- in the World ----------------------------------------------------------------------------------------


def hungry_world(seed: int, faults: Faults | None = None) -> World:
    """Arrays that differ in what they use, short and long; agents with 4, 8 and 12 GiB."""
    config = Config(silent_assign=20.0, timeout_slack=5.0, crash_limit=1000)
    world = World(seed, faults=faults, config=config, cpus=4, memory=4 * GB)
    patient = RetryPolicy(max=100, backoff=0.2, factor=1.0)
    half = Resources(cpus=0.5)
    tasks = [
        (e.TaskPlan("even", count=60, retries=patient), Behaviour((0.1, 1.0), fail=0.05, memory=(GB, GB))),
        (
            e.TaskPlan("short", count=200, resources=half, retries=patient),
            Behaviour((0.002, 0.02), memory=(MB, GB // 2)),
        ),
        (e.TaskPlan("grows", count=30, retries=patient), Behaviour((0.5, 3.0), memory=(GB, 6 * GB))),
        (e.TaskPlan("huge", retries=patient), Behaviour((1.0, 2.0), memory=(9 * GB, 11 * GB))),
        (
            e.TaskPlan("said", count=20, resources=Resources(cpus=0.5, memory=2 * GB), retries=patient),
            Behaviour((0.1, 2.0), memory=(3 * GB, 3 * GB)),
        ),
        (
            e.TaskPlan("after", needs=((2, True),), count=30, retries=patient),
            Behaviour((0.01, 0.1), memory=(MB, 2 * GB)),
        ),
    ]
    world.at(1.0, lambda: world.submit(tasks))
    return world


def over_committed(world: World) -> list[str]:
    """Moments at which attempts ran on an agent that were placed by more memory than it has."""
    found = []
    for name, agent in world.agents.items():
        mine = [x for x in world.executions if x.agent == name]
        for moment in (x.start for x in mine):
            there = [x for x in mine if x.start <= moment and (x.end is None or moment < x.end)]
            held = sum(world.reserved[x.id] for x in there)
            if held > agent.resources.memory:
                found.append(f"{name} at {moment}: {held / GB:.2f} of {agent.resources.memory / GB:.2f} GiB")
    return found


@pytest.mark.parametrize("seed", range(3))
def test_what_runs_never_holds_more_memory_than_its_agent_has(seed: int) -> None:
    world = hungry_world(seed, Faults(lose=0, repeat=0, until=0.0))
    world.run()
    world.audit()
    assert over_committed(world) == []
    huge = [x for x in world.executions if x.id.task == 3]
    assert (huge[-1].how, huge[-1].agent) == ("ok", "a2")
    assert len(huge) <= 3, "twice as much each time"
    said = {world.reserved[x.id] for x in world.executions if x.id.task == 4}
    assert said == {2 * GB}


@pytest.mark.parametrize("seed", range(3))
def test_it_is_learned_whatever_fails(seed: int) -> None:
    # The large agent always comes back: without it, the huge item would fail.
    world = hungry_world(seed, Faults(kinds=("reset", "cut", "crash", "stop", "freeze", "core", "drain")))
    world.run()
    world.audit()
    assert world.store.state[1] == "succeeded"
    states = world.scheduler.states(1, 3)
    assert states == bytes([ItemState.SUCCEEDED])
