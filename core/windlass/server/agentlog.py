"""What happened to each agent, written down: joined, lost, set aside and why. The last of it, for people.

The scheduler says only that an agent changed; what that means follows from what was known of it before.
"""

from __future__ import annotations

from typing import NamedTuple

from windlass.store import records
from windlass.store.store import Store

KEPT = 200
"""Events of each agent; older ones go."""
TRIM = 20
"""Events after which the older ones are looked for."""


class Condition(NamedTuple):
    """What people care about of an agent."""

    state: str = "new"
    draining: bool = False
    aside: str = ""
    probation: bool = False


class AgentLog:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[str, Condition] = {}
        self._written: dict[str, int] = {}

    def began(self, agent: str, condition: Condition) -> None:
        """How it stands when the core starts; nothing has happened to it."""
        self._known[agent] = condition

    def changed(self, agent: str, now: Condition, note: str, time: float) -> None:
        """Write down what is different. Rows of the current turn."""
        before = self._known.get(agent, Condition())
        self._known[agent] = now
        rows = [(agent, time, kind, text[:500]) for kind, text in happened(before, now, note)]
        if not rows:
            return
        self._store.write(records.AGENT_EVENT, rows)
        count = self._written.get(agent, TRIM - 1) + len(rows)
        if count >= TRIM:
            count = 0
            self._store.write(records.AGENT_EVENTS_OLD, [(agent, agent, KEPT)])
        self._written[agent] = count

    def forget(self, agent: str) -> None:
        """It was removed by a person."""
        self._known.pop(agent, None)
        self._written.pop(agent, None)
        self._store.write(records.AGENT_EVENTS_GONE, [(agent,)])


def happened(before: Condition, now: Condition, note: str) -> list[tuple[str, str]]:
    """(kind, why) of what lies between the two; kinds as in `rows.EventRow`."""
    events: list[tuple[str, str]] = []
    if now.state != before.state:
        kind = now.state if now.state != "up" else "joined" if before.state == "new" else "back"
        if kind != "new":
            events.append((kind, note))
    if now.draining != before.draining:
        events.append(("draining" if now.draining else "undrained", ""))
    if now.aside and now.aside != before.aside:
        events.append(("aside", now.aside))
    if now.probation and not before.probation:
        events.append(("probation", "one attempt at a time, until one succeeds"))
    if (before.aside or before.probation) and not (now.aside or now.probation):
        events.append(("well", ""))
    return events
