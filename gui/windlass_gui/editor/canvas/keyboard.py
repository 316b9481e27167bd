"""What the keys do on the canvas that are not actions of a menu: walking, nudging, letting go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent

from windlass_gui.editor.canvas.gestures import KeyLinkGesture
from windlass_gui.editor.canvas.projection import frame_of_node

if TYPE_CHECKING:
    from windlass_gui.editor.canvas.view import GraphView

NUDGE = 10.0
"""How far an arrow key moves nodes, in scene units."""
_ARROWS = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}


class Keyboard:
    """The canvas hands it its key events."""

    def __init__(self, view: GraphView) -> None:
        self.view = view
        self.space = False
        """Held down: dragging pans."""
        self.knife = False
        """Y is held down: dragging cuts links."""
        self._around: set[str] = set()
        """The nodes whose links are walked through."""

    def press(self, event: QKeyEvent) -> bool:
        """False for a key that means nothing here."""
        view, key = self.view, event.key()
        if key == Qt.Key.Key_Escape:
            if not view.abandon():
                if not view.graph.selected and not view.graph.selected_links:
                    return False  # it may mean something to the window
                view.graph.select(())
        elif view.gesture is not None:
            view.gesture.key(event)  # a key that edits would pull the ground from under it
        elif key == Qt.Key.Key_Y and not event.modifiers():
            if not event.isAutoRepeat():
                self.knife = True
                view.rest_cursor()
        elif key == Qt.Key.Key_Space:
            if not event.isAutoRepeat():
                self.space = True
                view.rest_cursor()
        elif key in (Qt.Key.Key_PageDown, Qt.Key.Key_PageUp):
            self.walk(key == Qt.Key.Key_PageDown)
        elif key in _ARROWS:
            self._arrow(_ARROWS[Qt.Key(key)], event.modifiers())
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            nodes = view.graph.selected_nodes
            if len(nodes) == 1 and (frame := frame_of_node(next(iter(nodes)))):
                view.framing.open(frame)
            elif len(nodes) == 1:
                view.activated.emit(next(iter(nodes)))
        else:
            return False
        return True

    @staticmethod
    def way(event: QKeyEvent) -> tuple[int, int] | None:
        """Where an arrow key points; None for other keys."""
        return _ARROWS.get(Qt.Key(event.key()))

    def release(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Space, Qt.Key.Key_Y) and not event.isAutoRepeat():
            self.let_go()

    def let_go(self) -> None:
        """No key is held any more, or nobody knows."""
        self.space = self.knife = False
        if self.view.gesture is None:
            self.view.rest_cursor()

    @property
    def cursor(self) -> Qt.CursorShape:
        """The mouse's look while nothing is dragged."""
        if self.space:
            return Qt.CursorShape.OpenHandCursor
        return Qt.CursorShape.CrossCursor if self.knife else Qt.CursorShape.ArrowCursor

    def walk(self, forward: bool) -> None:
        """To the next or the last node in the text's order; from the end to the beginning."""
        nodes, selected = list(self.view.graph.shown.facts), self.view.graph.selected_nodes
        if nodes:
            current = next(iter(selected)) if len(selected) == 1 else ""
            at = nodes.index(current) + (1 if forward else -1) if current in nodes else 0 if forward else -1
            self.view.reveal(nodes[at % len(nodes)])

    def begin_link(self) -> None:
        """Link what is chosen to a task that the keys go to; a chosen link is taken to another one instead."""
        view, graph = self.view, self.view.graph
        facts = view.session.document.facts
        sources = [node for node in graph.nodes if node in graph.selected_nodes]
        link = next(iter(graph.selected_links), None)
        if view.gesture is not None:
            return
        if sources:
            view.begin(KeyLinkGesture(view, sources))
        elif link is not None and set(link) <= facts.keys():
            view.begin(KeyLinkGesture(view, [link[0]], link))
        else:
            view.session.refused.emit(view.tr("Choose the task first that the link begins at"))

    def next_link(self) -> None:
        """Choose the next link of the chosen nodes, or of all: so links are reached without a mouse."""
        graph = self.view.graph
        if graph.selected_nodes or not graph.selected_links:
            self._around = set(graph.selected_nodes)
        in_order = [(need, node) for node, own in graph.shown.facts.items() for need, _ in own.needs]
        links = [link for link in in_order if link in graph.links and (not self._around or self._around & set(link))]
        if links:
            current = next(iter(graph.selected_links), None)
            link = links[(links.index(current) + 1) % len(links) if current in links else 0]
            graph.select((), [link])
            self.view.ensureVisible(graph.node_rect(link[0]).united(graph.node_rect(link[1])), 20, 20)

    def _arrow(self, way: tuple[int, int], modifiers: Qt.KeyboardModifier) -> None:
        view, (dx, dy) = self.view, way
        if not view.graph.selected_nodes:
            view.pan(-dx * 60, -dy * 60)
        elif modifiers & Qt.KeyboardModifier.ControlModifier:
            task = self.neighbour(next(iter(view.graph.selected_nodes)), dx, dy)
            if task is not None:
                view.reveal(task)
        else:
            step = 1.0 if modifiers & Qt.KeyboardModifier.ShiftModifier else NUDGE
            points = {node: view.graph.geometry.point(node) for node in view.graph.selected_nodes}
            moved = {node: (x + dx * step, y + dy * step) for node, (x, y) in points.items()}
            view.session.move(view.graph.places(moved), series=True)

    def neighbour(self, task: str, dx: int, dy: int) -> str | None:
        """The nearest node in a direction, within 45 degrees of it first."""
        geometry = self.view.graph.geometry
        x, y = geometry.point(task)
        best: tuple[float, str] | None = None
        for other, (ox, oy) in zip(geometry.ids, geometry.points.tolist(), strict=True):
            along = (ox - x) * dx + (oy - y) * dy
            across = abs((ox - x) * dy) + abs((oy - y) * dx)
            if other != task and along > 0:
                cost = along + 2 * across + (1e6 if across > 2 * along else 0)
                if best is None or cost < best[0]:
                    best = cost, other
        return best[1] if best else None
