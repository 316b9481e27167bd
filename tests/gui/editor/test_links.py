"""Links as a person handles them: snapped, rerouted, cut, inserted into; each abandoned and each undone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt
from PySide6.QtGui import QContextMenuEvent, QDragLeaveEvent, QDragMoveEvent, QDropEvent, QHelpEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QToolTip
from pytestqt.qtbot import QtBot
from tests.depth import examples

from windlass_gui.editor.canvas.edge_scroll import REACH
from windlass_gui.editor.canvas.geometry import Geometry
from windlass_gui.editor.canvas.gestures import RerouteGesture
from windlass_gui.editor.canvas.gestures.aim import AimGesture
from windlass_gui.editor.canvas.link_index import LinkIndex
from windlass_gui.editor.canvas.link_item import link_path
from windlass_gui.editor.canvas.view import GraphView
from windlass_gui.editor.document.session import EditorSession
from windlass_gui.editor.parts.kinds import MIME_KIND

from .conftest import GRAPH
from .mouse import CTRL, LEFT, NONE, RIGHT, drag, hold, middle, on_link, port

Y = Qt.Key.Key_Y


def needs(session: EditorSession, task: str) -> tuple[str, ...]:
    return tuple(need for need, _ in session.document.facts[task].needs)


def undone(session: EditorSession, text: str = GRAPH) -> None:
    """The edit was one step, and undoing it gives the text back."""
    session.undo.undo()
    assert session.document.text == text


# --- snapping ------------------------------------------------------------------------------------------------


def test_a_link_jumps_to_a_port_within_sixteen_pixels(view: GraphView, session: EditorSession) -> None:
    near = port(view, "join", False) - QPoint(14, 0)
    hold(view, port(view, "split", True), near)
    gesture = view.gesture
    assert isinstance(gesture, AimGesture)
    assert gesture.target == "join"
    assert gesture.ring.isVisible()
    end = gesture.preview.path().currentPosition()
    assert (end.x(), end.y()) == view.graph.geometry.in_port("join")
    QTest.mouseRelease(view.viewport(), LEFT, NONE, near)
    assert needs(session, "join") == ("work", "split")
    undone(session)


def test_a_link_that_was_abandoned_leaves_nothing(view: GraphView, session: EditorSession) -> None:
    items = len(view.graph.items())
    hold(view, port(view, "split", True), port(view, "join", False))
    QTest.keyClick(view, Qt.Key.Key_Escape)
    QTest.mouseRelease(view.viewport(), LEFT, NONE, port(view, "join", False))
    assert len(view.graph.items()) == items
    assert session.undo.count() == 0
    assert not view.labels.hint.isVisible()


def test_another_button_does_not_end_a_drag(view: GraphView, session: EditorSession) -> None:
    hold(view, port(view, "split", True), port(view, "join", False))
    QTest.mouseClick(view.viewport(), RIGHT, NONE, port(view, "join", False))
    assert view.gesture is not None
    QTest.mouseRelease(view.viewport(), LEFT, NONE, port(view, "join", False))
    assert needs(session, "join") == ("work", "split")


# --- rerouting -----------------------------------------------------------------------------------------------


def test_the_end_of_a_link_goes_to_another_task(view: GraphView, session: EditorSession) -> None:
    drag(view, on_link(view, ("split", "work"), 0.7), port(view, "join", False))
    assert needs(session, "work") == ()
    assert needs(session, "join") == ("work", "split")
    assert view.graph.selected_links == {("split", "join")}
    undone(session)


def test_the_beginning_of_a_link_keeps_its_place_and_what_is_taken(view: GraphView, session: EditorSession) -> None:
    session.set_field("join", "needs", [{"task": "work", "each": True}, "split"])
    session.set_field("join", "inputs", ["work.outputs/a.txt", "other.csv"])
    session.add_task("command", (300, 200))
    view.fit()
    text = session.document.text
    drag(view, on_link(view, ("work", "join"), 0.3), port(view, "command", True))
    assert session.document.facts["join"].needs == (("command", True), ("split", False))
    assert session.document.task("join")["inputs"] == ["command.outputs/a.txt", "other.csv"]
    undone(session, text)


def test_a_reroute_that_makes_a_circle_is_refused_and_nothing_changes(view: GraphView, session: EditorSession) -> None:
    said: list[str] = []
    session.refused.connect(said.append)
    hold(view, on_link(view, ("split", "work"), 0.3), port(view, "join", True))
    assert "circle" in view.labels.hint.text()
    QTest.mouseRelease(view.viewport(), LEFT, NONE, port(view, "join", True))
    assert len(said) == 1
    assert session.document.text == GRAPH
    assert view.graph.links[("split", "work")].isVisible()


def test_a_link_dropped_on_nothing_goes_after_a_hint(view: GraphView, session: EditorSession) -> None:
    start = on_link(view, ("split", "work"))
    nowhere = start + QPoint(0, 150)
    hold(view, start, nowhere)
    assert "remove" in view.labels.hint.text()
    QTest.mouseRelease(view.viewport(), LEFT, NONE, nowhere)
    assert needs(session, "work") == ()
    assert not view.labels.hint.isVisible()
    undone(session)


def test_a_link_let_go_near_where_it_lay_stays(view: GraphView, session: EditorSession) -> None:
    start = on_link(view, ("split", "work"))
    drag(view, start, start + QPoint(3, 12))
    assert session.document.text == GRAPH
    assert view.graph.links[("split", "work")].isVisible()
    assert view.graph.selected_links == {("split", "work")}


def test_a_reroute_can_be_abandoned(view: GraphView, session: EditorSession) -> None:
    start = on_link(view, ("split", "work"))
    hold(view, start, start + QPoint(0, 150))
    assert not view.graph.links[("split", "work")].isVisible()
    QTest.keyClick(view, Qt.Key.Key_Escape)
    QTest.mouseRelease(view.viewport(), LEFT, NONE, start + QPoint(0, 150))
    assert view.graph.links[("split", "work")].isVisible()
    assert session.undo.count() == 0


def test_a_chosen_link_is_taken_at_its_port(view: GraphView) -> None:
    QTest.mouseClick(view.viewport(), LEFT, NONE, on_link(view, ("split", "work")))
    QTest.mousePress(view.viewport(), LEFT, NONE, port(view, "work", False))
    assert isinstance(view.gesture, RerouteGesture)
    QTest.keyClick(view, Qt.Key.Key_Escape)
    QTest.mouseRelease(view.viewport(), LEFT, NONE, port(view, "work", False))


# --- cutting -------------------------------------------------------------------------------------------------


@pytest.fixture
def across(view: GraphView) -> QPoint:
    """The mouse has drawn a line through both links, and is here."""
    first, second = on_link(view, ("split", "work")), on_link(view, ("work", "join"))
    down = QPoint(0, 60)
    hold(view, first - down, first + down, CTRL, RIGHT)
    QTest.mouseMove(view.viewport(), second + down)
    QTest.mouseMove(view.viewport(), second - down)
    return second - down


@pytest.mark.parametrize("how", ["Ctrl and the right button", "Y and the left button"])
def test_a_slice_cuts_the_links_that_it_crosses(view: GraphView, session: EditorSession, how: str) -> None:
    at = on_link(view, ("split", "work"))
    line = at - QPoint(0, 60), at + QPoint(4, 60)
    if how.startswith("Y"):
        QTest.keyPress(view, Y)
        drag(view, *line)
        QTest.keyRelease(view, Y)
        assert not view.keyboard.knife
    else:
        drag(view, *line, CTRL, RIGHT)
    assert needs(session, "work") == ()
    assert needs(session, "join") == ("work",)
    assert session.undo.undoText() == "cut 1 link"
    undone(session)


def test_a_slice_through_several_is_one_step_and_its_menu_stays_away(
    view: GraphView, session: EditorSession, across: QPoint
) -> None:
    asked: list[object] = []
    view.menu_asked.connect(lambda *_: asked.append(1))
    assert "2 links" in view.labels.hint.text()
    assert {item.verdict for item in view.graph.links.values()} == {"bad"}
    QTest.mouseRelease(view.viewport(), RIGHT, CTRL, across)
    QApplication.sendEvent(
        view.viewport(), QContextMenuEvent(QContextMenuEvent.Reason.Mouse, across, view.mapToGlobal(across))
    )
    assert asked == []
    assert (needs(session, "work"), needs(session, "join")) == ((), ())
    assert session.undo.undoText() == "cut 2 links"
    undone(session)


def test_a_slice_can_be_abandoned(view: GraphView, session: EditorSession, across: QPoint) -> None:
    items = len(view.graph.items())
    QTest.keyClick(view, Qt.Key.Key_Escape)
    QTest.mouseRelease(view.viewport(), RIGHT, CTRL, across)
    assert session.undo.count() == 0
    assert {item.verdict for item in view.graph.links.values()} == {""}
    assert len(view.graph.items()) == items - 1, "the line is gone"


# --- inserting -----------------------------------------------------------------------------------------------


def test_a_task_moved_onto_a_link_is_inserted(view: GraphView, session: EditorSession) -> None:
    session.add_task("command", (420, 200))
    session.set_field("join", "inputs", ["work.outputs"])
    view.fit()
    text, steps = session.document.text, session.undo.count()
    hold(view, middle(view, "command"), on_link(view, ("work", "join")))
    assert view.graph.links[("work", "join")].verdict == "good"
    assert "between “work” and “join”" in view.labels.hint.text()
    QTest.mouseRelease(view.viewport(), LEFT, NONE, on_link(view, ("work", "join")))
    assert needs(session, "command") == ("work",)
    assert needs(session, "join") == ("command",)
    assert session.document.task("command")["inputs"] == ["work.outputs"]
    assert "inputs" not in session.document.task("join")
    assert session.undo.count() == steps + 1
    assert "insert" in session.undo.undoText()
    undone(session, text)


def test_the_outputs_of_what_is_inserted_go_on(session: EditorSession) -> None:
    session.add_task("command", (0, 200))
    session.set_field("command", "outputs", ["b.txt"])
    session.set_field("join", "inputs", ["work.outputs", "own.csv"])
    assert session.insert("command", ("work", "join"), {})
    assert session.document.task("join")["inputs"] == ["command.outputs", "own.csv"]


def test_an_insertion_can_be_abandoned(view: GraphView, session: EditorSession) -> None:
    session.add_task("command", (420, 200))
    view.fit()
    text = session.document.text
    hold(view, middle(view, "command"), on_link(view, ("work", "join")))
    QTest.keyClick(view, Qt.Key.Key_Escape)
    QTest.mouseRelease(view.viewport(), LEFT, NONE, on_link(view, ("work", "join")))
    assert session.document.text == text
    assert view.graph.links[("work", "join")].verdict == ""
    assert view.graph.geometry.point("command") == (420, 200)


def test_a_task_with_links_is_inserted_only_with_control(view: GraphView, session: EditorSession) -> None:
    session.add_task("command", (0, 200))
    session.link("split", "command")
    view.fit()
    to = on_link(view, ("work", "join"))
    hold(view, middle(view, "command"), to)
    assert "Ctrl" in view.labels.hint.text()
    QTest.mouseRelease(view.viewport(), LEFT, NONE, to)
    assert needs(session, "join") == ("work",)
    session.undo.undo()
    hold(view, middle(view, "command"), to)
    QTest.mouseRelease(view.viewport(), LEFT, CTRL, to)
    assert needs(session, "join") == ("command",)


def test_an_insertion_that_makes_a_circle_is_refused(view: GraphView, session: EditorSession) -> None:
    session.add_task("command", (0, 200))
    session.link("join", "command")
    view.fit()
    text = session.document.text
    to = on_link(view, ("work", "join"))
    hold(view, middle(view, "command"), to)
    QTest.mouseRelease(view.viewport(), LEFT, CTRL, to)
    assert needs(session, "join") == ("work",)
    session.undo.undo()
    assert session.document.text == text, "it was only moved"


def _kind() -> QMimeData:
    data = QMimeData()
    data.setData(MIME_KIND, b"array")
    return data


def test_a_kind_dropped_on_a_link_is_inserted(view: GraphView, session: EditorSession) -> None:
    session.set_each("work", "join", True)
    text = session.document.text
    at, data, copy = on_link(view, ("work", "join")), _kind(), Qt.DropAction.CopyAction
    view.dragMoveEvent(QDragMoveEvent(at, copy, data, LEFT, NONE))
    assert view.graph.links[("work", "join")].verdict == "good"
    view.dropEvent(QDropEvent(QPointF(at), copy, data, LEFT, NONE))
    assert session.document.facts["each"].needs == (("work", True),)
    assert session.document.facts["join"].needs == (("each", True),)
    undone(session, text)


def test_a_kind_dragged_away_again_changes_nothing(view: GraphView, session: EditorSession) -> None:
    at, data = on_link(view, ("work", "join")), _kind()
    view.dragMoveEvent(QDragMoveEvent(at, Qt.DropAction.CopyAction, data, LEFT, NONE))
    view.dragLeaveEvent(QDragLeaveEvent())
    assert view.graph.links[("work", "join")].verdict == ""
    assert session.document.text == GRAPH


def test_a_kind_added_by_keyboard_goes_onto_the_chosen_link(view: GraphView, session: EditorSession) -> None:
    view.graph.select((), [("work", "join")])
    view.add_task("command")
    assert needs(session, "join") == ("command",)


# --- guides, edges, hovering ---------------------------------------------------------------------------------


def test_a_dragged_node_jumps_into_line_and_with_alt_goes_freely(view: GraphView, session: EditorSession) -> None:
    session.move({"split": (0, 3)})
    view.fit()
    away = QPoint(0, 90)
    drag(view, middle(view, "join"), middle(view, "join") + away)
    drag(view, middle(view, "join"), middle(view, "join") - away + QPoint(0, 1))
    position = session.document.facts["join"].position
    assert position is not None
    assert position[1] in (0, 3), "in line with one of the others, off the grid"
    start = middle(view, "join")
    QTest.mousePress(view.viewport(), LEFT, NONE, start)
    QTest.mouseMove(view.viewport(), start + QPoint(0, 40))
    QTest.mouseRelease(view.viewport(), LEFT, Qt.KeyboardModifier.AltModifier, start + QPoint(0, 43))
    position = session.document.facts["join"].position
    assert position is not None
    assert position[1] % 10


def test_the_view_follows_a_drag_past_its_edge_while_the_mouse_rests(view: GraphView, qtbot: QtBot) -> None:
    start = middle(view, "join")
    edge = QPoint(view.viewport().width() - REACH // 2, start.y())
    hold(view, start, edge)
    seen, at = view.visible_rect.left(), view.graph.geometry.point("join")[0]
    qtbot.waitUntil(lambda: view.visible_rect.left() > seen + 100)
    assert view.graph.geometry.point("join")[0] > at + 50
    QTest.keyClick(view, Qt.Key.Key_Escape)
    assert view.graph.geometry.point("join") == (600, 0)
    QTest.mouseRelease(view.viewport(), LEFT, NONE, edge)


def test_a_link_under_the_mouse_is_set_off(view: GraphView) -> None:
    item = view.graph.links[("split", "work")]
    plain = item.pen().widthF()
    QTest.mouseMove(view.viewport(), on_link(view, ("split", "work")))
    assert item.pen().widthF() > plain
    QTest.mouseMove(view.viewport(), QPoint(5, 5))
    assert item.pen().widthF() == plain


# --- the index -----------------------------------------------------------------------------------------------

SPOT = st.tuples(st.integers(-900, 900), st.integers(-600, 600))


@pytest.mark.slow
@given(st.lists(SPOT, min_size=2, max_size=6), SPOT)
@settings(max_examples=examples(60), deadline=None)
def test_the_index_knows_the_curves_that_are_drawn(qapp: object, spots: list[tuple[int, int]], at: QPoint) -> None:
    geometry = Geometry()
    for number, (x, y) in enumerate(spots):
        geometry.place(f"t{number}", (float(x), float(y)))
    links = [(f"t{number}", f"t{number + 1}") for number in range(len(spots) - 1)]
    index = LinkIndex(geometry)
    index.show(links)
    x, y = at
    away = {}
    for link in links:
        path = link_path(geometry.out_port(link[0]), geometry.in_port(link[1]))
        points = [path.pointAtPercent(share) for share in np.linspace(0, 1, 400)]
        away[link] = min(float(np.hypot(point.x() - x, point.y() - y)) for point in points)
        assert abs(index.distance(link, x, y) - away[link]) < 6
        mid = path.pointAtPercent(0.5)
        crossing = index.crossed((mid.x() - 3, mid.y() - 400), (mid.x() + 4, mid.y() + 400))
        assert link in crossing or abs(path.pointAtPercent(0.49).x() - mid.x()) < 1
    near = index.near(x, y, 300.0)
    if near is None:
        assert min(away.values()) > 294
    else:
        assert away[near] < min(away.values()) + 6


def test_an_undo_in_the_middle_of_a_drag_ends_it(view: GraphView, session: EditorSession) -> None:
    session.add_task("command", (300, 200))
    view.fit()
    hold(view, middle(view, "command"), middle(view, "command") + QPoint(30, 40))
    session.undo.undo()
    assert view.gesture is None
    QTest.mouseRelease(view.viewport(), LEFT, NONE, QPoint(400, 400))
    assert session.document.text == GRAPH


def test_arrow_keys_edit_nothing_while_something_is_dragged(view: GraphView, session: EditorSession) -> None:
    hold(view, middle(view, "work"), middle(view, "work") + QPoint(30, 40))
    QTest.keyClick(view, Qt.Key.Key_Right)
    assert session.undo.count() == 0
    assert view.gesture is not None
    QTest.keyClick(view, Qt.Key.Key_Escape)
    assert view.graph.geometry.point("work") == (300, 0)


def test_the_tip_of_a_link_says_what_may_be_done(view: GraphView) -> None:
    at = on_link(view, ("split", "work"))
    QApplication.sendEvent(view.viewport(), QHelpEvent(QEvent.Type.ToolTip, at, view.viewport().mapToGlobal(at)))
    assert QToolTip.text().startswith("split → work")
    QToolTip.hideText()
