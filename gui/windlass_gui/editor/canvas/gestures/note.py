"""Drag a note, or its corner."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt

from windlass_gui.editor.canvas.gestures.base import Gesture
from windlass_gui.editor.canvas.gestures.move import SNAP
from windlass_gui.editor.canvas.note_item import LEAST

if TYPE_CHECKING:
    from windlass_gui.editor.canvas.view import GraphView


def _snap(value: float, modifiers: Qt.KeyboardModifier) -> float:
    return value if modifiers & Qt.KeyboardModifier.AltModifier else round(value / SNAP) * SNAP


class NoteGesture(Gesture):
    """Move a note, or with `resize` pull its lower right corner."""

    def __init__(self, view: GraphView, start: QPointF, index: int, resize: bool) -> None:
        self.cursor = Qt.CursorShape.SizeFDiagCursor if resize else Qt.CursorShape.ClosedHandCursor
        super().__init__(view, start)
        self.index = index
        self.resize = resize
        self.origin = QRectF(self.scene.notes.rects[index])

    def _rect(self, at: QPointF, modifiers: Qt.KeyboardModifier) -> QRectF:
        delta, rect = at - self.start, self.origin
        if self.resize:
            width = max(LEAST[0], _snap(rect.width() + delta.x(), modifiers))
            return QRectF(rect.topLeft(), QSizeF(width, max(LEAST[1], _snap(rect.height() + delta.y(), modifiers))))
        corner = QPointF(_snap(rect.x() + delta.x(), modifiers), _snap(rect.y() + delta.y(), modifiers))
        return QRectF(corner, rect.size())

    def move(self, at: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        if at != self.start:
            self.scene.notes.show_rect(self.index, self._rect(at, modifiers))

    def finish(self, at: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        if at == self.start:
            return
        rect, edits = self._rect(at, modifiers), self.view.session.canvas
        if self.resize:
            edits.change_note(self.index, self.view.tr("resize a note"), size=(rect.width(), rect.height()))
        else:
            edits.change_note(self.index, self.view.tr("move a note"), position=(rect.x(), rect.y()))

    def cancel(self) -> None:
        self.scene.notes.show_rect(self.index, self.origin)
