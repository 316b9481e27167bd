"""Tasks of one item are objects only while something happens to them, and nobody can tell."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from turns import Bench

from windlass.model.edges import Edges, topological
from windlass.model.graph import Resources, RetryPolicy
from windlass.sched import events as e
from windlass.sched.events import Scope, TaskPlan
from windlass.sched.states import ItemState


def objects(bench: Bench, run: int = 1) -> set[int]:
    """Positions of the tasks that are objects between two events, or members of a crowd."""
    tasks = bench.scheduler._book.runs[run].tasks
    return set(tasks._hot).union(*(crowd.members() for crowd in tasks.crowds.values()))


def chain(length: int) -> list[TaskPlan]:
    return [TaskPlan(f"t{place}", ((place - 1, False),) if place else ()) for place in range(length)]


def test_only_what_is_ready_or_active_is_an_object() -> None:
    bench = Bench()
    bench.submit(*chain(50))
    assert objects(bench) == {0}
    bench.agent(cpus=1)
    for place in range(50):
        assert objects(bench) == {place}
        (id,) = bench.ids()
        bench.exit(id)
    assert not objects(bench)
    assert bench.scheduler.counts(1)[ItemState.SUCCEEDED] == 50
    assert bench.scheduler.run_view(1).state == "succeeded"


def test_one_that_frees_ten_thousand_wakes_only_those_that_wait_for_nothing_else() -> None:
    bench = Bench()
    late = [TaskPlan(f"late{place}", ((0, False), (1, False))) for place in range(300)]
    free = [TaskPlan(f"free{place}", ((0, False),)) for place in range(3)]
    bench.submit(TaskPlan("first"), TaskPlan("second"), *late, *free)
    bench.agent(cpus=1)
    bench.exit(bench.ids()[0])
    assert objects(bench) == {1, 302, 303, 304}


def test_what_a_failing_task_counted_is_kept_until_it_has_ended() -> None:
    bench = Bench()
    bench.submit(TaskPlan("shaky", retries=RetryPolicy(max=1, backoff=0.5)), TaskPlan("after", ((0, False),)))
    bench.agent()
    bench.fail(bench.ids()[0])
    assert objects(bench) == {0}
    bench.wait(1.0)
    bench.fail(bench.ids()[0])
    assert bench.scheduler.run_view(1).state == "failed"
    assert not objects(bench)
    assert bench.scheduler.counts(1, 1)[ItemState.SKIPPED] == 1
    bench.do(e.RetryRequested(Scope(1)))
    (id,) = bench.ids()
    assert id.attempt == 3
    bench.fail(id)  # forgiven: it may fail once more
    bench.wait(1.0)
    bench.exit(bench.ids()[0])
    bench.exit(bench.ids()[0])
    assert bench.scheduler.run_view(1).state == "succeeded"
    assert not objects(bench)


def test_a_quiet_task_goes_on_by_its_amended_plan() -> None:
    bench = Bench()
    bench.submit(*chain(3))
    bench.do(e.TaskAmended(1, 2, TaskPlan("", resources=Resources(cpus=2), priority=7)))
    assert objects(bench) == {0}
    bench.agent(cpus=2)
    bench.exit(bench.ids()[0])
    bench.exit(bench.ids()[0])
    assert bench.scheduler.agent_view("a").used["cpus"] == 2.0
    bench.exit(bench.ids()[0])
    bench.do(e.RunDeleted(1))
    assert not bench.scheduler._book.shapes


def test_a_cancel_reaches_quiet_tasks_and_a_retry_brings_them_back() -> None:
    bench = Bench()
    bench.submit(*chain(30))
    bench.do(e.CancelRequested(Scope(1)))
    assert bench.scheduler.counts(1)[ItemState.CANCELLED] == 30
    assert not objects(bench)
    assert bench.scheduler.touched(e.RetryRequested(Scope(1, 20))) == 1
    bench.do(e.RetryRequested(Scope(1)))
    assert bench.scheduler.counts(1)[ItemState.PENDING] == 29
    assert objects(bench) == {0}


def test_a_paused_and_moved_run_keeps_its_order_when_its_tasks_wake() -> None:
    bench = Bench()
    bench.submit(*chain(2), run=1)
    bench.submit(*chain(2), run=2)
    bench.do(e.PauseRequested(1, True))
    bench.do(e.PriorityChanged(1, 5))
    bench.do(e.PauseRequested(1, False))
    bench.agent(cpus=1)
    for expected in ((1, 0), (1, 1), (2, 0), (2, 1)):
        (id,) = bench.ids()
        assert (id.run, id.task) == expected
        bench.exit(id)


@given(st.integers(1, 30).flatmap(lambda n: st.tuples(
    st.just(n), st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)), max_size=60)
)))  # fmt: skip
def test_edges_are_lists_of_neighbours(drawn: tuple[int, list[tuple[int, int]]]) -> None:
    size, pairs = drawn
    edges = Edges(size, [begin for begin, _ in pairs], [end for _, end in pairs])
    assert [list(edges.of(place)) for place in range(size)] == [
        [end for begin, end in pairs if begin == place] for place in range(size)
    ]
    assert list(edges.degrees(size)) == [len(edges.of(place)) for place in range(size)]


@given(st.lists(st.sets(st.integers(0, 20), max_size=4), min_size=1, max_size=20))
def test_the_order_puts_each_after_what_it_needs(drawn: list[set[int]]) -> None:
    needs = [[up for up in ups if up < place] for place, ups in enumerate(drawn)]
    pairs = [(place, up) for place, ups in enumerate(needs) for up in ups]
    up = Edges(len(needs), [place for place, _ in pairs], [other for _, other in pairs])
    down = Edges(len(needs), [other for _, other in pairs], [place for place, _ in pairs])
    order = topological((up,), (down,), len(needs))
    assert sorted(order) == list(range(len(needs)))
    assert all(order.index(other) < order.index(place) for place, other in pairs)
