"""The items of one task: which is where, and what to do with it."""

from __future__ import annotations

from PySide6.QtCore import QItemSelectionModel, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QMenu, QVBoxLayout, QWidget

from windlass_gui.bridge import Bridge
from windlass_gui.mirror import Changes
from windlass_gui.models import ItemsModel
from windlass_gui.models import format as fmt
from windlass_gui.panes.doing import Retry, Target, control_each, plain_retry, run_again
from windlass_gui.panes.hint import Hinted
from windlass_gui.panes.table import Table
from windlass_gui.panes.why import show_why
from windlass_gui.theme import ITEM_STATES, S

FILTERS: tuple[tuple[str, tuple[str, ...] | None], ...] = (
    ("All items", None),
    ("Running", ("active",)),
    ("Failed", ("failed",)),
    ("Waiting", ("pending", "ready", "backoff")),
    ("Succeeded", ("succeeded",)),
    ("Cancelled or skipped", ("cancelled", "skipped")),
)
WAITING = ("pending", "ready", "backoff", "active")
"""States in which it may be asked why it waits: an active item may wait on its agent."""


class ItemsPane(QWidget):
    """A table of up to a million items with a filter by state."""

    item_selected = Signal(int, int, int)
    """Run, position of the task, index."""

    def __init__(self, bridge: Bridge, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.bridge = bridge
        self.retry: Retry = plain_retry(bridge)
        self.run: int | None = None
        self.task: int | None = None
        self.items = ItemsModel(self)
        self.table = Table(self.items, "Items of the task")
        self.table.draw(states=(1,))
        self.table.widths(80, 120, 80, 120, 90, 200)
        self.table.menu = self._menu
        self.hinted = Hinted(self.table, "No task selected", "Select a task of a run to see its items.")
        self.title = QLabel()
        self.title.setProperty("role", "title")
        self.filter = QComboBox()
        self.filter.setAccessibleName("Which items to show")
        self.filter.addItems([name for name, _ in FILTERS])
        top = QHBoxLayout()
        top.setContentsMargins(S, S, S, S)
        top.addWidget(self.title, 1)
        top.addWidget(self.filter)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(top)
        layout.addWidget(self.hinted, 1)
        self.filter.currentIndexChanged.connect(self._filter_changed)
        self.table.selectionModel().selectionChanged.connect(self._selected)
        bridge.mirror_changed.connect(self.apply)

    def show_task(self, run: int | None, task: int | None) -> None:
        """The items of a followed run's task."""
        self.run, self.task = run, task
        self._show()

    def select(self, index: int) -> None:
        row = self.items.row_of(index)
        if row is not None:
            flags = QItemSelectionModel.SelectionFlag
            place = self.items.index(row, 0)
            self.table.selectionModel().setCurrentIndex(place, flags.ClearAndSelect | flags.Rows)

    def apply(self, changes: Changes) -> None:
        if self.run is None or self.task is None or (inside := changes.inside.get(self.run)) is None:
            return
        if inside.reset:
            if self.items.shows(self.bridge.mirror.run(self.run), self.task):
                self.items.change(None)
                self._say()
            else:
                self._show()
            return
        ended = {index for task, index, _ in inside.attempts if task == self.task}
        if self.task in inside.items:
            changed = inside.items[self.task]
            self.items.change(None if changed is None else changed | ended)
        elif ended:
            self.items.change(ended)
        self._say()

    def _show(self) -> None:
        mirror = self.bridge.mirror.run(self.run) if self.run is not None else None
        self.items.show(mirror, self.task or 0)
        self._say()

    def _say(self) -> None:
        mirror = self.bridge.mirror.run(self.run) if self.run is not None else None
        task = mirror.tasks[self.task] if mirror and self.task is not None and self.task < len(mirror.tasks) else None
        if task is None:
            self.title.setText("")
            self.hinted.hint.say("No task selected", "Select a task of a run to see its items.")
        else:
            number = "" if task.count is None else f": {fmt.count(task.count)} items" if task.array else ""
            self.title.setText(f"{task.title or task.id}{number}")
            if task.count is None:
                self.hinted.hint.say(
                    "Not known yet", "How many items this task has is decided when what it needs ends."
                )
            else:
                self.hinted.hint.say("No item in this state", "Choose another filter above to see the others.")
        self.hinted.show_hint(not self.items.rowCount())

    def _filter_changed(self, place: int) -> None:
        self.items.set_filter(FILTERS[place][1])
        self._say()

    def _selected(self) -> None:
        keys = self.table.selected_keys()
        if len(keys) == 1 and self.run is not None and self.task is not None:
            self.item_selected.emit(self.run, self.task, keys[0])

    def _menu(self, menu: QMenu) -> None:
        run, task, keys = self.run, self.task, self.table.selected_keys()
        mirror = self.bridge.mirror.run(run) if run is not None else None
        if run is None or task is None or mirror is None:
            return
        states = {ITEM_STATES[mirror.state(task, key)] for key in keys}
        targets: list[Target] = [(task, key) for key in keys]
        menu.addAction("Show log", lambda: self.item_selected.emit(run, task, keys[0]))
        why = menu.addAction("Why does it wait?", lambda: show_why(self.bridge, self, run, task, keys[0]))
        why.setEnabled(ITEM_STATES[mirror.state(task, keys[0])] in WAITING)
        retry = menu.addAction("Retry", lambda: self.retry(run, targets, False))
        retry.setEnabled(bool(states & {"failed", "cancelled", "skipped"}))
        again = menu.addAction(
            "Run again with what follows…", lambda: run_again(self.bridge, self, run, targets, self.retry)
        )
        again.setEnabled(bool(states & {"succeeded", "failed", "cancelled", "skipped"}))
        cancel = menu.addAction("Cancel", lambda: control_each(self.bridge, "cancel", run, targets))
        cancel.setEnabled(bool(states & {"pending", "ready", "active", "backoff"}))
