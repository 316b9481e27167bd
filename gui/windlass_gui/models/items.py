"""The items of one task: a window onto its array of state bytes, for up to a million rows.

No row is an object. Which items are shown in which order is an array of numbers; what a cell says is looked up when it
is painted. What the states do not tell (durations, agents, ...) comes from `ItemFacts`, which the pane loads when
something asks for it; see `facts_wanted`.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, Qt, Signal

from windlass.model.units import human_size
from windlass.wire.rows import AttemptRow
from windlass_gui.look.language import spoken
from windlass_gui.look.theme import ITEM_STATES, STATE_NAMES
from windlass_gui.look.tips import plain_tip
from windlass_gui.mirror import RunMirror
from windlass_gui.models import format as fmt
from windlass_gui.models.itemfacts import ItemFacts
from windlass_gui.models.itemquery import FIELDS, matching, needs_facts, ordered, stretches
from windlass_gui.models.query import Query
from windlass_gui.models.rows import KEY_ROLE, RAW_ROLE, STATE_ROLE, Index, ranges
from windlass_gui.models.tables import attempt_end, attempt_end_reason, attempt_seconds

COLUMNS = ("Item", "State", "Attempts", "Agent", "Duration", "Memory", "Last end", "Value", "Note")
SORTS = ("item", "state", "attempts", "agent", "time", "mem", "end")
"""What a column is sorted by; the last two cannot be, as the core tells them only for what is in view."""
SAMPLES = (
    "1,000,000",
    "MM succeeded",
    "12",
    "workstation-7",
    "2:59:59",
    "1023.9 MiB",
    "exit 3: No space left",
    "x",
    "x",
)
EXTRA = (7, 8)
"""Columns that are shown only when a person wants them."""
RIGHT = (0, 2, 4, 5)
"""Columns of numbers."""
MANY_RANGES = 200
"""Beyond so many separate ranges it is cheaper to tell the view about all between them (or, filtered, to reset)."""
BLOCK = 200
"""Items whose values and notes are asked for at once."""
BLOCKS = 50
"""Blocks of values and notes that are kept."""


class ItemsModel(QAbstractTableModel):
    """Rows are the items in their order, or what a filter and a sorting make of them."""

    facts_wanted = Signal()
    """Something is shown, sorted or filtered by what only `facts` can tell, and they are not complete."""
    block_wanted = Signal(int)
    """Values and notes of the items from this number on are in view and not known."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._run: RunMirror | None = None
        self._task = 0
        self._query = Query()
        self._sort = ("item", False)
        self._count = 0
        self._shown: NDArray[np.int64] | None = None
        """The items shown, in their order; None for all, ascending."""
        self.facts = ItemFacts(0)
        self.complete = False
        """All of the facts have come."""
        self._asked = False
        self._blocks: dict[int, dict[int, tuple[str, str]] | None] = {}
        """First item of a block -> item -> value and note; None while they are asked."""
        self.stale = False
        """What is shown may not be where the sorting or the filter would have it; `arrange` mends that."""

    def still(self) -> ItemsModel:
        """The items that are shown now, in their order, whatever is shown here from now on."""
        made = ItemsModel()
        made._run, made._task, made._count = self._run, self._task, self._count
        made._shown, made.facts, made._blocks = self._shown, self.facts, dict(self._blocks)
        return made

    # --- changes -------------------------------------------------------------------------------------------

    def show(self, run: RunMirror | None, task: int) -> None:
        self.beginResetModel()
        if not self.shows(run, task):
            self.facts, self.complete, self._asked = ItemFacts(0), False, False
            self._blocks.clear()
        self._run, self._task = run, task
        self._read()
        self.endResetModel()

    def shows(self, run: RunMirror | None, task: int) -> bool:
        """Whether this is what it shows already (a new snapshot of a run keeps its mirror)."""
        return run is not None and self._run is run and self._task == task

    @property
    def query(self) -> Query:
        return self._query

    def set_query(self, query: Query) -> None:
        """Only items that fit."""
        self.beginResetModel()
        self._query = query
        self._read()
        self.endResetModel()

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """By a column; the number decides between equals."""
        wanted = SORTS[column] if 0 <= column < len(SORTS) else "item", order == Qt.SortOrder.DescendingOrder
        if wanted != self._sort:
            self.beginResetModel()
            self._sort = wanted
            self._read()
            self.endResetModel()

    def arrange(self) -> None:
        """Sort and filter anew, by what is known now."""
        self.beginResetModel()
        self._read()
        self.endResetModel()

    def facts_changed(self, complete: bool) -> None:
        """More of the facts came."""
        self.complete = complete
        if self._by_facts:
            self.stale = True
        elif self.rowCount():
            self.dataChanged.emit(self.index(0, 2), self.index(self.rowCount() - 1, 6))

    def facts_outdated(self) -> None:
        """More has ended than was told: what is needed of it is asked for again."""
        self.complete = self._asked = False
        if self._by_facts:
            self.want_facts()

    def set_block(self, first: int, rows: dict[int, tuple[str, str]] | None) -> None:
        """Values and notes of a block came; None: they did not, and may be asked for again."""
        if rows is None:
            self._blocks.pop(first, None)
            return
        self._blocks[first] = rows
        if self.rowCount():
            self.dataChanged.emit(self.index(0, 7), self.index(self.rowCount() - 1, 8))

    def change(self, items: Iterable[int] | None) -> None:
        """These items changed (None: any of them); items may have been added at the end."""
        items = None if items is None else list(items)
        self._forget(items)
        count = len(self._states())
        if self._shown is not None or count < self._count:
            self._change_arranged(count)
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

    def _change_arranged(self, count: int) -> None:
        if count >= self._count and self._sort == ("item", False) and not needs_facts(self._query):
            self._refilter()
            return
        if count < self._count:
            self.arrange()
            return
        # Sorting a million anew at every frame would leave no time for anything else: the pane does it now and then.
        self.stale = True
        if self.rowCount():
            self.dataChanged.emit(self.index(0, 0), self.index(self.rowCount() - 1, len(COLUMNS) - 1))

    def _forget(self, items: list[int] | None) -> None:
        """What was told of these may not hold any more."""
        if items is None:
            self._blocks.clear()
        elif self._run is not None:
            rows = [row for item in items if (row := self._run.last_attempt(self._task, item)) is not None]
            count = len(self._states())
            if rows and len(self.facts) < count:
                # Once for all items: one by one would copy what is known of a million at each.
                self.facts.grow(count)
            self.facts.add_rows(rows)
            for first in {item // BLOCK * BLOCK for item in items}:
                self._blocks.pop(first, None)

    def _refilter(self) -> None:
        before = self._shown if self._shown is not None else np.zeros(0, np.int64)
        after = self._matching()
        self._count = len(self._states())
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

    # --- arranging -----------------------------------------------------------------------------------------

    def _states(self) -> bytearray | bytes:
        return self._run.states.get(self._task, b"") if self._run is not None else b""

    def _array(self) -> NDArray[np.uint8]:
        return np.frombuffer(bytes(self._states()), np.uint8)

    @property
    def _by_facts(self) -> bool:
        return needs_facts(self._query) or self._sort[0] not in ("item", "state")

    def _live(self) -> list[AttemptRow]:
        run = self._run
        if run is None:
            return []
        return [run.attempts[key] for key in run.live if key[0] == self._task and key in run.attempts]

    def _seconds(self) -> NDArray[np.float64]:
        if len(self.facts) < self._count:
            self.facts.grow(self._count)
        self.facts.add_rows(self._live())
        return self.facts.with_live(self._live(), time.time())[: self._count]

    def _trimmed(self) -> ItemFacts:
        """The facts of exactly the items that there are."""
        if len(self.facts) == self._count:
            return self.facts
        if len(self.facts) < self._count:
            self.facts.grow(self._count)
            return self.facts
        trimmed = ItemFacts(0)
        trimmed.agents, trimmed.ends = self.facts.agents, self.facts.ends
        for name in ("attempt", "agent", "end", "seconds", "memory"):
            setattr(trimmed, name, getattr(self.facts, name)[: self._count])
        return trimmed

    def _matching(self) -> NDArray[np.int64]:
        states = self._array()
        self._count = len(states)
        seconds = self._seconds() if self._by_facts else np.zeros(0)
        return matching(self._query, states, self._trimmed(), seconds)

    def _read(self) -> None:
        self.stale = False
        states = self._array()
        self._count = len(states)
        if not self._query and self._sort == ("item", False):
            self._shown = None
            return
        seconds = self._seconds() if self._by_facts else np.zeros(0)
        facts = self._trimmed()
        items = matching(self._query, states, facts, seconds)
        self._shown = ordered(items, *self._sort, states, facts, seconds)
        if self._by_facts:
            self.want_facts()

    def want_facts(self) -> None:
        if not self.complete and not self._asked and self._run is not None:
            self._asked = True
            self.facts_wanted.emit()

    # --- reading -------------------------------------------------------------------------------------------

    @property
    def fields(self) -> tuple[Any, ...]:
        return FIELDS

    def known(self, field: str) -> list[str]:
        """Values of a text field, to be offered."""
        names = self.facts.agents if field == "agent" else self.facts.ends if field == "end" else []
        return [name for name in names if name]

    def item(self, row: int) -> int:
        return row if self._shown is None else int(self._shown[row])

    def row_of(self, item: int) -> int | None:
        if self._shown is None:
            return item if item < self._count else None
        found = np.flatnonzero(self._shown == item)
        return int(found[0]) if len(found) else None

    def stretches_of(self, spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
        """The items of rows first..last (both shown), as first..last-1 of each stretch of items, ascending."""
        spans = sorted(spans)
        if self._shown is None:
            rows = [np.arange(first, last + 1) for first, last in spans]
        else:
            rows = [self._shown[first : last + 1] for first, last in spans]
        return stretches(np.unique(np.concatenate(rows))) if rows else []

    def rows_of(self, spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
        """The rows that show these items, as first..last (both shown) of each stretch of rows."""
        wanted = np.zeros(self._count, bool)
        for first, last in spans:
            wanted[first:last] = True
        items = np.arange(self._count) if self._shown is None else self._shown
        return [(first, last - 1) for first, last in stretches(np.flatnonzero(wanted[items]))]

    def rowCount(self, parent: Index = QModelIndex()) -> int:
        if parent.isValid():
            return 0
        return self._count if self._shown is None else len(self._shown)

    def columnCount(self, parent: Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return self.tr(COLUMNS[section])
        if orientation == Qt.Orientation.Horizontal and role == RAW_ROLE:
            return COLUMNS[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _side(section)
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role not in _ROLES or not index.isValid() or self._run is None or index.row() >= self.rowCount():
            return None
        column = index.column()
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _side(column)
        item = self.item(index.row())
        if role == KEY_ROLE:
            return item
        if role == STATE_ROLE:
            return ITEM_STATES[self._run.state(self._task, item)] if column == 1 else None
        last = self._run.last_attempt(self._task, item)
        if role == Qt.ItemDataRole.ToolTipRole:
            return plain_tip(last.error) or None if last is not None else None
        if role == RAW_ROLE:
            return self._raw(column, item, last)
        return self._text(column, item, last)

    def _text(self, column: int, item: int, last: AttemptRow | None) -> str:
        if column == 0:
            return str(item)
        if column == 1 and self._run is not None:
            return spoken(STATE_NAMES[self._run.state(self._task, item)])
        if column >= 7:
            return self._detail(item)[column - 7]
        if last is not None and column == 6:
            return spoken(attempt_end_reason(last)) if last.ended else ""
        raw = self._raw(column, item, last)
        if raw is None or raw == "":
            return ""
        return fmt.duration(raw) if column == 4 else human_size(raw) if column == 5 else str(raw)

    def _raw(self, column: int, item: int, last: AttemptRow | None) -> Any:
        """The number behind a cell; None where it is not known."""
        if column == 0:
            return item
        if column == 1 and self._run is not None:
            return STATE_NAMES[self._run.state(self._task, item)]
        if column not in (2, 3, 4, 5, 6):
            return None
        if last is not None:
            seconds = attempt_seconds(last)
            return (
                last.attempt, last.agent_name, None if seconds < 0 else round(seconds, 3),
                last.memory if last.ended else None, attempt_end(last) if last.ended else "",
            )[column - 2]  # fmt: skip
        facts = self.facts
        if item >= len(facts) or not facts.attempt[item]:
            if not self.complete and self._run is not None and self._run.state(self._task, item) >= 2:
                self.want_facts()
            return None
        if column == 4:
            seconds = float(facts.seconds[item])
            return None if np.isnan(seconds) else round(seconds, 3)
        if column == 5:
            return int(facts.memory[item]) if facts.memory[item] >= 0 else None
        return (int(facts.attempt[item]), facts.agents[facts.agent[item]], None, None, facts.ends[facts.end[item]])[
            column - 2
        ]

    def _detail(self, item: int) -> tuple[str, str]:
        """Value and note; empty until the core has told them."""
        first = item // BLOCK * BLOCK
        if first not in self._blocks:
            while len(self._blocks) >= BLOCKS:
                del self._blocks[next(iter(self._blocks))]
            self._blocks[first] = None
            self.block_wanted.emit(first)
        rows = self._blocks.get(first)
        return rows.get(item, ("", "")) if rows else ("", "")


_ROLES = frozenset(
    {
        int(Qt.ItemDataRole.DisplayRole), int(Qt.ItemDataRole.TextAlignmentRole), int(Qt.ItemDataRole.ToolTipRole),
        int(KEY_ROLE), int(STATE_ROLE), int(RAW_ROLE),
    }
)  # fmt: skip


def _side(column: int) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if column in RIGHT else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter
