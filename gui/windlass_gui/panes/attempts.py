"""Attempts as a table: all of an item, or those of a task or run, page by page."""

from __future__ import annotations

from typing import Any

import msgspec
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

from windlass.wire import messages as m
from windlass.wire.rows import AttemptRow
from windlass_gui.bridge import Bridge
from windlass_gui.look.language import spoken
from windlass_gui.look.tips import plain_tip
from windlass_gui.mirror import Changes
from windlass_gui.models import AttemptsModel, SortedRows
from windlass_gui.models import format as fmt
from windlass_gui.models.tables import AttemptKey
from windlass_gui.panes.acting import Acting
from windlass_gui.panes.deeds import Deeds
from windlass_gui.panes.filtered import FilteredTable
from windlass_gui.panes.filterline import LEAST
from windlass_gui.panes.table import Table
from windlass_gui.panes.why import show_why
from windlass_gui.panes.words import Fitted
from windlass_gui.ticking import Ticking

PAGE = 2000
"""Ended attempts that one answer brings."""
MOST = 20_000
"""Rows that the table takes; what is beyond is said, and found by choosing a task or an item."""
DEEDS = ("log", "why", "", "retry", "again", "cancel")


class AttemptsPane(QWidget):
    """Shows what it is told to by `show_attempts`; live ones move as the mirror hears of them."""

    attempt_selected = Signal(int, int, int, int)
    """Run, position of the task, index, attempt: a person wants its log."""

    def __init__(self, bridge: Bridge, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.bridge = bridge
        self.acting = Acting(bridge, self)
        self.scope: tuple[int, int | None, int | None] | None = None
        """Run, task or None for all, item or None for all."""
        self._generation = 0
        self._next: int | None = None
        self._left_out = False
        """There was no room for some that the mirror told of."""
        self.model = AttemptsModel(self)
        self.table = Table(SortedRows(self.model, self), self.tr("Attempts"))
        self.table.draw(states=(2,))
        self.table.natural_widths()
        self.table.stretch(0, least=120)
        self.table.sort_by(self.model.at("Started"), Qt.SortOrder.DescendingOrder)
        self.table.activated.connect(lambda _: self._act("log"))
        self.deeds = Deeds(self.table, DEEDS, self._act, self._can)
        self.part = FilteredTable(
            self.table,
            self.tr("No attempts to show"),
            self.tr("Choose a run, a task or an item and “Show attempts” in its menu."),
        )
        self.title = Fitted("title")
        self.told = QLabel()
        self.told.setProperty("role", "muted")
        self.more = QPushButton(self.tr("Load more"))
        self.more.setProperty("role", "slim")
        self.more.setToolTip(self.tr("The next {} attempts, in the order of their ends").format(fmt.count(PAGE)))
        self.more.clicked.connect(self._load)
        self.more.hide()
        self.part.line.setMinimumWidth(LEAST)
        self.part.before_filter(self.title, self.told, self.more)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.part, 1)
        bridge.mirror_changed.connect(self.apply)
        self._clock = Ticking(self, self._tick)

    def show_attempts(self, run: int | None, task: int | None = None, index: int | None = None) -> None:
        """Of a run, a task of it, or one item; None clears the pane."""
        self.scope = None if run is None else (run, task, index)
        self._generation += 1
        self._next, self._left_out = 0, False
        self.model.reset({})
        if run is not None:
            self._titles(run)
        self._say()
        self._load()

    def _titles(self, run: int) -> None:
        mirror = self.bridge.mirror.run(run)
        for row in mirror.tasks if mirror is not None else ():
            self.model.titles[run, row.index] = (row.title or row.id, row.array)

    def _load(self) -> None:
        if self.scope is None or self._next is None:
            return
        generation = self._generation
        self.more.setEnabled(False)

        def arrived(data: dict[str, Any], _payload: list[bytes]) -> None:
            if generation != self._generation:
                return
            rows = msgspec.convert(data["attempts"], list[AttemptRow])
            self._next = data.get("next")
            self.model.change({_key(row): row for row in rows})
            self._clock.wake()
            self.more.setEnabled(True)
            self._say()

        def failed(reason: str) -> None:
            if generation == self._generation:
                self.more.setEnabled(True)
                self.told.setText(spoken(reason))

        self.bridge.request(m.GetAttempts(0, *self.scope, self._next, PAGE), arrived, failed)

    def apply(self, changes: Changes) -> None:
        if self.scope is None or (inside := changes.inside.get(self.scope[0])) is None:
            return
        run, task, index = self.scope
        mirror = self.bridge.mirror.run(run)
        if mirror is None:
            return
        if inside.reset or inside.tasks:
            self._titles(run)
        rows = {
            (run, *key): row
            for key in inside.attempts
            if (task is None or key[0] == task)
            and (index is None or key[1] == index)
            and (row := mirror.attempts.get(key)) is not None
        }
        room = MOST - self.model.rowCount()
        known = {key: row for key, row in rows.items() if self.model.place(key) is not None}
        fresh = {key: row for key, row in rows.items() if key not in known}
        if fresh and len(fresh) > room:
            fresh = dict(list(fresh.items())[: max(0, room)])
            self._left_out = True
        if rows:
            self.model.change(known | fresh)
            self._clock.wake()
            self._say()

    def _say(self) -> None:
        if self.scope is None:
            self.title.setText("")
            self.told.setText("")
            self.more.hide()
            return
        run, task, index = self.scope
        title, array = self.model.titles.get((run, task if task is not None else -1), (f"task {task}", True))
        name = f"run {run}" if task is None else f"{title}[{index}]" if index is not None and array else title
        self.title.setText(self.tr("Attempts of {}").format(name))
        count = self.model.rowCount()
        full = count >= MOST
        text = self.tr("1 attempt") if count == 1 else self.tr("{} attempts").format(fmt.count(count))
        tip = ""
        if full and (self._next is not None or self._left_out):
            text = self.tr("The first {} attempts only").format(fmt.count(count))
            tip = self.tr("No more are shown: choose a task or an item for the others")
        elif self._next:
            text += self.tr(", there are more")
        self.told.setText(text)
        self.told.setToolTip(plain_tip(tip))
        self.more.setVisible(bool(self._next) and not full)
        self.part.say(self.tr("No attempts yet"), self.tr("They appear here as soon as an agent gets one."))

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._clock.wake()

    def hideEvent(self, event: QHideEvent) -> None:
        self._clock.rest()

    def _tick(self) -> bool:
        live = self.model.live()
        self.model.tick(live)
        return bool(live)

    # --- doing ---------------------------------------------------------------------------------------------

    def _rows(self) -> list[AttemptRow]:
        return [row for key in self.table.selected_keys() if (row := self.model.row(key)) is not None]

    def _can(self, name: str) -> bool:
        rows = self._rows()
        if name in ("log", "why"):
            live = bool(rows) and rows[0].state in ("assigned", "running")
            return len(rows) == 1 and (live or name == "log")
        if name == "cancel":
            return any(row.state in ("assigned", "running") for row in rows)
        return any(row.ended is not None for row in rows)

    def _act(self, name: str) -> None:
        rows = self._rows()
        if not rows:
            return
        row = rows[0]
        if name == "log":
            self.attempt_selected.emit(row.run, row.task, row.index, row.attempt)
            return
        if name == "why":
            show_why(self.bridge, self, row.run, row.task, row.index)
            return
        picked: dict[tuple[int, int], set[int]] = {}
        for each in rows:
            picked.setdefault((each.run, each.task), set()).add(each.index)
        picks = [m.Pick(run, task, [(item, item + 1) for item in sorted(of)]) for (run, task), of in picked.items()]
        {"retry": self.acting.retry, "again": self.acting.again, "cancel": self.acting.cancel}[name](picks)


def _key(row: AttemptRow) -> AttemptKey:
    return row.run, row.task, row.index, row.attempt
