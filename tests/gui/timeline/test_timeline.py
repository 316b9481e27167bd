"""The timeline as a person uses it: zoom, pan, point, click, both themes."""

from __future__ import annotations

from typing import Any

import msgspec
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from windlass.wire import messages as m
from windlass_gui.bridge import Bridge
from windlass_gui.bridge.recording import RecordingLink
from windlass_gui.theme import apply_theme, current_theme
from windlass_gui.timeline import TimelinePane
from windlass_gui.timeline.view import LABELS, LANE, RULER


def shown(qtbot: QtBot, bridge: Bridge, link: RecordingLink, make: Any) -> TimelinePane:
    pane = TimelinePane(bridge)
    qtbot.addWidget(pane)
    pane.resize(900, 300)
    pane.show()
    bridge.follow(1)
    pane.show_run(1)
    rows = [
        make.attempt(0, n, state="exited", started=make.NOW + n, ended=make.NOW + n + 0.9, slot=n % 2)
        for n in range(10)
    ]
    link.tell(make.snapshot("run:1", run=make.run(1), tasks=[make.task(0, 10)], states={0: bytes(10)}, attempts=rows))
    bridge.frame()
    return pane


def test_an_empty_timeline_says_what_will_be_there(qtbot: QtBot, bridge: Bridge) -> None:
    pane = TimelinePane(bridge)
    qtbot.addWidget(pane)
    assert pane.hinted.hinting
    assert pane.hinted.hint.title.text() == "No run selected"


def test_bars_come_with_the_run(qtbot: QtBot, bridge: Bridge, link: RecordingLink, make: Any) -> None:
    pane = shown(qtbot, bridge, link, make)
    assert not pane.hinted.hinting
    assert pane.bars.count == 10
    link.tell(make.delta("run:1", attempts=[make.attempt(0, 11, 2, started=make.NOW + 11)]))
    bridge.frame()
    assert pane.bars.count == 11
    assert "attempts" in pane.note.text()
    pane.show_run(None)
    assert pane.hinted.hinting


def test_older_attempts_come_page_by_page(qtbot: QtBot, bridge: Bridge, link: RecordingLink, make: Any) -> None:
    pane = TimelinePane(bridge)
    qtbot.addWidget(pane)
    bridge.follow(1)
    pane.show_run(1)
    link.tell(make.snapshot("run:1", run=make.run(1), tasks=[make.task(0, 6)], attempts=[]))
    bridge.frame()
    first = link.of(m.GetAttempts)[0]
    rows = [make.attempt(0, n, state="exited") for n in range(6)]
    first.answer({"attempts": [msgspec.to_builtins(row) for row in rows[:3]], "next": 3})
    bridge.frame()
    second = link.of(m.GetAttempts)[1]
    assert second.message.after == 3
    second.answer({"attempts": [msgspec.to_builtins(row) for row in rows[3:]], "next": None})
    bridge.frame()
    assert pane.bars.count == 6
    assert len(link.of(m.GetAttempts)) == 2


def test_clicking_a_bar_asks_for_its_log(qtbot: QtBot, bridge: Bridge, link: RecordingLink, make: Any) -> None:
    pane = shown(qtbot, bridge, link, make)
    view = pane.view
    x = round(view.x_of(make.NOW + 3.4))
    with qtbot.waitSignal(pane.attempt_selected) as asked:
        qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=QPoint(x, RULER + LANE + LANE // 2))
    assert asked.args == [1, 0, 3, 1]
    assert "task-0[3]" in view.describe((1, 0, 3, 1))


def test_bars_are_reached_by_the_keyboard(qtbot: QtBot, bridge: Bridge, link: RecordingLink, make: Any) -> None:
    pane = shown(qtbot, bridge, link, make)
    view, control = pane.view, Qt.KeyboardModifier.ControlModifier
    keys = Qt.Key
    chosen = []
    for key in (keys.Key_Right, keys.Key_Right, keys.Key_Down, keys.Key_Left, keys.Key_Left, keys.Key_Left):
        qtbot.keyClick(view, key, control)
        assert view.selected is not None
        chosen.append(view.selected[2])
    assert chosen[:2] == [0, 2]
    assert chosen[2] in (1, 3)
    assert chosen[-1] == 1, "before the first bar of a lane there is none"
    with qtbot.waitSignal(pane.attempt_selected) as asked:
        qtbot.keyClick(view, keys.Key_Return)
    assert asked.args == [1, 0, 1, 1]
    for _ in range(30):
        qtbot.keyClick(view, keys.Key_W)  # so large that the others are far out of view
    qtbot.keyClick(view, keys.Key_Right, control)
    assert view.plot.contains(round(view.x_of(make.NOW + 3.45)), view.plot.center().y())


def test_zoom_keeps_the_point_and_fit_shows_all(qtbot: QtBot, bridge: Bridge, link: RecordingLink, make: Any) -> None:
    view = shown(qtbot, bridge, link, make).view
    before = view.time_at(LABELS + 200)
    qtbot.keyClick(view, Qt.Key.Key_W)
    view.zoom(0.1, LABELS + 200)
    assert abs(view.time_at(LABELS + 200) - before) < 2
    assert not view.fitting
    left = view.first
    qtbot.keyClick(view, Qt.Key.Key_D)
    assert view.first > left
    qtbot.keyClick(view, Qt.Key.Key_F)
    assert view.fitting
    assert view.first <= make.NOW
    assert view.time_at(view.width()) >= make.NOW + 9.9
    for _ in range(200):
        view.zoom(0.5)
    for _ in range(200):
        view.zoom(2.0)
    view.grab()


def test_dragging_pans_and_is_no_click(qtbot: QtBot, bridge: Bridge, link: RecordingLink, make: Any) -> None:
    pane = shown(qtbot, bridge, link, make)
    clicked: list[Any] = []
    pane.attempt_selected.connect(lambda *key: clicked.append(key))
    view, left = pane.view, pane.view.first
    start = QPoint(LABELS + 300, RULER + 10)
    qtbot.mousePress(view, Qt.MouseButton.LeftButton, pos=start)
    qtbot.mouseMove(view, start - QPoint(60, 0))
    qtbot.mouseMove(view, start - QPoint(100, 0))
    qtbot.mouseRelease(view, Qt.MouseButton.LeftButton, pos=start - QPoint(100, 0))
    assert view.first > left
    assert not clicked


def test_colours_follow_the_theme(
    qtbot: QtBot, qapp: QApplication, bridge: Bridge, link: RecordingLink, make: Any
) -> None:
    view = shown(qtbot, bridge, link, make).view
    for name in ("dark", "light"):
        apply_theme(qapp, name)
        image = view.grab().toImage()
        at = QPoint(round(view.x_of(make.NOW + 0.8)), RULER + 5)
        assert QColor(image.pixelColor(at)).name() == current_theme().state_color("succeeded").name()
        assert image.pixelColor(image.width() - 30, image.height() - 10).name() == current_theme().canvas


def test_what_a_delta_left_out_is_asked_for(qtbot: QtBot, bridge: Bridge, link: RecordingLink, make: Any) -> None:
    pane = shown(qtbot, bridge, link, make)
    link.of(m.GetAttempts)[0].answer({"attempts": [], "next": None})
    bridge.frame()
    link.tell(make.delta("run:1", attempts=[], shed=40))
    bridge.frame()
    asked = link.of(m.GetAttempts)[1]
    assert asked.message.after == 1, "from the last end that is known"
    row = make.attempt(0, 20, state="exited", seq=9)
    asked.answer({"attempts": [msgspec.to_builtins(row)], "next": None})
    bridge.frame()
    assert pane.bars.count == 11
