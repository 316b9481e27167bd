"""A link: a curve from an out port to an in port, drawn natively by Qt."""

from __future__ import annotations

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QPainterPath, QPainterPathStroker, QPen
from PySide6.QtWidgets import QGraphicsItem, QGraphicsPathItem

from windlass_gui.editor.layout import Point
from windlass_gui.editor.style import CanvasStyle


def link_path(start: Point, end: Point) -> QPainterPath:
    """A curve that leaves and arrives level, and swings out when it has to go back."""
    (x1, y1), (x2, y2) = start, end
    bend = max(36.0, abs(x2 - x1) * 0.5 if x2 >= x1 else 60.0 + (x1 - x2) * 0.35)
    path = QPainterPath(QPointF(x1, y1))
    path.cubicTo(QPointF(x1 + bend, y1), QPointF(x2 - bend, y2), QPointF(x2, y2))
    return path


class LinkItem(QGraphicsPathItem):
    """`source -> target`; dashed when it goes item by item (`each`)."""

    def __init__(self, source: str, target: str, each: bool, style: CanvasStyle, parent: QGraphicsItem) -> None:
        super().__init__(parent)
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)
        self.source, self.target, self.each = source, target, each
        self.selected = False
        self.hovered = False
        self.show_style(style)

    def show_style(self, style: CanvasStyle) -> None:
        self._pens = (style.link, style.link_each, style.link_hot, style.link_hot_each)
        self._pick()

    def mark(self, *, selected: bool | None = None, hovered: bool | None = None, each: bool | None = None) -> None:
        if selected is not None:
            self.selected = selected
        if hovered is not None:
            self.hovered = hovered
        if each is not None:
            self.each = each
        self._pick()

    def _pick(self) -> None:
        hot = self.selected or self.hovered
        pen: QPen = self._pens[(2 if hot else 0) + (1 if self.each else 0)]
        self.setPen(pen)
        self.setZValue(1 if hot else 0)

    def connect_points(self, start: Point, end: Point) -> None:
        self.setPath(link_path(start, end))

    def near(self, x: float, y: float, reach: float) -> bool:
        """Is the curve within `reach` of the point?"""
        path = self.path()
        if not path.controlPointRect().adjusted(-reach, -reach, reach, reach).contains(x, y):
            return False
        stroker = QPainterPathStroker()
        stroker.setWidth(2 * reach)
        return stroker.createStroke(path).contains(QPointF(x, y))
