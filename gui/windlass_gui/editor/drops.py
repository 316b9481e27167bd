"""What is dropped onto the canvas from elsewhere: a kind of task from the palette."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtGui import QDragMoveEvent, QDropEvent

from windlass_gui.editor.kinds import BY_KEY, MIME_KIND

if TYPE_CHECKING:
    from windlass_gui.editor.view import GraphView


class Drops:
    """The canvas hands it its drag-and-drop events."""

    def __init__(self, view: GraphView) -> None:
        self.view = view

    def hover(self, event: QDragMoveEvent) -> None:
        """Something enters or moves over the canvas."""
        if event.mimeData().hasFormat(MIME_KIND):
            event.acceptProposedAction()

    def drop(self, event: QDropEvent) -> None:
        kind = bytes(event.mimeData().data(MIME_KIND).data()).decode()
        if kind in BY_KEY:
            self.view.add_task(kind, self.view.mapToScene(event.position().toPoint()))
            event.acceptProposedAction()
            self.view.setFocus()
