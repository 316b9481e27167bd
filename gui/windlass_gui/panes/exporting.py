"""A table into a file, a piece at a time, so that a million rows do not stop the window."""

from __future__ import annotations

import contextlib
import io
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QFileDialog, QTableView

from windlass_gui.background import Background
from windlass_gui.filejob import FileJob, show_progress
from windlass_gui.look.boxes import warn
from windlass_gui.models import ItemsModel, SortedRows
from windlass_gui.models import export as files

SLICE = 0.02
"""Seconds of work between two looks at the events that wait."""
AHEAD = 8
"""Pieces that may wait for the disk."""


def export_rows(table: QTableView) -> None:
    """Ask for a file and write all rows of the table into it, as filtered and sorted."""
    dialog = QFileDialog(table, table.tr("Export"), "", table.tr("CSV (*.csv);;JSON (*.json)"))
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setDefaultSuffix("csv")
    dialog.filterSelected.connect(lambda text: dialog.setDefaultSuffix("json" if "json" in text else "csv"))
    dialog.fileSelected.connect(lambda name: Export(table, Path(name)))
    dialog.finished.connect(dialog.deleteLater)
    dialog.open()


class Export(FileJob):
    """One export. The rows are read here, a piece at a time; a thread writes the pieces beside the file, and puts that
    in its place when it is whole. A disk that does not keep up is waited for, without holding up the window."""

    def __init__(self, table: QTableView, path: Path) -> None:
        super().__init__(path, table)
        self._table = table
        model = table.model()
        columns = getattr(table, "shown_columns", lambda: list(range(model.columnCount())))()
        # What is exported is what was there when it began, each row once, however they are sorted anew meanwhile.
        if isinstance(model, SortedRows | ItemsModel):
            model = model.still()
            model.setParent(self)
        count = self._count = model.rowCount()
        show_progress(self, table)
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._go_on)
        self._text = io.StringIO(newline="")
        self._waiting = 0
        """Pieces that are not on the disk yet."""
        self._background = Background(self)
        self._file = _Spare(path)
        form = "json" if path.suffix.lower() == ".json" else "csv"
        self._work: Iterator[int] = files.write(model, range(count), columns, form, self._text)
        self._background.do(self._file.open, None, self._failed)
        self._timer.start(0)

    def _go_on(self) -> None:
        until = time.monotonic() + SLICE
        for written in self._work:
            self.progressed.emit(min(written, self._count) / max(1, self._count))
            if time.monotonic() >= until:
                break
        else:
            self._timer.stop()
        last = not self._timer.isActive()
        piece = self._text.getvalue()
        self._text.seek(0)
        self._text.truncate()
        self._waiting += 1
        self._background.do(lambda: self._file.write(piece), lambda _: self._written(), self._failed)
        if last:
            self._background.do(self._file.finish, lambda _: self._end(""), self._failed)
        elif self._waiting >= AHEAD:
            self._timer.stop()

    def _written(self) -> None:
        self._waiting -= 1
        if self._waiting == AHEAD - 1:
            self._timer.start(0)

    def stop(self) -> None:
        self.cancelled = True
        self._end(self.tr("it was cancelled"))

    def _failed(self, error: Exception) -> None:
        if not self.over:
            warn(self._table, self.tr("Not exported"), str(error))
        self._end(str(error))

    def _end(self, problem: str) -> None:
        self._timer.stop()
        self._background.do(self._file.discard)
        self._background.stop()
        self.end(problem)
        self.deleteLater()


class _Spare:
    """A file beside the one that is wanted. In the thread that writes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._spare = path.with_name(f".{path.name}.part")
        self._file: TextIO | None = None
        self._whole = True

    def open(self) -> None:
        self._file = open(self._spare, "w", encoding="utf-8", newline="")  # noqa: SIM115 - closed by the others

    def write(self, text: str) -> None:
        if self._file is not None:
            self._whole = False
            self._file.write(text)
            self._file.flush()
            self._whole = True

    def finish(self) -> None:
        if self._file is not None and self._whole:
            os.fsync(self._file.fileno())
            self._file.close()
            self._spare.replace(self._path)

    def discard(self) -> None:
        """What is left of it, if it did not take its place."""
        if self._file is not None:
            with contextlib.suppress(OSError):
                self._file.close()
            self._spare.unlink(missing_ok=True)
