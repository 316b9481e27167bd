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

from windlass.wire import messages as m
from windlass_gui.bridge import Bridge
from windlass_gui.models import format as fmt
from windlass_gui.theme import L, M

EVERY = 1000
"""Milliseconds between an answer and the next question."""


class WhyDialog(QDialog):
    """Stays open beside the window, so that one sees the answer change."""

    def __init__(
        self, bridge: Bridge, run: int, task: int, index: int | None, name: str, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(f"Why does {name} wait?")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(560)
        self._bridge = bridge
        self._question = (run, task, index)
        title = QLabel(f"{name} of run {run}")
        title.setTextFormat(Qt.TextFormat.PlainText)
        title.setProperty("role", "heading")
        self.sentence = QLabel("Asking the core…")
        self.sentence.setTextFormat(Qt.TextFormat.PlainText)
        self.sentence.setWordWrap(True)
        self.sentence.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.agents = QTableWidget(0, 2)
        self.agents.setAccessibleName("What each agent says to it")
        self.agents.setHorizontalHeaderLabels(["Agent", "Why not there, or why not now"])
        self.agents.horizontalHeader().setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        self.agents.verticalHeader().hide()
        self.agents.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.agents.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.agents.hide()
        close = QPushButton("Close")
        close.clicked.connect(self.close)
        buttons = QHBoxLayout()
        buttons.addStretch()
        buttons.addWidget(close)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(L, L, L, L)
        layout.setSpacing(M)
        layout.addWidget(title)
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
            self.sentence.setText(reason)
            self._timer.start()

    def _show(self, data: dict[str, Any], _payload: list[bytes]) -> None:
        if not self._open:
            return
        self.sentence.setText(str(data["sentence"]))
        while not data["agents"] and data["because"]:
            data = data["because"]  # what it needs is what waits for an agent
        rows = [(str(agent["name"]), str(agent["text"])) for agent in data["agents"]]
        if len(rows) < data["agents_known"]:
            rows.append(("", f"and {fmt.count(data['agents_known'] - len(rows))} more agents"))
        self.agents.setRowCount(len(rows))
        for place, row in enumerate(rows):
            for column, text in enumerate(row):
                cell = self.agents.item(place, column)
                if cell is None:
                    self.agents.setItem(place, column, QTableWidgetItem(text))
                else:
                    cell.setText(text)
        self.agents.setVisible(bool(rows))
        # The next question only after this answer: a slow core is not asked faster than it speaks.
        self._timer.start()


def show_why(bridge: Bridge, parent: QWidget, run: int, task: int, index: int | None = None) -> WhyDialog:
    """Open it for a task, or one of its items."""
    mirror = bridge.mirror.run(run)
    id = mirror.tasks[task].id if mirror is not None and task < len(mirror.tasks) else f"task {task}"
    dialog = WhyDialog(bridge, run, task, index, id if index is None else f"{id}[{index}]", parent)
    dialog.show()
    return dialog
