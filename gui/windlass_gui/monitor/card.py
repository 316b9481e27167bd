"""One agent: what it is, how it does, what it carries."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from windlass.model.units import human_size
from windlass.wire.rows import AgentRow
from windlass_gui.look.language import spoken
from windlass_gui.look.theme import BODY, M, S, current_theme, draw_state, mix, theme_switch
from windlass_gui.look.tips import plain_tip
from windlass_gui.mirror import AT, Curve
from windlass_gui.models import format as fmt
from windlass_gui.models.tables import LIMITS_TIP, agent_note, agent_state, used_of
from windlass_gui.monitor.control import ACTIONS
from windlass_gui.monitor.curves import LiveCurve
from windlass_gui.panes.words import Elided

WIDTH = 320
"""Least width of a card in pixels."""
MAX_SLOTS = 64
"""Slots drawn one by one; more are told in words only."""

STATE_TEXT = {
    "up": "up", "draining": "draining: takes nothing new", "down": "down", "new": "has not come yet",
    "disconnected": "silent; its attempts may still go on", "aside": "set aside: takes nothing new for a while",
    "probation": "on probation: takes one attempt at a time",
}  # fmt: skip


class AgentCard(QFrame):
    """`control` asks for drain, undrain, forgive or remove."""

    control = Signal(str, str)
    """Agent and action."""
    opened = Signal(str)
    """Its page is wanted."""

    def __init__(self, agent: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.agent = agent
        self.setProperty("role", "card")
        self.setMinimumWidth(WIDTH)
        self.badge = StateBadge()
        self.name = Elided("title", Qt.TextElideMode.ElideMiddle)
        self.state = _label("muted")
        self.facts = _label("small", wrap=True)
        self.holds = _label("small", wrap=True)
        self.note = _label("error", wrap=True)
        self.slots = SlotBar()
        self.slots_text = _label("small")
        self.open = QPushButton(self.tr("Open"))
        self.open.setToolTip(self.tr("What it is, what it did, and what happened to it"))
        self.open.clicked.connect(lambda: self.opened.emit(self.agent))
        self.drain = QPushButton(self.tr("Drain"))
        self.drain.clicked.connect(self._drain)
        self.forgive = QPushButton(self.tr("Forgive"))
        self.forgive.setToolTip(self.tr("It is well: give it work again at once"))
        self.forgive.clicked.connect(lambda: self.control.emit(self.agent, "forgive"))
        self.forgive.hide()
        self.cpu = LiveCurve(self.tr("CPU"), "accent")
        self.memory = LiveCurve(self.tr("Memory"), "ok")
        head = QHBoxLayout()
        head.setSpacing(S)
        head.addWidget(self.badge)
        head.addWidget(self.name, 1)
        head.addWidget(self.state)
        head.addWidget(self.drain)
        head.addWidget(self.open)
        curves = QHBoxLayout()
        curves.setSpacing(M)
        curves.addWidget(self.cpu, 1)
        curves.addWidget(self.memory, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(M, M, M, M)
        layout.setSpacing(S)
        layout.addLayout(head)
        layout.addWidget(self.facts)
        layout.addWidget(self.holds)
        why = QHBoxLayout()
        why.setSpacing(S)
        why.addWidget(self.note, 1)
        why.addWidget(self.forgive)
        layout.addLayout(why)
        layout.addWidget(self.slots_text)
        layout.addWidget(self.slots)
        layout.addStretch(1)
        layout.addLayout(curves)
        self._action = "drain"
        self._row: AgentRow | None = None
        self._down = False
        """What it measured last is no longer so."""

    def show_row(self, row: AgentRow) -> None:
        self._row = row
        state = agent_state(row)
        self.badge.show_state(state)
        self.name.setText(row.name)
        self.name.setToolTip(plain_tip(f"{row.name}\n{row.id}"))
        short = {"up": "", "aside": self.tr("set aside"), "probation": self.tr("on probation")}
        self.state.setText(short[state] if state in short else spoken(state))
        self.state.setToolTip(self.tr(STATE_TEXT.get(state, state)))
        system = " ".join(filter(None, map(row.labels.get, ("os", "arch"))))
        cpus = float(row.resources.get("cpus") or 0)
        parts = [system, self.tr("{} CPUs").format(fmt.number(cpus)), human_size(row.resources.get("memory") or 0)]
        self.facts.setText(" · ".join(filter(None, parts)))
        told = [row.cpu_model, *row.gpus, *(f"{name}={value}" for name, value in row.labels.items())]
        self.facts.setToolTip(plain_tip("\n".join(filter(None, told))))
        holds = _holds(row)
        self.holds.setText(" · ".join(holds))
        self.holds.setToolTip(LIMITS_TIP)
        self.holds.setVisible(bool(holds))
        self.tell()
        self._down = row.state == "down"
        used = 0.0 if row.state == "down" else float(row.used.get("cpus") or row.running)
        texts = [self.tr("{} running").format(fmt.count(row.running))]
        if used and row.used:
            texts.append(self.tr("{} CPUs in use").format(used_of(row, "cpus")))
        texts.append(self.tr("{} waiting here").format(fmt.count(row.waiting)))
        self.slots_text.setText(" · ".join(texts))
        self.slots.show_slots(max(1, round(cpus)), used, row.waiting)
        self._action = "remove" if row.state == "down" else "undrain" if row.draining else "drain"
        text, tip = ACTIONS[self._action]
        self.drain.setText(self.tr(text))
        self.drain.setToolTip(self.tr(tip))
        self.forgive.setVisible(bool(row.aside))

    def tell(self, now: float | None = None) -> None:
        """Why it is as it is; what is said of a time goes on with the clock."""
        note = spoken(agent_note(self._row, now)) if self._row is not None else ""
        if note != self.note.text():
            self.note.setText(note)
            self.note.setProperty("role", "muted" if self._row is not None and self._row.probation else "error")
            self.note.style().polish(self.note)
        self.note.setVisible(bool(note))

    def show_curve(self, curve: Curve) -> None:
        view, last = curve.view, curve.last
        if last is None:
            return
        total = max(1.0, float(last[AT["memory_total"]]))
        load, used = ("–", "–") if self._down else (f"{last[AT['cpu']]:.0%}", human_size(last[AT["memory"]]))
        self.cpu.show_values(view[0], view[AT["cpu"]], load)
        whole = human_size(total)
        words = self.tr("{} of {}").format(short(used, whole), whole)
        self.memory.show_values(view[0], view[AT["memory"]] / total, words)

    def _drain(self) -> None:
        self.control.emit(self.agent, self._action)


def _holds(row: AgentRow) -> list[str]:
    """Its GPUs and other counted things, and how it holds attempts to their memory."""
    parts = []
    if row.resources.get("gpus"):
        models = ", ".join(dict.fromkeys(row.gpus))
        parts.append(f"GPUs: {used_of(row, 'gpus')} in use" + (f" ({models})" if models else ""))
    named = row.resources.get("named") or {}
    parts += [f"{name}: {fmt.number(row.used.get(name) or 0)} of {fmt.number(have)}" for name, have in named.items()]
    holds = {"cgroup": "limits held by the kernel", "sampling": "limits by sampling"}.get(row.labels.get("limits", ""))
    return [*parts, holds] if holds else parts


class StateBadge(QWidget):
    """A state's shape in its colour."""

    def __init__(self) -> None:
        super().__init__()
        self.state = "new"
        self.setFixedSize(14, 14)
        theme_switch().changed.connect(self.update)

    def show_state(self, state: str) -> None:
        self.state = state
        self.setToolTip(self.tr(STATE_TEXT.get(state, state)))
        self.setAccessibleName(spoken(state))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        draw_state(QPainter(self), QRectF(self.rect()), self.state)


