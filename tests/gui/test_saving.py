"""Graphs reach the disk in the background: a slow one holds up nothing, a failing one loses nothing."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QMessageBox, QProgressDialog, QPushButton
from pytestqt.qtbot import QtBot
from tests.gui.windows import close_documents, saved

from windlass_gui import waiting
from windlass_gui.editor.document.session import EditorSession
from windlass_gui.files import saving
from windlass_gui.panes import exporting
from windlass_gui.whole_file import replacing
from windlass_gui.window.main_window import MainWindow

GRAPH = "windlass: 1\nname: one\ntasks:\n  first: {command: echo one, position: [0, 0]}\n"


class Disk:
    """It writes when the test says so, and fails when the test says so."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.free = threading.Event()
        self.free.set()
        self.error: OSError | None = None
        self.real = saving.write_graph
        monkeypatch.setattr(saving, "write_graph", self.write)

    def write(self, path: Path, text: str, sample: object = None) -> None:
        assert threading.current_thread() is not threading.main_thread()
        assert self.free.wait(20)
        if self.error is not None:
            raise self.error
        self.real(path, text)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Disk]:
    made = Disk(monkeypatch)
    yield made
    made.free.set()


@pytest.fixture
def graph(tmp_path: Path) -> Path:
    path = tmp_path / "one.yaml"
    path.write_text(GRAPH)
    return path


@pytest.fixture
def window(shared_window: MainWindow, graph: Path) -> Iterator[MainWindow]:
    assert shared_window.open_file(graph)
    yield shared_window
    close_documents(shared_window)


def _session(window: MainWindow) -> EditorSession:
    assert window.page.session is not None
    return window.page.session


def test_a_slow_disk_holds_up_nothing(window: MainWindow, graph: Path, disk: Disk) -> None:
    session = _session(window)
    session.set_field("first", "title", "One")
    disk.free.clear()
    assert window.save()
    assert session.modified, "until it is on the disk"
    assert window.isWindowModified()
    session.set_field("first", "title", "Two")
    disk.free.set()
    assert window.opening.saving.wait()
    assert "title: One" in graph.read_text()
    assert session.modified, "what came meanwhile is not on the disk"
    window.watching.look()
    window.background.settle()
    QApplication.processEvents()
    assert window.documents.current is not None
    assert window.documents.current.on_disk is None, "nobody else has written it"
    session.step_back()
    assert not session.modified
    assert not window.isWindowModified()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS])
def test_a_failing_disk_loses_nothing_and_is_told(window: MainWindow, graph: Path, disk: Disk, number: int) -> None:
    session = _session(window)
    session.set_field("first", "title", "One")
    disk.error = OSError(number, "the disk says no")
    assert saved(window), "it was tried"
    (box,) = window.findChildren(QMessageBox)
    assert "one.yaml" in box.text()
    assert "the disk says no" in box.text()
    box.close()
    assert session.modified
    assert graph.read_text() == GRAPH
    assert session.document.task("first")["title"] == "One"
    disk.error = None
    assert saved(window)
    assert not session.modified
    assert "title: One" in graph.read_text()


def test_a_file_that_is_cut_short_does_not_take_the_old_ones_place(tmp_path: Path) -> None:
    path = tmp_path / "graph.yaml"
    path.write_text("old")

    def write() -> None:
        with replacing(path) as file:
            file.write(b"half of")
            raise OSError(errno.ENOSPC, "full")

    with pytest.raises(OSError, match="full"):
        write()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("stay", [True, False])
def test_closing_waits_for_the_disk_with_a_word(
    window: MainWindow, graph: Path, disk: Disk, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, stay: bool
) -> None:
    monkeypatch.setattr(waiting, "PATIENCE", 1)
    session = _session(window)
    session.set_field("first", "title", "One")
    disk.free.clear()
    assert window.save()
    seen: list[str] = []

    def answer() -> None:
        dialog = QApplication.activeModalWidget()
        if not isinstance(dialog, QProgressDialog):
            QTimer.singleShot(5, answer)
            return
        seen.append(dialog.labelText())
        if stay:
            dialog.findChildren(QPushButton)[0].click()
        else:
            disk.free.set()

    QTimer.singleShot(5, answer)
    assert window.opening.close() == (not stay)
    assert "one.yaml" in seen[0]
    assert (window.page.session is session) == stay
    disk.free.set()
    assert window.opening.saving.wait()
    assert "title: One" in graph.read_text()


def test_closing_after_a_failed_write_stays(
    window: MainWindow, graph: Path, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = _session(window)
    session.set_field("first", "title", "One")
    disk.error = OSError(errno.ENOSPC, "full")
    monkeypatch.setattr(window.files, "ask_unsaved", lambda _: "save")
    assert not window.opening.close()
    assert window.page.session is session
    for box in window.findChildren(QMessageBox):
        box.close()
    disk.error = None
    assert window.opening.close()
    assert "title: One" in graph.read_text()


def test_an_export_to_a_full_disk_says_so_and_leaves_nothing(
    window: MainWindow, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = exporting._Spare.open

    def open_full(spare: exporting._Spare) -> None:
        real(spare)
        assert spare._file is not None
        spare._file.close()
        spare._file = open("/dev/full", "w")  # noqa: SIM115 - the spare closes it

    monkeypatch.setattr(exporting._Spare, "open", open_full)
    path = tmp_path / "runs.csv"
    path.write_text("old")
    ended: list[str] = []
    exporting.Export(window.runs.runs_table, path).ended.connect(ended.append)
    qtbot.waitUntil(lambda: bool(ended))
    assert os.strerror(errno.ENOSPC) in ended[0]
    assert path.read_text() == "old"
    qtbot.waitUntil(lambda: not list(tmp_path.glob(".*.part")))
    for box in window.findChildren(QMessageBox):
        box.close()
