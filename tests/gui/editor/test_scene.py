"""The scene says what the document says, after any edit, and large graphs are painted in one batch."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from numpy.typing import NDArray
from PySide6.QtGui import QImage, QPainter, QPixmap
from PySide6.QtWidgets import QStyleOptionGraphicsItem
from pytestqt.qtbot import QtBot
from tests.depth import examples

from windlass.wire.rows import Counts, TaskRow
from windlass_gui.editor.canvas.link_item import LinkItem
from windlass_gui.editor.canvas.live import node_live
from windlass_gui.editor.canvas.node_item import NodeItem
from windlass_gui.editor.canvas.scene import GraphScene
from windlass_gui.editor.canvas.view import GraphView
from windlass_gui.editor.document.session import EditorSession
from windlass_gui.look.theme import load_theme

from .agreeing import mirrors
from .any_edits import OPERATIONS, do_edit
from .conftest import GRAPH


@given(OPERATIONS)
@settings(
    max_examples=examples(40),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_the_scene_mirrors_the_document(qapp: object, operations: list[tuple[str, int, int]]) -> None:
    session = EditorSession(GRAPH)
    scene = GraphScene(session.document, load_theme("dark"))
    for what, one, two in operations:
        do_edit(session, what, one, two)
        mirrors(scene)


def test_a_need_of_a_task_that_comes_later_is_linked_then(session: EditorSession) -> None:
    session.set_field("split", "needs", ["ghost"])
    scene = GraphScene(session.document, load_theme("dark"))
    assert ("ghost", "split") not in scene.links
    session.rename(session.add_task("command", (0, 200)), "ghost")
    assert ("ghost", "split") in scene.links


def test_states_come_and_go_with_the_run(session: EditorSession) -> None:
    scene = GraphScene(session.document, load_theme("light"))
    row = TaskRow(1, "work", "", True, 3, Counts(succeeded=1, failed=1, active=1))
    scene.show_live({"work": node_live(row)}, whole=True)
    live = scene.nodes["work"].live
    assert live is not None
    assert (live.state, live.caption) == ("active", "2 of 3 · 1 failed · 1 running")
    scene.show_live({}, whole=True)
    assert scene.nodes["work"].live is None


def test_many_nodes_are_painted_in_one_batch_and_few_by_themselves(qtbot: QtBot) -> None:
    tasks = "".join(f"  t{i}: {{command: x, position: [{i % 60 * 220}, {i // 60 * 90}]}}\n" for i in range(900))
    session = EditorSession(f"windlass: 1\nname: many\ntasks:\n{tasks}")
    view = GraphView(session, load_theme("dark"))
    qtbot.addWidget(view)
    view.resize(900, 600)
    view.show()
    view.fit()
    view.viewport().grab()
    assert view.graph.batched
    view.zoom_reset()
    view.viewport().grab()
    assert not view.graph.batched


def test_a_fitted_graph_stays_in_view_when_the_window_changes(session: EditorSession, view: GraphView) -> None:
    def seen() -> bool:
        return view.mapToScene(view.viewport().rect()).boundingRect().contains(view.graph.extent())

    for size in ((2000, 1200), (300, 200)):
        view.resize(*size)
        assert seen()
    view.zoom_middle(3.0)
    zoom, middle = view.zoom, view.mapToScene(view.viewport().rect().center())
    view.resize(900, 700)
    assert view.zoom == zoom, "who has zoomed wants to see that part"
    away = view.mapToScene(view.viewport().rect().center()) - middle
    assert abs(away.x()) + abs(away.y()) < 4 / zoom
    view.fit()
    session.add_task("command", (5000.0, 0.0))
    zoom = view.zoom
    view.resize(800, 600)
    assert view.zoom == zoom, "an edit must not make the canvas jump"


def test_a_view_without_width_has_a_zoom(view: GraphView) -> None:
    view.resize(0, 300)
    view.fit()
    assert view.zoom > 0
    view.reveal("join")
    view.resize(800, 600)
    view.fit()
    assert view.visible_rect.contains(view.graph.extent())


def test_every_look_of_a_node_paints(session: EditorSession, view: GraphView, each_theme: str) -> None:
    view.show_theme(load_theme(each_theme))
    before = view.grab().toImage()
    for state in ("pending", "ready", "active", "backoff", "succeeded", "failed", "cancelled", "skipped"):
        row = TaskRow(1, "work", "", True, 3, Counts(**{state: 3}))
        view.graph.show_live({"work": node_live(row), "join": node_live(TaskRow(2, "join", "", False, 1, row.counts))})
        view.graph.select(["join"])
        view.graph.show_problems({"split": "wrong"})
        picture: QPixmap = view.grab()
        assert picture.toImage() != before


@pytest.mark.parametrize(("deadline", "word"), [("endangered", "will probably miss"), ("missed", "has missed")])
def test_a_deadline_is_marked_at_every_zoom(
    session: EditorSession, view: GraphView, each_theme: str, deadline: str, word: str
) -> None:
    def picture() -> QImage:
        return view.grab().toImage()

    on_time = {"work": node_live(TaskRow(1, "work", "", False, 1, Counts(active=1)))}
    late = {"work": node_live(TaskRow(1, "work", "", False, 1, Counts(active=1), deadline=deadline))}
    assert word in late["work"].words
    scene = view.graph
    scene.show_theme(load_theme(each_theme))
    for zoom in (1.0, 0.3):
        view.zoom_middle(zoom / view.zoom)
        scene.show_live(on_time)
        before = picture()
        scene.show_live(late)
        assert picture() != before
        scene.show_live(on_time)
        assert picture() == before
    scene.set_batched(True)

    def batch() -> QImage:
        """The one paint for all nodes, by itself: the view would go back to single ones for so few."""
        image = QImage(1000, 400, QImage.Format.Format_RGB32)
        image.fill(0)
        painter = QPainter(image)
        painter.translate(50, 50)
        option = QStyleOptionGraphicsItem()
        option.exposedRect = scene._batch.boundingRect()
        scene._batch.paint(painter, option)
        painter.end()
        return image

    scene.show_live(on_time)
    before = batch()
    scene.show_live(late)
    assert batch() != before
    scene.show_live(on_time)
    assert batch() == before
    scene.show_live(late)
    scene.show_live({}, whole=True)
    assert not scene._batch.late


def test_items_are_made_for_what_is_seen_and_let_go_when_there_are_many(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("windlass_gui.editor.canvas.scene.KEPT", 10)
    tasks = "".join(
        f"  t{at}: {{command: x, needs: [{f't{at - 1}' if at else ''}], position: [{at * 300}, 0]}}\n"
        for at in range(60)
    )
    session = EditorSession("windlass: 1\ntasks:\n" + tasks)
    view = GraphView(session, load_theme("dark"))
    qtbot.addWidget(view)
    view.resize(800, 400)
    with qtbot.waitExposed(view):
        view.show()
    scene = view.graph
    view.graph.show_problems({"t50": "wrong"})
    scene.select(["t50"])
    view.reveal("t1")
    view.viewport().repaint()
    assert set(scene.nodes) == set(session.document.facts)
    assert "t1" in scene.nodes.now
    assert "t50" not in scene.nodes.now
    assert len(scene.nodes.now) < 10
    scene.select(["t50"])
    for at in range(0, 60, 2):
        view.centerOn(scene.node_rect(f"t{at}").center())
        view.viewport().repaint()
        assert f"t{at}" in scene.nodes.now
        assert len(scene.nodes.now) < 20
    assert "t1" not in scene.nodes.now
    assert (scene.nodes["t50"].selected, scene.nodes["t50"].problem) == (True, "wrong")
    assert scene.nodes["t1"].problem == ""
    assert _drawn(scene)


def _drawn(scene: GraphScene) -> bool:
    """Every item that there is stands in the scene, and no other."""
    items = set(scene.items())
    made = {*scene.nodes.now.values(), *scene.links.now.values()}
    return made <= items and sum(isinstance(item, (NodeItem, LinkItem)) for item in items) == len(made)


def test_what_a_pan_uncovers_of_a_large_graph_looks_as_if_it_had_been_there(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("windlass_gui.editor.canvas.view.BATCH_FROM", 5)
    tasks = "".join(
        f"  t{at}: {{command: x, needs: [{f't{at - 7}' if at > 6 else ''}], position: [{at % 10 * 250}, {at * 23}]}}\n"
        for at in range(100)
    )
    view = GraphView(EditorSession("windlass: 1\ntasks:\n" + tasks), load_theme("dark"))
    qtbot.addWidget(view)
    view.resize(700, 500)
    with qtbot.waitExposed(view):
        view.show()
    view.zoom_middle(0.31 / view.zoom)
    for dx, dy in ((40, 0), (-13, 27), (3, -91), (200, 150)):
        view.pan(dx, dy)
        panned = _pixels(view)
        assert view.graph.batched
        view.graph._batch.refresh()
        # A line that was painted in two parts may step from one pixel to the next elsewhere than one painted at once.
        assert np.count_nonzero(_pixels(view) != panned) < panned.size / 1000


def _pixels(view: GraphView) -> NDArray[np.uint32]:
    image = view.viewport().grab().toImage()
    return np.frombuffer(image.constBits(), np.uint32).copy()
