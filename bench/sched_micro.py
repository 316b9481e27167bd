"""How many placements a second the scheduler alone does, without sockets, store or agents.

The driver answers every assignment with a success at once, in batches, as an agent with instant work would.
Events are made before the clock starts counting only where that is possible, so the numbers include making them;
the column `scheduler` leaves that out.

    python bench/sched_micro.py [--profile] [--scale 1.0]
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import resource
import time
from collections import deque

from windlass.model.graph import Resources
from windlass.sched import Scheduler
from windlass.sched.events import (
    AgentHello,
    AssignAttempts,
    AttemptsExited,
    Effect,
    ExitFact,
    RunPlan,
    RunSubmitted,
    TaskPlan,
)
from windlass.sched.states import Outcome

BATCH = 128
"""Ends in one message of an agent."""


class Driver:
    def __init__(self, agents: int, slots: int, work: float) -> None:
        self.scheduler = Scheduler()
        self.work = work
        self.placed = 0
        self.spent = 0.0
        self.inbox: deque[AttemptsExited] = deque()
        self.now = 1000.0
        for number in range(agents):
            self.handle(AgentHello(f"agent{number}", Resources(cpus=slots), {}, 0))

    def handle(self, event: object) -> None:
        start = time.perf_counter()
        effects = self.scheduler.handle(event, self.now)  # type: ignore[arg-type]
        self.spent += time.perf_counter() - start
        self.take(effects)

    def plan(self) -> None:
        start = time.perf_counter()
        effects = self.scheduler.plan(self.now)
        self.spent += time.perf_counter() - start
        self.take(effects)

    def take(self, effects: list[Effect]) -> None:
        now, ok, work = self.now, Outcome.OK, self.work
        for effect in effects:
            if isinstance(effect, AssignAttempts):
                self.placed += len(effect.items)
                for first in range(0, len(effect.items), BATCH):
                    facts = [ExitFact(id, ok, 0, now, now + work) for id in effect.items[first : first + BATCH]]
                    self.inbox.append(AttemptsExited(effect.agent, effect.epoch, facts))

    def run(self, tasks: tuple[TaskPlan, ...]) -> None:
        self.handle(RunSubmitted(RunPlan(1, "me", 0, self.now, tasks)))
        self.plan()
        while self.inbox:
            # As the server does: drain some messages, then plan once.
            for _ in range(min(len(self.inbox), 20)):
                self.handle(self.inbox.popleft())
            self.now += 0.001
            self.plan()
        view = self.scheduler.run_view(1)
        assert view.state == "succeeded", view


def measure(name: str, agents: int, slots: int, tasks: tuple[TaskPlan, ...], profile: bool) -> None:
    driver = Driver(agents, slots, 0.0001)
    driver.spent = 0.0
    profiler = cProfile.Profile() if profile else None
    start = time.perf_counter()
    if profiler is not None:
        profiler.enable()
    driver.run(tasks)
    if profiler is not None:
        profiler.disable()
    whole = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(
        f"{name:<34} {driver.placed:>9,} {driver.placed / whole:>12,.0f} {driver.placed / driver.spent:>12,.0f}"
        f" {driver.spent / driver.placed * 1e6:>9.2f} {peak:>7}"
    )
    if profiler is not None:
        pstats.Stats(profiler).sort_stats("tottime").print_stats(18)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--scale", type=float, default=1.0, help="of the number of items")
    args = parser.parse_args()
    many = max(1, int(1_000_000 * args.scale))
    thousand = max(1, int(1_000 * args.scale))
    wide = max(1, int(5_000 * args.scale))
    array = (TaskPlan("work", count=many),)
    chain = tuple(TaskPlan(f"t{i}", needs=((i - 1, False),) if i else ()) for i in range(thousand))
    fan = (
        TaskPlan("first"),
        TaskPlan("many", needs=((0, False),), count=wide),
        TaskPlan("last", needs=((1, False),)),
    )
    tasks = (
        TaskPlan("first"),
        *(TaskPlan(f"t{i}", needs=((0, False),)) for i in range(wide)),
        TaskPlan("last", needs=tuple((i + 1, False) for i in range(wide))),
    )
    print(f"{'':<34} {'items':>9} {'items/s':>12} {'scheduler':>12} {'us/item':>9} {'MiB':>7}")
    measure(f"1 agent x 2 slots, {many:,}", 1, 2, array, args.profile)
    measure(f"1,000 agents x 2 slots, {many:,}", 1000, 2, array, args.profile)
    measure(f"chain of {thousand:,}, 2 slots", 1, 2, chain, args.profile)
    measure(f"chain of {thousand:,}, 1,000 agents", 1000, 2, chain, args.profile)
    measure(f"1 -> {wide:,} items -> 1, 2 slots", 1, 2, fan, args.profile)
    measure(f"1 -> {wide:,} tasks -> 1, 2 slots", 1, 2, tasks, args.profile)


if __name__ == "__main__":
    main()
