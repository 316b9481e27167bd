"""Real mouse events on a canvas, in the places where things are."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest

from windlass_gui.editor.canvas.layout import NODE_HEIGHT, NODE_WIDTH
from windlass_gui.editor.canvas.view import GraphView
from windlass_gui.editor.document.linking import Link

LEFT, RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton
NONE = Qt.KeyboardModifier.NoModifier
SHIFT, CTRL = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier


def middle(view: GraphView, task: str) -> QPoint:
    x, y = view.graph.geometry.point(task)
    return view.mapFromScene(QPointF(x + NODE_WIDTH / 2, y + NODE_HEIGHT / 2))


def port(view: GraphView, task: str, out: bool) -> QPoint:
    geometry = view.graph.geometry
    return view.mapFromScene(QPointF(*(geometry.out_port(task) if out else geometry.in_port(task))))


def on_link(view: GraphView, link: Link, share: float = 0.5) -> QPoint:
    """A point of the link's curve, `share` of the way from its source."""
    return view.mapFromScene(view.graph.links[link].path().pointAtPercent(share))


def hold(
    view: GraphView, start: QPoint, end: QPoint, modifiers: Qt.KeyboardModifier = NONE, button: Qt.MouseButton = LEFT
) -> None:
    """Press and move, without letting go."""
    QTest.mousePress(view.viewport(), button, modifiers, start)
    for share in (0.3, 0.7, 1.0):
        QTest.mouseMove(view.viewport(), start + (end - start) * share)


def drag(
    view: GraphView, start: QPoint, end: QPoint, modifiers: Qt.KeyboardModifier = NONE, button: Qt.MouseButton = LEFT
) -> None:
    hold(view, start, end, modifiers, button)
    QTest.mouseRelease(view.viewport(), button, modifiers, end)
