"""Messages on their way from the socket to the loop: in their order, but few ends before many when somebody waits."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from windlass.server.links import Received
from windlass.wire import messages as m

AHEAD = 32
"""Messages that are looked at for such ends."""
FEW = 16
"""Ends in a message for which somebody may wait."""


class Inbox:
    def __init__(self, receive: Callable[[float], Received | None]) -> None:
        self._receive = receive
        self._waiting: deque[Received] = deque()
        """Received and not handled."""
        self._all = False
        """When last asked, the socket had no more; asking costs more than the next turn would."""

    @property
    def waits(self) -> bool:
        return bool(self._waiting)

    def next(self, now: float, hurried: bool) -> Received | None:
        """The next message, if there is one.

        `hurried`: a message with few ends may go before those with ends that came before it. Nothing goes before
        a message that says something else, and ends are independent of each other: each names its attempt.
        """
        waiting = self._waiting
        if hurried:
            while not self._all and len(waiting) < AHEAD:
                got = self._receive(now)
                if got is None:
                    self._all = True
                else:
                    waiting.append(got)
            for place, found in enumerate(waiting):
                message = found[1]
                if type(message) is not m.Succeeded:
                    break
                if len(message.items) <= FEW:
                    del waiting[place]
                    return found
        if waiting:
            return waiting.popleft()
        if self._all:
            self._all = False
            return None
        return self._receive(now)
