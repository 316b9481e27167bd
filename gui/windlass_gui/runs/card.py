"""The failure card: what is known of one failed item, its attempts side by side."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QScrollArea, QVBoxLayout, QWidget

from windlass.model.failures import end_words
from windlass.model.graph import Task
from windlass.model.units import human_size
from windlass.wire import messages as m
from windlass.wire.rows import AttemptRow
from windlass_gui.bridge import Bridge
from windlass_gui.look.buttons import menu_button
from windlass_gui.look.language import spoken
from windlass_gui.look.theme import XS, M, S
from windlass_gui.look.tips import plain_tip
from windlass_gui.models import format as fmt
from windlass_gui.models.tables import attempt_state
from windlass_gui.panes.report import Mark
from windlass_gui.panes.words import Elided, Fitted
from windlass_gui.runs.attempt_column import AttemptColumn

SIDE_BY_SIDE = 4
"""Attempts shown, the newest first; the log pane has the others."""
TAIL = 16 * 1024
"""Bytes from the end of a log that are looked at."""
NARROW = 460
"""Pixels below which the buttons of a card do not stand side by side."""


class FailureCard(QWidget):
    """Shows one item of a run. The window says what its buttons do."""

    retry_asked = Signal(int, int, int)
    log_asked = Signal(int, int, int)
    """Run, task, index."""
    edit_asked = Signal(str)
    """The task's id."""

    def __init__(self, bridge: Bridge, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.bridge = bridge
        self.item: tuple[int, int, int] | None = None
        self.task_of: Callable[[str], Task | None] = lambda _: None
        """A task of the shown run as its graph has it, for what it asked for."""
        self.columns: list[AttemptColumn] = []
        self._generation = 0
        self.mark = Mark("failed", 16)
        self.title = Elided("title", Qt.TextElideMode.ElideMiddle)
        self.end = Fitted("")
        self.limits = Elided("muted")
        self.retry = self._button("Retry", "Run this item again", primary=True)
        self.log = self._button("Log", "All that it wrote")
        self.edit = self._button("Edit task", "Go to the task in the editor")
        self.copy = self._button("Copy", "Copy what this card says")
        top = QHBoxLayout()
        top.setSpacing(S)
        top.addWidget(self.mark)
        top.addWidget(self.title, 1)
        self._others = (self.log, self.edit, self.copy)
        self._more = menu_button("⋯", self.tr("What else can be done"))
        for button in self._others:
            self._more.menu().addAction(button.text(), button.click).setToolTip(button.toolTip())
        for each in (self.retry, *self._others, self._more):
            top.addWidget(each)
        self._more.hide()
        self._row = QHBoxLayout()
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(S)
        inside = QWidget()
        inside.setLayout(self._row)
        self._area = QScrollArea()
        self._area.setAccessibleName(self.tr("Attempts of the item"))
        self._area.setWidget(inside)
        self._area.setWidgetResizable(True)
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(M, S, M, S)
        layout.setSpacing(XS)
        layout.addLayout(top)
        line = QHBoxLayout()
        line.setSpacing(M)
        line.addWidget(self.end)
        line.addWidget(self.limits, 1)
        layout.addLayout(line)
        layout.addWidget(self._area, 1)
        self.retry.clicked.connect(lambda: self.retry_asked.emit(*self.item) if self.item else None)
        self.log.clicked.connect(lambda: self.log_asked.emit(*self.item) if self.item else None)
        self.edit.clicked.connect(lambda: self.edit_asked.emit(self._task_id()))
        self.copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self.text()))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Where there is no room beside the title, all buttons but the first are in a menu."""
        super().resizeEvent(event)
        narrow = self.width() < NARROW
        for button in self._others:
            button.setVisible(not narrow)
        self._more.setVisible(narrow)

    def _button(self, text: str, tip: str, primary: bool = False) -> QPushButton:
        button = QPushButton(self.tr(text))
        button.setToolTip(self.tr(tip))
        if primary:
            button.setProperty("role", "primary")
        return button

    def show_item(self, run: int, task: int, index: int) -> None:
        """Ask for the item's attempts, then for each one's log and curve."""
        self.item = (run, task, index)
        self._generation += 1
        generation = self._generation
        self._clear()
        self.title.setText(self._name())
        self.mark.show_state("failed")
        self._say_end(self.tr("Asking the core…"))
        self._say_limits()

        def arrived(data: dict[str, Any], _payload: list[bytes]) -> None:
            if generation == self._generation:
                rows = [msgspec.convert(row, AttemptRow) for row in data.get("attempts", [])]
                self._show_attempts(rows, generation)

        def failed(reason: str) -> None:
            if generation == self._generation:
                self._say_end(reason)

        self.bridge.request(m.GetAttempts(0, run, task, index), arrived, failed)

    def _show_attempts(self, rows: list[AttemptRow], generation: int) -> None:
        rows = sorted((row for row in rows if row.state != "rejected"), key=lambda row: -row.attempt)
        if not rows:
            self._say_end(self.tr("It failed without an attempt"))
            self._note_without_attempt(generation)
            return
        first = rows[0]
        self.mark.show_state(attempt_state(first))
        # Of these two the outcome and the code say all; the agent's line repeats them in other words.
        line = "" if first.outcome in ("nonzero", "signal") else first.error.split("\n", 1)[0]
        words = end_words(attempt_state(first), first.code)
        self._say_end(f"{words[:1].upper()}{words[1:]}" + (f" · {line}" if line and line not in words else ""))
        task = self.task_of(self._task_id())
        limit = task.resources.memory if task is not None else 0
        for row in rows[:SIDE_BY_SIDE]:
            column = AttemptColumn(row, limit, newest=row is first and len(rows) > 1)
            self.columns.append(column)
            self._row.addWidget(column, 1)
            key = (row.run, row.task, row.index, row.attempt)
            self.bridge.request(m.GetCurve(0, *key), partial(self._curve, generation, column), lambda _: None)
            ask = m.GetLog(0, *key, offset=-TAIL, limit=TAIL)
            self.bridge.request(ask, partial(self._log, generation, column), lambda _: None)
        if len(rows) > SIDE_BY_SIDE:
            self.limits.setText(
                " · ".join(
                    filter(None, (self.limits.text(), self.tr("{} earlier attempts").format(len(rows) - SIDE_BY_SIDE)))
                )
            )

    def _say_end(self, words: str) -> None:
        words = spoken(words)
        self.end.setText(words)
        self.end.setToolTip(plain_tip(words))

    def _note_without_attempt(self, generation: int) -> None:
        if self.item is None:
            return
        run, task, index = self.item

        def arrived(data: dict[str, Any], _payload: list[bytes]) -> None:
            notes = [str(row.get("note") or row.get("error") or "") for row in data.get("items", [])]
            if generation == self._generation and notes and notes[0]:
                self._say_end(notes[0])

        self.bridge.request(m.GetItems(0, run, task, index, 1), arrived, lambda _: None)

    def _curve(self, generation: int, column: AttemptColumn, data: dict[str, Any], _payload: list[bytes]) -> None:
        if generation == self._generation:
            column.show_curve(data)

    def _log(self, generation: int, column: AttemptColumn, _data: dict[str, Any], payload: list[bytes]) -> None:
        if generation == self._generation:
            column.show_log(payload[0] if payload else b"")

    def _say_limits(self) -> None:
        task = self.task_of(self._task_id())
        if task is None:
            self.limits.setText("")
            self.limits.setToolTip("")
            return
        asked = task.resources
        parts = [
            self.tr("1 CPU") if asked.cpus == 1 else self.tr("{} CPUs").format(fmt.number(asked.cpus)),
            self.tr("{} memory").format(human_size(asked.memory)) if asked.memory else self.tr("no memory limit"),
            self.tr("timeout {}").format(fmt.duration(task.timeout)) if task.timeout else self.tr("no timeout"),
            self._retries(task.retries.max),
        ]
        self.limits.setText(" · ".join(parts))
        self.limits.setToolTip(self.tr("It asked for:") + "\n" + "\n".join(parts))

    def _retries(self, most: int) -> str:
        if most == 1:
            return self.tr("1 retry")
        return self.tr("up to {} retries").format(most) if most else self.tr("no retries")

    def _task_id(self) -> str:
        if self.item is None:
            return ""
        mirror = self.bridge.mirror.run(self.item[0])
        at = self.item[1]
        return mirror.tasks[at].id if mirror is not None and at < len(mirror.tasks) else ""

    def _name(self) -> str:
        if self.item is None:
            return ""
        run, task, index = self.item
        mirror = self.bridge.mirror.run(run)
        row = mirror.tasks[task] if mirror is not None and task < len(mirror.tasks) else None
        if row is None:
            return self.tr("Task {} item {}").format(task, index)
        return f"{row.title or row.id}[{index}]" if row.array else row.title or row.id

    def _clear(self) -> None:
        for column in self.columns:
            self._row.removeWidget(column)
            column.hide()
            column.deleteLater()
        self.columns = []

    def text(self) -> str:
        """What the card says, for the clipboard."""
        run = f" of run {self.item[0]}" if self.item else ""
        parts = [f"{self.title.text()}{run}: {self.end.text()}", self.limits.text(), *(c.text() for c in self.columns)]
        return "\n\n".join(filter(None, parts))
