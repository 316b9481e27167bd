"""Reservations and backfill: a large request gets an agent and a time, small ones use the gap before it.

EASY backfill (Lifka 1995, "The ANL/IBM SP scheduling system"; Mu'alem and Feitelson 2001): the first request that
finds no room gets the agent on which it should begin earliest, by the expected ends of what runs there. Until that
time (the shadow time) others may begin on that agent if they should have ended by then, or if they take only what the
request will leave over. So the agent is not left idle while it empties, and the request begins no later for it, as far
as durations are known. Where no end is known, only what the request leaves over may be taken.
"""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, NamedTuple

from windlass.sched.devices import NOTHING
from windlass.sched.shapes import Amounts, Shape

if TYPE_CHECKING:
    from windlass.sched.agents import Agent
    from windlass.sched.tasks import TaskState

LEARNED_MARGIN = 1.5
"""A mean that was learned is exceeded by half of the attempts: so much of it may pass before one counts as late."""


def expected(task: TaskState) -> float | None:
    """Seconds that an attempt of the task should take: learned, else declared or recorded; None: nothing is known."""
    return task.mean if task.mean is not None else task.run.tasks.expected(task.pos)


def at_most(task: TaskState) -> float | None:
    """Seconds after which an attempt should surely have ended; None: nothing is known.

    What is declared is taken at its word, what was learned with a margin, and no attempt outlives its timeout.
    """
    if task.mean is not None:
        most: float | None = task.mean * LEARNED_MARGIN
    else:
        most = task.run.tasks.expected(task.pos)
    timeout = task.plan.timeout
    if timeout is None:
        return most
    return timeout if most is None else min(most, timeout)


class Opening(NamedTuple):
    """When an agent should have room for a request."""

    start: float
    extra: Amounts
    """What is then free besides."""


def opening(agent: Agent, shape: Shape, now: float, before: Shape | None = None) -> Opening | None:
    """When one of the shape fits on the agent, if nothing further begins there; None: no end that it needs is known.

    With `before`, one of that shape goes first. Attempts that exceed what was expected of them count as about to end.
    Costs the agent's live attempts.
    """
    free = dict(agent.free) if before is None else _less(agent.free, before)
    if shape.lanes(free, 1):
        return Opening(now, _less(free, shape))
    lanes = {bucket: bucket.lanes for bucket in agent.buckets.values()}
    ends: list[tuple[float, int, Shape]] = []
    for id, grant in agent.live.items():
        if not lanes[grant.bucket]:
            continue
        lanes[grant.bucket] -= 1
        seconds = expected(grant.task)
        if seconds is not None:
            began = agent.running.get(id, grant.time)
            ends.append((max(began + seconds, now), len(ends), grant.bucket.shape))
    heapq.heapify(ends)
    while ends:
        end, _, ended = heapq.heappop(ends)
        for kind, amount in ended.need:
            free[kind] = free.get(kind, 0) + amount
        if shape.lanes(free, 1):
            while ends and ends[0][0] <= end:  # what ends at the same moment is left over
                for kind, amount in heapq.heappop(ends)[2].need:
                    free[kind] = free.get(kind, 0) + amount
            return Opening(end, _less(free, shape))
    return None


def _less(free: Amounts, shape: Shape) -> Amounts:
    """What is left of `free` when one of the shape has begun."""
    left = dict(free)
    for kind, amount in shape.need:
        left[kind] = left.get(kind, 0) - amount
    return left


class Reservation:
    """An agent that is kept for a request."""

    __slots__ = ("_at", "_opening", "_version", "agent", "shape", "urgency")

    def __init__(self, shape: Shape, agent: Agent, now: float) -> None:
        self.shape = shape
        self.agent = agent
        self._opening = opening(agent, shape, now)
        self._at, self._version = now, agent.version
        self.urgency: tuple[float, ...] = ()
        """Of the most urgent task that waits for it (`Policy.urgency`); what is more urgent is not kept away."""

    def opening(self, now: float) -> Opening | None:
        """As things stand."""
        if self._at != now or self._version != self.agent.version:
            self._opening = opening(self.agent, self.shape, now)
            self._at, self._version = now, self.agent.version
        return self._opening

    def room(self, shape: Shape, seconds: float | None, at_most: int, now: float, free: Amounts) -> int:
        """How many of another shape, each ending after `seconds` at the latest, may begin now in what is `free`."""
        mine = self.shape
        if mine.exclusive or shape.mark in mine.apart:
            return 0
        if shape.gpu != NOTHING and (mine.gpu.memory or mine.gpu.gpus > 0 == shape.gpu.gpus):
            return 0  # which GPU a part of one is taken from is not told by amounts
        found = self.opening(now)
        if found is not None and seconds is not None and now + seconds <= found.start:
            return shape.lanes(free, at_most)
        extra = _less(free, self.shape) if found is None else found.extra
        return shape.lanes({kind: min(amount, extra.get(kind, 0)) for kind, amount in free.items()}, at_most)

    def __repr__(self) -> str:
        return f"<Reservation of {self.agent.id} for {self.shape!r}>"


def earliest(agents: list[Agent], shape: Shape, now: float, look_at: int = 64) -> Agent:
    """The agent on which the shape should begin first; of those of which nothing is known, the one nearest to having
    room. Looks closely at `look_at` of them."""
    near = heapq.nsmallest(look_at, agents, key=lambda agent: (-_progress(shape, agent), agent.seq))

    def rank(agent: Agent) -> tuple[float, float, int]:
        found = opening(agent, shape, now)
        return (float("inf") if found is None else found.start, -_progress(shape, agent), agent.seq)

    return min(near, key=rank)


def _progress(shape: Shape, agent: Agent) -> float:
    """How near the agent is to having room, 0 to 1."""
    return min((agent.free.get(kind, 0) / amount for kind, amount in shape.need), default=1.0)
