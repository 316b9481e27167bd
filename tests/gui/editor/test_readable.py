"""What the editor shows can be read: from afar, in a narrow window, and while something wrong is being typed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QFont, QFontMetricsF, QPainter, QPixmap
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QStyleOptionGraphicsItem
from pytestqt.qtbot import QtBot

from windlass_gui.editor.canvas.node_item import TITLE_SCALE, in_lines
from windlass_gui.editor.canvas.view import GraphView
from windlass_gui.editor.document.document import empty_text
from windlass_gui.editor.document.session import EditorSession
from windlass_gui.editor.form.field_edit import FieldEdit
from windlass_gui.editor.form.inspector import Inspector
from windlass_gui.editor.problems.problems import NARROW, ProblemsPane
from windlass_gui.editor.text.code import CodeEdit
from windlass_gui.look.theme import load_theme


@pytest.fixture
def metrics(qapp: object) -> QFontMetricsF:
    font = QFont()
    font.setPixelSize(13)
    return QFontMetricsF(font)


@pytest.fixture
def inspector(inspector: Inspector, view: GraphView) -> Inspector:
    view.graph.select(["work"])
    return inspector


@pytest.fixture
def pane(qtbot: QtBot) -> Iterator[ProblemsPane]:
    made = ProblemsPane(load_theme("light"))
    qtbot.addWidget(made)
    made.resize(NARROW + 100, 200)
    made.show()
    yield made
    made.show_session(None)


# --- the canvas ---


def test_a_name_is_cut_into_lines_where_its_parts_meet(metrics: QFontMetricsF) -> None:
    width = metrics.horizontalAdvance("download-all-")
    assert in_lines("short", metrics, width, 2) == ["short"]
    assert in_lines("download-all-files", metrics, width, 2) == ["download-all-", "files"]
    assert in_lines("download all files", metrics, width, 2) == ["download all", "files"]
    assert in_lines("download-all-files", metrics, width, 1)[0].endswith("…")
    long = in_lines("one two-" * 9, metrics, width, 2)
    assert len(long) == 2
    assert long[1].endswith("…")
    assert len(in_lines("withoutanyplacetocutit", metrics, width, 2)) == 1


def drawn_words(view: GraphView, task: str, scale: float, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What a node paints at a zoom."""
    said: list[str] = []
    monkeypatch.setattr(QPainter, "drawText", lambda _self, *arguments: said.append(arguments[-1]))
    paper = QPixmap(400, 200)
    painter = QPainter(paper)
    painter.scale(scale, scale)
    view.graph.nodes[task].paint(painter, QStyleOptionGraphicsItem())
    painter.end()
    return said


@pytest.mark.parametrize("scale", [0.2, 0.3, 0.42, 0.6])
def test_a_node_says_its_name_from_afar(view: GraphView, scale: float, monkeypatch: pytest.MonkeyPatch) -> None:
    assert drawn_words(view, "join", scale, monkeypatch) == ["join"]
    font, _ = view.graph.look.far_title(2 * round(10.5 / scale / 2))
    assert font.pixelSize() * scale >= 9.5, "letters on the screen"


