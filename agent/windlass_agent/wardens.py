"""All wardens of an agent, looked at as one.

A warden waits while a program is being started, so one alone starts hardly more than a thousand a second however many
CPUs there are. When short commands follow one another in several chains, more wardens join, and chains spread over
them. All else runs under the first; only what may be what ends wardens gets one for itself.
"""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Sequence

from windlass_agent.wardenlink import WardenLink
from windlass_agent.wardenwire import Kill, Lease, Recall, Spawn, Tail

MOST = 4
"""Wardens of one agent: further ones make it no faster."""
PATIENCE = 5
"""Looks (one a second) at a warden that was let go, before it is killed."""


class Wardens:
    def __init__(self, agent: str, cpus: float) -> None:
        self._agent = agent
        self._most = max(1, min(MOST, int(cpus)))
        self._until = 0.0
        """The lease as it is now."""
        self.links = [WardenLink(agent)]
        self._leaving: dict[WardenLink, int] = {}
        """Let go of, and how often it was looked at whether they have ended."""

    @property
    def _shared(self) -> list[WardenLink]:
        return [link for link in self.links if not link.own]

    @property
    def first(self) -> WardenLink:
        return next(link for link in self.links if not link.own)

    def join(self, chains: int) -> WardenLink | None:
        """Start one more, if that many chains of short commands have use for it."""
        if len(self._shared) >= min(self._most, chains):
            return None
        return self._new()

    def own(self, hatches: bool) -> WardenLink:
        """One for a single attempt, to be let go of with `leave`."""
        link = WardenLink(self._agent, hatches, own=True)
        self.links.append(link)
        return link

    def leave(self, link: WardenLink) -> None:
        """It has nothing left to run, and ends by itself."""
        self.links.remove(link)
        link.let_go()
        self._leaving[link] = 0

    def look(self) -> None:
        """Once a second: what was stopped goes on, because nobody else would see to it, and what has ended is gone."""
        for link in self.links:
            link.wake()
        for link in list(self._leaving):
            self._leaving[link] += 1
            if link.process.poll() is None and self._leaving[link] > PATIENCE:
                link.bury()
            if link.process.returncode is not None:
                del self._leaving[link]

    def replace(self, dead: WardenLink) -> WardenLink | None:
        """It died: a new one in its place, if there must be one."""
        self.links.remove(dead)
        return None if self._shared else self._new()

    def _new(self) -> WardenLink:
        link = WardenLink(self._agent, hatches=not self._shared)
        self.links.append(link)
        return link

    def lightest(self) -> WardenLink:
        """Of those that have started, the one with the fewest chains."""
        return min((link for link in self._shared if link.up), key=lambda link: link.chains, default=self.first)

    def crowded(self, link: WardenLink) -> bool:
        """Whether a chain had better end here and begin anew under another."""
        return not link.own and len(self._shared) > 1 and link.chains > self.lightest().chains + 1

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
        for link in self._leaving:
            with contextlib.suppress(subprocess.TimeoutExpired):
                link.process.wait(PATIENCE)
            link.bury()
