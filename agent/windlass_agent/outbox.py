"""The agent's news on their way to the core: batched, ends on disk first, nothing sent while there is no lease."""

from __future__ import annotations

import logging
from collections.abc import Callable

from windlass.wire import limits
from windlass.wire.codec import WireError
from windlass.wire.messages import Exit, Exited, Key, Message, Rejected, Started, StartedItem
from windlass_agent.attempts import Id
from windlass_agent.spool import Spool

log = logging.getLogger(__name__)
BATCH_BYTES = limits.HEADER // 2
"""Bytes of logs, errors and results in one message."""


class AgentOutbox:
    """What `shop.Outbox` asks for. `post` sends a message now; it is None while the core does not listen."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self.post: Callable[[Message, list[bytes]], None] | None = None
        self._exits: list[tuple[Exit, bytes]] = []
        self._started: list[StartedItem] = []
        self._rejected: dict[str, list[Key]] = {}
        self._fresh: set[Id] = set()

    def exited(self, exit: Exit, payload: bytes) -> None:
        key = exit.key
        self._fresh.add((key.run, key.task, key.index, key.attempt))
        self._exits.append((exit, payload))

    def started(self, item: StartedItem) -> None:
        self._started.append(item)

    def rejected(self, key: Key, reason: str) -> None:
        self._rejected.setdefault(reason, []).append(key)

    def holds(self, id: Id) -> bool:
        return id in self._fresh or self._spool.holds(id)

    def send(self, message: Message, payload: list[bytes]) -> None:
        if self.post is not None:
            self.post(message, payload)

    def flush(self) -> None:
        """Write ends to disk and send everything, in the order in which it must be understood."""
        if self._started:
            started, self._started = self._started, []
            self.send(Started(started), [])
        if self._rejected:
            rejected, self._rejected = self._rejected, {}
            for reason, keys in rejected.items():
                for at in range(0, len(keys), limits.BATCH):
                    self.send(Rejected(keys[at : at + limits.BATCH], reason), [])
        if self._exits:
            exits, self._exits = self._exits, []
            self._fresh.clear()
            before = self._spool.problem
            self._spool.add(exits)
            if self._spool.problem and not before:
                log.warning("results are only kept in memory: %s", self._spool.problem)
            if self.post is not None:
                self._send_exits(exits)

    def _send_exits(self, exits: list[tuple[Exit, bytes]]) -> None:
        at = 0
        while at < len(exits):
            size = 0
            end = at
            while end < len(exits) and end - at < limits.BATCH and size < BATCH_BYTES:
                exit, payload = exits[end]
                size += len(exit.log) + len(exit.error) + 100 * len(exit.outputs) + len(payload)
                end += 1
            batch = exits[at:end]
            try:
                self.send(Exited([exit for exit, _ in batch]), [payload for _, payload in batch])
            except WireError as error:
                log.error("%d ends cannot be sent: %s", len(batch), error)
            at = end

    def resend(self) -> None:
        """After a new welcome: all that was not acknowledged."""
        self.flush()
        self._send_exits(self._spool.ends())
