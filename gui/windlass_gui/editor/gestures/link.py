"""Draw a link from a port."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, Qt
from PySide6.QtWidgets import QGraphicsPathItem

from windlass_gui.editor.gestures.base import Gesture
from windlass_gui.editor.layout import Point
from windlass_gui.editor.link_item import link_path

if TYPE_CHECKING:
    from windlass_gui.editor.view import GraphView


class LinkGesture(Gesture):
    """Draw a link from a port. A target that would be wrong is refused while the mouse is over it, with the reason."""

    cursor = Qt.CursorShape.CrossCursor

    def __init__(self, view: GraphView, start: QPointF, task: str, outward: bool) -> None:
        super().__init__(view, start)
        self.task = task
        self.outward = outward
        self.target: str | None = None
        self.reason = ""
        self.preview = QGraphicsPathItem()
        self.preview.setPen(self.scene.look.link_hot)
        self.preview.setZValue(10)
        self.scene.addItem(self.preview)
        self.move(start, Qt.KeyboardModifier.NoModifier)

    def move(self, at: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        geometry, style = self.scene.geometry, self.scene.look
        port = geometry.port_at(at.x(), at.y())
        over = port[0] if port else geometry.node_at(at.x(), at.y())
        self.target = over if over != self.task or (port and port[1] != self.outward) else None
        self.reason = ""
        end: Point = (at.x(), at.y())
        pen = style.link_hot
        if self.target is not None:
            self.reason = self.scene.document.refusal(*self._ends())
            end = geometry.in_port(self.target) if self.outward else geometry.out_port(self.target)
            pen = style.link_bad if self.reason else style.link_good
        mine = geometry.out_port(self.task) if self.outward else geometry.in_port(self.task)
        self.preview.setPen(pen)
        self.preview.setPath(link_path(mine, end) if self.outward else link_path(end, mine))
        self.scene.hover(self.target if not self.reason else None)
        self.view.show_hint(self.reason, bad=True)

    def _ends(self) -> tuple[str, str]:
        target = self.target or self.task
        return (self.task, target) if self.outward else (target, self.task)

    def finish(self, at: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        self.move(at, modifiers)
        ends, wanted = self._ends(), self.target is not None
        reason = self.reason
        self.cancel()
        if wanted and reason:
            self.view.session.refused.emit(reason)
        elif wanted:
            self.view.session.link(*ends, each=bool(modifiers & Qt.KeyboardModifier.ShiftModifier))

    def cancel(self) -> None:
        self.scene.removeItem(self.preview)
        self.scene.hover(None)
        self.view.show_hint("")
