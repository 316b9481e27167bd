"""The next placement is the right one, and finding it does not cost the number of owners, shapes or agents."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from windlass.model.graph import Resources
from windlass.sched import Scheduler, rooms
from windlass.sched.events import (
    AgentHello,
    AssignAttempts,
    AttemptId,
    AttemptsSucceeded,
    RunPlan,
    RunSubmitted,
    TaskPlan,
)
from windlass.sched.race import Line
from windlass.sched.rooms import JOURNAL

LONG = 10.0


class Fleet:
    """Agents that end what they are told to end."""

    def __init__(self, agents: int, cpus: float = 1) -> None:
        self.scheduler = Scheduler()
        self.book = self.scheduler._book
        self.now = 100.0
        self.live: list[tuple[str, int, AttemptId]] = []
        for number in range(agents):
            self.scheduler.handle(AgentHello(f"a{number}", Resources(cpus=cpus, memory=2**40), {}, 0), self.now)

    def submit(self, run: int, owner: str, *tasks: TaskPlan, priority: int = 0) -> None:
        self.scheduler.handle(RunSubmitted(RunPlan(run, owner, priority, self.now, tasks)), self.now)

    def plan(self) -> None:
        for effect in self.scheduler.plan(self.now):
            if isinstance(effect, AssignAttempts):
                self.live += [(effect.agent, effect.epoch, id) for id in effect.items]

    def end(self, place: int) -> None:
        agent, epoch, id = self.live.pop(place)
        times = [self.now - LONG], [self.now]
        self.scheduler.handle(
            AttemptsSucceeded(agent, epoch, id.run, id.task, [id.item], [id.attempt], *times), self.now
        )


@pytest.mark.parametrize("seed", range(6))
def test_the_first_of_the_race_is_the_first_of_all(seed: int) -> None:
    chance = random.Random(seed)
    fleet = Fleet(6, cpus=2)
    book = fleet.book
    for turn in range(120):
        if turn % 4 == 0:
            tasks = [
                TaskPlan(
                    f"t{place}",
                    count=chance.randint(1, 9),
                    resources=Resources(cpus=chance.choice([0.5, 1, 2])),
                    priority=chance.choice([0, 0, 1]),
                    deadline=chance.choice([None, 50.0]),
                )
                for place in range(3)
            ]
            fleet.submit(turn + 1, f"owner{chance.randrange(40)}", *tasks, priority=chance.choice([0, 0, 1]))
        for _ in range(min(len(fleet.live), chance.randrange(5))):
            fleet.end(chance.randrange(len(fleet.live)))
        fleet.now += 1.0

        def standing(owner: object) -> float:
            return book.shares.standing(owner, book.now)  # type: ignore[arg-type]

        book.now = fleet.now
        book.supply.race.begin(fleet.now, standing)
        heads = [task for shape in book.supply.wanted() for task in book.supply.heads(shape)]
        line = book.supply.race.first(standing)
        assert (line.head() if line else None) is (book.policy.first(heads, standing) if heads else None)
        fleet.plan()
    assert fleet.live


def looks(monkeypatch: pytest.MonkeyPatch, fleet: Fleet, turns: int) -> float:
    """How many tasks and agents are looked at for a placement, once all lanes are full."""
    counted: Counter[str] = Counter()
    head, fit = Line.head, rooms.fit

    def counting_head(self: Line) -> object:
        counted["heads"] += 1
        return head(self)

    def counting_fit(*args: object) -> float:
        counted["fits"] += 1
        return fit(*args)  # type: ignore[arg-type]

    fleet.plan()
    fleet.plan()
    monkeypatch.setattr(Line, "head", counting_head)
    monkeypatch.setattr(rooms, "fit", counting_fit)
    for _ in range(turns):
        fleet.now += 0.001  # the look at all shares and reservations comes once in a while, not in each turn
        fleet.end(0)
        fleet.plan()
    monkeypatch.undo()
    return counted.total() / turns


@pytest.mark.parametrize("kind", ["owners", "shapes", "agents"])
def test_a_placement_costs_about_the_same_with_many(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    found = {}
    for many in (50, 400):
        fleet = Fleet(many if kind == "agents" else 20)
        if kind == "owners":
            for run in range(1, many + 1):
                fleet.submit(run, f"owner{run}", TaskPlan("t", count=50))
        else:
            asks = [Resources(cpus=1, memory=(place + 1) * 2**20) for place in range(many if kind == "shapes" else 1)]
            tasks = [TaskPlan(f"t{place}", count=2000, resources=ask) for place, ask in enumerate(asks)]
            fleet.submit(1, "me", *tasks)
        found[many] = looks(monkeypatch, fleet, 100)
    assert found[400] < 3 * found[50] + 10, found
    assert found[400] < 100, found


def test_whoever_missed_a_long_part_of_the_journal_still_finds_the_room() -> None:
    """A shape that nobody asked about while the agents changed thousands of times."""
    fleet = Fleet(3)
    fleet.submit(1, "me", TaskPlan("busy", count=2 * JOURNAL))
    fleet.submit(2, "me", TaskPlan("rare", resources=Resources(cpus=1, memory=2**20)), priority=-1)
    fleet.plan()
    for _ in range(JOURNAL // 2 + 10):
        fleet.now += 0.001
        fleet.end(0)
        fleet.plan()
    assert all(id.run == 1 for _, _, id in fleet.live)
    fleet.submit(3, "me", TaskPlan("other", resources=Resources(cpus=1, memory=2**21)), priority=1)
    fleet.end(0)
    fleet.plan()
    assert any(id.run == 3 for _, _, id in fleet.live)
