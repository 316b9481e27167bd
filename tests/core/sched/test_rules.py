"""One rule, one test."""

from __future__ import annotations

from typing import Any

import pytest
from turns import Bench

from windlass.model.graph import Resources, RetryPolicy
from windlass.sched import Config
from windlass.sched import events as e
from windlass.sched.events import AttemptId, Scope, TaskPlan
from windlass.sched.states import AgentState, ItemState, Outcome


def first(item: int = 0, task: int = 0, attempt: int = 1, run: int = 1) -> AttemptId:
    return AttemptId(run, task, item, attempt)


# --- placing -----------------------------------------------------------------------------------------------


def test_lanes_are_filled_and_never_over() -> None:
    bench = Bench()
    bench.agent(cpus=2)
    bench.submit(TaskPlan("t", count=5, resources=Resources(cpus=0.75)))
    assert len(bench.ids()) == 2
    bench.exit(first(0))
    assert bench.ids() == [first(2)]


def test_the_tightest_agent_gets_the_work() -> None:
    bench = Bench()
    bench.agent("big", cpus=8)
    bench.agent("small", cpus=1)
    bench.agent("gpu", cpus=1, gpus=1)
    assert bench.submit(TaskPlan("t"))
    assert bench.assigned() == [("small", first())]


def test_constraints_and_missing_resources_hold_work_back_and_say_why() -> None:
    bench = Bench()
    bench.agent("a", labels={"os": "linux"})
    bench.submit(TaskPlan("t", where=("os == windows",)), TaskPlan("u", resources=Resources(cpus=64)))
    assert not bench.ids()
    assert "os == windows" in bench.scheduler.why_waiting(1)
    bench.agent("w", cpus=64, labels={"os": "windows"})
    assert {agent for agent, _ in bench.assigned()} == {"w"}


def test_an_agent_that_only_gives_back_is_asked_less_and_less() -> None:
    bench = Bench()
    bench.agent()
    bench.submit(TaskPlan("t"))
    waits = []
    for attempt in range(1, 5):
        since = bench.now
        bench.do(e.AttemptsRejected("a", bench.scheduler.agent_view("a").epoch, [first(attempt=attempt)]))
        while bench.states() == ["READY"]:
            bench.do(e.AgentHeard("a"))
            bench.wait(0.5)
        assert bench.ids() == [first(attempt=attempt + 1)]
        waits.append(bench.now - since)
    assert waits == [1, 2, 4, 8]


def test_order_is_priority_then_deadline_then_path_then_age() -> None:
    bench = Bench()
    bench.submit(
        TaskPlan("old"),
        TaskPlan("path"),
        TaskPlan("after", needs=((1, False),)),
        TaskPlan("due", deadline=60.0),
        TaskPlan("first", priority=1),
    )
    bench.agent(cpus=1)
    order = []
    while bench.ids():
        order.append(bench.ids()[0].task)
        bench.exit(bench.ids()[0])
    assert order == [4, 3, 1, 0, 2]


def test_owners_share_fairly_by_weight() -> None:
    bench = Bench(Config(weights={"b": 2.0}))
    bench.submit(TaskPlan("t", count=50), run=1, owner="a")
    bench.submit(TaskPlan("t", count=50), run=2, owner="b")
    bench.agent(cpus=9)
    by_run = [id.run for id in bench.ids()]
    assert (by_run.count(1), by_run.count(2)) == (3, 6)


def test_run_priority_can_change_while_it_waits() -> None:
    bench = Bench()
    bench.submit(TaskPlan("t"), run=1)
    bench.submit(TaskPlan("t"), run=2)
    bench.do(e.PriorityChanged(2, 5))
    bench.agent(cpus=1)
    assert bench.ids() == [first(run=2)]


def test_short_work_is_sent_ahead_and_asked_back_when_another_idles() -> None:
    bench = Bench()
    bench.agent("a", cpus=1)
    bench.submit(TaskPlan("t", count=6))
    bench.exit(first(0), took=0.001)
    assert len(bench.ids()) == 5
    view = bench.scheduler.agent_view("a")
    assert (view.running, view.waiting) == (1, 4)
    bench.agent("b", cpus=2)
    bench.wait(1.0)
    back = bench.stops(if_waiting=True)
    assert back == [first(4), first(5)]
    bench.do(e.AttemptsRejected("a", 1, back))
    assert bench.assigned() == [("b", first(4, attempt=2)), ("b", first(5, attempt=2))]


