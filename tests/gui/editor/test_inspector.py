"""The inspector, the text view and the problems: typed with real keys, checked as one types, undone as steps."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from windlass.model import fields
from windlass_gui.editor import forms
from windlass_gui.editor.field_edit import ChoiceEdit, TickEdit
from windlass_gui.editor.fields import Field
from windlass_gui.editor.inspector import Inspector
from windlass_gui.editor.problems import ProblemsPane
from windlass_gui.editor.session import EditorSession
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


def test_a_long_reason_is_read_whole(inspector: Inspector, view: GraphView, qtbot: QtBot) -> None:
    view.graph.select(["split"])
    for key, text in (("resources.gpu-memory", "8 parsecs"), ("limit", "0"), ("groups", "data base!")):
        _type(inspector, key, text)
        label = inspector.field(key)._error
        qtbot.waitUntil(lambda label=label: label.height() >= label.heightForWidth(label.width()) > 0)


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


GROUPS = (forms.RESOURCES, forms.PLACE, forms.LIMITS, forms.ORDER, forms.FAILURE, forms.MORE, forms.GRAPH_LIMITS)
FIELDS = {field.key: field for group in GROUPS for field in group if isinstance(field, Field)}
FIELDS |= {"arguments": forms.ARGUMENTS, "args": forms.ARGS, "foreach": forms.FOREACH, "matrix": forms.MATRIX}


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("retries", "2", 2),
        ("retries", "{max: 2, backoff: 5 s}", {"max": 2, "backoff": "5 s"}),
        ("timeout", "90", 90),
        ("deadline", "2 h", "2 h"),
        ("priority", "-3", -3),
        ("resources.cpus", "0.5", 0.5),
        ("resources.memory", "1048576", 1048576),
        ("resources.gpu-memory", "8 GiB", "8 GiB"),
        ("resources.named", "maya=1\nnuke = 0.5\n", {"maya": 1, "nuke": 0.5}),
        ("limit", "20", 20),
        ("groups", "database, disk", ["database", "disk"]),
        ("apart", "load", ["load"]),
        ("limits.running", "100", 100),
        ("limits.groups", "database=4", {"database": 4}),
        ("when", "params.size > 2", "params.size > 2"),
        ("env", "A=1\n B = two words \n\n", {"A": "1", "B": "two words"}),
        ("arguments", "echo\na b\n", ["echo", "a b"]),
        ("args", "[1, fast]", [1, "fast"]),
        ("foreach", "split.outputs", "split.outputs"),
        ("foreach", "{range: 3}", {"range": 3}),
    ],
)
def test_fields_are_understood_and_come_back_the_same(key: str, text: str, value: object) -> None:
    field = FIELDS[key]
    assert field.parse(text) == value
    assert field.parse(field.show(value)) == value


@pytest.mark.parametrize(
    ("key", "text", "words"),
    [
        ("retries", "often", "not a number of retries, found 'often'"),
        ("retries", "-1", "whole number from 0"),
        ("retries", "{maxx: 1}", "did you mean “max”"),
        ("timeout", "soon", "soon"),
        ("deadline", "0 s", "the duration is zero"),
        ("deadline", "2 hrss", "hrss"),
        ("priority", "high", "whole number from -1000000"),
        ("priority", "2000000", "whole number from -1000000"),
        ("resources.cpus", ".nan", "number"),
        ("resources.memory", "12 parsecs", "parsecs"),
        ("resources.gpus", "-1", "negative"),
        ("resources.gpus", "1.5", "not a whole number"),
        ("resources.gpu-memory", "lots", "lots"),
        ("resources.named", "maya", "write NAME=number"),
        ("resources.named", "maya=many", "maya: not a number, found 'many'"),
        ("limit", "0", "whole number from 1"),
        ("groups", "data base!", "not a name of a group, found 'base!'"),
        ("groups", "a, a", "'a' stands here twice"),
        ("apart", "9to5", "not a name of a task"),
        ("where", "os = linux", "os = linux"),
        ("limits.running", "all", "whole number from 1"),
        ("limits.groups", "database=0", "database: not a whole number"),
        ("when", "params.size >", ""),
        ("env", "no equals sign", "write NAME=value"),
        ("env", "9=1", "not a variable's name"),
        ("args", "{a: 1}", "list"),
        ("matrix", "[1", ""),
    ],
)
def test_what_is_wrong_is_refused_in_the_checkers_words(key: str, text: str, words: str) -> None:
    with pytest.raises(ValueError) as caught:
        FIELDS[key].parse(text)
    assert words in str(caught.value)
    assert str(caught.value)


PLACED = """\
windlass: 1
name: placed
limits: {groups: {database: 4}}   # agreed with the owner of the database
defaults: {exclusive: true}
tasks:
  load:
    command: echo load
    # Each needs a licence.
    resources:
      memory: 1 GiB      # measured
      named: {maya: 1}   # of four
    position: [0, 0]
  # The last one.
  index:
    command: echo index
    position: [300, 0]
