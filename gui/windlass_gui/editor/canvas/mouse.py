"""What the mouse does on the canvas: what lies under it decides which gesture begins, and what a click means."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QContextMenuEvent, QMouseEvent

from windlass_gui.editor.canvas.gestures import (
    BandGesture,
    CutGesture,
    LinkGesture,
    MoveGesture,
    PanGesture,
    RerouteGesture,
)
from windlass_gui.editor.document.linking import Link

if TYPE_CHECKING:
    from windlass_gui.editor.canvas.view import GraphView

DRAG_START = 4
"""Pixels a press may wander before it is a drag."""
_ADD = Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.ControlModifier
"""Held, a click adds to the selection instead of replacing it."""


class Mouse:
    """The canvas hands it its mouse events."""

    def __init__(self, view: GraphView) -> None:
        self.view = view
        self.button = Qt.MouseButton.LeftButton
        """Whose release ends the gesture that is going on."""
        self._press: QPoint | None = None
        self._pressed_node: str | None = None
        self._pressed_link: Link | None = None
        self._menu_taken = False
        """The right button drew a cut, so that its release asks for no menu."""
        self._toggle_on_release: str | None = None

    def forget(self) -> None:
        """What was pressed is no longer meant."""
        self._press = self._pressed_node = self._pressed_link = None

    def press(self, event: QMouseEvent) -> None:
        view = self.view
        if view.gesture is not None:
            return
        pixel = event.position().toPoint()
        if event.button() == Qt.MouseButton.MiddleButton or (
            event.button() == Qt.MouseButton.LeftButton and view.keyboard.space
        ):
            view.begin(PanGesture(view, pixel), event.button())
            return
        at = view.mapToScene(pixel)
        self._menu_taken = False
        right = event.button() == Qt.MouseButton.RightButton
        if (right and event.modifiers() & Qt.KeyboardModifier.ControlModifier) or (
            event.button() == Qt.MouseButton.LeftButton and view.keyboard.knife
        ):
            self._menu_taken = right
            view.begin(CutGesture(view, at), event.button())
            return
        if right:
            task = view.graph.geometry.node_at(at.x(), at.y())
            if task is not None and not view.graph.has_selected(task):
                view.graph.select([task])
            return
        if event.button() != Qt.MouseButton.LeftButton:
            return
        add = bool(event.modifiers() & _ADD)
        port = view.graph.geometry.port_at(at.x(), at.y())
        if port is not None and not view.graph.batched:
            held = self._chosen_link_at(*port)
            if held is not None:
                view.begin(RerouteGesture(view, at, held, not port[1]))
            else:
                view.begin(LinkGesture(view, at, port[0], port[1]))
            return
        task = view.graph.geometry.node_at(at.x(), at.y())
        self._press, self._pressed_node = pixel, task
        self._toggle_on_release = self._pressed_link = None
        if task is not None:
            if view.graph.has_selected(task) and add:
                self._toggle_on_release = task
            elif not view.graph.has_selected(task):
                view.graph.select({task} | view.graph.selected if add else {task})
            return
        link = view.link_under(at)
        if link is not None:
            view.graph.select(
                view.graph.selected if add else (), {link} | (view.graph.selected_links if add else set())
            )
            self._pressed_link = link
            return
        if view.framing.press(at, add):
            self._press = None
            return
        view.begin(BandGesture(view, at, add))

    def move(self, event: QMouseEvent) -> None:
        view = self.view
        pixel = event.position().toPoint()
        at = view.mapToScene(pixel)
        if isinstance(view.gesture, PanGesture):
            view.gesture.drag(pixel)
            return
        if view.gesture is not None:
            view.gesture.move(at, event.modifiers())
            if view.gesture.follows_edges:
                view.edge_scroll.watch(pixel, event.modifiers())
            return
        if self._press is not None and event.buttons() & Qt.MouseButton.LeftButton:
            far = (pixel - self._press).manhattanLength() >= DRAG_START
            if far and self._pressed_link is not None:
                self._take_end(self._pressed_link, view.mapToScene(self._press))
            elif far and self._pressed_node is not None and view.graph.has_selected(self._pressed_node):
                view.begin(MoveGesture(view, view.mapToScene(self._press), self._pressed_node))
                self._toggle_on_release = None
            if view.gesture is not None:
                view.gesture.move(at, event.modifiers())
            return
        if not view.graph.batched:
            port = view.graph.geometry.port_at(at.x(), at.y())
            task = port[0] if port else view.graph.geometry.node_at(at.x(), at.y())
            link = None if task else view.link_under(at)
            view.graph.hover(task)
            view.graph.hover_link(link)
            if port:
                cursor = Qt.CursorShape.CrossCursor
            elif link:
                cursor = Qt.CursorShape.PointingHandCursor
            else:
                cursor = (view.framing.cursor(at) if task is None else None) or view.keyboard.cursor
            view.viewport().setCursor(cursor)

    def _chosen_link_at(self, task: str, outward: bool) -> Link | None:
        """The one chosen link, if it ends at this port: the port then gives it instead of beginning another."""
        view = self.view
        link = next(iter(view.graph.selected_links), None)
        alone = len(view.graph.selected_links) == 1 and len(view.graph.task_links(view.graph.selected_links)) == 1
        return link if alone and link and link[0 if outward else 1] == task else None

    def _take_end(self, link: Link, at: QPointF) -> None:
        """Drag the end of a link that is nearer."""
        view = self.view
        ends = (view.graph.geometry.out_port(link[0]), view.graph.geometry.in_port(link[1]))
        if (count := len(view.graph.task_links([link]))) != 1:
            view.session.refused.emit(
                view.tr("This line stands for {} links: unfold the frame to take one").format(count)
            )
            self._press = None
            return
        away = [abs(at.x() - x) + abs(at.y() - y) for x, y in ends]
        view.begin(RerouteGesture(view, at, link, away[1] <= away[0]))

    def release(self, event: QMouseEvent) -> None:
        view = self.view
        gesture = view.gesture
        if gesture is not None and event.button() != self.button:
            return
        self._press = None
        add = bool(event.modifiers() & _ADD)
        if gesture is None:
            if self._toggle_on_release is not None and event.button() == Qt.MouseButton.LeftButton:
                view.graph.select(view.graph.selected - view.graph.shown.tasks_of([self._toggle_on_release]))
                self._toggle_on_release = None
            elif self._pressed_node is not None and event.button() == Qt.MouseButton.LeftButton and not add:
                view.graph.select([self._pressed_node])
            self._pressed_node = self._pressed_link = None
            return
        view.end()
        gesture.finish(view.mapToScene(event.position().toPoint()), event.modifiers())

    def double_click(self, event: QMouseEvent) -> None:
        view = self.view
        at = view.mapToScene(event.position().toPoint())
        task = view.graph.geometry.node_at(at.x(), at.y())
        if event.button() == Qt.MouseButton.LeftButton and view.framing.double_click(at):
            view.abandon()
        elif event.button() == Qt.MouseButton.LeftButton and task is not None:
            view.activated.emit(task)
        elif event.button() == Qt.MouseButton.LeftButton and view.link_under(at) is None:
            view.abandon()
            view.search_asked.emit(at, event.globalPosition().toPoint())

    def leave(self) -> None:
        view = self.view
        if view.gesture is None:
            view.graph.hover(None)
            view.graph.hover_link(None)

    def menu(self, event: QContextMenuEvent) -> None:
        view = self.view
        if view.gesture is not None or self._menu_taken:
            return
        if event.reason() == QContextMenuEvent.Reason.Keyboard:
            task = next(iter(view.graph.selected_nodes), None)
            at = view.graph.node_rect(task).center() if task else view.mapToScene(view.viewport().rect().center())
            where = view.viewport().mapToGlobal(view.mapFromScene(at))
        else:
            at, where = view.mapToScene(event.pos()), event.globalPos()
        menu = view.framing.menu(at)
        if menu is not None:
            menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            menu.popup(where)
            return
        task = view.graph.geometry.node_at(at.x(), at.y())
        link = None if task else view.link_under(at)
        if link is not None:
            view.graph.select((), [link])
        view.menu_asked.emit(task, link, where)
