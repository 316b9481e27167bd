"""Which programs the agents have: asked of them when somebody who edits a graph wants to know, and kept a minute."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from windlass.server.core import Core
from windlass.server.links import Connection
from windlass.wire import messages as m

NAMES = 200
"""Programs of one question; the rest of a longer one is not looked at."""
MOST = 1000
"""Programs of an agent that are remembered before those are forgotten of which too long ago was heard, or else the
oldest."""
LONGEST = 100
"""Characters of a program's name."""
FRESH = 60.0
"""Seconds that an agent's answer counts."""
PATIENCE = 3.0
"""Seconds an agent may take to answer."""

Answer = Callable[[Connection, int, dict[str, Any]], None]


@dataclass(slots=True, eq=False)
class _Question:
    connection: Connection
    req: int
    names: list[str]
    agents: list[str]
    until: float
    open: set[str]
    """Agents that have not answered."""


class ProgramDesk:
    """Holds what agents said, and the questions that wait for them."""

    def __init__(self, core: Core, answer: Answer) -> None:
        self._core = core
        self._answer = answer
        self._known: dict[str, dict[str, tuple[bool, float]]] = {}
        """Agent -> program -> (it has it, since when that is known)."""
        self._asked: dict[int, tuple[str, list[str]]] = {}
        """Ticket -> the agent and what it was asked."""
        self._ticket = 0
        self.work: list[_Question] = []
        """Questions that wait for an agent's answer."""

    def get(self, connection: Connection, msg: m.GetPrograms) -> None:
        core = self._core
        names = [name for name in dict.fromkeys(msg.names[:NAMES]) if _is_program(name)]
        agents = [agent for agent in core.agents.values() if agent.connection is not None]
        question = _Question(connection, msg.req, names, [agent.id for agent in agents], core.now + PATIENCE, set())
        for agent in agents:
            wanted = [name for name in names if self._has(agent.id, name) is None]
            if wanted and agent.connection is not None:
                self._ticket += 1
                self._asked[self._ticket] = agent.id, wanted
                question.open.add(agent.id)
                core.links.send(agent.connection, m.FindPrograms(self._ticket, wanted))
        if question.open:
            connection.open += 1
            self.work.append(question)
        else:
            self._reply(question)

    def data(self, agent: str, msg: m.ProgramsFound) -> None:
        """An agent's answer; one that was not asked for is dropped."""
        asked, names = self._asked.get(msg.ticket, ("", []))
        if asked != agent:
            return
        del self._asked[msg.ticket]
        missing, now = set(msg.missing), self._core.now
        known = self._known.get(agent, {})
        if len(known) > MOST:
            known = {name: (has, since) for name, (has, since) in known.items() if now - since < FRESH}
        if len(known) > MOST + NAMES:  # who asks faster than answers get old has the newest remembered
            known = dict(list(known.items())[-MOST:])
        self._known[agent] = known | {name: (name not in missing, now) for name in names}
        waiting = [question for question in self.work if agent in question.open]
        for question in waiting:
            if all(self._has(agent, name) is not None for name in question.names):
                question.open.discard(agent)
                if not question.open:
                    self._done(question)

    def _has(self, agent: str, name: str) -> bool | None:
        """None when that is not known, or not any more."""
        has, since = self._known.get(agent, {}).get(name, (None, 0.0))
        return has if has is not None and self._core.now - since < FRESH else None

    def _reply(self, question: _Question) -> None:
        said = {agent: [self._has(agent, name) for name in question.names] for agent in question.agents}
        every = list(zip(*said.values(), strict=True)) if said else []
        lacked = (all(has is False for has in one) for one in every)
        missing = [name for name, lacks in zip(question.names, lacked, strict=False) if lacks]
        answered = sum(None not in has for has in said.values())
        self._answer(question.connection, question.req, {"missing": missing, "agents": len(said), "answered": answered})

    def tick(self, now: float) -> None:
        """Answer those who have waited long enough."""
        for question in [one for one in self.work if one.until <= now]:
            self._done(question)

    def _done(self, question: _Question) -> None:
        """Answer it, and forget what nobody asks for any more."""
        self.work.remove(question)
        question.connection.open -= 1
        self._reply(question)
        if not self.work:
            self._asked.clear()
        if len(self._known) > 2 * len(self._core.agents) + 10:
            self._known = {agent: known for agent, known in self._known.items() if agent in self._core.agents}

    def next_deadline(self) -> float | None:
        return min((question.until for question in self.work), default=None)

    def lost(self, connection: Connection) -> None:
        self.work = [question for question in self.work if question.connection is not connection]
        if not self.work:
            self._asked.clear()


def _is_program(name: str) -> bool:
    return 0 < len(name) <= LONGEST and "/" not in name and name.isprintable()
