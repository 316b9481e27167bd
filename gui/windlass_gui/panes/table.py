"""A table as all panes have it: whole rows, no grid, sorted through a proxy, states and progress drawn."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, cast

from PySide6.QtCore import QAbstractItemModel, QItemSelectionRange, Qt
from PySide6.QtGui import QAction, QContextMenuEvent, QKeySequence, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QApplication, QHeaderView, QMenu, QTableView, QWidget

from windlass_gui.models import KEY_ROLE
from windlass_gui.panes.delegates import ProgressDelegate, StateDelegate

ROW = 26
"""Height of a row in pixels."""


class Table(QTableView):
    """`menu` fills the context menu for the selected rows, when there is something to do with them."""

    def __init__(self, model: QAbstractItemModel, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setModel(model)
        self.setAccessibleName(name)
        self.menu: Callable[[QMenu], None] | None = None
        self._stretched = -1, 0
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setDefaultSectionSize(ROW)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setStretchLastSection(True)
        header.setMinimumSectionSize(48)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self._copy = QAction("Copy", self, shortcut=QKeySequence(QKeySequence.StandardKey.Copy))
        self._copy.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        self._copy.triggered.connect(self.copy)
        self.addAction(self._copy)

    def draw(self, states: tuple[int, ...] = (), progress: tuple[int, ...] = ()) -> None:
        """Which columns show a state and which a progress bar."""
        for column in states:
            self.setItemDelegateForColumn(column, StateDelegate(self))
        for column in progress:
            self.setItemDelegateForColumn(column, ProgressDelegate(self))

    def widths(self, *pixels: int) -> None:
        for column, width in enumerate(pixels):
            self.setColumnWidth(column, width)

    def stretch(self, column: int, least: int = 0) -> None:
        """This column takes what the others leave, but never less than `least` pixels."""
        self.horizontalHeader().setStretchLastSection(False)
        self._stretched = column, least
        # Hiding and showing a column count as resizing it.
        self.horizontalHeader().sectionResized.connect(self._resized)
        self._fit_stretched()

    def _resized(self, column: int, _before: int, _now: int) -> None:
        if column != self._stretched[0]:
            self._fit_stretched()

    def _fit_stretched(self) -> None:
        column, least = self._stretched
        others = sum(self.columnWidth(other) for other in range(self.model().columnCount()) if other != column)
        self.setColumnWidth(column, max(least, self.viewport().width() - others))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._stretched[0] >= 0:
            self._fit_stretched()

    def sort_by(self, column: int, order: Qt.SortOrder) -> None:
        self.setSortingEnabled(True)
        self.sortByColumn(column, order)

    def selected_keys(self) -> list[Any]:
        return [self.model().index(row, 0).data(KEY_ROLE) for row in self.selected_rows()]

    def selected_rows(self) -> list[int]:
        """Ascending. From the ranges, so that hidden columns do not matter."""
        ranges = cast(Iterable[QItemSelectionRange], self.selectionModel().selection())
        return sorted({row for each in ranges for row in range(each.top(), each.bottom() + 1)})

    def current_key(self) -> Any:
        index = self.currentIndex()
        return index.data(KEY_ROLE) if index.isValid() else None

    def copy(self) -> None:
        """The selected rows as tab-separated text."""
        model = self.model()
        lines = [
            "\t".join(str(model.index(row, column).data() or "") for column in range(model.columnCount()))
            for row in self.selected_rows()
        ]
        if lines:
            QApplication.clipboard().setText("\n".join(lines))

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if not self.selectionModel().hasSelection():
            return
        menu = QMenu(self)
        if self.menu is not None:
            self.menu(menu)
            menu.addSeparator()
        menu.addAction(self._copy)
        menu.exec(event.globalPos())
        menu.deleteLater()
