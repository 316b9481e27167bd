"""How much news is on its way to those who follow, so that one who stops reading costs no memory.

What ZeroMQ took is out of our sight, and it takes thousands of messages for a peer that reads none. So clients say how
much they have read (`Seen`), and get no more than a window beyond that; all together no more than a limit. Who is over
it gets nothing until it has caught up, and then the whole again.
"""

from __future__ import annotations

from windlass.server.links import Connection

WINDOW = 8 * 1024 * 1024
"""Bytes of news that one follower may have unread,"""
TOTAL = 64 * 1024 * 1024
"""and all of them together. Each may have one message beyond that, or nobody would get a large one."""


class Pace:
    def __init__(self) -> None:
        self._unread: dict[Connection, int] = {}
        self.total = 0
        """Bytes that are on the way to all of them."""

    def sent(self, connection: Connection, size: int) -> None:
        if connection.tells:
            self._unread[connection] = self._unread.get(connection, 0) + size
            self.total += size

    def seen(self, connection: Connection, size: int) -> None:
        """It has read so much more."""
        unread = self._unread.get(connection, 0)
        left = max(0, unread - max(0, size))
        self.total -= unread - left
        if left:
            self._unread[connection] = left
        else:
            self._unread.pop(connection, None)

    def forget(self, connection: Connection) -> None:
        """Its link is gone, and what was on the way with it."""
        self.total -= self._unread.pop(connection, 0)

    def may(self, connection: Connection) -> bool:
        """Whether it may get more now. Beyond the total, those who have less than their share unread still may."""
        unread = self._unread.get(connection, 0)
        if not unread:
            return True
        return unread < WINDOW and (self.total < TOTAL or unread < TOTAL // len(self._unread))

    def caught_up(self, connection: Connection) -> bool:
        """Whether one that was left out has read enough to go on."""
        return self._unread.get(connection, 0) <= WINDOW // 4 and self.may(connection)
