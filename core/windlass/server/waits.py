"""GetResults: the ends of a run's items, page by page, to clients that may wait for the next one. WaitRun: its end."""

from __future__ import annotations

from collections.abc import Container
from functools import partial
from typing import Any

from windlass.sched.states import ENDED, ItemState
from windlass.server import views
from windlass.server.core import Core
from windlass.server.links import Connection
from windlass.store.reader import PackedEnds
from windlass.wire import messages as m
from windlass.wire import results

MAX_WAIT = 60.0
"""Seconds that a question is held at most."""
WEIGHT = 8 * 1024 * 1024
"""Bytes of results in one answer, about."""
_NAMES = {int(state): state.name.lower() for state in ItemState}


Question = m.GetResults | m.WaitRun


class ResultDesk:
    def __init__(self, core: Core) -> None:
        self._core = core
        self._waiting: dict[int, list[tuple[float, Connection, Question]]] = {}
        self._touched: dict[int, set[int | None]] = {}
        """Run -> its tasks of which items have ended since the last look; None among them: the run has."""
        core.on_ends.append(self._touch)

    def _touch(self, run: int, task: int | None) -> None:
        if self._waiting:
            self._touched.setdefault(run, set()).add(task)

    def get(self, connection: Connection, msg: Question) -> None:
        if msg.run not in self._core.runs:
            self._core.links.send(connection, m.Failure(msg.req, "not-found", f"there is no run {msg.run}"))
            return
        if self._answer(connection, msg, even_empty=msg.wait <= 0 or self._core.runs.told(msg.run) in ENDED):
            return
        until = self._core.now + min(msg.wait, MAX_WAIT)
        self._waiting.setdefault(msg.run, []).append((until, connection, msg))

    def tick(self, now: float) -> None:
        """Answer those whose run has news, or whose time is up."""
        touched, self._touched = self._touched, {}
        for run, waiting in list(self._waiting.items()):
            over = run not in self._core.runs or self._core.runs.told(run) in ENDED
            tasks = touched.get(run, ())
            still = []
            for until, connection, msg in waiting:
                if run not in self._core.runs:
                    self._core.links.send(connection, m.Failure(msg.req, "not-found", "the run was deleted"))
                elif over or now >= until or (tasks and _concerns(msg, tasks)):
                    if not self._answer(connection, msg, even_empty=now >= until or over):
                        still.append((until, connection, msg))
                else:
                    still.append((until, connection, msg))
            if still:
                self._waiting[run] = still
            else:
                del self._waiting[run]

    def next_deadline(self) -> float | None:
        if self._touched and self._waiting:
            return 0.0
        return min((until for waiting in self._waiting.values() for until, _, _ in waiting), default=None)

    def lost(self, connection: Connection) -> None:
        for run, waiting in list(self._waiting.items()):
            self._waiting[run] = [one for one in waiting if one[1] is not connection]
            if not self._waiting[run]:
                del self._waiting[run]

    def _answer(self, connection: Connection, msg: Question, even_empty: bool) -> bool:
        core = self._core
        if isinstance(msg, m.WaitRun):
            if even_empty:
                row = views.as_map(core.runs.row(msg.run))
                core.when_durable(partial(core.links.send, connection, m.Reply(msg.req, {"run": row})))
            return even_empty
        limit = max(1, min(msg.limit, 10_000))
        packed: list[PackedEnds] = []
        if msg.packed:
            ends, packed = core.reader.ends_packed(msg.run, msg.after, limit, WEIGHT, msg.task)
        else:
            ends = core.reader.ends(msg.run, msg.after, limit, WEIGHT, msg.task)
        if not ends and not packed and not even_empty:
            return False
        rows: list[list[Any]] = []
        payload: list[bytes] = []
        for end in ends:
            ref = None
            try:
                ref = results.blob_ref(end.result)
            except ValueError:
                pass  # a damaged reference: the client finds out when it decodes the bytes
            rows.append([end.seq, end.task, end.index_, _NAMES.get(end.state, ""), end.error, ref])
            payload.append(end.result)
        data: dict[str, Any] = {"results": rows, "run_state": core.runs.told(msg.run)}
        if packed:
            data["packs"] = [[pack.seq, pack.task, pack.items] for pack in packed]
            payload += [pack.results for pack in packed]
        core.links.send(connection, m.Reply(msg.req, data), payload)
        return True


def _concerns(msg: Question, tasks: Container[int | None]) -> bool:
    """Whether ends in these tasks may be what was asked for."""
    return isinstance(msg, m.GetResults) and (msg.task is None or msg.task in tasks)
