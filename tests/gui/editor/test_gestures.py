"""Real mouse and key events on the canvas."""

from __future__ import annotations

from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt
from PySide6.QtGui import QDropEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from windlass_gui.editor.canvas.layout import NODE_HEIGHT, NODE_WIDTH
from windlass_gui.editor.canvas.view import GraphView
from windlass_gui.editor.document.session import EditorSession
from windlass_gui.editor.parts.kinds import MIME_KIND

from .conftest import GRAPH
from .mouse import LEFT, NONE, drag, hold, middle, port


def test_a_node_is_dragged_and_the_drag_undone(view: GraphView, session: EditorSession) -> None:
    drag(view, middle(view, "work"), middle(view, "work") + QPoint(0, 100))
    position = session.document.facts["work"].position
    assert position is not None
    assert position[1] > 50
    assert position[1] % 10 == 0
    assert view.graph.selected == {"work"}
    session.undo.undo()
    assert session.document.text == GRAPH
    assert view.graph.geometry.point("work") == (300, 0)


def test_all_chosen_nodes_move_together(view: GraphView, session: EditorSession) -> None:
    view.graph.select(["split", "work"])
    drag(view, middle(view, "work"), middle(view, "work") + QPoint(0, 80))
    facts = session.document.facts
    assert facts["split"].position is not None
    assert facts["work"].position is not None
    assert facts["split"].position[1] == facts["work"].position[1] > 0
    assert session.undo.count() == 1


def test_escape_puts_dragged_nodes_back(view: GraphView, session: EditorSession) -> None:
    hold(view, middle(view, "work"), middle(view, "work") + QPoint(0, 100))
    assert view.graph.geometry.point("work")[1] > 0
    QTest.keyClick(view, Qt.Key.Key_Escape)
    QTest.mouseRelease(view.viewport(), LEFT, NONE, middle(view, "work"))
    assert view.graph.geometry.point("work") == (300, 0)
    assert session.undo.count() == 0


def test_a_link_is_drawn_from_port_to_port(view: GraphView, session: EditorSession) -> None:
    drag(view, port(view, "split", True), port(view, "join", False))
    assert session.document.facts["join"].needs == (("work", False), ("split", False))
    assert ("split", "join") in view.graph.links


def test_a_link_is_drawn_backwards_and_onto_the_body(view: GraphView, session: EditorSession) -> None:
    drag(view, port(view, "join", False), middle(view, "split"))
    assert ("split", False) in session.document.facts["join"].needs


def test_with_shift_a_link_goes_item_by_item(view: GraphView, session: EditorSession) -> None:
    drag(view, port(view, "split", True), port(view, "join", False), Qt.KeyboardModifier.ShiftModifier)
    assert ("split", True) in session.document.facts["join"].needs


def test_a_circle_is_refused_while_dragging_with_the_reason(view: GraphView, session: EditorSession) -> None:
    hold(view, port(view, "join", True), port(view, "split", False))
    assert view.labels.hint.isVisible()
    assert "circle" in view.labels.hint.text()
    said: list[str] = []
    session.refused.connect(said.append)
    QTest.mouseRelease(view.viewport(), LEFT, NONE, port(view, "split", False))
    assert said
    assert session.document.text == GRAPH


def test_a_link_to_itself_and_a_second_one_are_refused(view: GraphView, session: EditorSession) -> None:
    said: list[str] = []
    session.refused.connect(said.append)
    drag(view, port(view, "work", True), port(view, "work", False))
    drag(view, port(view, "split", True), port(view, "work", False))
    assert len(said) == 2
    assert session.document.text == GRAPH


def test_a_link_into_nowhere_does_nothing(view: GraphView, session: EditorSession) -> None:
    items = len(view.graph.items())
    drag(view, port(view, "join", True), port(view, "join", True) + QPoint(20, 120))
    assert session.document.text == GRAPH
    assert len(view.graph.items()) == items


