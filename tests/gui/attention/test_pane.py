"""The pane in the window: what stands there, what its buttons do, what is put aside; and how often it looks."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as settings_
from hypothesis import strategies as st
from PySide6.QtCore import QCoreApplication, QEvent, QSettings
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMessageBox, QPushButton
from pytestqt.qtbot import QtBot
from tests.depth import examples

from windlass.wire import messages as m
from windlass.wire.rows import Counts
from windlass_gui.attention.derive import Matter
from windlass_gui.attention.needs import Needs
from windlass_gui.attention.pane import AttentionPane
from windlass_gui.bridge import Bridge
from windlass_gui.bridge.recording import RecordingLink
from windlass_gui.panes.why import WhyDialog
from windlass_gui.window.main_window import MainWindow

pytestmark = pytest.mark.slow


@pytest.fixture
def window(window: MainWindow) -> MainWindow:
    window.resize(1280, 800)
    window.attention.show()
    return window


def feed(window: MainWindow, link: RecordingLink, make: Any, runs: list[Any] = [], agents: list[Any] = []) -> None:  # noqa: B006
    link.tell(make.snapshot("runs", runs=runs, removed=[]), make.snapshot("agents", agents=agents, removed=[]))
    window.bridge.frame()
    window.attention.needs.look()


def texts(window: MainWindow) -> list[str]:
    tree = window.attention.pane.list
    return [tree.topLevelItem(row).text(0) for row in range(tree.topLevelItemCount())]  # type: ignore[union-attr]


def press(window: MainWindow, row: int) -> None:
    pane = window.attention.pane
    cell = pane.list.itemWidget(pane.list.topLevelItem(row), 3)
    assert cell is not None
    button = cell.findChild(QPushButton)
    assert button is not None
    button.click()


def acts(link: RecordingLink) -> list[Any]:
    return [asked.message for asked in link.asked if isinstance(asked.message, (m.Act, m.AgentControl))]


def test_when_nothing_is_wrong_it_says_so(window: MainWindow, link: RecordingLink, make: Any) -> None:
    feed(window, link, make, [make.run(1)], [make.agent("a")])
    pane = window.attention.pane
    assert pane.hinted.hinting
    assert pane.hinted.hint.title.text() == "All is well"
    assert window.bottom.tabText(window.bottom.indexOf(pane)) == "Attention"
    assert window.bottom.tabIcon(window.bottom.indexOf(pane)).isNull()


def test_a_sick_machine_is_listed_counted_and_forgiven(window: MainWindow, link: RecordingLink, make: Any) -> None:
    feed(window, link, make, [make.run(1)], [make.agent("a", aside="4 items failed there"), make.agent("b")])
    assert texts(window) == ["Set aside as sick: 4 items failed there"]
    place = window.bottom.indexOf(window.attention.pane)
    assert window.bottom.tabText(place) == "Attention (1)"
    assert not window.bottom.tabIcon(place).isNull()
    press(window, 0)
    assert acts(link) == [m.AgentControl(0, "forgive", "a")]
    feed(window, link, make, [make.run(1)], [make.agent("a"), make.agent("b")])
    assert window.attention.pane.hinted.hinting


def test_the_buttons_do_what_they_say(window: MainWindow, link: RecordingLink, make: Any) -> None:
    runs = [
        make.run(1, blocked="train needs 8 GPUs", blocked_task=3, counts=Counts(ready=1)),
        make.run(2, deadline="missed", priority=2),
        make.run(3, failing="encode", failures=7),
        make.run(4, priority=5),
    ]
    feed(window, link, make, runs, [make.agent("full", disk_free=1 << 30, disk_total=500 << 30)])
    found = {matter.kind: row for row, matter in enumerate(window.attention.needs.matters)}
    assert set(found) == {"unschedulable", "deadline", "failing", "disk"}
    press(window, found["unschedulable"])
    dialog = window.findChild(WhyDialog)
    assert dialog is not None
    explain = link.of(m.Explain)[-1].message
    assert (explain.run, explain.task) == (1, 3)
    dialog.close()
    press(window, found["deadline"])
    assert acts(link)[-1] == m.Act(0, "priority", [m.Pick(2, value=6)])
    press(window, found["failing"])
    assert window.run_view.run == 3
    assert window.bottom.currentWidget() is window.failures
    window.attention.show()
    press(window, found["disk"])
    assert acts(link)[-1] == m.AgentControl(0, "drain", "full")
    window.attention.fixing.do("space", window.attention.needs.matters[found["disk"]])
    (box,) = window.findChildren(QMessageBox)
    assert "blobs" in box.informativeText()
    box.close()


def test_other_fixes_retry_pause_cancel_drain_and_let_work_again(
    window: MainWindow, link: RecordingLink, make: Any
) -> None:
    feed(window, link, make, [make.run(3, failing="encode", failures=7)], [make.agent("d", draining=True)])
    (matter,) = window.attention.needs.matters
    do = window.attention.fixing.do
    do("retry", matter)
    do("pause", matter)
    do("cancel", matter)
    assert [(act.action, act.dry) for act in acts(link)] == [("retry", True), ("pause", False), ("cancel", True)]
    agent = Matter("sick", 2, "d", "d", agent="d")
    do("undrain", agent)
    do("drain", agent)
    assert acts(link)[3:] == [m.AgentControl(0, "undrain", "d"), m.AgentControl(0, "drain", "d")]
    gone = Matter("failing", 2, "run 9", "x", run=9)
    before = len(link.asked)
    for name in ("retry", "pause", "failures", "priority", "why", "run"):
        do(name, gone)
    assert not [asked for asked in link.asked[before:] if getattr(asked.message, "picks", None)], "the run is gone"


def test_put_aside_it_goes_and_can_be_listed_again(
    window: MainWindow, link: RecordingLink, make: Any, settings: QSettings
) -> None:
    feed(window, link, make, [], [make.agent("a", aside="x"), make.agent("b", aside="y")])
    pane, needs = window.attention.pane, window.attention.needs
    needs.put_aside(needs.matters[0])
    assert texts(window) == ["Set aside as sick: y"]
    assert pane.hidden.text() == "1 put aside"
    assert window.bottom.tabText(window.bottom.indexOf(pane)) == "Attention (1)"
    assert "sick" in str(settings.value("attention/aside"))
    pane.hidden.click()
    assert texts(window) == ["Set aside as sick: y", "Set aside as sick: x"]
    press(window, 1)
    assert texts(window) == ["Set aside as sick: x", "Set aside as sick: y"]
    assert pane.hidden.isHidden()


def test_what_did_not_change_keeps_its_row(window: MainWindow, link: RecordingLink, make: Any) -> None:
    feed(window, link, make, [make.run(1)], [make.agent("a", aside="x"), make.agent("b", aside="y")])
    tree = window.attention.pane.list
    tree.setCurrentItem(tree.topLevelItem(1))
    kept = tree.topLevelItem(1)
    feed(window, link, make, [make.run(1, priority=3)], [make.agent("a", aside="z"), make.agent("b", aside="y")])
    assert texts(window) == ["Set aside as sick: z", "Set aside as sick: y"]
    assert tree.topLevelItem(1) is kept
    feed(window, link, make, [make.run(1, deadline="missed")], [make.agent("b", aside="y")])
    assert texts(window)[1] == "Set aside as sick: y"
    assert tree.indexOfTopLevelItem(tree.currentItem()) == 1, "what was chosen stays chosen"


@given(st.lists(st.lists(st.sampled_from("abcdefgh"), unique=True), min_size=2, max_size=5))
@settings_(max_examples=examples(25), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_change_gives_the_list_that_a_new_pane_would_show(qapp: QApplication, steps: list[list[str]]) -> None:
    bridge = Bridge()
    bridge.frames.stop()
    needs = Needs(bridge, QSettings("/nonexistent/app.ini", QSettings.Format.IniFormat))
    pane = AttentionPane(needs, lambda: True)
    pane.show()
    for step in steps:
        found = [Matter("sick", 2, name, name, agent=name, detail=str(len(step)), fixes=("forgive",)) for name in step]
        needs.matters = found[: len(found) // 2]
        needs.aside = found[len(found) // 2 :]
        pane.hidden.setChecked(len(step) % 2 == 0)
        pane.refresh()
        shown = [*needs.matters, *(needs.aside if pane.hidden.isChecked() else [])]
        rows = [pane.list.topLevelItem(row) for row in range(pane.list.topLevelItemCount())]
        assert [row.text(1) for row in rows if row is not None] == [matter.agent for matter in shown]
        labels = [pane.list.itemWidget(row, 3).findChild(QPushButton).text() for row in rows]  # type: ignore[union-attr,arg-type]
        assert labels == ["Forgive"] * len(needs.matters) + ["Show again"] * (len(shown) - len(needs.matters))
    pane.deleteLater()
    bridge.shutdown(stop_core=False)
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def test_many_changes_are_one_look(window: MainWindow, link: RecordingLink, make: Any, qtbot: QtBot) -> None:
    needs = window.attention.needs
    feed(window, link, make, [make.run(1)], [make.agent("a")])
    looks: list[int] = []
    needs.looked.connect(lambda: looks.append(1))
    for failures in range(5, 30):
        link.tell(make.delta("runs", runs=[make.run(1, failing="t", failures=failures)], removed=[]))
        window.bridge.frame()
    assert not looks
    qtbot.waitUntil(lambda: bool(looks))
    assert texts(window) == ["t keeps failing: 29 attempts so far"]
    assert looks == [1]


def test_the_core_is_asked_for_its_own_disk(window: MainWindow, link: RecordingLink, bridge: Bridge) -> None:
    asked = link.of(m.GetInfo)[0]
    asked.answer({"disk": {"free": 1 << 30, "total": 500 << 30}, "problem": ""})
    bridge.frame()
    window.attention.needs.look()
    assert texts(window) == ["The disk is almost full: 1.0 GiB free"]
    press(window, 0)
    (box,) = window.findChildren(QMessageBox)
    assert "windlass prune" in box.informativeText()
    box.close()


def test_in_a_narrow_pane_the_button_stays_in_sight(window: MainWindow, link: RecordingLink, make: Any) -> None:
    feed(window, link, make, [], [make.agent("a", aside="x")])
    pane = window.attention.pane
    for width, hidden in ((900, [False, False]), (600, [False, True]), (340, [True, True])):
        pane.resize(width, 200)
        pane.list.resize(width, 160)
        assert [pane.list.isColumnHidden(1), pane.list.isColumnHidden(2)] == hidden
        right = pane.list.columnViewportPosition(4) + pane.list.columnWidth(4)
        assert right <= pane.list.viewport().width()


def test_the_monitor_leads_there(window: MainWindow, link: RecordingLink, make: Any) -> None:
    feed(window, link, make, [], [make.agent("a", aside="x")])
    window.bottom.setCurrentWidget(window.runs)
    window.show_monitor()
    assert window.monitor is not None
    assert window.monitor.needs.text() == "Attention (1)"
    window.monitor.needs.click()
    assert window.bottom.currentWidget() is window.attention.pane
    feed(window, link, make, [], [make.agent("a")])
    assert window.monitor.needs.isHidden()


def test_the_keyboard_reaches_the_pane_and_its_fix(window: MainWindow, link: RecordingLink, make: Any) -> None:
    feed(window, link, make, [], [make.agent("a", aside="x")])
    window.bottom.setCurrentWidget(window.runs)
    window.actions_["attention"].trigger()
    tree = window.attention.pane.list
    tree.setCurrentItem(tree.topLevelItem(0))
    QTest.keyClick(tree, "\r")
    assert acts(link) == [m.AgentControl(0, "forgive", "a")]
