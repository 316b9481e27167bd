"""Pictures and tables are made while the window goes on; leaving waits for them; a disk that says no is told of."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication, QProgressDialog, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from windlass.wire.rows import Counts, TaskRow
from windlass_gui import filejob, waiting, whole_file
from windlass_gui.editor.canvas import picture_job
from windlass_gui.editor.canvas.live import node_live
from windlass_gui.editor.canvas.picture import Picture, Sketch, draw_image, save_picture
from windlass_gui.editor.canvas.picture_dialog import PictureDialog
from windlass_gui.editor.canvas.picture_job import PictureJob
from windlass_gui.editor.canvas.view import GraphView
from windlass_gui.editor.document.session import EditorSession
from windlass_gui.filejob import WriteJob
from windlass_gui.look.theme import load_theme
from windlass_gui.window.main_window import MainWindow

MANY = 40
TEXT = "windlass: 1\nname: many\ntasks:\n" + "".join(
    f"  t{i}: {{command: x, needs: [{f't{i - 1}' if i else ''}], position: [{i * 290}, 0]}}\n" for i in range(MANY)
)
LIGHT = load_theme("light")


class Disk:
    """Whatever is made durable waits until `free` is set, and fails with `error`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.free = threading.Event()
        self.free.set()
        self.error: OSError | None = None
        self.asked = threading.Event()
        monkeypatch.setattr(whole_file.os, "fsync", self.fsync)

    def fsync(self, _file: int) -> None:
        self.asked.set()
        assert self.free.wait(20)
        if self.error is not None:
            raise self.error


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Any:
    disk = Disk(monkeypatch)
    yield disk
    disk.free.set()


@pytest.fixture
def view(qtbot: QtBot) -> GraphView:
    view = GraphView(EditorSession(TEXT), load_theme("dark"))
    qtbot.addWidget(view)
    view.resize(800, 500)
    return view


@pytest.fixture
def by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """The events that wait are looked at after each node and link."""
    monkeypatch.setattr(picture_job, "SLICE", 0.0)


def _click(bar: QProgressDialog) -> None:
    """Its only button."""
    bar.findChildren(QPushButton)[0].click()


@pytest.mark.usefixtures("by_one")
@pytest.mark.parametrize("name", ["graph.png", "graph.svg"])
def test_a_picture_is_drawn_while_the_window_goes_on(view: GraphView, qtbot: QtBot, tmp_path: Path, name: str) -> None:
    path, wish = tmp_path / name, Picture(LIGHT)
    save_picture(view.graph, wish, tmp_path / f"whole-{name}")
    job = PictureJob(Sketch(view.graph, wish, path.suffix == ".svg"), path, view)
    shares: list[float] = []
    turns: list[int] = []
    job.progressed.connect(shares.append)
    timer = QTimer(view)

    def meanwhile() -> None:
        turns.append(1)
        # What comes now must not get into the second half of the picture.
        live = node_live(TaskRow(0, "t", "", False, 1, Counts(failed=1)))
        view.graph.show_live({f"t{number}": live for number in range(MANY)})

    timer.timeout.connect(meanwhile)
    timer.start(0)
    with qtbot.waitSignal(job.ended) as ended:
        job.start()
    timer.stop()
    assert ended.args == [""]
    assert len(turns) >= MANY
    assert shares == sorted(shares)
    assert len(shares) > MANY
    assert path.read_bytes() == (tmp_path / f"whole-{name}").read_bytes()
    assert sorted(os.listdir(tmp_path)) == sorted([name, f"whole-{name}"])


@pytest.mark.usefixtures("by_one")
def test_the_dialog_cancels_what_it_draws_and_stays(view: GraphView, qtbot: QtBot, tmp_path: Path) -> None:
    dialog = PictureDialog(view, view)
    dialog.show()
    qtbot.waitUntil(lambda: not dialog.preview.pixmap().isNull())
    dialog.save(tmp_path / "graph.png")
    assert dialog.bar.isVisible()
    assert not dialog.save_button.isEnabled()
    qtbot.waitUntil(lambda: dialog.bar.value() > 0)
    dialog.reject()
    assert dialog.isVisible()
    assert not dialog.bar.isVisible()
    assert dialog.save_button.isEnabled()
    assert "PNG" in dialog.size_told.text()
    assert not list(tmp_path.iterdir())
    dialog.copy()
    assert dialog.bar.isVisible()
    dialog.reject()
    assert dialog.isVisible(), "copying was cancelled, not the dialog"
    dialog.copy()
    with qtbot.waitSignal(dialog.accepted):
        pass
    size = draw_image(view.graph, dialog.wish()).size()
    assert QApplication.clipboard().image().size() == size