def test_long_work_is_not_sent_ahead() -> None:
    bench = Bench()
    bench.agent(cpus=1)
    bench.submit(TaskPlan("t", count=6))
    bench.exit(first(0), took=10.0)
    assert len(bench.ids()) == 1


def test_a_large_request_is_not_starved_by_small_ones() -> None:
    bench = Bench()
    bench.agent(cpus=2)
    bench.submit(TaskPlan("small", count=100), TaskPlan("after", needs=((0, False),)))
    bench.submit(TaskPlan("large", resources=Resources(cpus=2)), run=2)
    for turn in range(60):
        bench.now += 1.0
        live = bench.scheduler.live("a")
        if any(view.id.run == 2 for view in live):
            break
        bench.exit(live[turn % len(live)].id, took=2.0)
    else:
        pytest.fail("the large request starved")


# --- retries -----------------------------------------------------------------------------------------------


def test_a_failure_waits_longer_each_time_then_fails() -> None:
    bench = Bench()
    bench.agent()
    bench.submit(TaskPlan("t", retries=RetryPolicy(max=2, backoff=1.0, factor=3.0)))
    bench.fail(first())
    assert bench.states() == ["BACKOFF"]
    bench.wait(0.9)
    assert bench.states() == ["BACKOFF"]
    bench.wait(0.2)
    assert bench.states() == ["ACTIVE"]
    bench.fail(first(attempt=2))
    bench.wait(2.9)
    assert bench.states() == ["BACKOFF"]
    bench.wait(0.2)
    bench.fail(first(attempt=3))
    assert bench.states() == ["FAILED"]
    assert bench.scheduler.run_view(1).state == "failed"


@pytest.mark.parametrize(
    ("policy", "code", "state"),
    [
        (RetryPolicy(max=3, never_on=(2,)), 2, "FAILED"),
        (RetryPolicy(max=3, never_on=(2,)), 1, "BACKOFF"),
        (RetryPolicy(max=3, only_on=(75,)), 75, "BACKOFF"),
        (RetryPolicy(max=3, only_on=(75,)), 1, "FAILED"),
    ],
)
def test_exit_codes_decide_about_retries(policy: RetryPolicy, code: int, state: str) -> None:
    bench = Bench()
    bench.agent()
    bench.submit(TaskPlan("t", retries=policy))
    bench.fail(first(), code)
    assert bench.states() == [state]


def test_a_retry_goes_to_another_agent_where_there_is_one() -> None:
    bench = Bench()
    bench.agent("a", cpus=1)
    bench.submit(TaskPlan("t", retries=RetryPolicy(max=1, backoff=0.0)))
    bench.agent("b", cpus=8)
    bench.fail(first())
    assert bench.assigned() == [("b", first(attempt=2))]


def test_a_retry_does_not_wait_for_ever_for_another_agent() -> None:
    bench = Bench()
    bench.agent("a", cpus=1)
    bench.submit(TaskPlan("t", retries=RetryPolicy(max=1, backoff=0.0)))
    bench.agent("b", cpus=1)
    bench.submit(TaskPlan("busy"), run=2)
    bench.fail(first())
    assert not bench.ids()
    for _ in range(8):
        bench.do(e.AgentHeard("a"))
        bench.do(e.AgentHeard("b"))
        bench.wait(4.0)
        if bench.ids():
            break
    assert bench.assigned() == [("a", first(attempt=2))]


def test_three_crashes_fail_an_item_but_waiting_attempts_do_not_count() -> None:
    bench = Bench()
    bench.agent(cpus=1)
    bench.submit(TaskPlan("t", count=3))
    bench.exit(first(0), took=0.001)
    for _ in range(3):
        bench.do(e.AgentLeft("a", "crashed"))
        bench.agent(cpus=1)
    assert bench.states() == ["SUCCEEDED", "FAILED", "ACTIVE"]
    assert bench.scheduler.attempt_number(1, 0, 1) == 3


def test_rejections_and_stops_in_order_count_for_nothing_and_crashes_do() -> None:
    bench = Bench(Config(reject_pause_max=1.0))
    bench.agent(cpus=1)
    bench.submit(TaskPlan("t"))
    for attempt in range(1, 6):
        bench.do(e.AttemptsRejected("a", 1, [first(attempt=attempt)]))
        assert bench.states() == ["READY"], "an agent that rejects gets a pause"
        bench.wait(1.1)
        assert bench.states() == ["ACTIVE"]
    for attempt in range(6, 11):
        bench.exit(first(attempt=attempt), Outcome.STOPPED)
        assert bench.states() == ["ACTIVE"], "an agent that is shut down was not harmed by what it ran"
    for attempt in range(11, 14):
        bench.exit(first(attempt=attempt), Outcome.CRASHED)
    assert bench.states() == ["FAILED"]


