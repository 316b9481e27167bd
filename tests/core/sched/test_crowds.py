"""Single tasks go together as long as nothing else happens to them than that they are given and succeed."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from turns import Bench

from windlass.model.graph import Resources, RetryPolicy
from windlass.sched import events as e
from windlass.sched.crowds import Crowd
from windlass.sched.events import AttemptId, Scope, TaskPlan
from windlass.sched.states import TERMINAL, ItemState, Outcome


def layers(width: int, height: int) -> list[TaskPlan]:
    """Each task needs its own place and the next one of the layer before."""
    plans = [TaskPlan(f"t{place}") for place in range(width)]
    for first in range(0, width * (height - 1), width):
        for place in range(width):
            plans.append(TaskPlan("", ((first + place, False), (first + (place + 1) % width, False))))
    return [
        TaskPlan(f"t{place}", plan.needs, retries=RetryPolicy(max=1, backoff=0.5)) for place, plan in enumerate(plans)
    ]


def crowds(bench: Bench, run: int = 1) -> list[Crowd]:
    return list(bench.scheduler._book.runs[run].tasks.crowds.values())


def together(bench: Bench, run: int = 1) -> set[int]:
    return {pos for crowd in crowds(bench, run) for pos in crowd.members()}


def succeed(bench: Bench, ids: list[AttemptId], agent: str = "a") -> None:
    """As columns, of many tasks."""
    now, count = bench.now, len(ids)
    tasks = [id.task for id in ids]
    items, numbers = [id.item for id in ids], [id.attempt for id in ids]
    epoch = bench.scheduler.agent_view(agent).epoch
    columns = ([now - 1.0] * count, [now] * count, [0] * count)
    bench.do(e.AttemptsSucceeded(agent, epoch, 1, tasks[0], items, numbers, *columns, tasks))


def test_a_layer_is_one_crowd_given_and_ended_together() -> None:
    bench = Bench()
    bench.submit(*layers(40, 3))
    assert [len(list(crowd.members())) for crowd in crowds(bench)] == [40]
    bench.agent(cpus=40)
    for layer in range(3):
        ids = bench.ids()
        assert [id.task for id in ids] == list(range(40 * layer, 40 * layer + 40))
        assert bench.of(e.ItemsChanged) == []
        succeed(bench, ids)
    told = [effect for effect in bench.of(e.TasksChanged) if isinstance(effect, e.TasksChanged)]
    assert [(one.state, one.ranges) for one in told] == [(ItemState.SUCCEEDED, [(80, 120)])]
    assert bench.scheduler.run_view(1).state == "succeeded"
    assert not crowds(bench)


def test_who_fails_is_on_its_own_and_the_others_stay() -> None:
    bench = Bench()
    bench.submit(*layers(4, 2))
    bench.agent(cpus=4)
    ids = bench.ids()
    bench.fail(ids[1])
    assert together(bench) == {0, 2, 3}
    bench.wait(1.0)
    (again,) = bench.ids()
    assert again == AttemptId(1, 1, 0, 2)
    succeed(bench, [ids[0], again, ids[2], ids[3]])  # of a crowd, and of one that is not in it, in one message
    assert together(bench) == {4, 5, 6, 7}


def test_one_that_is_asked_about_leaves_and_is_given_before_or_after_all_the_same() -> None:
    bench = Bench()
    bench.submit(*layers(4, 1))
    bench.agent(cpus=1)
    assert bench.scheduler.why(1, 2, 0, bench.now, {}).cause == "order"
    assert together(bench) == {0, 1, 3}
    given = []
    while bench.ids():
        given += bench.ids()
        bench.exit(bench.ids()[0])
    assert sorted(id.task for id in given) == [0, 1, 2, 3]


def test_what_is_unlike_the_others_is_of_no_crowd() -> None:
    bench = Bench()
    alike, large = TaskPlan("alike"), TaskPlan("large", resources=Resources(cpus=2))
    asked, array = TaskPlan("asked", ask=True), TaskPlan("array", count=3)
    bench.submit(alike, large, asked, array, TaskPlan("item", ((3, True),), count=3))
    assert sorted(sorted(crowd.members()) for crowd in crowds(bench)) == [[0], [1]]


def test_a_cancelled_run_leaves_none_and_tells_each_task() -> None:
    bench = Bench()
    bench.submit(*layers(6, 2))
    bench.agent(cpus=2)
    ids = bench.ids()
    bench.do(e.CancelRequested(Scope(1)))
    assert not crowds(bench)
    assert sorted(bench.stops()) == sorted(ids)
    assert bench.scheduler.counts(1)[ItemState.CANCELLED] == 12


def test_a_returning_agent_without_them_gives_members_back() -> None:
    bench = Bench()
    bench.submit(*layers(3, 1))
    bench.agent(cpus=3)
    ids = bench.ids()
    bench.agent(cpus=3, epoch=1, held=((ids[0], "running"),))
    assert together(bench) == {0}
    assert sorted(id[1:] for id in bench.ids()) == [(1, 0, 2), (2, 0, 2)]


STEPS = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 7)), max_size=40)


@settings(max_examples=60, deadline=None)
@given(STEPS, st.integers(1, 4))
def test_whatever_happens_all_end_and_none_twice(steps: list[tuple[int, int]], cpus: int) -> None:
    """`Bench` checks all invariants after each step."""
    bench = Bench()
    bench.submit(*layers(5, 4))
    bench.agent(cpus=cpus)
    given_once: set[AttemptId] = set()

    def live() -> list[AttemptId]:
        return [view.id for view in bench.scheduler.live("a") if not view.stopping]

    def note() -> None:
        fresh = bench.ids()
        assert given_once.isdisjoint(fresh)
        given_once.update(fresh)

    note()
    for kind, which in steps:
        running = live()
        some = running[: which + 1]
        if kind <= 3 and some:
            succeed(bench, some)
        elif kind == 4 and some:
            bench.fail(some[-1])
        elif kind == 5 and some:
            epoch = bench.scheduler.agent_view("a").epoch
            bench.do(e.AttemptsRejected("a", epoch, some))
        elif kind == 6:
            bench.do(e.CancelRequested(Scope(1, which)))
            for id in bench.stops():
                note()
                bench.exit(id, Outcome.STOPPED)
        elif kind == 7:
            bench.do(e.RetryRequested(Scope(1), downstream=bool(which % 2)))
        elif kind == 8:
            bench.do(e.PauseRequested(1, which < 3))
        elif kind == 9:
            bench.do(e.PriorityChanged(1, which))
        note()
        bench.wait(0.3)
        note()
    bench.do(e.PauseRequested(1, False))
    note()
    for _ in range(400):
        for id in [view.id for view in bench.scheduler.live("a") if view.stopping]:
            bench.exit(id, Outcome.STOPPED)
            note()
        if ids := live():
            succeed(bench, ids[:3])
            note()
        elif bench.scheduler.run_view(1).ended is not None:
            break
        else:
            bench.wait(1.0)
            note()
    counts = bench.scheduler.counts(1)
    assert sum(counts[state] for state in TERMINAL) == 20
    assert bench.scheduler.run_view(1).ended is not None