def test_a_file_that_is_cancelled_on_a_slow_disk_is_not_there(
    view: GraphView, qtbot: QtBot, tmp_path: Path, disk: Disk
) -> None:
    dialog = PictureDialog(view, view)
    dialog.show()
    path = tmp_path / "graph.svg"
    path.write_text("old")
    written = threading.Event()

    def slow(told: Callable[[float], object]) -> None:
        disk.free.wait(20)
        try:
            whole_file.write_whole(path, b"new", told)
        finally:
            written.set()

    disk.free.clear()
    job = WriteJob(path, slow, dialog)
    bar = filejob.show_progress(job, dialog)
    said: list[str] = []
    job.ended.connect(said.append)
    job.start()
    _click(bar)
    assert said == ["it was cancelled"], "at once, however slow the disk is"
    assert job.cancelled
    disk.free.set()
    assert written.wait(20)
    qtbot.waitUntil(lambda: os.listdir(tmp_path) == ["graph.svg"])
    assert path.read_text() == "old"


def test_a_full_disk_is_told_and_leaves_what_was_there(
    view: GraphView, qtbot: QtBot, tmp_path: Path, disk: Disk
) -> None:
    dialog = PictureDialog(view, view)
    dialog.show()
    path = tmp_path / "graph.png"
    path.write_text("old")
    disk.error = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    dialog.save(path)
    qtbot.waitUntil(lambda: os.strerror(errno.ENOSPC) in dialog.size_told.text())
    assert dialog.isVisible()
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["graph.png"]
    disk.error = None
    with qtbot.waitSignal(dialog.accepted):
        dialog.save(path)
    assert QImage(str(path)).size() == draw_image(view.graph, dialog.wish()).size()


# --- leaving ---------------------------------------------------------------------------------------------------------


def _answer(do: Callable[[QProgressDialog], object], seen: list[str]) -> None:
    """As soon as the wait is told of."""
    dialog = QApplication.activeModalWidget()
    if isinstance(dialog, QProgressDialog):
        seen.append(dialog.labelText())
        do(dialog)
    else:
        QTimer.singleShot(5, lambda: _answer(do, seen))


def _begin(window: QWidget, path: Path) -> WriteJob:
    job = WriteJob(path, lambda told: whole_file.write_whole(path, b"all of it", told), window)
    job.start()
    return job


@pytest.mark.parametrize("stay", [True, False])
def test_closing_the_window_waits_for_what_it_writes(
    window: MainWindow, tmp_path: Path, disk: Disk, monkeypatch: pytest.MonkeyPatch, stay: bool
) -> None:
    monkeypatch.setattr(waiting, "PATIENCE", 1)
    path = tmp_path / "table.csv"
    disk.free.clear()
    # Begun deep inside, as by a table.
    job = _begin(window.runs.runs_table, path)
    assert waiting.under_way(window) == [job]
    seen: list[str] = []
    QTimer.singleShot(5, lambda: _answer(_click if stay else lambda _: disk.free.set(), seen))
    assert window.close() == (not stay)
    assert "table.csv" in seen[0]
    assert path.exists() == (not stay)
    disk.free.set()
    assert waiting.wait_for_files(window)
    assert path.read_bytes() == b"all of it"


def test_a_file_that_could_not_be_written_keeps_the_window_open(
    window: MainWindow, tmp_path: Path, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk.error = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    disk.free.clear()
    job = _begin(window.timeline, tmp_path / "trace.json")
    said: list[str] = []
    job.ended.connect(said.append)
    disk.free.set()
    assert not window.close()
    assert os.strerror(errno.ENOSPC) in said[0]
    assert window.close(), "once it is known, nothing is in the way"


def test_a_timeline_that_is_being_written_can_be_cancelled(
    window: MainWindow, tmp_path: Path, disk: Disk, qtbot: QtBot
) -> None:
    disk.free.clear()
    for kind in ("trace", "picture"):
        disk.asked.clear()
        window.timeline.write(kind, tmp_path / kind)
        assert disk.asked.wait(20)
        (bar,) = [bar for bar in window.timeline.findChildren(QProgressDialog) if not bar.wasCanceled()]
        _click(bar)
        assert not waiting.under_way(window)
        assert "Writing" not in window.timeline.note.text()
    disk.free.set()
    for kind in ("trace", "picture"):
        path = tmp_path / f".{kind}.new"
        qtbot.waitUntil(lambda path=path: not path.exists())
    assert not {"trace", "picture"} & set(os.listdir(tmp_path)), (
        "what is finished after it was cancelled takes no place"
    )
