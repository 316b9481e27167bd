"""A small screen: no part makes the window wider than it is, and what does not fit goes into a menu."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import QCoreApplication
from pytestqt.qtbot import QtBot

from windlass.wire.rows import Counts
from windlass_gui.bridge import Bridge
from windlass_gui.bridge.recording import RecordingLink
from windlass_gui.timeline import TimelinePane
from windlass_gui.timeline.legend import Legend
from windlass_gui.window.main_window import MainWindow

GRAPH = "windlass: 1\nname: dawn\ntasks:\n  task-0: {command: xx, position: [0, 0]}\n"


def settled(window: MainWindow) -> None:
    for _ in range(3):
        QCoreApplication.processEvents()


@pytest.mark.parametrize("size", [(683, 467), (1024, 700)])
def test_a_run_that_is_shown_leaves_the_window_as_wide_as_it_is(
    size: tuple[int, int], window: MainWindow, bridge: Bridge, link: RecordingLink, make: Any
) -> None:
    """683 pixels are what a screen of 1024 has at 150 %."""
    window.resize(*size)
    window.opening.open_text(GRAPH)
    settled(window)
    assert window.width() == size[0]
    row = make.run(1, "failed", name="a-run-with-a-long-name", counts=Counts(failed=3))
    link.tell(make.snapshot("runs", runs=[row], removed=[]))
    bridge.frame()
    window.run_view.show_run(1, GRAPH)
    settled(window)
    assert window.run_view.isVisible()
    assert window.width() == size[0]


def test_the_timelines_switches_are_in_a_menu_where_they_would_be_cut(qtbot: QtBot, bridge: Bridge) -> None:
    pane = TimelinePane(bridge)
    qtbot.addWidget(pane)
    pane.resize(1200, 300)
    pane.show()
    assert pane.top.more.isHidden()
    assert pane.findChild(Legend).isVisible()
    pane.resize(480, 300)
    assert pane.top.more.isVisible()
    assert [action.text() for action in pane.top.more.menu().actions()] == ["Fold pauses", "Critical path", "", "Fit"]
    for box in (pane.lanes, pane.colors, pane.top.export):
        assert box.width() >= box.sizeHint().width()
