"""What happened to a run: who was lost and what of it was made anew, retries, waiting, the extremes."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QApplication,
    QDialog,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from windlass.client.account import CAUSES, Account, counts_words
from windlass_gui.bridge import Bridge
from windlass_gui.look.language import spoken
from windlass_gui.look.theme import XS, L, M, S, current_theme, draw_state, mix, theme_switch
from windlass_gui.models import format as fmt

HEADINGS = 110
"""Width of what stands left of a line, in pixels."""


class ReportDialog(QDialog):
    """Stays open beside the window; *Read again* for a run that goes on."""

    def __init__(self, bridge: Bridge, run: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("What happened in run {}?").format(run))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(640, 560)
        self._bridge, self._run = bridge, run
        self.mark = Mark("pending", 20)
        self.heading = _label(self.tr("Reading the record…"), "title")
        self.lines: list[str] = []
        """All that is told, as text for the clipboard."""
        self._area = QScrollArea()
        self._area.setWidgetResizable(True)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.again = QPushButton(self.tr("Read again"))
        self.again.setToolTip(self.tr("The run may have gone on"))
        self.again.clicked.connect(self.ask)
        self.copy = QPushButton(self.tr("Copy"))
        self.copy.setToolTip(self.tr("All of it as text"))
        self.copy.clicked.connect(lambda: QApplication.clipboard().setText("\n".join(self.lines)))
        self.copy.setEnabled(False)
        close = QPushButton(self.tr("Close"))
        close.clicked.connect(self.close)
        top = QHBoxLayout()
        top.setSpacing(S)
        top.addWidget(self.mark, 0, Qt.AlignmentFlag.AlignTop)
        top.addWidget(self.heading, 1)
        buttons = QHBoxLayout()
        buttons.addWidget(self.again)
        buttons.addWidget(self.copy)
        buttons.addStretch()
        buttons.addWidget(close)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(L, L, L, L)
        layout.setSpacing(M)
        layout.addLayout(top)
        layout.addWidget(self._area, 1)
        layout.addLayout(buttons)
        # The dialog may be closed before the core answers: only a living one is told.
        self._open = True
        self.finished.connect(self._closed)
        self.ask()

    def ask(self) -> None:
        self.again.setEnabled(False)
        self._bridge.get_report(self._run, self._show, self._failed)

    def _closed(self) -> None:
        self._open = False

    def _failed(self, reason: str) -> None:
        if self._open:
            self.heading.setText(spoken(reason))
            self.again.setEnabled(True)

    def _show(self, found: Account) -> None:
        if not self._open:
            return
        self.again.setEnabled(True)
        self.again.setVisible(found.ended is None)
        self.copy.setEnabled(True)
        self.mark.show_state(found.state)
        head = found.headline(fmt.duration)
        self.heading.setText(head[:1].upper() + head[1:])
        self.lines = [head]
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, S, 0)
        column.setSpacing(S)
        self._losses(column, found)
        self._facts(column, found)
        longest = max([*found.waiting.values(), 0.0])
        self._bars(
            column, "Waiting, summed over items",
            [(words, found.waiting.get(cause, 0.0)) for cause, words in CAUSES.items()], longest, "backoff",
        )  # fmt: skip
        if found.slowest:
            self._bars(column, "Slowest", found.slowest, found.slowest[0][1], "active")
        if found.agents:
            self._agents(column, found)
        column.addStretch(1)
        self._area.setWidget(page)

    def _losses(self, column: QVBoxLayout, found: Account) -> None:
        words, late = found.loss_words(), found.deadline_words()
        self.lines += [*(words or ["no agent was lost with anything of it"]), *late]
        for line in [*words, *late]:
            card = QFrame()
            card.setProperty("role", "card")
            row = QHBoxLayout(card)
            row.setContentsMargins(M, S, M, S)
            row.setSpacing(M)
            row.addWidget(Mark("missed", 16), 0, Qt.AlignmentFlag.AlignTop)
            row.addWidget(_label(line, select=True), 1)
            column.addWidget(card)
        if not words:
            row = QHBoxLayout()
            row.setSpacing(S)
            row.addWidget(Mark("succeeded", 14))
            row.addWidget(_label("No agent was lost with anything of it", "muted"), 1)
            column.addLayout(row)

    def _facts(self, column: QVBoxLayout, found: Account) -> None:
        grid = _grid(column)
        for place, (heading, words) in enumerate(found.facts(fmt.duration)):
            self.lines.append(f"{heading}: {words}")
            grid.addWidget(_label(heading[:1].upper() + heading[1:], "muted"), place, 0, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(_label(words, select=True), place, 1)

    def _bars(
        self, column: QVBoxLayout, heading: str, rows: list[tuple[str, float]], longest: float, state: str
    ) -> None:
        column.addWidget(_heading(heading))
        grid = _grid(column)
        for place, (words, seconds) in enumerate(rows):
            self.lines.append(f"{heading.lower()}: {fmt.duration(seconds)} {words}")
            taken = _label(fmt.duration(seconds))
            taken.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            grid.addWidget(taken, place, 0)
            line = QVBoxLayout()
            line.setSpacing(2)
            line.addWidget(_label(words, select=True))
            line.addWidget(Bar(seconds / longest if longest else 0.0, state))
            grid.addLayout(line, place, 1)

    def _agents(self, column: QVBoxLayout, found: Account) -> None:
        column.addWidget(_heading("By agent"))
        grid = _grid(column)
        for place, (agent, counts) in enumerate(found.agents.items()):
            words = counts_words(counts)
            self.lines.append(f"on {agent}: {words}")
            grid.addWidget(_label(agent, "muted"), place, 0, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(_label(words, select=True), place, 1)


class Mark(QWidget):
    """A state as a shape."""

    def __init__(self, state: str, side: int) -> None:
        super().__init__()
        self.state = state
        self.setFixedSize(side, side)
        theme_switch().changed.connect(self.update)

    def show_state(self, state: str) -> None:
        self.state = state
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        draw_state(QPainter(self), QRectF(self.rect()), self.state)


class Bar(QWidget):
    """A share of the longest, 0..1."""

    def __init__(self, share: float, state: str) -> None:
        super().__init__()
        self.share, self.state = min(1.0, max(0.0, share)), state
        self.setFixedHeight(4)
        theme_switch().changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(120, 4)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, theme = QPainter(self), current_theme()
        rect = QRectF(self.rect())
        painter.fillRect(rect, mix(theme.color("surface"), theme.color("muted"), 0.25))
        if self.share:
            rect.setWidth(max(2.0, rect.width() * self.share))
            painter.fillRect(rect, theme.state_color(self.state))


def _label(text: str, role: str = "", select: bool = False) -> QLabel:
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    if role:
        label.setProperty("role", role)
    if select:
        label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label


def _heading(text: str) -> QLabel:
    label = _label(text)
    label.setStyleSheet("font-weight: 600;")
    label.setContentsMargins(0, S, 0, 0)
    return label


def _grid(column: QVBoxLayout) -> QGridLayout:
    grid = QGridLayout()
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setHorizontalSpacing(M)
    grid.setVerticalSpacing(XS + 2)
    grid.setColumnMinimumWidth(0, HEADINGS)
    grid.setColumnStretch(1, 1)
    column.addLayout(grid)
    return grid


def show_report(bridge: Bridge, parent: QWidget, run: int) -> ReportDialog:
    dialog = ReportDialog(bridge, run, parent)
    dialog.show()
    return dialog
