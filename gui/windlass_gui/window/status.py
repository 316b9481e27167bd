"""What the status bar always shows: a submit's progress, what runs, the agents, the connection."""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QLabel, QMessageBox, QPushButton, QStatusBar

from windlass_gui.bridge import Bridge
from windlass_gui.look.language import spoken
from windlass_gui.look.theme import theme_switch
from windlass_gui.look.tips import plain_tip
from windlass_gui.mirror import Changes

FAILURE_SHOWN = 8000
"""Milliseconds that the reason of a request that was not done stays."""


class Status(QObject):
    """Four labels and a button at the right end of a status bar, kept true by the bridge."""

    def __init__(self, bar: QStatusBar, bridge: Bridge) -> None:
        super().__init__(bar)
        self.bar = bar
        self.bridge = bridge
        self._notice: QMessageBox | None = None
        """Why there is no connection, while it has not been read."""
        self.progress = QLabel()
        self.agents = QLabel()
        self.running = QLabel()
        self.connection = QLabel()
        for label in (self.progress, self.running, self.agents, self.connection):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setContentsMargins(8, 0, 8, 0)
            bar.addPermanentWidget(label)
        self.again = QPushButton(self.tr("Try again"))
        self.again.setToolTip(self.tr("Start or join the core once more"))
        self.again.setProperty("role", "slim")
        self.again.clicked.connect(bridge.try_again)
        bar.addPermanentWidget(self.again)
        bridge.connection_changed.connect(self.show_connection)
        bridge.mirror_changed.connect(self._mirror_changed)
        bridge.failed.connect(self._failed)
        theme_switch().changed.connect(self._theme_changed)
        self.show_connection(bridge.state, bridge.text)
        self._show_load()

    def show_connection(self, state: str, text: str) -> None:
        words = {"up": self.tr("Connected"), "off": self.tr("Not connected"), "refused": self.tr("No connection")}
        self.connection.setText(("● " if state == "up" else "○ ") + words.get(state, spoken(text)))
        self.connection.setToolTip(words["up"] if state == "up" else plain_tip(spoken(text)))
        theme = theme_switch().theme
        color = {"up": theme.ok, "refused": theme.danger, "off": theme.muted}.get(state, theme.warn)
        self.connection.setStyleSheet(f"color: {color};")
        self.again.setVisible(self.bridge.can_try_again)
        for label in (self.running, self.agents):
            label.setVisible(state == "up")  # what was true before the connection broke may not be now
        if state == "refused":
            self._tell_refusal(text)
        elif state == "up" and self._notice is not None:
            self._notice.close()

    def _tell_refusal(self, text: str) -> None:
        """In a box that stays until it was read; in the status bar it would be cut and gone."""
        if self._notice is not None:
            self._notice.setInformativeText(spoken(text))
            return
        box = QMessageBox(self.bar.window())
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.setIcon(QMessageBox.Icon.Warning)
        box.setWindowTitle(self.tr("No connection"))
        box.setTextFormat(Qt.TextFormat.PlainText)
        box.setText(self.tr("There is no connection to a core."))
        box.setInformativeText(spoken(text))
        box.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        again = box.addButton(self.tr("Try again"), QMessageBox.ButtonRole.AcceptRole)
        again.setEnabled(self.bridge.can_try_again)
        again.clicked.connect(self.bridge.try_again)
        box.addButton(QMessageBox.StandardButton.Close)
        box.finished.connect(self._notice_read)
        self._notice = box
        box.open()

    def _notice_read(self) -> None:
        self._notice = None

    def _failed(self, reason: str) -> None:
        self.bar.showMessage(spoken(reason), FAILURE_SHOWN)

    def _theme_changed(self) -> None:
        self.show_connection(self.bridge.state, self.bridge.text)

    def _mirror_changed(self, changes: Changes) -> None:
        if changes.agents or changes.agents_removed or changes.runs or changes.runs_removed or changes.resets:
            self._show_load()

    def _show_load(self) -> None:
        agents = [row for row in self.bridge.mirror.agents.values() if row.state == "up"]
        self.agents.setText(self.tr("1 agent") if len(agents) == 1 else self.tr("{} agents").format(len(agents)))
        names = "\n".join(row.name for row in agents)
        self.agents.setToolTip(plain_tip(names) or self.tr("No machine is there to run anything"))
        self.running.setText(self.tr("{} running").format(f"{sum(row.running for row in agents):,}"))
