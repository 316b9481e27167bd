"""A table as all panes have it: whole rows, no grid, sorted through a proxy, states and progress drawn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import (
    QAbstractItemModel,
    QEvent,
    QSettings,
    Qt,
    Signal,
)
from PySide6.QtGui import QAction, QContextMenuEvent, QKeyEvent, QKeySequence, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QMenu, QTableView, QWidget

from windlass_gui.models import KEY_ROLE, RowsModel, SortedRows
from windlass_gui.models.rows import Index
from windlass_gui.panes.columns import Columns, natural_width
from windlass_gui.panes.copying import Copying, selected_spans
from windlass_gui.panes.delegates import ProgressDelegate, StateDelegate
from windlass_gui.panes.exporting import export_rows

ROW = 26
"""Height of a row in pixels."""


class Table(QTableView):
    """`menu` fills the context menu for the selected rows, when there is something to do with them."""

    appeared = Signal()
    """It is seen from now on."""

    def __init__(self, model: QAbstractItemModel, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setModel(model)
        self.setAccessibleName(name)
        self.setObjectName("table-" + name.lower().replace(" ", "-"))
        self.menu: Callable[[QMenu], None] | None = None
        self._stretched = -1, 0
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
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
        header.setToolTip(self.tr("Click: sort. Drag: move. Right-click: choose columns"))
        self.columns = Columns(self)
        rows = self.rows_model
        for place, column in enumerate(rows.columns if rows is not None else ()):
            if column.extra:
                self.columns.offer(place, False)
        self._copy = self._action(self.tr("Copy"), lambda: self.copy("tsv"), QKeySequence.StandardKey.Copy)
        self._forms = [
            self._action(self.tr("Copy as CSV"), lambda: self.copy("csv"), "Ctrl+Shift+C"),
            self._action(self.tr("Copy as JSON"), lambda: self.copy("json"), "Ctrl+Alt+J"),
            self._action(self.tr("Export…"), lambda: export_rows(self), "Ctrl+Shift+E"),
        ]
        self._forms[2].setToolTip(self.tr("All rows of the table, as filtered and sorted, into a CSV or JSON file"))

    def _action(self, text: str, do: Callable[[], object], keys: QKeySequence.StandardKey | str) -> QAction:
        action = QAction(text, self, shortcut=QKeySequence(keys))
        action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        action.triggered.connect(lambda _checked=False: do())
        self.addAction(action)
        return action

    def dataChanged(self, first: Index, last: Index, roles: Sequence[int] = ()) -> None:
        """Qt 6.11 paints the whole table for rows that are out of view; that is most news of a large run."""
        bottom = self.rowAt(self.viewport().height() - 1)
        if self.isVisible() and self.rowAt(0) <= last.row() and (bottom < 0 or first.row() <= bottom):
            super().dataChanged(first, last, roles)

    # --- keys ----------------------------------------------------------------------------------------------

    def event(self, event: QEvent) -> bool:
        """Keys that mean the rows are the table's while it has the focus, whatever the window's mean elsewhere."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and self._means(event):
            event.accept()
            return True
        return super().event(event)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.appeared.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        meant = self._means(event)
        if isinstance(meant, QAction):
            meant.trigger()
        else:
            super().keyPressEvent(event)

    def _means(self, event: QKeyEvent) -> QAction | bool:
        """The table's action of these keys, or whether they are choosing all of its rows."""
        keys = QKeySequence(event.keyCombination())
        for action in self.actions():
            if keys in action.shortcuts() and action.isEnabled():
                return action
        return event.matches(QKeySequence.StandardKey.SelectAll)

    @property
    def rows_model(self) -> RowsModel[Any, Any] | None:
        """The rows behind the proxy, if it is such a table."""
        model = self.model()
        return model.rows if isinstance(model, SortedRows) else None

    def draw(self, states: tuple[int, ...] = (), progress: tuple[int, ...] = ()) -> None:
        """Which columns show a state and which a progress bar."""
        for column in states:
            self.setItemDelegateForColumn(column, StateDelegate(self))
        for column in progress:
            self.setItemDelegateForColumn(column, ProgressDelegate(self))

    def widths(self, *pixels: int) -> None:
        for column, width in enumerate(pixels):
            self.setColumnWidth(column, width)

    def natural_widths(self) -> None:
        """Each column as wide as its title and its longest usual text need in this font."""
        rows = self.rows_model
        for place in range(self.model().columnCount()):
            sample = rows.columns[place].sample if rows is not None else self.samples.get(place, "")
            if place != self._stretched[0]:
                self.setColumnWidth(place, natural_width(self, self.columns.title(place), sample))

    samples: dict[int, str] = {}
    """Column -> its longest usual text, for a model that does not say it itself."""

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
        if self.horizontalHeader().isSectionHidden(column):
            return
        others = sum(self.columnWidth(other) for other in range(self.model().columnCount()) if other != column)
        self.setColumnWidth(column, max(least, self.viewport().width() - others))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._stretched[0] >= 0:
            self._fit_stretched()

    def remember(self, settings: QSettings) -> None:
        """Columns as a person left them, now and from now on."""
        self.columns.remember(settings, self.objectName())

    def sort_by(self, column: int, order: Qt.SortOrder) -> None:
        self.setSortingEnabled(True)
        self.sortByColumn(column, order)

    def selected_keys(self) -> list[Any]:
        return [self.model().index(row, 0).data(KEY_ROLE) for row in self.selected_rows()]

    def selected_rows(self) -> list[int]:
        """Ascending. From the ranges, so that hidden columns do not matter."""
        return [row for first, last in selected_spans(self) for row in range(first, last + 1)]

    def current_key(self) -> Any:
        index = self.currentIndex()
        return index.data(KEY_ROLE) if index.isValid() else None

    def shown_columns(self) -> list[int]:
        """In the order that a person sees."""
        header = self.horizontalHeader()
        return [
            place
            for place in sorted(range(header.count()), key=header.visualIndex)
            if not header.isSectionHidden(place)
        ]

    def copy(self, form: str = "tsv") -> None:
        """The selected rows as text (`tsv`, `csv` or `json`) into the clipboard."""
        for under_way in self.findChildren(Copying):
            under_way.stop()
        Copying(self, self.shown_columns(), form).start()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        menu = self.context_menu()
        if not menu.isEmpty():
            menu.exec(event.globalPos())
        menu.deleteLater()

    def context_menu(self) -> QMenu:
        """What can be done with the selected rows, and with all."""
        menu = QMenu(self)
        menu.setToolTipsVisible(True)
        if self.selectionModel().hasSelection():
            if self.menu is not None:
                self.menu(menu)
                menu.addSeparator()
            menu.addActions([self._copy, *self._forms[:2]])
        if self.model().rowCount():
            menu.addAction(self._forms[2])
        return menu
