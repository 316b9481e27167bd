"""Puts the parts together for the main window: the tab and its badge, the tray, notifications, their settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QSettings, Qt, QTimer
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QMessageBox, QSystemTrayIcon, QWidget

from windlass_gui.attention.derive import ENDED
from windlass_gui.attention.fixing import Fixing
from windlass_gui.attention.needs import Needs
from windlass_gui.attention.news import News
from windlass_gui.attention.notify import Notifier
from windlass_gui.attention.pane import LOOKS, AttentionPane
from windlass_gui.attention.settings import Wishes, settings_page
from windlass_gui.attention.tray import REST, Tray
from windlass_gui.look.icons import icon
from windlass_gui.look.theme import theme_switch
from windlass_gui.mirror import Changes

if TYPE_CHECKING:
    from windlass_gui.monitor import MonitorWindow
    from windlass_gui.window.main_window import MainWindow


class AttentionDesk(QObject):
    """Adds its tab to the window's, and an icon to the desktop's tray where there is one."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self.window = window
        self.tray: Tray | None = None
        self.needs = Needs(window.bridge, window.settings, self)
        self.fixing = Fixing(window)
        self.pane = AttentionPane(self.needs, lambda: window.bridge.state == "up")
        self.pane.fix_asked.connect(self.fixing.do)
        window.bottom.addTab(self.pane, self.tr("Attention"))
        window.actions_.connect("attention", self.show)
        self.needs.changed.connect(self._badge)
        window.bridge.connection_changed.connect(self.pane.refresh)
        theme_switch().changed.connect(self._badge)
        self.wishes = Wishes(window.settings)
        self.tray_available = QSystemTrayIcon.isSystemTrayAvailable()
        self.notifier = Notifier(window.bridge, self.needs, self.wishes, self._notify, parent=self)
        self.notifier.opened.connect(self._open_news)
        self._tray_soon = QTimer(self)
        self._tray_soon.setSingleShot(True)
        self._tray_soon.setInterval(REST)
        self._tray_soon.timeout.connect(self._show_tray)
        window.bridge.mirror_changed.connect(self._mirror_changed)
        window.settings_sections.append(self._settings_section)
        self.follow_wishes()

    def show(self) -> None:
        """The pane, in the window in front."""
        window = self.window
        self._show_window()
        window.bottom.setCurrentWidget(self.pane)
        self.pane.list.setFocus()

    # --- the tray and what is told --------------------------------------------------------------------------

    def _settings_section(self, _settings: QSettings) -> tuple[str, QWidget]:
        return self.tr("Notifications"), settings_page(self.wishes, self.tray_available, self.follow_wishes)

    def follow_wishes(self) -> None:
        """What a person has set, counts now."""
        if self.needs.watch.failures != self.wishes.failures:
            self.needs.watch.failures = self.wishes.failures
            self.needs.look()
        wanted = self.tray_available and self.wishes.tray
        if wanted and self.tray is None:
            self.tray = self._make_tray()
            self._show_tray()
            self.tray.icon.show()
        elif not wanted and self.tray is not None:
            self.tray.icon.hide()
            self.tray.deleteLater()
            self.tray = None

    def _make_tray(self) -> Tray:
        tray, window = Tray(self.window), self.window
        tray.window_asked.connect(self._show_window)
        tray.monitor_asked.connect(window.show_monitor)
        tray.attention_asked.connect(self.show)
        tray.pause_asked.connect(self.ask_pause_all)
        tray.quit_asked.connect(window.close)
        tray.message_clicked.connect(self.notifier.clicked)
        return tray

    def _mirror_changed(self, changes: Changes) -> None:
        if (changes.runs or changes.runs_removed or changes.resets) and not self._tray_soon.isActive():
            self._tray_soon.start()

    def _show_tray(self) -> None:
        if self.tray is not None:
            self.tray.show_state(self.window.bridge.mirror.runs, self.needs.severity, self.title)

    def _notify(self, title: str, text: str, grave: bool) -> None:
        if self.tray is not None:
            self.tray.tell(title, text, grave)

    def _open_news(self, news: News) -> None:
        """Where a notification leads."""
        window = self.window
        if news.matter is not None:
            self.show()
            self.pane.choose(news.matter.key)
        elif news.agent:
            window.show_agent(news.agent)
        elif news.run in window.bridge.mirror.runs and news.run is not None:
            self._show_window()
            window.bottom.setCurrentWidget(window.runs)
            window.runs.select_run(news.run)

    def _show_window(self) -> None:
        window = self.window
        window.showNormal() if window.isMinimized() else window.show()
        window.raise_()
        window.activateWindow()

    def ask_pause_all(self, on: bool) -> QMessageBox | None:
        """Pause every run that goes on, or let all paused ones go on; asks first."""
        rows = self.window.bridge.mirror.runs.values()
        runs = [row.id for row in rows if row.state not in ENDED and (row.state == "paused") != on]
        if not runs:
            return None
        self._show_window()
        box = QMessageBox(self.window)
        box.setIcon(QMessageBox.Icon.Question)
        box.setTextFormat(Qt.TextFormat.PlainText)
        count = self.tr("1 run") if len(runs) == 1 else self.tr("{} runs").format(f"{len(runs):,}")
        box.setText((self.tr("Pause {}?") if on else self.tr("Let {} go on?")).format(count))
        box.setInformativeText(
            self.tr("Nothing more of them starts; what runs now goes on.")
            if on
            else self.tr("Also runs that others have paused start items again.")
        )
        yes = box.addButton(self.tr("Pause all") if on else self.tr("Resume all"), QMessageBox.ButtonRole.AcceptRole)
        box.setDefaultButton(box.addButton(QMessageBox.StandardButton.Cancel))
        yes.clicked.connect(lambda: self.window.tabling.acting.pause(runs, on))
        box.finished.connect(box.deleteLater)
        box.open()
        return box

    # --- the badge ------------------------------------------------------------------------------------------

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
        self._show_tray()


def _look(severity: int) -> tuple[str, None, str]:
    sign, token = LOOKS[severity]
    return sign, None, token
