"""Seeded stories for the World: graphs with every kind of need, and people who cancel, retry and pause meanwhile."""

from __future__ import annotations

from world import Behaviour, Faults, World

from windlass.model.graph import Resources, RetryPolicy
from windlass.sched import Config
from windlass.sched import events as e

PATIENT = RetryPolicy(max=30, backoff=0.2, factor=1.5, max_backoff=2.0)


def graph() -> list[tuple[e.TaskPlan, Behaviour]]:
    return [
        (e.TaskPlan("split", count=4, retries=PATIENT), Behaviour(fail=0.1)),
        (
            e.TaskPlan("encode", needs=((0, True),), count=4, retries=PATIENT, timeout=6.0),
            Behaviour((1.0, 9.0), fail=0.2, hang=0.1, deaf=0.1),
        ),
        (e.TaskPlan("fan", needs=((1, False),), count=None, retries=PATIENT), Behaviour((0.01, 0.1), fail=0.1)),
        (
            e.TaskPlan("gpu", needs=((0, False),), count=5, resources=Resources(gpus=1), retries=PATIENT),
            Behaviour((0.5, 6.0)),
        ),
        (e.TaskPlan("many", count=150, retries=PATIENT), Behaviour((0.002, 0.02), fail=0.03)),
        (e.TaskPlan("long", count=6, retries=PATIENT, priority=1), Behaviour((5.0, 30.0))),
        (e.TaskPlan("killer", resources=Resources(cpus=0.5), continue_on_error=True), Behaviour(kill=0.5)),
        (e.TaskPlan("last", needs=((2, False), (3, False), (4, False), (6, False))), Behaviour()),
    ]


def story(
    seed: int, people: bool = True, faults: Faults | None = None, blind: bool = False, crash_limit: int = 3
) -> World:
    """A World at its beginning; `run` and `audit` are the caller's."""
    config = Config(silent_assign=20.0, timeout_slack=5.0, crash_limit=crash_limit)
    world = World(seed, faults=faults, blind=blind, config=config)
    world.at(1.0, lambda: world.submit(graph()))
    world.at(2.0, lambda: world.submit(graph()[4:6], run=2, owner="other"))
    if people:
        world.at(world.rng.uniform(1.0, 6.0), lambda: meddle(world))
        # A wish may fall into the core's absence; at the end, nobody is left waiting.
        world.at(world.faults.until + 20.0, lambda: unpause(world))
    return world


def unpause(world: World) -> None:
    if not world.core_up:
        world.at(1.0, lambda: unpause(world))
        return
    for run in world.scheduler.runs():
        world.ask(e.PauseRequested(run, False))


def meddle(world: World) -> None:
    """People change their minds, until the faults end."""
    rng = world.rng
    if world.now > world.faults.until:
        return
    world.at(rng.uniform(0.5, 6.0), lambda: meddle(world))
    if not world.core_up:
        return
    run = rng.choice(world.scheduler.runs())
    task = rng.randrange(len(world.store.plans[run].tasks))
    count = world.scheduler.items(run, task)
    scope = rng.choice([e.Scope(run), e.Scope(run, task), e.Scope(run, task, rng.randrange(count or 1))])
    action = rng.choice(["cancel", "retry", "retry", "downstream", "pause", "resume", "priority", "amend"])
    if action == "cancel" and (scope.task is not None or rng.random() < 0.3):
        world.ask(e.CancelRequested(scope))
        if rng.random() < 0.5:
            # The link breaks right after, before anybody could hear of it.
            agent = rng.choice(list(world.agents.values()))
            agent.disconnect(rng.uniform(0.05, 2.0))
    elif action == "retry":
        world.ask(e.RetryRequested(scope))
    elif action == "downstream" and scope.task is not None:
        world.ask(e.RetryRequested(scope, downstream=True))
    elif action in ("pause", "resume"):
        world.ask(e.PauseRequested(run, action == "pause"))
    elif action == "priority":
        world.ask(e.PriorityChanged(run, rng.randrange(-2, 3)))
    elif action == "amend":
        resources = Resources(cpus=rng.choice([0.5, 1.0, 2.0]))
        forgiving = rng.random() < 0.3
        world.amend(run, task, resources=resources, priority=rng.randrange(2), continue_on_error=forgiving)
