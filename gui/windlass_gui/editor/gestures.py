"""What a person does with the mouse, each as one object with a start, moves, an end and a way out.

A gesture draws its own preview and changes the document at most once, when it ends. The view knows only that one
is going on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QPointF, QRectF, Qt
from PySide6.QtWidgets import QGraphicsPathItem, QGraphicsRectItem

from windlass_gui.editor.layout import Point
from windlass_gui.editor.link_item import link_path

if TYPE_CHECKING:
    from windlass_gui.editor.view import GraphView

SNAP = 10
"""Nodes land on multiples of this, in scene units, unless Alt is held."""


class Gesture:
    """Begins when it is made."""

    cursor: Qt.CursorShape | None = None

    def __init__(self, view: GraphView, start: QPointF) -> None:
        self.view = view
        self.scene = view.graph
        self.start = start

    def move(self, at: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        """The mouse is at `at` (scene units)."""

    def finish(self, at: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        """The button was released: make the edit."""

    def cancel(self) -> None:
        """Escape: leave everything as it was."""


class MoveGesture(Gesture):
    """Drag the selected nodes."""

    cursor = Qt.CursorShape.ClosedHandCursor

    def __init__(self, view: GraphView, start: QPointF, grabbed: str) -> None:
        super().__init__(view, start)
        self.grabbed = grabbed
        self.origins: dict[str, Point] = {task: self.scene.geometry.point(task) for task in self.scene.selected}
        self.moved = False

    def _places(self, at: QPointF, modifiers: Qt.KeyboardModifier) -> dict[str, Point]:
        delta = at - self.start
        dx, dy = delta.x(), delta.y()
        if not modifiers & Qt.KeyboardModifier.AltModifier:
            # The grabbed node lands on the grid and the others keep their distance to it.
            x, y = self.origins[self.grabbed]
            dx, dy = round((x + dx) / SNAP) * SNAP - x, round((y + dy) / SNAP) * SNAP - y
        return {task: (x + dx, y + dy) for task, (x, y) in self.origins.items()}

    def move(self, at: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        self.moved = True
        self.scene.show_moved(self._places(at, modifiers))

    def finish(self, at: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        if self.moved and at != self.start:
            places = self._places(at, modifiers)
            self.scene.show_moved(places)
            self.view.session.move(places)

    def cancel(self) -> None:
        self.scene.show_moved(self.origins)


class LinkGesture(Gesture):
    """Draw a link from a port. A target that would be wrong is refused while the mouse is over it, with the reason."""

    cursor = Qt.CursorShape.CrossCursor

    def __init__(self, view: GraphView, start: QPointF, task: str, outward: bool) -> None:
        super().__init__(view, start)
        self.task = task
        self.outward = outward
        self.target: str | None = None
        self.reason = ""
        self.preview = QGraphicsPathItem()
        self.preview.setPen(self.scene.look.link_hot)
        self.preview.setZValue(10)
        self.scene.addItem(self.preview)
        self.move(start, Qt.KeyboardModifier.NoModifier)

    def move(self, at: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        geometry, style = self.scene.geometry, self.scene.look
        port = geometry.port_at(at.x(), at.y())
        over = port[0] if port else geometry.node_at(at.x(), at.y())
        self.target = over if over != self.task or (port and port[1] != self.outward) else None
        self.reason = ""
        end: Point = (at.x(), at.y())
        pen = style.link_hot
        if self.target is not None:
            self.reason = self.scene.document.refusal(*self._ends())
            end = geometry.in_port(self.target) if self.outward else geometry.out_port(self.target)
            pen = style.link_bad if self.reason else style.link_good
        mine = geometry.out_port(self.task) if self.outward else geometry.in_port(self.task)
        self.preview.setPen(pen)
        self.preview.setPath(link_path(mine, end) if self.outward else link_path(end, mine))
        self.scene.hover(self.target if not self.reason else None)
        self.view.show_hint(self.reason, bad=True)

    def _ends(self) -> tuple[str, str]:
        target = self.target or self.task
        return (self.task, target) if self.outward else (target, self.task)

    def finish(self, at: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        self.move(at, modifiers)
        ends, wanted = self._ends(), self.target is not None
        reason = self.reason
        self.cancel()
        if wanted and reason:
            self.view.session.refused.emit(reason)
        elif wanted:
            self.view.session.link(*ends, each=bool(modifiers & Qt.KeyboardModifier.ShiftModifier))

    def cancel(self) -> None:
        self.scene.removeItem(self.preview)
        self.scene.hover(None)
        self.view.show_hint("")


class BandGesture(Gesture):
    """Select what a rectangle touches; with Shift or Ctrl in addition to what was selected."""

    def __init__(self, view: GraphView, start: QPointF, add: bool) -> None:
        super().__init__(view, start)
        self.before = set(self.scene.selected) if add else set()
        self.links_before = set(self.scene.selected_links)
        self.first = set(self.scene.selected)
        self.band = QGraphicsRectItem()
        self.band.setPen(self.scene.look.band_pen)
        self.band.setBrush(self.scene.look.band)
        self.band.setZValue(10)
        self.scene.addItem(self.band)

    def move(self, at: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        rect = QRectF(self.start, at).normalized()
        self.band.setRect(rect)
        touched = self.scene.geometry.within(rect.left(), rect.top(), rect.right(), rect.bottom())
        self.scene.select(self.before | set(touched))

    def finish(self, at: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        self.scene.removeItem(self.band)
        if at == self.start:
            self.scene.select(self.before)

    def cancel(self) -> None:
        self.scene.removeItem(self.band)
        self.scene.select(self.first, self.links_before)


class PanGesture(Gesture):
    """Drag the view. Works in pixels of the window, because the scene moves under the mouse."""

    cursor = Qt.CursorShape.ClosedHandCursor

    def __init__(self, view: GraphView, pixel: QPoint) -> None:
        super().__init__(view, QPointF())
        self.pixel = pixel

    def drag(self, pixel: QPoint) -> None:
        delta = pixel - self.pixel
        self.pixel = pixel
        self.view.pan(delta.x(), delta.y())
