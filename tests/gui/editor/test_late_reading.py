"""A large text is read elsewhere: whatever is done meanwhile, and in whatever order answers come, nothing disagrees."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QObject, Signal
from pytestqt.qtbot import QtBot

from windlass.model.reading import Reading, read_text
from windlass_gui.editor.document import document as document_module
from windlass_gui.editor.document import session as session_module
from windlass_gui.editor.document.session import EditorSession
from windlass_gui.editor.page import EditorPage
from windlass_gui.editor.text.code.patch import plain_text
from windlass_gui.files.saving import write_graph
from windlass_gui.look.theme import load_theme

from .agreeing import agree
from .any_edits import EDITS, do_edit
from .conftest import GRAPH
from .test_undo import ANCHORS, QUOTED, TEXTS

BROKEN = GRAPH.replace("needs: [split]", "needs: [split")


class Elsewhere(QObject):
    """Stands for the other process: it answers what the test says, when the test says so."""

    done = Signal(int, object)
    asked: list[tuple[Elsewhere, int, str]] = []

    def __init__(self, job: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.job = job

    def ask(self, number: int, text: str) -> None:
        if self.job == "read":
            self.asked.append((self, number, text))

    @classmethod
    def answer(cls, place: int = 0) -> None:
        """One of the questions, each once."""
        if cls.asked:
            elsewhere, number, text = cls.asked.pop(place % len(cls.asked))
            elsewhere.done.emit(number, msgspec.msgpack.decode(read_text(text.removeprefix("\ufeff")), type=Reading))


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Elsewhere]]:
    """Every text is a large one."""
    monkeypatch.setattr(document_module, "CHECKED_AT_ONCE", -1)
    monkeypatch.setattr(session_module, "LateWork", Elsewhere)
    Elsewhere.asked.clear()
    yield Elsewhere
    Elsewhere.asked.clear()
    # The sessions and their timers go here, in this thread, and not whenever Python happens to find them.
    for session in OPENED:
        session.deleteLater()
    OPENED.clear()


OPENED: list[EditorSession] = []


def _open(text: str) -> EditorSession:
    OPENED.append(EditorSession(text))
    return OPENED[-1]


def test_a_text_that_cannot_be_read_in_part_is_taken_over_later(qapp: object, elsewhere: type[Elsewhere]) -> None:
    session = _open(GRAPH)
    document = session.document
    facts = document.facts
    session.apply_text(ANCHORS)
    assert document.text == ANCHORS
    assert document.unread
    assert not document.unreadable
    assert document.facts == facts, "the last good state stays"
    assert (session.undo.count(), session.undo.undoText()) == (1, "edit text")
    elsewhere.answer()
    assert not document.unread
    assert session.undo.count() == 1, "what it says is no step of its own"
    assert set(document.facts) == {"a", "b"}
    agree(document)
    session.step_back()
    assert document.text == GRAPH
    session.settle()
    assert document.facts == facts


def test_a_bracket_left_open_and_closed(qapp: object, elsewhere: type[Elsewhere]) -> None:
    session = _open(GRAPH)
    document = session.document
    before = document.facts
    session.apply_text(BROKEN)
    assert session.undo.undoText() == "edit the text of “work”"
    assert document.unread
    elsewhere.answer()
    assert document.unreadable
    assert document.facts == before
    session.apply_text(BROKEN.replace("[split", "[]"))
    assert not document.unread, "beside the last good text only a line differs: nobody has to be asked"
    assert not elsewhere.asked
    assert document.facts["work"].needs == ()
    assert document.facts["join"] is before["join"]
    session.step_back()
    assert document.unreadable, "known from before"
    assert not elsewhere.asked
    session.step_back()
    assert not document.unreadable
    assert document.facts == before


def test_an_answer_that_is_overtaken_counts_for_nothing(qapp: object, elsewhere: type[Elsewhere]) -> None:
    session = _open(GRAPH)
    session.apply_text(ANCHORS)
    session.apply_text(QUOTED.replace('"a"', '&x "a"', 1))
    elsewhere.answer()
    assert session.document.unread
    assert "split" in session.document.facts
    elsewhere.answer()
    assert set(session.document.facts) == {"a", "b", "c"}
    session.apply_text(ANCHORS)
    session.step_back()
    elsewhere.answer(-1)
    elsewhere.answer()
    _settled(session)
    assert set(session.document.facts) == {"a", "b", "c"}


def test_who_edits_what_is_unread_reads_it_first(qapp: object, elsewhere: type[Elsewhere]) -> None:
    session = _open(GRAPH)
    session.apply_text(ANCHORS)
    assert session.set_field("b", "title", "Edited")
    assert session.document.task("b")["title"] == "Edited"
    elsewhere.answer()
    agree(session.document)
    session.step_back()
    session.step_back()
    _settled(session)
    assert session.document.text == GRAPH


def test_saving_what_is_unread_writes_what_was_typed(tmp_path: Path, qapp: object) -> None:
    session = _open(GRAPH)
    session.apply_text(BROKEN)
    path = tmp_path / "graph.yaml"
    text = session.begin_save()
    assert session.modified
    write_graph(path, text)
    session.end_save(path, text)
    assert path.read_text() == BROKEN
    assert not session.modified


def test_what_is_typed_while_another_text_is_read_stays(qtbot: QtBot, elsewhere: type[Elsewhere]) -> None:
    session = _open(GRAPH)
    page = EditorPage(load_theme("dark"))
    qtbot.addWidget(page)
    page.show()
    page.show_session(session)
    page.show_mode("both")
    edit = page.text.edit
    edit.setPlainText(ANCHORS)
    page.text.apply()
    assert session.document.unread
    edit.appendPlainText("  c: {command: y}")
    elsewhere.answer()
    assert page.view is not None
    assert set(page.view.graph.nodes) == {"a", "b"}
    assert plain_text(edit).endswith("  c: {command: y}"), "not taken away by what has been read of the text before"
    assert page.text.dirty
    page.text.apply()
    elsewhere.answer()
    assert set(page.view.graph.nodes) == {"a", "b", "c"}
    assert plain_text(edit) == session.document.text
    page.show_session(None)


def test_numbers_that_do_not_fit_into_the_answer(qapp: object, elsewhere: type[Elsewhere]) -> None:
    session = _open(GRAPH)
    huge = f"{{windlass: 1, tasks: {{a: {{command: x, priority: {'9' * 60}}}}}}}"
    session.apply_text(huge)
    elsewhere.answer()
    assert session.document.task("a")["priority"] == int("9" * 60)


OPERATIONS = st.lists(
    st.tuples(st.sampled_from([*EDITS, *["answer"] * 6, *["text"] * 8]), st.integers(0, 40), st.integers(0, 40)),
    max_size=14,
)


@pytest.mark.parametrize("name", TEXTS)
@given(operations=OPERATIONS)
@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@example(operations=[("text", 7, 7), ("text", 3, 3), ("undo", 0, 0), ("answer", 1, 0), ("redo", 0, 0), ("field", 1, 1)])
def test_canvas_and_text_agree_whenever_answers_come(
    qapp: object, name: str, operations: list[tuple[str, int, int]]
) -> None:
    Elsewhere.asked.clear()
    session = _open(TEXTS[name])
    document = session.document
    for what, one, two in operations:
        if what == "answer":
            Elsewhere.answer(one)
        else:
            do_edit(session, what, one, two)
        if not document.unread:
            agree(document)
    _settled(session)
    while session.undo.canRedo():
        session.undo.redo()
    done = document.text
    while session.undo.canUndo():
        session.undo.undo()
        if len(Elsewhere.asked) % 3 == 1:
            Elsewhere.answer(-1)
    _settled(session)
    assert document.text == TEXTS[name]
    while session.undo.canRedo():
        session.undo.redo()
    _settled(session)
    assert document.text == done


def _settled(session: EditorSession) -> None:
    """Every answer has come, the latest first."""
    while Elsewhere.asked:
        Elsewhere.answer(-1)
    assert not session.document.unread
    agree(session.document)
