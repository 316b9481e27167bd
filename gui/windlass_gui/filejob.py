"""Files that are being written while the window goes on: pictures, tables, logs.

Each is an object somewhere below the window that it was begun in: who closes that finds it there (`waiting.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QProgressDialog, QWidget

from windlass_gui.background import Background
from windlass_gui.relay import Way
from windlass_gui.whole_file import Told

SHOWN_AFTER = 500
"""Milliseconds after which the progress of what a person began is shown."""
STEPS = 1000
"""Of a bar of progress."""


class FileJob(QObject):
    """One file on its way to the disk."""

    progressed = Signal(float)
    """The share that is done."""
    ended = Signal(str)
    """It is in its place (empty), or why not; then there is no file, or the one that was there. Comes once."""

    def __init__(self, path: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.path = path
        self.over = False
        self.cancelled = False
        """A person did not want it any more: that need not be told."""

    def stop(self) -> None:
        """Leave it, at once: what the disk is busy with may take its time, and leaves nothing behind."""
        raise NotImplementedError

    def end(self, problem: str) -> None:
        """It is over; what comes later of it counts no more."""
        if not self.over:
            self.over = True
            self.ended.emit(problem)


class WriteJob(FileJob):
    """What one call writes in a thread. The call gets what it has to tell its progress to, which raises to stop it."""

    def __init__(self, path: Path, write: Callable[[Told], object], parent: QObject) -> None:
        super().__init__(path, parent)
        self._write = write
        self._disk = Background(self)
        self._way = Way(self)

    def start(self) -> None:
        self._disk.do(lambda: self._write(self._told), lambda _: self._ended(""), lambda e: self._ended(_reason(e)))

    def stop(self) -> None:
        self.cancelled = True
        self._ended(self.tr("it was cancelled"))

    def _told(self, share: float) -> None:
        """In the thread."""
        if self.over:
            raise InterruptedError("it was cancelled")
        self._way.tell(lambda self: self.progressed.emit(share))

    def _ended(self, problem: str) -> None:
        self.end(problem)
        self._disk.stop()


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__


def show_progress(job: FileJob, window: QWidget) -> QProgressDialog:
    """A small window with a bar and a way to cancel, if it takes longer than a moment. It blocks nothing."""
    bar = QProgressDialog(job.tr("Writing {}").format(job.path.name), job.tr("Cancel"), 0, STEPS, window)
    bar.setWindowTitle(job.tr("Export"))
    bar.setMinimumDuration(SHOWN_AFTER)
    bar.setAutoReset(False)
    bar.setValue(0)
    bar.canceled.connect(job.stop)
    job.progressed.connect(lambda share: bar.setValue(min(STEPS - 1, int(share * STEPS))))

    def over() -> None:
        bar.canceled.disconnect()
        bar.close()
        bar.deleteLater()

    job.ended.connect(over)
    return bar
