"""Why a task or an item waits: the core's own explanation, asked for again each second while it is shown."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from windlass.model.words import span
from windlass.wire import messages as m
from windlass_gui.bridge import Bridge
from windlass_gui.look.language import spoken
from windlass_gui.look.theme import XS, L, M, S
from windlass_gui.look.tips import plain_tip
from windlass_gui.models import STATE_ROLE
from windlass_gui.models import format as fmt
from windlass_gui.panes.delegates import StateDelegate
from windlass_gui.panes.report import Mark
from windlass_gui.panes.table import ROW

SEEN = 5
"""Rows of agents that the dialog has room for at least."""
EVERY = 1000
"""Milliseconds between an answer and the next question."""


class WhyDialog(QDialog):
    """Stays open beside the window, so that one sees the answer change."""

    def __init__(
        self, bridge: Bridge, run: int, task: int, index: int | None, name: str, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Why does {} wait?").format(name))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(560)
        self._bridge = bridge
        self._question = (run, task, index)
        self.mark = Mark("pending", 16)
        self.cause = QLabel("")
        self.cause.setTextFormat(Qt.TextFormat.PlainText)
        self.cause.setProperty("role", "title")
        self.when = QLabel("")
        self.when.setTextFormat(Qt.TextFormat.PlainText)
        self.when.setProperty("role", "muted")
        headline = QHBoxLayout()
        headline.setSpacing(S)
        headline.addWidget(self.mark)
        headline.addWidget(self.cause, 1)
        headline.addWidget(self.when)
        title = QLabel(self.tr("{} of run {}").format(name, run))
        title.setTextFormat(Qt.TextFormat.PlainText)
        title.setProperty("role", "muted")
        self.sentence = QLabel(self.tr("Asking the core…"))
        self.sentence.setTextFormat(Qt.TextFormat.PlainText)
        self.sentence.setWordWrap(True)
        self.sentence.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.agents = QTableWidget(0, 2)
        self.agents.setAccessibleName(self.tr("What each agent says to it"))
        self.agents.setHorizontalHeaderLabels([self.tr("Agent"), self.tr("Why not there, or why not now")])
        self.agents.horizontalHeader().setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        self.agents.setItemDelegateForColumn(0, StateDelegate(self.agents))
        self.agents.setColumnWidth(0, 150)
        self.agents.setWordWrap(True)
        self.agents.setShowGrid(False)
        self.agents.verticalHeader().hide()
        self.agents.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.agents.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.agents.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.agents.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.agents.hide()
        close = QPushButton(self.tr("Close"))
        close.clicked.connect(self.close)
        buttons = QHBoxLayout()
        buttons.addStretch()
        buttons.addWidget(close)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(L, L, L, L)
        layout.setSpacing(M)
        layout.addWidget(title)
        layout.addLayout(headline)
        layout.addWidget(self.sentence)
        layout.addWidget(self.agents, 1)
        layout.addStretch()
        layout.addLayout(buttons)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(EVERY)
        self._timer.timeout.connect(self.ask)
        # The dialog may be closed before the core answers: only a living one is told.
        self._open = True
        self.finished.connect(self._closed)
        self.ask()

    def ask(self) -> None:
        self._bridge.request(m.Explain(0, *self._question), self._show, self._failed)

    def _closed(self) -> None:
        self._open = False
        self._timer.stop()

    def _failed(self, reason: str) -> None:
        if self._open:
            self.sentence.setText(spoken(reason))
            self._timer.start()

    def _show(self, data: dict[str, Any], _payload: list[bytes]) -> None:
        if not self._open:
            return
        self.sentence.setText(lines(spoken(str(data["sentence"]))))
        root = data
        while root.get("because"):
            root = root["because"]
        state, words = headline(data)
        self.mark.show_state(state)
        self.cause.setText(words)
        start = root.get("start")
        wait = None if start is None or root.get("cause") == "next" else start - root["now"]
        self.when.setText("" if wait is None else self.tr("begins in about {}").format(span(wait)))
        while not data["agents"] and data["because"]:
            data = data["because"]  # what it needs is what waits for an agent
        rows = [(str(a["name"]), str(a["text"]), str(a.get("kind", ""))) for a in data["agents"]]
        if len(rows) < data["agents_known"]:
            rows.append(("", self.tr("and {} more agents").format(fmt.count(data["agents_known"] - len(rows))), ""))
        self.agents.setRowCount(len(rows))
        for place, (name, text, kind) in enumerate(rows):
            for column, words in enumerate((name, text)):
                cell = self.agents.item(place, column)
                if cell is None:
                    cell = QTableWidgetItem()
                    self.agents.setItem(place, column, cell)
                cell.setText(words)
                cell.setData(STATE_ROLE, kind if column == 0 else None)
                cell.setToolTip(self.tr(KINDS.get(kind, "")) if column == 0 else plain_tip(text))
        self.agents.setVisible(bool(rows))
        # Some agents are seen at once; the others are a scroll away.
        self.agents.setMinimumHeight((min(len(rows), SEEN) + 1) * (ROW + XS) + S if rows else 0)
        # The next question only after this answer: a slow core is not asked faster than it speaks.
        self._timer.start()


CAUSES = {
    "ended": ("succeeded", "It does not wait"),
    "running": ("active", "It runs"),
    "given": ("ready", "It is on its agent, which begins it when there is room"),
    "needs": ("pending", "It needs other tasks first"),
    "deciding": ("pending", "Whether it runs, and how often, is being decided"),
    "open": ("pending", "More items may still be added"),
    "stopping": ("backoff", "Its attempt before has not stopped yet"),
    "backoff": ("backoff", "It failed and is tried again"),
    "paused": ("paused", "The run is paused"),
    "nowhere": ("failed", "No agent can run it as things are"),
    "order": ("ready", "Others go first"),
    "room": ("ready", "No agent has room for it now"),
    "next": ("active", "It begins at once"),
}
"""Cause -> the state whose shape it has, and a headline."""
KINDS = {
    "free": "has room", "busy": "could run it, but is busy", "kept": "is kept for a large request",
    "avoided": "failed it before", "aside": "is set aside", "label": "a constraint does not hold there",
    "lacks": "has too little of something", "away": "is not there", "drains": "takes nothing new",
}  # fmt: skip
"""What an agent's shape says."""


