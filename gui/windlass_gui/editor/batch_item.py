"""The whole graph in one paint, for when more nodes are in view than Python can paint one by one.

At that zoom a node is some twenty pixels wide: its place, its state and the run of the links are what can be seen.
Rectangles go to Qt by state in one call each, and links as one list of lines.
"""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QLineF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from windlass_gui.editor.geometry import Geometry
from windlass_gui.editor.layout import NODE_HEIGHT, NODE_WIDTH
from windlass_gui.editor.live import NodeLive
from windlass_gui.editor.style import CanvasStyle


class BatchItem(QGraphicsItem):
    """Hidden while few nodes are in view. Call `refresh` when places, links, states or selection changed."""

    def __init__(self, geometry: Geometry, style: CanvasStyle) -> None:
        super().__init__()
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)
        self.geometry = geometry
        self.style = style
        self.links: list[tuple[str, str]] = []
        self.states: dict[str, str] = {}
        self.late: dict[str, str] = {}
        """Task -> endangered or missed, those only."""
        self.selected: set[str] = set()
        self._rect = QRectF()
        self._stale = True
        self._groups: list[tuple[str, list[QRectF]]] = []
        self._lines: list[QLineF] = []
        self._late: list[tuple[str, list[QRectF]]] = []

    def boundingRect(self) -> QRectF:
        return self._rect

    def show_live(self, task: str, live: NodeLive | None) -> None:
        """What a run says of a task; drawn at the next `refresh`."""
        self.states.pop(task, None)
        self.late.pop(task, None)
        if live is not None:
            self.states[task] = "hatched" if live.unreached else live.state
            if live.deadline:
                self.late[task] = live.deadline

    def refresh(self) -> None:
        """Forget the prepared shapes; they are made again at the next paint."""
        self._stale = True
        bounds = self.geometry.bounds()
        rect = QRectF()
        if bounds is not None:
            left, top, right, bottom = bounds
            rect = QRectF(left - 20, top - 20, right - left + 40, bottom - top + 40)
        if rect != self._rect:
            self.prepareGeometryChange()
            self._rect = rect
        self.update()

    def _prepare(self) -> None:
        geometry = self.geometry
        points = geometry.points.tolist()
        at = {task: i for i, task in enumerate(geometry.ids)}
        by_state: dict[str, list[QRectF]] = {}
        late: dict[str, list[QRectF]] = {}
        for task, (x, y) in zip(geometry.ids, points, strict=True):
            state = "selected" if task in self.selected else self.states.get(task, "")
            by_state.setdefault(state, []).append(QRectF(x, y, NODE_WIDTH, NODE_HEIGHT))
            if task in self.late:
                # A bar above the node: half as long where there is still hope.
                width = NODE_WIDTH if self.late[task] == "missed" else NODE_WIDTH / 2
                late.setdefault(self.late[task], []).append(QRectF(x, y - 18, width, 14))
        self._late = list(late.items())
        self._groups = sorted(by_state.items(), key=lambda group: group[0] == "selected")
        ends = np.array([(at[s], at[t]) for s, t in self.links if s in at and t in at], dtype=np.int64).reshape(-1, 2)
        starts = geometry.points[ends[:, 0]] + (NODE_WIDTH, NODE_HEIGHT / 2)
        stops = geometry.points[ends[:, 1]] + (0.0, NODE_HEIGHT / 2)
        self._lines = [QLineF(*four) for four in np.hstack((starts, stops)).tolist()]
        self._stale = False

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        if self._stale:
            self._prepare()
        style = self.style
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        if self._lines:
            painter.setPen(QPen(style.link.color(), 0))
            painter.drawLines(self._lines)
        painter.setPen(style.no_pen)
        for state, rects in self._groups:
            if state == "selected":
                painter.setBrush(style.accent)
            else:
                painter.setBrush(style.state_brush.get(state, style.distant))
            painter.drawRects(rects)
        for deadline, rects in self._late:
            painter.setBrush(style.theme.state_color(deadline))
            painter.drawRects(rects)
