"""The whole graph in one paint, for when more nodes are in view than Python can paint one by one.

At that zoom a node is some twenty pixels wide: its place, its state and the run of the links are what can be seen.
Rectangles go to Qt by state in one call each, and links in one call, as arrays that Qt reads where they lie.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from windlass_gui.editor.canvas.geometry import Geometry
from windlass_gui.editor.canvas.layout import NODE_HEIGHT, NODE_WIDTH
from windlass_gui.editor.canvas.link_index import LinkIndex
from windlass_gui.editor.canvas.live import NodeLive
from windlass_gui.editor.canvas.style import CanvasStyle
from windlass_gui.look.packed_paint import draw_lines, draw_rects

Floats = NDArray[np.float64]
_REACH = 20.0
"""Around what is to be painted, in scene units: a line's pixels lie beside it."""


class BatchItem(QGraphicsItem):
    """Hidden while few nodes are in view. Call `refresh` when places, links, states or selection changed."""

    def __init__(self, geometry: Geometry, links: LinkIndex, style: CanvasStyle) -> None:
        super().__init__()
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)
        # What was painted is kept as pixels, and only what a pan uncovers is painted anew: that part is asked for.
        self.setCacheMode(QGraphicsItem.CacheMode.DeviceCoordinateCache)
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemUsesExtendedStyleOption)
        self.geometry = geometry
        self.links = links
        self.style = style
        self.states: dict[str, str] = {}
        self.late: dict[str, str] = {}
        """Task -> endangered or missed, those only."""
        self.selected: set[str] = set()
        self._rect = QRectF()
        self._stale = True
        self._groups: list[tuple[str, Floats]] = []
        self._lines: Floats = np.zeros((0, 4))
        self._late: list[tuple[str, Floats]] = []

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
        boxes = np.empty((len(geometry), 4))
        boxes[:, :2] = geometry.points
        boxes[:, 2:] = NODE_WIDTH, NODE_HEIGHT
        names: dict[str, int] = {"": 0}
        groups = np.zeros(len(geometry), dtype=np.int16)
        shown = {task: state for task, state in self.states.items() if task in geometry}
        groups[[geometry.index(task) for task in shown]] = [
            names.setdefault(state, len(names)) for state in shown.values()
        ]
        chosen = names.setdefault("selected", len(names))
        groups[[geometry.index(task) for task in self.selected if task in geometry]] = chosen
        self._groups = [(state, boxes[groups == number]) for state, number in names.items()]
        self._late = []
        for deadline in ("endangered", "missed"):
            late = [geometry.index(task) for task, kind in self.late.items() if kind == deadline and task in geometry]
            # A bar above the node: half as long where there is still hope.
            width = NODE_WIDTH if deadline == "missed" else NODE_WIDTH / 2
            bars = np.empty((len(late), 4))
            bars[:, :2] = geometry.points[late] - (0.0, 18.0)
            bars[:, 2:] = width, 14.0
            self._late.append((deadline, bars))
        self._lines = self.links.lines()
        self._stale = False

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        if self._stale:
            self._prepare()
        style = self.style
        exposed = option.exposedRect.adjusted(-_REACH, -_REACH, _REACH, _REACH)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setPen(QPen(style.link.color(), 0))
        draw_lines(painter, _lines_in(self._lines, exposed))
        painter.setPen(style.no_pen)
        for state, boxes in self._groups:
            if state == "selected":
                painter.setBrush(style.accent)
            else:
                painter.setBrush(style.state_brush.get(state, style.distant))
            draw_rects(painter, _boxes_in(boxes, exposed))
        for deadline, bars in self._late:
            painter.setBrush(style.theme.state_color(deadline))
            draw_rects(painter, _boxes_in(bars, exposed))


def _boxes_in(boxes: Floats, rect: QRectF) -> Floats:
    """Those that touch a rectangle."""
    x, y = boxes[:, 0], boxes[:, 1]
    inside = (x <= rect.right()) & (x + boxes[:, 2] >= rect.left())
    return boxes[inside & (y <= rect.bottom()) & (y + boxes[:, 3] >= rect.top())]


def _lines_in(lines: Floats, rect: QRectF) -> Floats:
    """Those that may touch a rectangle."""
    x1, y1, x2, y2 = lines.T
    inside = (np.minimum(x1, x2) <= rect.right()) & (np.maximum(x1, x2) >= rect.left())
    return lines[inside & (np.minimum(y1, y2) <= rect.bottom()) & (np.maximum(y1, y2) >= rect.top())]
