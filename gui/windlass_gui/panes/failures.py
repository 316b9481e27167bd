"""What failed in the shown run: the same errors together, the items of one, and the card of one item."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    QTimer,
)
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QListView, QMenu, QPushButton, QSplitter, QVBoxLayout, QWidget

from windlass_gui.bridge import Bridge
from windlass_gui.look.theme import XS, S
from windlass_gui.look.tips import plain_tip
from windlass_gui.models import KEY_ROLE, RowsModel, SortedRows
from windlass_gui.models import format as fmt
from windlass_gui.models.rows import Column, ranges
from windlass_gui.panes.doing import WHOLE, Retry, Target, plain_retry
from windlass_gui.panes.hint import Hinted
from windlass_gui.panes.table import Table
from windlass_gui.panes.words import Elided
from windlass_gui.runs.card import FailureCard
from windlass_gui.runs.failed import Failed, Group, Item

SOON = 150
"""Milliseconds between pages that come and what is shown of them."""

Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True, slots=True)
class _Row:
    """A group as its row shows it."""

    count: int
    end: str
    line: str
    agents: str
    state: str


def _row(group: Group) -> _Row:
    on = group.agents
    names = [f"{name} {fmt.count(count)}" if len(on) > 1 else name for name, count in list(on.items())[:4]]
    more = f" and {len(on) - 4} more" if len(on) > 4 else ""
    return _Row(
        len(group.items), group.end, group.alike or group.end, ", ".join(names) + more, group.outcome or "failed"
    )


class GroupsModel(RowsModel[str, _Row]):
    """Groups by their key."""

    def __init__(self, parent: QObject | None = None) -> None:
        columns: list[Column[_Row]] = [
            Column("Items", lambda row: f"× {fmt.count(row.count)}", lambda row: row.count, right=True,
                   sample="× 100,000"),
            Column("Last line", lambda row: row.line, detail=lambda row: row.line, sample="M" * 28),
            Column("How it ended", lambda row: row.end, state=lambda row: row.state, detail=lambda row: row.end,
                   sample="• exit code 127: program"),
            Column("Agents", lambda row: row.agents, detail=lambda row: row.agents, sample="workstation-1"),
        ]  # fmt: skip
        super().__init__(columns, parent)


class ItemList(QAbstractListModel):
    """The items of one group, by task and index."""

    def __init__(self, name: Callable[[Item], str], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._name = name
        self.items: list[Item] = []
        self._agents: dict[Item, tuple[int, str]] = {}

    def show(self, group: Group | None) -> None:
        items = sorted(group.items) if group is not None else []
        self._agents = dict(group.items) if group is not None else {}
        if items == self.items:
            return
        self.beginResetModel()
        self.items = items
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self.items)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self.items):
            return None
        item = self.items[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return self._name(item)
        if role == KEY_ROLE:
            return item
        if role == Qt.ItemDataRole.ToolTipRole:
            attempt, agent = self._agents.get(item, (0, ""))
            return plain_tip(f"attempt {attempt} on {agent}") if attempt else "without an attempt"
        return None


class FailuresPane(QWidget):
    """Asks the core only while it is visible."""

    def __init__(self, bridge: Bridge, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.bridge = bridge
        self.retry: Retry = plain_retry(bridge)
        self.failed = Failed(bridge, self)
        self.run: int | None = None
        self.groups = GroupsModel(self)
        self.table = Table(SortedRows(self.groups, self), self.tr("Errors of the run"))
        self.table.draw(states=(2,))
        self.table.widths(72, 300, 170, 110)
        # Two errors with the same line differ in how they ended: that is seen in a narrow table too.
        self.table.horizontalHeader().moveSection(2, 1)
        self.table.sort_by(0, Qt.SortOrder.DescendingOrder)
        self.table.menu = self._menu
        self.items = ItemList(self._item_name, self)
        self.list = QListView()
        self.list.setModel(self.items)
        self.list.setUniformItemSizes(True)
        self.list.setProperty("role", "rows")
        # What tells the items of a task apart stands at the end of their names.
        self.list.setTextElideMode(Qt.TextElideMode.ElideLeft)
        self.list.setMinimumWidth(96)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setSelectionMode(QListView.SelectionMode.ExtendedSelection)
        self.list.setAccessibleName(self.tr("Items with this error"))
        self.card = FailureCard(bridge)
        self.hinted = Hinted(self.card, self.tr("No item chosen"), self.tr("Choose an error, then one of its items."))
        self.say = Elided("muted")
        self.again = QPushButton(self.tr("Retry these"))
        self.again.setToolTip(self.tr("Run again every item with the chosen error, or the chosen ones of its items"))
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(SOON)
        self._soon.timeout.connect(self.refresh)
        self._build()
        self.failed.changed.connect(self._later)
        self.table.selectionModel().selectionChanged.connect(self._group_chosen)
        self.list.selectionModel().selectionChanged.connect(self._item_chosen)
        self.again.clicked.connect(self.retry_chosen)
        self.card.retry_asked.connect(lambda run, task, index: self.retry(run, [(task, index)], False))
        self.refresh()

    def _build(self) -> None:
        left = QWidget()
        top = QHBoxLayout()
        top.setContentsMargins(S, XS, S, XS)
        top.addWidget(self.say, 1)
        top.addWidget(self.again)
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(top)
        inner = QSplitter(Qt.Orientation.Horizontal)
        inner.addWidget(self.table)
        inner.addWidget(self.list)
        inner.setStretchFactor(0, 3)
        inner.setStretchFactor(1, 1)
        inner.setSizes([310, 140])
        column.addWidget(inner, 1)
        self.all = Hinted(left, self.tr("Nothing failed"), "")
        split = QSplitter(Qt.Orientation.Horizontal)
        split.addWidget(self.all)
        split.addWidget(self.hinted)
        split.setSizes([440, 640])
        split.setChildrenCollapsible(False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(split)

    # --- what is shown -------------------------------------------------------------------------------------

    def show_run(self, run: int | None) -> None:
        if run != self.run:
            self.run = run
            self.card.item = None
            self.failed.show_run(run)
            self.refresh()

    def show_item(self, run: int, task: int, index: int) -> None:
        """The card of an item, whether its group is known here or not."""
        self.show_run(run)
        if self.card.item != (run, task, index):
            self.card.show_item(run, task, index)
        self.hinted.show_hint(False)
        self._choose_shown()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.failed.want(True)

    def hideEvent(self, event: QHideEvent) -> None:
        self.failed.want(False)
        super().hideEvent(event)

    def _later(self) -> None:
        """Show it soon; the more there is to lay out, the rarer."""
        if not self._soon.isActive():
            self._soon.start(SOON + self.failed.count // 50)

    def refresh(self) -> None:
        """Show the groups as they are now."""
        rows = {key: _row(group) for key, group in self.failed.groups.items()}
        changed = {key: row for key, row in rows.items() if self.groups.row(key) != row}
        self.groups.change(changed, set(self.groups.keys()).difference(rows))
        if rows and not self.table.selected_keys():
            self._choose_first()
        self._show_items()
        total = self.failed.count
        run = self.bridge.mirror.runs.get(self.run) if self.run is not None else None
        known = run.counts.failed if run is not None else total
        if total:
            errors = (
                self.tr("1 error") if len(rows) == 1 else self.tr("{} different errors").format(fmt.count(len(rows)))
            )
            words = self.tr("1 item failed") if total == 1 else self.tr("{} items failed").format(fmt.count(total))
            more = self.tr(", reading on…") if self.failed.loading else ""
            if self.failed.cut:
                more = self.tr("; the others are not looked at here")
            elif self.failed.problem:
                more = self.tr(", and others that cannot be read: {}").format(self.failed.problem)
            self.say.setText(f"{words}: {errors}{more}")
        if self.run is None:
            self.all.hint.say(
                self.tr("No run shown"), self.tr("What fails in a run stands here, the same errors together.")
            )
        elif known and not rows and self.failed.problem:
            self.all.hint.say(self.tr("What failed cannot be read"), self.failed.problem)
        elif known and not rows:
            self.all.hint.say(self.tr("Reading what failed…"), "")
        else:
            text = self.tr("When items fail, the same errors stand here together, with the card of each item.")
            self.all.hint.say(self.tr("Nothing failed"), text)
        self.all.show_hint(not rows)
        self.hinted.show_hint(self.card.item is None)
        self.again.setEnabled(bool(rows))
        shown = self._shown()
        group = self.failed.group_of(shown) if shown is not None else None
        newest = self.card.columns[0].row.attempt if self.card.columns else None
        if shown is not None and group is not None and newest is not None and newest < group.items[shown][0]:
            self.card.show_item(*(self.card.item or (0, 0, 0)))  # it was tried again, and failed again

    def _shown(self) -> Item | None:
        """The item whose card is open."""
        return self.card.item[1:] if self.card.item is not None and self.card.item[0] == self.run else None

    def _choose_first(self) -> None:
        """The error of the item whose card is open, else the one with the most items."""
        model = self.table.model()
        shown = self._shown()
        group = self.failed.group_of(shown) if shown is not None else None
        rows = range(model.rowCount())
        place = next((row for row in rows if group and model.index(row, 0).data(KEY_ROLE) == group.key), 0)
        if model.rowCount():
            flags = QItemSelectionModel.SelectionFlag
            self.table.selectionModel().setCurrentIndex(model.index(place, 0), flags.ClearAndSelect | flags.Rows)

    def _choose_shown(self) -> None:
        """The tables are at the item whose card is open, where they know it."""
        shown = self._shown()
        group = self.failed.group_of(shown) if shown is not None else None
        if group is not None and (self._group() is not group or self.list.currentIndex().data(KEY_ROLE) != shown):
            self._choose_first()
            self._group_chosen()

    def _group(self) -> Group | None:
        keys = self.table.selected_keys()
        return self.failed.groups.get(keys[0]) if keys else None

    def _group_chosen(self) -> None:
        group = self._group()
        self.items.show(group)
        if group is not None and self.items.items and self.isVisible():
            flags = QItemSelectionModel.SelectionFlag
            shown = self._shown()
            place = self.items.items.index(shown) if shown is not None and shown in group.items else 0
            self.list.selectionModel().setCurrentIndex(self.items.index(place), flags.ClearAndSelect)

    def _show_items(self) -> None:
        """Those of the chosen error; what was chosen of them stays so when others come."""
        model, flags = self.list.selectionModel(), QItemSelectionModel.SelectionFlag
        chosen = {index.data(KEY_ROLE) for index in model.selectedIndexes()}
        current, before = self.list.currentIndex().data(KEY_ROLE), self.items.items
        self.items.show(self._group())
        if not chosen or self.items.items is before:
            return
        again = QItemSelection()
        for first, last in ranges(place for place, item in enumerate(self.items.items) if item in chosen):
            again.select(self.items.index(first), self.items.index(last))
        if current in chosen and current in self.items.items:
            model.setCurrentIndex(self.items.index(self.items.items.index(current)), flags.NoUpdate)
        model.select(again, flags.ClearAndSelect)

    def _item_chosen(self) -> None:
        item = self.list.currentIndex().data(KEY_ROLE)
        if item is not None and self.run is not None:
            self.show_item(self.run, *item)

    def _item_name(self, item: Item) -> str:
        mirror = self.bridge.mirror.run(self.run) if self.run is not None else None
        row = mirror.tasks[item[0]] if mirror is not None and item[0] < len(mirror.tasks) else None
        if row is None:
            return f"{item[0]}[{item[1]}]"
        return f"{row.title or row.id}[{item[1]}]" if row.array else row.title or row.id

    # --- doing ---------------------------------------------------------------------------------------------

    def targets(self) -> list[Target]:
        """What "Retry these" runs again: the chosen items, or else all with the chosen errors, as few parts as do."""
        chosen = [index.data(KEY_ROLE) for index in self.list.selectionModel().selectedIndexes()]
        if len(chosen) > 1:
            return [(task, index) for task, index in sorted(chosen)]
        groups = [group for key in self.table.selected_keys() if (group := self.failed.groups.get(key))]
        items = {item for group in groups for item in group.items}
        if items and len(items) == self.failed.count and not self.failed.loading and not self.failed.cut:
            run = self.bridge.mirror.runs.get(self.run) if self.run is not None else None
            if run is not None and not run.counts.cancelled:
                return WHOLE  # all that failed, and nothing else would run again
        return [(task, index) for task, index in sorted(items)]

    def retry_chosen(self) -> None:
        targets = self.targets()
        if self.run is not None and targets:
            self.retry(self.run, targets, False)

    def _menu(self, menu: QMenu) -> None:
        menu.addAction(self.tr("Retry these"), self.retry_chosen)
