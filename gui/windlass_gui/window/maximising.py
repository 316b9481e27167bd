"""One pane takes the whole window, and all of them come back as they stood."""

from __future__ import annotations

from PySide6.QtCore import QByteArray, QObject, Signal
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QApplication, QDockWidget, QMainWindow, QToolButton, QWidget

from windlass_gui.look.icons import icon
from windlass_gui.look.theme import Theme, theme_switch
from windlass_gui.window.pane_title import small_button

VERSION = 1
"""Of a stored layout. Raised when docks are renamed, so that an old one is not applied."""


class Maximising(QObject):
    """Made when the window has all its docks; `action` is on while one of the panes has all of the window."""

    changed = Signal()

    def __init__(self, window: QMainWindow, centre: QWidget, docks: dict[str, QDockWidget], action: QAction) -> None:
        super().__init__(window)
        self._window = window
        self._centre = centre
        self._docks = docks
        self._action = action
        self._buttons: list[QToolButton] = []
        self._before = QByteArray()
        """How the panes stood; empty while they do."""
        self.pane: QWidget | None = None
        """The dock, or the middle of the window, that has all of it."""
        action.setCheckable(True)
        action.triggered.connect(lambda _=False: self.toggle())
        action.changed.connect(self._tell)
        for dock in docks.values():
            dock.toggleViewAction().triggered.connect(lambda on, dock=dock: self._asked_for(dock, on))
        theme_switch().changed.connect(self._show_theme)

    def button(self, pane: QWidget) -> QToolButton:
        """For a pane's title."""
        made = small_button("", lambda: self.toggle(pane))
        self._buttons.append(made)
        self._tell()
        return made

    def state(self) -> QByteArray:
        """How the panes stand, whichever is maximised."""
        return self._before if self.pane is not None else self._window.saveState(VERSION)

    def toggle(self, pane: QWidget | None = None) -> None:
        """This pane, else the one with the keyboard; all of them again where one is maximised."""
        if self.pane is not None:
            self.leave()
            return
        pane = pane or self._in_use()
        if isinstance(pane, QDockWidget) and pane.isFloating():
            return
        self._before = self._window.saveState(VERSION)
        self.pane = pane
        for dock in self._docks.values():
            if dock is not pane and not dock.isFloating():
                dock.hide()
        self._centre.setVisible(pane is self._centre)
        pane.show()
        self._tell()

    def leave(self) -> bool:
        """As they stood before. False when none was maximised."""
        if self.pane is None:
            return False
        self.pane = None
        self._centre.show()
        self._window.restoreState(self._before, VERSION)
        self._tell()
        return True

    def reveal(self, pane: QWidget) -> None:
        """Something in this pane is to be seen now: it is opened, and no other one hides it."""
        if self.pane is not None and pane is not self.pane:
            self.leave()
        if pane.isHidden():
            pane.show()

    def _asked_for(self, dock: QDockWidget, on: bool) -> None:
        """The menu was to show or hide it."""
        if self.pane is not None:
            self.leave()
            dock.setVisible(on)

    def _in_use(self) -> QWidget:
        """The pane with the keyboard."""
        focus = QApplication.focusWidget()
        docks = self._docks.values()
        return next((dock for dock in docks if focus is not None and dock.isAncestorOf(focus)), self._centre)

    def _tell(self) -> None:
        on = self.pane is not None
        self._action.setChecked(on)
        keys = self._action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        tip = self.tr("All panes again (Escape or {})") if on else self.tr("Maximise this pane ({})")
        for button in self._buttons:
            button.setToolTip(tip.format(keys))
            button.setAccessibleName(tip.format(keys))
        self._show_theme(theme_switch().theme)

    def _show_theme(self, theme: Theme) -> None:
        for button in self._buttons:
            button.setIcon(icon("restore" if self.pane is not None else "maximise", theme, "muted"))
