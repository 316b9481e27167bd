"""Nodes glide to their new places, and the view to what it shall show. The document has long been edited by then."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from PySide6.QtCore import QEasingCurve, QRectF, QVariantAnimation

from windlass_gui.editor.canvas.layout import Point
from windlass_gui.look.motion import motion_reduced

if TYPE_CHECKING:
    from windlass_gui.editor.canvas.navigation import Navigator
    from windlass_gui.editor.canvas.view import GraphView

DURATION = 200
"""Milliseconds."""
MOST = 2000
"""Nodes that still glide smoothly."""


class Glide:
    """Of nodes. An edit that comes in between ends it, so that the canvas never differs from the document."""

    def __init__(self, view: GraphView) -> None:
        self.view = view
        self._from: dict[str, Point] = {}
        self._to: dict[str, Point] = {}
        self.motion = _motion(view)
        self.motion.valueChanged.connect(self._step)
        view.session.changed.connect(lambda _: self.stop())

    def start(self, before: Mapping[str, Point]) -> None:
        """The nodes have just been put to their new places; they shall seem to come from these."""
        self.stop()
        geometry = self.view.graph.geometry
        ways = {node: (old, geometry.point(node)) for node, old in before.items() if node in geometry}
        ways = {node: way for node, way in ways.items() if way[0] != way[1]}
        if not ways or len(ways) > MOST or motion_reduced():
            return
        self._from = {node: old for node, (old, _) in ways.items()}
        self._to = {node: new for node, (_, new) in ways.items()}
        self.view.graph.show_moved(self._from)
        self.motion.start()

    def _step(self, share: float) -> None:
        self.view.graph.show_moved(
            {
                node: (x + (self._to[node][0] - x) * share, y + (self._to[node][1] - y) * share)
                for node, (x, y) in self._from.items()
            }
        )

    def stop(self) -> None:
        """All of them are there now."""
        if self.motion.state() != QVariantAnimation.State.Stopped:
            self.motion.stop()
            self.view.graph.show_moved(self._to)


class Travel:
    """Of the view: what it shows goes over from one rectangle of the scene to another."""

    def __init__(self, view: Navigator) -> None:
        self.view = view
        self._from = QRectF()
        self._to = QRectF()
        self.motion = _motion(view)
        self.motion.valueChanged.connect(self._step)

    def start(self, target: QRectF) -> None:
        self.stop()
        self._from, self._to = self.view.visible_rect, target
        if motion_reduced():
            self.view.look_at(target)
        else:
            self.motion.start()

    def _step(self, share: float) -> None:
        start, end = self._from, self._to
        width = start.width() + (end.width() - start.width()) * share
        height = start.height() + (end.height() - start.height()) * share
        middle = start.center() + (end.center() - start.center()) * share
        self.view.look_at(QRectF(middle.x() - width / 2, middle.y() - height / 2, width, height))

    def stop(self) -> None:
        """Stay where it is now."""
        self.motion.stop()


def _motion(parent: GraphView | Navigator) -> QVariantAnimation:
    motion = QVariantAnimation(parent)
    motion.setDuration(DURATION)
    motion.setStartValue(0.0)
    motion.setEndValue(1.0)
    motion.setEasingCurve(QEasingCurve.Type.OutCubic)
    return motion
