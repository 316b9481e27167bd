"""A window that hears nothing does not wake, and one that hears something shows it within a frame."""

from __future__ import annotations

import os
import signal
import threading
from typing import Any

import pytest
from PySide6.QtCore import QCoreApplication, QEventLoop, QObject, QSettings, QTimer
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot
from tests.gui.windows import main_window

from windlass_gui.bridge import Bridge
from windlass_gui.bridge.frames import FRAME, SETTLE, Frames
from windlass_gui.bridge.recording import RecordingLink
from windlass_gui.collecting import Collector
from windlass_gui.interrupts import told_of_signals
from windlass_gui.panes import ItemsPane, RunsPane
from windlass_gui.panes.attempts import AttemptsPane

SELDOM = 60_000
"""Milliseconds: what comes once a minute wakes nobody worth speaking of."""
ROUNDS = 6
ACTIVE = 3
SUCCEEDED = 4


def started(*parts: QObject) -> list[QTimer]:
    """Timers that will wake the app."""
    timers = [timer for part in parts for timer in part.findChildren(QTimer)]
    return [timer for timer in timers if timer.isActive() and timer.interval() < SELDOM]


def let_time_pass(*parts: QObject) -> None:
    """Whatever waits for its time has it, again and again if need be."""
    for _ in range(ROUNDS):
        QCoreApplication.processEvents()
        for timer in started(*parts):
            if timer.isSingleShot():
                timer.stop()
            timer.timeout.emit()


class World:
    """A clock of the test's own, and a bridge whose frames come by themselves."""

    def __init__(self) -> None:
        self.time = 50.0
        self.done: list[float] = []
        self.frames = Frames(lambda: self.done.append(self.time), clock=lambda: self.time)

    def due(self) -> None:
        """The frame that is on its way comes when its timer says."""
        assert self.frames.waiting
        self.time += self.frames._timer.interval() / 1000
        self.frames._timer.stop()
        self.frames._due()


def test_rings_are_one_frame_soon_after_a_quiet_time_and_then_at_most_thirty_a_second(qtbot: QtBot) -> None:
    world = World()
    assert not world.frames.waiting
    for _ in range(100):
        world.frames.ring()
    world.due()
    assert world.done == pytest.approx([50.0 + SETTLE / 1000])
    assert not world.frames.waiting, "nothing more came"
    world.frames.ring()
    world.due()
    assert world.done[1] - world.done[0] >= FRAME / 1000
    while world.time < 52.0:  # news each millisecond
        world.frames.ring()
        world.due()
    assert len(world.done) <= 2 * 1000 / FRAME + 3


def test_a_ring_of_another_thread_comes_and_after_the_end_none_does(qtbot: QtBot) -> None:
    seen: list[threading.Thread] = []
    frames = Frames(lambda: seen.append(threading.current_thread()))
    thread = threading.Thread(target=frames.ring)
    thread.start()
    thread.join()
    qtbot.waitUntil(lambda: bool(seen))
    assert seen == [threading.main_thread()]
    frames.stop()
    frames.ring()
    assert not frames.waiting


@pytest.fixture
def live() -> Any:
    """A bridge as the app has it, with nothing to do after what it has heard at its start."""
    bridge, link = Bridge(), RecordingLink()
    bridge.use_link(link)
    bridge.link_phase("up")
    yield bridge, link
    bridge.shutdown(stop_core=False)


def test_news_is_shown_by_itself(qtbot: QtBot, live: tuple[Bridge, RecordingLink], make: Any) -> None:
    bridge, link = live
    qtbot.waitUntil(lambda: bridge.state == "up")
    rings: list[int] = []
    ring = bridge.inbox._ring
    bridge.inbox._ring = lambda: (rings.append(1), ring())
    thread = threading.Thread(
        target=lambda: [link.tell(make.snapshot("runs", runs=[make.run(n)], removed=[])) for n in range(500)]
    )
    with qtbot.waitSignal(bridge.mirror_changed):
        thread.start()
    thread.join()
    qtbot.waitUntil(lambda: set(bridge.mirror.runs) == {499})
    assert len(rings) < 100, "a ring a frame, not one a message"
    qtbot.waitUntil(lambda: not bridge.frames.waiting)
    with qtbot.waitSignal(bridge.mirror_changed) as told:
        bridge.attach("wl1.nonsense")  # leaves this core: what was known of it is told without any news
    assert "runs" in told.args[0].resets
    assert not bridge.mirror.runs


def test_an_answer_that_fails_costs_nobody_theirs(qtbot: QtBot, live: tuple[Bridge, RecordingLink], make: Any) -> None:
    bridge, link = live
    said: list[str] = []
    bridge.inbox.call(lambda: said.append("first"))
    bridge.inbox.call(lambda: said[7])  # type: ignore[arg-type,return-value]
    bridge.inbox.call(lambda: said.append("last"))
    link.tell(make.snapshot("runs", runs=[make.run(1)], removed=[]))
    with qtbot.captureExceptions() as raised, qtbot.waitSignal(bridge.mirror_changed):
        pass
    assert [kind for kind, _, _ in raised] == [IndexError]
    assert said == ["first", "last"]
    assert set(bridge.mirror.runs) == {1}