def test_the_core_stops_what_its_agent_does_not_time_out() -> None:
    bench = Bench(Config(timeout_slack=5.0))
    bench.agent()
    bench.submit(TaskPlan("t", timeout=2.0))
    bench.started(first())
    for _ in range(3):
        bench.do(e.AgentHeard("a"))
        bench.wait(2.5)
    assert bench.stops()
    bench.exit(first(), Outcome.STOPPED)
    assert bench.states() == ["FAILED"]


# --- needs -------------------------------------------------------------------------------------------------


def test_items_follow_item_by_item_and_a_failure_skips_only_its_own() -> None:
    bench = Bench()
    bench.agent(cpus=3)
    bench.submit(TaskPlan("a", count=3), TaskPlan("b", needs=((0, True),), count=3), TaskPlan("c", needs=((1, False),)))
    bench.exit(first(1))
    assert bench.states(1) == ["PENDING", "ACTIVE", "PENDING"]
    bench.fail(first(0))
    assert bench.states(1) == ["SKIPPED", "ACTIVE", "PENDING"]
    bench.exit(first(2))
    bench.exit(first(1, task=1))
    bench.exit(first(2, task=1))
    assert bench.states(2) == ["SKIPPED"]
    assert bench.reasons(2) == {"b was skipped"}
    assert bench.scheduler.run_view(1).state == "failed"


def test_continue_on_error_lets_what_follows_run() -> None:
    bench = Bench()
    bench.agent()
    bench.submit(TaskPlan("a", continue_on_error=True), TaskPlan("b", needs=((0, False),)))
    bench.fail(first())
    bench.exit(first(task=1))
    assert bench.scheduler.run_view(1).state == "succeeded"


def test_a_fan_out_is_asked_for_and_decided() -> None:
    bench = Bench()
    bench.agent()
    bench.submit(TaskPlan("a"), TaskPlan("b", needs=((0, False),), count=None), TaskPlan("c", needs=((1, False),)))
    assert not bench.of(e.DecideTask)
    bench.exit(first())
    assert bench.of(e.DecideTask) == [e.DecideTask(1, 1)]
    bench.do(e.TaskDecided(1, 1, count=2))
    assert bench.states(1) == ["ACTIVE", "ACTIVE"]
    bench.do(e.TaskDecided(1, 1, count=7))
    assert bench.scheduler.items(1, 1) == 2, "an answer that nobody asked for is dropped"


@pytest.mark.parametrize(
    ("answer", "state", "end"),
    [
        (e.TaskDecided(1, 1, count=0), [], "succeeded"),
        (e.TaskDecided(1, 1, skip="its condition is false"), ["SKIPPED"], "succeeded"),
        (e.TaskDecided(1, 1, error="no such output"), ["FAILED"], "failed"),
    ],
)
def test_a_decision_may_end_a_task(answer: e.TaskDecided, state: list[str], end: str) -> None:
    bench = Bench()
    bench.agent()
    bench.submit(TaskPlan("a"), TaskPlan("b", needs=((0, False),), count=None))
    bench.exit(first())
    bench.do(answer)
    assert bench.states(1) == state
    assert bench.scheduler.run_view(1).state == end


def test_an_open_task_grows_until_it_is_closed() -> None:
    bench = Bench()
    bench.agent(cpus=4)
    bench.submit(TaskPlan("t", count=0, open=True), TaskPlan("after", needs=((0, False),)))
    bench.do(e.ItemsAppended(1, 0, 2))
    assert bench.ids() == [first(0), first(1)]
    bench.exit(first(0))
    bench.exit(first(1))
    bench.do(e.ItemsAppended(1, 0, 1))
    bench.do(e.TaskClosed(1, 0))
    assert bench.states(1) == ["PENDING"]
    bench.exit(first(2))
    assert bench.states(1) == ["ACTIVE"]


def test_a_circle_is_refused() -> None:
    with pytest.raises(ValueError, match="circle"):
        Bench().submit(TaskPlan("a", needs=((1, False),)), TaskPlan("b", needs=((0, False),)))


# --- people ------------------------------------------------------------------------------------------------


