"""When is it the agent that is at fault, and not the work? A pure rule over ends of attempts.

A failure alone says nothing: the item may be broken. A *charge* is an item that failed on one agent and nowhere else;
it is *proven* once the same item succeeded elsewhere. So an item that fails everywhere never counts against anybody,
and where items fail by chance, an agent's own successes wipe its charges out faster than they can be proven: of items
that fail with probability f, a share of f(1-f) of an agent's ends becomes a proven charge and a share of 1-f takes one
away. What is left are agents on which more goes wrong than well, with what goes well elsewhere: HTCondor's users call
them black holes, because an agent that fails at once is always free for more.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import islice

from windlass.sched.events import ExitFact
from windlass.sched.states import Outcome

ItemKey = tuple[int, int, int]
"""Run, task position, item."""

ORDINARY = 1.0
HEAVY = 1.5
"""The weight of an end that tells of the machine rather than of the work: it could not be started, its inputs could not
be laid out, or it went down with the agent's helper process. What is LOST with its agent is no charge: an agent that is
away gets nothing anyway, and a machine that was started anew is as good as any."""
MOST = 1000
"""Failed items that are remembered; then the oldest are forgotten."""


def weight(fact: ExitFact) -> float:
    """How much a failure tells of the machine. One that took no time at all had not begun: its inputs were missing."""
    return HEAVY if fact.outcome is Outcome.SPAWN_ERROR or fact.ended <= fact.started else ORDINARY


@dataclass(slots=True)
class Charge:
    """An item that failed."""

    agent: str
    """Where it did; empty once it failed on a second one, so that nobody is to blame but the item."""
    time: float
    weight: float
    proven: bool = False


class Doubts:
    """What is held against which agent. `window`: seconds for which a failure is remembered."""

    def __init__(self, window: float) -> None:
        self._window = window
        self._charges: dict[ItemKey, Charge] = {}
        """In the order of their times."""
        self._against: dict[str, dict[ItemKey, Charge]] = {}
        """The same by agent, without those that are nobody's fault."""
        self._tasks: Counter[tuple[int, int]] = Counter()
        """Charges of each task that has any."""
        self.blamed: set[str] = set()
        """Agents against which something was proven since `take`."""
        self.well: set[str] = set()
        """Agents that did something well since `take`."""

    def __bool__(self) -> bool:
        """Whether anything failed lately: the hot path asks nothing else while all goes well."""
        return bool(self._charges)

    def __repr__(self) -> str:
        return f"<Doubts about {len(self._charges)} items>"

    def failed(self, key: ItemKey, agent: str, now: float, weight: float = ORDINARY) -> None:
        self._forget_old(now)
        charge = self._charges.get(key)
        if charge is None:
            charge = self._charges[key] = Charge(agent, now, weight)
            self._against.setdefault(agent, {})[key] = charge
            self._tasks[key[:2]] += 1
        elif charge.agent != agent:
            self._clear(key, charge)
        elif not charge.proven:
            charge.weight = max(charge.weight, weight)

    def succeeded(self, run: int, task: int, items: list[int], agent: str) -> None:
        """Items of a task succeeded on this agent."""
        self.well.add(agent)
        if (run, task) not in self._tasks:
            return
        for item in items:
            charge = self._charges.get((run, task, item))
            if charge is None or charge.proven or not charge.agent:
                continue
            if charge.agent == agent:
                self._drop((run, task, item))
            else:
                charge.proven = True
                self.blamed.add(charge.agent)
        for key in list(islice(self._against.get(agent, ()), len(items))):
            self._drop(key)

    def take(self) -> tuple[set[str], set[str]]:
        """(blamed, well), and begin them anew."""
        found = self.blamed, self.well
        self.blamed, self.well = set(), set()
        return found

    def proven(self, agent: str, now: float) -> tuple[int, float]:
        """(different items that failed on this agent and succeeded elsewhere, their weight)."""
        self._forget_old(now)
        held = [charge.weight for charge in self._against.get(agent, {}).values() if charge.proven]
        return len(held), sum(held)

    def forgive(self, agent: str) -> None:
        """Nothing is held against it any more."""
        for key in list(self._against.get(agent, ())):
            self._drop(key)

    def _forget_old(self, now: float) -> None:
        while self._charges:
            key, charge = next(iter(self._charges.items()))
            if charge.time >= now - self._window and len(self._charges) < MOST:
                return
            self._drop(key)

    def _clear(self, key: ItemKey, charge: Charge) -> None:
        """It is nobody's fault, and stays known so that it never becomes a third one's."""
        held = self._against.get(charge.agent)
        if held is not None:
            held.pop(key, None)
            if not held:
                del self._against[charge.agent]
        charge.agent, charge.proven = "", False

    def _drop(self, key: ItemKey) -> None:
        self._clear(key, self._charges.pop(key))
        self._tasks[key[:2]] -= 1
        if not self._tasks[key[:2]]:
            del self._tasks[key[:2]]


def pause(base: float, longest: float, before: int) -> float:
    """Seconds for which an agent is set aside that was set aside so many times before: twice as long each time.

    >>> [pause(60.0, 3600.0, before) for before in (0, 1, 2, 10)]
    [60.0, 120.0, 240.0, 3600.0]
    """
    return min(base * 2.0 ** min(before, 40), longest)
