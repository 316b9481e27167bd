"""What happened to a run: asked of the whole record, shown whole, for runs that ended and runs that go on."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from windlass.client.errors import RequestFailed
from windlass.wire import messages as m
from windlass_gui.bridge import Bridge
from windlass_gui.bridge.recording import RecordingLink
from windlass_gui.look.theme import apply_theme
from windlass_gui.panes import RunsPane
from windlass_gui.panes.report import Bar, Mark, ReportDialog


def record(link: RecordingLink, make: Any, state: str) -> None:
    """A run in which one agent was lost with an item that was made anew on another."""
    now = make.NOW
    rows = [
        make.attempt(0, 0, state="exited", memory=512 << 20, started=now, ended=now + 30),
        make.attempt(0, 1, state="lost", agent_name="barn", ended=now + 20),
        make.attempt(0, 1, 2, state="exited", assigned=now + 25, started=now + 26, ended=now + 36),
    ]
    run = {"run": make.run(7, state), "tasks": [make.task(0, 2, id="encode")], "params": {}}
    link.answers = {m.GetRun: run, m.GetAttempts: {"attempts": rows, "next": None}}


def read(bridge: Bridge) -> None:
    """The worker has read the record and the window was told."""
    for thread in threading.enumerate():
        if thread.name == "windlass-report":
            thread.join()
    bridge.frame()


def texts(dialog: ReportDialog) -> str:
    return "\n".join(label.text() for label in dialog.findChildren(QLabel))


def test_a_missed_deadline_is_shown(qtbot: QtBot, bridge: Bridge, link: RecordingLink, make: Any) -> None:
    record(link, make, "succeeded")
    link.answers[m.GetRun]["tasks"] = [make.task(0, 2, id="encode", due=make.NOW + 20)]
    made = ReportDialog(bridge, 7)
    qtbot.addWidget(made)
    read(bridge)
    assert "encode missed this deadline by about 16 s" in texts(made)


@pytest.fixture
def dialog(qtbot: QtBot, bridge: Bridge, link: RecordingLink, make: Any) -> ReportDialog:
    record(link, make, "succeeded")
    made = ReportDialog(bridge, 7)
    qtbot.addWidget(made)
    made.show()
    read(bridge)
    return made


def test_it_tells_losses_waiting_memory_and_the_slowest(dialog: ReportDialog) -> None:
    told = texts(dialog)
    assert "Run 7 (graph-7): succeeded" in told
    assert "agent barn was lost with 1 attempt. encode[1] was made anew on desk." in told
    assert "512 MiB (encode[0])" in told
    assert "between a bad end and the next attempt" in told
    assert [mark.state for mark in dialog.findChildren(Mark)] == ["succeeded", "missed"]
    shares = [bar.share for bar in dialog.findChildren(Bar)]
    assert shares[-2:] == [1.0, pytest.approx(1 / 3)], "30 s and 10 s"
    assert not dialog.again.isVisible(), "it has ended"
    dialog.copy.click()
    copied = QApplication.clipboard().text()
    assert "encode[1] was made anew on desk" in copied
    assert "slowest: 30.0 s encode[0]" in copied
    assert "on barn: 1 lost" in copied


def test_it_is_drawn_in_both_themes(dialog: ReportDialog, qapp: QApplication) -> None:
    pictures = []
    for theme in ("dark", "light"):
        apply_theme(qapp, theme)
        pictures.append(dialog.grab().toImage())
    assert pictures[0] != pictures[1]


def test_a_run_that_goes_on_is_read_again(qtbot: QtBot, bridge: Bridge, link: RecordingLink, make: Any) -> None:
    record(link, make, "running")
    link.answers[m.GetAttempts] = {"attempts": [make.attempt(0, 0)], "next": None}
    dialog = ReportDialog(bridge, 7)
    qtbot.addWidget(dialog)
    dialog.show()
    assert not dialog.again.isEnabled()
    read(bridge)
    assert "so far" in dialog.heading.text()
    assert "No agent was lost" in texts(dialog)
    assert dialog.again.isVisible()
    record(link, make, "succeeded")
    dialog.again.click()
    read(bridge)
    assert "succeeded" in dialog.heading.text()


def test_what_the_core_refuses_is_said_and_a_closed_dialog_is_not_told(
    qtbot: QtBot, bridge: Bridge, link: RecordingLink, make: Any
) -> None:
    link.answers = {m.GetRun: RequestFailed("not-found", "there is no run 7")}
    dialog = ReportDialog(bridge, 7)
    qtbot.addWidget(dialog)
    read(bridge)
    assert "there is no run 7" in dialog.heading.text()
    record(link, make, "succeeded")
    dialog.ask()
    dialog.close()
    read(bridge)


def test_the_runs_menu_opens_it(qtbot: QtBot, bridge: Bridge, link: RecordingLink, make: Any) -> None:
    record(link, make, "succeeded")
    pane = RunsPane(bridge)
    qtbot.addWidget(pane)
    assert not pane.run_deeds["report"].isEnabled()
    link.tell(make.snapshot("runs", runs=[make.run(7, "succeeded")], removed=[]))
    bridge.frame()
    pane.select_run(7)
    assert pane.run_deeds["report"].isEnabled()
    pane.run_deeds["report"].trigger()
    read(bridge)
    dialog = pane.findChild(ReportDialog)
    assert dialog is not None
    assert "Run 7" in dialog.heading.text()
    dialog.close()
