"""Words that lie over the canvas: a hint at its foot, and what to do where it is empty."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QWidget

from windlass_gui.look.theme import Theme


class CanvasLabels:
    """Labels on the canvas's viewport that no mouse event sees."""

    def __init__(self, viewport: QWidget) -> None:
        self._viewport = viewport
        self.hint = QLabel(viewport)
        self.hint.hide()
        self.empty = QLabel(viewport)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.empty.setTextFormat(Qt.TextFormat.RichText)
        for label in (self.hint, self.empty):
            label.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)

    def show_theme(self, theme: Theme) -> None:
        self.hint.setStyleSheet(
            f"background: {theme.surface2}; color: {theme.text}; border: 1px solid {theme.border};"
            "border-radius: 8px; padding: 6px 12px;"
        )
        self.empty.setStyleSheet(f"color: {theme.muted}; background: transparent;")

    def show_empty(self, text: str) -> None:
        """What to do on an empty canvas; no text: it is not empty."""
        self.empty.setText(text)
        self.empty.setVisible(bool(text))
        self.place()

    def show_hint(self, text: str, bad: bool = False) -> None:
        """A line at the foot of the canvas; empty hides it."""
        if not text:
            self.hint.hide()
            return
        self.hint.setText(("⊘  " if bad else "") + text)
        self.place()
        self.hint.show()
        self.hint.raise_()

    def place(self) -> None:
        """To be called when the viewport has another size."""
        size, hint = self._viewport.size(), self.hint.sizeHint()
        self.empty.setGeometry(0, 0, size.width(), size.height())
        self.hint.setGeometry(
            max(0, (size.width() - hint.width()) // 2), size.height() - hint.height() - 16, hint.width(), hint.height()
        )