def test_cancel_is_at_once_and_stop_is_repeated_until_acknowledged() -> None:
    bench = Bench()
    bench.agent()
    bench.submit(TaskPlan("t"))
    bench.do(e.CancelRequested(Scope(1)))
    assert bench.states() == ["CANCELLED"]
    assert bench.scheduler.run_view(1).state == "cancelled"
    assert bench.stops() == [first()]
    bench.wait(4.5)
    assert bench.stops() == [first(), first()]
    bench.exit(first(), Outcome.STOPPED)
    bench.do(e.AgentHeard("a"))
    bench.wait(4.0)
    assert not bench.stops()


def test_a_late_success_of_a_cancelled_item_is_refused() -> None:
    bench = Bench()
    bench.agent()
    bench.submit(TaskPlan("t"))
    bench.do(e.CancelRequested(Scope(1)))
    bench.exit(first())
    assert bench.of(e.RefuseExits)
    assert not bench.of(e.AcceptExits)
    assert bench.states() == ["CANCELLED"]


def test_a_retried_item_waits_until_its_old_attempt_has_stopped() -> None:
    bench = Bench()
    bench.agent()
    bench.submit(TaskPlan("t"))
    bench.do(e.CancelRequested(Scope(1, 0, 0)))
    bench.do(e.RetryRequested(Scope(1, 0, 0)))
    assert bench.states() == ["PENDING"]
    bench.exit(first(), Outcome.STOPPED)
    assert bench.ids() == [first(attempt=2)]


def test_retry_takes_what_failed_and_what_was_skipped_because_of_it() -> None:
    bench = Bench()
    bench.agent(cpus=3)
    bench.submit(
        TaskPlan("a", count=2),
        TaskPlan("b", needs=((0, False),)),
        TaskPlan("fan", needs=((1, False),), count=None),
        TaskPlan("apart"),
    )
    bench.exit(first(0))
    bench.fail(first(1))
    bench.exit(first(task=3))
    assert bench.states(2) == ["SKIPPED"]
    request = e.RetryRequested(Scope(1))
    assert bench.scheduler.touched(request) == 3
    bench.do(request)
    assert bench.scheduler.run_view(1).state == "running"
    assert bench.states(0) == ["SUCCEEDED", "ACTIVE"]
    assert bench.states(1) == ["PENDING"]
    assert bench.scheduler.items(1, 2) is None
    bench.exit(first(1, attempt=2))
    bench.exit(first(task=1))
    bench.do(e.TaskDecided(1, 2, count=1))
    bench.exit(first(task=2))
    assert bench.scheduler.run_view(1).state == "succeeded"


def test_a_condition_about_failures_is_asked_after_one_and_again_after_a_retry() -> None:
    bench = Bench()
    bench.agent()
    bench.submit(
        TaskPlan("a"),
        TaskPlan("clean", needs=((0, False),), ask=True, judges=True),
        TaskPlan("rest", needs=((0, False),), ask=True),
        TaskPlan("report", needs=((0, False),), ask=True, judges=True),
    )
    bench.fail(first())
    assert bench.states(2) == ["SKIPPED"]  # its condition is about other things
    bench.do(e.TaskDecided(1, 1, count=1))
    bench.do(e.TaskDecided(1, 3, skip="only after a success"))
    bench.exit(first(task=1))
    assert bench.scheduler.run_view(1).state == "failed"
    bench.do(e.RetryRequested(Scope(1)))
    bench.exit(first(attempt=2))
    bench.do(e.TaskDecided(1, 2, count=1))
    bench.do(e.TaskDecided(1, 3, count=1))
    bench.exit(first(task=2))
    bench.exit(first(task=3))
    assert [bench.states(task) for task in range(4)] == [["SUCCEEDED"]] * 4
    assert bench.scheduler.run_view(1).state == "succeeded"


def test_an_amended_task_is_placed_by_what_it_asks_for_now() -> None:
    bench = Bench()
    bench.agent("a", cpus=2)
    bench.submit(TaskPlan("t", count=3, resources=Resources(cpus=8)), TaskPlan("u", where=("os == plan9",)))
    assert not bench.ids()
    bench.do(e.TaskAmended(1, 0, TaskPlan("t", count=3, resources=Resources(cpus=1))))
    assert bench.ids() == [first(0), first(1)]
    bench.do(e.TaskAmended(1, 1, TaskPlan("u", priority=1)))
    bench.exit(first(0))
    assert bench.ids() == [first(task=1)]


