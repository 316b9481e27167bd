"""What is dropped onto the canvas from elsewhere: a kind of task from the palette."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF
from PySide6.QtGui import QDragMoveEvent, QDropEvent

from windlass_gui.editor.insertion import Insertion
from windlass_gui.editor.kinds import BY_KEY, MIME_KIND

if TYPE_CHECKING:
    from windlass_gui.editor.view import GraphView


class Drops:
    """The canvas hands it its drag-and-drop events."""

    def __init__(self, view: GraphView) -> None:
        self.view = view
        self.insertion = Insertion(view)

    def hover(self, event: QDragMoveEvent) -> None:
        """Something enters or moves over the canvas."""
        if event.mimeData().hasFormat(MIME_KIND):
            self.insertion.hover(QPointF(self.view.mapToScene(event.position().toPoint())))
            event.acceptProposedAction()

    def leave(self) -> None:
        """It has left the canvas, or the drag was abandoned."""
        self.insertion.clear()

    def drop(self, event: QDropEvent) -> None:
        kind = bytes(event.mimeData().data(MIME_KIND).data()).decode()
        if kind in BY_KEY:
            at = QPointF(self.view.mapToScene(event.position().toPoint()))
            self.insertion.hover(at)
            link = self.insertion.link
            self.insertion.clear()
            self.view.add_task(kind, at, link)
            event.acceptProposedAction()
            self.view.setFocus()
