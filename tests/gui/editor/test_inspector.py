"""The inspector, the text view and the problems: typed with real keys, checked as one types, undone as steps."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPlainTextEdit
from pytestqt.qtbot import QtBot

from windlass_gui.editor import fields as f
from windlass_gui.editor.inspector import Inspector
from windlass_gui.editor.problems import ProblemsPane
from windlass_gui.editor.session import EditorSession
from windlass_gui.editor.text_view import TextView
from windlass_gui.editor.view import GraphView
from windlass_gui.theme import load_theme

from .conftest import GRAPH


@pytest.fixture
def inspector(view: GraphView, session: EditorSession, qtbot: QtBot) -> Inspector:
    made = Inspector(load_theme("dark"))
    qtbot.addWidget(made)
    made.resize(340, 700)
    made.show()
    made.show_session(session, view.graph)
    return made


def _type(inspector: Inspector, key: str, text: str) -> None:
    box = inspector.field(key).box
    box.setFocus()
    box.selectAll()
    QTest.keyClicks(box, text)


def test_a_command_is_edited_and_undone(inspector: Inspector, view: GraphView, session: EditorSession) -> None:
    view.graph.select(["split"])
    _type(inspector, "command", "echo other")
    inspector.flush()
    assert session.document.task("split")["command"] == "echo other"
    assert session.undo.count() == 1
    session.undo.undo()
    assert session.document.text == GRAPH
    assert inspector.field("command").text == "echo split"


def test_a_wrong_value_is_told_and_not_entered(inspector: Inspector, view: GraphView, session: EditorSession) -> None:
    view.graph.select(["split"])
    _type(inspector, "timeout", "10 parsecs")
    assert "parsecs" in inspector.field("timeout").error
    inspector.flush()
    assert session.document.text == GRAPH
    _type(inspector, "timeout", "10 min")
    QTest.keyClick(inspector.field("timeout").box, Qt.Key.Key_Return)
    assert session.document.task("split")["timeout"] == "10 min"
    assert inspector.field("timeout").error == ""


def test_resources_are_one_mapping(inspector: Inspector, view: GraphView, session: EditorSession) -> None:
    view.graph.select(["split"])
    for key, text in (("resources.cpus", "2"), ("resources.memory", "512 MiB")):
        _type(inspector, key, text)
        inspector.flush()
    assert session.document.task("split")["resources"] == {"cpus": 2, "memory": "512 MiB"}
    for key in ("resources.cpus", "resources.memory"):
        inspector.field(key).box.clear()
        inspector.flush()
    assert "resources" not in session.document.task("split")


def test_what_is_typed_is_entered_when_another_task_is_chosen(
    inspector: Inspector, view: GraphView, session: EditorSession
) -> None:
    view.graph.select(["split"])
    _type(inspector, "title", "First")
    view.graph.select(["join"])
    assert session.document.task("split")["title"] == "First"
    assert inspector.field("script").text == "echo one\necho two\n"


def test_a_rename_keeps_the_task_chosen(inspector: Inspector, view: GraphView, session: EditorSession) -> None:
    view.graph.select(["split"])
    _type(inspector, "id", "cut")
    inspector.flush()
    assert view.graph.selected == {"cut"}
    assert session.document.facts["work"].needs == (("cut", False),)
    _type(inspector, "id", "join")
    inspector.flush()
    assert view.graph.selected == {"cut"}
    assert inspector.field("id").text == "cut"


@pytest.mark.parametrize("kind", ["shell", "arguments", "script", "python"])
def test_every_kind_can_become_every_other(
    inspector: Inspector, view: GraphView, session: EditorSession, kind: str
) -> None:
    for task in ("split", "work", "join"):
        view.graph.select([task])
        inspector._change_kind(kind)
    session.check_now()
    assert session.document.problems == []


def test_arrays_come_and_go(inspector: Inspector, view: GraphView, session: EditorSession) -> None:
    view.graph.select(["split"])
    inspector._change_array("matrix")
    assert inspector.field("matrix").text == "{size: [1, 2, 3]}"
    inspector._change_array("single")
    assert session.document.facts["split"].array == ""


def test_the_graphs_own_fields_show_when_nothing_is_chosen(
    inspector: Inspector, view: GraphView, session: EditorSession
) -> None:
    view.graph.select(())
    _type(inspector, "params", "{{size: 5, mode: fast}")
    inspector.field("params").box.clear()
    _type(inspector, "name", "other")
    inspector.flush()
    assert session.document.name == "other"


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [
        (f.FAILURE[0], "2", 2),
        (f.FAILURE[0], "{max: 2, backoff: 5 s}", {"max": 2, "backoff": "5 s"}),
        (f.FAILURE[1], "90", 90),
        (f.RESOURCES[0], "0.5", 0.5),
        (f.RESOURCES[1], "1048576", 1048576),
        (f.MORE[0], "params.size > 2", "params.size > 2"),
        (f.MORE[3], "A=1\n B = two words \n\n", {"A": "1", "B": "two words"}),
        (f.ARGUMENTS, "echo\na b\n", ["echo", "a b"]),
        (f.ARGS, "[1, fast]", [1, "fast"]),
        (f.FOREACH, "split.outputs", "split.outputs"),
        (f.FOREACH, "{range: 3}", {"range": 3}),
    ],
)
def test_fields_are_understood_and_come_back_the_same(field: f.Field, text: str, value: object) -> None:
    assert field.parse(text) == value
    assert field.parse(field.show(value)) == value


@pytest.mark.parametrize(
    ("field", "text"),
    [
        (f.FAILURE[0], "often"),
        (f.FAILURE[0], "-1"),
        (f.FAILURE[1], "soon"),
        (f.RESOURCES[0], "nan"),
        (f.RESOURCES[1], "12 parsecs"),
        (f.RESOURCES[3], "-1"),
        (f.MORE[0], "params.size >"),
        (f.MORE[1], "high"),
        (f.MORE[3], "no equals sign"),
        (f.ARGS, "{a: 1}"),
        (f.MATRIX, "[1"),
    ],
)
def test_what_is_wrong_is_refused_with_a_sentence(field: f.Field, text: str) -> None:
    with pytest.raises(ValueError) as caught:
        field.parse(text)
    assert str(caught.value)


def test_yaml_is_applied_as_one_step(session: EditorSession, qtbot: QtBot) -> None:
    text = TextView(load_theme("light"))
    qtbot.addWidget(text)
    text.show_session(session)
    assert not text.apply_button.isEnabled()
    text.edit.selectAll()
    text.edit.insertPlainText(GRAPH.replace("echo one", "echo three").replace("work", "toil"))
    assert text.apply_button.isEnabled()
    session.set_field("join", "title", "Meanwhile")
    assert "echo three" in text.edit.toPlainText()
    text.apply()
    assert set(session.document.facts) == {"split", "toil", "join"}
    session.undo.undo()
    assert "Meanwhile" in text.edit.toPlainText()
    session.undo.undo()
    assert text.edit.toPlainText() == GRAPH


def test_problems_are_listed_and_lead_to_their_place(session: EditorSession, qtbot: QtBot) -> None:
    pane = ProblemsPane(load_theme("light"))
    qtbot.addWidget(pane)
    pane.show_session(session)
    counts: list[int] = []
    went: list[tuple[str, int]] = []
    pane.count_changed.connect(counts.append)
    pane.chosen.connect(lambda task, line: went.append((task, line)))
    session.set_field("work", "needs", ["splitt"])
    session.check_now()
    assert counts[-1] >= 1
    pane.list.itemActivated.emit(pane.list.item(0))
    assert went[0][0] == "work"
    assert went[0][1] > 1


def test_the_text_view_goes_to_a_line(session: EditorSession, qtbot: QtBot) -> None:
    text = TextView(load_theme("light"))
    qtbot.addWidget(text)
    text.show_session(session)
    text.go_to(3)
    assert isinstance(text.edit, QPlainTextEdit)
    assert text.edit.textCursor().block().text().startswith("name: small")
