"""The agent's news on their way to the core: batched, ends on disk first, nothing sent while there is no lease."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

import msgspec

from windlass.wire import limits
from windlass.wire.codec import WireError, encode
from windlass.wire.messages import Exit, Exited, Key, Message, Rejected, Started, StartedItem, Succeeded
from windlass_agent.attempts import Attempt, Id
from windlass_agent.runnerwire import Done
from windlass_agent.spool import Ends, Spool

log = logging.getLogger(__name__)
BATCH_BYTES = limits.HEADER // 2
"""Bytes of logs, errors and results in one message."""
Success = tuple[Attempt, Done]


class AgentOutbox:
    """What `shop.Outbox` asks for. `post` sends frames now; it is None while the core does not listen."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self.post: Callable[[list[bytes]], None] | None = None
        self._exits: list[tuple[Exit, bytes]] = []
        self._successes: dict[tuple[int, int], list[Success]] = {}
        """(run, lease) -> plain ends"""
        self._started: list[StartedItem] = []
        self._rejected: dict[str, list[Key]] = {}
        self._fresh: set[Id] = set()

    def exited(self, exit: Exit, payload: bytes) -> None:
        key = exit.key
        self._fresh.add((key.run, key.task, key.index, key.attempt))
        self._exits.append((exit, payload))

    def succeeded(self, attempt: Attempt, done: Done) -> None:
        key = attempt.key
        self._fresh.add(attempt.id)
        group = (key.run, key.epoch)
        found = self._successes.get(group)
        if found is None:
            self._successes[group] = [(attempt, done)]
        else:
            found.append((attempt, done))

    def started(self, item: StartedItem) -> None:
        self._started.append(item)

    def rejected(self, key: Key, reason: str) -> None:
        self._rejected.setdefault(reason, []).append(key)

    def holds(self, id: Id) -> bool:
        return id in self._fresh or self._spool.holds(id)

    def send(self, message: Message, payload: list[bytes]) -> None:
        if self.post is not None:
            self.post(encode(message, payload))

    def flush(self) -> None:
        """Write ends to disk and send everything, in the order in which it must be understood."""
        if not (self._successes or self._exits or self._started or self._rejected):
            return
        if self._started:
            started, self._started = self._started, []
            self.send(Started(started), [])
        if self._rejected:
            rejected, self._rejected = self._rejected, {}
            for reason, keys in rejected.items():
                for at in range(0, len(keys), limits.BATCH):
                    self.send(Rejected(keys[at : at + limits.BATCH], reason), [])
        if self._successes:
            successes, self._successes = self._successes, {}
            # Few first: somebody may wait for them, and what comes after many waits until those are taken.
            groups = list(successes.items())
            if len(groups) > 1:
                groups.sort(key=lambda group: len(group[1]))
            for (run, epoch), found in groups:
                if len(found) == 1:
                    self._tell_successes(run, epoch, found)
                    continue
                for at, end in _cuts([len(done.payload) for _, done in found]):
                    self._tell_successes(run, epoch, found[at:end])
        if self._exits:
            exits, self._exits = self._exits, []
            sizes = [
                len(exit.log) + len(exit.error) + 100 * len(exit.outputs) + len(payload) for exit, payload in exits
            ]
            for at, end in _cuts(sizes):
                self._tell_exits(exits[at:end])
        self._fresh.clear()

    def _tell_successes(self, run: int, epoch: int, found: list[Success]) -> None:
        tasks, items, attempts, started, ended, cpu, memory, payload = [], [], [], [], [], [], [], []
        for attempt, done in found:
            _, task, item, number = attempt.id
            tasks.append(task)
            items.append(item)
            attempts.append(number)
            started.append(done.started)
            ended.append(done.ended)
            cpu.append(done.cpu)
            memory.append(done.memory)
            payload.append(done.payload)
        task = tasks[0]
        several = tasks if tasks.count(task) < len(tasks) else []
        number = self._spool.new_batch()
        message = Succeeded(number, run, task, epoch, items, attempts, started, ended, cpu, memory, several)
        self._tell(message, payload, encode(message, payload))

    def _tell_exits(self, exits: list[tuple[Exit, bytes]]) -> None:
        message, payload = Exited([exit for exit, _ in exits]), [payload for _, payload in exits]
        try:
            frames = encode(message, payload)
        except WireError as error:
            if len(exits) > 1:
                for one in exits:
                    self._tell_exits([one])
                return
            # A hundred thousand outputs with long names. It must end all the same, or it would be waited for for ever.
            what = msgspec.structs.replace(
                exits[0][0], outcome="failed", outputs=[], error=f"its end is too large to be told: {error}"
            )
            message, payload = Exited([what]), [b""]
            frames = encode(message, payload)
        self._tell(message, payload, frames)

    def _tell(self, message: Ends, payload: Sequence[bytes], frames: list[bytes]) -> None:
        """On disk, then on its way."""
        before = self._spool.problem
        self._spool.add(message, payload, frames, self.post)
        if self._spool.problem and not before:
            log.warning("results are only kept in memory: %s", self._spool.problem)

    def resend(self) -> None:
        """After a new welcome: all that was not acknowledged."""
        self.flush()
        for message, payload in self._spool.messages():
            self.send(message, payload)


def _cuts(sizes: list[int]) -> list[tuple[int, int]]:
    """(from, to) of the ends that go into one message each."""
    if len(sizes) <= limits.BATCH and sum(sizes) < BATCH_BYTES:
        return [(0, len(sizes))]
    cuts = []
    at = total = 0
    for place, size in enumerate(sizes):
        if place - at == limits.BATCH or (total and total + size > BATCH_BYTES):
            cuts.append((at, place))
            at, total = place, 0
        total += size
    return [*cuts, (at, len(sizes))]
