"""The base of the tables: keyed rows that change by named keys, announced to Qt in merged ranges.

New rows are appended and sorting is the proxy's work, so that a change never moves other rows. What a model announces
is exactly what changed; a test holds it against a rebuild under random deltas.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, QSortFilterProxyModel, Qt

STATE_ROLE = Qt.ItemDataRole.UserRole + 1
"""The name of a state, for the delegate that draws it."""
SORT_ROLE = Qt.ItemDataRole.UserRole + 2
COUNTS_ROLE = Qt.ItemDataRole.UserRole + 3
"""`rows.Counts`, for the delegate that draws progress."""
KEY_ROLE = Qt.ItemDataRole.UserRole + 4
"""What the row is about: a run's number, an agent's id, an attempt's id."""

Index = QModelIndex | QPersistentModelIndex
Key = TypeVar("Key")
Row = TypeVar("Row")


def ranges(numbers: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Sorted numbers as (first, last) of each contiguous range."""
    first = last = None
    for number in sorted(numbers):
        if last is not None and number == last + 1:
            last = number
            continue
        if first is not None and last is not None:
            yield first, last
        first = last = number
    if first is not None and last is not None:
        yield first, last


@dataclass(frozen=True)
class Column(Generic[Row]):
    """One column: its title, what it shows, and what it sorts by (default: what it shows)."""

    title: str
    text: Callable[[Row], str]
    sort: Callable[[Row], Any] | None = None
    right: bool = False
    """Numbers stand to the right."""
    tip: str = ""
    state: Callable[[Row], str] | None = None
    counts: Callable[[Row], Any] | None = None
    detail: Callable[[Row], str] | None = None
    """A tooltip of the cell."""
    live: bool = False
    """Changes as time goes by, while the row is live."""


class RowsModel(QAbstractTableModel, Generic[Key, Row]):
    """A table of keyed rows."""

    def __init__(self, columns: list[Column[Row]], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.columns = columns
        self._keys: list[Key] = []
        self._rows: list[Row] = []
        self._place: dict[Key, int] = {}

    # --- changes -------------------------------------------------------------------------------------------

    def reset(self, rows: dict[Key, Row]) -> None:
        self.beginResetModel()
        self._keys, self._rows = list(rows), list(rows.values())
        self._place = {key: place for place, key in enumerate(self._keys)}
        self.endResetModel()

    def change(self, rows: dict[Key, Row], removed: Iterable[Key] = ()) -> None:
        """New and changed rows, and those that are gone."""
        gone = [self._place[key] for key in removed if key in self._place and key not in rows]
        if gone:
            self._remove(gone)
        fresh: dict[Key, Row] = {}
        touched: list[int] = []
        for key, row in rows.items():
            place = self._place.get(key)
            if place is None:
                fresh[key] = row
            elif self._rows[place] is not row:
                self._rows[place] = row
                touched.append(place)
        self._announce(touched, 0, len(self.columns) - 1)
        if fresh:
            first = len(self._keys)
            self.beginInsertRows(QModelIndex(), first, first + len(fresh) - 1)
            for key, row in fresh.items():
                self._place[key] = len(self._keys)
                self._keys.append(key)
                self._rows.append(row)
            self.endInsertRows()

    def _remove(self, places: list[int]) -> None:
        for first, last in reversed(list(ranges(places))):
            self.beginRemoveRows(QModelIndex(), first, last)
            del self._keys[first : last + 1]
            del self._rows[first : last + 1]
            self._place = {key: place for place, key in enumerate(self._keys)}
            self.endRemoveRows()

    def _announce(self, places: Iterable[int], left: int, right: int) -> None:
        for first, last in ranges(places):
            self.dataChanged.emit(self.index(first, left), self.index(last, right))

    def tick(self, keys: Iterable[Key]) -> None:
        """Time went by: the live columns of these rows show something else now."""
        columns = [place for place, column in enumerate(self.columns) if column.live]
        if columns:
            places = [self._place[key] for key in keys if key in self._place]
            self._announce(places, columns[0], columns[-1])

    # --- reading -------------------------------------------------------------------------------------------

    def keys(self) -> list[Key]:
        return list(self._keys)

    def row(self, key: Key) -> Row | None:
        place = self._place.get(key)
        return None if place is None else self._rows[place]

    def place(self, key: Key) -> int | None:
        return self._place.get(key)

    def key_at(self, index: Index) -> Key | None:
        return self._keys[index.row()] if index.isValid() and index.row() < len(self._keys) else None

    def rowCount(self, parent: Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self._keys)

    def columnCount(self, parent: Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self.columns)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < len(self.columns):
            return None
        column = self.columns[section]
        if role == Qt.ItemDataRole.DisplayRole:
            return column.title
        if role == Qt.ItemDataRole.ToolTipRole:
            return column.tip or None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(column)
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self._rows):
            return None
        row, column = self._rows[index.row()], self.columns[index.column()]
        if role == Qt.ItemDataRole.DisplayRole:
            return column.text(row)
        if role == SORT_ROLE:
            return column.sort(row) if column.sort else column.text(row).lower()
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(column)
        if role == STATE_ROLE:
            return column.state(row) if column.state else None
        if role == COUNTS_ROLE:
            return column.counts(row) if column.counts else None
        if role == KEY_ROLE:
            return self._keys[index.row()]
        if role == Qt.ItemDataRole.ToolTipRole:
            return (column.detail(row) if column.detail else "") or None
        return None


def _alignment(column: Column[Any]) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if column.right else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter


class SortedRows(QSortFilterProxyModel):
    """Sorts by SORT_ROLE and keeps the order while rows change."""

    def __init__(self, source: QAbstractTableModel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.setSortRole(SORT_ROLE)
        self.setDynamicSortFilter(True)
        self.setSourceModel(source)

    def lessThan(self, left: Index, right: Index) -> bool:
        first, second = left.data(SORT_ROLE), right.data(SORT_ROLE)
        if first is None or second is None:
            return first is None and second is not None
        return bool(first < second)
