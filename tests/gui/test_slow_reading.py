"""A disk that does not answer, such as that of a machine which has gone, freezes nothing: a pipe nobody writes into."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QProgressDialog, QPushButton
from pytestqt.qtbot import QtBot
from tests.gui.windows import close_documents

from windlass_gui import waiting
from windlass_gui.files import asking
from windlass_gui.window.main_window import MainWindow

GRAPH = "windlass: 1\nname: one\ntasks:\n  first: {command: echo one, position: [0, 0]}\n"


@pytest.fixture
def window(shared_window: MainWindow, monkeypatch: pytest.MonkeyPatch) -> Iterator[MainWindow]:
    monkeypatch.setattr(asking, "AT_ONCE", 0.01)
    monkeypatch.setattr(waiting, "PATIENCE", 1)
    yield shared_window
    close_documents(shared_window)


@pytest.fixture
def pipe(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "far.yaml"
    os.mkfifo(path)
    yield path
    # Whoever still waits for it is let go.
    os.close(os.open(path, os.O_RDWR | os.O_NONBLOCK))


def _when_it_waits(window: MainWindow, qtbot: QtBot, do: object) -> list[str]:
    """Do this when the word that the disk takes its time is on the screen; gives what it says."""
    said: list[str] = []
    timer = QTimer(window)

    def look() -> None:
        for dialog in window.findChildren(QProgressDialog):
            if dialog.isVisible():
                timer.stop()
                said.append(dialog.labelText())
                assert callable(do)
                do(dialog)

    timer.timeout.connect(look)
    timer.start(5)
    return said


def test_who_does_not_want_to_wait_goes_back_and_works_on(
    window: MainWindow, qtbot: QtBot, pipe: Path, tmp_path: Path
) -> None:
    said = _when_it_waits(window, qtbot, lambda dialog: dialog.findChildren(QPushButton)[0].click())
    assert not window.open_file(pipe)
    assert len(said) == 1
    assert "far.yaml" in said[0]
    assert "being read" in said[0]
    assert window.documents.all == []
    near = tmp_path / "near.yaml"
    near.write_text(GRAPH)
    assert window.open_file(near)
    assert window.page.session is not None
    assert window.page.session.document.text == GRAPH


def test_a_disk_that_answers_in_the_end_is_waited_for(window: MainWindow, qtbot: QtBot, pipe: Path) -> None:
    def answer(_dialog: QProgressDialog) -> None:
        threading.Thread(target=lambda: pipe.write_text(GRAPH)).start()

    said = _when_it_waits(window, qtbot, answer)
    assert window.open_file(pipe)
    assert len(said) == 1
    assert window.page.session is not None
    assert window.page.session.document.text == GRAPH
    QApplication.processEvents()
    assert not [dialog for dialog in window.findChildren(QProgressDialog) if dialog.isVisible()]


def test_what_reading_says_comes_to_whoever_asked(window: MainWindow, tmp_path: Path) -> None:
    def fail() -> str:
        assert threading.current_thread() is not threading.main_thread()
        raise PermissionError("no")

    with pytest.raises(PermissionError):
        asking.ask_disk(fail, window, tmp_path)
    assert asking.soon(fail, "otherwise") == "otherwise"
    assert asking.ask_disk(lambda: "text", window, tmp_path) == "text"


def test_tabs_come_back_though_their_disk_does_not_answer(
    window: MainWindow, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    near, gone, far = (tmp_path / name for name in ("near.yaml", "gone.yaml", "far.yaml"))
    near.write_text(GRAPH)
    free = threading.Event()
    real = Path.is_file

    def slow(path: Path) -> bool:
        if path == far:
            assert free.wait(20)
        return real(path)

    back: list[list[Path]] = []
    monkeypatch.setattr(window.documents, "restore", lambda paths, _front: back.append(paths))
    monkeypatch.setattr(Path, "is_file", slow)
    settings = window.files.settings
    before = settings.value("tabs")
    settings.setValue("tabs", [str(near), str(gone), str(far)])
    window.opening.restore()
    free.set()
    monkeypatch.setattr(asking, "AT_ONCE", 20.0)
    settings.setValue("tabs", [str(near), str(gone)])
    window.opening.restore()
    settings.setValue("tabs", before)
    # Nobody knows which are there while the disk is silent: none is left out.
    assert back == [[near, gone, far], [near]]


def test_an_open_file_is_found_though_its_disk_does_not_answer(
    window: MainWindow, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path, link = tmp_path / "one.yaml", tmp_path / "link.yaml"
    path.write_text(GRAPH)
    link.symlink_to(path)
    assert window.open_file(path)
    made = window.documents.current
    monkeypatch.setattr(asking, "AT_ONCE", 20.0)
    assert window.documents.of_path(link) is made
    monkeypatch.setattr(asking, "AT_ONCE", 0.01)
    free = threading.Event()
    monkeypatch.setattr(Path, "resolve", lambda self: free.wait(20) and self)
    try:
        assert window.documents.of_path(path) is made
        assert window.documents.of_path(link) is None, "as it is spelt"
    finally:
        free.set()
