"""Where attempts run and how many at once: one rule, one test; then all rules together, through every fault."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule
from scenarios import PATIENT, story
from test_any_order import AGENTS, RETRY, AnyOrder
from test_explain import ExplainingBench, ExplainingWorld, texts, why
from tests.depth import examples
from turns import Bench, settled
from world import Behaviour, Faults, World

from windlass.model.document import load_document
from windlass.model.graph import Gpu, Resources
from windlass.sched import Config
from windlass.sched import events as e
from windlass.sched.devices import Ask, Devices
from windlass.sched.events import AttemptId, Rules, Scope, TaskPlan
from windlass.sched.plans import graph_plan
from windlass.sched.states import ItemState, Outcome

GIB = 1 << 30


def first(item: int = 0, task: int = 0, attempt: int = 1, run: int = 1) -> AttemptId:
    return AttemptId(run, task, item, attempt)


def agent(bench: Bench, name: str, gpus: tuple[Gpu, ...] = (), cpus: float = 8, **more: Any) -> None:
    bench.do(e.AgentHello(name, Resources(cpus=cpus, gpus=len(gpus)), {}, 0, gpus=gpus, **more))


def devices(bench: Bench) -> dict[AttemptId, tuple[int, ...]]:
    return {id: given for x in bench.effects if isinstance(x, e.AssignAttempts) for id, given in x.gpus.items()}


CARDS = (Gpu(0, "small", 8 * GIB), Gpu(1, "large", 40 * GIB), Gpu(4, "small", 8 * GIB))


# --- GPUs --------------------------------------------------------------------------------------------------


def test_whole_gpus_are_given_by_index_and_the_smallest_that_fits() -> None:
    bench = Bench()
    agent(bench, "a", CARDS)
    bench.submit(TaskPlan("t", count=4, resources=Resources(cpus=0, gpus=1)))
    assert devices(bench) == {first(0): (0,), first(1): (4,), first(2): (1,)}
    bench.exit(first(1))
    assert devices(bench) == {first(3): (4,)}


def test_each_of_the_gpus_must_have_the_memory() -> None:
    bench = Bench()
    agent(bench, "a", CARDS)
    ask = Resources(cpus=0, gpus=1, gpu_memory=16 * GIB)
    bench.submit(TaskPlan("t", count=2, resources=ask), TaskPlan("u", resources=replaced(ask, gpus=2)))
    assert devices(bench) == {first(0): (1,)}
    assert (
        texts(why(bench, 0, 1))["a"] == ("busy", "busy: asks a GPU, none free")
        or "busy" in texts(why(bench, 0, 1))["a"]
    )
    found = why(bench, 1)
    assert found.cause == "nowhere"
    assert texts(found)["a"] == ("lacks", "lacks 2 GPUs with 16 GiB: its GPUs are smaller")


def replaced(resources: Resources, **changes: Any) -> Resources:
    import msgspec

    return msgspec.structs.replace(resources, **changes)


def test_a_part_of_a_gpu_is_shared_and_never_meets_a_whole_one() -> None:
    bench = Bench()
    agent(bench, "a", CARDS)
    bench.submit(TaskPlan("part", count=9, resources=Resources(cpus=0.1, gpu_memory=6 * GIB)))
    given = devices(bench)
    assert sorted(given.values()) == [(0,), *[(1,)] * 6, (4,)]
    assert len(given) == 8
    bench.submit(TaskPlan("whole", resources=Resources(cpus=0, gpus=1)), run=2)
    assert not bench.ids()
    assert "6 GiB of one GPU" in texts(why(bench, 0, 8))["a"][1] or "GPU memory" in texts(why(bench, 0, 8))["a"][1]
    for id, indices in given.items():
        if indices == (0,):
            bench.exit(id)
    # The ninth part asked first; the whole one gets the next that is idle.
    for id, indices in given.items():
        if indices == (4,):
            bench.exit(id)
    assert first(run=2) in bench.scheduler._book.agents["a"].live


def test_an_attempt_with_gpus_is_never_sent_ahead() -> None:
    bench = Bench()
    agent(bench, "a", CARDS[:1])
    bench.submit(TaskPlan("t", count=50, resources=Resources(cpus=0, gpus=1)))
    bench.exit(first(0), took=0.0001)
    assert bench.ids() == [first(1)]


def test_the_agent_says_which_devices_its_attempts_have() -> None:
    """After a restart of the core nobody else knows."""
    bench = Bench()
    plan = e.RunPlan(1, "me", 0, 0.0, (TaskPlan("t", count=3, resources=Resources(cpus=0, gpus=1)),))
    states = bytearray([ItemState.ACTIVE, ItemState.ACTIVE, ItemState.PENDING])
    kept = e.RestoredRun(plan, "running", [e.RestoredTask(3, False, True, states, {0: 1, 1: 1})])
    live = [(first(0), e.AttemptState.RUNNING), (first(1), e.AttemptState.RUNNING)]
    facts = e.RestoredAgent("a", 1, False, Resources(cpus=2, gpus=3), {}, live, CARDS)
    bench.scheduler.restore([kept], [facts], bench.now)
    told = {first(0): (4,), first(1): (1,)}
    held = ((first(0), "running"), (first(1), "running"))
    bench.do(e.AgentHello("a", Resources(cpus=2, gpus=3), {}, 1, held, CARDS, told))
    assert devices(bench) == {first(2): (0,)}


def test_an_agent_that_names_no_gpus_offers_as_many_as_it_says() -> None:
    bench = Bench()
    bench.agent("a", gpus=2)
    bench.submit(TaskPlan("t", count=3, resources=Resources(cpus=0, gpus=1)))
    assert devices(bench) == {first(0): (0,), first(1): (1,)}
    bench.submit(TaskPlan("u", resources=Resources(cpus=0, gpu_memory=1)), run=2)
    assert why(bench, run=2).cause == "nowhere"


def test_gpus_that_vanish_leave_their_attempts_without_and_come_back() -> None:
    bench = Bench()
    agent(bench, "a", CARDS)
    bench.submit(TaskPlan("t", count=4, resources=Resources(cpus=0, gpus=1)))
    held = tuple((id, "running") for id in bench.ids())
    bench.do(e.AgentHello("a", Resources(cpus=8, gpus=1), {}, 1, held, CARDS[:1]))
    assert not bench.ids()
    bench.exit(first(2))
    assert not bench.ids()
    bench.exit(first(0))
    assert devices(bench) == {first(3): (0,)}


ASKS = st.builds(Ask, st.integers(0, 2), st.integers(1, 12))


@given(
    memory=st.lists(st.integers(0, 24), max_size=4),
    steps=st.lists(st.tuples(ASKS, st.integers(0, 2), st.integers(0, 9)), max_size=30),
)
@settings(deadline=None, derandomize=True)
def test_devices_are_never_given_twice(memory: list[int], steps: list[tuple[Ask, int, int]]) -> None:
    found = Devices(Gpu(2 * index, "", size) for index, size in enumerate(memory))
    asks: dict[AttemptId, Ask] = {}
    for number, (ask, what, pick) in enumerate(steps):
        id = first(number)
        if what == 0 and asks:
            gone = sorted(asks)[pick % len(asks)]
            found.give(gone)
            del asks[gone]
        elif what == 1:
            found = found.renewed([Gpu(2 * index, "", size) for index, size in enumerate(memory)][pick % 3 :], asks, {})
            asks = {id: ask for id, ask in asks.items() if id in found.held}
        else:
            room = found.room(ask)
            assert room == 0 or found.able(ask)
            if room:
                found.take(id, ask)
                asks[id] = ask
                assert found.room(ask) == room - 1 or not ask.gpus
        found.check()
        assert set(found.held) == set(asks)


# --- limits ------------------------------------------------------------------------------------------------


def test_a_licence_is_counted_over_the_whole_cluster() -> None:
    bench = Bench(Config(licences={"maya": 4}))
    for name in "abc":
        bench.agent(name, cpus=8)
    render = TaskPlan("render", count=9, resources=Resources(cpus=1, named={"maya": 1}))
    bench.submit(render, TaskPlan("other", count=2, resources=Resources(cpus=1)))
    assert len([id for id in bench.ids() if id.task == 0]) == 4
    found = why(bench, 0, 8)
    assert (found.cause, found.limits) == ("limit", ("licence maya: 4 of 4 in use",))
    assert found.sentence() == "licence maya: 4 of 4 in use; can run on all 3 agents"
    bench.exit(first(0), took=0.0001)
    assert bench.ids() == [first(4)]


def test_half_a_licence_and_two_runs_that_share_it() -> None:
    bench = Bench(Config(licences={"maya": 1.5}))
    bench.agent(cpus=8)
    bench.submit(TaskPlan("t", count=2, resources=Resources(named={"maya": 0.5})), run=1)
    bench.submit(TaskPlan("t", count=2, resources=Resources(named={"maya": 1.0})), run=2, priority=1)
    assert not bench.ids()
    bench.exit(first(0))
    assert bench.ids() == [first(0, run=2)]
    bench.exit(first(1))
    assert not bench.ids()


def test_more_of_a_licence_than_there_is_is_said_to_come_from_nowhere() -> None:
    bench = Bench(Config(licences={"maya": 2}))
    bench.agent()
    bench.submit(TaskPlan("t", resources=Resources(named={"maya": 2.5})))
    bench.submit(TaskPlan("u", resources=Resources(named={"maya": 2})), run=2)
    found = why(bench)
    assert (found.cause, found.sentence()) == ("nowhere", "asks 2.5 of licence maya, there are 2")
    assert bench.scheduler.nowhere(1) == (0, "asks 2.5 of licence maya, there are 2")
    assert bench.scheduler.nowhere(2) is None
    assert [view.id.run for view in bench.scheduler.live()] == [2]


def test_what_nobody_has_and_is_no_licence_is_still_an_agents_own() -> None:
    bench = Bench(Config(licences={"maya": 1}))
    bench.agent()
    bench.submit(TaskPlan("t", resources=Resources(named={"nuke": 1})))
    assert why(bench).sentence() == "cannot run on the only agent: it lacks 1 nuke"


def test_limits_of_task_run_group_and_owner() -> None:
    bench = Bench(Config(owners={"alice": 5}, owner=3, groups={"net": 1}, prefetch_max=0))
    bench.agent(cpus=50)
    tasks = (
        TaskPlan("few", count=9, rules=Rules(limit=2, place=0)),
        TaskPlan("db", count=9, rules=Rules(groups=("db",))),
        TaskPlan("net", count=9, rules=Rules(groups=("net", "db"))),
    )
    bench.do(e.RunSubmitted(e.RunPlan(1, "alice", 0, 0.0, tasks, groups={"db": 3})))
    assert [id.task for id in bench.ids()] == [0, 0, 1, 1, 1]
    assert why(bench, 0).limits == ("limit of the task: 2 of 2 run", "limit of owner alice: 5 of 5 run")
    assert why(bench, 1).limits == ("limit of group db: 3 of 3 run", "limit of owner alice: 5 of 5 run")
    bench.do(e.RunSubmitted(e.RunPlan(2, "bob", 0, 0.0, (tasks[2],), running=1)))
    assert [id.run for id in bench.ids()] == [2]
    assert why(bench, run=2).limits == ("limit of group net: 1 of 1 run", "limit of the run: 1 of 1 run")
    bench.exit(first(0, 1))
    assert [id.task for id in bench.ids()] == [1]
    bench.do(e.RunSubmitted(e.RunPlan(3, "bob", 0, 0.0, (TaskPlan("t", count=9),))))
    assert len(bench.ids()) == 2
    bench.do(e.CancelRequested(Scope(2)))
    bench.exit(first(run=2), Outcome.STOPPED)
    assert len(bench.ids()) == 1


def test_a_limit_takes_part_in_the_note_of_a_run() -> None:
    bench = Bench(Config(groups={"net": 1}))
    bench.agent(cpus=4)
    bench.submit(TaskPlan("t", rules=Rules(groups=("net",))))
    bench.submit(TaskPlan("t", rules=Rules(groups=("net",))), run=2)
    assert bench.scheduler.why_waiting(2) == "t waits: limit of group net: 1 of 1 run"


def test_a_lower_limit_stops_nobody_but_lets_nobody_in() -> None:
    bench = Bench()
    bench.agent(cpus=8)
    bench.submit(TaskPlan("t", count=9, rules=Rules(limit=4, place=0)))
    assert len(bench.ids()) == 4
    bench.do(e.TaskAmended(1, 0, TaskPlan("t", count=9, rules=Rules(limit=2, place=0))))
    bench.exit(first(0))
    bench.exit(first(1))
    assert not bench.ids()
    bench.exit(first(2))
    assert bench.ids() == [first(4)]


def test_a_restart_counts_what_runs() -> None:
    plan = e.RunPlan(1, "me", 0, 0.0, (TaskPlan("t", count=4, resources=Resources(named={"maya": 1})),))
    states = bytearray([ItemState.ACTIVE] * 3 + [ItemState.PENDING])
    kept = e.RestoredRun(plan, "running", [e.RestoredTask(4, False, True, states, {0: 1, 1: 1, 2: 1})])
    held = tuple((first(item), "running") for item in range(3))
    live = [(id, e.AttemptState.RUNNING) for id, _ in held]
    bench = Bench(Config(licences={"maya": 2}))
    bench.scheduler.restore([kept], [e.RestoredAgent("a", 1, False, Resources(cpus=8), {}, live)], bench.now)
    bench.do(e.AgentHello("a", Resources(cpus=8), {}, 1, held))
    assert why(bench, 0, 3).limits == ("licence maya: 3 of 2 in use",)
    bench.exit(first(0))
    assert not bench.ids()
    bench.exit(first(1))
    assert bench.ids() == [first(3)]


def test_what_is_limited_holds_nobody_else_up() -> None:
    bench = Bench()
    bench.agent(cpus=4)
    bench.submit(TaskPlan("t", count=9, priority=5, rules=Rules(limit=1, place=0)), TaskPlan("u", count=3))
    assert [id.task for id in bench.ids()] == [0, 1, 1, 1]


def test_a_paused_run_gives_its_place_in_a_group_to_others() -> None:
    bench = Bench(Config(groups={"net": 1}))
    bench.agent(cpus=4)
    tasks = TaskPlan("t", count=3, rules=Rules(groups=("net",)))
    bench.submit(tasks, run=1, priority=1)
    bench.submit(tasks, run=2)
    bench.do(e.PauseRequested(1, True))
    bench.exit(first(0))
    assert bench.ids() == [first(0, run=2)]
    bench.do(e.PauseRequested(1, False))
    bench.exit(first(0, run=2))
    assert bench.ids() == [first(1)]


# --- who shares an agent -----------------------------------------------------------------------------------


def test_spread_goes_where_the_fewest_are() -> None:
    bench = Bench()
    for name, cpus in (("a", 2), ("b", 4), ("c", 8)):
        bench.agent(name, cpus=cpus)
    bench.submit(TaskPlan("t", count=7, rules=Rules(spread=True)))
    assert [name for name, _ in bench.assigned()].count("a") == 2
    by_agent = {name: sum(where == name for where, _ in bench.assigned()) for name in "abc"}
    assert by_agent == {"a": 2, "b": 2, "c": 3}


def test_packed_work_fills_one_agent_first() -> None:
    bench = Bench()
    for name in "abc":
        bench.agent(name, cpus=3)
    bench.submit(TaskPlan("t", count=3))
    assert len({name for name, _ in bench.assigned()}) == 1


def test_tasks_are_kept_apart_both_ways() -> None:
    bench = Bench()
    bench.agent("a", cpus=4)
    bench.agent("b", cpus=4)
    tasks = settled(
        (TaskPlan("encode", count=2), TaskPlan("check", count=9, rules=Rules(apart=frozenset({0}), place=1)))
    )
    bench.submit(*tasks)
    where = {name: {id.task for at, id in bench.assigned() if at == name} for name in "ab"}
    assert sorted(map(tuple, where.values())) == [(0,), (1,)]
    encoder = next(name for name in "ab" if where[name] == {0})
    found = why(bench, 1, 8)
    assert texts(found)[encoder] == ("busy", "busy: apart from encode")
    bench.submit(TaskPlan("encode", count=9, resources=Resources(cpus=1)), run=2)
    assert {name for name, _ in bench.assigned()} == {encoder}, "another run is not meant"
    bench.exit(first(0))
    assert not [id for id in bench.ids() if id.task == 1 and id.run == 1]
    bench.exit(first(1))
    assert [name for name, id in bench.assigned() if id.task == 1 and id.run == 1] == [encoder] * 1 or bench.ids()


def test_one_an_agent() -> None:
    bench = Bench()
    for name in "ab":
        bench.agent(name, cpus=4)
    bench.submit(*settled((TaskPlan("t", count=5, rules=Rules(apart=frozenset({0}), place=0)),)))
    assert sorted(name for name, _ in bench.assigned()) == ["a", "b"]
    bench.exit(first(0), took=0.0001)
    assert len(bench.ids()) == 1


def test_an_exclusive_attempt_is_alone() -> None:
    bench = Bench(Config(reserve_after=1.0))
    bench.agent("a", cpus=4)
    bench.submit(TaskPlan("small", count=8))
    bench.submit(TaskPlan("alone", count=2, priority=1, rules=Rules(exclusive=True)), run=2)
    assert texts(why(bench, run=2))["a"] == ("busy", "busy: asked for alone, 4 other attempts there")
    bench.wait(2.0)
    for item in range(4):
        assert not bench.exit(first(item))[-1:] or not [id for id in bench.ids() if id.run == 1]
    assert bench.ids() == [first(run=2)]
    assert texts(why(bench, 0, 7))["a"] == ("busy", "busy: an attempt has it for itself")
    bench.exit(first(run=2))
    bench.exit(first(1, run=2))
    assert [id.run for id in bench.ids()] == [1] * 4


def test_an_exclusive_request_is_not_starved() -> None:
    bench = Bench(Config(reserve_after=1.0, prefetch_max=0))
    bench.agent("a", cpus=2)
    bench.submit(TaskPlan("small", count=50, resources=Resources(cpus=1)))
    bench.submit(TaskPlan("alone", rules=Rules(exclusive=True)), run=2)
    ends: Iterator[int] = iter(range(50))
    for _ in range(8):
        bench.wait(1.0)
        if bench.scheduler.states(2, 0)[0] == ItemState.ACTIVE:
            return
        bench.exit(first(next(ends)))
    raise AssertionError("it waits for ever")


# --- from the document -------------------------------------------------------------------------------------


def test_the_document_says_it_all() -> None:
    graph = load_document(
        "windlass: 1\nname: x\nlimits: {running: 9, groups: {db: 2}}\ntasks:\n"
        "  a: {command: x, foreach: 3, limit: 2, groups: [db], placement: spread}\n"
        "  b: {command: x, apart: a, exclusive: true}\n"
        "  c: {command: x, resources: {gpus: 1, gpu-memory: 8 GiB, named: {maya: 1}}}\n"
    ).graph
    assert graph is not None
    plan = graph_plan(graph, {})
    assert (plan.running, plan.groups) == (9, {"db": 2})
    a, b, c = (task.rules for task in plan.tasks)
    assert a == Rules(spread=True, apart=frozenset({1}), limit=2, groups=("db",), place=0)
    assert b == Rules(apart=frozenset({0}), exclusive=True, place=1)
    assert c is e.PLAIN
    assert plan.tasks[2].resources.gpu_memory == 8 * GIB


# --- all together ------------------------------------------------------------------------------------------


def _mixed(count: int = 4) -> tuple[TaskPlan, ...]:
    share = Resources(cpus=0.5, gpu_memory=10)
    return settled(
        (
            TaskPlan("whole", count=count, resources=Resources(cpus=1, gpus=1, gpu_memory=12), retries=RETRY),
            TaskPlan("part", count=count, resources=share, retries=RETRY, rules=Rules(groups=("db",))),
            TaskPlan(
                "licensed", count=count, resources=Resources(cpus=0.5, named={"maya": 1}), rules=Rules(spread=True)
            ),
            TaskPlan("apart", count=count, rules=Rules(apart=frozenset({3, 1}), groups=("db",), place=3)),
            TaskPlan("alone", count=2, rules=Rules(exclusive=True, limit=1, place=4), retries=RETRY),
            TaskPlan("both", count=2, resources=Resources(cpus=0.5, named={"maya": 2}), retries=RETRY),
            TaskPlan("plain", count=count, resources=Resources(cpus=0.5), needs=((0, True),)),
        )
    )


CONFIG = Config(
    crash_limit=2, timeout_slack=1.0, silent_assign=9.0, reserve_after=2.0, licences={"maya": 2}, owner=5,
    owners={"x": 7}, groups={"net": 2},
)  # fmt: skip


class Placed(AnyOrder):
    bench_class = Bench

    @initialize()
    def begin(self) -> None:
        super().begin()
        self.bench = self.bench_class(CONFIG)

    @rule(
        graph=st.just(_mixed()), owner=st.sampled_from(["x", "y"]), priority=st.integers(-1, 1),
        running=st.sampled_from([None, 3]),
    )  # fmt: skip
    def submit(self, graph: tuple[TaskPlan, ...], owner: str, priority: int, running: int | None = None) -> None:
        if self.runs < 3:
            self.runs += 1
            self.do(
                e.RunSubmitted(
                    e.RunPlan(self.runs, owner, priority, self.bench.now, graph, running=running, groups={"db": 2})
                )
            )

    @rule(name=st.sampled_from(AGENTS), cpus=st.integers(1, 4), forget=st.integers(0, 3), fresh=st.booleans(),
          memory=st.lists(st.sampled_from([8, 16, 40]), max_size=3))  # fmt: skip
    def hello(self, name: str, cpus: int, forget: int, fresh: bool, memory: list[int] | None = None) -> None:
        scheduler = self.bench.scheduler
        known = name in scheduler.agents()
        held = [view.id for view in scheduler.live(name)][forget:] if known else []
        kinds = ["running", "waiting", "exited"]
        epoch = scheduler.agent_view(name).epoch if known and not fresh else 0
        gpus = tuple(Gpu(3 * index, "card", size) for index, size in enumerate(memory or []))
        mine = scheduler._book.agents[name].devices.held if known else {}
        told = {id: mine[id].indices for id in held if id in mine}
        states = tuple((id, kinds[n % 3]) for n, id in enumerate(held))
        self.do(e.AgentHello(name, Resources(cpus=cpus, gpus=len(gpus)), {}, epoch, states, gpus, told))

    @rule(run=st.integers(1, 3), task=st.integers(0, 5), limit=st.sampled_from([None, 1, 3]), groups=st.booleans(),
          exclusive=st.booleans())  # fmt: skip
    def amend_rules(self, run: int, task: int, limit: int | None, groups: bool, exclusive: bool) -> None:
        known = self.bench.scheduler._book.runs.get(run)
        if known is not None:
            plan = known.tasks[task].plan
            rules = replace(plan.rules, limit=limit, groups=("net",) if groups else (), exclusive=exclusive, place=task)
            self.do(e.TaskAmended(run, task, replace(plan, rules=rules)))


class PlacedAndExplained(Placed):
    bench_class = ExplainingBench


for machine in (Placed, PlacedAndExplained):
    machine.TestCase.settings = settings(
        max_examples=examples(12), stateful_step_count=30, deadline=None, derandomize=True,
        suppress_health_check=[HealthCheck.too_slow],
    )  # fmt: skip
TestPlaced = Placed.TestCase
TestPlacedAndExplained = pytest.mark.slow(PlacedAndExplained.TestCase)


def _world(seed: int, **more: Any) -> World:
    """A story with every rule in it, on agents with GPUs, through all faults and restarts of the core."""
    # Nobody goes for ever: only one agent has two GPUs.
    kinds = tuple(kind for kind in Faults().kinds if kind != "gone")
    world = story(seed, **{"faults": Faults(kinds=kinds), **more})
    world.config = replace(world.config, licences={"maya": 2}, groups={"net": 3}, owner=9)
    world.scheduler = type(world.scheduler)(world.config)
    quick, slow = Behaviour((0.1, 1.0), fail=0.1), Behaviour((0.5, 4.0), fail=0.1)
    plans = settled(
        (
            TaskPlan("whole", count=5, resources=Resources(cpus=1, gpus=1), retries=PATIENT),
            TaskPlan("pair", count=2, resources=Resources(cpus=0.5, gpus=2, gpu_memory=20), retries=PATIENT),
            TaskPlan("part", count=9, resources=Resources(cpus=0.2, gpu_memory=9), retries=PATIENT),
            TaskPlan("maya", count=6, resources=Resources(cpus=0.2, named={"maya": 1}), retries=PATIENT),
            TaskPlan("two", count=2, resources=Resources(cpus=0.2, named={"maya": 2}), retries=PATIENT),
            TaskPlan("net", count=8, rules=Rules(groups=("net", "db")), resources=Resources(cpus=0.5), retries=PATIENT),
            TaskPlan("apart", count=5, rules=Rules(apart=frozenset({4, 5}), place=5), retries=PATIENT),
            TaskPlan("alone", count=3, rules=Rules(exclusive=True, limit=1, place=6), retries=PATIENT, priority=1),
            TaskPlan("spread", count=6, rules=Rules(spread=True), resources=Resources(cpus=0.5), retries=PATIENT),
        )
    )
    tasks = [(plan, quick if plan.id in ("part", "net") else slow) for plan in plans]
    world.at(1.5, lambda: world.submit(tasks, run=3, owner="third", running=6, groups={"db": 2}))
    return world


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (1, 2, 3))])
def test_the_rules_hold_whatever_fails(seed: int) -> None:
    world = _world(seed, people=seed % 2 == 1, blind=seed == 3)
    world.run()
    world.audit()


def test_without_faults_all_of_it_succeeds() -> None:
    world = _world(5, people=False, faults=Faults(lose=0, repeat=0, until=0.0))
    world.run()
    world.audit()
    assert world.store.state[3] == "succeeded"


@pytest.mark.slow
def test_explained_in_the_world() -> None:
    world = _world(2)
    world.__class__ = ExplainingWorld
    world.run()
    world.audit()
