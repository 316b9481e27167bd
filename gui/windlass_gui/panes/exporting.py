"""A table into a file, a piece at a time, so that a million rows do not stop the window."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TextIO

from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtWidgets import QFileDialog, QMessageBox, QProgressDialog, QTableView

from windlass_gui.models import export as files

SLICE = 0.02
"""Seconds of work between two looks at the events that wait."""


def export_rows(table: QTableView) -> None:
    """Ask for a file and write all rows of the table into it, as filtered and sorted."""
    dialog = QFileDialog(table, table.tr("Export"), "", table.tr("CSV (*.csv);;JSON (*.json)"))
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setDefaultSuffix("csv")
    dialog.filterSelected.connect(lambda text: dialog.setDefaultSuffix("json" if "json" in text else "csv"))
    dialog.fileSelected.connect(lambda name: Export(table, Path(name)))
    dialog.finished.connect(dialog.deleteLater)
    dialog.open()


class Export(QObject):
    """One export: writes beside the file and puts it in its place when it is whole."""

    def __init__(self, table: QTableView, path: Path, done: Callable[[str], None] | None = None) -> None:
        super().__init__(table)
        self._table = table
        self._path = path
        self._spare = path.with_name(f".{path.name}.part")
        self._done = done
        model = table.model()
        # What is exported is what was there when it began: rows that come meanwhile are not waited for.
        count = self._count = model.rowCount()
        columns = getattr(table, "shown_columns", lambda: list(range(model.columnCount())))()
        self._file: TextIO | None = None
        self._progress = QProgressDialog(self.tr("Writing {}").format(path.name), self.tr("Cancel"), 0, count, table)
        self._progress.setMinimumDuration(500)
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._go_on)
        try:
            self._file = open(self._spare, "w", encoding="utf-8", newline="")  # noqa: SIM115 - closed by `_end`
        except OSError as error:
            self._end(str(error))
            return
        form = "json" if path.suffix.lower() == ".json" else "csv"
        self._work: Iterator[int] = files.write(model, range(count), columns, form, self._file)
        self._timer.start(0)

    def _go_on(self) -> None:
        until = time.monotonic() + SLICE
        try:
            for written in self._work:
                self._progress.setValue(min(written, self._count))
                if self._progress.wasCanceled():
                    self._end("cancelled")
                    return
                if time.monotonic() >= until:
                    return
            if self._file is not None:
                self._file.close()
            os.replace(self._spare, self._path)
        except OSError as error:
            self._end(str(error))
        else:
            self._end("")

    def _end(self, problem: str) -> None:
        self._timer.stop()
        if self._file is not None:
            self._file.close()
        self._progress.close()
        self._progress.deleteLater()
        if problem:
            self._spare.unlink(missing_ok=True)
        if problem and problem != "cancelled":
            box = QMessageBox(QMessageBox.Icon.Warning, self.tr("Not exported"), problem, parent=self._table)
            box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            box.open()
        if self._done is not None:
            self._done(problem)
        self.deleteLater()