def test_near_it_says_what_it_runs_too_and_from_far_away_nothing(
    view: GraphView, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert drawn_words(view, "split", TITLE_SCALE + 0.1, monkeypatch) == ["split", "echo split"]
    assert drawn_words(view, "split", 0.1, monkeypatch) == []


def test_a_new_name_shows_from_afar(view: GraphView, session: EditorSession, monkeypatch: pytest.MonkeyPatch) -> None:
    assert drawn_words(view, "split", 0.5, monkeypatch) == ["split"]
    session.set_field("split", "title", "Cut")
    assert drawn_words(view, "split", 0.5, monkeypatch) == ["Cut"]


@pytest.mark.parametrize("width", [260, 420, 1000])
def test_a_hint_stays_within_the_canvas_and_off_its_corners(view: GraphView, width: int) -> None:
    view.resize(width, 400)
    view.show_hint("This would make a circle: split → encode → join → compare → split", bad=True)
    hint = view.labels.hint.geometry()
    assert view.viewport().rect().contains(hint)
    assert not hint.intersects(view.zoom_button.geometry())


# --- the inspector ---


def test_typing_back_what_was_there_takes_the_reason_away(inspector: Inspector) -> None:
    field = inspector.field("resources.cpus")
    box = field.box
    box.setFocus()
    before = field.text
    QTest.keyClicks(box, "x")
    assert field.error
    assert box.property("invalid") is True
    QTest.keyClick(box, Qt.Key.Key_Backspace)
    assert field.text == before
    assert not field.error
    assert box.property("invalid") is False


def test_a_search_for_a_field_that_finds_none_says_so(inspector: Inspector) -> None:
    inspector.filter.setText("zzz")
    assert inspector._nothing.isVisibleTo(inspector)
    assert "zzz" in inspector._nothing.text()
    inspector.filter.setText("memory")
    assert not inspector._nothing.isVisibleTo(inspector)


def test_a_warning_does_not_look_like_an_error(inspector: Inspector, session: EditorSession, view: GraphView) -> None:
    view.graph.select([])
    theme = load_theme("dark")
    session.apply_text(session.document.text + "canvas: {frames: {a: {tasks: [gone]}}}\n")
    session.check_now()
    assert inspector._problems.isVisibleTo(inspector)
    assert theme.warn in inspector._problems.styleSheet()
    session.apply_text(session.document.text + "nothing: 1\n")
    session.check_now()
    assert theme.danger in inspector._problems.styleSheet()


def test_a_mapping_keeps_its_order_and_a_line_for_each_key(inspector: Inspector, session: EditorSession) -> None:
    assert inspector.scene is not None
    inspector.scene.select([])
    session.set_graph_field("params", {"size": 4, "axes": [1, 2], "mode": "5"})
    assert inspector.field("params").text == "size: 4\naxes: [1, 2]\nmode: '5'"


def test_what_the_graph_says_is_shown_in_fewer_words_where_it_has_no_room(
    inspector: Inspector, session: EditorSession
) -> None:
    session.set_graph_field("defaults", {"resources": {"memory": "256 MiB"}})
    box = inspector.field("resources.memory").box
    inspector.resize(340, 700)
    QTest.qWait(0)
    assert box.placeholderText() == "256 MiB"
    inspector.resize(600, 700)
    QTest.qWait(0)
    assert box.placeholderText() == "256 MiB (graph)"


# --- problems and text ---


def test_what_is_wrong_has_most_of_the_room(pane: ProblemsPane, session: EditorSession) -> None:
    pane.show_session(session)
    session.set_field("work", "command", "echo ${{ params.sise }}")
    session.check_now()
    where, fix = 1, 2
    header = pane.list.header()
    assert not pane.list.isColumnHidden(where)
    assert header.sectionSize(0) >= pane.list.viewport().width() * 0.45
    pane.resize(NARROW - 100, 200)
    assert pane.list.isColumnHidden(where)
    item = pane.list.topLevelItem(0)
    assert item is not None
    assert "line" in item.toolTip(0)
    session.set_field("work", "command", "echo")
    session.set_field("work", "retries", "many")
    session.check_now()
    assert pane.list.isColumnHidden(fix), "nobody knows a fix"


def test_text_is_not_scrolled_by_its_own_margin(qtbot: QtBot) -> None:
    edit = CodeEdit("yaml", load_theme("dark"))
    qtbot.addWidget(edit)
    edit.resize(200, 100)
    edit.setPlainText("a: " + "x" * 200)
    edit.show()
    bar = edit.horizontalScrollBar()
    bar.setValue(3)
    assert bar.value() == 0
    bar.setValue(30)
    assert bar.value() == 30


def test_new_graphs_have_names_of_their_own() -> None:
    assert "name: untitled\n" in empty_text()
    assert "name: untitled-3\n" in empty_text({"untitled", "untitled-2"})


def test_a_field_of_many_lines_is_outlined_too(inspector: Inspector) -> None:
    field = inspector.field("foreach")
    assert isinstance(field, FieldEdit)
    field.box.setPlainText("[1, 2")  # type: ignore[union-attr]
    assert field.box.property("invalid") is True
    assert field.error == "this '[' is never closed: add ']' behind its last entry"
