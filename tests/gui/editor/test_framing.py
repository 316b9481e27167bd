"""Frames and notes by mouse, key and menu."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QInputDialog
from pytestqt.qtbot import QtBot

from windlass.wire.rows import Counts
from windlass_gui.editor.canvas.live import NodeLive
from windlass_gui.editor.canvas.projection import FOLDED
from windlass_gui.editor.canvas.view import GraphView
from windlass_gui.editor.document.session import EditorSession

LEFT = Qt.MouseButton.LeftButton


def pixel(view: GraphView, x: float, y: float) -> QPoint:
    return view.mapFromScene(QPointF(x, y))


def click(view: GraphView, x: float, y: float) -> None:
    QTest.mouseClick(view.viewport(), LEFT, pos=pixel(view, x, y))


def drag(view: GraphView, start: tuple[float, float], end: tuple[float, float]) -> None:
    QTest.mousePress(view.viewport(), LEFT, pos=pixel(view, *start))
    for share in (0.3, 0.6, 1.0):
        at = [s + (e - s) * share for s, e in zip(start, end, strict=True)]
        QTest.mouseMove(view.viewport(), pixel(view, *at))
    QTest.mouseRelease(view.viewport(), LEFT, pos=pixel(view, *end))


@pytest.fixture
def framed(view: GraphView, session: EditorSession) -> GraphView:
    """`work` and `join` in a frame called `frame`."""
    session.canvas.frame(["work", "join"], "End")
    view.fit()
    return view


def title(view: GraphView, name: str = "frame") -> tuple[float, float]:
    rect = view.graph.frames.rects[name]
    return rect.left() + 60, rect.top() + 12


def mark(view: GraphView, name: str = "frame") -> tuple[float, float]:
    rect = view.graph.frames.rects[name]
    return rect.left() + 12, rect.top() + 12


def test_a_frame_is_one_step_and_undoing_gives_the_text_back(framed: GraphView, session: EditorSession) -> None:
    assert session.document.frames["frame"].tasks == ("work", "join")
    assert session.undo.undoText() == "frame 2 tasks"
    framed.framing.edits.fold(["frame"], True)
    framed.framing.edits.color_frame("frame", "blue")
    while session.undo.canUndo():
        session.undo.undo()
    assert "canvas" not in session.document.text
    assert set(framed.graph.nodes) == {"split", "work", "join"}


def test_its_mark_folds_it_and_a_double_click_opens_it(framed: GraphView, session: EditorSession) -> None:
    click(framed, *mark(framed))
    assert set(framed.graph.nodes) == {"split", FOLDED + "frame"}
    assert set(framed.graph.links) == {("split", FOLDED + "frame")}
    framed.fit()
    node = framed.graph.node_rect(FOLDED + "frame").center()
    QTest.mouseDClick(framed.viewport(), LEFT, pos=pixel(framed, node.x(), node.y()))
    assert set(framed.graph.nodes) == {"work", "join"}
    assert framed.framing.crumbs.isVisible()
    framed.framing.leave()
    assert set(framed.graph.nodes) == {"split", FOLDED + "frame"}
    assert framed.graph.selected == {"work", "join"}
    assert not framed.framing.crumbs.isVisible()


def test_dragging_its_title_moves_all_its_tasks(framed: GraphView, session: EditorSession) -> None:
    x, y = title(framed)
    drag(framed, (x, y), (x + 50, y + 100))
    assert session.document.facts["work"].position == (350, 100)
    assert session.document.facts["join"].position == (650, 100)
    assert session.undo.undoText() == "move tasks"


def test_dragging_a_folded_frame_moves_all_its_tasks(framed: GraphView, session: EditorSession) -> None:
    session.canvas.fold(["frame"], True)
    center = framed.graph.node_rect(FOLDED + "frame").center()
    drag(framed, (center.x(), center.y()), (center.x() + 40, center.y() - 60))
    assert session.document.facts["work"].position == (340, -60)
    assert session.document.facts["join"].position == (640, -60)
    assert framed.graph.selected == {"work", "join"}
    QTest.keyClick(framed, Qt.Key.Key_Right)
    assert session.document.facts["join"].position == (650, -60)


def test_a_folded_frame_shows_what_a_run_says_of_its_tasks(framed: GraphView, session: EditorSession) -> None:
    session.canvas.fold(["frame"], True)
    framed.graph.show_live(
        {"work": NodeLive("succeeded", Counts(succeeded=3), 3, True), "join": NodeLive("failed", Counts(failed=1), 1)}
    )
    live = framed.graph.nodes[FOLDED + "frame"].live
    assert live is not None
    assert (live.state, live.total, live.caption) == ("failed", 4, "4 of 4 · 1 failed")
    session.canvas.fold(["frame"], False)
    join = framed.graph.nodes["join"].live
    assert join is not None
    assert join.state == "failed"
    framed.graph.show_live({}, whole=True)
    assert framed.graph.nodes["join"].live is None


def test_a_task_in_a_folded_frame_is_found(framed: GraphView, session: EditorSession) -> None:
    session.canvas.fold(["frame"], True)
    framed.reveal("join")
    assert framed.graph.shown.inside == "frame"
    assert framed.graph.selected == {"join"}
    framed.reveal("split")
    assert framed.graph.shown.inside == ""
    assert framed.graph.selected == {"split"}


def ask(view: GraphView) -> dict[str, QAction]:
    """What the open menu offers, by its words up to a reason; empty when nothing is asked."""
    menu = view.frame_ends.menu
    assert menu is not None
    return {action.text().split(" — ")[0]: action for action in menu.actions() if action.text()}


def shown_port(view: GraphView, node: str, out: bool) -> tuple[float, float]:
    geometry = view.graph.geometry
    return geometry.out_port(node) if out else geometry.in_port(node)


def test_a_link_to_a_folded_frame_asks_for_the_task_inside(framed: GraphView, session: EditorSession) -> None:
    session.canvas.fold(["frame"], True)
    drag(framed, shown_port(framed, "split", True), shown_port(framed, FOLDED + "frame", False))
    offered = ask(framed)
    assert list(offered) == ["Which task in “End”?", "work", "join"]
    assert not offered["work"].isEnabled(), "it needs split already"
    assert "already" in offered["work"].text()
    before = session.undo.count()
    offered["join"].trigger()
    assert session.undo.count() == before + 1
    assert session.undo.undoText() == "link “split” to “join”"
    assert dict(session.document.facts["join"].needs) == {"work": False, "split": False}
    assert set(framed.graph.links) == {("split", FOLDED + "frame")}, "drawn to its border"


def test_leaving_the_question_changes_nothing(framed: GraphView, session: EditorSession) -> None:
    session.canvas.fold(["frame"], True)
    before = session.document.text
    drag(framed, shown_port(framed, "split", True), shown_port(framed, FOLDED + "frame", False))
    assert framed.frame_ends.menu is not None
    framed.frame_ends.menu.close()
    assert session.document.text == before


def test_a_link_from_a_folded_frame_that_would_be_a_circle_is_refused(
    framed: GraphView, session: EditorSession
) -> None:
    session.canvas.fold(["frame"], True)
    refusals: list[str] = []
    session.refused.connect(refusals.append)
    before = session.document.text
    drag(framed, shown_port(framed, FOLDED + "frame", True), shown_port(framed, "split", False))
    assert "circle" in refusals[0]
    assert framed.frame_ends.menu is None
    assert session.document.text == before


def test_a_link_from_frame_to_frame_asks_for_both_ends(framed: GraphView, session: EditorSession) -> None:
    session.add_task("command", (900, 0))
    session.add_task("command", (900, 200))
    session.canvas.frame(["command", "command-2"], "Late")
    session.canvas.fold(list(session.document.frames), True)
    framed.fit()
    late = next(node for node in framed.graph.nodes if node.startswith(FOLDED) and node != FOLDED + "frame")
    drag(framed, shown_port(framed, FOLDED + "frame", True), shown_port(framed, late, False))
    ask(framed)["command-2"].trigger()
    ask(framed)["join"].trigger()
    assert session.document.facts["command-2"].needs == (("join", False),)
    link = FOLDED + "frame", late
    session.remove((), framed.graph.task_links([link]))
    assert session.document.facts["command-2"].needs == ()


def test_a_frame_of_one_task_is_linked_at_once_and_by_key(framed: GraphView, session: EditorSession) -> None:
    session.add_task("command", (900, 0))
    session.canvas.frame(["command"], "One")
    session.canvas.fold([name for name, frame in session.document.frames.items() if frame.title == "One"], True)
    framed.fit()
    framed.graph.select(["join"])
    one = next(node for node in framed.graph.nodes if node.startswith(FOLDED))
    drag(framed, shown_port(framed, "join", True), shown_port(framed, one, False))
    assert session.document.facts["command"].needs == (("join", False),)
    session.step_back()
    framed.graph.select(["split"])
    framed.setFocus()
    framed.keyboard.begin_link()
    while framed.gesture is not None and getattr(framed.gesture, "target", "") != one:
        QTest.keyClick(framed, Qt.Key.Key_Tab)
    QTest.keyClick(framed, Qt.Key.Key_Return)
    assert session.document.facts["command"].needs == (("split", False),)


def test_the_end_of_a_link_goes_to_a_task_in_a_folded_frame(framed: GraphView, session: EditorSession) -> None:
    session.add_task("command", (300, 300))
    session.link("split", "command")
    session.canvas.fold(["frame"], True)
    framed.fit()
    framed.graph.select((), [("split", "command")])
    drag(framed, shown_port(framed, "command", False), shown_port(framed, FOLDED + "frame", False))
    ask(framed)["join"].trigger()
    assert session.document.facts["command"].needs == ()
    assert "split" in dict(session.document.facts["join"].needs)
    refusals: list[str] = []
    session.refused.connect(refusals.append)
    link = "split", FOLDED + "frame"
    framed.mouse._take_end(link, QPointF(*shown_port(framed, "split", True)))
    assert "2 links" in refusals[0]


def test_removing_the_frame_that_is_open_shows_the_canvas(framed: GraphView, session: EditorSession) -> None:
    framed.framing.open("frame")
    session.canvas.unframe("frame")
    assert set(framed.graph.nodes) == {"split", "work", "join"}
    assert not framed.framing.crumbs.isVisible()


def test_frames_lie_within_frames(view: GraphView, session: EditorSession, monkeypatch: pytest.MonkeyPatch) -> None:
    names = iter([("Outer", True), ("Inner", True)])
    monkeypatch.setattr(QInputDialog, "getText", lambda *_, **__: next(names))
    view.graph.select(["split", "work"])
    view.framing.frame_selection()
    view.graph.select(["work"])
    view.framing.frame_selection()
    frames = session.document.frames
    assert {frame.title: frame.within for frame in frames.values()} == {"Outer": "", "Inner": "frame"}
    assert view.framing.tasks_within("frame") == {"split", "work"}
    outer, inner = view.graph.frames.rects["frame"], view.graph.frames.rects["frame-2"]
    assert outer.contains(inner)
    session.canvas.unframe("frame")
    assert session.document.frames["frame-2"].within == ""
    session.canvas.put_into(["join"], "frame-2")
    assert session.document.frames["frame-2"].tasks == ("work", "join")
    view.graph.select(["join"])
    view.framing.take_out()
    assert session.document.frames["frame-2"].tasks == ("work",)


def test_a_note_is_written_moved_sized_and_removed(view: GraphView, session: EditorSession, qtbot: QtBot) -> None:
    view.framing.add_note()
    assert view.framing.typing is not None
    QTest.keyClicks(view.framing.typing, "Mind the gap")
    QTest.keyClick(view.framing.typing, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    (note,) = session.document.notes
    assert note.text == "Mind the gap"
    rect = view.graph.notes.rects[0]
    start = rect.left() + 30, rect.top() + 20
    drag(view, start, (start[0] - 100, start[1] + 60))
    moved = view.graph.notes.rects[0]
    assert (moved.left(), moved.top()) == pytest.approx((rect.left() - 100, rect.top() + 60), abs=10)
    corner = moved.right() - 4, moved.bottom() - 4
    drag(view, corner, (corner[0] + 60, corner[1] + 40))
    assert session.document.notes[0].size == pytest.approx((moved.width() + 60, moved.height() + 40), abs=10)
    assert view.graph.notes.selected == 0
    assert view.framing.remove_chosen_note()
    assert session.document.notes == ()
    for _ in range(5):
        session.undo.undo()
    assert "canvas" not in session.document.text


def test_escape_leaves_a_note_as_it_was(view: GraphView, session: EditorSession) -> None:
    session.canvas.add_note((0, 200), "first")
    view.framing.write(0)
    assert view.framing.typing is not None
    QTest.keyClicks(view.framing.typing, " and more")
    QTest.keyClick(view.framing.typing, Qt.Key.Key_Escape)
    assert session.document.notes[0].text == "first"
    assert view.framing.typing is None


def test_the_mouse_shows_what_a_press_would_do(view: GraphView, session: EditorSession) -> None:
    session.canvas.add_note((0, 200), "first")
    rect = view.graph.notes.rects[0]

    def over(x: float, y: float) -> Qt.CursorShape:
        QTest.mouseMove(view.viewport(), view.mapFromScene(QPointF(x, y)))
        return view.viewport().cursor().shape()

    assert over(rect.right() - 3, rect.bottom() - 3) == Qt.CursorShape.SizeFDiagCursor
    assert over(rect.left() + 3, rect.top() + 3) == Qt.CursorShape.ArrowCursor
    session.canvas.frame(["split", "work"], "Begin")
    frame = next(iter(view.graph.frames.rects.values()))
    assert over(frame.left() + 5, frame.top() + 5) == Qt.CursorShape.PointingHandCursor
    assert over(frame.right() - 30, frame.top() + 5) == Qt.CursorShape.ArrowCursor
    assert over(*view.graph.geometry.out_port("join")) == Qt.CursorShape.CrossCursor


def test_a_note_that_is_written_comes_into_view(view: GraphView, session: EditorSession) -> None:
    session.canvas.add_note((4000, 200), "far away")
    view.framing.write(0)
    assert view.framing.typing is not None
    assert view.viewport().rect().intersects(view.framing.typing.geometry())
    view.framing.end_typing()
