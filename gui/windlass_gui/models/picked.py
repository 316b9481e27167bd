"""The items that an act would touch, as a table: stretches of them are held, never each by itself."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, Qt

from windlass_gui.look.theme import ITEM_STATES, STATE_NAMES
from windlass_gui.mirror import Mirror
from windlass_gui.models import format as fmt
from windlass_gui.models.rows import KEY_ROLE, STATE_ROLE, Index, tr

Stretch = tuple[int, int, int, int]
"""run, task, first, one past the last."""
COLUMNS = ("Run", "Task", "Item", "Now")


class PickedModel(QAbstractTableModel):
    """One row an item, however many; what it is called and its state come from the mirror, where it knows them."""

    def __init__(self, mirror: Mirror, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._mirror = mirror
        self._stretches: list[Stretch] = []
        self._ends: list[int] = []

    def show(self, stretches: Sequence[Stretch]) -> None:
        if list(stretches) == self._stretches:
            if self._ends:
                self.dataChanged.emit(self.index(0, 0), self.index(self._ends[-1] - 1, len(COLUMNS) - 1))
            return
        self.beginResetModel()
        self._stretches = [stretch for stretch in stretches if stretch[3] > stretch[2]]
        self._ends = list(accumulate(last - first for _, _, first, last in self._stretches))
        self.endResetModel()

    def item(self, row: int) -> tuple[int, int, int]:
        """run, task, index."""
        place = bisect_right(self._ends, row)
        run, task, first, _ = self._stretches[place]
        return run, task, first + row - (self._ends[place - 1] if place else 0)

    def rowCount(self, parent: Index = QModelIndex()) -> int:
        return 0 if parent.isValid() or not self._ends else self._ends[-1]

    def columnCount(self, parent: Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return tr(COLUMNS[section])
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= self.rowCount():
            return None
        run, task, item = self.item(index.row())
        if role == KEY_ROLE:
            return run, task, item
        mirror = self._mirror.run(run)
        row = mirror.tasks[task] if mirror is not None and task < len(mirror.tasks) else None
        states = mirror.states.get(task, b"") if mirror is not None else b""
        known = item < len(states)
        if role == STATE_ROLE:
            return ITEM_STATES[states[item]] if known and index.column() == 3 else None
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        if index.column() == 0:
            return str(run)
        if index.column() == 1:
            return f"task {task}" if row is None else row.title or row.id
        if index.column() == 2:
            return fmt.count(item) if row is None or row.array else ""
        return STATE_NAMES[states[item]] if known else ""
