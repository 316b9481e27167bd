"""Where ready work and free room meet: for each shape, tasks in order and agents by fit, both in lazy heaps.

An entry may be stale; it is recognised and dropped when it comes to the top. A task stands in the heap of its shape
and owner while it has ready items and its run is not paused; an agent is pushed anew whenever its room changed.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator

from windlass.sched.agents import Agent
from windlass.sched.config import Config
from windlass.sched.limits import Limit, Limits, blocking
from windlass.sched.shapes import SCARCE, Shape
from windlass.sched.tasks import Order, Owner, TaskState

Entry = tuple[Order, int, TaskState]
Line = Owner | tuple[Owner, Limits]
"""What waits in one order: an owner's tasks that are limited alike; those without limits by the owner alone."""
Room = tuple[float, int, int, Agent]
"""Fit (smaller is tighter), the agent's place, its version at the time, itself."""


_MANY = 1e6
"""More of one shape than an agent runs."""


def line_of(task: TaskState) -> Line:
    return (task.run.owner, task.limits) if task.limits else task.run.owner


class _Market:
    """One shape's supply and demand."""

    __slots__ = ("hungry", "lines", "parked", "rooms")

    def __init__(self) -> None:
        self.lines: dict[Line, list[Entry]] = {}
        self.parked: dict[Line, list[Entry]] = {}
        """Lines of which a limit has no room."""
        self.rooms: list[Room] = []
        self.hungry: dict[Agent, None] = {}
        """Agents that run this shape and may want more of it sent ahead."""


class Supply:
    def __init__(self, config: Config) -> None:
        self._config = config
        self._markets: dict[Shape, _Market] = {}
        self._seq = 0

    # --- shapes ----------------------------------------------------------------------------------------

    def add_shape(self, shape: Shape, agents: Iterable[Agent]) -> None:
        self._markets[shape] = _Market()
        for agent in agents:
            self._offer(shape, agent)

    def drop_shape(self, shape: Shape) -> None:
        del self._markets[shape]

    # --- demand: tasks with ready items ----------------------------------------------------------------

    def push(self, task: TaskState) -> None:
        """The task has ready items (or its order changed)."""
        if task.board or not task.queue.size or task.run.paused:
            return
        task.board = True
        self._seq += 1
        market, line = self._markets[task.shape], line_of(task)
        heap = market.parked.get(line)
        if heap is None:
            heap = market.lines.setdefault(line, [])
        heapq.heappush(heap, (task.order, self._seq, task))

    def reorder(self, task: TaskState) -> None:
        """Its order changed (a new tuple): that makes the old entry stale."""
        task.board = False
        self.push(task)

    def _head(self, heap: list[Entry]) -> TaskState | None:
        while heap:
            order, _, task = heap[0]
            if order is not task.order:
                heapq.heappop(heap)
            elif task.queue.size and not task.run.paused:
                return task
            else:
                heapq.heappop(heap)
                task.board = False
        return None

    def skip(self, head: TaskState) -> TaskState:
        """Take a head out (its items shun the agents that are free); `push` brings it back."""
        task = heapq.heappop(self._markets[head.shape].lines[line_of(head)])[2]
        task.board = False
        return task

    def heads(self, shape: Shape) -> list[TaskState]:
        """The first task of each line of the shape; lines of which a limit has no room are set aside."""
        result = []
        market = self._markets[shape]
        for line, heap in list(market.lines.items()):
            task = self._head(heap)
            if task is None:
                del market.lines[line]
            elif task.limits and (full := blocking(task.limits)):
                market.parked[line] = market.lines.pop(line)
                full[0].parked[market, line] = None
            else:
                result.append(task)
        return result

    def given_back(self, limit: Limit) -> None:
        """There is room again, for one of those that wait: see which goes first."""
        parked, limit.parked = limit.parked, {}
        for market, line in parked:
            heap = market.parked.pop(line, None)
            if heap is not None:
                market.lines[line] = heap

    def offers(self, task: TaskState) -> bool:
        """Whether the next plan sees the task's line."""
        return line_of(task) in self._markets[task.shape].lines

    def waiting(self) -> Iterator[TaskState]:
        """All tasks with ready work, in no order; only looks."""
        for market in self._markets.values():
            for heap in (*market.lines.values(), *market.parked.values()):
                for order, _, task in heap:
                    if order is task.order and task.queue.size and not task.run.paused:
                        yield task

    def wanted(self) -> list[Shape]:
        """Shapes that may have ready work."""
        return [shape for shape, market in self._markets.items() if market.lines]

    # --- room: agents by fit ---------------------------------------------------------------------------

    def refresh(self, agent: Agent, agents: int) -> None:
        """The agent's room changed: offer it to all shapes that it could serve."""
        for shape, market in self._markets.items():
            self._offer(shape, agent)
            if len(market.rooms) > 4 * agents + 64:
                market.rooms = [room for room in market.rooms if room[2] == room[3].version]
                heapq.heapify(market.rooms)

    def _offer(self, shape: Shape, agent: Agent) -> None:
        if not agent.takes_work or not agent.room(shape, 1) or not shape.matches(agent.labels):
            return
        heapq.heappush(self._markets[shape].rooms, (fit(shape, agent), agent.seq, agent.version, agent))

    def best(self, shape: Shape, now: float) -> Agent | None:
        """The agent on which one of the shape leaves the least over."""
        rooms = self._markets[shape].rooms
        while rooms:
            _, _, version, agent = rooms[0]
            if version == agent.version and agent.shun_until <= now and agent.takes_work:
                return agent
            heapq.heappop(rooms)
        return None

    def pass_over(self, shape: Shape) -> Agent:
        """Take the best agent out for now."""
        return heapq.heappop(self._markets[shape].rooms)[3]

    def offer(self, shape: Shape, agent: Agent) -> None:
        self._offer(shape, agent)

    def is_offered(self, shape: Shape, agent: Agent) -> bool:
        return any(other is agent and version == agent.version for _, _, version, other in self._markets[shape].rooms)

    def hungry(self, shape: Shape) -> dict[Agent, None]:
        return self._markets[shape].hungry

    def make_hungry(self, shape: Shape, agent: Agent) -> None:
        market = self._markets.get(shape)
        if market is not None:
            market.hungry[agent] = None


def fit(shape: Shape, agent: Agent) -> float:
    """What would be left of the agent, 0 (nothing) to 1, plus 1 for each scarce kind of it that is not asked for.

    A shape that is spread goes where the fewest of it are, and among these where most is left.
    """
    left = 0.0
    scarce = 0
    asked = dict(shape.need)
    kinds = 0
    for kind, capacity in agent.capacity.items():
        free = agent.free.get(kind, 0)
        if kind.startswith(SCARCE):
            scarce += kind not in asked
        elif kind in asked:
            left += (free - asked[kind]) / capacity
            kinds += 1
    left /= max(kinds, 1)
    if shape.spread:
        bucket = agent.buckets.get(shape)
        return scarce * _MANY + (0 if bucket is None else bucket.size) + 1.0 - left
    return scarce + left
