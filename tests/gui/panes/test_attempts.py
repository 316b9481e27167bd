"""The table of attempts, and other resources for what still waits."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot
from tests.gui.choosing import choose

from windlass.client.errors import RequestFailed
from windlass.model.graph import Graph
from windlass.wire import messages as m
from windlass.wire.rows import Counts
from windlass_gui.bridge import Bridge
from windlass_gui.bridge.recording import RecordingLink
from windlass_gui.panes import attempts as room
from windlass_gui.panes.attempts import AttemptsPane
from windlass_gui.panes.resources import ResourcesDialog, amended
from windlass_gui.panes.undo import UndoStrip

DOCUMENT = """\
windlass: 1
name: video
tasks:
  encode:  # the long one
    command: echo
    foreach: {range: 4}
    resources: {cpus: 2, memory: 1 GiB}
  join:
    command: echo
    needs: [encode]
"""


@pytest.fixture
def told(bridge: Bridge, link: RecordingLink, make: Any) -> RecordingLink:
    link.tell(make.snapshot("runs", runs=[make.run(1)], removed=[]))
    bridge.follow(1)
    counts = Counts(ready=3, active=1)
    tasks = [make.task(0, 4, id="encode", counts=counts), make.task(1, 1, id="join", array=False)]
    link.tell(make.snapshot("run:1", run=make.run(1), tasks=tasks, states={0: bytes([2, 1, 1, 1])}, attempts=[]))
    bridge.frame()
    return link


def rows(make: Any, first: int, count: int) -> list[dict[str, Any]]:
    return [
        msgspec.to_builtins(make.attempt(0, item, state="exited", seq=item + 1)) for item in range(first, first + count)
    ]


def test_attempts_come_page_by_page_up_to_a_number_that_is_said(
    qtbot: QtBot, bridge: Bridge, told: RecordingLink, make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "MOST", 6)
    pane = AttemptsPane(bridge)
    qtbot.addWidget(pane)
    pane.show()
    assert pane.part.hinted.hinting
    pane.show_attempts(1)
    assert told.of(m.GetAttempts)[-1].message == m.GetAttempts(0, 1, None, None, 0, room.PAGE)
    told.of(m.GetAttempts)[-1].answer({"attempts": rows(make, 0, 3), "next": 3})
    bridge.frame()
    assert pane.title.text() == "Attempts of run 1"
    assert "there are more" in pane.told.text()
    pane.more.click()
    assert told.of(m.GetAttempts)[-1].message.after == 3
    told.of(m.GetAttempts)[-1].answer({"attempts": rows(make, 3, 3), "next": 6})
    bridge.frame()
    assert pane.model.rowCount() == 6
    assert pane.told.text() == "The first 6 attempts only"
    assert not pane.more.isVisible()
    told.tell(make.delta("run:1", attempts=[make.attempt(0, 9), make.attempt(0, 2, state="exited", code=3)]))
    bridge.frame()
    assert pane.model.rowCount() == 6, "full: what is there still changes"
    pane.show_attempts(1)
    told.of(m.GetAttempts)[-1].answer({"attempts": rows(make, 0, 6), "next": None})
    bridge.frame()
    assert pane.told.text() == "6 attempts"
    told.tell(make.delta("run:1", attempts=[make.attempt(0, 9)]))
    bridge.frame()
    assert pane.told.text() == "The first 6 attempts only", "there was no room for what began since"


def test_an_items_attempts_move_as_they_run(qtbot: QtBot, bridge: Bridge, told: RecordingLink, make: Any) -> None:
    pane = AttemptsPane(bridge)
    qtbot.addWidget(pane)
    pane.show()
    pane.show_attempts(1, 0, 2)
    old = told.of(m.GetAttempts)[-1]
    assert old.message == m.GetAttempts(0, 1, 0, 2, 0, room.PAGE)
    assert pane.title.text() == "Attempts of encode[2]"
    told.tell(make.delta("run:1", attempts=[make.attempt(0, 2), make.attempt(0, 3)]))
    bridge.frame()
    assert pane.model.keys() == [(1, 0, 2, 1)]
    choose(pane.table, [0])
    assert [name for name, action in pane.deeds.actions.items() if action.isEnabled()] == ["log", "why", "cancel"]
    with qtbot.waitSignal(pane.attempt_selected) as asked:
        pane.deeds["log"].trigger()
    assert asked.args == [1, 0, 2, 1]
    pane.deeds["cancel"].trigger()
    assert told.of(m.Act)[-1].message == m.Act(0, "cancel", [m.Pick(1, 0, [(2, 3)])], dry=True)
    pane.show_attempts(1, 1)
    old.answer({"attempts": rows(make, 0, 3), "next": None})
    bridge.frame()
    assert pane.model.rowCount() == 0, "an answer about something else is not shown"


def test_amending_changes_only_what_was_said() -> None:
    text = amended(DOCUMENT, ["encode"], {"resources.memory": "4 GiB", "timeout": "10 min"})
    assert "cpus: 2" in text
    assert "4 GiB" in text
    assert "# the long one" in text
    assert "timeout: 10 min" in text
    both = amended(DOCUMENT, ["encode", "join"], {"resources.gpus": 1})
    assert both.count("gpus: 1") == 2
    assert amended(text, ["encode"], {"timeout": None, "resources.memory": "1 GiB"}) == DOCUMENT
    assert "resources" not in amended(DOCUMENT, ["encode"], {"resources.memory": None, "resources.cpus": None})


def test_what_waits_asks_for_something_else(qtbot: QtBot, bridge: Bridge, told: RecordingLink) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    strip = UndoStrip(window)
    dialog = ResourcesDialog(bridge, 1, [0], strip)
    qtbot.addWidget(dialog)
    assert "3 items" in dialog.note.text()
    assert not dialog.yes.isEnabled()
    told.of(m.GetRun)[-1].answer({"document": DOCUMENT, "params": {}})
    bridge.frame()
    memory = dialog.lines["resources.memory"]
    assert memory.placeholderText() == "1 GiB now"
    qtbot.keyClicks(memory, "4 GB and more")
    assert dialog.error.text()
    assert not dialog.yes.isEnabled()
    memory.setText("4 GiB")
    dialog.yes.click()
    asked = told.of(m.Amend)[-1]
    assert asked.message.files is None, "the run's files stay"
    assert "4 GiB" in asked.message.document
    graph = msgspec.msgpack.decode(asked.message.graph, type=Graph)
    assert graph.tasks[0].resources.memory == 4 << 30
    asked.answer({"tasks": ["encode"], "files": []})
    bridge.frame()
    assert "other resources" in strip.label.text()
    strip.button.click()
    assert told.of(m.Amend)[-1].message.document == DOCUMENT


def test_a_programs_graph_cannot_be_changed(qtbot: QtBot, bridge: Bridge, told: RecordingLink) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    dialog = ResourcesDialog(bridge, 1, [0], UndoStrip(window))
    qtbot.addWidget(dialog)
    told.of(m.GetRun)[-1].answer({"document": "", "params": {}})
    bridge.frame()
    dialog.lines["timeout"].setText("5 min")
    assert "made by a program" in dialog.error.text()
    assert not dialog.yes.isEnabled()


def test_a_dialog_that_was_closed_hears_no_answer(qtbot: QtBot, bridge: Bridge, told: RecordingLink) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    strip = UndoStrip(window)
    early = ResourcesDialog(bridge, 1, [0], strip, window)
    early.open()
    early.reject()
    gone()
    told.of(m.GetRun)[-1].answer({"document": DOCUMENT, "params": {}})
    bridge.frame()
    refused = ResourcesDialog(bridge, 1, [0], strip, window)
    refused.open()
    refused.reject()
    gone()
    told.of(m.GetRun)[-1].fail(RequestFailed("not-found", "no run 1"))
    bridge.frame()
    late = ResourcesDialog(bridge, 1, [0], strip, window)
    late.open()
    told.of(m.GetRun)[-1].answer({"document": DOCUMENT, "params": {}})
    bridge.frame()
    late.lines["resources.memory"].setText("4 GiB")
    late.yes.click()
    assert not late.yes.isEnabled(), "it is sent once, however often one presses"
    late.reject()
    gone()
    told.of(m.Amend)[-1].answer({"tasks": ["encode"], "files": []})
    bridge.frame()
    assert "other resources" in strip.label.text(), "what was sent is done, and can be taken back"


def gone() -> None:
    """What was closed is destroyed, as it is when the events go on."""
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