def test_what_runs_keeps_its_lane_and_its_timeout_when_its_task_is_amended() -> None:
    bench = Bench(Config(timeout_slack=1.0))
    bench.agent("a", cpus=2)
    bench.submit(TaskPlan("t", count=2, resources=Resources(cpus=2)))
    bench.do(e.TaskAmended(1, 0, TaskPlan("t", count=2, resources=Resources(cpus=1), timeout=2.0)))
    assert not bench.ids()
    bench.started(first(0))
    bench.wait(4.0)
    assert not bench.stops()
    bench.exit(first(0))
    assert bench.ids() == [first(1)]
    bench.started(first(1))
    bench.wait(4.0)
    assert bench.stops() == [first(1)]


def test_attempts_that_wait_on_an_agent_are_asked_back_when_their_task_is_amended() -> None:
    bench = Bench()
    bench.agent("a", cpus=1)
    bench.submit(TaskPlan("t", count=50), TaskPlan("u"))
    for item in range(3):
        bench.exit(first(item), took=0.001)
    ahead = [view.id for view in bench.scheduler.live()]
    assert len(ahead) > 2
    bench.started(ahead[0])
    bench.do(e.TaskAmended(1, 0, TaskPlan("t", count=50, priority=1)))
    assert set(bench.stops(if_waiting=True)) == set(ahead[1:])
    bench.do(e.TaskAmended(1, 1, TaskPlan("u", priority=2)))
    assert not bench.stops(if_waiting=True)


def test_amending_never_changes_what_a_task_needs_or_how_many_items_it_has() -> None:
    bench = Bench()
    bench.agent("a", cpus=4)
    bench.submit(TaskPlan("t"), TaskPlan("after", needs=((0, False),), count=2))
    bench.do(e.TaskAmended(1, 1, TaskPlan("other", needs=(), count=7, ask=True, open=True)))
    bench.exit(first())
    assert bench.ids() == [first(0, task=1), first(1, task=1)]
    bench.do(e.TaskAmended(1, 9, TaskPlan("nobody")))
    bench.do(e.TaskAmended(7, 0, TaskPlan("nobody")))
    assert not bench.effects


def test_failures_that_count_again_hold_back_what_has_not_begun() -> None:
    bench = Bench()
    bench.agent("a", cpus=2)
    bench.submit(
        TaskPlan("t", count=2, continue_on_error=True),
        TaskPlan("whole", needs=((0, False),), resources=Resources(cpus=99)),
        TaskPlan("each", needs=((0, True),), count=2, resources=Resources(cpus=99)),
    )
    bench.fail(first(0))
    bench.exit(first(1))
    assert (bench.states(1), bench.states(2)) == (["READY"], ["READY", "READY"])
    bench.do(e.TaskAmended(1, 0, TaskPlan("t", count=2)))
    assert (bench.states(1), bench.states(2)) == (["SKIPPED"], ["SKIPPED", "READY"])


def test_retry_with_downstream_runs_all_that_follows_again() -> None:
    bench = Bench()
    bench.agent(cpus=3)
    bench.submit(TaskPlan("a"), TaskPlan("b", needs=((0, False),), count=2), TaskPlan("c", needs=((1, True),), count=2))
    bench.exit(first())
    bench.exit(first(0, task=1))
    bench.do(e.RetryRequested(Scope(1, 0), downstream=True))
    assert set(bench.stops()) == {first(1, task=1), first(0, task=2)}
    assert bench.states(1) == ["PENDING", "PENDING"]
    assert bench.states(2) == ["PENDING", "PENDING"]
    bench.exit(first(attempt=2))
    assert bench.states(1) == ["ACTIVE", "PENDING"], "the other one's old attempt still stops"
    bench.exit(first(1, task=1), Outcome.STOPPED)
    assert bench.states(1) == ["ACTIVE", "ACTIVE"]


