"""The whole graph small, in a corner of the canvas: where one is, what state everything is in, and the way there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt, QTimer
from PySide6.QtGui import (
    QColor,
    QImage,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QPixmap,
    QShowEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from windlass_gui.editor.canvas.layout import NODE_HEIGHT, NODE_WIDTH
from windlass_gui.look.theme import Theme, mix

if TYPE_CHECKING:
    from windlass_gui.editor.canvas.view import GraphView

WIDTH, HEIGHT = 210, 140
"""Pixels at most; it takes the graph's proportions."""
INSET = 8
MARGIN = 12
"""From the canvas's corner."""
DELAY = 150
"""Milliseconds between two pictures while the graph changes all the time."""
LINKS_UP_TO = 1500
LEAST_VIEW = (520, 340)
"""Pixels of the canvas below which it would only be in the way."""


class Minimap(QWidget):
    """Paints a picture that is made anew only when something has changed.

    It is hidden while the whole graph is in view, because it would say nothing then.
    """

    def __init__(self, view: GraphView, theme: Theme) -> None:
        super().__init__(view.viewport())
        self.view = view
        self.theme = theme
        self.wanted = True
        self._picture = QPixmap()
        self._stale = False
        """Something has changed while it was hidden."""
        self._scale = 1.0
        self._origin = QPointF()
        """The scene point at the upper left of the picture."""
        self._grip: QPointF | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(DELAY)
        self._timer.timeout.connect(self._draw)
        self.setAccessibleName(self.tr("Overview of the graph"))
        self.setToolTip(self.tr("Click or drag to go there, wheel to zoom  (M hides it)"))
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        view.graph.redrawn.connect(self._changed)
        view.zoom_changed.connect(lambda _: self.follow())
        for bar in (view.horizontalScrollBar(), view.verticalScrollBar()):
            bar.valueChanged.connect(lambda _: self.follow())
        self.hide()

    def show_theme(self, theme: Theme) -> None:
        self.theme = theme
        self._changed()

    def want(self, on: bool) -> None:
        """The person's choice."""
        self.wanted = on
        self.follow()

    def _changed(self) -> None:
        if not self.isVisible():
            self._stale = True
        elif not self._timer.isActive():
            self._timer.start()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._stale:
            self._draw()

    def follow(self) -> None:
        """What is seen of the graph is another part."""
        size = self.view.viewport().size()
        room = size.width() >= LEAST_VIEW[0] and size.height() >= LEAST_VIEW[1]
        extent = self.view.graph.extent()
        shown = self.wanted and room and not extent.isEmpty() and not self.view.visible_rect.contains(extent)
        if shown and self.isHidden():
            self._draw()
        self.setVisible(shown)
        self.update()

    def place(self) -> None:
        """To be called when the view has another size."""
        size = self.view.viewport().size()
        self.move(size.width() - self.width() - MARGIN, size.height() - self.height() - MARGIN)
        self.follow()

    # --- the picture -----------------------------------------------------------------------------------------

    def _draw(self) -> None:
        self._stale = False
        graph = self.view.graph
        extent = graph.extent()
        if extent.isEmpty():
            self.hide()
            return
        inner_width, inner_height = WIDTH - 2 * INSET, HEIGHT - 2 * INSET
        self._scale = min(inner_width / extent.width(), inner_height / extent.height(), 0.12)
        self._origin = extent.topLeft()
        width, height = (max(24, round(side * self._scale)) for side in (extent.width(), extent.height()))
        self.resize(width + 2 * INSET, height + 2 * INSET)
        self.move(
            self.view.viewport().width() - self.width() - MARGIN,
            self.view.viewport().height() - self.height() - MARGIN,
        )
        ratio = self.devicePixelRatioF()
        image = QImage(round(width * ratio), round(height * ratio), QImage.Format.Format_ARGB32_Premultiplied)
        image.fill(Qt.GlobalColor.transparent)
        scale = self._scale * ratio
        if len(graph.links) <= LINKS_UP_TO:
            self._draw_links(image, scale)
        self._fill_nodes(image, scale)
        self._picture = QPixmap.fromImage(image)
        self._picture.setDevicePixelRatio(ratio)
        self.update()

    def _draw_links(self, image: QImage, scale: float) -> None:
        geometry = self.view.graph.geometry
        painter = QPainter(image)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.scale(scale, scale)
        painter.translate(-self._origin)
        painter.setPen(QPen(mix(self.theme.color("surface"), self.theme.color("muted"), 0.5), 0))
        for source, target in self.view.graph.links:
            if source in geometry and target in geometry:
                painter.drawLine(QPointF(*geometry.out_port(source)), QPointF(*geometry.in_port(target)))
        painter.end()

    def _fill_nodes(self, image: QImage, scale: float) -> None:
        """All nodes straight into the picture's memory: painting 50,000 one by one would take too long."""
        graph = self.view.graph
        palette = {"": mix(self.theme.color("surface"), self.theme.color("muted"), 0.75)}
        states, selected = graph.states, graph.selected_nodes
        kinds = ["selected" if node in selected else states.get(node, "") for node in graph.geometry.ids]
        for kind in set(kinds) - {""}:
            palette[kind] = self.theme.color("accent") if kind == "selected" else self.theme.state_color(kind)
        pixels = np.frombuffer(image.bits(), dtype=np.uint32).reshape(image.height(), image.bytesPerLine() // 4)
        corner = (graph.geometry.points - (self._origin.x(), self._origin.y())) * scale
        wide, high = max(1, round(NODE_WIDTH * scale)), max(1, round(NODE_HEIGHT * scale))
        left = np.clip(corner[:, 0].round().astype(np.int64), 0, max(0, image.width() - wide))
        top = np.clip(corner[:, 1].round().astype(np.int64), 0, max(0, image.height() - high))
        names = list(palette)
        number = {kind: at for at, kind in enumerate(names)}
        which = np.array([number[kind] for kind in kinds], dtype=np.int64)
        colors = np.array([palette[name].rgba() for name in names], dtype=np.uint32)
        # What needs a person is drawn last, so that it shows where nodes share a pixel.
        order = np.argsort(np.array([_WEIGHT.get(name, 1) for name in names])[which], kind="stable")
        left, top, color = left[order], top[order], colors[which[order]]
        for across in range(wide):
            for down in range(high):
                pixels[top + down, left + across] = color

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        fill = QColor(self.theme.color("surface"))
        fill.setAlpha(235)
        painter.setPen(QPen(self.theme.color("border"), 1))
        painter.setBrush(fill)
        painter.drawRoundedRect(box, 8, 8)
        painter.drawPixmap(QPointF(INSET, INSET), self._picture)
        seen = self._seen().intersected(box.adjusted(2, 2, -2, -2))
        outside = QPainterPath()
        outside.addRoundedRect(box, 8, 8)
        hole = QPainterPath()
        hole.addRect(seen)
        veil = QColor(self.theme.color("canvas"))
        veil.setAlpha(120)
        painter.fillPath(outside - hole, veil)
        painter.setPen(QPen(self.theme.color("accent"), 1.5))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(seen)

    def _seen(self) -> QRectF:
        """The part of the graph that the canvas shows, in pixels of this widget."""
        rect = self.view.visible_rect
        corner = (rect.topLeft() - self._origin) * self._scale + QPointF(INSET, INSET)
        return QRectF(corner.x(), corner.y(), rect.width() * self._scale, rect.height() * self._scale)

    # --- the mouse -------------------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            return
        seen, at = self._seen(), event.position()
        # Taken inside its frame the view keeps its place under the mouse; elsewhere it jumps there.
        self._grip = at - seen.center() if seen.contains(at) else QPointF()
        self._go(at)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._grip is not None:
            self._go(event.position())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._grip = None

    def _go(self, at: QPointF) -> None:
        grip = self._grip or QPointF()
        self.view.centerOn(self._origin + (at - grip - QPointF(INSET, INSET)) / self._scale)

    def wheelEvent(self, event: QWheelEvent) -> None:
        self.view.zoom_middle(1.0015 ** event.angleDelta().y())
        event.accept()


_WEIGHT = {"": 0, "pending": 0, "succeeded": 1, "skipped": 1, "active": 3, "failed": 4, "selected": 5}
