"""Where the canvas looks: zoom, pan, fit. A graphics view that knows its scene only by the rectangle to show."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QNativeGestureEvent, QPainter, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QFrame, QGraphicsScene, QGraphicsView, QWidget

from windlass_gui.editor.canvas.glide import Travel

MIN_ZOOM, MAX_ZOOM = 0.004, 2.5
ROOM = 40.0
"""Scene units left free around what is fitted into the view."""
LEVELS = (0.01, 0.02, 0.05, 0.1, 0.17, 0.25, 0.33, 0.5, 0.67, 0.8, 1.0, 1.25, 1.5, 2.0, 2.5)
"""Where the keys' steps of zooming stop."""


class Navigator(QGraphicsView):
    """The wheel pans, with Ctrl it zooms at the cursor; `fit` stays true while the view changes its size."""

    zoom_changed = Signal(float)

    def __init__(self, scene: QGraphicsScene, parent: QWidget | None = None) -> None:
        super().__init__(scene, parent)
        self._fitted = False
        """The whole graph was asked for, and nothing was moved since: it stays whole when the view's size changes."""
        self.travel = Travel(self)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setRenderHint(QPainter.RenderHint.Antialiasing)
        self.setViewportUpdateMode(QGraphicsView.ViewportUpdateMode.FullViewportUpdate)
        # What lies behind everything is kept as pixels: a picture of a run that goes on changes a few nodes only.
        self.setCacheMode(QGraphicsView.CacheModeFlag.CacheBackground)
        self.setOptimizationFlag(QGraphicsView.OptimizationFlag.DontAdjustForAntialiasing)
        self.setTransformationAnchor(QGraphicsView.ViewportAnchor.NoAnchor)
        self.setResizeAnchor(QGraphicsView.ViewportAnchor.AnchorViewCenter)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)

    def extent(self) -> QRectF:
        """What `fit` shows; empty when there is nothing."""
        return QRectF()

    @property
    def busy(self) -> bool:
        """Something is being dragged, so that the view must not jump by itself."""
        return False

    @property
    def zoom(self) -> float:
        return self.transform().m11()

    @property
    def visible_rect(self) -> QRectF:
        """The part of the scene that is seen."""
        return self.mapToScene(self.viewport().rect()).boundingRect()

    def zoom_at(self, factor: float, pixel: QPointF) -> None:
        """Scale so that the scene point under `pixel` stays there."""
        self._fitted = False
        self.travel.stop()
        factor = max(MIN_ZOOM, min(MAX_ZOOM, self.zoom * factor)) / self.zoom
        if abs(factor - 1) < 1e-9:
            return
        before = self._exact(pixel)
        self.scale(factor, factor)
        away = (self._exact(pixel) - before) * self.zoom
        self.pan(round(away.x()), round(away.y()))
        self.zoom_changed.emit(self.zoom)

    def _exact(self, pixel: QPointF) -> QPointF:
        inverse, _ = self.viewportTransform().inverted()
        return inverse.map(pixel)

    def zoom_middle(self, factor: float) -> None:
        self.zoom_at(factor, QPointF(self.viewport().rect().center()))

    def zoom_to(self, zoom: float, animated: bool = False) -> None:
        """To this zoom; what is in the middle of the view stays there."""
        self._fitted = False
        zoom = max(MIN_ZOOM, min(MAX_ZOOM, zoom))
        size, middle = self.viewport().size(), self.visible_rect.center()
        width, height = size.width() / zoom, size.height() / zoom
        target = QRectF(middle.x() - width / 2, middle.y() - height / 2, width, height)
        self.travel.start(target) if animated else self.look_at(target)

    def zoom_step(self, larger: bool, animated: bool = False) -> None:
        """To the next larger or smaller of the usual zooms."""
        if larger:
            self.zoom_to(next((level for level in LEVELS if level > self.zoom * 1.01), MAX_ZOOM), animated)
        else:
            self.zoom_to(next((level for level in reversed(LEVELS) if level < self.zoom * 0.99), MIN_ZOOM), animated)

    def zoom_reset(self, animated: bool = False) -> None:
        self.zoom_to(1.0, animated)

    def pan(self, dx: int, dy: int) -> None:
        """Move what is seen by pixels."""
        self._fitted = False
        self.travel.stop()
        for bar, delta in ((self.horizontalScrollBar(), dx), (self.verticalScrollBar(), dy)):
            bar.setValue(bar.value() - delta)

    def fit(self, animated: bool = False) -> None:
        """The whole graph in view, but no larger than life."""
        self.show_rect(self.extent(), animated)
        self._fitted = True

    def show_rect(self, rect: QRectF, animated: bool = False) -> None:
        """A part of the scene in the middle of the view, as large as possible, but no larger than life."""
        self._fitted = False
        self.travel.stop()
        if rect.isEmpty():
            self.resetTransform()
            self.centerOn(0, 0)
            self.zoom_changed.emit(self.zoom)
            return
        rect = rect.adjusted(-ROOM, -ROOM, ROOM, ROOM)
        size, middle = self.viewport().size(), rect.center()
        scale = max(MIN_ZOOM, min(size.width() / rect.width(), size.height() / rect.height(), 1.0))
        width, height = size.width() / scale, size.height() / scale
        target = QRectF(middle.x() - width / 2, middle.y() - height / 2, width, height)
        self.travel.start(target) if animated else self.look_at(target)

    def look_at(self, rect: QRectF) -> None:
        """Exactly this part of the scene, which has the view's proportions. One without width still has a zoom."""
        scale = max(MIN_ZOOM, self.viewport().width() / max(1e-6, rect.width()))
        self.resetTransform()
        self.scale(scale, scale)
        self.centerOn(rect.center())
        self.zoom_changed.emit(self.zoom)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._fitted and not self.busy:
            self.fit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.zoom_at(1.0015 ** event.angleDelta().y(), event.position())
        else:
            delta = event.pixelDelta()
            if delta.isNull():
                delta = event.angleDelta() / 2
            if event.modifiers() & Qt.KeyboardModifier.ShiftModifier and delta.x() == 0:
                delta = QPoint(delta.y(), 0)
            self.pan(delta.x(), delta.y())
        event.accept()

    def viewportEvent(self, event: QEvent) -> bool:
        if isinstance(event, QNativeGestureEvent) and event.gestureType() == Qt.NativeGestureType.ZoomNativeGesture:
            self.zoom_at(1.0 + event.value(), event.position())
            return True
        return super().viewportEvent(event)
