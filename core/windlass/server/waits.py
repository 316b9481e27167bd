"""GetResults: the ends of a run's items, page by page, to clients that may wait for the next one. WaitRun: its end.

A question with credits stands: it is answered again and again, so that a client which calls one function after the
other need not ask for each result. It may do so only for as much as costs no memory worth speaking of, should the
client stop reading; then it has to ask again, as it does for large answers anyway.
"""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import msgspec

from windlass.sched.states import ENDED, ItemState
from windlass.server import views
from windlass.server.core import Core
from windlass.server.links import Connection
from windlass.store import packs
from windlass.store.reader import EndRecord, PackedEnds
from windlass.wire import messages as m
from windlass.wire import results

MAX_WAIT = 60.0
"""Seconds that a question is held at most."""
WEIGHT = 8 * 1024 * 1024
"""Bytes of results in one answer, about."""
STANDING = 256 * 1024
"""Bytes of results that one standing question gets before its last answer,"""
CREDITS = 256
"""and how many answers at most."""
_NAMES = {int(state): state.name.lower() for state in ItemState}


Question = m.GetResults | m.WaitRun


class _Waiting:
    """A question, and what may still be told without being asked again."""

    __slots__ = ("connection", "credits", "msg", "room", "until")

    def __init__(self, connection: Connection, msg: Question, until: float) -> None:
        self.connection = connection
        self.msg = msg
        self.until = until
        self.credits = min(msg.credits, CREDITS) if isinstance(msg, m.GetResults) else 0
        self.room = STANDING


class _News:
    """What has ended in a run since the last look, as far as somebody waits for it."""

    __slots__ = ("rows", "tasks")

    def __init__(self) -> None:
        self.tasks: set[int | None] = set()
        """None among them: the run has."""
        self.rows: list[packs.Row] | None = []
        """All of it, as long as it is nothing else than that; else the store has to be asked."""

    def concern(self, msg: Question) -> bool:
        return any(_concerns(msg, task) for task in self.tasks)


class ResultDesk:
    def __init__(self, core: Core) -> None:
        self._core = core
        self.work: dict[int, list[_Waiting]] = {}
        """Who waits, by run."""
        self._due = math.inf
        """When the first of them has waited long enough, or earlier."""
        self._touched: dict[int, _News] = {}
        """By run, of those that somebody waits for."""
        core.on_ends.append(self._touch)
        core.answer = self._answer_touched

    def _touch(self, run: int, task: int | None, row: packs.Row | None) -> None:
        if not any(_concerns(asked.msg, task) for asked in self.work.get(run, ())):
            return
        news = self._touched.get(run)
        if news is None:
            news = self._touched[run] = _News()
        news.tasks.add(task)
        if row is None:
            news.rows = None if task is not None else news.rows
        elif news.rows is not None:
            news.rows.append(row)

    def get(self, connection: Connection, msg: Question) -> None:
        if msg.run not in self._core.runs:
            self._core.links.send(connection, m.Failure(msg.req, "not-found", f"there is no run {msg.run}"))
            return
        self._core.runs.asked(msg.run)
        wait = min(max(0.0, msg.wait), MAX_WAIT)  # in this order no number at all is none to wait for
        asked = _Waiting(connection, msg, self._core.now + wait)
        if not self._answer(asked, last=not wait or self._core.runs.told(msg.run) in ENDED):
            connection.open += 1
            self.work.setdefault(msg.run, []).append(asked)
            self._due = min(self._due, asked.until)

    def _answer_touched(self) -> None:
        """Ends were told just now: who waits for them hears of it before anything else is done."""
        if self._touched:
            self.tick(self._core.now)

    def tick(self, now: float) -> None:
        """Answer those whose run has news, or whose time is up."""
        if not self._touched and now < self._due:
            return
        touched, self._touched = self._touched, {}
        for run, waiting in list(self.work.items()):
            over = run not in self._core.runs or self._core.runs.told(run) in ENDED
            news = touched.get(run)
            still = []
            for asked in waiting:
                if run not in self._core.runs:
                    asked.connection.open -= 1
                    self._core.links.send(
                        asked.connection, m.Failure(asked.msg.req, "not-found", "the run was deleted")
                    )
                elif over or now >= asked.until or (news is not None and news.concern(asked.msg)):
                    if self._answer(asked, now >= asked.until or over, news):
                        asked.connection.open -= 1
                    else:
                        still.append(asked)
                else:
                    still.append(asked)
            if still:
                self.work[run] = still
            else:
                del self.work[run]
        self._due = min([asked.until for waiting in self.work.values() for asked in waiting], default=math.inf)

    def next_deadline(self) -> float | None:
        if not self.work:
            return None
        return 0.0 if self._touched else self._due

    def lost(self, connection: Connection) -> None:
        for run, waiting in list(self.work.items()):
            self.work[run] = [asked for asked in waiting if asked.connection is not connection]
            if not self.work[run]:
                del self.work[run]
                self._touched.pop(run, None)

    def _answer(self, asked: _Waiting, last: bool, news: _News | None = None) -> bool:
        """Whether the question is answered for good; with `last`, it is, and be it that there is nothing to tell.

        `news`: all that has ended since the question was found to have no (further) answer.
        """
        core, msg = self._core, asked.msg
        if not isinstance(msg, m.GetResults):
            if last:
                row = views.as_map(core.runs.row(msg.run))
                core.when_durable(partial(core.links.send, asked.connection, m.Reply(msg.req, {"run": row})))
            return last
        limit = max(1, min(msg.limit, 10_000))
        ends: list[EndRecord] = []
        packed: list[PackedEnds] = []
        newest = core.runs.last_end(msg.run)
        if newest is not None and newest <= msg.after:
            pass
        elif msg.packed and news is not None and (found := _told_packs(msg, news, limit)) is not None:
            packed = found
        elif msg.packed:
            ends, packed = core.reader.ends_packed(msg.run, msg.after, limit, WEIGHT, msg.task)
        else:
            ends = core.reader.ends(msg.run, msg.after, limit, WEIGHT, msg.task)
        if not ends and not packed and not last:
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
        asked.credits -= 1
        asked.room -= sum(map(len, payload))
        # It stands only after an answer that was all there is: further ones come with the next ends.
        whole = len(ends) + sum([len(pack.items) for pack in packed]) < limit
        stands = whole and not last and asked.credits >= 0 and asked.room >= 0
        if stands:
            upto = max([end.seq for end in ends] + [pack.seq + len(pack.items) - 1 for pack in packed])
            asked.msg = msgspec.structs.replace(msg, after=upto)
            data["more"] = upto
        core.links.send(asked.connection, m.Reply(msg.req, data), payload)
        return not stands


def _concerns(msg: Question, task: int | None) -> bool:
    """Whether ends of the task, or with None the run's own, may be what was asked for."""
    return task is None or (isinstance(msg, m.GetResults) and msg.task in (None, task))


def _told_packs(msg: m.GetResults, news: _News, limit: int) -> list[PackedEnds] | None:
    """The answer from what was told a moment ago, so that the store need not be asked; None if it has to be."""
    rows = news.rows
    if not rows or sum(row[3] for row in rows) > limit or sum(len(row[8]) for row in rows) > WEIGHT:
        return None
    return [
        PackedEnds(row[0], row[2], [row[4]] if row[3] == 1 else list(packs.items_of(row[7], row[3])[0]), row[8])
        for row in rows
        if row[0] + row[3] - 1 > msg.after and msg.task in (None, row[2])
    ]