class SlotBar(QWidget):
    """A cell for each CPU: taken ones filled, partly taken ones partly."""

    def __init__(self) -> None:
        super().__init__()
        self._total, self._used, self._waiting = 1, 0.0, 0
        self.setFixedHeight(14)
        theme_switch().changed.connect(self.update)

    def show_slots(self, total: int, used: float, waiting: int) -> None:
        if (total, used, waiting) != (self._total, self._used, self._waiting):
            self._total, self._used, self._waiting = total, used, waiting
            self.update()

    def sizeHint(self) -> QSize:
        return QSize(200, 14)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, theme = QPainter(self), current_theme()
        painter.setPen(Qt.PenStyle.NoPen)
        empty, full = mix(theme.color("surface"), theme.color("muted"), 0.25), theme.state_color("active")
        cells = min(self._total, MAX_SLOTS)
        gap = 2 if self.width() / cells > 6 else 1 if self.width() / cells > 3 else 0
        width = min(48.0, (self.width() - gap * (cells - 1)) / cells)
        share = self._used * cells / self._total
        for cell in range(cells):
            rect = QRectF(cell * (width + gap), 1, width, self.height() - 2)
            painter.fillRect(rect, empty)
            part = min(1.0, max(0.0, share - cell))
            if part:
                painter.fillRect(QRectF(rect.left(), rect.top(), rect.width() * part, rect.height()), full)


def _label(role: str, wrap: bool = False) -> QLabel:
    label = QLabel()
    label.setProperty("role", role)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(wrap)
    if role == "title":
        label.setMinimumHeight(BODY + M)
    return label


def short(amount: str, whole: str) -> str:
    """An amount before the whole that has the same unit.

    >>> short("1.9 GiB", "23.5 GiB"), short("812 MiB", "23.5 GiB")
    ('1.9', '812 MiB')
    """
    number, _, unit = amount.partition(" ")
    return number if unit and unit == whole.partition(" ")[2] else amount
