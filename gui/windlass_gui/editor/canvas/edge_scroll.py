"""While something is dragged, the view follows past its edge, faster the nearer the mouse is to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt, QTimer

if TYPE_CHECKING:
    from windlass_gui.editor.canvas.view import GraphView

REACH = 28
"""Pixels from the edge at which it begins."""
FASTEST = 24
"""Pixels a step."""
STEP = 16
"""Milliseconds between steps."""


class EdgeScroll:
    """Goes on while the mouse rests at the edge, which sends no events."""

    def __init__(self, view: GraphView) -> None:
        self.view = view
        self._pixel = QPoint()
        self._modifiers = Qt.KeyboardModifier.NoModifier
        self._timer = QTimer(view)
        self._timer.setInterval(STEP)
        self._timer.timeout.connect(self.step)

    def watch(self, pixel: QPoint, modifiers: Qt.KeyboardModifier) -> None:
        """The mouse is here, in pixels of the viewport, and something is being dragged."""
        self._pixel, self._modifiers = pixel, modifiers
        if self._speed() != (0, 0):
            if not self._timer.isActive():
                self._timer.start()
        else:
            self._timer.stop()

    def _speed(self) -> tuple[int, int]:
        size = self.view.viewport().size()

        def along(at: int, length: int) -> int:
            depth = max(REACH - at, at - (length - REACH), 0)
            speed = min(FASTEST, 1 + depth * FASTEST // REACH) if depth else 0
            return speed if at < length / 2 else -speed

        return along(self._pixel.x(), size.width()), along(self._pixel.y(), size.height())

    def step(self) -> None:
        """One step of the view; what is dragged stays under the mouse."""
        gesture = self.view.gesture
        if gesture is None or not gesture.follows_edges:
            self._timer.stop()
            return
        self.view.pan(*self._speed())
        gesture.move(self.view.mapToScene(self._pixel), self._modifiers)
