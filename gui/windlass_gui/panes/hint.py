"""What an empty pane says: what would be here, and how to get it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QStackedLayout, QVBoxLayout, QWidget

from windlass_gui.look.theme import L, S


class Hint(QWidget):
    """A title and a sentence in the middle of nothing."""

    def __init__(self, title: str, text: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title = _label(title, "title")
        self.text = _label(text, "muted")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(L, L, L, L)
        layout.setSpacing(S)
        layout.addStretch()
        layout.addWidget(self.title)
        layout.addWidget(self.text)
        layout.addStretch()

    def say(self, title: str, text: str) -> None:
        self.title.setText(title)
        self.text.setText(text)


def _label(text: str, role: str) -> QLabel:
    label = QLabel(text)
    label.setProperty("role", role)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setAlignment(Qt.AlignmentFlag.AlignCenter)
    label.setWordWrap(True)
    return label


class Hinted(QWidget):
    """A widget, or a hint in its place while there is nothing to show."""

    def __init__(self, widget: QWidget, title: str, text: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.widget = widget
        self.hint = Hint(title, text)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self.hint)
        self._stack.addWidget(widget)

    def show_hint(self, empty: bool) -> None:
        self._stack.setCurrentWidget(self.hint if empty else self.widget)

    @property
    def hinting(self) -> bool:
        return self._stack.currentWidget() is self.hint
