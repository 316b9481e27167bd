"""Finding, the minimap and the zoom: what shows where one is and leads elsewhere."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from windlass.wire.rows import Counts, TaskRow
from windlass_gui.editor.canvas.live import node_live
from windlass_gui.editor.canvas.minimap import INSET
from windlass_gui.editor.canvas.search import TaskSearch
from windlass_gui.editor.canvas.view import GraphView
from windlass_gui.editor.document.session import EditorSession
from windlass_gui.look.theme import load_theme

from .mouse import CTRL, LEFT, NONE, SHIFT

# --- find --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("work", ["work"]),
        ("ECHO", ["split", "work", "join"]),
        ("echo one", ["join"]),
        ("big title", ["split"]),
        ("gpu*", ["join"]),
        ("nothing", []),
        ("  ", []),
    ],
)
def test_words_are_found_in_ids_titles_commands_and_labels(
    session: EditorSession, words: str, found: list[str]
) -> None:
    session.set_field("split", "title", "A Big Title")
    session.set_field("join", "where", ["hostname == gpu*"])
    assert TaskSearch(session.document).matches(words) == found


def test_enter_goes_on_and_shift_enter_back(view: GraphView) -> None:
    bar = view.find_bar
    bar.open()
    QTest.keyClicks(bar.words, "echo")
    assert bar.count.text() == "1 of 3"
    assert bar.outlines.nodes == {"split", "work", "join"}
    seen = []
    for modifiers in (NONE, NONE, NONE, SHIFT):
        QTest.keyClick(bar.words, Qt.Key.Key_Return, modifiers)
        seen.append(next(iter(view.graph.selected)))
    assert seen == ["work", "join", "split", "join"]
    assert bar.count.text() == "3 of 3"
    QTest.keyClick(bar.words, Qt.Key.Key_Escape)
    assert not bar.isVisible()
    assert not bar.outlines.nodes
    assert view.hasFocus()


def test_all_matches_become_the_selection(view: GraphView) -> None:
    view.find_bar.open()
    QTest.keyClicks(view.find_bar.words, "o")
    QTest.keyClick(view.find_bar.words, Qt.Key.Key_Return, CTRL)
    assert view.graph.selected == {"split", "work", "join"}


def test_what_is_found_follows_the_document(view: GraphView, session: EditorSession) -> None:
    view.find_bar.open()
    QTest.keyClicks(view.find_bar.words, "work")
    session.rename("work", "labour")
    assert view.find_bar.count.text() == "none"
    session.undo.undo()
    assert view.find_bar.count.text() == "1 of 1"


def test_matches_are_outlined_on_the_canvas(view: GraphView, each_theme: str) -> None:
    view.show_theme(load_theme(each_theme))
    before = view.viewport().grab().toImage()
    view.find_bar.open()
    QTest.keyClicks(view.find_bar.words, "echo")
    view.graph.select(())
    found = QColor(load_theme(each_theme).warn)
    image = view.viewport().grab().toImage()
    at = view.mapFromScene(QPointF(*view.graph.geometry.point("join")) + QPointF(100, -5))
    near = [image.pixelColor(at.x(), at.y() + dy) for dy in range(-3, 4)]
    assert any(abs(c.red() - found.red()) + abs(c.blue() - found.blue()) < 60 for c in near)
    assert image != before


# --- the minimap -------------------------------------------------------------------------------------------------


@pytest.fixture
def large(qtbot: QtBot) -> GraphView:
    tasks = "".join(f"  t{i}: {{command: x, position: [{i % 20 * 290}, {i // 20 * 100}]}}\n" for i in range(400))
    view = GraphView(EditorSession(f"windlass: 1\nname: many\ntasks:\n{tasks}"), load_theme("dark"))
    qtbot.addWidget(view)
    view.resize(900, 600)
    view.show()
    return view


def test_it_is_there_while_something_is_out_of_view(large: GraphView) -> None:
    large.fit()
    assert not large.minimap.isVisible()
    large.zoom_to(1.0)
    assert large.minimap.isVisible()
    large.minimap.want(False)
    assert not large.minimap.isVisible()
    large.minimap.want(True)
    large.resize(300, 200)
    assert not large.minimap.isVisible(), "it would only be in the way"


def test_a_click_goes_there_and_a_drag_moves_the_view(large: GraphView) -> None:
    large.zoom_to(1.0)
    large.centerOn(0, 0)
    map_ = large.minimap
    corner = QPoint(map_.width() - INSET - 4, map_.height() - INSET - 4)
    QTest.mouseClick(map_, LEFT, NONE, corner)
    assert large.visible_rect.contains(large.graph.node_rect("t399"))
    QTest.mousePress(map_, LEFT, NONE, corner)
    QTest.mouseMove(map_, QPoint(map_.width() // 2, map_.height() // 2))
    QTest.mouseRelease(map_, LEFT, NONE, QPoint(map_.width() // 2, map_.height() // 2))
    middle = large.graph.extent().center() - large.visible_rect.center()
    assert abs(middle.x()) < 400
    assert abs(middle.y()) < 300


def test_it_has_the_colours_of_a_run(large: GraphView, qtbot: QtBot) -> None:
    large.zoom_to(1.0)
    failed = load_theme("dark").state_color("failed").rgba()

    def reds() -> int:
        image = large.minimap._picture.toImage()
        return sum(image.pixel(x, y) == failed for x in range(image.width()) for y in range(image.height()))

    assert not reds()
    large.graph.show_live({"t210": node_live(TaskRow(0, "t210", "", False, 1, Counts(failed=1)))})
    qtbot.waitUntil(lambda: reds() > 0)


# --- the zoom ----------------------------------------------------------------------------------------------------


def test_the_zoom_is_told_and_offered(view: GraphView) -> None:
    view.zoom_to(0.5)
    assert view.zoom_button.text() == "50 %"
    menu = view.zoom_button.menu()
    next(action for action in menu.actions() if action.text() == "200 %").trigger()
    view.travel.motion.setCurrentTime(view.travel.motion.duration())
    assert view.zoom == pytest.approx(2.0)
    assert view.zoom_button.text() == "200 %"
