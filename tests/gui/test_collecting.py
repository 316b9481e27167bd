"""What Python's collector finds may be Qt's, and that must not die in another thread."""

from __future__ import annotations

import gc
import threading

import pytest
from PySide6.QtCore import QObject, Qt
from pytestqt.qtbot import QtBot

from windlass_gui.background import Background
from windlass_gui.collecting import Collector, collect_due


class Loop(QObject):
    """Garbage that only the collector finds, as a closed document with its scene is; notes where it dies."""

    def __init__(self, seen: list[threading.Thread]) -> None:
        super().__init__()
        self.itself = self
        self.destroyed.connect(lambda: seen.append(threading.current_thread()), Qt.ConnectionType.DirectConnection)


def _allocate() -> None:
    """Enough for the automatic collector to have its turn, several times."""
    kept: list[list[int]] = [[at] for at in range(20 * gc.get_threshold()[0])]
    assert kept


def test_another_thread_collects_nothing(qapp: object) -> None:
    collector = Collector()
    gc.collect()
    died: list[threading.Thread] = []
    Loop(died)
    thread = threading.Thread(target=_allocate)
    thread.start()
    thread.join()
    assert died == []
    _allocate()
    assert died == []
    kept = [[at] for at in range(2 * gc.get_threshold()[0])]
    collect_due()
    assert died == [threading.main_thread()]
    collector.deleteLater()
    assert kept


def test_the_collector_has_its_turn_by_itself(qtbot: QtBot) -> None:
    collector = Collector()
    died: list[threading.Thread] = []
    Loop(died)
    kept = [[at] for at in range(2 * gc.get_threshold()[0])]
    qtbot.waitUntil(lambda: bool(died))
    assert kept
    collector.deleteLater()


@pytest.mark.parametrize("follows", [False, True])
def test_what_may_follow_a_job_is_let_go_of_in_the_ui_thread(qtbot: QtBot, follows: bool) -> None:
    """Whether it follows or not: who is owned by nobody else dies where the last hold on it is let go of."""
    background = Background()
    died: list[threading.Thread] = []
    told: list[object] = []

    class Owner(QObject):
        def take(self, result: object) -> None:
            told.append(result)

    def ask() -> None:
        owner = Owner()
        owner.destroyed.connect(lambda: died.append(threading.current_thread()), Qt.ConnectionType.DirectConnection)
        background.do(lambda: 1, owner.take if follows else None, owner.take)

    go = threading.Event()
    background.do(go.wait)
    ask()
    go.set()
    background.settle()
    assert died == []
    qtbot.waitUntil(lambda: bool(died))
    assert told == ([1] if follows else [])
    assert died == [threading.main_thread()]
    background.close()
