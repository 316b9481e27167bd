"""The items of one task: which is where, and what to do with it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

from PySide6.QtCore import QItemSelection, QItemSelectionModel, QItemSelectionRange, QSignalBlocker, Qt, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from windlass.wire import messages as m
from windlass_gui.bridge import Bridge
from windlass_gui.look.language import spoken
from windlass_gui.look.theme import ITEM_STATES, XS, S
from windlass_gui.mirror import Changes
from windlass_gui.mirror.rush import Rush
from windlass_gui.models import ItemsModel
from windlass_gui.models import format as fmt
from windlass_gui.models.items import BLOCK, COLUMNS, EXTRA, SAMPLES
from windlass_gui.models.query import Query
from windlass_gui.panes.acting import Acting
from windlass_gui.panes.deeds import Deeds
from windlass_gui.panes.filterline import LEAST, FilterLine
from windlass_gui.panes.hint import Hinted
from windlass_gui.panes.table import Table
from windlass_gui.panes.why import show_why
from windlass_gui.panes.words import Fitted
from windlass_gui.ticking import Ticking

PRESETS: tuple[tuple[str, str], ...] = (
    ("All items", ""),
    ("Running", "state:running"),
    ("Failed", "state:failed"),
    ("Waiting", "state:pending,ready,backoff"),
    ("Succeeded", "state:succeeded"),
    ("Cancelled or skipped", "state:cancelled,skipped"),
)
"""What most people filter by, to be picked instead of typed."""
WAITING = ("pending", "ready", "backoff", "active")
"""States in which it may be asked why it waits: an active item may wait on its agent."""
ITEM_DEEDS = ("log", "attempts", "why", "", "retry", "again", "cancel", "", "resources")
PAGE = 20_000
"""Attempts that one answer about durations and agents looks at."""
PAGES = 250
"""Answers after which no more are asked for: five million attempts. What is then not known is said."""
KEPT = 10_000
"""Stretches of selected rows that stay selected when the order changes."""


class ItemsPane(QWidget):
    """A table of up to a million items."""

    item_selected = Signal(int, int, int)
    """Run, position of the task, index."""
    attempts_asked = Signal(int, int, int)
    """Run, position of the task, index: a person wants to see its attempts."""
    resources_asked = Signal(int, list)
    """Run and positions of tasks whose waiting items are to ask for something else."""

    def __init__(self, bridge: Bridge, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.bridge = bridge
        self.acting = Acting(bridge, self)
        self.run: int | None = None
        self.task: int | None = None
        self._read_to = 0
        """Up to which end, by the number of its commit, the facts of the items have come."""
        self._rush = Rush()
        self._shed = 0
        """What deltas had left out when the facts were last complete."""
        self._loading = 0
        """Counts what is shown, so that an answer about another task is not taken for this one's."""
        self._broke = False
        """The facts did not come: they are asked for again when there is a connection."""
        self.items = ItemsModel(self)
        self.table = Table(self.items, self.tr("Items of the task"))
        self.table.draw(states=(1,))
        self.table.samples = dict(enumerate(SAMPLES))
        for column in EXTRA:
            self.table.columns.offer(column, False)
        self.table.natural_widths()
        self.table.stretch(COLUMNS.index("Last end"), least=120)
        self.table.sort_by(0, Qt.SortOrder.AscendingOrder)
        self.deeds = Deeds(self.table, ITEM_DEEDS, self._act, self._can)
        self.hinted = Hinted(
            self.table, self.tr("No task selected"), self.tr("Select a task of a run to see its items.")
        )
        self.title = Fitted("title")
        self.told = QLabel()
        self.told.setProperty("role", "muted")
        self.line = FilterLine(self.items.fields, self.items.known)
        self.line.find_from(self)
        self.presets = QComboBox()
        self.presets.setAccessibleName(self.tr("Which items to show"))
        self.presets.setToolTip(self.tr("Often used filters"))
        self.presets.setPlaceholderText(self.tr("Own filter"))
        self.presets.addItems([self.tr(name) for name, _ in PRESETS])
        self.presets.setCurrentIndex(0)
        top = QHBoxLayout()
        top.setContentsMargins(S, XS, S, XS)
        top.setSpacing(S)
        self.line.setMinimumWidth(LEAST)
        top.addWidget(self.title)
        top.addWidget(self.told)
        top.addWidget(self.line, 1)
        top.addWidget(self.presets)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(top)
        layout.addWidget(self.hinted, 1)
        self._clock = Ticking(self, self._tick)
        """Puts items that change where they belong once a second, not with each piece of news."""
        self.line.changed.connect(self._filter_changed)
        self.presets.currentIndexChanged.connect(self._preset_chosen)
        self.items.facts_wanted.connect(self._load_facts)
        self.items.block_wanted.connect(self._load_block)
        self.table.selectionModel().selectionChanged.connect(self._selected)
        bridge.mirror_changed.connect(self.apply)
        bridge.connection_changed.connect(self._connected)

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
        self._clock.wake()
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
        self._loading += 1
        self._broke = False
        self._rush = Rush()
        if not self.items.shows(mirror, self.task or 0):
            self._read_to, self._shed = 0, 0
        self.told.setText("")
        self.items.show(mirror, self.task or 0)
        self._say()

    def arrange(self) -> None:
        """Put changed items where the sorting and the filter want them; what is selected stays so."""
        if self.items.stale and self.isVisible():
            spans = self._spans()
            bar = self.table.verticalScrollBar().value()
            self.items.arrange()
            rows = self.items.rows_of(spans) if len(spans) <= KEPT else []
            flags = QItemSelectionModel.SelectionFlag
            last = self.items.columnCount() - 1
            chosen = QItemSelection()
            for first, end in rows[:KEPT]:
                chosen.select(self.items.index(first, 0), self.items.index(end, last))
            with QSignalBlocker(self.table.selectionModel()):
                self.table.selectionModel().select(chosen, flags.ClearAndSelect)
            self.table.verticalScrollBar().setValue(bar)
            self._say()

    def _say(self) -> None:
        mirror = self.bridge.mirror.run(self.run) if self.run is not None else None
        task = mirror.tasks[self.task] if mirror and self.task is not None and self.task < len(mirror.tasks) else None
        shown = self.items.rowCount()
        if task is None:
            self.title.setText("")
            self.hinted.hint.say(self.tr("No task selected"), self.tr("Select a task of a run to see its items."))
        else:
            array = task.count is not None and task.array
            whole = self.tr(": {} items").format(fmt.count(task.count or 0)) if array else ""
            some = self.tr(", {} shown").format(fmt.count(shown)) if array and self.items.query else ""
            self.title.setText(f"{task.title or task.id}{whole}{some}")
            if task.count is None:
                self.hinted.hint.say(
                    self.tr("Not known yet"),
                    self.tr("How many items this task has is decided when what it needs ends."),
                )
            else:
                self.hinted.hint.say(
                    self.tr("No item fits the filter"), self.tr("Escape in the filter shows all of them again.")
                )
        self.hinted.show_hint(not shown)

    # --- filtering -----------------------------------------------------------------------------------------

    def _filter_changed(self, query: Query) -> None:
        self.items.set_query(query)
        text = self.line.edit.text().strip()
        with QSignalBlocker(self.presets):
            self.presets.setCurrentIndex(next((at for at, (_, each) in enumerate(PRESETS) if each == text), -1))
        self._say()

    def _preset_chosen(self, place: int) -> None:
        if place >= 0:
            self.line.set_text(PRESETS[place][1])

    # --- what the states do not tell ------------------------------------------------------------------------

    def _load_facts(self) -> None:
        if self.run is not None and self.task is not None:
            mirror = self.bridge.mirror.run(self.run)
            self._shed = mirror.shed if mirror is not None else 0
            self._load_page(self._loading, self.run, self.task, self._read_to, 0)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._clock.wake()

    def hideEvent(self, event: QHideEvent) -> None:
        self._clock.rest()

    def _tick(self) -> bool:
        """Of very many ends most are not told one by one: once they are fewer, what is seen is asked for."""
        mirror = self.bridge.mirror.run(self.run) if self.run is not None else None
        rush = self._rush.look(mirror)
        if mirror is not None and not rush and mirror.shed != self._shed and self.items.complete:
            self.items.facts_outdated()
            self.table.viewport().update()
        self.arrange()
        return rush

    def _load_page(self, loading: int, run: int, task: int, after: int, pages: int) -> None:
        def arrived(data: dict[str, Any], _payload: list[bytes]) -> None:
            if loading != self._loading:
                return
            self.items.facts.add_page(data)
            self._read_to = int(data["last"])
            following = data.get("next")
            more = following is not None and pages + 1 < PAGES
            self.items.facts_changed(complete=not more)
            if following is not None and more:
                self.told.setText(self.tr("Reading durations: {} attempts…").format(fmt.count((pages + 1) * PAGE)))
                self._load_page(loading, run, task, int(following), pages + 1)
                return
            self.arrange()
            self.told.setText(
                ""
                if following is None
                else self.tr("Durations, memory and agents of the first {} attempts only").format(
                    fmt.count(PAGES * PAGE)
                )
            )

        def failed(reason: str) -> None:
            if loading == self._loading:
                self._broke = True
                self.told.setText(self.tr("Durations are not known: {}").format(spoken(reason)))

        self.bridge.request(m.GetColumns(0, run, task, after, PAGE), arrived, failed)

    def _connected(self, state: str, _text: str) -> None:
        if state == "up" and self._broke:
            self._broke = False
            self._load_facts()

    def _load_block(self, first: int) -> None:
        if self.run is None or self.task is None:
            return
        loading = self._loading

        def arrived(data: dict[str, Any], _payload: list[bytes]) -> None:
            if loading == self._loading:
                rows = {int(row["index"]): (shown_value(row.get("value")), row["note"]) for row in data["items"]}
                self.items.set_block(first, rows)

        def failed(_reason: str) -> None:
            if loading == self._loading:
                self.items.set_block(first, None)

        self.bridge.request(m.GetItems(0, self.run, self.task, first, BLOCK), arrived, failed)

    # --- doing ---------------------------------------------------------------------------------------------

    def _spans(self) -> list[tuple[int, int]]:
        """The selected items, as first..last-1 of each stretch; cheap also for a million."""
        chosen = cast(Iterable[QItemSelectionRange], self.table.selectionModel().selection())
        return self.items.stretches_of((each.top(), each.bottom()) for each in chosen)

    def _selected(self) -> None:
        spans = self._spans() if self.table.selectionModel().hasSelection() else []
        if len(spans) == 1 and spans[0][1] - spans[0][0] == 1 and self.run is not None and self.task is not None:
            self.item_selected.emit(self.run, self.task, spans[0][0])

    def _can(self, name: str) -> bool:
        mirror = self.bridge.mirror.run(self.run) if self.run is not None else None
        spans = self._spans() if self.table.selectionModel().hasSelection() else []
        if mirror is None or self.task is None or not spans:
            return False
        known = bytes(mirror.states.get(self.task, b""))
        states: set[str] = set()
        for first, last in spans[:1000]:
            states |= {ITEM_STATES[state] for state in set(known[first:last])}
        if name in ("log", "attempts"):
            return True
        if name == "why":
            return ITEM_STATES[mirror.state(self.task, spans[0][0])] in WAITING
        wanted = {
            "retry": {"failed", "cancelled", "skipped"},
            "again": {"succeeded", "failed", "cancelled", "skipped"},
            "resources": {"pending", "ready", "backoff"},
        }
        return bool(states & wanted.get(name, set(WAITING)))

    def _act(self, name: str) -> None:
        run, task, spans = self.run, self.task, self._spans()
        if run is None or task is None or not spans:
            return
        first = spans[0][0]
        picks = [m.Pick(run, task, spans)]
        if name == "log":
            self.item_selected.emit(run, task, first)
        elif name == "attempts":
            self.attempts_asked.emit(run, task, first)
        elif name == "why":
            show_why(self.bridge, self, run, task, first)
        elif name == "resources":
            self.resources_asked.emit(run, [task])
        else:
            {"retry": self.acting.retry, "again": self.acting.again, "cancel": self.acting.cancel}[name](picks)


def shown_value(value: Any) -> str:
    """An item's `foreach` value in a cell."""
    if value is None:
        return ""
    if isinstance(value, dict):
        return ", ".join(f"{name}={each}" for name, each in value.items())
    return str(value)
