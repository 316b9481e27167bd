"""Drag the chosen nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, Qt

from windlass_gui.editor.gestures.base import Gesture
from windlass_gui.editor.layout import Point

if TYPE_CHECKING:
    from windlass_gui.editor.view import GraphView

SNAP = 10
"""Nodes land on multiples of this, in scene units, unless Alt is held."""


class MoveGesture(Gesture):
    """Drag the selected nodes."""

    cursor = Qt.CursorShape.ClosedHandCursor

    def __init__(self, view: GraphView, start: QPointF, grabbed: str) -> None:
        super().__init__(view, start)
        self.grabbed = grabbed
        self.origins: dict[str, Point] = {task: self.scene.geometry.point(task) for task in self.scene.selected_nodes}
        self.moved = False

    def _places(self, at: QPointF, modifiers: Qt.KeyboardModifier) -> dict[str, Point]:
        delta = at - self.start
        dx, dy = delta.x(), delta.y()
        if not modifiers & Qt.KeyboardModifier.AltModifier:
            # The grabbed node lands on the grid and the others keep their distance to it.
            x, y = self.origins[self.grabbed]
            dx, dy = round((x + dx) / SNAP) * SNAP - x, round((y + dy) / SNAP) * SNAP - y
        return {task: (x + dx, y + dy) for task, (x, y) in self.origins.items()}

    def move(self, at: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        self.moved = True
        self.scene.show_moved(self._places(at, modifiers))

    def finish(self, at: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        if self.moved and at != self.start:
            places = self._places(at, modifiers)
            self.scene.show_moved(places)
            self.view.session.move(self.scene.places(places))

    def cancel(self) -> None:
        self.scene.show_moved(self.origins)
