"""Text beside canvas: two live views of one document, whatever is done in either."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from PySide6.QtGui import QTextCursor
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot
from tests.depth import examples

from windlass_gui.editor.document.document import Document
from windlass_gui.editor.document.session import EditorSession
from windlass_gui.editor.page import EditorPage
from windlass_gui.editor.text.code.patch import plain_text
from windlass_gui.look.theme import load_theme

from .conftest import GRAPH


@pytest.fixture
def page(session: EditorSession, qtbot: QtBot) -> Iterator[EditorPage]:
    made = _page(session)
    qtbot.addWidget(made)
    yield made
    made.show_session(None)


def _page(session: EditorSession) -> EditorPage:
    made = EditorPage(load_theme("dark"))
    made.resize(1000, 600)
    made.show()
    made.show_session(session)
    made.show_mode("both")
    return made


def _cursor(page: EditorPage, before: str) -> None:
    """The cursor behind some words of the text."""
    edit = page.text.edit
    edit.setFocus()
    found = edit.document().find(before)
    assert not found.isNull()
    found.clearSelection()
    edit.setTextCursor(found)


def test_what_is_typed_is_on_the_canvas_after_a_pause(page: EditorPage, session: EditorSession, qtbot: QtBot) -> None:
    _cursor(page, "echo split")
    QTest.keyClicks(page.text.edit, " more")
    assert session.undo.count() == 0
    qtbot.waitUntil(lambda: session.undo.count() == 1)
    assert session.document.task("split")["command"] == "echo split more"
    assert session.undo.undoText() == "edit the text of “split”"
    session.step_back()
    assert session.document.text == GRAPH == plain_text(page.text.edit)


def test_an_edit_on_the_canvas_keeps_the_cursor_and_flashes(page: EditorPage, session: EditorSession) -> None:
    _cursor(page, "echo two")
    session.move({"split": (50, 60)})
    edit = page.text.edit
    assert plain_text(edit) == session.document.text
    assert edit.textCursor().block().text().strip() == "echo two"
    tinted = {each.cursor.block().text().strip() for each in edit.extraSelections()}
    assert tinted == {"echo two", "position: [50, 60]"}


def test_what_is_being_typed_comes_before_an_edit_elsewhere(page: EditorPage, session: EditorSession) -> None:
    _cursor(page, "echo split")
    QTest.keyClicks(page.text.edit, " more")
    session.set_field("join", "title", "Meanwhile")
    assert session.undo.count() == 2
    assert session.document.task("split")["command"] == "echo split more"
    assert plain_text(page.text.edit) == session.document.text
    session.step_back()
    session.step_back()
    assert plain_text(page.text.edit) == GRAPH


def test_an_error_marks_its_line_and_leaves_the_canvas(page: EditorPage, session: EditorSession) -> None:
    assert page.view is not None
    _cursor(page, "outputs: [a.txt")
    QTest.keyClick(page.text.edit, Qt.Key.Key_Delete)
    page.text.apply()
    session.check_now()
    assert session.document.unreadable
    assert set(page.view.graph.nodes) == {"split", "work", "join"}
    assert page.strip.isVisible()
    assert page.text.edit.marks
    refused: list[str] = []
    session.refused.connect(refused.append)
    session.move({"split": (50, 60)})
    assert refused
    assert plain_text(page.text.edit) == session.document.text
    page.strip.button.click()
    assert page.text.edit.hasFocus()
    QTest.keyClick(page.text.edit, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert session.document.unreadable, "the box has no history of its own"
    session.step_back()
    session.check_now()
    assert not page.strip.isVisible()
    assert plain_text(page.text.edit) == GRAPH


def test_choosing_goes_both_ways(page: EditorPage, session: EditorSession, qtbot: QtBot) -> None:
    assert page.view is not None
    page.view.graph.select(["join"])
    assert page.text.edit.textCursor().block().text() == "  join:"
    _cursor(page, "foreach")
    qtbot.waitUntil(lambda: page.view is not None and page.view.graph.selected == {"work"})
    assert page.text.edit.textCursor().block().text().strip().startswith("foreach"), "the cursor was left where it is"


def test_a_view_that_is_hidden_catches_up(page: EditorPage, session: EditorSession) -> None:
    page.show_mode("canvas")
    session.set_field("join", "title", "Meanwhile")
    assert "Meanwhile" not in plain_text(page.text.edit)
    assert not page.text.dirty
    page.go_to_line(3)
    assert page.mode == "both"
    assert plain_text(page.text.edit) == session.document.text
    assert page.text.edit.textCursor().block().text().startswith("name: small")


def test_blanks_that_do_not_break_and_line_ends_survive(qapp: object, qtbot: QtBot) -> None:
    text = GRAPH.replace("# the name", "# the\u00a0name").replace("\n", "\r\n")
    session = EditorSession(text)
    page = _page(session)
    qtbot.addWidget(page)
    assert not page.text.dirty
    _cursor(page, "echo split")
    QTest.keyClicks(page.text.edit, "!")
    page.text.apply()
    assert session.document.text == text.replace("echo split", "echo split!")
    page.show_session(None)


ACTS = st.lists(
    st.tuples(st.sampled_from(["type", "cut", "move", "field", "add", "remove", "undo", "redo"]),
              st.integers(0, 400), st.sampled_from([" x", "#", "\n", "  new: {command: a}\n", "[", "}", "é🙂"])),
    max_size=10,
)  # fmt: skip


@given(ACTS)
@settings(max_examples=examples(25), deadline=None, suppress_health_check=list(HealthCheck))
def test_text_and_canvas_never_disagree(qapp: object, acts: list[tuple[str, int, str]]) -> None:
    session = EditorSession(GRAPH)
    page = _page(session)
    edit, view = page.text.edit, page.view
    assert view is not None
    for what, place, text in acts:
        tasks = list(session.document.facts)
        task = tasks[place % len(tasks)] if tasks else ""
        cursor = QTextCursor(edit.document())
        cursor.setPosition(place % edit.document().characterCount())
        match what:
            case "type":
                cursor.insertText(text)
            case "cut":
                cursor.movePosition(QTextCursor.MoveOperation.NextWord, QTextCursor.MoveMode.KeepAnchor)
                cursor.removeSelectedText()
            case "move" if task:
                view.graph.select([task])
                QTest.keyClick(view, Qt.Key.Key_Right)
            case "field" if task:
                session.set_field(task, "title", f"Number {place}")
            case "add":
                session.add_task("command", (place, place))
            case "remove" if task:
                session.remove([task])
            case "undo":
                session.step_back()
            case "redo":
                session.step_forward()
    page.text.apply()
    assert plain_text(edit) == session.document.text
    if not session.document.unreadable:
        fresh = Document(session.document.text)
        assert fresh.facts == session.document.facts
        assert set(view.graph.nodes) == set(fresh.facts)
    while session.undo.canUndo():
        session.step_back()
    assert plain_text(edit) == session.document.text == GRAPH
    page.show_session(None)
    page.deleteLater()
