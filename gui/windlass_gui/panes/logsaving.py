"""A whole log into a file: read in pieces, written in a thread, never more in memory than a few of them."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO

from PySide6.QtCore import QObject

from windlass.wire.logs import to_bytes
from windlass_gui.background import Background
from windlass_gui.bridge import Bridge
from windlass_gui.filejob import FileJob
from windlass_gui.panes.logreading import Item, Reading
from windlass_gui.whole_file import replacing

AHEAD = 3
"""Pieces that may wait for the disk; then reading waits too."""


class LogSaver(FileJob):
    """Writes what was written, without times. However slow the disk is, `stop` and the window go on at once."""

    def __init__(self, bridge: Bridge, item: Item, path: Path, parent: QObject | None = None) -> None:
        super().__init__(path, parent)
        self._reading = Reading(bridge, item, self._take, self)
        self._reading.progressed.connect(self._told)
        self._reading.ended.connect(self._read)
        self._disk = Background(self)
        self._whole: AbstractContextManager[BinaryIO] = replacing(path)
        self._file: BinaryIO | None = None
        self._waiting = 0
        self._size = 0
        self._complete = False

    def start(self) -> None:
        self._reading.start()

    def stop(self) -> None:
        """Leave it; what the disk is busy with may take its time."""
        self.cancelled = True
        self._end(self.tr("stopped"))

    # --- pieces, in the UI thread --------------------------------------------------------------------------

    def _take(self, offset: int, piece: bytes) -> bool:
        self._waiting += 1
        end = offset + len(piece)
        self._disk.do(lambda: self._write(piece), lambda _: self._written(end), self._failed)
        return True

    def _told(self, _read: int, size: int) -> None:
        self._size = size
        self._reading.hold(self._waiting >= AHEAD)

    def _written(self, end: int) -> None:
        self._waiting -= 1
        if self.over:
            return
        self.progressed.emit(min(end, self._size) / max(1, self._size))
        self._reading.hold(self._waiting >= AHEAD)
        self._finish()

    def _read(self, problem: str) -> None:
        if problem:
            self._end(problem)
        self._complete = True
        self._finish()

    def _finish(self) -> None:
        if self._complete and not self._waiting and not self.over:
            self._disk.do(self._put, lambda _: self._end(""), self._failed)

    def _failed(self, error: Exception) -> None:
        self._end(str(error) or type(error).__name__)

    def _end(self, problem: str) -> None:
        if self.over:
            return
        self._reading.stop()
        if problem:
            self._disk.do(lambda: self._leave(problem))
        self.end(problem)

    # --- in the thread -------------------------------------------------------------------------------------

    def _write(self, piece: bytes) -> None:
        if self.over:
            return
        if self._file is None:
            self._file = self._whole.__enter__()
        self._file.write(to_bytes(piece))

    def _put(self) -> None:
        """In its place, even if the log is empty."""
        if self._file is None:
            self._file = self._whole.__enter__()
        self._file = None
        self._whole.__exit__(None, None, None)

    def _leave(self, problem: str) -> None:
        if self._file is not None:
            self._file = None
            error = InterruptedError(problem)
            self._whole.__exit__(InterruptedError, error, None)
