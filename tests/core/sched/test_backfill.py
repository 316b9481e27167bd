"""A large request gets a time and keeps it; small ones use the gap before it and never make it later."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.depth import examples
from turns import Bench

from windlass.model.graph import Resources
from windlass.sched import Config
from windlass.sched import events as e
from windlass.sched.events import AttemptId, TaskPlan

CONFIG = Config(prefetch_max=0, reserve_after=1.0, disconnected_after=1e6, lease_wait=1e6, order=("priority", "age"))
"""By age, so that what comes later is never the one that the reservation is for."""


@dataclass(frozen=True)
class Job:
    """One item, in a run of its own."""

    cpus: int
    seconds: float
    arrives: float = 0.0
    known: bool = True


class Cluster:
    """Agents that take exactly as long as each job says, and what was seen of it."""

    def __init__(self, jobs: list[Job], agents: list[int], config: Config = CONFIG) -> None:
        self.bench = Bench(config)
        self.jobs = jobs
        self.start = self.bench.now
        self.begun: dict[int, float] = {}
        """Run -> when its attempt was given."""
        self.promises: dict[int, list[float | None]] = {}
        """Run that something is kept for -> the times that it was told, one after the other."""
        for number, cpus in enumerate(agents):
            self.bench.agent(f"a{number}", cpus=cpus)

    def play(self) -> None:
        moments: list[tuple[float, int, int, AttemptId | None]] = []
        for run, job in enumerate(self.jobs, 1):
            heapq.heappush(moments, (self.start + job.arrives, 1, run, None))
        while moments:
            due = self.bench.scheduler.next_deadline()
            if due is not None and (not moments or due < moments[0][0]):
                self.bench.now = max(self.bench.now, due)
                self.bench.do(e.Tick())
            else:
                now, _, run, id = heapq.heappop(moments)
                self.bench.now = now
                job = self.jobs[run - 1]
                if id is None:
                    self.bench.submit(
                        TaskPlan("t", resources=Resources(cpus=job.cpus), expected=job.seconds if job.known else None),
                        run=run,
                    )
                else:
                    self.bench.exit(id, took=job.seconds)
            for id in self.bench.ids():
                self.begun[id.run] = self.bench.now
                heapq.heappush(moments, (self.bench.now + self.jobs[id.run - 1].seconds, 0, id.run, id))
            self._look()

    def _look(self) -> None:
        book = self.bench.scheduler._book
        for reservation in book.reserved.values():
            heads = book.supply.heads(reservation.shape)
            if heads:
                run = heads[0].run.id
                found = reservation.opening(self.bench.now)
                self.promises.setdefault(run, []).append(None if found is None else found.start)


def test_short_work_fills_the_gap_before_a_reservation_and_long_work_does_not() -> None:
    jobs = [
        Job(cpus=3, seconds=20.0),
        Job(cpus=4, seconds=5.0, arrives=0.5),  # waits for the whole agent
        Job(cpus=1, seconds=30.0, arrives=5.0),  # too long for the gap
        Job(cpus=1, seconds=4.0, arrives=5.0),  # fits
    ]
    cluster = Cluster(jobs, [4])
    cluster.play()
    begun = {run: time - cluster.start for run, time in cluster.begun.items()}
    assert begun == {1: 0.0, 4: 5.0, 2: 20.0, 3: 25.0}
    assert set(cluster.promises[2]) == {cluster.start + 20.0}


def test_without_backfill_the_gap_stays_empty() -> None:
    jobs = [Job(3, 20.0), Job(4, 5.0, arrives=0.5), Job(1, 4.0, arrives=5.0)]
    cluster = Cluster(jobs, [4], replace(CONFIG, backfill=False))
    cluster.play()
    assert cluster.begun[3] - cluster.start == 25.0


def test_what_the_large_request_leaves_over_is_for_long_work_too() -> None:
    jobs = [Job(7, 20.0), Job(6, 5.0, arrives=0.5), Job(1, 500.0, arrives=5.0), Job(1, 500.0, arrives=5.0)]
    cluster = Cluster(jobs, [8])
    cluster.play()
    begun = {run: time - cluster.start for run, time in cluster.begun.items()}
    assert begun == {1: 0.0, 3: 5.0, 2: 20.0, 4: 20.0}


def test_of_work_whose_end_is_unknown_nothing_is_expected() -> None:
    jobs = [Job(3, 20.0, known=False), Job(4, 5.0, arrives=0.5), Job(1, 4.0, arrives=5.0)]
    cluster = Cluster(jobs, [4])
    cluster.play()
    assert cluster.promises[2][0] is None
    assert cluster.begun[3] - cluster.start == 25.0


def test_what_is_more_urgent_is_not_kept_away() -> None:
    bench = Bench(CONFIG)
    bench.agent(cpus=2)
    bench.submit(TaskPlan("one", resources=Resources(cpus=1)), TaskPlan("large", resources=Resources(cpus=2)))
    bench.wait(3.0)
    bench.submit(TaskPlan("mild", resources=Resources(cpus=1)), run=2)
    assert not bench.ids()
    bench.submit(TaskPlan("urgent", resources=Resources(cpus=1)), run=3, priority=1)
    assert bench.ids() == [AttemptId(3, 0, 0, 1)]


def test_the_agent_is_the_one_where_the_request_begins_first() -> None:
    bench = Bench(CONFIG)
    bench.agent("a", cpus=4)
    bench.agent("b", cpus=4)
    bench.submit(TaskPlan("long", resources=Resources(cpus=2), expected=100.0), run=1)
    bench.submit(TaskPlan("short", resources=Resources(cpus=3), expected=20.0), run=2)
    assert [agent for agent, _ in bench.assigned()] == ["b"]
    bench.submit(TaskPlan("large", resources=Resources(cpus=4)), run=3)
    bench.wait(2.0)
    bench.submit(TaskPlan("more", resources=Resources(cpus=1), expected=1.0), run=4)
    bench.exit(AttemptId(4, 0, 0, 1))
    bench.submit(TaskPlan("nudge", resources=Resources(cpus=64)), run=5)
    kept = {reservation.shape.need: agent.id for agent, reservation in bench.scheduler._book.reserved.items()}
    assert kept == {(("cpus", 4000),): "b"}


@pytest.mark.parametrize("depth", [0, 3])
def test_only_so_many_tasks_are_looked_at(depth: int) -> None:
    bench = Bench(replace(CONFIG, backfill_depth=depth))
    bench.agent(cpus=4)
    bench.submit(TaskPlan("base", resources=Resources(cpus=3), expected=20.0))
    bench.submit(TaskPlan("large", resources=Resources(cpus=4)), run=2)
    bench.wait(2.0)
    one = Resources(cpus=1)
    tasks = [TaskPlan(f"long{n}", resources=one, expected=60.0) for n in range(2)]
    bench.submit(*tasks, TaskPlan("short", resources=one, expected=1.0), run=3)
    assert [id.task for id in bench.ids()] == ([2] if depth else [])


jobs_strategy = st.lists(
    st.builds(
        Job,
        cpus=st.integers(1, 4),
        seconds=st.integers(1, 30).map(float),
        arrives=st.integers(0, 20).map(float),
    ),
    min_size=2,
    max_size=14,
)


@settings(max_examples=examples(80), deadline=None)
@given(jobs_strategy, st.lists(st.integers(4, 6), min_size=1, max_size=3))
def test_backfill_never_delays_a_reservation(jobs: list[Job], agents: list[int]) -> None:
    """With durations as they were declared, what a request was told never gets later, and it begins by then."""
    cluster = Cluster(sorted(jobs, key=lambda job: job.arrives), agents)
    cluster.play()
    for run, told in cluster.promises.items():
        known = [time for time in told if time is not None]
        assert known == sorted(known, reverse=True), f"run {run} was told {known}"
        if known:
            assert cluster.begun[run] <= known[-1] + 1e-9


@pytest.mark.parametrize(("cpus", "seconds", "known"), [(1, 2, True), (1, 7, False), (2, 3, False), (3, 5, True)])
def test_an_endless_stream_of_small_work_starves_no_large_request(cpus: int, seconds: int, known: bool) -> None:
    """Small ones keep arriving for as long as the large one waits; it begins once those before it have ended."""
    small = [Job(cpus, float(seconds), arrives=n * 0.5, known=known) for n in range(40)]
    cluster = Cluster([*small, Job(4, 1.0, arrives=5.0)], [4])
    cluster.play()
    assert cluster.begun[41] - cluster.start <= 5.0 + CONFIG.reserve_after + 2 * seconds + 1.0
