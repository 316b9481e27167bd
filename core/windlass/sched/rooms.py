"""Which agent fits a shape best, found without telling every shape of every change.

Only *open* agents are ever looked at: those that could take the smallest of all requests at once. So while all agents
are busy, planning ends at once however many shapes wait. Changes of agents stand in a journal; a shape reads on in it
when somebody asks for its best agent, and begins anew from the open ones when it has missed more than there are of
them. A shape that nobody asks about costs nothing.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping

from windlass.sched.agents import Agent
from windlass.sched.shapes import SCARCE, Shape

Room = tuple[float, int, int, Agent]
"""Fit (smaller is tighter), the agent's place, its version at the time, itself."""
_MANY = 1e6
"""More of one shape than an agent runs."""
JOURNAL = 4096
"""Changes that are kept; then the older half is forgotten."""


class ShapeRooms:
    """What one shape knows of the agents: a lazy heap of rooms."""

    __slots__ = ("passed", "read", "rooms")

    def __init__(self) -> None:
        self.rooms: list[Room] = []
        self.read = -1
        """How far it has read in the journal; -1: it never did."""
        self.passed: dict[Agent, int] = {}
        """Agents that were passed over in this plan -> their version then."""


class Rooms:
    def __init__(self, agents: Mapping[str, Agent]) -> None:
        """`agents`: all there are, as they come and go."""
        self._agents = agents
        self._shapes: dict[Shape, ShapeRooms] = {}
        self._open: dict[Agent, None] = {}
        self._journal: list[Agent] = []
        self._begin = 0
        """The number of the journal's first entry."""
        self._least: dict[str, int] | None = None
        """What every request asks for at least; None: there was none yet."""
        self._shrunk = False
        """There is a smaller request than those by which agents were found to be open."""

    # --- shapes ----------------------------------------------------------------------------------------

    def add(self, shape: Shape) -> None:
        self._shapes[shape] = ShapeRooms()
        need, least = dict(shape.need), self._least
        if least is None:
            self._least, self._shrunk = need, True
        elif any(need.get(kind, 0) < amount for kind, amount in least.items()):
            self._least = {kind: min(amount, need[kind]) for kind, amount in least.items() if kind in need}
            self._shrunk = True

    def drop(self, shape: Shape) -> None:
        del self._shapes[shape]

    # --- what changes ----------------------------------------------------------------------------------

    def changed(self, agent: Agent) -> None:
        """What the agent has, is free of, or may get is another than before."""
        self._sort(agent)
        self._journal.append(agent)
        if len(self._journal) >= JOURNAL:
            del self._journal[: JOURNAL // 2]
            self._begin += JOURNAL // 2
            self._measure()

    def removed(self, agent: Agent) -> None:
        self._open.pop(agent, None)

    def _measure(self) -> None:
        """Requests have come and gone: what is the least of those that are there?"""
        least: dict[str, int] | None = None
        for shape in self._shapes:
            need = dict(shape.need)
            least = need if least is None else {k: min(amount, need[k]) for k, amount in least.items() if k in need}
        if least is not None and least != self._least:
            self._least, self._shrunk = least, True

    def _sort(self, agent: Agent) -> None:
        if not agent.takes_work or agent.sole is not None or self._least is None:
            self._open.pop(agent, None)
            return
        free = agent.free
        for kind, amount in self._least.items():
            if free.get(kind, 0) < amount:
                self._open.pop(agent, None)
                return
        self._open[agent] = None

    @property
    def any(self) -> bool:
        """Whether some agent might have room for something."""
        if self._shrunk:
            self._shrunk = False
            for agent in self._agents.values():
                self._sort(agent)
            # Whoever has read the journal has not read of those that are open only now.
            self._begin += len(self._journal) + 1
            self._journal.clear()
        return bool(self._open)

    # --- the best agent --------------------------------------------------------------------------------

    def best(self, shape: Shape, now: float) -> Agent | None:
        """The agent on which one of the shape leaves the least over."""
        if not self.any:
            return None
        rooms = self._read_on(shape).rooms
        while rooms:
            _, _, version, agent = rooms[0]
            if version == agent.version and agent.shun_until <= now and agent.takes_work:
                return agent
            heapq.heappop(rooms)
        return None

    def offered(self, shape: Shape, now: float) -> list[Agent]:
        """All agents that have room for one of the shape, in no order."""
        if not self.any:
            return []
        return list(
            {
                agent: None
                for _, _, version, agent in self._read_on(shape).rooms
                if version == agent.version and agent.shun_until <= now and agent.takes_work
            }
        )

    def pass_over(self, shape: Shape) -> Agent:
        """Take the best agent out until it is offered again."""
        found = self._shapes[shape]
        agent = heapq.heappop(found.rooms)[3]
        found.passed[agent] = agent.version
        return agent

    def offer(self, shape: Shape, agent: Agent) -> None:
        """It was passed over, and may be looked at again."""
        found = self._shapes.get(shape)
        if found is not None and found.passed.pop(agent, None) is not None:
            self._offer(shape, found, [agent])

    def is_offered(self, shape: Shape, agent: Agent) -> bool:
        if not self.any:
            return False
        return any(other is agent and version == agent.version for _, _, version, other in self._read_on(shape).rooms)

    def _read_on(self, shape: Shape) -> ShapeRooms:
        found = self._shapes[shape]
        end = self._begin + len(self._journal)
        missed = end - found.read
        if missed:
            if found.read < self._begin or missed > len(self._open) or len(found.rooms) > 4 * len(self._open) + 64:
                found.rooms = []
                self._offer(shape, found, self._open)
            else:
                self._offer(shape, found, dict.fromkeys(self._journal[found.read - self._begin :]))
            found.read = end
        return found

    def _offer(self, shape: Shape, found: ShapeRooms, agents: Iterable[Agent]) -> None:
        rooms, still, passed = found.rooms, self._open, found.passed
        more = [
            (fit(shape, agent), agent.seq, agent.version, agent)
            for agent in agents
            if agent in still
            and agent.takes_work
            and agent.room(shape, 1)
            and shape.matches(agent.labels)
            and passed.get(agent) != agent.version
        ]
        if rooms:
            for room in more:
                heapq.heappush(rooms, room)
        elif more:
            heapq.heapify(more)
            found.rooms = more


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
