"""A tool bar whose buttons give up their words before one of them has to go."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction, QResizeEvent
from PySide6.QtWidgets import QToolBar, QToolButton, QWidget


class FittingBar(QToolBar):
    """`worded` are the actions that show their words beside the icon while there is room."""

    def __init__(self, title: str, parent: QWidget) -> None:
        super().__init__(title, parent)
        self._worded: list[QToolButton] = []
        self._whole = 0
        """Pixels with all words."""

    def give_words(self, action: QAction) -> None:
        button = self.widgetForAction(action)
        if isinstance(button, QToolButton):
            self._worded.append(button)
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            self._whole = 0

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        styles = Qt.ToolButtonStyle
        worded = bool(self._worded) and self._worded[0].toolButtonStyle() == styles.ToolButtonTextBesideIcon
        if worded:
            self._whole = self.sizeHint().width()
        fits = self.width() >= self._whole
        if fits != worded:
            for button in self._worded:
                button.setToolButtonStyle(styles.ToolButtonTextBesideIcon if fits else styles.ToolButtonIconOnly)

    def minimumSizeHint(self) -> QSize:
        """Narrower than its buttons: what does not fit then stands in the menu at its end."""
        return QSize(0, super().minimumSizeHint().height())
