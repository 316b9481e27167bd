"""Puts the parts together for the main window: the tab, its badge, the way there from the monitor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtGui import QIcon

from windlass_gui.attention.fixing import Fixing
from windlass_gui.attention.needs import Needs
from windlass_gui.attention.pane import LOOKS, AttentionPane
from windlass_gui.icons import icon
from windlass_gui.theme import theme_switch

if TYPE_CHECKING:
    from windlass_gui.main_window import MainWindow
    from windlass_gui.monitor import MonitorWindow


class AttentionDesk(QObject):
    """Adds its tab to the window's."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self.window = window
        self.needs = Needs(window.bridge, window.settings, self)
        self.fixing = Fixing(window)
        self.pane = AttentionPane(self.needs, lambda: window.bridge.state == "up")
        self.pane.fix_asked.connect(self.fixing.do)
        window.bottom.addTab(self.pane, self.tr("Attention"))
        window.actions_.connect("attention", self.show)
        self.needs.changed.connect(self._badge)
        window.bridge.connection_changed.connect(self.pane.refresh)
        theme_switch().changed.connect(self._badge)

    def show(self) -> None:
        """The pane, in the window in front."""
        window = self.window
        window.bottom.window().show()
        window.raise_()
        window.activateWindow()
        window.bottom.setCurrentWidget(self.pane)
        self.pane.list.setFocus()

    def join(self, monitor: MonitorWindow) -> None:
        """The monitor says how much needs attention, and leads here."""
        monitor.needs.clicked.connect(self.show)
        self._badge()

    @property
    def title(self) -> str:
        count = len(self.needs.matters)
        return self.tr("Attention ({})").format(f"{count:,}") if count else self.tr("Attention")

    def _badge(self, *_: object) -> None:
        window, severity = self.window, self.needs.severity
        sign = icon(*_look(severity)) if severity else QIcon()
        place = window.bottom.indexOf(self.pane)
        window.bottom.setTabText(place, self.title)
        window.bottom.setTabIcon(place, sign)
        if window.monitor is not None:
            window.monitor.needs.setText(self.title)
            window.monitor.needs.setIcon(sign)
            window.monitor.needs.setVisible(bool(severity))


def _look(severity: int) -> tuple[str, None, str]:
    sign, token = LOOKS[severity]
    return sign, None, token
