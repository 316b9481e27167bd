"""One of the attempts that stand side by side on the failure card."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QTextCursor, QTextOption
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPlainTextEdit, QVBoxLayout

from windlass.model.failures import end_words
from windlass.model.units import human_size
from windlass.wire import logs
from windlass.wire.rows import AttemptRow
from windlass_gui.look.language import spoken
from windlass_gui.look.theme import SMALL, XS, S, mono_font
from windlass_gui.look.tips import plain_tip
from windlass_gui.models import format as fmt
from windlass_gui.models.tables import attempt_seconds, attempt_state
from windlass_gui.panes.logtext import LogText
from windlass_gui.panes.words import Elided
from windlass_gui.runs.memory_curve import MemoryCurve

LINES = 14
CURVE = 150
"""Width of a curve in pixels."""
SAMPLED_FROM = 3.0
"""Seconds that an attempt must last to have a curve: agents look once a second, after the first two."""


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
        self.facts = plain_label(" · ".join(fact.replace(" ", "\u00a0") for fact in facts if fact), "muted")
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


def plain_label(text: str, role: str = "") -> QLabel:
    """Words of the core or of a task: never read as HTML, to be selected and copied."""
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(role != "title")
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    if role:
        label.setProperty("role", role)
    return label
