"""python -m bench.growth [--only GROUP]... [--scale 0.1] [--profile]: how the cost of a placement grows.

The scheduler alone, without sockets, store or agents. One thing grows at a time: items, agents, shapes, owners, tasks
of one item. Agents answer as real ones do: an agent runs what it has lanes for, tells a batch of ends in one message,
and the driver lets the scheduler take some messages and then plan once, as the server does. *Short* items end at once,
so that work is sent ahead in batches; *long* ones take ten seconds of virtual time, so that each end is a message of
its own and frees one lane. Each row is a process of its own; its time is CPU time of the scheduler's calls alone, which
other programs on the machine hardly change, and its memory what the process grew by.
"""

from __future__ import annotations

import argparse
import cProfile
import gc
import heapq
import multiprocessing
import pstats
import resource
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from windlass.model.graph import Resources
from windlass.sched import Scheduler
from windlass.sched.events import (
    AgentHello,
    AssignAttempts,
    AttemptId,
    AttemptsSucceeded,
    Effect,
    Event,
    RunPlan,
    RunSubmitted,
    TaskPlan,
)

MESSAGES = 20
"""Messages that the scheduler takes between two plans."""
LONG = 10.0
"""Seconds that a long item takes."""
SHORT = 0.0001


@dataclass(frozen=True)
class Case:
    """One row: a load, and the fleet that does it."""

    group: str
    name: str
    agents: int
    runs: Callable[[], list[RunPlan]]
    seconds: float = SHORT
    cpus: int = 2
    most: int | None = None
    """Stop after so many placements."""


@dataclass
class Found:
    placed: int = 0
    submit: float = 0.0
    """CPU seconds of the submits,"""
    spent: float = 0.0
    """and of all that came after, until the last end."""
    memory: int = 0
    """Bytes by which the process grew with the submits,"""
    peak: int = 0
    """and at its largest."""
    slowest: float = 0.0
    """CPU seconds of the slowest turn (some messages and one plan)."""


