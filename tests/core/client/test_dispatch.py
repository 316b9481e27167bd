"""Calls that the core could not take come again, and in their order."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from windlass.client import dispatch
from windlass.client.errors import LinkBusy, RequestFailed, WindlassError
from windlass.client.link_state import Answer
from windlass.wire import messages as m

Ended = Callable[[Answer | WindlassError], None]
TAKEN = Answer({"count": 0}, [])
OUT_OF_ORDER = RequestFailed("bad-request", "the next item is 0, not 1")


class Bench:
    """A dispatcher whose core answers what the test says."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(dispatch.time, "sleep", lambda seconds: None)
        self.asked: list[tuple[int, Ended]] = []
        self.channel = dispatch._Channel("f", 1)
        self.dispatcher = dispatch.Dispatcher(None, 1, None)
        self.dispatcher._client = SimpleNamespace(link=self)  # type: ignore[assignment]

    def post(self, message: m.AppendItems, payload: Any, ended: Ended) -> None:
        self.asked.append((message.first, ended))

    def send(self, *firsts: int) -> None:
        for first in firsts:
            self.dispatcher._send(self.channel, first, [b""])

    def answer(self, first: int, answer: Answer | WindlassError) -> None:
        """The oldest open question of these calls gets it."""
        place = next(place for place, (at, _) in enumerate(self.asked) if at == first)
        _, ended = self.asked.pop(place)
        ended(answer)

    def work_off(self) -> None:
        while not self.dispatcher._events.empty():
            event = self.dispatcher._events.get()
            if isinstance(event, dispatch._NotAppended):
                self.dispatcher._not_appended(event)


@pytest.mark.parametrize("busy", [LinkBusy("full"), RequestFailed("busy", "the disk is full")])
def test_who_stood_behind_one_that_found_no_room_comes_again_behind_it(
    monkeypatch: pytest.MonkeyPatch, busy: WindlassError
) -> None:
    bench = Bench(monkeypatch)
    bench.send(0, 1)
    bench.answer(0, busy)
    bench.answer(1, OUT_OF_ORDER)
    bench.work_off()
    assert [first for first, _ in bench.asked] == [0, 1]
    for first in (0, 1):
        bench.answer(first, TAKEN)
    bench.work_off()
    assert not bench.asked
    assert not bench.channel.appends


def test_that_is_so_though_the_first_is_taken_before_anybody_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(monkeypatch)
    bench.send(0, 1)
    bench.answer(0, LinkBusy("full"))
    bench.answer(1, OUT_OF_ORDER)
    for _ in range(2):
        event = bench.dispatcher._events.get()
        assert isinstance(event, dispatch._NotAppended)
        bench.dispatcher._not_appended(event)
        bench.answer(event.first, TAKEN)
    assert not bench.asked
    assert not bench.channel.appends


def test_one_that_is_wrong_by_itself_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(monkeypatch)
    bench.send(0, 1)
    bench.answer(0, TAKEN)
    bench.answer(1, OUT_OF_ORDER)
    with pytest.raises(RequestFailed):
        bench.work_off()
