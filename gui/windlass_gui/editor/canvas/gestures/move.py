"""Drag the chosen nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, Qt

from windlass_gui.editor.canvas.gestures.base import Gesture
from windlass_gui.editor.canvas.guides import Guides
from windlass_gui.editor.canvas.insertion import Insertion
from windlass_gui.editor.canvas.layout import NODE_HEIGHT, NODE_WIDTH, Point

if TYPE_CHECKING:
    from windlass_gui.editor.canvas.view import GraphView

SNAP = 10
"""Nodes land on multiples of this, in scene units, unless Alt is held."""


class MoveGesture(Gesture):
    """They jump into line with others, or onto the grid; with Alt freely.

    A node that is moved alone onto a link is inserted there. One that has links of its own needs Ctrl for that, since
    it crosses others whenever it is moved about.
    """

    cursor = Qt.CursorShape.ClosedHandCursor

    def __init__(self, view: GraphView, start: QPointF, grabbed: str) -> None:
        super().__init__(view, start)
        self.grabbed = grabbed
        self.origins: dict[str, Point] = {task: self.scene.geometry.point(task) for task in self.scene.selected_nodes}
        self.alone = len(self.origins) == 1 and grabbed in self.scene.document.facts
        self.linked = any(grabbed in link for link in self.scene.links) if self.alone else False
        self.guides = Guides(view, set(self.origins))
        self.insertion = Insertion(view)
        self.moved = False

    def _places(self, at: QPointF, modifiers: Qt.KeyboardModifier) -> dict[str, Point]:
        delta = at - self.start
        dx, dy = delta.x(), delta.y()
        if not modifiers & Qt.KeyboardModifier.AltModifier:
            # The grabbed node jumps, and the others keep their distance to it.
            x, y = self.origins[self.grabbed]
            line_x, line_y = self.guides.pulled((x + dx, y + dy))
            dx = (round((x + dx) / SNAP) * SNAP if line_x is None else line_x) - x
            dy = (round((y + dy) / SNAP) * SNAP if line_y is None else line_y) - y
        return {task: (x + dx, y + dy) for task, (x, y) in self.origins.items()}

    def move(self, at: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        self.moved = True
        places = self._places(at, modifiers)
        self.scene.show_moved(places)
        if self.alone:
            x, y = places[self.grabbed]
            wanted = not self.linked or bool(modifiers & Qt.KeyboardModifier.ControlModifier)
            self.insertion.hover(QPointF(x + NODE_WIDTH / 2, y + NODE_HEIGHT / 2), self.grabbed, wanted)

    def finish(self, at: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        if self.moved and at != self.start:
            self.move(at, modifiers)
            places, link = self._places(at, modifiers), self.insertion.link
            self._clear()
            if link is None:
                self.view.session.move(self.scene.places(places))
                return
            spot, room = self.insertion.room(link, places[self.grabbed])
            self.view.session.insert(self.grabbed, link, {**room, self.grabbed: spot})
        else:
            self._clear()

    def _clear(self) -> None:
        self.insertion.clear()
        self.guides.clear()

    def cancel(self) -> None:
        self._clear()
        self.scene.show_moved(self.origins)
