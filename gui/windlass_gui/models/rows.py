"""The base of the tables: keyed rows that change by named keys, announced to Qt in merged ranges.

New rows are appended and sorting is the proxy's work, so that a change never moves other rows. What a model announces
is exactly what changed; a test holds it against a rebuild under random deltas.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from PySide6.QtCore import (
    QAbstractTableModel,
    QCoreApplication,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QSortFilterProxyModel,
    Qt,
)

from windlass_gui.look.language import spoken
from windlass_gui.look.tips import plain_tip
from windlass_gui.models.query import Field, Query

STATE_ROLE = Qt.ItemDataRole.UserRole + 1
"""The name of a state, for the delegate that draws it."""
SORT_ROLE = Qt.ItemDataRole.UserRole + 2
COUNTS_ROLE = Qt.ItemDataRole.UserRole + 3
"""`rows.Counts`, for the delegate that draws progress."""
KEY_ROLE = Qt.ItemDataRole.UserRole + 4
"""What the row is about: a run's number, an agent's id, an attempt's id."""
RAW_ROLE = Qt.ItemDataRole.UserRole + 5
"""The number behind a cell where there is one (seconds, bytes, ...), else its text, and a column's title, in English:
for files that programs read."""

Index = QModelIndex | QPersistentModelIndex
Key = TypeVar("Key")
Row = TypeVar("Row")


def tr(text: str) -> str:
    """Titles and tips of columns, and the words about fields of filters."""
    return QCoreApplication.translate("Tables", text)


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
    field: Field | None = None
    """How a filter asks for it; words and texts are compared with what it shows, numbers with what it sorts by."""
    sample: str = ""
    """The longest text that it should show whole; its title when empty."""
    extra: bool = False
    """Shown only when a person wants it."""
    said: bool = False
    """Words, not a name: shown in the app's language. Filters and files take them as they are."""
    number: Callable[[Row], float | None] | None = None
    """What filters and files take where the cell shows, and sorts by, a number of another kind too."""

    def value(self, row: Row) -> Any:
        """What a filter compares: a text, a number, or None where there is none."""
        if self.field is None or self.field.kind in ("text", "word"):
            return self.text(row)
        return self._known(row)

    def raw(self, row: Row) -> Any:
        """For files that programs read; empty where there is no number."""
        if not self.right or self.sort is None or not isinstance(self.sort(row), int | float):
            return self.text(row)
        found = self._known(row)
        return "" if found is None else found

    def _known(self, row: Row) -> float | None:
        """What is not known sorts as a number below all others, and shows nothing."""
        if self.number is not None:
            return self.number(row)
        found = self.sort(row) if self.sort else None
        return found if isinstance(found, int | float) and (found >= 0 or self.text(row)) else None


class RowsModel(QAbstractTableModel, Generic[Key, Row]):
    """A table of keyed rows."""

    def __init__(self, columns: list[Column[Row]], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.columns = columns
        self._keys: list[Key] = []
        self._rows: list[Row] = []
        self._place: dict[Key, int] = {}
        self._by_field = {column.field.name: column for column in columns if column.field is not None}

    @property
    def fields(self) -> list[Field]:
        """What a filter may ask for, in the order of the columns."""
        return [column.field for column in self.columns if column.field is not None]

    def at(self, title: str) -> int:
        """Where the column with this title stands."""
        return next(place for place, column in enumerate(self.columns) if column.title == title)

    def known(self, field: str) -> set[str]:
        """The texts that stand in a field now, to be offered."""
        column = self._by_field.get(field)
        return {text for row in self._rows if (text := column.text(row))} if column is not None else set()

    def holds(self, query: Query, place: int) -> bool:
        """Whether the row at this place fits a filter."""
        row = self._rows[place]
        return query.holds(lambda name: self._by_field[name].value(row), lambda: self._texts(row))

    def _texts(self, row: Row) -> Iterator[str]:
        return (column.text(row) for column in self.columns)

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

    def at_place(self, place: int) -> Row:
        return self._rows[place]

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
            return self.tr(column.title)
        if role == RAW_ROLE:
            return column.title
        if role == Qt.ItemDataRole.ToolTipRole:
            return self.tr(column.tip) if column.tip else None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(column)
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Rows can be dragged where a table allows it."""
        flags = super().flags(index)
        return flags | Qt.ItemFlag.ItemIsDragEnabled if index.isValid() else flags

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self._rows):
            return None
        row, column = self._rows[index.row()], self.columns[index.column()]
        if role == Qt.ItemDataRole.DisplayRole:
            text = column.text(row)
            return spoken(text) if column.said or column.state is not None else text
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
        if role == RAW_ROLE:
            return column.raw(row)
        if role == Qt.ItemDataRole.ToolTipRole:
            detail = column.detail(row) if column.detail is not None else ""
            return plain_tip(spoken(detail) if column.said or column.state is not None else detail) or None
        return None


def _alignment(column: Column[Any]) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if column.right else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter


class SortedRows(QSortFilterProxyModel):
    """Sorts by SORT_ROLE, keeps the order while rows change, and leaves out what a filter does not want."""

    def __init__(self, source: RowsModel[Any, Any], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.rows = source
        self.query = Query()
        self._sort_keys: dict[tuple[int, int], Any] = {}
        """(row, column) of the source -> what it sorts by; a comparison then costs no call into the model."""
        self.setSortRole(SORT_ROLE)
        self.setDynamicSortFilter(True)
        # Connected before the proxy connects itself: it must not compare by what was.
        for signal in (source.dataChanged, source.rowsInserted, source.rowsRemoved, source.modelReset):
            signal.connect(self._forget)
        self.setSourceModel(source)

    def _forget(self, *_: object) -> None:
        self._sort_keys.clear()

    def set_query(self, query: Query) -> None:
        """Show only rows that fit."""
        self.query = query
        self.invalidate()

    def still(self) -> RowsModel[Any, Any]:
        """The rows that are shown now, in their order; what changes from now on changes nothing there."""
        places = [self.mapToSource(self.index(at, 0)).row() for at in range(self.rowCount())]
        made: RowsModel[int, Any] = RowsModel(self.rows.columns)
        made.reset({at: self.rows.at_place(place) for at, place in enumerate(places)})
        return made

    def filterAcceptsRow(self, row: int, parent: Index) -> bool:
        return not self.query or self.rows.holds(self.query, row)

    def lessThan(self, left: Index, right: Index) -> bool:
        first, second = self._sort_key(left), self._sort_key(right)
        if first is None or second is None:
            return first is None and second is not None
        return bool(first < second)

    def _sort_key(self, index: Index) -> Any:
        place = index.row(), index.column()
        try:
            return self._sort_keys[place]
        except KeyError:
            found = self._sort_keys[place] = index.data(SORT_ROLE)
            return found
