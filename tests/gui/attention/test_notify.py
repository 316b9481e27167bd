"""Notifications and the tray: bursts are one line, the start is silent, switches count at once, the icon tells."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from PySide6.QtCore import QSettings, Qt
from PySide6.QtWidgets import QApplication, QLabel, QPushButton

from windlass.wire import messages as m
from windlass.wire.rows import Counts
from windlass_gui.attention.derive import STUCK, URGENT
from windlass_gui.attention.needs import Needs
from windlass_gui.attention.news import News
from windlass_gui.attention.notify import Notifier
from windlass_gui.attention.settings import TOLD, Wishes
from windlass_gui.attention.tray import Tray, draw_tray, progress
from windlass_gui.bridge import Bridge
from windlass_gui.bridge.recording import RecordingLink
from windlass_gui.look.theme import load_theme
from windlass_gui.look.tick_box import TickBox
from windlass_gui.window.main_window import MainWindow


class Desktop:
    """What would have been shown, and whether a window is in front."""

    def __init__(self) -> None:
        self.shown: list[tuple[str, str, bool]] = []
        self.front = False
        self.now = 1_800_000_000.0

    def show(self, title: str, text: str, grave: bool) -> None:
        self.shown.append((title, text, grave))


@pytest.fixture
def desktop() -> Desktop:
    return Desktop()


@pytest.fixture
def notifier(bridge: Bridge, settings: QSettings, desktop: Desktop) -> Iterator[Notifier]:
    needs = Needs(bridge, settings, clock=lambda: desktop.now)
    made = Notifier(bridge, needs, Wishes(settings), desktop.show, lambda: desktop.front)
    yield made
    made.deleteLater()
    needs.deleteLater()


def told(notifier: Notifier, link: RecordingLink, *messages: Any) -> list[tuple[str, str, bool]]:
    """What is shown after these messages."""
    link.tell(*messages)
    notifier.bridge.frame()
    notifier.needs.look()
    notifier.tell()
    shown = notifier.show.__self__.shown  # type: ignore[attr-defined]
    found = list(shown)
    shown.clear()
    return found


def start(notifier: Notifier, link: RecordingLink, make: Any, runs: list[Any], agents: list[Any]) -> None:
    found = told(
        notifier, link, make.snapshot("runs", runs=runs, removed=[]), make.snapshot("agents", agents=agents, removed=[])
    )
    assert found == [], "what is there at the start is never told"


def test_one_end_is_told_with_its_name_and_a_burst_in_one(notifier: Notifier, link: RecordingLink, make: Any) -> None:
    runs = [make.run(number) for number in range(1, 20)]
    start(notifier, link, make, [*runs, make.run(50, "failed")], [make.agent("a")])
    assert told(notifier, link, make.delta("runs", runs=[make.run(1, "succeeded")], removed=[])) == [
        ("A run succeeded", "run 1 · graph-1", False)
    ]
    burst = [make.delta("runs", runs=[make.run(number, "succeeded")], removed=[]) for number in range(2, 14)]
    assert told(notifier, link, *burst) == [
        ("12 runs succeeded", "run 2 · graph-2, run 3 · graph-3, run 4 · graph-4 and 9 more", False)
    ]
    assert told(notifier, link, make.delta("runs", runs=[make.run(1, "succeeded", priority=4)], removed=[])) == []
    mixed = make.delta(
        "runs", runs=[make.run(14, "failed", note="encode failed"), make.run(15, "succeeded")], removed=[]
    )
    (title, text, grave) = told(notifier, link, mixed)[0]
    assert (title, grave) == ("2 things happened", True)
    assert text.splitlines() == [
        "A run failed: run 14 · graph-14: encode failed", "A run succeeded: run 15 · graph-15",
    ]  # fmt: skip
    assert told(notifier, link, make.delta("runs", runs=[make.run(16, "cancelled")], removed=[])) == []


def test_machines_that_go_away_and_matters_that_begin_or_worsen(
    notifier: Notifier, link: RecordingLink, make: Any, desktop: Desktop
) -> None:
    start(notifier, link, make, [], [make.agent("a"), make.agent("b", aside="x"), make.agent("c", state="down")])
    away = make.agent("a", state="disconnected", running=2)
    assert told(notifier, link, make.delta("agents", agents=[away], removed=[])) == [
        ("A machine went away", "a", False)
    ]
    desktop.now += 5
    full = make.agent("b", aside="x", disk_free=15 << 30, disk_total=500 << 30)
    (title, text, _) = told(notifier, link, make.delta("agents", agents=[full], removed=[]))[0]
    assert (title, text) == ("A disk nearly full", "b: The disk is nearly full: 15.0 GiB free")
    worse = make.agent("b", aside="x", disk_free=1 << 30, disk_total=500 << 30)
    assert told(notifier, link, make.delta("agents", agents=[worse], removed=[]))[0][2], "worse is news, and grave"
    assert told(notifier, link, make.delta("agents", agents=[worse], removed=[])) == []


def test_what_stood_still_at_the_start_is_not_told_later(
    notifier: Notifier, link: RecordingLink, make: Any, desktop: Desktop
) -> None:
    start(notifier, link, make, [make.run(1, counts=Counts(ready=1))], [make.agent("a")])
    desktop.now += STUCK + 1
    assert told(notifier, link) == []
    assert [matter.kind for matter in notifier.needs.matters] == ["stuck"], "it is listed all the same"
    told(notifier, link, make.delta("runs", runs=[make.run(1)], removed=[]))
    told(notifier, link, make.delta("runs", runs=[make.run(1, counts=Counts(ready=1))], removed=[]))
    desktop.now += STUCK + 1
    assert [title for title, _, _ in told(notifier, link)] == ["A run that does not go on"]


def test_the_switches_and_the_window_in_front(
    notifier: Notifier, link: RecordingLink, make: Any, desktop: Desktop, settings: QSettings
) -> None:
    start(notifier, link, make, [make.run(number) for number in range(1, 9)], [])
    desktop.front = True
    assert told(notifier, link, make.delta("runs", runs=[make.run(1, "failed")], removed=[])) == []
    desktop.front = False
    assert told(notifier, link) == [], "what was seen in the window is not told afterwards"
    settings.setValue("notify/in-front", True)
    desktop.front = True
    assert told(notifier, link, make.delta("runs", runs=[make.run(2, "failed")], removed=[]))
    settings.setValue("notify/run-failed", False)
    assert told(notifier, link, make.delta("runs", runs=[make.run(3, "failed")], removed=[])) == []


def test_a_core_that_comes_back_tells_what_ended_meanwhile_and_another_core_is_a_new_start(
    notifier: Notifier, link: RecordingLink, make: Any, bridge: Bridge
) -> None:
    start(notifier, link, make, [make.run(1), make.run(2)], [make.agent("a")])
    link_phase(bridge, "connecting")
    link_phase(bridge, "up")
    again = make.snapshot("runs", runs=[make.run(1, "failed"), make.run(2)], removed=[])
    assert [title for title, _, _ in told(notifier, link, again)] == ["A run failed"]
    bridge._drop()
    link_phase(bridge, "connecting")
    bridge.use_link(link)
    link_phase(bridge, "up")
    start(notifier, link, make, [make.run(7, "failed")], [make.agent("b", aside="x")])


def link_phase(bridge: Bridge, phase: str) -> None:
    bridge.link_phase(phase)
    bridge.frame()


def test_the_ring_follows_what_runs_and_the_mark_what_is_wrong(make: Any, qapp: QApplication) -> None:
    rows = [make.run(1, counts=Counts(pending=6, succeeded=3, failed=1)), make.run(2, "failed")]
    assert progress(rows) == (1, 4, 10)
    theme = load_theme("dark")

    def pixels(share: float | None, severity: int, color: str) -> int:
        image = draw_tray(share, severity, theme).toImage()
        spots = ((x, y) for x in range(image.width()) for y in range(image.height()))
        return sum(image.pixelColor(x, y).name() == color for x, y in spots)

    ring = [pixels(share, 0, theme.ok) for share in (None, 0.0, 0.25, 0.5, 1.0)]
    assert ring[:2] == [0, 0]
    assert 0 < ring[2] < ring[3] < ring[4]
    assert pixels(0.5, URGENT, theme.danger) > 100
    assert pixels(0.5, 0, theme.danger) == 0


def test_the_trays_menu_says_how_far_and_asks_before_it_pauses_all(
    window: MainWindow, link: RecordingLink, make: Any
) -> None:
    desk = window.attention
    tray = desk.tray = desk._make_tray()
    link.tell(make.snapshot("agents", agents=[make.agent("a", aside="x")], removed=[]))
    link.tell(make.snapshot("runs", runs=[make.run(1), make.run(2, "paused"), make.run(3, "failed")], removed=[]))
    window.bridge.frame()
    desk.needs.look()
    assert tray.icon.toolTip() == "Windlass · 2 runs: 6 of 12 items done · Attention (1)"
    assert tray.attention.text() == "Attention (1)"
    tray._draw()
    assert tray.drawn == (50, 2)
    tray.attention.trigger()
    assert window.bottom.currentWidget() is desk.pane
    tray.pause.trigger()
    box = desk.ask_pause_all(True)
    assert box is not None
    assert box.text() == "Pause 1 run?"
    assert not link.of(m.Act)
    next(button for button in box.findChildren(QPushButton) if button.text() == "Pause all").click()
    assert link.of(m.Act)[-1].message == m.Act(0, "pause", [m.Pick(1)])
    resume = desk.ask_pause_all(False)
    assert resume is not None
    resume.close()
    desk._open_news(News("run-ended", "graph-3", 3))
    assert window.bottom.currentWidget() is window.runs
    assert window.runs.current == 3
    desk.tray = None
    tray.deleteLater()


def test_the_settings_have_a_switch_for_each_kind_and_say_when_there_is_no_tray(
    window: MainWindow, settings: QSettings, link: RecordingLink, make: Any
) -> None:
    assert not window.attention.tray_available, "the offscreen platform has none"
    dialog = window.show_settings()
    page = next(
        dialog.tabs.widget(at) for at in range(dialog.tabs.count()) if dialog.tabs.tabText(at) == "Notifications"
    )
    assert any("no tray" in label.text() for label in page.findChildren(QLabel))
    assert not any(box.isEnabled() for box in page.findChildren(TickBox))
    dialog.close()
    window.attention.tray_available = True
    section = window.attention._settings_section(settings)[1]
    boxes = section.findChildren(TickBox)
    assert len(boxes) == len(TOLD) + 2
    failed = next(box for box in boxes if box.text() == "A run failed")
    assert failed.isChecked()
    settings.setValue("tray", False)
    failed.click()
    assert not Wishes(settings).told("run-failed")
    section.deleteLater()


def test_the_tray_comes_and_goes_with_its_switch(
    window: MainWindow, settings: QSettings, no_qt_warnings: list[str]
) -> None:
    desk = window.attention
    desk.tray_available = True
    desk.follow_wishes()
    assert isinstance(desk.tray, Tray)
    no_qt_warnings[:] = [text for text in no_qt_warnings if "systemTrayWindowChanged" not in text]  # of offscreen alone
    desk._notify("A run failed", "run 1", True)
    desk.notifier.last = News("agent-lost", "a", agent="a")
    desk.tray.message_clicked.emit()
    assert window.monitor is not None
    settings.setValue("tray", False)
    settings.setValue("notify/failures", 3)
    desk.follow_wishes()
    assert desk.tray is None
    assert desk.needs.watch.failures == 3
    assert window.windowState() & Qt.WindowState.WindowMinimized == Qt.WindowState.WindowNoState