def test_a_rubber_band_selects_and_shift_adds(view: GraphView) -> None:
    drag(view, middle(view, "split") - QPoint(120, 80), middle(view, "work") + QPoint(0, 60))
    assert view.graph.selected == {"split", "work"}
    drag(view, middle(view, "join") + QPoint(100, 80), middle(view, "join"), Qt.KeyboardModifier.ShiftModifier)
    assert view.graph.selected == {"split", "work", "join"}
    QTest.mouseClick(view.viewport(), LEFT, NONE, QPoint(5, 5))
    assert view.graph.selected == set()


def test_a_click_selects_a_link(view: GraphView, session: EditorSession) -> None:
    path = view.graph.links[("split", "work")].path()
    QTest.mouseClick(view.viewport(), LEFT, NONE, view.mapFromScene(path.pointAtPercent(0.5)))
    assert view.graph.selected_links == {("split", "work")}
    session.remove(view.graph.selected, view.graph.selected_links)
    assert session.document.facts["work"].needs == ()


def test_a_kind_dropped_becomes_a_task_there(view: GraphView, session: EditorSession) -> None:
    data = QMimeData()
    data.setData(MIME_KIND, b"script")
    at = QPointF(500, 100)
    event = QDropEvent(at, Qt.DropAction.CopyAction, data, LEFT, NONE)
    view.dropEvent(event)
    assert session.document.facts["script"].kind == "script"
    x, y = view.graph.geometry.point("script")
    spot = view.mapToScene(at.toPoint())
    assert abs(x + NODE_WIDTH / 2 - spot.x()) <= 5
    assert abs(y + NODE_HEIGHT / 2 - spot.y()) <= 5
    assert view.graph.selected == {"script"}


def test_the_point_under_the_cursor_stays_when_zooming(view: GraphView) -> None:
    at = QPointF(420, 260)
    before = view.mapToScene(at.toPoint())
    for delta in (120, 120, 120, -120):
        event = QWheelEvent(
            at, view.mapToGlobal(at), QPoint(), QPoint(0, delta), Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.ControlModifier, Qt.ScrollPhase.NoScrollPhase, False,
        )  # fmt: skip
        QApplication.sendEvent(view.viewport(), event)
    after = view.mapToScene(at.toPoint())
    assert abs(after.x() - before.x()) < 3
    assert abs(after.y() - before.y()) < 3


def test_the_middle_button_and_space_pan(view: GraphView) -> None:
    before = view.mapToScene(QPoint(0, 0))
    QTest.mousePress(view.viewport(), Qt.MouseButton.MiddleButton, NONE, QPoint(300, 300))
    QTest.mouseMove(view.viewport(), QPoint(340, 320))
    QTest.mouseRelease(view.viewport(), Qt.MouseButton.MiddleButton, NONE, QPoint(340, 320))
    panned = view.mapToScene(QPoint(0, 0))
    assert panned.x() < before.x()
    assert panned.y() < before.y()
    QTest.keyPress(view, Qt.Key.Key_Space)
    drag(view, QPoint(340, 320), QPoint(300, 300))
    QTest.keyRelease(view, Qt.Key.Key_Space)
    assert view.mapToScene(QPoint(0, 0)) == before
    assert view.graph.selected == set()


def test_page_keys_walk_the_tasks_and_arrows_move_them(view: GraphView, session: EditorSession) -> None:
    view.setFocus()
    QTest.keyClick(view, Qt.Key.Key_PageUp)
    assert view.graph.selected == {"join"}
    QTest.keyClick(view, Qt.Key.Key_PageDown)
    assert view.graph.selected == {"split"}
    QTest.keyClick(view, Qt.Key.Key_PageDown)
    assert view.graph.selected == {"work"}
    QTest.keyClick(view, Qt.Key.Key_Down)
    QTest.keyClick(view, Qt.Key.Key_Down)
    assert session.document.facts["work"].position == (300, 20)
    assert session.undo.count() == 1
    QTest.keyClick(view, Qt.Key.Key_Right, Qt.KeyboardModifier.ControlModifier)
    assert view.graph.selected == {"join"}
    chosen: list[str] = []
    view.activated.connect(chosen.append)
    QTest.keyClick(view, Qt.Key.Key_Return)
    assert chosen == ["join"]
