"""Words that lie over the canvas: a hint at its foot, and what to do where it is empty."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QWidget

from windlass_gui.look.theme import L, M, Theme, current_theme

CORNER = 96
"""Pixels from the left edge that the zoom button may take, and as many at the right."""
CORNER_HEIGHT = 56


class CanvasLabels:
    """Labels on the canvas's viewport that no mouse event sees."""

    def __init__(self, viewport: QWidget) -> None:
        self._viewport = viewport
        self._theme = current_theme()
        self._bad = False
        self.hint = QLabel(viewport)
        self.hint.hide()
        self.empty = QLabel(viewport)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.empty.setWordWrap(True)
        self.empty.setTextFormat(Qt.TextFormat.RichText)
        for label in (self.hint, self.empty):
            label.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)

    def show_theme(self, theme: Theme) -> None:
        self._theme = theme
        self._color_hint()
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
        if bad != self._bad:
            self._bad = bad
            self._color_hint()
        self.place()
        self.hint.show()
        self.hint.raise_()

    def place(self) -> None:
        """To be called when the viewport has another size."""
        size = self._viewport.size()
        self.empty.setGeometry(M, 0, max(0, size.width() - 2 * M), size.height())
        self.hint.setWordWrap(False)
        width = self.hint.sizeHint().width()
        if width > size.width() - 2 * M:
            width = max(0, size.width() - 2 * M)
            self.hint.setWordWrap(True)
        height = self.hint.heightForWidth(width) if self.hint.wordWrap() else self.hint.sizeHint().height()
        # In a narrow view it stands above what lies in the corners.
        foot = L if width < size.width() - 2 * CORNER else CORNER_HEIGHT
        self.hint.setGeometry((size.width() - width) // 2, size.height() - height - foot, width, height)

    def _color_hint(self) -> None:
        theme = self._theme
        line = theme.danger if self._bad else theme.border
        self.hint.setStyleSheet(
            f"background: {theme.surface2}; color: {theme.text}; border: 1px solid {line};"
            "border-radius: 8px; padding: 6px 12px;"
        )