def headline(data: dict[str, Any]) -> tuple[str, str]:
    """The shape and the words of what keeps it: the licence, the group or the limit by its name where one does."""
    cause = str(data.get("cause", ""))
    if cause == "limit":
        kinds = {str(words).split(":")[0] for words in data["limits"]}
        if len(kinds) == 1:
            (kind,) = kinds
            if kind.startswith("licence "):
                return "backoff", f"Every {kind.replace('licence', 'licence of', 1)} is in use"
            return "backoff", f"The {kind} is reached"
        return "backoff", "Several limits are reached"
    able = [agent for agent in data.get("agents", []) if agent.get("kind") in ("free", "busy", "kept", "avoided")]
    if cause in ("room", "order") and able and all(agent["kind"] == "kept" for agent in able):
        return "kept", "The agents that could run it are kept for a large request"
    return CAUSES.get(cause, ("pending", ""))


def lines(sentence: str) -> str:
    """A clause a line, each beginning as a sentence does."""
    return "\n".join(clause[:1].upper() + clause[1:] for clause in sentence.split("; "))


def show_why(bridge: Bridge, parent: QWidget, run: int, task: int, index: int | None = None) -> WhyDialog:
    """Open it for a task, or one of its items."""
    mirror = bridge.mirror.run(run)
    id = mirror.tasks[task].id if mirror is not None and task < len(mirror.tasks) else f"task {task}"
    dialog = WhyDialog(bridge, run, task, index, id if index is None else f"{id}[{index}]", parent)
    dialog.show()
    return dialog
