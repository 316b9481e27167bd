"""Slice through links: all that the line crosses go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QPainterPath
from PySide6.QtWidgets import QGraphicsPathItem

from windlass_gui.editor.canvas.gestures.base import Gesture
from windlass_gui.editor.document.linking import Link

if TYPE_CHECKING:
    from windlass_gui.editor.canvas.view import GraphView


class CutGesture(Gesture):
    """Draws a free line; what it has crossed is tinted until the button is released."""

    cursor = Qt.CursorShape.CrossCursor

    def __init__(self, view: GraphView, start: QPointF) -> None:
        super().__init__(view, start)
        self.last = start
        self.crossed: dict[Link, None] = {}
        self.path = QPainterPath(start)
        self.line = QGraphicsPathItem()
        self.line.setPen(self.scene.look.cut_pen)
        self.line.setZValue(10)
        self.scene.addItem(self.line)

    def move(self, at: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        if at == self.last:
            return
        fresh = self.scene.link_index.crossed((self.last.x(), self.last.y()), (at.x(), at.y()))
        self.crossed.update(dict.fromkeys(fresh))
        self.scene.judge_links(fresh, "bad")
        self.last = at
        self.path.lineTo(at)
        self.line.setPath(self.path)
        count = len(self.crossed)
        tr = self.view.tr
        self.view.show_hint(
            tr("Cut through the links that shall go")
            if not count
            else tr("Let go to cut 1 link; Esc keeps it")
            if count == 1
            else tr("Let go to cut {} links; Esc keeps them").format(count)
        )

    def finish(self, at: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        self.move(at, modifiers)
        self.cancel()
        count, tr = len(self.crossed), self.view.tr
        label = tr("cut 1 link") if count == 1 else tr("cut {} links").format(count)
        self.view.session.remove((), self.scene.task_links(self.crossed), label)

    def cancel(self) -> None:
        self.scene.removeItem(self.line)
        self.scene.judge_links(self.crossed, "")
        self.view.show_hint("")
