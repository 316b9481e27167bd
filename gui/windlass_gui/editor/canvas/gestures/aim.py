"""One end of a link follows the mouse, jumps to the ports that it comes near, and says why one of them is wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPen
from PySide6.QtWidgets import QGraphicsEllipseItem, QGraphicsPathItem

from windlass_gui.editor.canvas.geometry import PORT_RADIUS, PORT_REACH
from windlass_gui.editor.canvas.gestures.base import Gesture
from windlass_gui.editor.canvas.layout import Point
from windlass_gui.editor.canvas.link_item import link_path
from windlass_gui.editor.document.linking import Link

if TYPE_CHECKING:
    from windlass_gui.editor.canvas.view import GraphView

MAGNET = 16.0
"""Pixels from a port within which the end jumps to it."""
FARTHEST = 60.0
"""Scene units, so that far zoomed out a port does not pull from several nodes away."""


class AimGesture(Gesture):
    """The other end stays at `task`: at its out port when the link goes `outward`, else at its in port."""

    cursor = Qt.CursorShape.CrossCursor

    def __init__(self, view: GraphView, start: QPointF, task: str, outward: bool) -> None:
        super().__init__(view, start)
        self.task = task
        self.outward = outward
        self.target: str | None = None
        self.reason = ""
        self._known: dict[str, str] = {}
        """Target -> why it is refused: looking for a circle takes a while in a large graph."""
        self.preview = QGraphicsPathItem()
        self.preview.setZValue(10)
        self.ring = QGraphicsEllipseItem(self.preview)
        self.ring.setBrush(Qt.BrushStyle.NoBrush)
        self.scene.addItem(self.preview)

    def move(self, at: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        self.aim(self.target_at(at), (at.x(), at.y()))

    def target_at(self, at: QPointF) -> str | None:
        """The task that a link dropped here would end at."""
        geometry, (x, y) = self.scene.geometry, (at.x(), at.y())
        reach = max(PORT_REACH, min(FARTHEST, MAGNET / self.view.zoom))
        port = geometry.nearest_port(x, y, not self.outward, reach)
        if port is not None:
            return port
        other = geometry.port_at(x, y)
        over = other[0] if other else geometry.node_at(x, y)
        return over if over != self.task else None

    def aim(self, target: str | None, free: Point) -> None:
        """Show the link as it would be: to a task, or to a point where there is none."""
        geometry, style = self.scene.geometry, self.scene.look
        self.target = target
        self.reason = ""
        end, pen = free, style.link_hot
        if target is not None:
            if target not in self._known:
                self._known[target] = self.refusal(*self.ends)
            self.reason = self._known[target]
            end = geometry.in_port(target) if self.outward else geometry.out_port(target)
            pen = style.link_bad if self.reason else style.link_good
        mine = geometry.out_port(self.task) if self.outward else geometry.in_port(self.task)
        self.preview.setPath(link_path(mine, end) if self.outward else link_path(end, mine))
        self.preview.setPen(pen)
        self._show_ring(end if target is not None else None, pen)
        self.scene.hover(target if not self.reason else None)
        self.view.show_hint(self.reason, bad=True)

    def _show_ring(self, end: Point | None, pen: QPen) -> None:
        """The port that the link has jumped to; some 10 pixels wide at any zoom."""
        self.ring.setVisible(end is not None)
        if end is not None:
            radius = max(PORT_RADIUS + 4.0, 5.0 / self.view.zoom)
            self.ring.setRect(QRectF(end[0] - radius, end[1] - radius, 2 * radius, 2 * radius))
            self.ring.setPen(pen)

    def refusal(self, source: str, target: str) -> str:
        """Why this link may not be; empty when it may."""
        return self.view.frame_ends.refusal(source, target)

    def make(self, link: Link, then: Callable[[str, str], object]) -> None:
        """Call `then` with the tasks at the ends of a link between nodes; of a folded frame one is asked for."""
        geometry, view = self.scene.geometry, self.view
        port = geometry.in_port(link[1]) if self.outward else geometry.out_port(link[0])
        view.frame_ends.resolve(link, view.viewport().mapToGlobal(view.mapFromScene(QPointF(*port))), then)

    @property
    def ends(self) -> tuple[str, str]:
        """The link as it would be."""
        target = self.target or self.task
        return (self.task, target) if self.outward else (target, self.task)

    def cancel(self) -> None:
        self.scene.removeItem(self.preview)
        self.scene.hover(None)
        self.view.show_hint("")
