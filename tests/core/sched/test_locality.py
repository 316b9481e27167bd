"""Work goes where the files are that it needs, if there is room for it now; it never waits for that."""

from __future__ import annotations

import random

import pytest
from scenarios import PATIENT
from turns import Bench
from world import Behaviour, Faults, World

from windlass.model.graph import Resources
from windlass.sched import Config
from windlass.sched import events as e
from windlass.sched.events import AttemptId
from windlass.sched.queues import ReadyQueue
from windlass.sched.states import Outcome

MB = 1 << 20


def end(bench: Bench, id: AttemptId, files: int = 0) -> None:
    """It succeeds and leaves so many bytes of files."""
    view = bench.scheduler.agent_view(bench.scheduler.agent_of(id) or "")
    fact = e.ExitFact(id, Outcome.OK, 0, bench.now - 1.0, bench.now, files=files)
    bench.do(e.AttemptsExited(view.agent, view.epoch, [fact]))


def where(bench: Bench, task: int) -> dict[int, str]:
    return {view.id.item: view.agent for view in bench.scheduler.live() if view.id.task == task}


def agents(bench: Bench) -> None:
    """The first is the tighter fit, so everything would go there first."""
    bench.agent("tight", cpus=2)
    bench.agent("wide", cpus=4)


@pytest.mark.parametrize(("size", "home"), [(5 * MB, "wide"), (1000, "tight")])
def test_a_task_goes_where_most_of_what_it_needs_lies(size: int, home: str) -> None:
    bench = Bench()
    agents(bench)
    bench.submit(
        e.TaskPlan("small", resources=Resources(cpus=2)),
        e.TaskPlan("large", resources=Resources(cpus=2)),
        e.TaskPlan("join", needs=((0, False), (1, False)), count=3),
    )
    assert where(bench, 0) == {0: "tight"}
    assert where(bench, 1) == {0: "wide"}
    end(bench, AttemptId(1, 0, 0, 1), size // 4)
    end(bench, AttemptId(1, 1, 0, 1), size)
    first = where(bench, 2)[0]
    assert first == home
    assert len(where(bench, 2)) == 3


def test_it_goes_elsewhere_when_there_is_no_room_where_its_files_lie() -> None:
    bench = Bench()
    agents(bench)
    bench.submit(e.TaskPlan("make", resources=Resources(cpus=3)), e.TaskPlan("use", needs=((0, False),), count=20))
    end(bench, AttemptId(1, 0, 0, 1), 5 * MB)
    assert sorted(where(bench, 1).values()) == ["tight"] * 2 + ["wide"] * 4
    assert [where(bench, 1)[item] for item in range(4)] == ["wide"] * 4


def moved(size: int) -> int:
    """Of 120 items that need the item before them, how many ran on another agent than that one."""
    bench = Bench()
    agents(bench)
    bench.submit(
        e.TaskPlan("cut", count=60), e.TaskPlan("encode", needs=((0, True),), count=60),
        e.TaskPlan("check", needs=((1, True),), count=60),
    )  # fmt: skip
    rng = random.Random(1)
    ran: dict[tuple[int, int], str] = {}
    while live := bench.scheduler.live():
        ran.update({(view.id.task, view.id.item): view.agent for view in live})
        end(bench, rng.choice(live).id, size)
    assert len(ran) == 180
    return sum(ran[task, item] != ran[task - 1, item] for task in (1, 2) for item in range(60))


def test_items_follow_the_items_that_they_need() -> None:
    near, anywhere = moved(5 * MB), moved(0)
    assert near * 4 < anywhere, f"{near} items moved, {anywhere} without looking"


def test_nothing_waits_for_its_agent() -> None:
    bench = Bench()
    agents(bench)
    bench.submit(e.TaskPlan("cut", count=6), e.TaskPlan("encode", needs=((0, True),), count=6))
    for id in [view.id for view in bench.scheduler.live()]:
        end(bench, id, 5 * MB)
    homes = where(bench, 1)
    assert sorted(homes.values()) == ["tight"] * 2 + ["wide"] * 4
    # All that is left was made on an agent that has no room: it runs where there is some.
    bench.submit(e.TaskPlan("cut", count=6), e.TaskPlan("encode", needs=((0, True),), count=6), run=2)
    for view in bench.scheduler.live():
        if view.agent == "wide":
            end(bench, view.id)
    for id in [view.id for view in bench.scheduler.live() if view.id.run == 2]:
        end(bench, id, 5 * MB)
    free = sum(bench.scheduler.agent_view(name).running for name in ("tight", "wide"))
    assert free == 6, "every CPU is in use"


def test_queue_takes_the_oldest_at_home() -> None:
    queue = ReadyQueue()
    queue.add(0, 10)
    queue.add(20, 25)
    homes = bytearray(b"\x01\x02" * 15)
    assert queue.take_home(3, homes, 2) == [(1, 2), (3, 4), (5, 6)]
    assert list(queue) == [0, 2, 4, 6, 7, 8, 9, 20, 21, 22, 23, 24]
    homes[20:25] = b"\x02" * 5
    assert queue.take_home(9, homes, 2) == [(7, 8), (9, 10), (20, 25)]
    assert queue.take_home(9, homes, 2) == []
    assert list(queue) == [0, 2, 4, 6, 8]
    assert queue.size == 5
    assert queue.take_range(3) == (0, 1)


@pytest.mark.parametrize("seed", range(3))
def test_chains_with_files_in_the_world(seed: int) -> None:
    """Whatever fails, and with lines of two owners: placing near changes where, never whether."""
    config = Config(silent_assign=20.0, timeout_slack=5.0, crash_limit=1000)
    world = World(seed, config=config, cpus=4, faults=Faults(kinds=("reset", "cut", "crash", "core", "drain")))
    files = Behaviour((0.01, 0.5), fail=0.05, files=3 * MB)
    chain = [
        (e.TaskPlan("cut", count=40, retries=PATIENT), files),
        (e.TaskPlan("encode", needs=((0, True),), count=40, retries=PATIENT), files),
        (e.TaskPlan("join", needs=((1, False),), retries=PATIENT), files),
        (e.TaskPlan("fan", needs=((2, False),), count=30, retries=PATIENT), files),
    ]
    world.at(1.0, lambda: world.submit(chain))
    world.at(1.5, lambda: world.submit(chain, run=2, owner="other"))
    world.run()
    world.audit()
    assert set(world.store.state.values()) == {"succeeded"}
