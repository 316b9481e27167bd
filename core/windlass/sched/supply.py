"""Where ready work and free room meet: what goes first (`race.py`), and where it fits best (`rooms.py`).

A task stands in its line while it has ready items and its run is not paused. Entries may be stale; that is recognised
when they come to the top.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping

from windlass.sched.agents import Agent
from windlass.sched.limits import Limit, Limits, blocking
from windlass.sched.order import Policy
from windlass.sched.race import Line, Race
from windlass.sched.rooms import Rooms
from windlass.sched.shapes import Shape
from windlass.sched.states import ACTIVE
from windlass.sched.tasks import Owner, TaskState

FEW = 16
"""A run with more active items than this is not let past others."""


class _Market:
    """One shape's demand."""

    __slots__ = ("hungry", "lines", "sated")

    def __init__(self) -> None:
        self.lines: dict[tuple[Owner, Limits], Line] = {}
        self.hungry: dict[Agent, None] = {}
        """Agents that run this shape and may want more of it sent ahead;"""
        self.sated: dict[Agent, None] = {}
        """and such that had enough when they were looked at. Some may have left."""


class Supply:
    def __init__(self, policy: Policy, agents: Mapping[str, Agent]) -> None:
        self._markets: dict[Shape, _Market] = {}
        self._wanted: dict[Shape, None] = {}
        self._hungry: dict[Shape, None] = {}
        self._seq = 0
        self.race = Race(policy, self._forget)
        self.rooms = Rooms(agents)

    # --- shapes ----------------------------------------------------------------------------------------

    def add_shape(self, shape: Shape) -> None:
        self._markets[shape] = _Market()
        self.rooms.add(shape)

    def drop_shape(self, shape: Shape) -> None:
        del self._markets[shape]
        self._wanted.pop(shape, None)
        self._hungry.pop(shape, None)
        self.rooms.drop(shape)

    # --- demand: tasks with ready items ----------------------------------------------------------------

    def push(self, task: TaskState) -> None:
        """The task has ready items (or its order changed)."""
        if not task.queue.size or task.run.paused:
            return
        market = self._markets[task.shape]
        if market.sated and task.run.counts[ACTIVE] <= FEW:
            # It may be let past what waits there, so one agent is looked at again; the next time, another one.
            self.make_hungry(task.shape, next(iter(market.sated)))
        if task.board:
            return
        task.board = True
        self._seq += 1
        lines = market.lines
        key = task.run.owner, task.limits
        line = lines.get(key)
        if line is None:
            line = lines[key] = Line(task.shape, *key)
            self._wanted[task.shape] = None
        heapq.heappush(line.heap, (task.order, self._seq, task))
        if line.parked and line.head() is task and not blocking(task):
            # More urgent than those for which the line stands aside.
            line.parked = False
            for limit, _ in line.limits:
                limit.parked.pop(line, None)
        if not line.parked:
            self.race.enter(line, task.order)

    def reorder(self, task: TaskState) -> None:
        """Its order changed (a new tuple): that makes the old entry stale."""
        task.board = False
        self.push(task)

    def heads(self, shape: Shape) -> list[TaskState]:
        """The first task of each line of the shape; lines of which a limit has no room are set aside."""
        result = []
        lines = self._markets[shape].lines
        for line in list(lines.values()):
            if line.parked:
                continue
            task = line.head()
            if task is None:
                self._forget(line)
            elif not line.park():
                result.append(task)
        return result

    def works(self, shape: Shape) -> bool:
        """Whether anything of the shape could be placed, were there an agent: `heads` is not empty."""
        for line in list(self._markets[shape].lines.values()):
            if line.parked:
                continue
            if line.head() is None:
                self._forget(line)
            elif not line.park():
                return True
        return False

    def skip(self, head: TaskState) -> TaskState:
        """Take a head out (its items shun the agents that are free); `push` brings it back."""
        return self._markets[head.shape].lines[head.run.owner, head.limits].take_head()

    def lines(self, shape: Shape) -> int:
        """How many lines there are, at most."""
        return len(self._markets[shape].lines)

    def _forget(self, line: Line) -> None:
        line.queued = None
        market = self._markets.get(line.shape)  # whose tasks may all be gone
        if market is not None and market.lines.get(line.key) is line:
            del market.lines[line.key]
            if not market.lines:
                del self._wanted[line.shape]

    def given_back(self, limit: Limit) -> None:
        """There is room again, for one of those that wait: see which goes first."""
        parked, limit.parked = limit.parked, {}
        for line in parked:
            line.parked = False
            task = line.head()
            if task is not None:
                self.race.enter(line, task.order)
            else:
                self._forget(line)

    def line(self, task: TaskState) -> Line | None:
        """Where the task stands, or would stand."""
        return self._markets[task.shape].lines.get((task.run.owner, task.limits))

    def offers(self, task: TaskState) -> bool:
        """Whether the next plan sees the task's line."""
        line = self.line(task)
        return line is not None and not line.parked and self.race.stands(line)

    def waiting(self) -> Iterator[TaskState]:
        """All tasks with ready work, in no order; only looks."""
        for shape in self._wanted:
            for line in self._markets[shape].lines.values():
                for order, _, task in line.heap:
                    if order is task.order and task.queue.size and not task.run.paused:
                        yield task

    def wanted(self) -> list[Shape]:
        """Shapes that may have ready work."""
        return list(self._wanted)

    # --- agents that may want more of what they run ------------------------------------------------------

    def hungry_shapes(self) -> list[Shape]:
        return list(self._hungry)

    def hungry(self, shape: Shape) -> dict[Agent, None]:
        return self._markets[shape].hungry

    def feed_later(self, shape: Shape) -> None:
        """After the others."""
        self._hungry.pop(shape, None)
        self._hungry[shape] = None

    def fed(self, shape: Shape) -> None:
        """Nobody is hungry for it any more."""
        self._hungry.pop(shape, None)

    def make_hungry(self, shape: Shape, agent: Agent) -> None:
        market = self._markets.get(shape)
        if market is not None:
            market.sated.pop(agent, None)
            market.hungry[agent] = None
            self._hungry[shape] = None

    def sated(self, shape: Shape, agent: Agent) -> None:
        """It was given what it may have, for now."""
        self._markets[shape].sated[agent] = None