@dataclass
class Driver:
    """Agents that never fail, on virtual time."""

    case: Case
    scheduler: Scheduler = field(default_factory=Scheduler)
    now: float = 1000.0
    found: Found = field(default_factory=Found)
    waiting: dict[str, deque[AttemptId]] = field(default_factory=dict)
    """By agent: attempts that wait for a lane of its own."""
    due: list[tuple[float, int, str, list[AttemptId]]] = field(default_factory=list)
    epochs: dict[str, int] = field(default_factory=dict)
    running: dict[str, int] = field(default_factory=dict)
    seq: int = 0

    def start(self) -> None:
        for number in range(self.case.agents):
            name = f"agent{number}"
            self.running[name] = 0
            hello = AgentHello(name, Resources(cpus=self.case.cpus, memory=2**50), {}, 0)
            self.take(self.scheduler.handle(hello, self.now))
        self.take(self.scheduler.plan(self.now))

    def take(self, effects: list[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, AssignAttempts):
                self.found.placed += len(effect.items)
                self.epochs[effect.agent] = effect.epoch
                self.begin(effect.agent, effect.items)

    def begin(self, agent: str, ids: list[AttemptId]) -> None:
        """Short items of a message end together, long ones each by itself."""
        for part in [ids] if self.case.seconds < 1 else [[id] for id in ids]:
            self.seq += 1
            # Spread a little, as real work is, so that ends come one after the other.
            wait = self.case.seconds * (1 + (self.seq * 7919 % 1000) / 1000)
            heapq.heappush(self.due, (self.now + wait, self.seq, agent, part))

    def ends(self, agent: str, ids: list[AttemptId]) -> list[AttemptsSucceeded]:
        groups: dict[tuple[int, int], list[AttemptId]] = {}
        for id in ids:
            groups.setdefault(id[:2], []).append(id)
        began, ended = self.now - self.case.seconds, self.now
        return [
            AttemptsSucceeded(
                agent, self.epochs[agent], run, task, [id[2] for id in part], [id[3] for id in part],
                [began] * len(part), [ended] * len(part),
            )
            for (run, task), part in groups.items()
        ]  # fmt: skip

    def turn(self) -> None:
        """Some messages, then one plan."""
        events: list[Event] = []
        for _ in range(min(len(self.due), MESSAGES)):
            at, _, agent, ids = heapq.heappop(self.due)
            self.now = max(self.now, at)
            events += self.ends(agent, ids)
        effects: list[Effect] = []
        before = time.process_time()
        for event in events:
            effects += self.scheduler.handle(event, self.now)
        effects += self.scheduler.plan(self.now)
        used = time.process_time() - before
        self.found.spent += used
        self.found.slowest = max(self.found.slowest, used)
        self.take(effects)

    def run(self) -> Found:
        plans = self.case.runs()
        self.start()
        gc.collect()
        empty = resident()
        for plan in plans:
            before = time.process_time()
            effects = self.scheduler.handle(RunSubmitted(plan), self.now)
            self.found.submit += time.process_time() - before
            self.take(effects)
        self.found.memory = resident() - empty
        self.turn()
        while self.due and (self.case.most is None or self.found.placed < self.case.most):
            self.turn()
        if self.case.most is None:
            states = {self.scheduler.run_view(plan.run).state for plan in plans}
            assert states == {"succeeded"}, states
        self.found.peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - empty
        return self.found


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def array(count: int, run: int = 1, owner: str = "me", tasks: int = 1) -> RunPlan:
    """One run with `count` items in so many tasks, each with a request of its own."""
    parts = tuple(
        TaskPlan(f"work{place}", count=count // tasks, resources=Resources(cpus=1, memory=(place + 1) * 2**20))
        for place in range(tasks)
    )
    return RunPlan(run, owner, 0, 1000.0, parts)


def singles(count: int) -> RunPlan:
    return RunPlan(1, "me", 0, 1000.0, tuple(TaskPlan(f"work{place}") for place in range(count)))


def one(items: int) -> list[RunPlan]:
    return [array(items)]


def shaped(items: int, shapes: int) -> list[RunPlan]:
    return [array(items, tasks=shapes)]


def owned(items: int, owners: int) -> list[RunPlan]:
    return [array(items // owners, run, f"owner{run}") for run in range(1, owners + 1)]


def alone(tasks: int) -> list[RunPlan]:
    return [singles(tasks)]


def cases(scale: float) -> list[Case]:
    """All rows. With long items a row ends after some tens of thousands of placements: the rest costs the same."""

    def many(count: int) -> int:
        return max(1000, int(count * scale))

    found = []
    for items in (10_000, 100_000, 1_000_000, 10_000_000):
        found.append(Case("items", f"{items:,} short items", 1000, partial(one, many(items))))
    for items in (10_000, 100_000, 1_000_000, 10_000_000):
        load = partial(one, many(items))
        found.append(Case("items", f"{items:,} long items", 1000, load, LONG, most=many(50_000)))
    for tasks in (1_000, 10_000, 100_000):
        found.append(Case("tasks", f"{tasks:,} tasks of one item", 1000, partial(alone, many(tasks))))
    for agents in (1, 10, 100, 1_000, 10_000):
        found.append(Case("agents", f"{agents:,} agents", agents, partial(one, many(300_000))))
    for agents in (10, 100, 1_000, 10_000):
        most, load = many(30_000) + 2 * agents, partial(one, many(1_000_000))
        found.append(Case("agents", f"{agents:,} agents, long items", agents, load, LONG, most=most))
    for count in (1, 10, 100, 1_000):
        found.append(Case("shapes", f"{count:,} shapes", 1000, partial(shaped, many(200_000), count)))
    for count in (1, 10, 100, 1_000):
        load = partial(shaped, many(1_000_000), count)
        found.append(Case("shapes", f"{count:,} shapes, long items", 1000, load, LONG, most=many(20_000)))
    for count in (1, 10, 100, 1_000):
        found.append(Case("owners", f"{count:,} owners", 1000, partial(owned, many(200_000), count)))
    for count in (1, 10, 100, 1_000):
        load = partial(owned, many(1_000_000), count)
        found.append(Case("owners", f"{count:,} owners, long items", 1000, load, LONG, most=many(20_000)))
    return found


def measure(case: Case, profile: bool) -> Found:
    if not profile:
        return Driver(case).run()
    profiler = cProfile.Profile()
    found = profiler.runcall(Driver(case).run)
    pstats.Stats(profiler).sort_stats("tottime").print_stats(14)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.growth", description=__doc__)
    parser.add_argument("--only", action="append", choices=("items", "tasks", "agents", "shapes", "owners"))
    parser.add_argument("--scale", type=float, default=1.0, help="of the number of items")
    parser.add_argument("--profile", action="store_true", help="where the time goes, of each row")
    options = parser.parse_args()
    heads = f"{'':<28}{'placed':>11}{'us each':>9}{'a second':>10}{'slowest ms':>12}{'submit ms':>11}"
    print(f"{heads}{'MiB':>6}{'peak':>6}")
    for case in cases(options.scale):
        if options.only and case.group not in options.only:
            continue
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            found = pool.apply(measure, (case, options.profile))
        each = found.spent / found.placed * 1e6
        print(
            f"{case.name:<28}{found.placed:>11,}{each:>9.2f}{1e6 / each:>10,.0f}{found.slowest * 1000:>12.1f}"
            f"{found.submit * 1000:>11.1f}{found.memory / 2**20:>6.0f}{found.peak / 2**20:>6.0f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
