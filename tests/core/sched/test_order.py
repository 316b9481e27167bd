"""The parts of the order: sequences, shares and their past, longest paths that are learned."""

from __future__ import annotations

import pytest
from turns import Bench

from windlass.model.graph import Resources
from windlass.sched import Config
from windlass.sched import events as e
from windlass.sched.events import AttemptId, OwnerUsage, TaskPlan
from windlass.sched.order import NAMES, Policy
from windlass.sched.states import Outcome


def usage(effects: list[e.Effect]) -> dict[str, float]:
    return {used.owner: used.average for x in effects if isinstance(x, e.UsageChanged) for used in x.owners}


def averages(bench: Bench) -> dict[str, float]:
    return {view.owner: view.average for view in bench.scheduler.owners(bench.now)}


@pytest.mark.parametrize("names", [("priority", "ages"), ("age", "age")])
def test_a_sequence_names_criteria_once(names: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match=r"ages|twice"):
        Policy(names)


def test_the_default_is_all_of_them() -> None:
    assert Config().order == NAMES == ("priority", "fair-share", "deadline", "longest-path", "age")


# --- the past ------------------------------------------------------------------------------------------------


def test_an_attempt_counts_by_its_time_and_fades() -> None:
    bench = Bench(Config(half_life=100.0, prefetch_max=0))
    bench.agent(cpus=4)
    bench.submit(TaskPlan("t"), TaskPlan("u", resources=Resources(cpus=2)), TaskPlan("last", needs=((1, False),)))
    bench.exit(AttemptId(1, 0, 0, 1), took=100.0)
    assert averages(bench)["me"] == pytest.approx(0.25 * 0.5)
    bench.now += 100.0
    assert averages(bench)["me"] == pytest.approx(0.25 * 0.25)
    # A failure has used the machines as well.
    bench.scheduler.handle(e.AgentHeard("a"), bench.now)
    bench.exit(AttemptId(1, 1, 0, 1), Outcome.NONZERO, took=50.0)
    assert averages(bench)["me"] == pytest.approx(0.25 * 0.25 + 0.5 * (1 - 0.5**0.5))


def test_a_share_is_one_of_the_machines_that_are_there() -> None:
    bench = Bench(Config(prefetch_max=0))
    bench.agent("a", cpus=2)
    bench.submit(TaskPlan("t"))

    def share() -> float:
        [view] = bench.scheduler.owners(bench.now)
        return view.share

    assert share() == 0.5
    bench.agent("b", cpus=6)
    assert share() == 0.125
    bench.do(e.AgentLeft("b", "switched off"))
    assert share() == 0.5
    bench.agent("a", cpus=4, held=((AttemptId(1, 0, 0, 1), "running"),), epoch=1)
    assert share() == 0.25


@pytest.mark.parametrize("took", [float("nan"), float("inf"), -5.0, 0.0])
def test_a_time_that_cannot_be_counts_nothing(took: float) -> None:
    bench = Bench(Config(half_life=100.0))
    bench.agent()
    bench.submit(TaskPlan("t"))
    bench.exit(AttemptId(1, 0, 0, 1), took=took)
    assert averages(bench)["me"] == 0.0


def test_no_attempt_counts_more_than_it_held() -> None:
    bench = Bench(Config(half_life=100.0))
    bench.agent(cpus=2)
    bench.submit(TaskPlan("t"))
    bench.exit(AttemptId(1, 0, 0, 1), took=1e12)
    assert averages(bench)["me"] == 0.5


def test_the_past_is_told_once_in_a_while_and_restored() -> None:
    config = Config(half_life=1000.0, usage_every=10.0, disconnected_after=1e6, lease_wait=1e7)
    bench = Bench(config)
    bench.agent(cpus=2)
    bench.submit(TaskPlan("t", count=3))
    assert not usage(bench.exit(AttemptId(1, 0, 0, 1), took=5.0))
    assert not usage(bench.exit(AttemptId(1, 0, 1, 1), took=5.0))
    told = [x for x in bench.wait(11.0) if isinstance(x, e.UsageChanged)]
    assert [used.owner for x in told for used in x.owners] == ["me"]
    assert not usage(bench.wait(100.0)), "nothing has changed"

    after = Bench(config)
    after.now = bench.now
    after.scheduler.restore([], [], after.now, told[0].owners)
    assert averages(after) == pytest.approx(averages(bench))
    assert 0.0 < averages(after)["me"] < 0.01


