"""The bridge: one signal a frame, answers in the UI thread, and only what somebody looks at is followed."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from windlass.client.errors import RequestFailed
from windlass.wire import messages as m
from windlass.wire.keys import new_pair
from windlass.wire.tokens import JoinToken, format_token
from windlass_gui.bridge import Bridge, SubmitProgress, local
from windlass_gui.bridge.recording import RecordingLink
from windlass_gui.mirror import Changes


def test_a_thousand_messages_are_one_signal(bridge: Bridge, link: RecordingLink, make: Any) -> None:
    seen: list[Changes] = []
    bridge.mirror_changed.connect(seen.append)
    link.tell(make.snapshot("runs", runs=[make.run(1)], removed=[]))
    for n in range(1000):
        link.tell(make.delta("runs", runs=[make.run(1, name=f"name {n}")], removed=[]))
    assert not seen
    bridge.frame()
    bridge.frame()
    assert [changes.runs for changes in seen] == [{1}]
    assert bridge.mirror.runs[1].name == "name 999"


def test_only_what_is_looked_at_is_followed(bridge: Bridge, link: RecordingLink, make: Any) -> None:
    assert link.topics == ("runs", "agents")
    bridge.follow(3)
    bridge.follow_all({3, 4}, "monitor")
    bridge.follow_samples("monitor", True)
    assert link.topics == ("runs", "agents", "samples", "run:3", "run:4")
    link.tell(make.snapshot("run:4", run=make.run(4), tasks=[make.task()]))
    bridge.frame()
    assert bridge.mirror.run(4) is not None
    late = make.delta("run:4", items=[[0, 0, 4]])
    bridge.follow_all(set(), "monitor")
    bridge.follow_samples("monitor", False)
    assert link.topics == ("runs", "agents", "run:3")
    assert bridge.mirror.run(4) is None
    bridge.inbox.put(late)
    bridge.frame()
    assert bridge.mirror.run(4) is None, "what was on its way belongs to nobody"


def test_answers_come_in_the_ui_thread(bridge: Bridge, link: RecordingLink) -> None:
    where: list[tuple[int, threading.Thread]] = []
    bridge.control("retry", 1, 2, 3, downstream=True, done=lambda n: where.append((n, threading.current_thread())))
    asked = link.asked[-1]
    assert asked.message == m.Control(0, "retry-downstream", 1, 2, 3)
    worker = threading.Thread(target=asked.answer, args=({"items": 9},))
    worker.start()
    worker.join()
    assert not where
    bridge.frame()
    assert where == [(9, threading.main_thread())]


def test_a_failure_reaches_the_person(bridge: Bridge, link: RecordingLink) -> None:
    said: list[str] = []
    bridge.failed.connect(said.append)
    bridge.agent_control("drain", "a1")
    assert link.asked[-1].message == m.AgentControl(0, "drain", "a1")
    link.asked[-1].fail(RequestFailed("forbidden", "viewers may not drain"))
    bridge.frame()
    assert said == ["viewers may not drain"]


def test_an_answer_that_is_none_is_a_failure_too(bridge: Bridge, link: RecordingLink) -> None:
    said: list[str] = []
    heard: list[object] = []

    def convert(data: dict[str, Any]) -> dict[str, Any]:
        raise ValueError("columns of different lengths")

    bridge.request(m.GetColumns(0, 1), lambda data, _: heard.append(data), said.append, convert=convert)
    link.asked[-1].answer({})
    bridge.frame()
    assert said == ["columns of different lengths"]
    assert not heard


def test_without_a_core_everything_says_so() -> None:
    bridge = Bridge()
    said: list[str] = []
    phases: list[SubmitProgress] = []
    bridge.failed.connect(said.append)
    bridge.control("cancel", 1)
    bridge.submit("windlass: 1", None, {}, phases.append)
    bridge.frame()
    assert said == ["Not connected to a core."]
    assert [progress.phase for progress in phases] == ["failed"]
    bridge.shutdown(stop_core=False)


def test_a_document_with_errors_fails_with_their_text(qtbot: QtBot, bridge: Bridge) -> None:
    phases: list[SubmitProgress] = []
    bridge.submit("windlass: 1\nname: x\ntasks:\n  a: {command: x, neds: [b]}\n", None, {}, phases.append)

    def ended() -> bool:
        bridge.frame()
        return bool(phases) and phases[-1].phase == "failed"

    qtbot.waitUntil(ended)
    assert "neds" in phases[-1].text


def test_leaving_stops_the_core_only_when_asked(bridge: Bridge, link: RecordingLink) -> None:
    bridge.use_link(link, owns=True)
    bridge.shutdown(stop_core=True)
    assert link.closed
    assert link.of(m.StopCore)[0].message.agents
    assert bridge.state == "off"


def test_what_was_started_since_the_last_frame_is_stopped_too(monkeypatch: pytest.MonkeyPatch, qtbot: QtBot) -> None:
    link = RecordingLink()
    monkeypatch.setattr(local, "open_own", lambda listener: link)
    bridge = Bridge()
    bridge.start_embedded()
    assert bridge._opener is not None
    bridge._opener.join()
    bridge.shutdown(stop_core=True)
    assert [asked.message for asked in link.asked] == [m.StopCore(0, agents=True)]
    assert link.closed


def test_a_core_elsewhere_is_left_and_never_stopped(qtbot: QtBot) -> None:
    bridge, link = Bridge(), RecordingLink()
    bridge.use_link(link, owns=False)
    bridge.shutdown(stop_core=True)
    assert link.closed
    assert not link.of(m.StopCore)


def test_a_core_that_cannot_be_reached_is_told(qtbot: QtBot) -> None:
    bridge = Bridge()
    states: list[tuple[str, str]] = []
    bridge.connection_changed.connect(lambda *args: states.append(args))
    bridge.attach("wl1.nonsense")
    qtbot.waitUntil(lambda: bridge.state == "refused")
    assert states[0][0] == "connecting"
    assert states[-1][1]
    assert bridge.can_try_again
    bridge.try_again()
    assert bridge.state == "connecting"
    assert not bridge.can_try_again
    bridge.shutdown(stop_core=False)


def test_a_token_is_shown_to_nobody(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    """It lets a machine in; the status bar may be seen by others, and stands in pictures of the window."""
    monkeypatch.setattr(local, "open_address", lambda *_: RecordingLink())
    token = format_token(JoinToken(["tcp://farm:7077"], new_pair().public, "s3cret" * 5, "operator"))
    for address, shown in ((token, "tcp://farm:7077"), ("wl1.nonsense", "wl1.…"), ("tcp://desk:1", "tcp://desk:1")):
        bridge = Bridge()
        bridge.attach(address)
        assert bridge.text == f"Connecting to {shown}…"
        bridge.shutdown(stop_core=False)
