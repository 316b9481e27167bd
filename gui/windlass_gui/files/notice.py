"""A bar at the head of a page that says something about its document, and what can be done about it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QWidget

from windlass_gui.look.icons import icon_pixmap
from windlass_gui.look.theme import Theme, theme_switch


class Notice(QFrame):
    """Hidden until `say`; each of its buttons hides it again."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "banner")
        self._icon = QLabel()
        self._text = QLabel()
        self._text.setTextFormat(Qt.TextFormat.PlainText)
        self._text.setWordWrap(True)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(12, 4, 8, 4)
        self._row.setSpacing(8)
        self._row.addWidget(self._icon)
        self._row.addWidget(self._text, 1)
        self._buttons: list[QPushButton] = []
        theme_switch().changed.connect(self._show_theme)
        self._show_theme(theme_switch().theme)
        self.hide()

    def say(self, text: str, *buttons: tuple[str, str, Callable[[], object]]) -> None:
        """Words, and for each button its label, its tip, and what it does."""
        self._text.setText(text)
        self.setAccessibleName(text)
        for button in self._buttons:
            self._row.removeWidget(button)
            button.deleteLater()
        self._buttons = []
        for label, tip, act in buttons:
            button = QPushButton(label)
            button.setToolTip(tip)
            button.clicked.connect(self.hide)
            button.clicked.connect(lambda _=False, act=act: act())
            self._row.addWidget(button)
            self._buttons.append(button)
        self.show()

    @property
    def text(self) -> str:
        return self._text.text()

    def button(self, label: str) -> QPushButton:
        return next(button for button in self._buttons if button.text() == label)

    def _show_theme(self, theme: Theme) -> None:
        self._icon.setPixmap(icon_pixmap("warning", theme.warn, 18, 2.0))