"""


@pytest.fixture
def placed(qtbot: QtBot) -> Iterator[Inspector]:
    session = EditorSession(PLACED)
    view = GraphView(session, load_theme("dark"))
    inspector = Inspector(load_theme("dark"))
    for widget in (view, inspector):
        qtbot.addWidget(widget)
    inspector.resize(340, 700)
    inspector.show()
    inspector.show_session(session, view.graph)
    view.graph.select(["load"])
    yield inspector
    inspector.show_session(None, None)


@pytest.mark.parametrize(
    ("key", "text", "line", "step"),
    [
        ("limit", "20", "    limit: 20", "change limit of “load”"),
        ("groups", "database", "    groups: [database]", "change groups of “load”"),
        ("apart", "index", "    apart: [index]", "change apart of “load”"),
        ("deadline", "2 h", "    deadline: 2 h", "change deadline of “load”"),
        ("resources.gpu-memory", "8 GiB", "      gpu-memory: 8 GiB", "change gpu-memory of “load”"),
        ("resources.named", "maya=2", "      named: {maya: 2}   # of four", "change named of “load”"),
        ("priority", "5", "    priority: 5", "change priority of “load”"),
        ("where", "os == linux", "    where: [os == linux]", "change where of “load”"),
    ],
)
def test_each_field_is_one_named_step_that_keeps_the_rest(
    placed: Inspector, key: str, text: str, line: str, step: str
) -> None:
    session = placed.session
    assert session is not None
    _type(placed, key, text)
    placed.flush()
    assert line in session.document.text.splitlines()
    assert session.undo.undoText() == step
    before, now = PLACED.splitlines(), session.document.text.splitlines()
    kept = [row for row in before if row in now]
    assert len(before) - len(kept) <= (1 if key == "resources.named" else 0), "a line that nobody edited is another"
    session.check_now()
    assert session.document.problems == []
    session.undo.undo()
    assert session.document.text == PLACED


def test_the_graphs_limits_keep_their_comment(placed: Inspector) -> None:
    session, scene = placed.session, placed.scene
    assert session is not None
    assert scene is not None
    scene.select(())
    _type(placed, "limits.running", "100")
    placed.flush()
    assert session.document.raw["limits"] == {"groups": {"database": 4}, "running": 100}
    assert "# agreed with the owner of the database" in session.document.text
    assert placed.field("limits.groups").text == "database=4"
    for key in ("limits.running", "limits.groups"):
        placed.field(key).box.clear()
        placed.flush()
    assert "limits" not in session.document.raw
    while session.undo.canUndo():
        session.undo.undo()
    assert session.document.text == PLACED


def test_choices_and_boxes_write_only_what_is_not_so_anyway(placed: Inspector) -> None:
    session = placed.session
    assert session is not None
    placement, alone, pin = (placed.switch(key) for key in ("placement", "exclusive", "pin"))
    assert isinstance(placement, ChoiceEdit)
    assert isinstance(alone, TickEdit)
    assert isinstance(pin, TickEdit)
    assert alone.isChecked(), "the graph's defaults say so"
    placement.activated.emit(1)
    alone.click()
    pin.click()
    task = session.document.task("load")
    assert (task["placement"], task["exclusive"], task["pin"]) == ("spread", False, True)
    assert [session.undo.text(step) for step in range(3)] == [
        f"change {name} of “load”" for name in ("placement", "exclusive", "pin")
    ]
    placement.activated.emit(0)
    alone.click()
    pin.click()
    assert not {"placement", "exclusive", "pin"} & set(session.document.task("load"))
    session.apply_text(PLACED.replace("    position: [0, 0]", "    placement: sprad"))
    assert (placement.currentIndex(), placement.placeholderText()) == (-1, "sprad")


def test_no_field_of_the_format_is_missing(placed: Inspector) -> None:
    """Whoever adds a field to the format adds it to `forms.py`."""
    assert placed.session is not None
    shown = {edit.field.key for edit in placed._edits} | {switch.field.key for switch in placed._switches}
    shown |= {form.key for form in (forms.SCRIPT, forms.SHELL, forms.PYTHON, forms.ARGS, forms.KWARGS)}
    shown |= {forms.FOREACH.key, forms.MATRIX.key}
    others = {"needs", "position", "resources"}
    assert set(fields.TASK) - others <= shown
    assert {f"resources.{key}" for key in fields.RESOURCES} <= shown
    assert {f"limits.{key}" for key in fields.LIMITS} == {field.key for field in forms.GRAPH_LIMITS}


def test_every_field_says_what_it_means(placed: Inspector) -> None:
    for edit in (*(edit.box for edit in placed._edits), *placed._switches):
        assert edit.toolTip()


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
