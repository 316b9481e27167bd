"""Ends told as columns are the same as ends told one by one."""

from __future__ import annotations

import pytest
from turns import Bench

from windlass.sched import events as e
from windlass.sched.events import AttemptId, TaskPlan
from windlass.sched.states import Outcome


def given(count: int) -> tuple[Bench, list[AttemptId]]:
    bench = Bench()
    bench.agent("a", cpus=4)
    bench.submit(TaskPlan("many", count=count), TaskPlan("then", needs=((0, True),), count=count))
    return bench, [view.id for view in bench.scheduler.live("a")]


def one_by_one(ids: list[AttemptId], epoch: int) -> e.AttemptsExited:
    return e.AttemptsExited("a", epoch, [e.ExitFact(id, Outcome.OK, 0, 1.0, 2.0) for id in ids])


def columns(ids: list[AttemptId], epoch: int) -> e.AttemptsSucceeded:
    items, numbers, tasks = [id.item for id in ids], [id.attempt for id in ids], [id.task for id in ids]
    one, two = [1.0] * len(ids), [2.0] * len(ids)
    return e.AttemptsSucceeded("a", epoch, 1, 0, items, numbers, one, two, (), tasks if any(tasks) else [])


CASES = {
    "all of them": lambda ids: ids,
    "in another order": lambda ids: ids[::-1],
    "one twice": lambda ids: [*ids, ids[0]],
    "one unknown": lambda ids: [*ids, AttemptId(1, 0, 1000, 1)],
    "one of an older attempt": lambda ids: [AttemptId(1, 0, ids[0].item, 9), *ids[1:]],
    "none known": lambda ids: [AttemptId(1, 0, 5000, 1)],
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("epoch", [0, 1, 2])
@pytest.mark.parametrize("stopped", [False, True])
def test_columns_do_what_records_do(case: str, epoch: int, stopped: bool) -> None:
    effects = []
    for tell in (one_by_one, columns):
        bench, ids = given(8)
        if stopped:
            bench.do(e.CancelRequested(e.Scope(1, 0, ids[1].item)))
        effects.append((bench.do(tell(CASES[case](ids), epoch)), bench.scheduler.counts(1), bench.scheduler.live("a")))
    assert effects[0] == effects[1]


@pytest.mark.parametrize("case", CASES)
def test_columns_of_several_tasks_do_what_records_do(case: str) -> None:
    effects = []
    for tell in (one_by_one, columns):
        bench = Bench()
        bench.agent("a", cpus=8)
        bench.submit(
            *(TaskPlan(f"one{n}") for n in range(3)),
            TaskPlan("many", count=4),
            TaskPlan("then", needs=tuple((n, False) for n in range(4))),
        )
        ids = [view.id for view in bench.scheduler.live("a")]
        effects.append((bench.do(tell(CASES[case](ids), 1)), bench.scheduler.counts(1), bench.scheduler.live("a")))
    assert effects[0] == effects[1]
