"""The table of runs, in which runs are dragged to another place of the queue while it is sorted by priority."""

from __future__ import annotations

from PySide6.QtCore import QAbstractItemModel, QByteArray, QMimeData, QPoint, Qt, Signal
from PySide6.QtGui import (
    QDrag,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QPainter,
    QPaintEvent,
    QPen,
)  # fmt: skip
from PySide6.QtWidgets import QAbstractItemView, QWidget

from windlass_gui.look.theme import current_theme
from windlass_gui.models import KEY_ROLE
from windlass_gui.panes.table import Table

MIME = "application/x-windlass-runs"


class QueueTable(Table):
    """`queue_column` is the one of the priorities: sorted by it, highest first, rows can be dragged."""

    dropped = Signal(list, object)
    """Runs, and the run that they shall stand before (None: at the end)."""

    def __init__(self, model: QAbstractItemModel, name: str, queue_column: int, parent: QWidget | None = None) -> None:
        super().__init__(model, name, parent)
        self._column = queue_column
        self._line: int | None = None
        """The row before which what is dragged would come to stand."""
        self.setAcceptDrops(True)
        self.setDragDropMode(QAbstractItemView.DragDropMode.DragDrop)
        self.horizontalHeader().sortIndicatorChanged.connect(self._sorted)
        self._sorted()

    @property
    def is_queue(self) -> bool:
        header = self.horizontalHeader()
        down = header.sortIndicatorOrder() == Qt.SortOrder.DescendingOrder
        return self.isSortingEnabled() and down and header.sortIndicatorSection() == self._column

    def _sorted(self, *_: object) -> None:
        self.setDragEnabled(self.is_queue)

    def startDrag(self, actions: Qt.DropAction) -> None:
        keys = self.selected_keys()
        if not keys or not self.is_queue:
            return
        data = QMimeData()
        data.setData(MIME, QByteArray(",".join(map(str, keys)).encode()))
        drag = QDrag(self)
        drag.setMimeData(data)
        drag.exec(Qt.DropAction.MoveAction)

    def _row_at(self, where: QPoint) -> int:
        """The row before which the line is drawn."""
        index = self.indexAt(where)
        if not index.isValid():
            return self.model().rowCount()
        rect = self.visualRect(index)
        return index.row() + (where.y() > rect.center().y())

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        self.dragMoveEvent(event)

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        if event.mimeData().hasFormat(MIME) and self.is_queue:
            self._show_line(self._row_at(event.position().toPoint()))
            event.acceptProposedAction()
        else:
            event.ignore()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._show_line(None)

    def _show_line(self, row: int | None) -> None:
        if row != self._line:
            self._line = row
            self.viewport().update()

    def dropEvent(self, event: QDropEvent) -> None:
        self._show_line(None)
        if not event.mimeData().hasFormat(MIME) or not self.is_queue:
            event.ignore()
            return
        runs = [int(part) for part in bytes(event.mimeData().data(MIME).data()).decode().split(",") if part.isdigit()]
        row = self._row_at(event.position().toPoint())
        before = self.model().index(row, 0).data(KEY_ROLE) if row < self.model().rowCount() else None
        event.acceptProposedAction()
        self.dropped.emit(runs, before)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self._line is not None:
            painter = QPainter(self.viewport())
            painter.setPen(QPen(current_theme().color("accent"), 2))
            y = self.rowViewportPosition(self._line) if self._line < self.model().rowCount() else -1
            if y < 0 and self.model().rowCount():
                last = self.model().rowCount() - 1
                y = self.rowViewportPosition(last) + self.rowHeight(last)
            painter.drawLine(0, y, self.viewport().width(), y)
            painter.end()
