"""A note's text being typed, over the note itself."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QFocusEvent, QFont, QKeyEvent, QTextCursor
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from windlass_gui.editor.canvas.style import CanvasStyle

_SMALLEST = 11


class NoteEditor(QPlainTextEdit):
    """Calls `done` once: with the text when it loses the focus or on Ctrl+Enter, with None on Escape."""

    def __init__(
        self,
        parent: QWidget,
        place: QRect,
        text: str,
        zoom: float,
        style: CanvasStyle,
        done: Callable[[str | None], None],
    ) -> None:
        super().__init__(text, parent)
        self._done: Callable[[str | None], None] | None = done
        self.setAccessibleName(self.tr("Text of the note"))
        self.setPlaceholderText(self.tr("Ctrl+Enter keeps it, Esc does not"))
        font = QFont(style.small_font)
        font.setPixelSize(max(_SMALLEST, round(font.pixelSize() * zoom)))
        self.setFont(font)
        self.setGeometry(place.united(QRect(place.topLeft(), place.size().expandedTo(self.minimumSizeHint()))))
        self.moveCursor(QTextCursor.MoveOperation.End)
        self.show()
        self.setFocus(Qt.FocusReason.OtherFocusReason)

    def finish(self, keep: bool = True) -> None:
        """End the typing; later calls do nothing."""
        done, self._done = self._done, None
        if done is not None:
            done(self.toPlainText() if keep else None)
            self.deleteLater()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.finish(keep=False)
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and (
            event.modifiers() & Qt.KeyboardModifier.ControlModifier
        ):
            self.finish()
        else:
            super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        if event.reason() != Qt.FocusReason.PopupFocusReason:
            self.finish()
