"""What a simulation is made of: virtual agents at work, their timeline, and why items wait."""

from __future__ import annotations

import heapq
from array import array
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from windlass.sched.events import AttemptId
from windlass.sched.fleet import VirtualAgent
from windlass.sched.shapes import Amounts, Shape, amounts
from windlass.sched.states import ItemState, Outcome

_WAITING = (ItemState.PENDING, ItemState.READY, ItemState.BACKOFF)
_OUTCOMES = (Outcome.OK, Outcome.TIMEOUT, Outcome.STOPPED)


@dataclass(slots=True)
class Lanes:
    """One virtual agent's part in the run."""

    agent: VirtualAgent
    attempts: int = 0
    busy: float = 0.0
    """CPU seconds."""
    lanes: int = 0
    """Attempts that ran at once, at most."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One execution, as the timeline shows it. Times are seconds after the submit."""

    task: int
    item: int
    attempt: int
    agent: int
    slot: int
    """A lane of the agent: the lowest number that was free when it began."""
    started: float
    ended: float
    outcome: Outcome


class Rows:
    """The attempts in the order of their ends, some 40 bytes each."""

    __slots__ = ("_agent", "_attempt", "_ended", "_item", "_outcome", "_slot", "_started", "_task")

    def __init__(self) -> None:
        self._task, self._item, self._attempt = array("i"), array("i"), array("i")
        self._agent, self._slot, self._outcome = array("i"), array("i"), array("b")
        self._started, self._ended = array("d"), array("d")

    def __len__(self) -> int:
        return len(self._task)

    def add(self, id: AttemptId, agent: int, slot: int, started: float, ended: float, outcome: Outcome) -> None:
        self._task.append(id.task)
        self._item.append(id.item)
        self._attempt.append(id.attempt)
        self._agent.append(agent)
        self._slot.append(slot)
        self._outcome.append(_OUTCOMES.index(outcome))
        self._started.append(started)
        self._ended.append(ended)

    def __iter__(self) -> Iterator[Attempt]:
        columns = (
            self._task, self._item, self._attempt, self._agent, self._slot, self._started, self._ended, self._outcome,
        )  # fmt: skip
        for task, item, attempt, agent, slot, started, ended, outcome in zip(*columns, strict=True):
            yield Attempt(task, item, attempt, agent, slot, started, ended, _OUTCOMES[outcome])


class Machine:
    """A virtual agent at work."""

    __slots__ = ("capacity", "epoch", "free", "index", "lanes", "running", "slots", "top", "waiting")

    def __init__(self, index: int, agent: VirtualAgent) -> None:
        self.index = index
        self.lanes = Lanes(agent)
        self.capacity = amounts(agent.resources)
        self.capacity.pop("gpu_memory", None)
        if memory := sum(gpu.memory for gpu in agent.gpus):
            self.capacity["gpu_memory"] = memory
        self.free: Amounts = dict(self.capacity)
        self.waiting: dict[Shape, deque[tuple[AttemptId, float]]] = {}
        """Attempts and when they came, the oldest first."""
        self.running: dict[AttemptId, tuple[Shape, int, float]] = {}
        """Attempt -> shape, slot, start."""
        self.slots: list[int] = []
        """Free ones below `top`."""
        self.top = 0
        self.epoch = 0

    def lacks(self, shape: Shape) -> str | None:
        """What there is least of for one more; "" if it fits; None if it never would."""
        least, kind = 1.0, ""
        for name, amount in shape.need:
            if self.capacity.get(name, 0) < amount:
                return None
            share = self.free[name] / amount
            # CPUs come first in `need`: where all is taken, the rarer kind is what matters.
            if share < 1.0 and share <= least:
                least, kind = share, name
        return kind if shape.matches(self.lanes.agent.labels) else None

    def take(self, shape: Shape, id: AttemptId, now: float) -> None:
        for kind, amount in shape.need:
            self.free[kind] -= amount
        if self.slots:
            slot = heapq.heappop(self.slots)
        else:
            slot, self.top = self.top, self.top + 1
        self.running[id] = (shape, slot, now)
        self.lanes.attempts += 1
        self.lanes.lanes = max(self.lanes.lanes, len(self.running))

    def release(self, id: AttemptId) -> tuple[Shape, int, float]:
        shape, slot, started = self.running.pop(id)
        for kind, amount in shape.need:
            self.free[kind] += amount
        heapq.heappush(self.slots, slot)
        return shape, slot, started


class Waits:
    """Item seconds by cause, summed up as counts change."""

    def __init__(self, tasks: int, shapes: Sequence[Shape]) -> None:
        self.total: dict[str, float] = {}
        self.by_task = [0.0] * tasks
        self._shape = shapes
        self._counts: list[tuple[int, ...]] = [(0, 0, 0)] * tasks
        self._since = [0.0] * tasks
        self.ready: dict[Shape, int] = {}
        """Shapes with READY items -> how many."""
        self._cause: dict[Shape, tuple[str, float]] = {}

    def add(self, cause: str, seconds: float) -> None:
        if seconds > 0:
            self.total[cause] = self.total.get(cause, 0.0) + seconds

    def task(self, pos: int, counts: tuple[int, ...], now: float) -> None:
        """A task's items changed their states."""
        pending, ready, backoff = self._counts[pos]
        span = now - self._since[pos]
        if span > 0:
            self.add("needs", pending * span)
            self.add("retry", backoff * span)
            self.by_task[pos] += ready * span
        new = tuple(counts[state] for state in _WAITING)
        self._counts[pos], self._since[pos] = new, now
        if new[1] != ready:
            shape = self._shape[pos]
            self._flush(shape, now)
            self.ready[shape] = self.ready.get(shape, 0) + new[1] - ready
            if not self.ready[shape]:
                del self.ready[shape]

    def blamed(self, shape: Shape) -> bool:
        """Whether there is a cause that may stay what it was."""
        return shape in self._cause

    def blame(self, shape: Shape, cause: str, now: float) -> None:
        if self._cause.get(shape, ("", 0.0))[0] != cause:
            self._flush(shape, now)
            self._cause[shape] = (cause, now)

    def _flush(self, shape: Shape, now: float) -> None:
        known = self._cause.get(shape)
        if known is not None:
            self.add(known[0], self.ready.get(shape, 0) * (now - known[1]))
            self._cause[shape] = (known[0], now)

    def close(self, now: float) -> None:
        for shape in list(self.ready):
            self._flush(shape, now)