def test_answers_come_in_order_while_one_of_them_waits_for_a_person(
    qtbot: QtBot, live: tuple[Bridge, RecordingLink]
) -> None:
    bridge, _ = live
    said: list[str] = []
    loop = QEventLoop()

    def dialog() -> None:
        said.append("opens")
        bridge.inbox.call(lambda: (said.append("heard in it"), loop.quit()))  # type: ignore[arg-type,return-value]
        loop.exec()
        said.append("closed")

    bridge.inbox.call(dialog)
    bridge.inbox.call(lambda: said.append("behind it"))
    qtbot.waitUntil(lambda: "closed" in said)
    assert said == ["opens", "behind it", "heard in it", "closed"]


def test_a_window_that_hears_nothing_does_not_wake(
    qtbot: QtBot, live: tuple[Bridge, RecordingLink], settings: QSettings, make: Any
) -> None:
    bridge, link = live
    with main_window(bridge, settings) as window:
        window.resize(1200, 800)
        window.new()
        for tab in range(window.bottom.count()):
            ended = make.run(1, "succeeded", ended=make.NOW)
            link.tell(make.snapshot("runs", runs=[ended], removed=[]))
            link.tell(make.snapshot("agents", agents=[make.agent("a1")], removed=[]))
            window.bottom.setCurrentIndex(tab)
            window.run_view.show_run(1)
            window.runs.select_run(1)
            data: dict[str, Any] = {"states": {0: bytes([SUCCEEDED] * 10)}, "tasks": [make.task(0, 10)]}
            link.tell(make.snapshot("run:1", run=ended, attempts=[], **data))
            window.items.show_task(1, 0)
            window.timeline.show_run(1)
            qtbot.waitUntil(lambda: bridge.mirror.run(1) is not None)
            let_time_pass(window, bridge)
            assert not [timer.parent() for timer in started(window, bridge)]


def test_the_collector_of_garbage_looks_after_something_was_done_and_then_sleeps(qtbot: QtBot) -> None:
    collector = Collector()
    QCoreApplication.processEvents()
    (timer,) = collector.findChildren(QTimer)
    assert timer.isActive()
    loop = QEventLoop()
    # The loop that the look wakes is left at once by what follows the look.
    timer.timeout.connect(loop.quit)
    loop.exec()
    assert not timer.isActive()
    collector.deleteLater()


@pytest.mark.parametrize("kind", [RunsPane, ItemsPane, AttemptsPane])
def test_clocks_tick_only_while_they_are_seen_and_something_goes_on(
    qtbot: QtBot, bridge: Bridge, link: RecordingLink, make: Any, kind: type[QWidget]
) -> None:
    pane: Any = kind(bridge)
    qtbot.addWidget(pane)
    link.tell(make.snapshot("runs", runs=[make.run(1)], removed=[]))
    bridge.follow(1)

    def tell(state: int, ended: float | None) -> None:
        row = make.attempt(0, 3, state="exited" if ended else "running", ended=ended, outcome="ok" if ended else "")
        run = make.run(1, "succeeded" if ended else "running", ended=ended)
        link.tell(make.delta("runs", runs=[run], removed=[]))
        link.tell(make.delta("run:1", [(0, 3, state)], run=run, attempts=[row]))
        bridge.frame()

    link.tell(make.snapshot("run:1", run=make.run(1), tasks=[make.task(0, 10)], states={0: bytes(10)}, attempts=[]))
    bridge.frame()
    if kind is ItemsPane:
        pane.show_task(1, 0)
    elif kind is AttemptsPane:
        pane.show_attempts(1)
    tell(ACTIVE, None)
    clock = pane._clock
    assert not clock.ticks, "nobody sees it"
    pane.show()
    assert clock.ticks
    tell(ACTIVE, None)
    clock._timer.stop()
    clock._due()
    assert clock.ticks is (kind is not ItemsPane), "what it shows goes on; items that change are told"
    pane.hide()
    assert not clock.ticks
    pane.show()
    tell(SUCCEEDED, make.NOW)
    clock._timer.stop()
    clock._due()
    assert not clock.ticks, "it has ended"


def test_a_signal_ends_the_loop_though_no_timer_wakes_it(qtbot: QtBot) -> None:
    loop, told = QEventLoop(), []
    before = signal.getsignal(signal.SIGTERM)
    with told_of_signals(lambda: (told.append("told"), loop.quit())):
        other = threading.Thread(target=lambda: os.kill(os.getpid(), signal.SIGTERM))
        QTimer.singleShot(0, other.start)
        loop.exec()
        other.join()
    assert told == ["told"]
    assert signal.getsignal(signal.SIGTERM) is before