def test_several_parts_of_a_run_are_tried_again_together() -> None:
    bench = Bench()
    bench.agent(cpus=9)
    bench.submit(
        TaskPlan("a", count=4), TaskPlan("b", needs=((0, True),), count=4), TaskPlan("c", needs=((1, False),)),
        TaskPlan("d"),
    )  # fmt: skip
    for item in range(4):
        bench.exit(first(item))
    bench.exit(first(task=3))
    bench.exit(first(0, task=1))
    bench.exit(first(1, task=1))
    bench.fail(first(2, task=1))
    bench.fail(first(3, task=1))
    assert bench.states(2) == ["SKIPPED"]

    def chosen(*picks: Any, **how: bool) -> dict[int, list[tuple[int, int]]]:
        return bench.scheduler.chosen(e.RetryRequested(Scope(1, picks=picks), **how))

    some = ((1, ((1, 3),)),)
    assert chosen(*some) == {1: [(2, 3)], 2: [(0, 1)]}
    assert chosen(*some, downstream=True) == {1: [(1, 3)], 2: [(0, 1)]}
    assert chosen(*some, downstream=True, only_failed=True) == {1: [(2, 3)], 2: [(0, 1)]}
    assert chosen(*some, downstream=True, upstream=True) == {0: [(1, 3)], 1: [(1, 3)], 2: [(0, 1)]}
    assert chosen(*some, upstream=True) == {1: [(2, 3)], 2: [(0, 1)]}, "nothing that it needs has failed"
    assert chosen((2, None), upstream=True) == {1: [(2, 4)], 2: [(0, 1)]}
    assert chosen((2, None), downstream=True, upstream=True) == {0: [(0, 4)], 1: [(0, 4)], 2: [(0, 1)]}
    assert chosen((0, ((0, 1), (2, 9))), (3, None), downstream=True)[0] == [(0, 1), (2, 4)]
    bench.do(e.RetryRequested(Scope(1, picks=((1, ((2, 4),)), (3, None))), downstream=True))
    assert bench.states(0) == ["SUCCEEDED"] * 4
    assert bench.states(1) == ["SUCCEEDED", "SUCCEEDED", "ACTIVE", "ACTIVE"]
    assert (bench.states(2), bench.states(3)) == (["PENDING"], ["ACTIVE"])
    bench.do(e.CancelRequested(Scope(1, picks=((1, ((3, 4),)), (3, None)))))
    assert (bench.states(1)[2:], bench.states(3)) == (["ACTIVE", "CANCELLED"], ["CANCELLED"])


def test_pause_starts_nothing_new_and_resume_goes_on() -> None:
    bench = Bench()
    bench.agent(cpus=1)
    bench.submit(TaskPlan("t", count=2))
    bench.do(e.PauseRequested(1, True))
    bench.exit(first(0))
    assert not bench.ids()
    bench.do(e.PauseRequested(1, False))
    assert bench.ids() == [first(1)]


def test_only_a_run_that_has_ended_is_deleted() -> None:
    bench = Bench()
    bench.agent()
    bench.submit(TaskPlan("t"))
    bench.do(e.RunDeleted(1))
    assert bench.scheduler.runs() == [1]
    bench.do(e.CancelRequested(Scope(1)))
    bench.do(e.RunDeleted(1))
    assert bench.scheduler.runs() == []
    bench.do(e.AttemptsExited("a", 1, [e.ExitFact(first(), Outcome.STOPPED, 0, 1.0, 2.0)]))
    assert not bench.scheduler.live()


# --- agents ------------------------------------------------------------------------------------------------


def test_silence_disconnects_then_loses() -> None:
    bench = Bench()
    bench.agent()
    bench.submit(TaskPlan("t"))
    bench.started(first())
    bench.wait(5.5)
    assert bench.scheduler.agent_view("a").state is AgentState.DISCONNECTED
    assert bench.states() == ["ACTIVE"]
    bench.do(e.AgentHeard("a"))
    assert bench.scheduler.agent_view("a").state is AgentState.UP
    bench.wait(14.5)
    assert bench.scheduler.agent_view("a").state is AgentState.DOWN
    assert bench.states() == ["READY"]


def test_who_is_silent_while_the_core_cannot_hear_is_not_judged() -> None:
    bench = Bench()
    bench.agent()
    bench.wait(3.0)
    bench.now += 60.0  # nobody ran the core; its timers are due all the same
    bench.do(e.CoreDeaf(60.0))
    bench.wait(1.5)
    assert bench.scheduler.agent_view("a").state is AgentState.UP
    bench.wait(1.0)
    assert bench.scheduler.agent_view("a").state is AgentState.DISCONNECTED  # 5.5 s in all of silence that counts


def test_a_plain_sign_of_life_is_no_event_unless_it_changes_something() -> None:
    bench = Bench()
    assert not bench.scheduler.heard("a", bench.now)
    bench.agent()
    for _ in range(3):
        bench.wait(4.0)
        assert bench.scheduler.heard("a", bench.now)
    assert bench.scheduler.agent_view("a").state is AgentState.UP
    bench.wait(5.5)
    assert not bench.scheduler.heard("a", bench.now)
    bench.do(e.AgentHeard("a"))
    assert bench.scheduler.agent_view("a").state is AgentState.UP


