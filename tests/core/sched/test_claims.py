"""Who asks for more of a licence than others gets it in the end, and nobody waits for who cannot use it."""

from __future__ import annotations

from turns import Bench

from windlass.model.graph import Resources
from windlass.sched import Config
from windlass.sched import events as e
from windlass.sched.events import AttemptId, Scope, TaskPlan
from windlass.sched.states import Outcome

FOREVER = {"disconnected_after": 1e6, "lease_wait": 1e7, "silent_assign": 1e7}


def asks(name: str, licences: float, count: int = 1, **more: object) -> TaskPlan:
    return TaskPlan(name, count=count, resources=Resources(cpus=1, named={"maya": licences}), **more)  # type: ignore[arg-type]


def busy(bench: Bench, large: TaskPlan, **run: object) -> None:
    """Four licences, in the hands of a long array of small requests, when a large one comes."""
    bench.agent(cpus=8)
    bench.submit(asks("small", 1, 1000), run=1)
    assert len(bench.ids()) == 4
    bench.submit(large, run=2, **run)  # type: ignore[arg-type]


def live_of(bench: Bench, run: int) -> int:
    return sum(view.id.run == run for view in bench.scheduler.live())


def one_ends(bench: Bench) -> None:
    """The oldest small one, a second later."""
    bench.now += 1.0
    view = next(view for view in bench.scheduler.live() if view.id.run == 1)
    bench.exit(view.id)


def test_a_large_request_is_not_starved_by_small_ones() -> None:
    bench = Bench(Config(licences={"maya": 4}, reserve_after=10.0, **FOREVER))  # type: ignore[arg-type]
    busy(bench, asks("large", 3))
    took = 0
    while not live_of(bench, 2):
        assert took < 20
        took += 1
        one_ends(bench)
    assert took >= 10  # until then small ones went first, as they should
    assert live_of(bench, 1) == 1  # what it left over
    bench.exit(AttemptId(2, 0, 0, 1))
    assert live_of(bench, 1) == 4  # and now they have all again


def test_without_a_claim_it_would_wait_for_ever() -> None:
    bench = Bench(Config(licences={"maya": 4}, reserve_after=1e9, **FOREVER))  # type: ignore[arg-type]
    busy(bench, asks("large", 3))
    for _ in range(200):
        one_ends(bench)
    assert not live_of(bench, 2)


def claimed(**run: object) -> Bench:
    """Small ones wait while all that is left is kept."""
    bench = Bench(Config(licences={"maya": 4}, reserve_after=10.0, **FOREVER))  # type: ignore[arg-type]
    busy(bench, asks("large", 4), **run)
    while live_of(bench, 1) == 4:
        one_ends(bench)
    one_ends(bench)
    assert live_of(bench, 1) == 2
    return bench


def test_it_is_told_why_small_ones_wait() -> None:
    bench = claimed()
    found = bench.scheduler.why(1, 0, None, bench.now, {})
    assert found.limits == ("licence maya: 2 of 4 in use, the rest is kept for a larger request",)
    assert bench.scheduler.why(2, 0, None, bench.now, {}).limits == ("licence maya: 2 of 4 in use",)


def test_what_is_more_urgent_goes_past() -> None:
    bench = claimed()
    bench.submit(asks("urgent", 1), run=3, priority=5)
    assert live_of(bench, 3) == 1
    bench.submit(asks("not", 1), run=4)
    assert not live_of(bench, 4)


def test_nothing_is_kept_for_who_has_gone() -> None:
    for event in (e.CancelRequested(Scope(2)), e.PauseRequested(2, True)):
        bench = claimed()
        bench.do(event)
        assert live_of(bench, 1) == 4, event


def test_nothing_is_kept_for_who_could_run_nowhere() -> None:
    bench = Bench(Config(licences={"maya": 4}, reserve_after=10.0, **FOREVER))  # type: ignore[arg-type]
    busy(bench, TaskPlan("large", resources=Resources(cpus=100, named={"maya": 3})))
    for _ in range(30):
        one_ends(bench)
        assert live_of(bench, 1) == 4
    bench = claimed()
    bench.do(e.AgentDrain("a", True))
    bench.agent("b", cpus=2)
    bench.do(e.AgentDrain("b", True))
    bench.do(e.Tick())
    assert bench.scheduler._book.limits.claim is None


def test_who_asks_for_more_than_there_is_claims_nothing() -> None:
    bench = Bench(Config(licences={"maya": 4}, reserve_after=10.0, **FOREVER))  # type: ignore[arg-type]
    busy(bench, asks("large", 5))
    for _ in range(30):
        one_ends(bench)
        assert live_of(bench, 1) == 4


def test_a_claim_lasts_through_failures_of_others() -> None:
    bench = claimed()
    for view in list(bench.scheduler.live()):
        bench.exit(view.id, Outcome.NONZERO, 1)
    assert live_of(bench, 2) == 1
    assert not live_of(bench, 1)
