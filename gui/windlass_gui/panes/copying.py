"""The selected rows of a table into the clipboard: a few at once, many a piece at a time while the window goes on."""

from __future__ import annotations

import io
import time
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import cast

from PySide6.QtCore import QItemSelectionRange, QObject, QTimer
from PySide6.QtWidgets import QApplication, QProgressDialog, QTableView

from windlass_gui.filejob import SHOWN_AFTER
from windlass_gui.look.boxes import warn
from windlass_gui.models import export as files
from windlass_gui.models import format as fmt

COPIED = 200_000
"""Rows that the clipboard takes at most; more belong into a file."""
SLICE = 0.02
"""Seconds of work between two looks at the events that wait."""


def selected_spans(table: QTableView) -> list[tuple[int, int]]:
    """The selected rows as first..last of each stretch, ascending; cheap for a million."""
    chosen = cast(Iterable[QItemSelectionRange], table.selectionModel().selection())
    spans: list[tuple[int, int]] = []
    for first, last in sorted((each.top(), each.bottom()) for each in chosen):
        if spans and first <= spans[-1][1] + 1:
            spans[-1] = spans[-1][0], max(last, spans[-1][1])
        else:
            spans.append((first, last))
    return spans


class Copying(QObject):
    """One copy. Rows are read as they are when their turn comes; the clipboard changes when all are read."""

    def __init__(self, table: QTableView, columns: list[int], form: str, most: int = COPIED) -> None:
        """`form` is `tsv`, `csv` or `json`."""
        super().__init__(table)
        self._table = table
        spans = selected_spans(table)
        self._selected = sum(last - first + 1 for first, last in spans)
        self._count = min(most, self._selected)
        self._text = io.StringIO(newline="")
        rows = islice(chain.from_iterable(range(first, last + 1) for first, last in spans), most)
        self._work: Iterator[int] = files.write(table.model(), rows, columns, form, self._text)
        self._bar: QProgressDialog | None = None
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._go_on)

    @property
    def over(self) -> bool:
        """It is done, or was stopped."""
        return not self._timer.isActive()

    def start(self) -> None:
        """What does not take long is in the clipboard at once."""
        if not self._count:
            return
        self._timer.start(0)
        self._go_on()
        if not self.over:
            self._show_progress()

    def stop(self) -> None:
        """Leave the clipboard as it is."""
        self._end()

    def _show_progress(self) -> None:
        bar = self._bar = QProgressDialog(self._table)
        bar.setWindowTitle(self.tr("Copy"))
        bar.setLabelText(self.tr("Copying {} rows…").format(fmt.count(self._count)))
        bar.setCancelButtonText(self.tr("Cancel"))
        bar.setRange(0, self._count)
        bar.setMinimumDuration(SHOWN_AFTER)
        bar.setAutoReset(False)
        bar.setAutoClose(False)
        bar.setValue(0)
        bar.canceled.connect(self.stop)

    def _go_on(self) -> None:
        until = time.monotonic() + SLICE
        for done in self._work:
            if done < self._count and time.monotonic() >= until:
                if self._bar is not None:
                    self._bar.setValue(done)
                return
        QApplication.clipboard().setText(self._text.getvalue())
        self._end()
        if self._count < self._selected:
            text = self.tr("The first {} of {} rows are in the clipboard. Export… writes all of the table into a file.")
            said = text.format(fmt.count(self._count), fmt.count(self._selected))
            warn(self._table, self.tr("Not all rows were copied"), said)

    def _end(self) -> None:
        self._timer.stop()
        self._work = iter(())
        self._text = io.StringIO()
        bar, self._bar = self._bar, None
        if bar is not None:
            bar.canceled.disconnect()
            bar.close()
            bar.deleteLater()
        self.deleteLater()
