"""The failure card: what is known of one failed item, its attempts side by side."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QGuiApplication,
    QPainter,
    QPaintEvent,
    QPen,
    QPolygonF,
    QResizeEvent,
    QTextCursor,
    QTextOption,
)
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from windlass.model.failures import end_words
from windlass.model.graph import Task
from windlass.model.units import human_size
from windlass.wire import logs
from windlass.wire import messages as m
from windlass.wire.rows import AttemptRow
from windlass_gui.bridge import Bridge
from windlass_gui.look.buttons import menu_button
from windlass_gui.look.language import spoken
from windlass_gui.look.theme import SMALL, XS, M, S, current_theme, mono_font, theme_switch
from windlass_gui.look.tips import plain_tip
from windlass_gui.models import format as fmt
from windlass_gui.models.tables import attempt_seconds, attempt_state
from windlass_gui.panes.logtext import LogText
from windlass_gui.panes.report import Mark
from windlass_gui.panes.words import Elided

SIDE_BY_SIDE = 4
"""Attempts shown, the newest first; the log pane has the others."""
TAIL = 16 * 1024
"""Bytes from the end of a log that are looked at."""
LINES = 14
NARROW = 460
"""Pixels below which the buttons of a card do not stand side by side."""
CURVE = 150
"""Width of a curve in pixels."""
SAMPLED_FROM = 3.0
"""Seconds that an attempt must last to have a curve: agents look once a second, after the first two."""

Floats = NDArray[np.float64]


class MemoryCurve(QWidget):
    """Memory over an attempt's time, with the amount that it asked for as a line."""

    def __init__(self) -> None:
        super().__init__()
        self.times: Floats = np.zeros(0)
        self.memory: Floats = np.zeros(0)
        self.limit = 0
        self.words = ""
        self.setFixedHeight(52)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme_switch().changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(200, 52)

    def show_curve(self, times: list[float], memory: list[float], limit: int, words: str) -> None:
        """`words` say why there is none, where there is none."""
        self.times, self.memory, self.limit = np.array(times), np.array(memory), limit
        self.words = "" if len(times) > 1 else words
        peak = f", peak {human_size(int(self.memory.max()))}" if len(times) else ""
        self.setAccessibleName(self.words or f"Memory over time{peak}")
        self.setToolTip(plain_tip(self.words or self.accessibleName()))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        theme, painter = current_theme(), QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        rect = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.setPen(QPen(theme.color("border"), 1))
        painter.setBrush(theme.color("canvas"))
        painter.drawRoundedRect(rect, 4, 4)
        font = painter.font()
        font.setPixelSize(SMALL)
        painter.setFont(font)
        if self.words or len(self.times) < 2:
            painter.setPen(theme.color("muted"))
            flags = int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap)
            painter.drawText(rect.adjusted(6, 2, -6, -2), flags, self.words)
            return
        top = max(float(self.memory.max()), float(self.limit), 1.0) * 1.1
        span = max(1e-9, float(self.times[-1] - self.times[0]))
        x = rect.left() + (self.times - self.times[0]) / span * rect.width()
        y = rect.bottom() - self.memory / top * rect.height()
        line = QPolygonF([QPointF(a, b) for a, b in zip(x.tolist(), y.tolist(), strict=True)])
        fill = QPolygonF(line)
        fill.append(QPointF(rect.right(), rect.bottom()))
        fill.append(QPointF(rect.left(), rect.bottom()))
        color = theme.color("accent")
        color.setAlpha(50)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color)
        painter.drawPolygon(fill)
        painter.setPen(QPen(theme.color("accent"), 1.6))
        painter.drawPolyline(line)
        if self.limit:
            at = rect.bottom() - self.limit / top * rect.height()
            painter.setPen(QPen(theme.color("danger"), 1, Qt.PenStyle.DashLine))
            painter.drawLine(QPointF(rect.left(), at), QPointF(rect.right(), at))
        painter.setPen(theme.color("text"))
        words = human_size(int(self.memory.max()))
        painter.drawText(
            rect.adjusted(6, 3, -6, -3), int(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft), words
        )


