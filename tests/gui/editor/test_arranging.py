"""Aligning, distributing, laying out, choosing along links, and links drawn by keys."""

from __future__ import annotations

from itertools import combinations, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot
from tests.depth import examples

from windlass_gui.editor.canvas.arrange import align, distribute, make_room
from windlass_gui.editor.canvas.layout import NODE_HEIGHT, NODE_WIDTH, Point
from windlass_gui.editor.canvas.reach import connected, downstream, upstream
from windlass_gui.editor.canvas.view import GraphView
from windlass_gui.editor.document.document import Document
from windlass_gui.editor.document.session import EditorSession
from windlass_gui.look.motion import motion_reduced, reduce_motion

from .conftest import GRAPH
from .mouse import LEFT, NONE, SHIFT, drag, middle, on_link

PLACES = st.dictionaries(
    st.sampled_from("abcdefgh"), st.tuples(st.integers(-900, 900), st.integers(-900, 900)), min_size=1
)


def _overlap(one: Point, two: Point) -> bool:
    return abs(one[0] - two[0]) < NODE_WIDTH and abs(one[1] - two[1]) < NODE_HEIGHT


@given(PLACES, st.sampled_from(["left", "column", "right", "top", "row", "bottom"]))
def test_aligned_nodes_are_on_one_line_and_never_on_one_another(places: dict[str, Point], side: str) -> None:
    found = align(places, side)  # type: ignore[arg-type]
    axis = 0 if side in ("left", "column", "right") else 1
    values = [point[axis] for point in places.values()]
    line = {"left": min, "top": min, "right": max, "bottom": max}.get(side, lambda v: (min(v) + max(v)) / 2)(values)
    assert {point[axis] for point in found.values()} == {line}
    assert not any(_overlap(one, two) for one, two in combinations(found.values(), 2))


@given(PLACES, st.integers(0, 1))
def test_distributed_nodes_stand_in_equal_steps(places: dict[str, Point], axis: int) -> None:
    found = distribute(places, axis)
    along = sorted(point[axis] for point in found.values())
    steps = [b - a for a, b in pairwise(along)]
    assert all(abs(step - steps[0]) < 1e-6 for step in steps)
    assert along[0] == min(point[axis] for point in places.values())
    assert {n: p[1 - axis] for n, p in found.items()} == {n: p[1 - axis] for n, p in places.items()}


@given(st.integers(240, 900), st.integers(-200, 200), st.integers(-100, 900))
@settings(max_examples=examples(60))
def test_what_is_inserted_has_room(away: int, down: int, x: int) -> None:
    points = {"a": (0.0, 0.0), "b": (float(away), float(down)), "c": (away + 300.0, 0.0), "far": (away + 50.0, 900.0)}
    spot, moved = make_room(points, ["b", "c"], points["a"], (float(x), down / 2), points["b"])
    after = {**points, **moved}
    assert "far" not in moved
    assert x < -20 or not _overlap(spot, after["a"])
    assert not _overlap(spot, after["b"]) or spot[0] > after["b"][0]
    assert after["c"][0] - after["b"][0] == points["c"][0] - points["b"][0]


def test_before_behind_and_around() -> None:
    text = "windlass: 1\ntasks:\n" + "".join(
        f"  {task}: {{command: x, needs: [{needs}]}}\n"
        for task, needs in (("a", ""), ("b", "a"), ("c", "b"), ("d", "b, ghost"), ("e", ""))
    )
    facts = Document(text).facts
    assert upstream(facts, ["c"]) == {"a", "b", "c"}
    assert downstream(facts, ["b"]) == {"b", "c", "d"}
    assert connected(facts, ["c"]) == {"a", "b", "c", "d"}
    assert connected(facts, ["e"]) == {"e"}


@pytest.fixture
def moving(qapp: object) -> object:
    """Things glide, whatever the platform says."""
    reduce_motion(False)
    if motion_reduced():
        pytest.skip("this style never animates")
    yield
    reduce_motion(False)


def test_a_layout_glides_and_is_one_step(view: GraphView, session: EditorSession, moving: None, qtbot: QtBot) -> None:
    session.move({"join": (0.0, 300.0)})
    text = session.document.text
    view.arranging.lay_out()
    target = session.document.facts["join"].position
    assert target is not None
    assert view.graph.geometry.point("join") == (0.0, 300.0), "it begins where it was"
    qtbot.waitUntil(lambda: view.graph.geometry.point("join") == target)
    assert session.undo.undoText() == "lay out"
    session.undo.undo()
    assert session.document.text == text
    assert view.graph.geometry.point("join") == (0.0, 300.0)


def test_an_edit_ends_the_gliding_and_nothing_is_left_half_way(
    view: GraphView, session: EditorSession, moving: None, qtbot: QtBot
) -> None:
    session.move({"join": (0.0, 300.0), "work": (0.0, 600.0)})
    view.arranging.lay_out()
    qtbot.waitUntil(lambda: view.graph.geometry.point("join") != (0.0, 300.0))
    session.undo.undo()
    assert view.graph.geometry.point("join") == (0.0, 300.0)
    assert view.graph.geometry.point("work") == (0.0, 600.0)


