"""Jobs beside the UI thread: what follows them comes in it, and only while there is somebody to hear it."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
import shiboken6
from PySide6.QtWidgets import QApplication
from tests.patience import PATIENCE

from windlass_gui.background import Background


@pytest.fixture
def background(qapp: QApplication) -> Iterator[Background]:
    made = Background()
    yield made
    made.close()


def test_what_follows_comes_in_the_ui_thread_in_the_order_of_the_jobs(
    qapp: QApplication, background: Background
) -> None:
    heard: list[tuple[object, threading.Thread]] = []

    def hear(what: object) -> None:
        heard.append((what, threading.current_thread()))

    background.do(threading.current_thread, lambda where: hear(where is threading.current_thread()))
    background.do(lambda: 1 // 0, hear, lambda error: hear(type(error)))
    background.do(lambda: 1 // 0, hear)
    background.do(lambda: 3, hear)
    background.settle()
    assert not heard
    qapp.processEvents()
    here = threading.current_thread()
    assert heard == [(False, here), (ZeroDivisionError, here), (3, here)]


@pytest.mark.parametrize("end", ["closed", "destroyed"])
def test_nothing_follows_when_nobody_is_there_any_more(qapp: QApplication, end: str) -> None:
    background = Background()
    heard: list[str] = []
    go, done = threading.Event(), threading.Event()
    background.do(lambda: go.wait(PATIENCE), lambda _: heard.append("followed"))
    background.do(done.set)
    if end == "destroyed":
        shiboken6.delete(background)
        go.set()
    else:
        go.set()
        background.close()
    assert done.wait(PATIENCE)
    qapp.processEvents()
    assert not heard
