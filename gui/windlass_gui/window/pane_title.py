"""The title of a pane: what it is called, and buttons that give it the whole window, take it out, or close it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QDockWidget, QHBoxLayout, QToolButton, QWidget

from windlass_gui.look.buttons import flat_button
from windlass_gui.look.icons import icon
from windlass_gui.look.theme import XS, S, Theme, current_theme, theme_switch
from windlass_gui.panes.words import Elided

NARROW = 120
"""Pixels of a title that has no room for more than one button."""


class PaneTitle(QWidget):
    """`maximise` is the button that the pane's `Maximising` looks after. A drag of the rest moves the pane."""

    def __init__(self, dock: QDockWidget, maximise: QToolButton) -> None:
        super().__init__(dock)
        self.setProperty("role", "pane-title")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._words = Elided("pane")
        self._words.setText(dock.windowTitle())
        self.maximise = maximise
        self.out = small_button(self.tr("Take this pane out of the window, or put it back"), self._float)
        self.away = small_button(self.tr("Close this pane (View, Panes shows it again)"), dock.close)
        self._dock = dock
        row = QHBoxLayout(self)
        row.setContentsMargins(S, XS, XS, XS)
        row.setSpacing(0)
        row.addWidget(self._words, 1)
        for button in (maximise, self.out, self.away):
            row.addWidget(button)
        dock.topLevelChanged.connect(lambda out: self.maximise.setEnabled(not out))
        theme_switch().changed.connect(self.show_theme)
        self.show_theme(current_theme())

    def minimumSizeHint(self) -> QSize:
        """A pane may be narrower than its title."""
        return QSize(0, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        for button in (self.maximise, self.out):
            button.setVisible(self.width() >= NARROW)
        self._words.setVisible(self.width() >= NARROW * 2 // 3)

    def _float(self) -> None:
        self._dock.setFloating(not self._dock.isFloating())

    def show_theme(self, theme: Theme) -> None:
        self.out.setIcon(icon("float", theme, "muted"))
        self.away.setIcon(icon("close", theme, "muted"))


def small_button(tip: str, act: Callable[[], object]) -> QToolButton:
    """For a title: the keyboard has the menu and the keys for what it does, and goes on to the pane's own parts."""
    button = flat_button("", tip, act)
    button.setProperty("role", "close")
    button.setIconSize(QSize(14, 14))
    button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    return button
