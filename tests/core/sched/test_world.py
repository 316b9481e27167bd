"""Runs in the World: whatever fails, every item ends exactly once, with the outputs of the accepted attempt."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from scenarios import story
from tests.depth import seeds
from world import Behaviour, Faults, World

from windlass.model.graph import Resources
from windlass.sched import attempts, events, leases
from windlass.sched.states import IllegalTransition
from windlass.sched.tasks import TaskState


@pytest.mark.parametrize("seed", seeds([0, 4, 127, 225], [1, 2, 3, *range(5, 20)]))
def test_every_item_ends_once_whatever_happens(seed: int) -> None:
    world = story(seed, blind=seed % 5 == 4)
    world.run()
    world.audit()


@pytest.mark.parametrize("seed", seeds([100, 102], [101, 103, 104, 105]))
def test_without_people_and_with_patience_all_succeeds(seed: int) -> None:
    world = story(seed, people=False, crash_limit=1000)
    world.run()
    world.audit()
    assert world.store.state[2] == "succeeded"


def test_a_world_without_faults_runs_each_attempt_of_sound_items_once() -> None:
    world = story(7, people=False, faults=Faults(lose=0, repeat=0, until=0.0))
    world.run()
    world.audit()
    assert {id.attempt for id in world.store.ever if id.task == 5} == {1}


# --- mutants: each removes one safety, and an audit must notice --------------------------------------------


def _forget_stops(patch: pytest.MonkeyPatch) -> None:
    """A STOP is said once."""
    patch.setattr(attempts, "repeat_stops", lambda book, agent: None)


def _no_lease(patch: pytest.MonkeyPatch) -> None:
    """A broken link is taken for a dead agent."""

    def link_lost(book: object, agent: object) -> None:
        leases.down(book, agent, "the link was lost")  # type: ignore[arg-type]

    patch.setattr(leases, "link_lost", link_lost)


def _spare_zombies(patch: pytest.MonkeyPatch) -> None:
    """What an agent brings back from an ended lease is left alone."""

    def welcome(agent: str, epoch: int, keep: list[events.AttemptId], stop: list[events.AttemptId]) -> object:
        return events.WelcomeAgent(agent, epoch, keep, [])

    patch.setattr(leases, "WelcomeAgent", welcome)


def _same_number(patch: pytest.MonkeyPatch) -> None:
    """A second attempt gets the number of the first."""
    patch.setattr(TaskState, "next_number", lambda self, item: self.number(item) or 1)


@pytest.mark.parametrize(
    ("mutant", "tale"),
    [
        (_forget_stops, lambda seed: _a_lost_stop()),
        (_no_lease, lambda seed: _short(seed)),
        (_spare_zombies, lambda seed: _a_long_partition()),
        (_same_number, lambda seed: _short(seed)),
    ],
)
def test_an_audit_catches_the_mutant(
    mutant: Callable[[pytest.MonkeyPatch], None], tale: Callable[[int], World]
) -> None:
    tale(0)
    caught = []
    for seed in range(10):
        with pytest.MonkeyPatch.context() as patch:
            mutant(patch)
            try:
                tale(seed)
            except (AssertionError, IllegalTransition) as error:
                caught.append(str(error))
                break
    assert caught, "nobody noticed"


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_stories_of_broken_links_and_zombies_pass(seed: int) -> None:
    _short(seed)


def _hanging(blind: bool) -> World:
    """One item that never ends, on a world without chance faults."""
    world = World(
        1, agents=2, faults=Faults(lose=0.0, repeat=0.0, until=50.0, kinds=("reset",), every=(99, 99)), blind=blind
    )
    hang = (events.TaskPlan("hang", count=6, resources=Resources(cpus=1)), Behaviour(hang=1.0))
    world.at(1.0, lambda: world.submit([hang]))
    world.at(55.0, lambda: world.ask(events.CancelRequested(events.Scope(1))))
    return world


def _a_lost_stop() -> World:
    """The first STOP of a cancel is lost on a link that stands."""
    world = _hanging(blind=False)

    def cancel() -> None:
        world.faults.lose = 1.0
        world.ask(events.CancelRequested(events.Scope(1, 0, 0)))
        world.at(0.5, lambda: setattr(world.faults, "lose", 0.0))

    world.at(3.0, cancel)
    world.run(until=400.0)
    world.audit()
    return world


def _a_long_partition() -> World:
    """An agent that does not mind its lease comes back, and what it runs is not its own any more."""
    world = _hanging(blind=True)
    agent = world.agents["a0"]

    def heal() -> None:
        agent.cut = False
        agent.disconnect(0.1)

    world.at(3.0, lambda: setattr(agent, "cut", True))
    world.at(25.0, heal)
    world.run(until=400.0)
    world.audit()
    return world


def _short(seed: int) -> World:
    """Many broken links, zombies that come back, and items that hang until somebody cancels them."""
    faults = Faults(lose=0.05, every=(0.3, 2.0), until=40.0, kinds=("reset", "cut", "freeze", "crash"))
    world = story(seed, people=False, faults=faults, blind=True)
    hang = (events.TaskPlan("hang", count=10, resources=Resources(cpus=0.1)), Behaviour(hang=1.0))
    world.at(0.5, lambda: world.submit([hang], run=3))
    for item in range(10):
        world.at(2.0 + 3.5 * item, lambda item=item: _cancel_and_break(world, item))
    world.at(45.0, lambda: world.ask(events.CancelRequested(events.Scope(3))))
    world.run(until=400.0)
    world.audit()
    return world


def _cancel_and_break(world: World, item: int) -> None:
    """The link breaks right after the cancel, before the agent could hear of it."""
    where = [view.agent for view in world.scheduler.live() if view.id[:3] == (3, 0, item)]
    world.ask(events.CancelRequested(events.Scope(3, 0, item)))
    for name in where:
        world.agents[name].disconnect(0.3)
