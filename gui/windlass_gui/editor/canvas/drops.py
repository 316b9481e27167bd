"""What is dropped onto the canvas from elsewhere: parts of the palette, and files of a file manager."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QMimeData, QPointF
from PySide6.QtGui import QDragMoveEvent, QDropEvent

from windlass_gui.editor.canvas.insertion import Insertion
from windlass_gui.editor.parts.kinds import BY_KEY, MIME_KIND, MIME_TASKS

if TYPE_CHECKING:
    from windlass_gui.editor.canvas.view import GraphView


class Drops:
    """The canvas hands it its drag-and-drop events."""

    def __init__(self, view: GraphView) -> None:
        self.view = view
        self.insertion = Insertion(view)

    def hover(self, event: QDragMoveEvent) -> None:
        """Something enters or moves over the canvas."""
        data, at = event.mimeData(), self._at(event)
        if data.hasFormat(MIME_KIND):
            self.insertion.hover(at)
        elif files := _files(data):
            self._tell(len(files), at)
        elif not data.hasFormat(MIME_TASKS) and not data.hasText():
            return
        event.acceptProposedAction()

    def _tell(self, count: int, at: QPointF) -> None:
        """What letting go of files here would do."""
        task = self._task(at)
        words = (
            self.view.tr("Let go: {} files become inputs of “{}”")
            if task
            else self.view.tr("Let go: {} files become tasks")
        )
        self.view.show_hint(words.format(count, task))

    def _at(self, event: QDropEvent) -> QPointF:
        return QPointF(self.view.mapToScene(event.position().toPoint()))

    def _task(self, at: QPointF) -> str:
        node = self.view.graph.geometry.node_at(at.x(), at.y())
        return node if node is not None and node in self.view.session.document.facts else ""

    def leave(self) -> None:
        """It has left the canvas, or the drag was abandoned."""
        self.insertion.clear()
        self.view.show_hint("")

    def drop(self, event: QDropEvent) -> None:
        data, at = event.mimeData(), self._at(event)
        kind = bytes(data.data(MIME_KIND).data()).decode()
        if kind in BY_KEY:
            self.insertion.hover(at)
            link = self.insertion.link
            self.insertion.clear()
            self.view.add_task(kind, at, link)
        elif data.hasFormat(MIME_TASKS):
            self.view.insert(bytes(data.data(MIME_TASKS).data()).decode("utf-8", "replace"), at)
        elif files := _files(data):
            self.view.show_hint("")
            self.view.files_dropped.emit(files, at, self._task(at))
        elif data.hasText() and not data.hasUrls():
            self.view.insert(data.text(), at)
        else:
            return
        event.acceptProposedAction()
        self.view.setFocus()


def _files(data: QMimeData) -> list[Path]:
    return [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]
