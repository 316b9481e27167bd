"""What the status bar always shows: a submit's progress, what runs, the agents, the connection."""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QLabel, QStatusBar

from windlass_gui.bridge import Bridge
from windlass_gui.mirror import Changes
from windlass_gui.theme import theme_switch

FAILURE_SHOWN = 8000
"""Milliseconds that the reason of a request that was not done stays."""
REFUSAL_SHOWN = 15_000
"""Milliseconds that the reason of a refused connection stays."""


class Status(QObject):
    """Four labels at the right end of a status bar, kept true by the bridge."""

    def __init__(self, bar: QStatusBar, bridge: Bridge) -> None:
        super().__init__(bar)
        self.bar = bar
        self.bridge = bridge
        self.progress = QLabel()
        self.agents = QLabel()
        self.running = QLabel()
        self.connection = QLabel()
        for label in (self.progress, self.running, self.agents, self.connection):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setContentsMargins(8, 0, 8, 0)
            bar.addPermanentWidget(label)
        bridge.connection_changed.connect(self.show_connection)
        bridge.mirror_changed.connect(self._mirror_changed)
        bridge.failed.connect(self._failed)
        theme_switch().changed.connect(self._theme_changed)
        self.show_connection(bridge.state, bridge.text)
        self._show_load()

    def show_connection(self, state: str, text: str) -> None:
        words = {"up": self.tr("Connected"), "off": self.tr("Not connected")}
        self.connection.setText(("● " if state == "up" else "○ ") + words.get(state, text))
        self.connection.setToolTip(text)
        theme = theme_switch().theme
        color = {"up": theme.ok, "refused": theme.danger, "off": theme.muted}.get(state, theme.warn)
        self.connection.setStyleSheet(f"color: {color};")
        if state == "refused":
            self.bar.showMessage(text, REFUSAL_SHOWN)

    def _failed(self, reason: str) -> None:
        self.bar.showMessage(reason, FAILURE_SHOWN)

    def _theme_changed(self) -> None:
        self.show_connection(self.bridge.state, self.bridge.text)

    def _mirror_changed(self, changes: Changes) -> None:
        if changes.agents or changes.agents_removed or changes.runs or changes.runs_removed or changes.resets:
            self._show_load()

    def _show_load(self) -> None:
        agents = [row for row in self.bridge.mirror.agents.values() if row.state == "up"]
        self.agents.setText(self.tr("1 agent") if len(agents) == 1 else self.tr("{} agents").format(len(agents)))
        names = "\n".join(row.name for row in agents)
        self.agents.setToolTip(names or self.tr("No machine is there to run anything"))
        self.running.setText(self.tr("{} running").format(f"{sum(row.running for row in agents):,}"))
