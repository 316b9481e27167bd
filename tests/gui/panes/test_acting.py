"""Acting on many things: the preview says what will be done, one request does it, and what can be taken back is."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import QByteArray, QCoreApplication, QEvent, QMimeData, QPoint, QPointF, Qt
from PySide6.QtGui import QDropEvent
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QApplication, QMessageBox, QWidget
from pytestqt.qtbot import QtBot

from windlass.client.errors import RequestFailed
from windlass.wire import messages as m
from windlass.wire.rows import Counts
from windlass_gui.bridge import Bridge
from windlass_gui.bridge.recording import RecordingLink
from windlass_gui.models.picked import PickedModel
from windlass_gui.panes import ItemsPane, RunsPane
from windlass_gui.panes.acting import Acting, picks_of
from windlass_gui.panes.agents import AgentsPane
from windlass_gui.panes.preview import Preview
from windlass_gui.panes.queue import MIME

FAILED, SUCCEEDED = 5, 4


@pytest.fixture
def told(bridge: Bridge, link: RecordingLink, make: Any) -> RecordingLink:
    """Runs 1 to 4; run 1 has 40 items, of which 20 failed, and a task behind them."""
    counts = Counts(failed=20, succeeded=20, skipped=1)
    runs = [make.run(1, "failed", counts=counts), make.run(2, priority=5), make.run(3), make.run(4)]
    link.tell(make.snapshot("runs", runs=runs, removed=[]))
    bridge.follow(1)
    states = {0: bytes([FAILED, SUCCEEDED] * 20), 1: bytes([7])}
    tasks = [make.task(0, 40, id="encode", counts=counts), make.task(1, 1, id="join", array=False)]
    link.tell(make.snapshot("run:1", run=runs[0], tasks=tasks, states=states, attempts=[]))
    bridge.frame()
    return link


def answer(link: RecordingLink, bridge: Bridge, items: int, picks: list[Any] | None = None, **more: Any) -> m.Act:
    """Answer the last act, and give it."""
    asked = link.of(m.Act)[-1]
    data: dict[str, Any] = {"items": items, "states": [0] * 8, "runs": 1, "picks": picks or [], "cut": False}
    asked.answer(data | more)
    bridge.frame()
    message: m.Act = asked.message
    return message


def focus(qtbot: QtBot, widget: QWidget) -> None:
    """The keys go here, as after a click."""
    widget.window().activateWindow()
    widget.setFocus()
    qtbot.waitUntil(widget.hasFocus)


def failed_picks() -> list[tuple[int, int, int, int]]:
    return [(1, 0, item, item + 1) for item in range(0, 40, 2)] + [(1, 1, 0, 1)]


def test_a_bulk_retry_is_shown_first_and_done_in_one_request(qtbot: QtBot, bridge: Bridge, told: RecordingLink) -> None:
    pane = ItemsPane(bridge)
    qtbot.addWidget(pane)
    pane.resize(900, 500)
    pane.show()
    pane.show_task(1, 0)
    pane.line.set_text("state:failed")
    focus(qtbot, pane.table)
    qtbot.keyClick(pane.table, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    qtbot.keyClick(pane.table, Qt.Key.Key_R, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier)
    spans = [(item, item + 1) for item in range(0, 40, 2)]
    assert answer(told, bridge, 21) == m.Act(0, "retry", [m.Pick(1, 0, spans)], dry=True)
    preview = pane.findChild(Preview)
    assert preview is not None
    assert not preview.yes.isEnabled(), "nothing is promised before the core has counted"
    answer(told, bridge, 21, failed_picks(), states=[0, 0, 0, 0, 0, 20, 0, 1])
    assert "21 items" in preview.title.text()
    assert "20 failed" in preview.text.text()
    assert preview.model.rowCount() == 21
    assert [preview.model.index(20, column).data() for column in range(4)] == ["1", "join", "", "skipped"]
    preview.after.click()
    assert not preview.yes.isEnabled(), "what was counted is not what would be done now"
    message = answer(told, bridge, 40, states=[0, 0, 0, 0, 19, 20, 0, 1])
    assert (message.downstream, message.only_failed, message.dry) == (True, False, True)
    assert "made anew" in preview.text.text()
    preview.failed.click()
    assert answer(told, bridge, 21, failed_picks()).only_failed
    preview.before.click()
    assert answer(told, bridge, 21, failed_picks()).upstream
    preview.before.click()
    answer(told, bridge, 21, failed_picks())
    preview.yes.click()
    done = answer(told, bridge, 21)
    assert (done.dry, done.downstream, done.only_failed, done.picks) == (False, True, True, [m.Pick(1, 0, spans)])
    assert pane.acting.strip.isVisible()
    assert "21 items run again" in pane.acting.strip.label.text()


def test_a_preview_follows_what_happens_and_an_old_answer_is_not_taken(
    qtbot: QtBot, bridge: Bridge, told: RecordingLink, make: Any
) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    Acting(bridge, window).again([m.Pick(1)])
    preview = window.findChild(Preview)
    assert preview is not None
    old = told.of(m.Act)[-1]
    preview.failed.click()
    old.answer({"items": 99, "states": [0] * 8, "runs": 1, "picks": [], "cut": False})
    bridge.frame()
    assert "99" not in preview.title.text()
    answer(told, bridge, 7, [(1, 0, 0, 7)], cut=True)
    assert "first 7" in preview.cut.text()
    count = len(told.of(m.Act))
    told.tell(make.delta("run:1", items=[[0, 0, SUCCEEDED]]))
    bridge.frame()
    preview._timer.timeout.emit()
    assert len(told.of(m.Act)) == count + 1
    answer(told, bridge, 0)
    assert not preview.yes.isEnabled()
    assert preview.hinted.hinting
    preview.reject()
    assert len(told.of(m.Act)) == count + 1, "leaving it changes nothing"


def test_a_refused_preview_says_why(qtbot: QtBot, bridge: Bridge, told: RecordingLink) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    Acting(bridge, window).again([m.Pick(9)])
    told.of(m.Act)[-1].fail(ValueError("there is no run 9"))
    bridge.frame()
    preview = window.findChild(Preview)
    assert preview is not None
    assert "no run 9" in preview.text.text()
    assert not preview.yes.isEnabled()


def test_few_failed_items_run_again_at_once(qtbot: QtBot, bridge: Bridge, told: RecordingLink) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    acting = Acting(bridge, window)
    asked: list[tuple[int, frozenset[int | None]]] = []
    acting.before_retry = lambda run, tasks, go: (asked.append((run, tasks)), go())[-1]
    acting.retry([m.Pick(1, 0, [(0, 1)])])
    answer(told, bridge, 2)
    assert answer(told, bridge, 2) == m.Act(0, "retry", [m.Pick(1, 0, [(0, 1)])])
    assert asked == [(1, frozenset({0}))], "the question about an edited graph comes first"
    acting.retry([m.Pick(1, 1)])
    answer(told, bridge, 0)
    assert "Nothing of this has failed" in acting.strip.label.text()


def test_a_cancel_can_be_taken_back(qtbot: QtBot, bridge: Bridge, told: RecordingLink) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    window.resize(500, 300)
    window.show()
    acting = Acting(bridge, window)
    acting.cancel([m.Pick(2)])
    answer(told, bridge, 3)
    preview = window.findChild(Preview)
    assert preview is not None
    answer(told, bridge, 3, [(2, 0, 0, 2), (2, 0, 5, 6)], states=[2, 0, 1, 0, 0, 0, 0, 0])
    assert "1 running" in preview.text.text()
    assert "its work is lost" in preview.text.text()
    assert not preview.after.isVisible()
    preview.yes.click()
    assert answer(told, bridge, 3, [(2, 0, 0, 2), (2, 0, 5, 6)]).dry is False
    assert acting.strip.isVisible()
    qtbot.mouseClick(acting.strip.button, Qt.MouseButton.LeftButton)
    assert told.of(m.Act)[-1].message == m.Act(0, "retry", [m.Pick(2, 0, [(0, 2), (5, 6)])])
    assert not acting.strip.isVisible()


def test_pause_priority_and_drain_offer_undo(qtbot: QtBot, bridge: Bridge, told: RecordingLink, make: Any) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    acting = Acting(bridge, window)
    acting.pause([2, 3])
    assert answer(told, bridge, 0) == m.Act(0, "pause", [m.Pick(2), m.Pick(3)])
    assert acting.strip.label.text() == "Paused 2 runs"
    acting.strip.button.click()
    assert told.of(m.Act)[-1].message == m.Act(0, "resume", [m.Pick(2), m.Pick(3)])
    acting.raise_by([2, 3], 1)
    assert answer(told, bridge, 0) == m.Act(0, "priority", [m.Pick(2, value=6), m.Pick(3, value=1)])
    acting.strip.button.click()
    assert told.of(m.Act)[-1].message == m.Act(0, "priority", [m.Pick(2, value=5), m.Pick(3, value=0)])
    told.tell(make.snapshot("agents", agents=[make.agent("a1", name="gpu7")], removed=[]))
    bridge.frame()
    acting.drain(["a1"])
    assert told.of(m.AgentControl)[-1].message == m.AgentControl(0, "drain", "a1")
    told.of(m.AgentControl)[-1].answer()
    bridge.frame()
    assert acting.strip.label.text() == "gpu7 gets nothing new"
    acting.strip.button.click()
    assert told.of(m.AgentControl)[-1].message == m.AgentControl(0, "undrain", "a1")
    acting.forgive(["a1"])
    told.of(m.AgentControl)[-1].answer()
    bridge.frame()
    assert acting.strip.label.text() == "gpu7 is forgiven"
    acting.strip.button.click()
    assert told.of(m.AgentControl)[-1].message == m.AgentControl(0, "unforgive", "a1")


def test_deleting_asks_and_names_what_goes(qtbot: QtBot, bridge: Bridge, told: RecordingLink) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    Acting(bridge, window).delete([1])
    box = window.findChild(QMessageBox)
    assert box is not None
    assert "run 1" in box.text()
    assert "41 items" in box.informativeText()
    assert "counted" in box.informativeText()
    assert box.defaultButton().text() != "Delete"
    (asked,) = told.of(m.Prune)
    assert asked.message == m.Prune(0, keep=0, dry=True, only=[1])
    asked.answer({"job": 4})
    bridge.frame()
    assert told.of(m.GetJob)[-1].message == m.GetJob(0, 4)
    told.of(m.GetJob)[-1].answer({"state": "running", "done": 0, "total": 1})
    bridge.frame()
    qtbot.waitUntil(lambda: len(told.of(m.GetJob)) == 2)
    found = {"runs": [], "bytes": 3 << 20, "blobs": 7, "blob_bytes": 5 << 30, "stale": 0, "stale_bytes": 0}
    told.of(m.GetJob)[-1].answer({"state": "done", "result": found})
    bridge.frame()
    text = box.informativeText()
    assert text.endswith("That is 3.0 MiB in the record, 5.0 GiB in 7 files that no other run needs.")
    next(button for button in box.buttons() if button.text() == "Delete").click()
    assert told.of(m.Act)[-1].message == m.Act(0, "delete", [m.Pick(1)])


def test_who_may_not_count_still_reads_how_many_items_go(qtbot: QtBot, bridge: Bridge, told: RecordingLink) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    Acting(bridge, window).delete([1])
    box = window.findChild(QMessageBox)
    assert box is not None
    told.of(m.Prune)[-1].fail(RuntimeError("operators may not prune"))
    bridge.frame()
    assert box.informativeText() == "41 items with their logs, results and files go. This cannot be undone."
    box.close()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    assert not told.of(m.Act)
    Acting(bridge, window).delete([1])
    box = window.findChild(QMessageBox)
    assert box is not None
    box.close()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    told.of(m.Prune)[-1].answer({"job": 4})
    bridge.frame()  # the question has gone, and nobody asks on
    assert not told.of(m.GetJob)


def test_dragging_in_the_queue_sets_priorities(qtbot: QtBot, bridge: Bridge, told: RecordingLink) -> None:
    pane = RunsPane(bridge)
    qtbot.addWidget(pane)
    pane.resize(1200, 400)
    pane.show()
    table, column = pane.runs_table, pane.runs.at("Priority")
    assert not table.dragEnabled()
    pane.runs.change(dict(bridge.mirror.runs))
    table.sort_by(column, Qt.SortOrder.DescendingOrder)
    assert table.dragEnabled()
    data = QMimeData()
    data.setData(MIME, QByteArray(b"4"))
    first = table.model().index(0, 0)
    assert first.data() == "2", "the highest priority is on top"
    top = table.visualRect(first).topLeft() + QPoint(5, 2)
    event = QDropEvent(
        QPointF(top), Qt.DropAction.MoveAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    )
    table.dropEvent(event)
    assert answer(told, bridge, 0) == m.Act(0, "priority", [m.Pick(4, value=6)])
    assert pane.acting.strip.label.text() == "Moved run 4 before run 2"


def test_what_was_refused_is_not_said_to_be_done(qtbot: QtBot, bridge: Bridge, told: RecordingLink, make: Any) -> None:
    told.tell(make.snapshot("agents", agents=[make.agent("a"), make.agent("b")], removed=[]))
    bridge.frame()
    window = QWidget()
    qtbot.addWidget(window)
    window.show()
    acting = Acting(bridge, window)
    for do, words in ((acting.drain, "b gets nothing new"), (acting.forgive, "b is forgiven")):
        do(["a", "b"])
        assert not acting.strip.isVisible(), "nobody has done it yet"
        for asked in told.of(m.AgentControl)[-2:]:
            asked.fail(RequestFailed("forbidden", "a viewer may only look"))
        bridge.frame()
        assert not acting.strip.isVisible()
        do(["a", "b"])
        first, second = told.of(m.AgentControl)[-2:]
        first.fail(RequestFailed("not-found", "no agent 'a'"))
        second.answer()
        bridge.frame()
        assert acting.strip.label.text() == words, "one of them only"
        acting.strip.hide()


def test_agents_are_drained_by_key(qtbot: QtBot, bridge: Bridge, told: RecordingLink, make: Any) -> None:
    pane = AgentsPane(bridge)
    qtbot.addWidget(pane)
    pane.resize(900, 300)
    pane.show()
    agents = [make.agent("a1", name="one"), make.agent("a2", name="two", draining=True), make.agent("a3", state="down")]
    told.tell(make.snapshot("agents", agents=agents, removed=[]))
    bridge.frame()
    focus(qtbot, pane.table)
    qtbot.keyClick(pane.table, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    assert [name for name, action in pane.deeds.actions.items() if action.isEnabled()] == ["drain", "undrain", "remove"]
    qtbot.keyClick(pane.table, Qt.Key.Key_D, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier)
    assert sorted(each.message.agent for each in told.of(m.AgentControl)) == ["a1"], "one that is down gets nothing"
    pane.part.line.set_text("state:draining")
    assert pane.part.proxy.rowCount() == 1


def test_the_list_of_a_preview_is_a_sound_model(qtbot: QtBot, bridge: Bridge, told: RecordingLink) -> None:
    model = PickedModel(bridge.mirror)
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal, model)
    model.show([(1, 0, 0, 3), (1, 0, 10, 10), (1, 1, 0, 1), (7, 3, 2, 5_000)])
    assert model.rowCount() == 4 + 4_998
    assert [model.item(row) for row in (0, 2, 3, 4, model.rowCount() - 1)] == [
        (1, 0, 0), (1, 0, 2), (1, 1, 0), (7, 3, 2), (7, 3, 4_999),
    ]  # fmt: skip
    assert [model.index(4, column).data() for column in range(4)] == ["7", "task 3", "2", ""]
    model.show([])
    assert model.rowCount() == 0


def test_targets_become_picks() -> None:
    assert picks_of(1, [(None, None)]) == [m.Pick(1)]
    assert picks_of(1, [(2, None), (0, 4), (0, 5)]) == [m.Pick(1, 2), m.Pick(1, 0, [(4, 5), (5, 6)])]


def test_the_strip_goes_with_its_window(qtbot: QtBot, bridge: Bridge) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    window.resize(400, 300)
    window.show()
    strip = Acting(bridge, window).strip
    strip.say("Paused run 1 with a rather long name that does not fit into a narrow window", lambda: None)
    assert strip.geometry().right() < window.width()
    window.resize(300, 200)
    QApplication.processEvents()
    assert window.rect().contains(strip.geometry())