def test_hello_reconciles_what_both_sides_hold() -> None:
    bench = Bench()
    bench.agent(cpus=3)
    bench.submit(TaskPlan("t", count=3))
    bench.started(first(1))
    stranger = first(9, attempt=4)
    bench.agent(cpus=3, epoch=1, held=((first(0), "running"), (stranger, "running")))
    welcome = bench.of(e.WelcomeAgent)[0]
    assert welcome == e.WelcomeAgent("a", 2, [first(0)], [stranger])
    # 1 ran and is gone: a crash. 2 never arrived: that counts for nothing. Both go again.
    assert set(bench.ids()) == {first(1, attempt=2), first(2, attempt=2)}


def test_a_draining_agent_gets_nothing_and_gives_back_what_waits() -> None:
    bench = Bench()
    bench.agent(cpus=1)
    bench.submit(TaskPlan("t", count=4))
    bench.exit(first(0), took=0.001)
    bench.do(e.AgentDrain("a", True))
    assert bench.stops(if_waiting=True) == [first(2), first(3)]
    bench.do(e.AttemptsRejected("a", 1, bench.stops(if_waiting=True)))
    bench.exit(first(1))
    assert not bench.ids()
    bench.do(e.AgentDrain("a", False))
    assert bench.ids() == [first(2, attempt=2), first(3, attempt=2)][: len(bench.ids())]


def test_a_removed_agent_is_forgotten() -> None:
    bench = Bench()
    bench.agent()
    bench.submit(TaskPlan("t"))
    bench.do(e.AgentRemoved("a"))
    assert bench.scheduler.agents() == []
    assert bench.states() == ["READY"]


def test_stale_ends_are_refused() -> None:
    bench = Bench()
    bench.agent()
    bench.submit(TaskPlan("t"))
    for epoch, id in ((1, first(attempt=7)), (5, first()), (0, first())):
        bench.do(e.AttemptsExited("a", epoch, [e.ExitFact(id, Outcome.OK, 0, 1.0, 2.0)]))
        assert bench.of(e.RefuseExits) == [e.RefuseExits("a", epoch, [id])]
    bench.exit(first())
    bench.do(e.AttemptsExited("a", 1, [e.ExitFact(first(), Outcome.OK, 0, 1.0, 2.0)]))
    assert bench.of(e.RefuseExits)


def test_an_assignment_that_was_never_heard_of_is_asked_back() -> None:
    bench = Bench(Config(silent_assign=10.0))
    bench.agent()
    bench.submit(TaskPlan("t"))
    for _ in range(8):
        bench.do(e.AgentHeard("a"))
        bench.wait(4.0)
        if bench.stops(if_waiting=True):
            break
    assert bench.stops(if_waiting=True)


def test_restore_goes_on_where_it_was() -> None:
    bench = Bench()
    plan = e.RunPlan(1, "me", 0, 1.0, (TaskPlan("t", count=4), TaskPlan("u", needs=((0, False),), count=None)))
    states = bytearray([ItemState.SUCCEEDED, ItemState.ACTIVE, ItemState.ACTIVE, ItemState.PENDING])
    tasks = [
        e.RestoredTask(4, False, True, states, attempts={0: 1, 1: 2, 2: 5}),
        e.RestoredTask(None, False, False, bytearray()),
    ]
    live = [(first(1, attempt=2), e.AttemptState.RUNNING)]
    agent = e.RestoredAgent("a", 3, False, Resources(cpus=2), {}, live)
    bench.scheduler.restore([e.RestoredRun(plan, "running", tasks)], [agent], bench.now)
    bench.do(e.Tick())
    assert bench.states() == ["SUCCEEDED", "ACTIVE", "READY", "READY"]
    bench.agent(epoch=3, held=((first(1, attempt=2), "running"),))
    assert bench.ids() == [first(2, attempt=6)]
    bench.exit(first(1, attempt=2))
    bench.exit(first(2, attempt=6))
    bench.exit(first(3))
    assert bench.of(e.DecideTask)


def test_an_attempt_reads_well_and_an_error_tells_the_story() -> None:
    bench = Bench()
    bench.agent()
    bench.submit(TaskPlan("encode", count=8))
    bench.started(first(1))
    assert repr(bench.scheduler.live()[1]) == "<Attempt encode[1]#1 RUNNING on a>"
    assert any("1/0[1]#1" in line for line in bench.scheduler.story(1, 0, 1))


def test_a_million_items_cost_bytes_and_are_ready_at_once() -> None:
    bench = Bench()
    bench.scheduler.handle(e.RunSubmitted(e.RunPlan(1, "me", 0, 1.0, (TaskPlan("t", count=1_000_000),))), 1.0)
    task = bench.scheduler._book.runs[1].tasks[0]
    assert len(task.queue.ranges) == 1
    assert task.states.__sizeof__() + task.numbers.__sizeof__() < 3_000_000


