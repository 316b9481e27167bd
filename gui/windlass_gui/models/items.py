"""The items of one task: a window onto its array of state bytes, for up to a million rows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, Qt

from windlass.wire.rows import AttemptRow
from windlass_gui.mirror import RunMirror
from windlass_gui.models import format as fmt
from windlass_gui.models.rows import KEY_ROLE, STATE_ROLE, Index, ranges
from windlass_gui.models.tables import attempt_end, attempt_seconds
from windlass_gui.theme import ITEM_STATES

COLUMNS = ("Item", "State", "Attempts", "Agent", "Duration", "Last end")
RIGHT = (0, 2, 4)
"""Columns of numbers."""
MANY_RANGES = 200
"""Beyond so many separate ranges it is cheaper to tell the view about all between them (or, filtered, to reset)."""


class ItemsModel(QAbstractTableModel):
    """Rows are the items in their order, or those of them in the states of the filter."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._run: RunMirror | None = None
        self._task = 0
        self._filter: frozenset[int] | None = None
        self._count = 0
        self._shown: NDArray[np.int64] | None = None
        """The indices shown, ascending; None for all."""

    def show(self, run: RunMirror | None, task: int) -> None:
        self.beginResetModel()
        self._run, self._task = run, task
        self._read()
        self.endResetModel()

    def shows(self, run: RunMirror | None, task: int) -> bool:
        """Whether this is what it shows already (a new snapshot of a run keeps its mirror)."""
        return run is not None and self._run is run and self._task == task

    def set_filter(self, states: Iterable[str] | None) -> None:
        """Only items in these states; None for all."""
        self.beginResetModel()
        self._filter = None if states is None else frozenset(map(ITEM_STATES.index, states))
        self._read()
        self.endResetModel()

    def change(self, items: Iterable[int] | None) -> None:
        """These items changed (None: any of them); items may have been added at the end."""
        if self._filter is not None:
            self._refilter()
            return
        count = len(self._states())
        if count < self._count:
            self.show(self._run, self._task)
            return
        last = len(COLUMNS) - 1
        old = self._count
        if items is None and old:
            self.dataChanged.emit(self.index(0, 0), self.index(old - 1, last))
        else:
            changed = list(ranges(item for item in items or () if item < old))
            if len(changed) > MANY_RANGES:
                changed = [(changed[0][0], changed[-1][1])]
            for first, end in changed:
                self.dataChanged.emit(self.index(first, 0), self.index(end, last))
        if count > old:
            self.beginInsertRows(QModelIndex(), old, count - 1)
            self._count = count
            self.endInsertRows()

    def _refilter(self) -> None:
        before = self._shown if self._shown is not None else np.zeros(0, np.int64)
        after = self._matching()
        gone = np.flatnonzero(~np.isin(before, after, assume_unique=True))
        fresh = np.flatnonzero(~np.isin(after, before, assume_unique=True))
        gone_ranges, fresh_ranges = list(ranges(gone.tolist())), list(ranges(fresh.tolist()))
        if len(gone_ranges) + len(fresh_ranges) > MANY_RANGES:
            self.beginResetModel()
            self._shown = after
            self.endResetModel()
            return
        for first, last in reversed(gone_ranges):
            self.beginRemoveRows(QModelIndex(), first, last)
            before = np.delete(before, np.s_[first : last + 1])
            self._shown = before
            self.endRemoveRows()
        for first, last in fresh_ranges:
            self.beginInsertRows(QModelIndex(), first, last)
            before = np.insert(before, first, after[first : last + 1])
            self._shown = before
            self.endInsertRows()
        if len(after):
            self.dataChanged.emit(self.index(0, 0), self.index(len(after) - 1, len(COLUMNS) - 1))

    def _states(self) -> bytearray | bytes:
        return self._run.states.get(self._task, b"") if self._run is not None else b""

    def _matching(self) -> NDArray[np.int64]:
        states = np.frombuffer(bytes(self._states()), np.uint8)
        return np.flatnonzero(np.isin(states, list(self._filter or ())))

    def _read(self) -> None:
        self._count = len(self._states())
        self._shown = None if self._filter is None else self._matching()

    # --- reading -------------------------------------------------------------------------------------------

    def item(self, row: int) -> int:
        return row if self._shown is None else int(self._shown[row])

    def row_of(self, item: int) -> int | None:
        if self._shown is None:
            return item if item < self._count else None
        place = int(np.searchsorted(self._shown, item))
        return place if place < len(self._shown) and self._shown[place] == item else None

    def rowCount(self, parent: Index = QModelIndex()) -> int:
        if parent.isValid():
            return 0
        return self._count if self._shown is None else len(self._shown)

    def columnCount(self, parent: Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return self.tr(COLUMNS[section])
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignRight if section in RIGHT else Qt.AlignmentFlag.AlignLeft
            return side | Qt.AlignmentFlag.AlignVCenter
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or self._run is None or index.row() >= self.rowCount():
            return None
        item = self.item(index.row())
        if role == KEY_ROLE:
            return item
        column = index.column()
        if role == STATE_ROLE:
            return ITEM_STATES[self._run.state(self._task, item)] if column == 1 else None
        if role == Qt.ItemDataRole.TextAlignmentRole and column in RIGHT:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if role not in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return None
        last = self._run.last_attempt(self._task, item)
        if role == Qt.ItemDataRole.ToolTipRole:
            return (last.error or None) if last is not None else None
        return self._text(column, item, last)

    def _text(self, column: int, item: int, last: AttemptRow | None) -> str:
        if column == 0:
            return str(item)
        if column == 1 and self._run is not None:
            return ITEM_STATES[self._run.state(self._task, item)]
        if last is None:
            return ""
        if column == 2:
            return str(last.attempt)
        if column == 3:
            return last.agent_name
        if column == 4:
            return fmt.duration(attempt_seconds(last))
        reason = last.error.split("\n", 1)[0]
        return attempt_end(last) + (f": {reason}" if reason else "") if last.ended else ""
