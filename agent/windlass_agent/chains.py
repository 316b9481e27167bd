"""Short commands in a row: the resources of one attempt, and a few attempts that the warden runs one after the other.

Without this, each end would have to come to the agent and each start to go to the warden before the next command
begins, and for commands of a millisecond that way is most of the time. What has not begun can be asked back.
"""

from __future__ import annotations

import itertools

from windlass_agent.attempts import WAITING, Attempt, Group
from windlass_agent.commands import Commands
from windlass_agent.ledger import Grant
from windlass_agent.shop import Shop
from windlass_agent.wardenlink import WardenLink
from windlass_agent.wardenwire import Recalled

AHEAD = 0.02
"""Seconds of work that a chain holds."""
DEPTH = 32
"""Attempts that it holds at most."""
LONG = 0.05
"""Seconds from which on an attempt has the resources for itself."""


class Chain:
    __slots__ = ("filling", "grant", "group", "id", "sent", "stuck", "warden")

    def __init__(self, id: int, group: Group, grant: Grant, warden: WardenLink) -> None:
        self.id = id
        self.warden = warden
        self.group = group
        self.grant = grant
        self.filling = False
        self.stuck = False
        """It runs a long one: nothing is put behind it."""
        self.sent: dict[int, Attempt] = {}
        """Place in the chain -> attempt, of those whose processes have not ended."""


class Chains:
    def __init__(self, shop: Shop, commands: Commands) -> None:
        self._shop = shop
        self._commands = commands
        self._ids = itertools.count(1)
        self._places = itertools.count(1)
        self._open: set[Chain] = set()

    def place(self, group: Group) -> None:
        """Give the group's waiting attempts to chains, as far as resources reach."""
        queue, ledger = group.queue, self._shop.ledger
        request = group.bundle.spec.resources
        chains, wardens = group.chains, self._shop.wardens
        pin = group.bundle.spec.pin
        room = ledger.times(request, len(queue), pin)
        depth = self._depth(group)
        if chains or room:
            share = max(1, min(depth, -(-len(queue) // (len(chains) + room))))
            for _ in range(room):
                if not queue or not ledger.has(request, queue[0].item.gpus):
                    break
                grant = ledger.take(request, pin, queue[0].item.gpus)
                warden = self._shop.own_warden(hatches=False) if group.alone else wardens.lightest()
                chain = Chain(next(self._ids), group, grant, warden)
                chain.warden.chains += 1
                chains.append(chain)
                self._open.add(chain)
                self._extend(chain, share)
            if depth > 1 and queue:
                self._shop.join_warden(len(chains))
            for chain in list(chains):
                if wardens.crowded(chain.warden):
                    continue
                more = queue and depth > 1 and not chain.stuck and not self._shop.contended
                if more and len(chain.sent) <= depth // 2:
                    self._extend(chain, min(share, depth - len(chain.sent)))

    @property
    def busy(self) -> bool:
        return bool(self._open)

    @property
    def ahead(self) -> float:
        """Seconds until the first chain of short commands has run out; 0: of one of them little or nothing is known.

        A chain that runs a long one is not asked: who waits for that has time.
        """
        times = [
            len(chain.sent) * chain.group.mean if len(chain.sent) > 2 else 0.0
            for chain in self._open
            if not chain.stuck and chain.group.mean < LONG
        ]
        return max(0.0, min(times, default=0.0))

    @staticmethod
    def _depth(group: Group) -> int:
        if group.mean < 0 or group.mean > LONG or group.devices:
            return 1
        return max(2, min(DEPTH, int(AHEAD / max(group.mean, 1e-6))))

    def _extend(self, chain: Chain, count: int) -> None:
        queue = chain.group.queue
        chain.filling = True
        for _ in range(min(count, len(queue))):
            attempt = queue.popleft()
            attempt.chain = chain
            attempt.place = next(self._places)
            chain.sent[attempt.place] = attempt
            self._commands.begin(attempt)
        chain.filling = False
        self._close_if_empty(chain)

    def left(self, attempt: Attempt) -> None:
        """Its process has ended, or never began. The last one of a chain gives its resources back."""
        chain = attempt.chain
        if chain is None:
            return
        attempt.chain = None
        del chain.sent[attempt.place]
        if attempt.pid:
            chain.stuck = False
        self._shop.dirty = True
        self._close_if_empty(chain)

    def _close_if_empty(self, chain: Chain) -> None:
        if not chain.sent and not chain.filling:
            self._shop.ledger.give(chain.grant)
            chain.warden.chains -= 1
            chain.group.chains.remove(chain)
            self._shop.let_go(chain.warden)
            self._open.discard(chain)

    def spread(self, attempt: Attempt) -> None:
        """It runs for long: what stands behind it may run elsewhere."""
        chain = attempt.chain
        if chain is None:
            return
        chain.stuck = True
        if len(chain.sent) > 1:
            self._shop.wardens.recall([other.spawn for other in chain.sent.values() if other is not attempt])

    def recalled(self, message: Recalled) -> list[Attempt]:
        """These did not begin: back into their queues, or (returned) to be given up."""
        given_up: list[Attempt] = []
        for id in reversed(message.ids):
            attempt = self._shop.by_spawn.pop(id, None)
            if attempt is None:
                continue
            self.left(attempt)
            attempt.state = WAITING
            attempt.spawn = 0
            if attempt.cwd is not None:
                self._shop.give_dir(attempt.cwd)
                attempt.cwd = None
            if attempt.cause or attempt.back:
                given_up.append(attempt)
            else:
                self._shop.queue(attempt, first=True)
        return given_up