def test_the_last_of_it_is_told_at_the_end() -> None:
    bench = Bench(Config(half_life=1000.0))
    bench.agent(cpus=2)
    bench.submit(TaskPlan("t"))
    bench.exit(AttemptId(1, 0, 0, 1), took=5.0)
    assert usage(bench.scheduler.close(bench.now)).keys() == {"me"}
    assert not bench.scheduler.close(bench.now)


def test_owners_whose_past_has_faded_are_forgotten() -> None:
    bench = Bench(Config(half_life=10.0, usage_every=1.0, disconnected_after=1e6, lease_wait=1e7))
    old = [OwnerUsage(f"o{n}", 0.5, bench.now) for n in range(50)]
    bench.scheduler.restore([], [], bench.now, old)
    bench.agent(cpus=2)
    bench.submit(TaskPlan("t", count=2))
    assert len(averages(bench)) == 51
    bench.now += 200.0
    bench.exit(AttemptId(1, 0, 0, 1), took=5.0)
    told = usage(bench.wait(2.0))
    assert {owner for owner, average in told.items() if not average} == {used.owner for used in old}
    assert averages(bench).keys() == {"me"}


def test_a_clock_that_was_set_back_leaves_a_past_that_fades() -> None:
    bench = Bench(Config(half_life=10.0))
    bench.scheduler.restore([], [], bench.now, [OwnerUsage("me", 0.5, bench.now + 1e6)])
    bench.now += 10.0
    assert averages(bench)["me"] == pytest.approx(0.25)


def test_without_a_half_life_there_is_no_past() -> None:
    bench = Bench(Config(half_life=0.0))
    bench.agent()
    bench.submit(TaskPlan("t"))
    bench.exit(AttemptId(1, 0, 0, 1), took=50.0)
    assert averages(bench)["me"] == 0.0
    assert not usage(bench.wait(60.0))


# --- learned paths -----------------------------------------------------------------------------------------------


def _work(bench: Bench, took: dict[int, float], items: int) -> list[int]:
    """Attempts end one after the other; the tasks of those that were given."""
    given = []
    for _ in range(items):
        [view] = bench.scheduler.live()
        bench.now += took[view.id.task]
        bench.exit(view.id, took=took[view.id.task])
        given += [id.task for id in bench.ids()]
    return given


def test_an_array_that_is_quicker_than_it_was_declared_lets_longer_ones_pass() -> None:
    bench = Bench(Config(prefetch_max=0, disconnected_after=1e6, lease_wait=1e7))
    bench.agent(cpus=1)
    bench.submit(
        TaskPlan("quick", count=100, expected=20.0),
        TaskPlan("slow", count=100, expected=10.0),
        TaskPlan("after", needs=((0, False),), expected=5.0),
    )
    assert bench.ids()[0].task == 0
    given = _work(bench, {0: 0.2, 1: 10.0}, 10)
    assert given[:3] == [0, 0, 0], "nothing is learned within the first second"
    assert given[-3:] == [1, 1, 1]
    # 5 s of `after` and 0.2 s of its own, against 10 s.
    assert list(bench.scheduler._book.runs[1].tasks.paths) == pytest.approx([5.2, 10.0, 5.0])


def test_a_mean_near_to_what_was_declared_changes_nothing() -> None:
    bench = Bench(Config(prefetch_max=0, disconnected_after=1e6, lease_wait=1e7))
    bench.agent(cpus=1)
    bench.submit(TaskPlan("a", count=100, expected=2.0), TaskPlan("b", count=100, expected=1.9))
    assert set(_work(bench, {0: 1.1}, 10)) == {0}
    assert not bench.scheduler._book.relearn