def test_cancel_ends_a_wait_before_a_retry() -> None:
    bench = Bench()
    bench.agent()
    bench.submit(TaskPlan("t", retries=RetryPolicy(max=1, backoff=5.0)))
    bench.fail(first())
    bench.do(e.CancelRequested(Scope(1)))
    bench.wait(6.0)
    assert bench.states() == ["CANCELLED"]


def test_ready_items_go_back_when_what_they_need_runs_again() -> None:
    bench = Bench()
    bench.agent(cpus=1)
    bench.submit(TaskPlan("a"), TaskPlan("b", needs=((0, False),), count=3))
    bench.exit(first())
    assert bench.states(1) == ["ACTIVE", "READY", "READY"]
    bench.do(e.RetryRequested(Scope(1, 0), downstream=True))
    assert bench.states(1) == ["PENDING", "PENDING", "PENDING"]


def test_a_stop_of_something_that_the_agent_lost_comes_to_an_end() -> None:
    bench = Bench()
    bench.agent()
    bench.submit(TaskPlan("t"))
    bench.started(first())
    bench.do(e.CancelRequested(Scope(1)))
    bench.do(e.AttemptsRejected("a", 1, [first()]))
    assert not bench.scheduler.live()


def test_who_has_nothing_does_not_wait_for_what_others_sent_ahead() -> None:
    bench = Bench()
    bench.agent("a", cpus=2)
    bench.submit(TaskPlan("many", count=10_000), run=1, owner="x")
    for view in list(bench.scheduler.live("a")):
        bench.exit(view.id, took=0.001)
    assert len(bench.scheduler.live("a")) > 50  # sent ahead
    bench.submit(TaskPlan("few", count=5), run=2, owner="y")
    given = [id for _, id in bench.assigned() if id.run == 2]
    assert len(given) == 2  # as many as may run, though there is no room for more of the other's


def test_more_is_sent_ahead_only_as_fast_as_ends_are_seen_to_come() -> None:
    """Attempts of a millisecond that end ten at a time each second are not sent by hundreds."""
    found = []
    for pause in (0.001, 1.0):
        bench = Bench(Config(prefetch_unseen=5, prefetch_seconds=0.02))
        bench.agent("a", cpus=2)
        bench.submit(TaskPlan("many", count=1_600))
        for _ in range(150):
            ids = [view.id for view in bench.scheduler.live("a")][:10]
            facts = [e.ExitFact(id, Outcome.OK, 0, bench.now - 0.001, bench.now) for id in ids]
            bench.now += pause
            bench.do(e.AttemptsExited("a", 1, facts))
        found.append(len(bench.scheduler.live("a")))
    assert found[0] > 20
    assert found[1] <= 7


def test_a_run_with_next_to_nothing_is_let_past_the_queue_of_another_run_of_its_owner() -> None:
    bench = Bench()
    bench.agent("a", cpus=2)
    bench.submit(TaskPlan("calls", count=0, open=True), run=1)
    bench.submit(TaskPlan("many", count=10_000), run=2)
    for view in list(bench.scheduler.live("a")):
        bench.exit(view.id, took=0.001)
    bench.do(e.Tick())  # the agent has all that it may have
    waiting = len(bench.scheduler.live("a"))
    assert waiting > 50
    bench.do(e.ItemsAppended(1, 0, 1))
    assert bench.ids() == [first()]  # at once, not when the first of those have ended
    for _ in range(20):
        bench.do(e.ItemsAppended(1, 0, 1))
    assert sum(view.id.run == 1 for view in bench.scheduler.live("a")) == 2  # as many as may run


def test_many_runs_do_not_all_go_past() -> None:
    bench = Bench()
    bench.agent("a", cpus=1)
    runs = range(1, 51)
    for run in runs:
        bench.submit(TaskPlan("call", count=0, open=True), run=run)
    bench.submit(TaskPlan("many", count=10_000), run=99)
    for view in list(bench.scheduler.live("a")):
        bench.exit(view.id, took=0.001)
    for run in runs:
        bench.do(e.ItemsAppended(run, 0, 1))
    past = [view.id for view in bench.scheduler.live("a") if view.id.run in runs]
    assert len(past) == 4
    bench.exit(past[0], took=0.001)
    past = [view.id for view in bench.scheduler.live("a") if view.id.run in runs]
    assert len(past) == 4  # one ended, the next one came
