"""What lies in the chosen region, as a table beside the timeline."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QLabel,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from windlass.model.units import human_size
from windlass_gui.look.buttons import flat_button
from windlass_gui.look.theme import XS, S
from windlass_gui.look.tips import plain_tip
from windlass_gui.models import format as fmt
from windlass_gui.panes.table import ROW
from windlass_gui.timeline.summary import Line

MOST = 500
"""Tasks that are listed; the line above says how many more there are."""


class RegionTable(QWidget):
    """Hidden while no region is chosen."""

    closed = Signal()
    zoom_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._lines: Sequence[Line] = ()
        self._name: Callable[[int, int], str] = lambda run, task: str(task)
        self.words = QLabel()
        self.words.setTextFormat(Qt.TextFormat.PlainText)
        self.words.setWordWrap(True)
        self.table = QTableWidget(0, 6)
        self.table.setAccessibleName(self.tr("What lies in the chosen region, by task"))
        heads = (
            self.tr("Task"), self.tr("Attempts"), self.tr("Failed"), self.tr("Time"), self.tr("Mean"),
            self.tr("Longest"),
        )  # fmt: skip
        self.table.setHorizontalHeaderLabels(heads)
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setDefaultSectionSize(ROW)
        self.table.setShowGrid(False)
        self.table.horizontalHeader().setProperty("role", "plain")
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        row = QHBoxLayout()
        row.setSpacing(XS)
        row.addWidget(self.words, 1)
        for text, tip, act in (
            (self.tr("Zoom"), self.tr("Show this region as wide as possible (Z)"), self.zoom_asked.emit),
            (self.tr("Copy"), self.tr("Copy the table as CSV"), self.copy),
            ("✕", self.tr("Choose no region (Esc)"), self.closed.emit),
        ):
            row.addWidget(flat_button(text, tip, act))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(S, XS, S, XS)
        layout.setSpacing(XS)
        layout.addLayout(row)
        layout.addWidget(self.table)
        self.setMinimumWidth(430)
        self.hide()

    def show_lines(self, lines: Sequence[Line], seconds: float, name: Callable[[int, int], str]) -> None:
        """The summary of a region that is so many seconds long; `name` of a run's task."""
        self._lines, self._name = lines, name
        count, bad = sum(line.count for line in lines), sum(line.bad for line in lines)
        words = self.tr("{} attempts in {}").format(fmt.count(count), fmt.duration(seconds))
        if bad:
            words += ", " + self.tr("{} failed").format(fmt.count(bad))
        if len(lines) > MOST:
            words += " · " + self.tr("the first {} of {} tasks").format(MOST, fmt.count(len(lines)))
        self.words.setText(words)
        shown = lines[:MOST]
        self.table.setRowCount(len(shown))
        for at, line in enumerate(shown):
            values = (
                name(line.run, line.task), fmt.count(line.count), fmt.count(line.bad) if line.bad else "",
                fmt.duration(line.total), fmt.duration(line.mean), fmt.duration(line.longest),
            )  # fmt: skip
            for column, text in enumerate(values):
                cell = QTableWidgetItem(text)
                if column:
                    cell.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                memory = self.tr("{} memory at most").format(human_size(line.memory)) if line.memory else ""
                cell.setToolTip(memory or plain_tip(text))
                self.table.setItem(at, column, cell)
        self.table.resizeColumnsToContents()
        self.show()

    def copy(self) -> None:
        """All of the lines to the clipboard, in seconds and bytes."""
        text = ["task,run,attempts,failed,seconds,mean,longest,memory"]
        for line in self._lines:
            name = self._name(line.run, line.task).replace('"', '""')
            text.append(
                f'"{name}",{line.run},{line.count},{line.bad},{line.total:.6f},{line.mean:.6f},{line.longest:.6f},'
                f"{line.memory}"
            )
        QGuiApplication.clipboard().setText("\n".join(text) + "\n")
