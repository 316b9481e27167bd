"""Deadlines: told when they are in danger, when they no longer are, and when they are missed."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.depth import examples
from turns import Bench

from windlass.sched import Config
from windlass.sched import events as e
from windlass.sched.deadlines import forecast
from windlass.sched.events import AttemptId, DeadlineChanged, TaskPlan

CONFIG = Config(prefetch_max=0, disconnected_after=1e6, lease_wait=1e6)


def told(effects: list[e.Effect]) -> list[tuple[int, str]]:
    return [(effect.task, effect.state) for effect in effects if isinstance(effect, DeadlineChanged)]


def test_a_deadline_that_cannot_be_met_is_told_at_once_and_again_when_it_is_missed() -> None:
    bench = Bench(CONFIG)
    bench.agent(cpus=1)
    effects = bench.submit(TaskPlan("t", count=4, expected=10.0, deadline=25.0))
    assert told(effects) == [(0, "endangered")]
    assert [(x.due - bench.now, x.forecast - bench.now) for x in effects if isinstance(x, DeadlineChanged)] == [
        (25, 40)
    ]
    assert told(bench.wait(24.0)) == []
    assert told(bench.wait(1.0)) == [(0, "missed")]
    assert told(bench.wait(100.0)) == []


def test_help_that_comes_ends_the_danger() -> None:
    bench = Bench(CONFIG)
    bench.agent("a", cpus=1)
    assert told(bench.submit(TaskPlan("t", count=4, expected=10.0, deadline=35.0))) == [(0, "endangered")]
    bench.agent("b", cpus=3)
    assert told(bench.wait(10.0)) == [(0, "open")]


def test_what_it_needs_counts_too() -> None:
    bench = Bench(CONFIG)
    bench.agent(cpus=4)
    after = TaskPlan("b", needs=((0, False),), expected=5.0, deadline=32.0)
    assert told(bench.submit(TaskPlan("a", expected=30.0), after)) == [(1, "endangered")]


def test_an_end_in_time_after_all_is_told_and_nothing_is_told_of_what_was_never_in_danger() -> None:
    bench = Bench(CONFIG)
    bench.agent(cpus=2)
    effects = bench.submit(
        TaskPlan("t", expected=100.0, deadline=50.0), TaskPlan("u", expected=1.0, deadline=50.0), TaskPlan("more")
    )
    assert told(effects) == [(0, "endangered")]
    bench.exit(AttemptId(1, 0, 0, 1))
    assert told(bench.wait(6.0)) == [(0, "met")]
    bench.exit(AttemptId(1, 1, 0, 1))
    assert told(bench.wait(100.0)) == []
    assert not bench.scheduler._book.deadlines.runs


def test_where_nothing_is_known_only_the_miss_is_told() -> None:
    bench = Bench(CONFIG)
    bench.agent(cpus=1)
    bench.submit(TaskPlan("t", count=3, deadline=10.0))
    assert told(bench.wait(9.0)) == []
    assert told(bench.wait(2.0)) == [(0, "missed")]


def test_what_was_learned_is_used() -> None:
    bench = Bench(CONFIG)
    bench.agent(cpus=1)
    bench.submit(TaskPlan("t", count=10, deadline=60.0))
    assert told(bench.wait(20.0)) == []
    bench.exit(AttemptId(1, 0, 0, 1), took=20.0)
    assert told(bench.wait(6.0)) == [(0, "endangered")]


def test_a_restart_and_a_retry_look_after_them_again() -> None:
    bench = Bench(CONFIG)
    bench.agent(cpus=1)
    bench.submit(TaskPlan("t", count=1, deadline=10.0))
    bench.fail(AttemptId(1, 0, 0, 1))
    assert told(bench.wait(20.0)) == []
    assert not bench.scheduler._book.deadlines.runs
    assert told(bench.do(e.RetryRequested(e.Scope(1)))) == [(0, "missed")]
    again = Bench(CONFIG)
    plan = e.RunPlan(1, "me", 0, again.now - 20.0, (TaskPlan("t", deadline=10.0),))
    task = e.RestoredTask(1, False, True, bytearray(1))
    again.scheduler.restore([e.RestoredRun(plan, "running", [task])], [], again.now)
    assert told(again.wait(0.0)) == [(0, "missed")]


def test_nothing_ticks_without_deadlines() -> None:
    bench = Bench(CONFIG)
    bench.agent()
    before = bench.scheduler.next_deadline()
    bench.submit(TaskPlan("t"))
    assert bench.scheduler.next_deadline() == before


@settings(max_examples=examples(100), deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 6), st.integers(1, 9), st.booleans()), min_size=1, max_size=6), st.integers(1, 4)
)
def test_the_forecast_of_an_idle_cluster_is_never_later_than_what_happens(
    rows: list[tuple[int, int, bool]], cpus: int
) -> None:
    """A chain of arrays alone on one agent: the forecast at the submit is not later than the real end of each."""
    bench = Bench(CONFIG)
    bench.agent(cpus=cpus)
    tasks = [
        TaskPlan(f"t{n}", count=count, expected=float(seconds), needs=((n - 1, False),) if n and chained else ())
        for n, (count, seconds, chained) in enumerate(rows)
    ]
    bench.submit(*tasks)
    book = bench.scheduler._book
    ends = forecast(book, book.runs[1])
    began = dict.fromkeys(bench.ids(), bench.now)
    last = [0.0] * len(tasks)
    while began:
        id = min(began, key=lambda id: (began[id] + rows[id.task][1], id))
        bench.now = began.pop(id) + rows[id.task][1]
        last[id.task] = bench.now
        bench.exit(id, took=rows[id.task][1])
        began.update(dict.fromkeys(bench.ids(), bench.now))
    for pos, end in enumerate(ends):
        assert end is not None
        assert end <= last[pos] + 1e-9
