"""Open frames as drawn: a tinted box behind its nodes with a title above them and a mark that folds it."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QPainter, QPen, QPolygonF
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from windlass_gui.editor.canvas.framed_layout import PAD, TITLE
from windlass_gui.editor.canvas.geometry import Geometry
from windlass_gui.editor.canvas.layout import NODE_HEIGHT, NODE_WIDTH
from windlass_gui.editor.canvas.projection import OPEN
from windlass_gui.editor.canvas.style import CanvasStyle
from windlass_gui.editor.document.frames import FrameFacts
from windlass_gui.look.theme import mix

_RADIUS = 10.0
_READABLE = 11.0
"""Pixels that a title keeps at least, however far the view is zoomed out."""


class FrameLayer(QGraphicsItem):
    """All open frames in one paint: there are few, and they must lie behind every node."""

    def __init__(self, geometry: Geometry, style: CanvasStyle) -> None:
        super().__init__()
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)
        self.geometry = geometry
        self.style = style
        self.rects: dict[str, QRectF] = {}
        """By frame, outer ones first."""
        self._inside: Mapping[str, tuple[str, ...]] = {}
        self._frames: Mapping[str, FrameFacts] = {}
        self._extent = QRectF()

    def copy(self, style: CanvasStyle) -> FrameLayer:
        """As it is now, in this style: for a picture."""
        made = FrameLayer(self.geometry, style)
        made.rects, made._frames = dict(self.rects), dict(self._frames)
        return made

    def boundingRect(self) -> QRectF:
        return self._extent

    def extent(self) -> QRectF:
        """Around all frames; empty without any."""
        return self._extent

    def show_frames(self, outlines: Mapping[str, tuple[str, ...]], frames: Mapping[str, FrameFacts]) -> None:
        """Which to draw, each with the nodes and the open frames inside; inner ones first."""
        self._inside, self._frames = outlines, frames
        self.refresh()

    def show_style(self, style: CanvasStyle) -> None:
        self.style = style
        self.update()

    def refresh(self) -> None:
        """Nodes have moved."""
        if not self._inside and not self.rects:
            return
        rects: dict[str, QRectF] = {}
        for name, inside in self._inside.items():
            rect = QRectF()
            for id in inside:
                if id.startswith(OPEN):
                    rect = rect.united(rects.get(id[len(OPEN) :], QRectF()))
                elif id in self.geometry:
                    x, y = self.geometry.point(id)
                    rect = rect.united(QRectF(x, y, NODE_WIDTH, NODE_HEIGHT))
            if not rect.isEmpty():
                rects[name] = rect.adjusted(-PAD, -PAD - TITLE, PAD, PAD)
        self.prepareGeometryChange()
        self.rects = dict(reversed(rects.items()))
        self._extent = QRectF()
        for rect in rects.values():
            self._extent = self._extent.united(rect)
        self.update()

    def title_at(self, x: float, y: float) -> tuple[str, bool] | None:
        """The frame whose title is at the point, the innermost, and whether it is its mark for folding."""
        for name, rect in reversed(self.rects.items()):
            if rect.left() <= x <= rect.right() and rect.top() <= y <= rect.top() + TITLE:
                return name, x <= rect.left() + TITLE
        return None

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        scale = max(painter.worldTransform().m11(), 1e-6)
        painter.setFont(self.style.title_font)
        for name, rect in self.rects.items():
            frame = self._frames.get(name)
            if frame is None:
                continue
            color = self.style.paint_color(frame.color)
            painter.setPen(QPen(mix(self.style.canvas, color, 0.55), max(1.4, 1.0 / scale)))
            painter.setBrush(QBrush(mix(self.style.canvas, color, 0.09)))
            painter.drawRoundedRect(rect, _RADIUS, _RADIUS)
            top = QRectF(rect.left(), rect.top(), rect.width(), TITLE)
            x, y = top.left() + TITLE / 2, top.center().y()
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QBrush(color))
            painter.drawPolygon(QPolygonF([QPointF(x - 5, y - 3), QPointF(x + 5, y - 3), QPointF(x, y + 4)]))
            grow = max(1.0, _READABLE / (13.0 * scale))
            room = (rect.width() - TITLE - 10) / grow
            if room < 24:
                continue
            painter.save()
            painter.translate(top.left() + TITLE, top.center().y())
            painter.scale(grow, grow)
            painter.setPen(self.style.text)
            title = self.style.title_metrics.elidedText(frame.label, Qt.TextElideMode.ElideRight, room)
            painter.drawText(QPointF(0, 4.5), title)
            painter.restore()
