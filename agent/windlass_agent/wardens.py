"""All wardens of an agent, looked at as one.

A warden waits while a program is being started, so one alone starts hardly more than a thousand a second however many
CPUs there are. When short commands follow one another in several chains, more wardens join, and chains spread over
them. All else runs under the first.
"""

from __future__ import annotations

from collections.abc import Sequence

from windlass_agent.wardenlink import WardenLink
from windlass_agent.wardenwire import Kill, Lease, Recall, Spawn, Tail

MOST = 4
"""Wardens of one agent: further ones make it no faster."""


class Wardens:
    def __init__(self, agent: str, cpus: float) -> None:
        self._agent = agent
        self._most = max(1, min(MOST, int(cpus)))
        self._until = 0.0
        """The lease as it is now."""
        self.links = [WardenLink(agent)]

    @property
    def first(self) -> WardenLink:
        return self.links[0]

    def join(self, chains: int) -> WardenLink | None:
        """Start one more, if that many chains of short commands have use for it."""
        if len(self.links) >= min(self._most, chains):
            return None
        return self._new()

    def replace(self, dead: WardenLink) -> WardenLink | None:
        """It died: a new one in its place, if there must be one."""
        self.links.remove(dead)
        return None if self.links else self._new()

    def _new(self) -> WardenLink:
        link = WardenLink(self._agent, hatches=not self.links)
        self.links.append(link)
        return link

    def lightest(self) -> WardenLink:
        """Of those that have started, the one with the fewest chains."""
        return min((link for link in self.links if link.up), key=lambda link: link.chains, default=self.first)

    def crowded(self, link: WardenLink) -> bool:
        """Whether a chain had better end here and begin anew under another."""
        return len(self.links) > 1 and link.chains > self.lightest().chains + 1

    # --- orders --------------------------------------------------------------------------------------------

    def spawn(self, order: Spawn, link: WardenLink | None = None, fds: Sequence[int] = ()) -> None:
        """Under `link`, or else under the first. `fds` are passed on and closed here once they are sent."""
        if link is None or link not in self.links:
            link = self.first
        # Before the order: a lease from before a long rest would end what it starts at once.
        self._tell(link)
        link.held.add(order.id)
        link.send(order, fds)

    def send(self, order: Kill | Tail) -> None:
        """To the one that has the spawn; an order about one that has ended goes nowhere."""
        for link in self.links:
            if order.id in link.held:
                link.send(order)

    def recall(self, ids: Sequence[int]) -> None:
        for link in self.links:
            here = [id for id in ids if id in link.held]
            if here:
                link.send(Recall(here))

    def lease(self, until: float) -> None:
        """It was renewed. Wardens without work hear of it with their next order."""
        self._until = until
        for link in self.links:
            if link.held:
                self._tell(link)

    def _tell(self, link: WardenLink) -> None:
        if link.lease != self._until:
            link.lease = self._until
            link.send(Lease(self._until))

    def close(self) -> None:
        for link in self.links:
            link.close()
