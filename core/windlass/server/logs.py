"""Answers to GetLog: from the store, from a blob, or live from the agent that runs the attempt."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

import msgspec

from windlass.blobs.store import BlobError
from windlass.model.graph import FileRef
from windlass.sched.events import AttemptId
from windlass.sched.states import AttemptState
from windlass.server.core import Core
from windlass.server.links import Connection
from windlass.wire import logs as records
from windlass.wire import messages as m

LIMIT = 4 * 1024 * 1024
"""Bytes of one answer, at most."""
AGAIN = 0.25
"""Seconds after which a running attempt without news is asked again for a client that waits."""
PATIENCE = 5.0
"""Seconds an agent may take to answer."""
MAX_WAIT = 60.0
_ref = msgspec.msgpack.Decoder(FileRef)

Answer = Callable[[Connection, m.GetLog, dict[str, object], bytes], None]


@dataclass(slots=True, eq=False)
class _Waiting:
    """A client that waits for bytes of a running attempt."""

    connection: Connection
    msg: m.GetLog
    until: float
    """When it gets an answer in any case."""
    asked: float
    ask_at: float
    """When the agent is asked again; 0 while its answer is awaited."""
    offset: int
    """From where the agent is asked; negative: from the end."""


class LogDesk:
    def __init__(self, core: Core, answer: Answer, fail: Callable[[Connection, int, str, str], None]) -> None:
        self._core = core
        self._answer = answer
        self._fail = fail
        self.work: dict[AttemptId, list[_Waiting]] = {}
        """Who waits for more of which attempt."""
        core.on_attempts_ended.append(self._ended)

    def get(self, connection: Connection, msg: m.GetLog) -> None:
        core, now = self._core, self._core.now
        live = self._live_of(msg)
        if live is None:
            self._from_store(connection, msg)
            return
        if core.live[live].started is None and not msg.wait:
            data: dict[str, object] = {"attempt": live[3], "offset": max(0, msg.offset), "size": 0, "shed": 0}
            self._answer(connection, msg, {**data, "ended": False, "state": "assigned"}, b"")
            return
        wait = min(max(0.0, msg.wait), MAX_WAIT)
        waiting = _Waiting(connection, msg, now + max(wait, PATIENCE), now, 0.0, msg.offset)
        connection.open += 1
        self.work.setdefault(live, []).append(waiting)
        self._ask(live, waiting)

    def data(self, agent: str, msg: m.LogData, payload: list[bytes]) -> None:
        """An agent's answer; for all who wait for this attempt from this offset."""
        id = AttemptId(msg.key.run, msg.key.task, msg.key.index, msg.key.attempt)
        live = self._core.live.get(id)
        if live is None or live.agent != agent or len(payload) > 1:
            return
        data = payload[0] if payload else b""
        still: list[_Waiting] = []
        for waiting in self.work.pop(id, []):
            if data or msg.ended or self._core.now >= waiting.asked + min(waiting.msg.wait, MAX_WAIT):
                self._tell(waiting, id, msg, data)
            else:
                waiting.ask_at = self._core.now + AGAIN
                still.append(waiting)
        if still:
            self.work.setdefault(id, []).extend(still)

    def _tell(self, waiting: _Waiting, id: AttemptId, msg: m.LogData, data: bytes) -> None:
        found: dict[str, object] = {
            "attempt": id[3],
            "offset": msg.offset,
            "size": msg.size,
            "shed": msg.shed,
            "ended": False,
            "state": "running",
        }
        waiting.connection.open -= 1
        self._answer(waiting.connection, waiting.msg, found, data)

    def tick(self, now: float) -> None:
        for id, all_waiting in list(self.work.items()):
            for waiting in list(all_waiting):
                if now >= waiting.until:
                    all_waiting.remove(waiting)
                    waiting.connection.open -= 1
                    offset = max(0, waiting.offset)
                    data: dict[str, object] = {"attempt": id[3], "offset": offset, "size": offset, "shed": 0}
                    self._answer(waiting.connection, waiting.msg, {**data, "ended": False, "state": "running"}, b"")
                elif waiting.ask_at and now >= waiting.ask_at:
                    self._ask(id, waiting)
            if not all_waiting:
                self.work.pop(id, None)

    def next_deadline(self) -> float | None:
        times = [min(w.until, w.ask_at or w.until) for waiting in self.work.values() for w in waiting]
        return min(times, default=None)

    def lost(self, connection: Connection) -> None:
        for id, waiting in list(self.work.items()):
            waiting[:] = [one for one in waiting if one.connection is not connection]
            if not waiting:
                del self.work[id]

    def _live_of(self, msg: m.GetLog) -> AttemptId | None:
        """The attempt asked for, if an agent has it: by its number, or the item's only live one."""
        if msg.attempt:
            id = AttemptId(msg.run, msg.task, msg.index, msg.attempt)
            return id if id in self._core.live else None
        return self._core.live_attempt(msg.run, msg.task, msg.index)

    def _ask(self, id: AttemptId, waiting: _Waiting) -> None:
        live = self._core.live.get(id)
        agent = self._core.agents.get(live.agent) if live is not None else None
        waiting.ask_at = 0.0
        if live is None or agent is None or agent.connection is None:
            waiting.ask_at = self._core.now + AGAIN
            return
        limit = min(max(1, waiting.msg.limit), LIMIT)
        self._core.links.send(agent.connection, m.LogWant(m.Key(*id, live.epoch), waiting.offset, limit))

    def _ended(self, rows: Iterable[tuple[Any, ...]]) -> None:
        """Who waits for more of an attempt that has ended gets the rest from the store."""
        if self.work:
            for row in rows:
                for waiting in self.work.pop(AttemptId(*row[1:5]), []):
                    waiting.connection.open -= 1
                    self._from_store(waiting.connection, waiting.msg)

    def _from_store(self, connection: Connection, msg: m.GetLog) -> None:
        found = self._core.reader.log(msg.run, msg.task, msg.index, msg.attempt)
        if found is None:
            self._fail(connection, msg.req, "not-found", "this item has no such attempt")
            return
        limit = min(max(1, msg.limit), LIMIT)
        if found.log_ref is not None:
            ref = _ref.decode(found.log_ref)
            size = ref.size
            try:
                offset, data = records.records_at(partial(self._core.blobs.read, ref.hash), size, msg.offset, limit)
            except BlobError as error:
                self._fail(connection, msg.req, "not-found", f"the log is lost: {error}")
                return
        else:
            log, size = found.log, len(found.log)
            offset, data = records.records_at(lambda at, length: log[at : at + length], size, msg.offset, limit)
        state = AttemptState(found.state).name.lower()
        told: dict[str, object] = {
            "attempt": found.attempt,
            "offset": offset,
            "size": size,
            "shed": found.shed,
            "ended": True,
            "state": state,
        }
        self._answer(connection, msg, told, data)
