"""Outlines around the tasks that were found, in one paint, above nodes drawn singly or in a batch."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from windlass_gui.editor.canvas.geometry import Geometry
from windlass_gui.editor.canvas.layout import NODE_HEIGHT, NODE_WIDTH
from windlass_gui.editor.canvas.style import CanvasStyle

_AWAY = 5.0
"""Scene units from the node to its outline."""
_ROUND = 2000
"""From this many in view the corners are square: nobody could see them rounded."""


class MatchItem(QGraphicsItem):
    """Asks the geometry where the nodes are when it paints, so that they may move meanwhile."""

    def __init__(self, geometry: Geometry, style: CanvasStyle) -> None:
        super().__init__()
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)
        self.setZValue(5)
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemUsesExtendedStyleOption)
        self.geometry = geometry
        self.style = style
        self.nodes: Collection[str] = ()
        self.current = ""

    def boundingRect(self) -> QRectF:
        scene = self.scene()
        return scene.sceneRect() if scene is not None else QRectF()

    def show_matches(self, nodes: Collection[str], current: str) -> None:
        self.nodes, self.current = nodes, current
        self.update()

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        geometry, seen = self.geometry, option.exposedRect
        here = [node for node in self.nodes if node in geometry and node != self.current]
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if here:
            points = geometry.points[[geometry.index(node) for node in here]]
            inside = (
                (points[:, 0] < seen.right()) & (points[:, 0] + NODE_WIDTH > seen.left())
                & (points[:, 1] < seen.bottom()) & (points[:, 1] + NODE_HEIGHT > seen.top())
            )  # fmt: skip
            rects = [_around(x, y) for x, y in points[np.flatnonzero(inside)].tolist()]
            painter.setPen(_pen(self.style, 2.0))
            if len(rects) > _ROUND:
                painter.drawRects(rects)
            else:
                for rect in rects:
                    painter.drawRoundedRect(rect, 12, 12)
        if self.current in geometry:
            painter.setPen(_pen(self.style, 4.0))
            painter.drawRoundedRect(_around(*geometry.point(self.current)), 12, 12)


def _around(x: float, y: float) -> QRectF:
    return QRectF(x - _AWAY, y - _AWAY, NODE_WIDTH + 2 * _AWAY, NODE_HEIGHT + 2 * _AWAY)


def _pen(style: CanvasStyle, width: float) -> QPen:
    """As wide in pixels at any zoom."""
    pen = QPen(style.found, width)
    pen.setCosmetic(True)
    return pen
