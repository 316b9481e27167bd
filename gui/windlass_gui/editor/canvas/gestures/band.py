"""Select by a rectangle."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtWidgets import QGraphicsRectItem

from windlass_gui.editor.canvas.gestures.base import Gesture

if TYPE_CHECKING:
    from windlass_gui.editor.canvas.view import GraphView


class BandGesture(Gesture):
    """Select what a rectangle touches; with Shift or Ctrl in addition to what was selected."""

    def __init__(self, view: GraphView, start: QPointF, add: bool) -> None:
        super().__init__(view, start)
        self.before = set(self.scene.selected) if add else set()
        self.links_before = set(self.scene.selected_links)
        self.first = set(self.scene.selected)
        self.band = QGraphicsRectItem()
        self.band.setPen(self.scene.look.band_pen)
        self.band.setBrush(self.scene.look.band)
        self.band.setZValue(10)
        self.scene.addItem(self.band)

    def move(self, at: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        rect = QRectF(self.start, at).normalized()
        self.band.setRect(rect)
        touched = self.scene.geometry.within(rect.left(), rect.top(), rect.right(), rect.bottom())
        self.scene.select(self.before | set(touched))

    def finish(self, at: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        self.scene.removeItem(self.band)
        if at == self.start:
            self.scene.select(self.before)

    def cancel(self) -> None:
        self.scene.removeItem(self.band)
        self.scene.select(self.first, self.links_before)
