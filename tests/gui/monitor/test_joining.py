"""Adding a machine: the line, how long it is good for, and the machine as it arrives."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from tests.ether import Ether

from windlass.wire import keys, lan
from windlass.wire import messages as m
from windlass_gui.bridge import Bridge
from windlass_gui.bridge.recording import RecordingLink
from windlass_gui.monitor import joining
from windlass_gui.monitor.joining import JoinDialog


@pytest.fixture
def dialog(qtbot: QtBot, bridge: Bridge, link: RecordingLink, make: Any) -> JoinDialog:
    link.tell(make.snapshot("agents", agents=[make.agent("old")]))
    bridge.frame()
    made = JoinDialog(bridge)
    qtbot.addWidget(made)
    made.show()
    return made


def test_the_line_is_copied_and_a_machine_that_comes_is_told(
    dialog: JoinDialog, bridge: Bridge, link: RecordingLink, make: Any
) -> None:
    assert not dialog.copy.isEnabled()
    link.of(m.MakeToken)[0].answer({"token": "wl1.abc"})
    bridge.frame()
    dialog.copy.click()
    assert QApplication.clipboard().text() == "windlass agent --join wl1.abc"
    assert "another 1:00:00" in dialog.left.text() or "another 59:" in dialog.left.text()
    link.tell(make.delta("agents", agents=[make.agent("new", name="barn"), make.agent("old", running=3)]))
    bridge.frame()
    assert dialog.arrived.text().startswith("✓ barn has joined")
    assert "old" not in dialog.arrived.text()
    assert not dialog.copy.isEnabled(), "a token works once"
    dialog._count_down()
    assert "has come" in dialog.left.text()
    dialog.another.click()
    link.of(m.MakeToken)[1].answer({"token": "wl1.def"})
    bridge.frame()
    assert dialog.line.toPlainText().endswith("wl1.def")
    assert "barn" in dialog.arrived.text()


def test_a_line_that_is_too_old_says_so(
    dialog: JoinDialog, bridge: Bridge, link: RecordingLink, monkeypatch: pytest.MonkeyPatch
) -> None:
    link.of(m.MakeToken)[0].answer({"token": "wl1.abc"})
    bridge.frame()
    later = joining.time.monotonic() + 3601
    monkeypatch.setattr(joining.time, "monotonic", lambda: later)
    dialog._count_down()
    assert "too old" in dialog.left.text()
    assert not dialog.copy.isEnabled()


def test_no_token_has_a_reason_and_another_try(dialog: JoinDialog, bridge: Bridge, link: RecordingLink) -> None:
    link.of(m.MakeToken)[0].fail(PermissionError("only an admin makes tokens"))
    bridge.frame()
    assert "only an admin" in dialog.warning.text()
    assert dialog.another.isEnabled()


def test_machines_that_wait_are_listed_as_long_as_they_do(
    qtbot: QtBot, bridge: Bridge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lan, "available", lambda: True)
    ether, key = Ether(), keys.fingerprint("a" * 40)
    dialog = JoinDialog(bridge, open_network=ether.open)
    qtbot.addWidget(dialog)
    dialog.show()
    assert not dialog.nearby.isVisible()
    barn = lan.record(lan.WAITING_AGENT, lan.Peer("<b>barn</b>", ("192.168.1.7",), 0, key))
    ether.say(barn)
    qtbot.waitUntil(dialog.nearby.isVisible)
    assert f"• <b>barn</b>, 192.168.1.7, fingerprint {key}" in dialog.nearby.text()
    assert dialog.nearby.textFormat() == joining.Qt.TextFormat.PlainText
    assert "proves nothing" in dialog.nearby.text()
    for number in range(7):
        ether.say(
            lan.record(lan.WAITING_AGENT, lan.Peer(f"b{number}", ("10.0.0.1",), 0, keys.fingerprint(str(number))))
        )
    qtbot.waitUntil(lambda: "and 2 more" in dialog.nearby.text())
    for instance in list(ether.records):
        ether.silence(instance)
    qtbot.waitUntil(lambda: not dialog.nearby.isVisible())


def test_without_the_library_nobody_is_listed(dialog: JoinDialog) -> None:
    assert not dialog.nearby.isVisible()
