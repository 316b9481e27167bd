"""What-if runs: makespans that can be told by hand, bounds on generated graphs, and never more than an agent has."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.depth import examples

from windlass.model.graph import Command, Foreach, Graph, Need, Resources, RetryPolicy, Task
from windlass.sched.critical import critical_path
from windlass.sched.durations import Durations
from windlass.sched.fleet import FleetError, parse_fleet
from windlass.sched.invariants import check_invariants
from windlass.sched.plans import graph_plan
from windlass.sched.shapes import amounts
from windlass.sched.simulate import HELD, NOWHERE, Result, Simulation, SimulationError, simulate
from windlass.sched.states import Outcome

TRUE = Command("true")


def task(id: str, *needs: str, **fields: object) -> Task:
    return Task(id, TRUE, needs=[Need(name) for name in needs], **fields)  # type: ignore[arg-type]


def run(tasks: list[Task], agents: str, seconds: float = 1.0, **declared: float) -> Result:
    graph = Graph("g", tasks)
    durations = Durations(graph, declared=list(declared.items()), default=seconds)
    return simulate(graph_plan(graph, {}), parse_fleet(agents), durations)


def audit(tasks: list[Task], result: Result) -> None:
    """At every start: what runs fits, and what it needs has ended."""
    ended: dict[int, float] = {}
    for row in result.rows:
        ended[row.task] = max(ended.get(row.task, 0.0), row.ended)
    places = {each.id: place for place, each in enumerate(tasks)}
    for row in result.rows:
        for need in tasks[row.task].needs:
            assert need.each or ended[places[need.task]] <= row.started + 1e-9
    for index, lanes in enumerate(result.agents):
        capacity = amounts(lanes.agent.resources)
        moments = sorted(
            [(row.ended, 0, row) for row in result.rows if row.agent == index]
            + [(row.started, 1, row) for row in result.rows if row.agent == index],
            key=lambda entry: entry[:2],
        )
        held: dict[str, int] = {}
        slots: set[int] = set()
        for _, begins, row in moments:
            if row.started == row.ended:
                continue
            for kind, amount in amounts(tasks[row.task].resources).items():
                held[kind] = held.get(kind, 0) + (amount if begins else -amount)
                assert held[kind] <= capacity[kind], f"{lanes.agent.name} holds {held[kind]} {kind}"
            if begins:
                assert row.slot not in slots
                slots.add(row.slot)
            else:
                slots.discard(row.slot)


# --- by hand ---------------------------------------------------------------------------------------------


def test_a_chain_takes_the_sum() -> None:
    tasks = [task("a"), task("b", "a"), task("c", "b")]
    result = run(tasks, "5x4cpu", a=1.0, b=2.0, c=3.5)
    assert result.makespan == 6.5
    assert result.path.length == 6.5
    assert [tasks[place].id for place, _ in result.path.places] == ["a", "b", "c"]
    assert result.waiting == {"needs": 4.0}, "b waits for 1 s, c for 3 s"
    assert result.utilisation() == pytest.approx(1 / 20)


def test_a_fan_takes_rounds() -> None:
    result = run([task("a"), task("b", "a", foreach=Foreach(range=(0, 10, 1)))], "2x2cpu", 2.0)
    assert result.makespan == 2.0 + 3 * 2.0
    assert result.path.length == 4.0
    assert result.bound == 22 / 4
    assert result.waiting["cpus"] == 6 * 2.0 + 2 * 2.0
    assert result.task_waits[1] == 16.0
    assert [lanes.attempts for lanes in result.agents] in ([7, 4], [5, 6], [6, 5])
    assert all(lanes.lanes == 2 for lanes in result.agents)


def test_two_kinds_of_resources() -> None:
    """Three GPU tasks share one GPU; six CPU tasks go on beside them."""
    gpu = Resources(cpus=1, gpus=1)
    tasks = [
        task("gpu", foreach=Foreach(range=(0, 3, 1)), resources=gpu),
        task("cpu", foreach=Foreach(range=(0, 6, 1))),
    ]
    result = run(tasks, "1x2cpu,1x1cpu+1gpu", gpu=4.0, cpu=2.0)
    assert result.makespan == 12.0
    assert result.utilisation("gpus") == 1.0
    assert result.waiting["gpus"] == 4.0 + 8.0
    assert result.bound == 12.0
    audit(tasks, result)


def test_memory_is_a_limit_only_where_it_is_said() -> None:
    tasks = [task("a", foreach=Foreach(range=(0, 4, 1)), resources=Resources(memory=6 << 30))]
    assert run(tasks, "1x4cpu").makespan == 1.0
    limited = run(tasks, "1x4cpu+16GiB")
    assert limited.makespan == 2.0
    assert limited.waiting == {"memory": 2.0}
    assert limited.utilisation("memory") == pytest.approx(0.75)


def test_items_follow_item_by_item() -> None:
    tasks = [
        task("a", foreach=Foreach(range=(0, 3, 1))),
        Task("b", TRUE, needs=[Need("a", each=True)], foreach=Foreach(range=(0, 3, 1))),
    ]
    graph = Graph("g", tasks)
    result = simulate(graph_plan(graph, {}), parse_fleet("1x8cpu"), lambda place, item: 1.0 + item)
    assert result.makespan == result.path.length == 6.0
    assert result.path.places == [(0, 2), (1, 2)]


def test_priority_goes_first() -> None:
    tasks = [task("late", priority=-1), task("early", priority=1)]
    result = run(tasks, "1x1cpu")
    assert [row.task for row in result.rows] == [1, 0]


def test_the_longest_path_in_seconds_goes_first() -> None:
    """By levels, b would go first; by what is recorded, a has more before it."""
    tasks = [task("b"), task("b2", "b"), task("b3", "b2"), task("a")]
    tasks[3].env = {"WINDLASS_RUNTIME": "10"}
    graph = Graph("g", tasks)
    result = simulate(graph_plan(graph, {}), parse_fleet("1x1cpu"), Durations(graph))
    assert [row.task for row in result.rows] == [3, 0, 1, 2]
    declared = Durations(graph, declared=[("b*", 5.0)])
    plan = graph_plan(graph, {}, expected=declared.mean)
    assert [row.task for row in simulate(plan, parse_fleet("1x1cpu"), declared).rows] == [0, 1, 3, 2]


def test_a_timeout_fails_what_takes_longer_and_what_needs_it_is_skipped() -> None:
    tasks = [task("a", timeout=2.0, retries=RetryPolicy(max=1, backoff=5.0)), task("b", "a")]
    result = run(tasks, "1x1cpu", a=10.0)
    assert result.state == "failed"
    assert [(row.attempt, row.started, row.ended, row.outcome) for row in result.rows] == [
        (1, 0.0, 2.0, Outcome.TIMEOUT),
        (2, 7.0, 9.0, Outcome.TIMEOUT),
    ]
    assert result.waiting["retry"] == 5.0


def test_what_fits_nowhere_is_told() -> None:
    tasks = [task("a"), task("b", resources=Resources(gpus=2)), task("c", where=["zone == x"]), task("d", "b")]
    result = run(tasks, "2x1cpu+1gpu")
    assert result.state == "stuck"
    assert result.makespan == 1.0
    assert result.stuck == [
        "b (1 item): needs 2 gpus, the largest agent has 1",
        "c (1 item): no agent has zone == x",
    ]
    assert result.waiting[NOWHERE] == 2.0


def test_labels_choose() -> None:
    result = run([task("a", where=["zone == x"])], "1x1cpu,1x1cpu+zone:x")
    assert result.agents[1].attempts == 1


def test_conditions_hold_and_fan_outs_have_the_items_that_are_said() -> None:
    tasks = [task("a"), task("b", "a", foreach=Foreach(outputs_of="a")), task("c", "b", when="true")]
    plan = graph_plan(Graph("g", tasks), {})
    result = simulate(plan, parse_fleet("1x1cpu"), lambda place, item: 1.0, fan_out=lambda place: 4)
    assert (result.state, result.makespan, result.items) == ("succeeded", 6.0, 6)
    assert simulate(plan, parse_fleet("1x1cpu"), lambda place, item: 1.0).items == 3
    assert simulate(plan, parse_fleet("1x1cpu"), lambda place, item: 1.0, fan_out=lambda place: 0).items == 2


def test_short_work_that_was_sent_ahead_moves_to_who_is_free() -> None:
    tasks = [task("a", foreach=Foreach(range=(0, 2000, 1)))]
    result = run(tasks, "4x1cpu", 0.002)
    assert result.state == "succeeded"
    assert result.waiting["sent ahead"] > 0
    assert result.makespan <= 1.1 * result.bound
    audit(tasks, result)


def test_nothing_to_run_on() -> None:
    with pytest.raises(SimulationError):
        simulate(graph_plan(Graph("g", [task("a")]), {}), [], lambda place, item: 1.0)


def test_no_time_at_all() -> None:
    result = run([task("a"), task("b", "a")], "1x1cpu", 0.0)
    assert (result.state, result.makespan, result.bound, result.utilisation()) == ("succeeded", 0.0, 0.0, 0.0)


def test_a_large_request_waits_for_others_and_is_not_starved() -> None:
    tasks = [
        task("small", foreach=Foreach(range=(0, 400, 1))),
        task("large", resources=Resources(cpus=4)),
    ]
    graph = Graph("g", tasks)
    result = simulate(graph_plan(graph, {}), parse_fleet("1x4cpu"), Durations(graph, spread=0.5, default=4.0))
    large = next(row for row in result.rows if row.task == 1)
    assert large.started < result.makespan / 2
    assert set(result.waiting) <= {"cpus", HELD}


# --- generated -------------------------------------------------------------------------------------------


@st.composite
def layered(draw: Callable[..., object]) -> list[Task]:
    """Layers of tasks, each of which needs some of the layer before."""
    tasks: list[Task] = []
    before: list[str] = []
    for layer in range(draw(st.integers(1, 4))):  # type: ignore[call-overload]
        here = []
        for number in range(draw(st.integers(1, 6))):  # type: ignore[call-overload]
            ups = draw(st.lists(st.sampled_from(before), unique=True, max_size=3)) if before else []
            cpus = draw(st.sampled_from([0.5, 1.0, 2.0]))
            gpus = draw(st.sampled_from([0, 0, 0, 1]))
            items = draw(st.sampled_from([None, None, 3, 9]))
            array = None if items is None else Foreach(range=(0, items, 1))
            resources = Resources(cpus=cpus, gpus=gpus)
            tasks.append(task(f"t{layer}_{number}", *ups, resources=resources, foreach=array))
            here.append(tasks[-1].id)
        before = here
    return tasks


@settings(max_examples=examples(60), deadline=None)
@given(layered(), st.integers(0, 1000), st.sampled_from(["1x2cpu+1gpu", "3x2cpu,1x4cpu+2gpu", "2x3cpu+1gpu+8GiB"]))
def test_never_shorter_than_the_bound_and_never_over_committed(tasks: list[Task], seed: int, agents: str) -> None:
    graph = Graph("g", tasks)
    durations = Durations(graph, spread=1.0, seed=seed, default=20.0)
    simulation = Simulation(graph_plan(graph, {}), parse_fleet(agents), durations)
    check_invariants(simulation.scheduler)
    while simulation.step():
        check_invariants(simulation.scheduler)
    result = simulation.result()
    assert result.state == "succeeded"
    assert result.makespan >= result.bound - 1e-6
    assert len(result.rows) == result.items
    worked = math.fsum((row.ended - row.started) * tasks[row.task].resources.cpus for row in result.rows)
    assert worked == pytest.approx(result.work["cpus"])
    assert worked == pytest.approx(sum(lanes.busy for lanes in result.agents))
    audit(tasks, result)
    again = simulate(graph_plan(graph, {}), parse_fleet(agents), durations)
    assert list(again.rows) == list(result.rows), "the same question has the same answer"


@pytest.mark.parametrize("seed", range(4))
def test_where_cores_are_the_limit_it_is_near_the_bound(seed: int) -> None:
    tasks: list[Task] = []
    width, layers = 120, 6
    for layer in range(layers):
        for number in range(width):
            ups = [f"t{layer - 1}_{(number * k + seed) % width}" for k in (1, 7, 31)] if layer else []
            tasks.append(task(f"t{layer}_{number}", *dict.fromkeys(ups)))
    graph = Graph("g", tasks)
    durations = Durations(graph, spread=0.9, seed=seed, default=100.0)
    result = simulate(graph_plan(graph, {}), parse_fleet("2x4cpu,1x2cpu"), durations)
    assert result.bound <= result.makespan <= 1.1 * result.bound
    assert result.utilisation() > 0.9


# --- parts -----------------------------------------------------------------------------------------------


def test_the_critical_path_of_nothing() -> None:
    assert critical_path([], [], lambda place, item: 1.0) == (0.0, [])
    plan = graph_plan(Graph("g", [task("a"), task("b", "a"), task("c", "b")]), {})
    assert critical_path(plan.tasks, [1, 0, 1], lambda place, item: 1.0) == (2.0, [(0, 0), (2, 0)])


def test_durations_by_their_sources() -> None:
    names = ["said", "pattern1", "pattern2", "run", "record", "nothing", "bad"]
    tasks = [task(name) for name in names]
    tasks[4].env = {"WINDLASS_RUNTIME": "7.5"}
    tasks[3].env = {"WINDLASS_RUNTIME": "1"}
    tasks[6].env = {"WINDLASS_RUNTIME": "${{ params.x }}"}
    like = {"run": {0: 2.0, 1: 4.0}, "said": {0: 9.0}}
    declared = [("p*", 3.0), ("*2", 4.0), ("said", 5.0)]
    durations = Durations(Graph("g", tasks), declared=declared, like=like, default=1.5)
    assert [durations(place, 0) for place in range(7)] == [5.0, 3.0, 4.0, 2.0, 7.5, 1.5, 1.5]
    assert (durations(3, 1), durations(3, 99)) == (4.0, 3.0), "an item that the run did not have takes the mean"
    assert durations.sources == {"declared": 3, "learned": 1, "recorded": 1, "default": 2}


def test_spread_is_bounded_even_and_seeded() -> None:
    graph = Graph("g", [task("a", foreach=Foreach(range=(0, 2000, 1)))])
    values = [Durations(graph, spread=0.5, seed=1)(0, item) for item in range(2000)]
    assert 0.5 <= min(values) < 0.52
    assert 1.48 < max(values) <= 1.5
    assert sum(values) / 2000 == pytest.approx(1.0, abs=0.02)
    assert values[:5] == [Durations(graph, spread=0.5, seed=1)(0, item) for item in range(5)]
    assert values[:5] != [Durations(graph, spread=0.5, seed=2)(0, item) for item in range(5)]


def test_fleets() -> None:
    agents = parse_fleet("2x8cpu, 16cores+64GiB+2gpus+disk=1TB+licence=2+gpu_model:A100")
    assert [agent.name for agent in agents] == ["agent1", "agent2", "agent3"]
    assert agents[0].unlimited == {"memory", "disk"}
    assert agents[2].resources == Resources(16.0, 64 << 30, 10**12, 2, {"licence": 2.0})
    assert (agents[2].labels, agents[2].unlimited) == ({"gpu_model": "A100"}, frozenset())


@pytest.mark.parametrize(
    "text", ["", ",", "0x8cpu", "x8cpu", "8", "8cpu+64", "1x1.5gpu", "8cpu+64XiB", "8cpu+disk=many", "8cpu+a=-1",
             "8cpu+a=nan", "99999999999x1cpu", "100001x1cpu", "8cpu++1gpu"]
)  # fmt: skip
def test_bad_fleets(text: str) -> None:
    with pytest.raises(FleetError):
        parse_fleet(text)
