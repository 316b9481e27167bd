"""Smart guides: a node that is dragged jumps into line with the nodes in view, and lines show with which."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QLineF
from PySide6.QtGui import QPainterPath
from PySide6.QtWidgets import QGraphicsPathItem

from windlass_gui.editor.canvas.layout import NODE_HEIGHT, NODE_WIDTH, Point

if TYPE_CHECKING:
    from windlass_gui.editor.canvas.view import GraphView

PULL = 6.0
"""Pixels within which a node jumps into line."""


class Guides:
    """For one drag. All nodes have one size, so that equal corners are equal middles and ends as well."""

    def __init__(self, view: GraphView, moving: set[str]) -> None:
        self.view = view
        geometry, seen = view.graph.geometry, view.visible_rect
        inside = geometry.within(seen.left(), seen.top(), seen.right(), seen.bottom())
        others = [geometry.point(task) for task in inside if task not in moving]
        self.others = np.array(others, dtype=np.float64).reshape(-1, 2)
        self.lines = QGraphicsPathItem()
        self.lines.setPen(view.graph.look.guide_pen)
        self.lines.setZValue(0.5)  # below the nodes
        view.graph.addItem(self.lines)

    def pulled(self, point: Point) -> tuple[float | None, float | None]:
        """The x and the y of a line near to the point, where there is one; shows them."""
        path = QPainterPath()
        found: list[float | None] = [None, None]
        if len(self.others):
            for axis in (0, 1):
                away = np.abs(self.others[:, axis] - point[axis])
                if away.min() <= PULL / self.view.zoom:
                    found[axis] = float(self.others[int(away.argmin()), axis])
            at = (point[0] if found[0] is None else found[0], point[1] if found[1] is None else found[1])
            for axis in (0, 1):
                if found[axis] is not None:
                    line = self._line(axis, at)
                    path.moveTo(line.p1())
                    path.lineTo(line.p2())
        self.lines.setPath(path)
        return found[0], found[1]

    def _line(self, axis: int, at: Point) -> QLineF:
        """Through the middles, from the nearest node in line to the dragged one."""
        middle = (NODE_WIDTH / 2, NODE_HEIGHT / 2)
        same = self.others[np.abs(self.others[:, axis] - at[axis]) < 0.5]
        away = np.abs(same[:, 1 - axis] - at[1 - axis])
        other = same[int(away.argmin())] + middle
        here = (at[0] + middle[0], at[1] + middle[1])
        return QLineF(here[0], here[1], float(other[0]), float(other[1]))

    def clear(self) -> None:
        self.view.graph.removeItem(self.lines)
