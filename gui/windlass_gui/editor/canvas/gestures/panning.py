"""Drag the view."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QPointF, Qt

from windlass_gui.editor.canvas.gestures.base import Gesture

if TYPE_CHECKING:
    from windlass_gui.editor.canvas.view import GraphView


class PanGesture(Gesture):
    """Drag the view. Works in pixels of the window, because the scene moves under the mouse."""

    cursor = Qt.CursorShape.ClosedHandCursor
    follows_edges = False

    def __init__(self, view: GraphView, pixel: QPoint) -> None:
        super().__init__(view, QPointF())
        self.pixel = pixel

    def drag(self, pixel: QPoint) -> None:
        delta = pixel - self.pixel
        self.pixel = pixel
        self.view.pan(delta.x(), delta.y())