class AttemptColumn(QFrame):
    """One attempt: how it ended, where, how long, its memory, the end of its error output."""

    def __init__(self, row: AttemptRow, limit: int, newest: bool) -> None:
        super().__init__()
        self.setProperty("role", "card")
        self.row = row
        self.limit = limit
        title = QLabel((self.tr("Attempt {}, the last") if newest else self.tr("Attempt {}")).format(row.attempt))
        title.setStyleSheet("font-weight: 600;")
        self.end = Elided("")
        self.end.setText(spoken(end_words(attempt_state(row), row.code)))
        self.end.setToolTip(plain_tip(self.end.text()))
        top = QHBoxLayout()
        top.setSpacing(S)
        top.addWidget(title)
        top.addWidget(self.end, 1)
        seconds = attempt_seconds(row)
        facts = [
            row.agent_name,
            fmt.duration(seconds) if seconds >= 0 else self.tr("never began"),
            self.tr("peak {}").format(human_size(row.memory)) if row.memory else "",
        ]
        # Broken between facts, never inside one.
        self.facts = _label(" · ".join(fact.replace(" ", "\u00a0") for fact in facts if fact), "muted")
        self.facts.setFixedWidth(CURVE)
        self.curve = MemoryCurve()
        self.curve.show_curve([], [], limit, self.tr("Asking for its memory…"))
        self.tail = QPlainTextEdit()
        self.tail.setReadOnly(True)
        self.tail.setFont(mono_font(SMALL + 1))
        # Side by side they are narrow: what went wrong is read without scrolling each.
        self.tail.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.tail.setAccessibleName(self.tr("Last lines of error output of attempt {}").format(row.attempt))
        self.tail.setMinimumHeight(40)
        self.stream = Elided("small")
        self.stream.setText(self.tr("Error output"))
        self.curve.setFixedWidth(CURVE)
        below = QHBoxLayout()
        below.setSpacing(S)
        told = QVBoxLayout()
        told.setSpacing(2)
        told.addWidget(self.facts)
        told.addWidget(self.curve)
        told.addStretch(1)
        below.addLayout(told)
        wrote = QVBoxLayout()
        wrote.setSpacing(2)
        wrote.addWidget(self.stream)
        wrote.addWidget(self.tail, 1)
        below.addLayout(wrote, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(S, XS, S, XS)
        layout.setSpacing(XS)
        layout.addLayout(top)
        layout.addLayout(below, 1)
        self.setMinimumWidth(CURVE + 210)

    def show_curve(self, data: dict[str, Any]) -> None:
        seconds = attempt_seconds(self.row)
        if 0 <= seconds < SAMPLED_FROM:
            words = f"No memory curve: it was shorter than {SAMPLED_FROM:g} s"
        elif seconds < 0:
            words = "No memory curve: it never began"
        else:
            words = "No memory curve was kept of it"
        self.curve.show_curve(list(data.get("time", [])), list(data.get("memory", [])), self.limit, words)

    def show_log(self, payload: bytes) -> None:
        """The last lines that it wrote to its error output, or of all it wrote."""
        records = logs.read(payload)
        wanted = [record for record in records if record.stream == logs.ERR]
        name = self.tr("Error output")
        if not wanted:
            wanted = [record for record in records if record.stream == logs.OUT]
            name = self.tr("No error output; its output") if wanted else self.tr("It wrote nothing")
        notes = [record for record in records if record.stream == logs.NOTE]
        # Text of a task is data: colours and whatever else a terminal would obey are dropped or made visible.
        lines = [line.text for line in LogText().feed(wanted)[1]][-LINES:]
        lines += [f"[windlass] {line.text}" for line in LogText().feed(notes)[1]]
        self.stream.setText(self.tr("{}, last lines").format(name) if wanted else name)
        self.tail.setPlainText("\n".join(lines).strip("\n"))
        self.tail.moveCursor(QTextCursor.MoveOperation.End)
        self.tail.moveCursor(QTextCursor.MoveOperation.StartOfLine)
        self.tail.ensureCursorVisible()

    def text(self) -> str:
        """For the clipboard."""
        return "\n".join(
            [f"attempt {self.row.attempt}: {self.end.text()}", self.facts.text(), self.tail.toPlainText()]
        ).strip()


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
        self.end = Elided("")
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
        line.addWidget(self.end, 1)
        line.addWidget(self.limits, 2)
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
            return
        asked = task.resources
        parts = [
            self.tr("1 CPU") if asked.cpus == 1 else self.tr("{} CPUs").format(fmt.number(asked.cpus)),
            self.tr("{} memory").format(human_size(asked.memory)) if asked.memory else self.tr("no memory limit"),
            self.tr("timeout {}").format(fmt.duration(task.timeout)) if task.timeout else self.tr("no timeout"),
            self.tr("up to {} retries").format(task.retries.max) if task.retries.max else self.tr("no retries"),
        ]
        self.limits.setText(" · ".join(parts))
        self.limits.setToolTip(self.tr("It asked for:") + "\n" + "\n".join(parts))

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


def _label(text: str, role: str = "") -> QLabel:
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(role != "title")
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    if role:
        label.setProperty("role", role)
    return label
