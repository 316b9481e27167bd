"""What was learned of arrays outlives the core."""

from __future__ import annotations

import sys

import pytest
from durable import Store
from turns import Bench

from windlass.sched import Config, lessons
from windlass.sched import events as e
from windlass.sched.states import Outcome

GB = 1 << 30


def told(effects: list[e.Effect]) -> list[e.Lesson]:
    return [lesson for x in effects if isinstance(x, e.LessonsLearned) for lesson in x.lessons]


def end_some(bench: Bench, count: int, took: float = 1.0, memory: int = 0) -> None:
    for _ in range(count):
        bench.exit(bench.scheduler.live()[0].id, took=took, memory=memory)


def restarted(plan: e.RunPlan, count: int, found: list[e.Lesson]) -> Bench:
    """A scheduler that was told what another one had learned; nothing of the array was done."""
    bench = Bench()
    task = e.RestoredTask(count, False, True, bytearray(count))
    bench.scheduler.restore([e.RestoredRun(plan, "running", [task], found)], [], bench.now)
    return bench


def test_memory_and_durations_are_told_now_and_then_and_known_after_a_restart() -> None:
    bench = Bench()
    bench.agent(cpus=4, memory=4 * GB)
    plan = e.RunPlan(1, "me", 0, bench.now, (e.TaskPlan("render", count=100),))
    bench.do(e.RunSubmitted(plan))
    end_some(bench, 4, took=0.004, memory=GB)
    assert not told(bench.effects)
    (lesson,) = told(bench.wait(11.0))
    assert lesson == e.Lesson(1, 0, pytest.approx(0.004), 4, GB, 5 * GB // 4)
    assert not told(bench.wait(60.0))  # nothing new

    again = restarted(plan, 100, [lesson])
    again.agent(cpus=4, memory=4 * GB)
    assert again.scheduler.memory_words(1, 0) == "asks for 1.2 GiB, learned from 4 attempts"
    live = again.scheduler.agent_view("a")
    assert live.running == 3  # as many as fit by what was learned
    without = restarted(plan, 100, [])
    without.agent(cpus=4, memory=4 * GB)
    assert without.scheduler.agent_view("a").running == 4


def test_after_a_restart_short_work_is_sent_ahead_at_once() -> None:
    plan = e.RunPlan(1, "me", 0, 100.0, (e.TaskPlan("t", count=1000),))
    bench = restarted(plan, 1000, [e.Lesson(1, 0, 0.001, 0, 0, 0)])
    bench.agent(cpus=2)
    assert len(bench.scheduler.live("a")) > 50
    slow = restarted(plan, 1000, [e.Lesson(1, 0, 10.0, 0, 0, 0)])
    slow.agent(cpus=2)
    assert len(slow.scheduler.live("a")) == 2


def test_nonsense_in_the_record_teaches_nothing() -> None:
    plan = e.RunPlan(1, "me", 0, 100.0, (e.TaskPlan("t", count=10),))
    nonsense = [e.Lesson(1, 0, float("nan"), 0, 0, 0), e.Lesson(1, 7, 1.0, 3, GB, GB), e.Lesson(1, 0, -1.0, -3, 0, 0)]
    bench = restarted(plan, 10, nonsense)
    bench.agent(cpus=2)
    assert len(bench.scheduler.live("a")) == 2
    assert bench.scheduler.memory_words(1, 0) == ""


def test_the_record_is_bounded_and_of_runs_that_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lessons.tell, "__defaults__", (3,))
    bench = Bench(Config(usage_every=10.0, disconnected_after=1e6, lease_wait=1e7))
    bench.agent(cpus=8)
    bench.submit(*(e.TaskPlan(f"t{n}", count=2) for n in range(8)), e.TaskPlan("single"))
    while bench.scheduler.live():
        view = bench.scheduler.live()[0]
        if view.id.task == 8:
            break
        bench.exit(view.id, took=0.5)
    assert {lesson.task for lesson in told(bench.effects)} == set()
    sizes = [len(told(bench.wait(10.0))) for _ in range(4)]
    assert sizes == [3, 3, 2, 0]  # and none of the single task
    bench.exit(bench.scheduler.live()[0].id, took=0.5)
    bench.submit(e.TaskPlan("u", count=4), run=2)
    while bench.scheduler.live():
        bench.exit(bench.scheduler.live()[0].id, took=0.5)
    assert not told(bench.wait(30.0))  # both runs are over


def test_what_is_left_is_told_when_the_core_ends() -> None:
    bench = Bench()
    bench.agent(cpus=2)
    bench.submit(e.TaskPlan("t", count=10))
    end_some(bench, 2)
    store = Store()
    for effect in bench.scheduler.close(bench.now):
        store.apply(effect, {})
    assert store.lessons[1, 0].mean == pytest.approx(1.0)


def test_an_array_that_has_ended_gives_its_room_back() -> None:
    bench = Bench(Config(lanes_max=10_000))
    bench.agent(cpus=3000)
    bench.submit(e.TaskPlan("t", count=3000), e.TaskPlan("after", count=2))
    task = bench.scheduler._book.runs[1].tasks[0]
    assert sys.getsizeof(task.active) > 50_000
    ids = [view.id for view in bench.scheduler.live()]
    facts = [e.ExitFact(id, Outcome.OK, 0, bench.now - 1, bench.now) for id in ids]
    bench.do(e.AttemptsExited("a", 1, facts))
    assert sys.getsizeof(task.active) < 1000
