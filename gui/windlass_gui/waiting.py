"""Leaving only when everything that was to be written is on the disk, with a word on the screen while it is not."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QCoreApplication, QEventLoop, QObject, Qt, QTimer, Signal, SignalInstance
from PySide6.QtWidgets import QProgressDialog, QWidget

from windlass_gui.filejob import FileJob

PATIENCE = 300
"""Milliseconds for which nothing is said of a wait for the disk."""
NAMED = 3
"""Files that are named while they are waited for."""


def under_way(*windows: QWidget | None) -> list[FileJob]:
    """The files that are being written from these windows."""
    found = [job for window in windows if window is not None for job in window.findChildren(FileJob)]
    return [job for job in found if not job.over]


def wait_for_files(window: QWidget, *others: QWidget | None) -> bool:
    """Wait for all of them, and say so after a moment.

    False: the person goes back, or something was not written, which is being told.
    """
    jobs = under_way(window, *others)
    left = _Left(jobs)
    said = wait_for_disk(window, lambda: list(dict.fromkeys(job.path.name for job in jobs if not job.over)), left.none)
    return said and not any(left.problems)


class _Left(QObject):
    """Counts those that have not ended."""

    none = Signal()

    def __init__(self, jobs: list[FileJob]) -> None:
        super().__init__()
        self._count = len(jobs)
        self.problems: list[str] = []
        for job in jobs:
            job.ended.connect(self._one_less)

    def _one_less(self, problem: str) -> None:
        self.problems.append(problem)
        self._count -= 1
        if not self._count:
            self.none.emit()


def wait_for_disk(window: QWidget, names: Callable[[], list[str]], idle: SignalInstance, words: str = "") -> bool:
    """Wait until `names` gives none, which `idle` says, and tell which after a moment. False: the person goes back.

    `words` say what is done with them, if not that they are written.
    """
    if names():
        loop = QEventLoop()
        idle.connect(loop.quit)
        QTimer.singleShot(PATIENCE, loop, loop.quit)
        loop.exec(QEventLoop.ProcessEventsFlag.ExcludeUserInputEvents)
    waiting = names()
    if not waiting:
        return True
    dialog = QProgressDialog(window)
    dialog.setWindowTitle(_tr("Saving"))
    shown = ", ".join(f"“{name}”" for name in waiting[:NAMED])
    dialog.setLabelText((words or _tr("The disk takes its time: {} is still being written.")).format(shown))
    dialog.setCancelButtonText(_tr("Go back"))
    dialog.setRange(0, 0)
    dialog.setMinimumDuration(0)
    dialog.setWindowModality(Qt.WindowModality.ApplicationModal)
    idle.connect(dialog.accept)
    dialog.exec()
    dialog.deleteLater()
    return not names()


def _tr(text: str) -> str:
    return QCoreApplication.translate("Saving", text)