def test_with_motion_reduced_everything_is_there_at_once(view: GraphView, session: EditorSession) -> None:
    reduce_motion(True)
    try:
        session.move({"join": (0.0, 300.0)})
        view.arranging.lay_out()
        assert view.graph.geometry.point("join") == session.document.facts["join"].position
        view.zoom_to(0.5, animated=True)
        assert view.zoom == pytest.approx(0.5)
    finally:
        reduce_motion(False)


def test_only_the_chosen_are_laid_out_and_stay_about_where_they_were(view: GraphView, session: EditorSession) -> None:
    session.move({"work": (310.0, 500.0), "join": (290.0, 420.0)})
    view.graph.select(["work", "join"])
    view.arranging.lay_out(chosen_only=True)
    facts = session.document.facts
    assert facts["split"].position == (0, 0)
    assert facts["work"].position == (290, 420)
    assert facts["join"].position == (580, 420)


def test_the_zoom_goes_in_the_usual_steps(view: GraphView) -> None:
    view.zoom_to(0.9)
    view.zoom_step(larger=True)
    assert view.zoom == pytest.approx(1.0)
    view.zoom_step(larger=False)
    view.zoom_step(larger=False)
    assert view.zoom == pytest.approx(0.67)


# --- links by keys ---------------------------------------------------------------------------------------------


def test_a_link_is_drawn_by_keys(view: GraphView, session: EditorSession) -> None:
    view.setFocus()
    view.graph.select(["split"])
    view.keyboard.begin_link()
    QTest.keyClick(view, Qt.Key.Key_Right)
    assert "already" in view.labels.hint.text()
    QTest.keyClick(view, Qt.Key.Key_Right)
    assert view.labels.hint.text().startswith("Arrows")
    QTest.keyClick(view, Qt.Key.Key_Return, SHIFT)
    assert ("split", True) in session.document.facts["join"].needs
    session.undo.undo()
    assert session.document.text == GRAPH


def test_tab_goes_to_what_may_be_linked_and_escape_leaves(view: GraphView, session: EditorSession) -> None:
    view.setFocus()
    view.graph.select(["split"])
    view.keyboard.begin_link()
    QTest.keyClick(view, Qt.Key.Key_Tab)
    assert view.gesture is not None
    assert view.gesture.target == "join"  # type: ignore[attr-defined]
    QTest.keyClick(view, Qt.Key.Key_Escape)
    assert view.gesture is None
    assert session.document.text == GRAPH
    assert view.graph.selected == {"split"}


def test_the_mouse_may_point_to_the_task(view: GraphView, session: EditorSession) -> None:
    view.graph.select(["split"])
    view.keyboard.begin_link()
    QTest.mouseMove(view.viewport(), middle(view, "join"))
    QTest.mouseClick(view.viewport(), LEFT, NONE, middle(view, "join"))
    assert ("split", False) in session.document.facts["join"].needs


def test_several_are_linked_as_one_step(view: GraphView, session: EditorSession) -> None:
    for at in (200.0, 300.0):
        session.add_task("command", (0.0, at))
    steps = session.undo.count()
    view.graph.select(["command", "command-2"])
    view.keyboard.begin_link()
    QTest.mouseClick(view.viewport(), LEFT, NONE, middle(view, "join"))
    assert [need for need, _ in session.document.facts["join"].needs] == ["work", "command", "command-2"]
    assert session.undo.count() == steps + 1


def test_links_are_walked_and_taken_elsewhere_by_keys(view: GraphView, session: EditorSession) -> None:
    view.setFocus()
    view.graph.select(["work"])
    view.keyboard.next_link()
    assert view.graph.selected_links == {("split", "work")}
    view.keyboard.next_link()
    assert view.graph.selected_links == {("work", "join")}
    view.keyboard.next_link()
    assert view.graph.selected_links == {("split", "work")}
    view.keyboard.begin_link()
    QTest.keyClick(view, Qt.Key.Key_Right)
    QTest.keyClick(view, Qt.Key.Key_Right)
    QTest.keyClick(view, Qt.Key.Key_Return)
    assert session.document.facts["work"].needs == ()
    assert [need for need, _ in session.document.facts["join"].needs] == ["work", "split"]


def test_a_drag_after_a_drag_by_keys_is_its_own(view: GraphView, session: EditorSession) -> None:
    view.graph.select(["split"])
    view.keyboard.begin_link()
    QTest.mouseClick(view.viewport(), LEFT, NONE, QPoint(5, 5))
    assert view.gesture is None
    drag(view, on_link(view, ("split", "work")), on_link(view, ("split", "work")) + QPoint(0, 120))
    assert session.document.facts["work"].needs == ()
