"""A record is read on after the connection was lost or left, by everybody who keeps one."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from windlass.wire import messages as m
from windlass.wire.rows import Counts
from windlass_gui.bridge import Bridge, local
from windlass_gui.bridge.reader import Reader
from windlass_gui.bridge.recording import RecordingLink
from windlass_gui.runs.ends import RunEnds
from windlass_gui.runs.failed import Failed
from windlass_gui.timeline.attempts import Attempts
from windlass_gui.timeline.feed import Feed

KINDS = {
    "task": "I", "index": "I", "attempt": "I", "slot": "I", "agent": "H", "outcome": "B", "started": "d", "ended": "d",
    "memory": "q",
}  # fmt: skip


def page(first: int, last: int, next: int | None) -> dict[str, Any]:
    """Items `first` to `last - 1` of task 0, as the core answers."""
    values: dict[str, list[Any]] = {name: [0] * (last - first) for name in KINDS}
    values |= {"index": list(range(first, last)), "attempt": [1] * (last - first)}
    values |= {"started": [float(n) for n in range(first, last)], "ended": [n + 0.5 for n in range(first, last)]}
    data: dict[str, Any] = {name: array(kind, values[name]).tobytes() for name, kind in KINDS.items()}
    return data | {"agents": ["desk"], "outcomes": ["ok"], "next": next, "last": last}


def failures(first: int, last: int, next: int | None) -> dict[str, Any]:
    items = [[0, index, 1, "desk"] for index in range(first, last)]
    told = {"key": "a", "outcome": "nonzero", "code": 1, "line": "no", "items": items}
    return {"groups": [told], "next": next, "last": last}


class Case:
    """One that keeps a record of run 7, with what it asks and how many it has."""

    def __init__(self, kind: str, bridge: Bridge) -> None:
        self.bridge = bridge
        self.ask: type[Any] = m.GetColumns
        self.page: Callable[[int, int, int | None], dict[str, Any]] = page
        if kind == "ends":
            ends = RunEnds(bridge, bridge)
            ends.want(True)
            ends.show_run(7)
            self.count: Callable[[], int] = lambda: ends.count
        elif kind == "failed":
            failed = Failed(bridge, bridge)
            failed.want(True)
            failed.show_run(7)
            self.ask, self.page = m.GetFailures, failures
            self.count = lambda: failed.count
        else:
            attempts = Attempts()
            feed = Feed(bridge, attempts, bridge)
            feed.watch(True)
            feed.show([7], attempts)
            self.count = lambda: attempts.count


@pytest.fixture(params=["ends", "failed", "feed"])
def case(request: pytest.FixtureRequest, bridge: Bridge, link: RecordingLink, make: Any) -> Case:
    link.tell(make.snapshot("runs", runs=[make.run(7, counts=Counts(failed=9))]))
    bridge.frame()
    return Case(request.param, bridge)


def other_link(bridge: Bridge, monkeypatch: pytest.MonkeyPatch) -> RecordingLink:
    """The bridge leaves its link and is up over this one."""
    made = RecordingLink()
    monkeypatch.setattr(local, "open_address", lambda address, listener: made)
    bridge.attach("tcp://core:1")
    assert bridge._opener is not None
    bridge._opener.join()
    bridge.frame()
    return made


def up(bridge: Bridge) -> None:
    bridge.link_phase("up")
    bridge.frame()


def test_what_was_asked_over_a_link_that_was_left_is_asked_again(
    case: Case, bridge: Bridge, link: RecordingLink, monkeypatch: pytest.MonkeyPatch
) -> None:
    link.of(case.ask)[0].answer(case.page(0, 3, 3))
    bridge.frame()
    assert (case.count(), len(link.of(case.ask))) == (3, 2)
    new = other_link(bridge, monkeypatch)
    assert not new.of(case.ask)
    up(bridge)
    (asked,) = new.of(case.ask)
    assert asked.message.after == 3
    link.of(case.ask)[1].answer(case.page(3, 6, None))  # too late: nobody knows what that core is now
    bridge.frame()
    assert case.count() == 3
    asked.answer(case.page(3, 6, None))
    bridge.frame()
    assert case.count() == 6


def test_what_failed_goes_on_when_the_core_is_back(case: Case, bridge: Bridge, link: RecordingLink) -> None:
    link.of(case.ask)[0].answer(case.page(0, 3, 3))
    bridge.frame()
    bridge.link_phase("connecting", "")
    link.of(case.ask)[1].fail(ConnectionError("the connection was lost"))
    bridge.frame()
    asked = len(link.of(case.ask))
    up(bridge)
    assert link.of(case.ask)[asked].message.after == 3
    link.of(case.ask)[asked].answer(case.page(3, 5, None))
    bridge.frame()
    assert case.count() == 5


def test_pages_that_wait_for_the_window_are_dropped_with_their_link(
    case: Case, bridge: Bridge, link: RecordingLink, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Four pages wait, so asking waits too: it goes on over the new link from what was taken."""
    for n in range(4):
        link.of(case.ask)[n].answer(case.page(n, n + 1, n + 1))
    new = other_link(bridge, monkeypatch)
    up(bridge)
    assert case.count() == 0
    assert [asked.message.after for asked in new.of(case.ask)] == [0]


def test_a_lasting_connection_is_asked_once(case: Case, bridge: Bridge, link: RecordingLink) -> None:
    bridge.link_phase("connecting", "")
    bridge.frame()
    up(bridge)
    assert len(link.of(case.ask)) == 1  # the link repeats it by itself


def test_a_page_that_is_none_ends_the_reading_with_a_reason(bridge: Bridge, link: RecordingLink) -> None:
    said: list[str] = []
    reader = Reader(bridge, lambda data: (data["x"], None), lambda page, last: True, lambda: None, bridge)
    reader.read(lambda after: m.GetColumns(0, 1, after=after), 0, lambda: said.append(reader.problem))
    assert reader.reading
    link.of(m.GetColumns)[0].answer({})
    bridge.frame()
    assert (said, reader.reading) == (["'x'"], False)


def test_every_request_is_answered_even_when_its_link_was_left(
    bridge: Bridge, link: RecordingLink, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    said: list[str] = []
    bridge.request(m.GetInfo(0), lambda *_: said.append("done"), said.append)
    asked = link.asked[-1]
    other_link(bridge, monkeypatch)
    asked.answer({})
    bridge.frame()
    assert said == ["The connection to the core was left before it answered."]
