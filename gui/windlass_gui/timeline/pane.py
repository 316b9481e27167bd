"""The timeline of the run that is followed, with what its colours mean."""

from __future__ import annotations

import time

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from windlass.model.units import human_size
from windlass_gui.bridge import Bridge
from windlass_gui.mirror import Changes
from windlass_gui.models import format as fmt
from windlass_gui.models.tables import attempt_end, attempt_seconds
from windlass_gui.panes.hint import Hinted
from windlass_gui.theme import XS, S, current_theme, draw_state, theme_switch
from windlass_gui.timeline.bars import BarKey, Bars
from windlass_gui.timeline.view import TimelineView

LIVE = 100
"""Milliseconds between two pictures while attempts run."""
LEGEND = (("active", "running"), ("succeeded", "succeeded"), ("failed", "failed"), ("cancelled", "stopped"))


class TimelinePane(QWidget):
    """Shows one run; a click on a bar asks for its log."""

    attempt_selected = Signal(int, int, int, int)
    """run, task, index, attempt."""

    def __init__(self, bridge: Bridge, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.bridge = bridge
        self.run: int | None = None
        self.bars = Bars()
        self.view = TimelineView(self.bars)
        self.view.describe, self.view.name = self._describe, self._name
        self.view.bar_clicked.connect(self.attempt_selected)
        self.hinted = Hinted(
            self.view,
            self.tr("No attempts yet"),
            self.tr("Each attempt becomes a bar in a lane of the agent that ran it."),
        )
        self._complete = 0
        """All attempts up to this `seq` are known."""
        self._fetching = False
        self._shed = 0
        self._build()
        bridge.mirror_changed.connect(self.apply)
        self._timer = QTimer(self)
        self._timer.setInterval(LIVE)
        self._timer.timeout.connect(self.view.refresh)
        self._say()

    def _build(self) -> None:
        self.note = QLabel()
        self.note.setProperty("role", "muted")
        self.note.setTextFormat(Qt.TextFormat.PlainText)
        top = QHBoxLayout()
        top.setContentsMargins(S, XS, S, XS)
        top.setSpacing(S)
        top.addWidget(_Legend())
        top.addStretch(1)
        top.addWidget(self.note)
        for text, tip, act in (
            ("−", self.tr("Zoom out (S)"), lambda: self.view.zoom(1.25)),
            ("+", self.tr("Zoom in (W)"), lambda: self.view.zoom(0.8)),
            (self.tr("Fit"), self.tr("Show everything (F)"), self.view.fit),
        ):
            button = QToolButton()
            button.setText(text)
            button.setToolTip(tip)
            button.setProperty("role", "flat")
            button.clicked.connect(act)
            top.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(top)
        layout.addWidget(self.hinted, 1)

    # --- the mirror ----------------------------------------------------------------------------------------

    def show_run(self, run: int | None) -> None:
        """The attempts of a followed run; None for none."""
        if run != self.run:
            self.run = run
            self._complete, self._fetching, self._shed = 0, False, 0
            self.view.fitting = True
            self.view.selected = None
            self._reload()

    def select(self, run: int, task: int, index: int, attempt: int) -> None:
        self.view.show_bar((run, task, index, attempt))

    def apply(self, changes: Changes) -> None:
        if self.run is None or (inside := changes.inside.get(self.run)) is None:
            return
        if inside.reset:
            self._reload()
            return
        mirror = self.bridge.mirror.run(self.run)
        if mirror is None:
            return
        if inside.attempts:
            self.bars.put(row for key in inside.attempts if (row := mirror.attempts.get(key)) is not None)
            self._refresh()
        if mirror.shed > self._shed:
            self._shed = mirror.shed
            self._fetch(self.run)

    def _reload(self) -> None:
        self.bars.clear()
        mirror = self.bridge.mirror.run(self.run) if self.run is not None else None
        if mirror is not None and self.run is not None:
            self.bars.put(mirror.attempts.values())
            self._fetch(self.run)
        self._refresh()

    def _fetch(self, run: int) -> None:
        """A snapshot brings the newest attempts only, and a delta may leave some out: the rest comes page by page."""
        if self._fetching:
            return
        self._fetching = True

        def page(following: int | None) -> None:
            if run != self.run:
                return
            self._fetching = False
            if following:
                self._complete = following
                self._fetch(run)
            elif (mirror := self.bridge.mirror.run(run)) is not None:
                self._complete = max((row.seq for row in mirror.attempts.values()), default=0)

        self.bridge.fetch_attempts(run, self._complete, page)

    def _refresh(self) -> None:
        self.view.refresh()
        if self.bars.live:
            self._timer.start()
        else:
            self._timer.stop()
        self._say()

    def _say(self) -> None:
        self.hinted.show_hint(not self.bars.count)
        title = self.tr("No attempts yet") if self.run is not None else self.tr("No run selected")
        self.hinted.hint.say(title, self.tr("Each attempt becomes a bar in a lane of the agent that runs it."))
        number = self.bars.count
        self.note.setText(
            (self.tr("{} attempt") if number == 1 else self.tr("{} attempts")).format(fmt.count(number))
            if number
            else ""
        )

    # --- words ---------------------------------------------------------------------------------------------

    def _name(self, key: BarKey) -> str:
        mirror = self.bridge.mirror.run(key[0])
        if mirror is None or key[1] >= len(mirror.tasks):
            return f"{key[1]}[{key[2]}]"
        task = mirror.tasks[key[1]]
        return f"{task.title or task.id}[{key[2]}]" if task.array else task.title or task.id

    def _describe(self, key: BarKey) -> str:
        mirror = self.bridge.mirror.run(key[0])
        row = mirror.attempts.get(key[1:]) if mirror is not None else None
        if row is None:
            return self._name(key)
        lines = [
            f"{self._name(key)}, attempt {row.attempt}",
            f"{attempt_end(row)} · {fmt.duration(attempt_seconds(row))}",
            f"on {row.agent_name}, slot {row.slot + 1}",
            f"started {fmt.clock(row.started or 0, time.time())}",
        ]
        if row.ended:
            lines.append(f"{fmt.duration(row.cpu)} CPU time, {human_size(row.memory)} memory at most")
        if row.error:
            lines.append(row.error.split("\n", 1)[0][:120])
        return "\n".join(line.replace("<", "‹") for line in lines)


class _Legend(QWidget):
    """What the colours mean, with the shapes that the rest of the app uses."""

    def __init__(self) -> None:
        super().__init__()
        theme_switch().changed.connect(self.update)

    def sizeHint(self) -> QSize:
        metrics = self.fontMetrics()
        words = sum(metrics.horizontalAdvance(word) + 2 + 12 + 6 + 2 * S for _, word in LEGEND)
        return QSize(words + 16 + 6 + metrics.horizontalAdvance("another attempt") + 4, 24)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def changeEvent(self, event: QEvent) -> None:
        self.updateGeometry()
        super().changeEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, theme = QPainter(self), current_theme()
        x, middle = 0.0, self.height() / 2
        for state, word in LEGEND:
            draw_state(painter, QRectF(x, middle - 6, 12, 12), state, theme)
            x = self._word(painter, x + 18, word) + 2 * S
        painter.fillRect(QRectF(x, middle + 3, 16, 3), theme.color("text"))
        self._word(painter, x + 22, "another attempt")

    def _word(self, painter: QPainter, x: float, word: str) -> float:
        painter.setPen(current_theme().color("muted"))
        width = painter.fontMetrics().horizontalAdvance(word) + 2
        painter.drawText(QRectF(x, 0, width, self.height()), Qt.AlignmentFlag.AlignVCenter, word)
        return x + width
