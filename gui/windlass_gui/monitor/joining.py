"""How another machine joins: one line to run there, with a token made just now, and the machine as it arrives."""

from __future__ import annotations

import time

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import (
    QApplication,
    QDialog,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from windlass.model.units import human_size
from windlass.wire import lan, tokens
from windlass.wire.messages import MakeToken
from windlass.wire.rows import AgentRow
from windlass_gui.bridge import Bridge
from windlass_gui.look.language import spoken
from windlass_gui.look.theme import BODY, L, M, S, mono_font
from windlass_gui.mirror import Changes
from windlass_gui.models import format as fmt
from windlass_gui.monitor.nearby import NearbyLabel

LOOPBACK = ("//127.", "//localhost", "//[::1]")


COUNT = 1000
"""Milliseconds between two looks at how long the token is good for."""


class JoinDialog(QDialog):
    """Asks for a token when it opens, and for another when one was used."""

    def __init__(self, bridge: Bridge, parent: QWidget | None = None, open_network: lan.Opener = lan.multicast) -> None:
        super().__init__(parent)
        self.bridge = bridge
        self.setWindowTitle(self.tr("Add a machine"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(560)
        self._known = set(bridge.mirror.agents)
        """Agents that were there before, or have been told of."""
        self._heard = bridge.state == "up"
        """The agents are known at all."""
        self._ends = 0.0
        """When the token is no longer good, in seconds of the monotonic clock; 0: there is none."""
        # The dialog may be closed before the core answers: only a living one is told.
        self._open = True
        self.nearby = NearbyLabel(open_network)
        self.nearby.grown.connect(self._grow)
        self._build()
        self.finished.connect(self._closed)
        bridge.mirror_changed.connect(self._look)
        self._timer = QTimer(self)
        self._timer.setInterval(COUNT)
        self._timer.timeout.connect(self._count_down)
        self._timer.start()
        self._ask()

    def _build(self) -> None:
        title = QLabel(self.tr("Add a machine"))
        title.setProperty("role", "heading")
        text = QLabel(
            self.tr(
                "On the other machine, install Windlass (pip install windlass) and run this line. It works once; "
                "afterwards the machine has its own key and comes back by itself."
            )
        )
        text.setWordWrap(True)
        self.line = QPlainTextEdit()
        self.line.setReadOnly(True)
        self.line.setFont(mono_font(BODY))
        self.line.setFixedHeight(96)
        self.line.setAccessibleName(self.tr("The line to run"))
        self.left = QLabel()
        self.left.setProperty("role", "muted")
        self.warning = QLabel()
        self.warning.setWordWrap(True)
        self.warning.setProperty("role", "error")
        self.warning.setTextFormat(Qt.TextFormat.PlainText)
        self.warning.hide()
        self.arrived = QLabel()
        self.arrived.setWordWrap(True)
        self.arrived.setTextFormat(Qt.TextFormat.PlainText)
        self.arrived.setAccessibleName(self.tr("Machines that have joined"))
        self.copy = QPushButton(self.tr("Copy the line"))
        self.copy.setProperty("role", "primary")
        self.copy.clicked.connect(self._copy)
        self.another = QPushButton(self.tr("Another line"))
        self.another.setToolTip(self.tr("A fresh token for one more machine"))
        self.another.clicked.connect(self._ask)
        close = QPushButton(self.tr("Close"))
        close.clicked.connect(self.close)
        buttons = QHBoxLayout()
        buttons.addWidget(self.another)
        buttons.addStretch()
        buttons.addWidget(close)
        buttons.addWidget(self.copy)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(L, L, L, L)
        layout.setSpacing(M)
        for widget in (title, text, self.line, self.left, self.warning, self.nearby, self.arrived):
            layout.addWidget(widget)
        layout.addSpacing(S)
        layout.addLayout(buttons)

    def _closed(self) -> None:
        self._open = False
        self._timer.stop()
        self.nearby.stop()

    # --- the token -----------------------------------------------------------------------------------------

    def _ask(self) -> None:
        self.line.setPlainText(self.tr("Asking the core for a token…"))
        self.warning.hide()
        self.copy.setEnabled(False)
        self.another.setEnabled(False)
        self._ends = 0.0
        self.left.setText("")
        self.bridge.make_token(self._show, "agent", self._failed)

    def _show(self, token: str) -> None:
        if not self._open:
            return
        self.line.setPlainText(f"windlass agent --join {token}")
        self.line.selectAll()
        self.copy.setText(self.tr("Copy the line"))
        self.copy.setEnabled(True)
        self.another.setEnabled(True)
        self._ends = time.monotonic() + MakeToken(0, "agent").ttl
        self._count_down()
        try:
            endpoints = tokens.parse_token(token).endpoints
        except tokens.TokenError:
            return
        if all(any(mark in endpoint for mark in LOOPBACK) for endpoint in endpoints):
            self._warn(
                self.tr(
                    "This core listens on this machine only, so the line works here alone. For other machines start "
                    "one that listens to the network:\nwindlass core --bind tcp://0.0.0.0:7077"
                )
            )

    def _failed(self, reason: str) -> None:
        if self._open:
            self.line.setPlainText("")
            self.another.setEnabled(True)
            self._warn(self.tr("No token: {}").format(spoken(reason)))

    def _count_down(self) -> None:
        seconds = self._ends - time.monotonic()
        if not self._ends:
            return
        if seconds > 0:
            words = self.tr("Good for one machine, for another {}")
            self.left.setText(words.format(fmt.duration(float(round(seconds)))))
        else:
            self.left.setText(self.tr("This line is too old by now. Take another one."))
            self.copy.setEnabled(False)

    def _warn(self, text: str) -> None:
        self.warning.setText(text)
        self.warning.show()
        self._grow()

    def _grow(self) -> None:
        """With more words the dialog grows, as nothing else in it can give way."""
        layout = self.layout()
        if layout is not None:
            layout.activate()
            self.resize(self.width(), max(self.height(), layout.totalHeightForWidth(self.width())))

    def _copy(self) -> None:
        QApplication.clipboard().setText(self.line.toPlainText())
        self.copy.setText(self.tr("Copied"))

    # --- who comes -----------------------------------------------------------------------------------------

    def _look(self, changes: Changes) -> None:
        if not self._open or not (changes.agents or "agents" in changes.resets):
            return
        known = self.bridge.mirror.agents
        if not self._heard:
            self._heard, self._known = True, set(known)
            return
        fresh = [row for agent, row in known.items() if agent not in self._known and row.state == "up"]
        if not fresh:
            return
        self._known |= {row.id for row in fresh}
        words = [self.arrived.text(), *(self._welcome(row) for row in fresh)]
        self.arrived.setText("\n".join(line for line in words if line))
        self._ends = 0.0
        self.left.setText(self.tr("A machine has come. Take another line for the next one."))
        self.copy.setEnabled(False)
        self._grow()

    def _welcome(self, row: AgentRow) -> str:
        cpus, memory = row.resources.get("cpus", 0), int(row.resources.get("memory", 0))
        return self.tr("✓ {} has joined: {:g} CPUs, {} memory").format(row.name, float(cpus), human_size(memory))
