"""What each owner has of the machines, now and on average over the past: the numbers behind the fair share.

*Now* is the dominant share of dominant resource fairness (Ghodsi et al. 2011): the largest part of any one kind (CPUs,
memory, GPUs, ...) of all agents that the owner's attempts hold. *The past* is the average of that share over all time,
in which what lies a half-life back counts half (as the decaying usage of Slurm's multifactor priority does):

    average(t) = integral of share(s) * 2 ** -((t - s) / half_life) ds / (half_life / ln 2)

so an owner who always held a fifth of the machines has an average of a fifth, whatever the half-life. The owner whose
(share now + average) / weight is smallest goes first. With both, who was away catches up without shutting all others
out: of two equal owners the one who had everything until now keeps, right after the other came, nothing new, and both
converge to equal shares with half the half-life's time constant. Whoever waits has a share of 0 and an average that
fades, so nobody's turn never comes.

An attempt enters the average when it has ended, by the time it took; until then it is in the share that is held. No
owner is touched by time alone: the average is kept with the time it was taken at, and faded when somebody looks.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from windlass.sched.agents import Agent
from windlass.sched.events import OwnerUsage
from windlass.sched.shapes import Amounts, Shape
from windlass.sched.states import AgentState
from windlass.sched.tasks import Owner

FADED = 1e-4
"""An average below this, a hundredth of a percent of the machines, is as none."""
_PARTS = 4096
"""Shapes whose part of the machines is remembered."""
_THERE = (AgentState.UP, AgentState.DISCONNECTED)


class Shares:
    """Reads and writes the owners' `live`, `average` and `at`."""

    def __init__(self, half_life: float, agents: dict[str, Agent]) -> None:
        """`half_life`: seconds; 0: the past counts nothing. `agents`: all there are, as they come and go."""
        self._decay = math.log(2.0) / half_life if half_life > 0 else 0.0
        self._agents = agents
        self.total: Amounts = {}
        """What all agents that are there have."""
        self._counted: dict[str, Amounts] = {}
        """What each of them has of that."""
        self._parts: dict[Shape, float] = {}
        self.fresh: dict[Owner, None] = {}
        """Owners whose average rose since it was last written down."""

    # --- now -------------------------------------------------------------------------------------------

    def fleet_changed(self, agent: Agent) -> None:
        """The agent came, went, or has other resources. Costs nothing where it only lost its link and came back."""
        there = agent.state in _THERE and self._agents.get(agent.id) is agent
        now = agent.capacity if there else {}
        before = self._counted.get(agent.id, {})
        if now == before:
            return
        for kind, amount in before.items():
            self.total[kind] -= amount
        for kind, amount in now.items():
            self.total[kind] = self.total.get(kind, 0) + amount
        if now:
            self._counted[agent.id] = dict(now)
        else:
            del self._counted[agent.id]
        self._parts.clear()

    def held(self, owner: Owner) -> float:
        """The owner's dominant share: above 1 where attempts are sent ahead."""
        amounts: Amounts = {}
        gone = []
        for shape, live in owner.live.items():
            if not live:
                gone.append(shape)
            for kind, amount in shape.need:
                amounts[kind] = amounts.get(kind, 0) + amount * live
        for shape in gone:
            del owner.live[shape]
        total = self.total
        return max((_part(amount, total.get(kind, 0)) for kind, amount in amounts.items()), default=0.0)

    def standing(self, owner: Owner, now: float) -> float:
        """Smaller goes first: share and average, by weight."""
        return (self.held(owner) + self.average(owner, now)) / owner.weight

    # --- the past --------------------------------------------------------------------------------------

    def average(self, owner: Owner, now: float) -> float:
        """The owner's faded average share up to now."""
        if not owner.average or now <= owner.at:
            return owner.average
        return owner.average * math.exp(-self._decay * (now - owner.at))

    def spent(self, owner: Owner, shape: Shape, count: int, seconds: float, now: float) -> bool:
        """So many attempts of the shape have ended that took so long in all; True if that is the first news.

        Each counts as if it ended now and took as long as the others: exact but for what fades within a batch.
        Durations come from agents: nonsense counts nothing, and none more than the share that it held.
        """
        if not self._decay or not 0.0 < seconds < math.inf:
            return False
        part = self._parts.get(shape)
        if part is None:
            if len(self._parts) >= _PARTS:
                self._parts.clear()
            total = self.total
            part = max((min(_part(amount, total.get(kind, 0)), 1.0) for kind, amount in shape.need), default=0.0)
            self._parts[shape] = part
        if not part:
            return False
        faded = owner.average
        if faded and now > owner.at:  # as `average`, on the hot path
            faded *= math.exp(-self._decay * (now - owner.at))
        owner.average = faded - count * part * math.expm1(-self._decay * seconds / count)
        owner.at = max(now, owner.at)
        first = not self.fresh
        self.fresh[owner] = None
        return first

    # --- to be written down ----------------------------------------------------------------------------

    def restore(self, owner: Owner, usage: OwnerUsage, now: float) -> None:
        """What was written down; a time that lies ahead (the clock was set back) counts as now."""
        if self._decay and 0.0 < usage.average < math.inf:
            owner.average, owner.at = usage.average, min(usage.at, now)

    def take_fresh(self, owners: dict[str, Owner], busy: Iterable[Owner], now: float) -> list[OwnerUsage]:
        """What changed since the last call; owners without past, runs and attempts leave `owners`, with a last 0.

        `busy`: owners of runs; only asked where somebody may be forgotten.
        """
        told = [OwnerUsage(owner.name, owner.average, owner.at) for owner in self.fresh]
        faded = [owner for owner in owners.values() if self.average(owner, now) < FADED and not self.held(owner)]
        keep = set(busy) if faded else set()
        for owner in faded:
            if owner not in keep and not owner.live:
                del owners[owner.name]
                if owner.average:
                    told.append(OwnerUsage(owner.name, 0.0, now))
        self.fresh.clear()
        return told


def _part(amount: int, total: int) -> float:
    """Of a kind that no agent has any more, whatever is held is all of it."""
    return amount / total if total else 1.0
