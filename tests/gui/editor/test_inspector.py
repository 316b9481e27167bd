"""The inspector: typed with real keys, checked as one types, undone as steps."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QCoreApplication, QSettings, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit
from pytestqt.qtbot import QtBot

from windlass.model import fields
from windlass.model.schema import make_schema
from windlass_gui.editor.canvas.view import GraphView
from windlass_gui.editor.document.session import EditorSession
from windlass_gui.editor.form.field_edit import STEP_WIDTH, ChoiceEdit, FieldEdit, TickEdit
from windlass_gui.editor.form.fields import Field
from windlass_gui.editor.form.inspector import NARROWEST, Inspector
from windlass_gui.editor.form.schema_form import gather, graph_form, task_form
from windlass_gui.editor.form.stepping import stepped
from windlass_gui.editor.text.code.dialog import CodeDialog
from windlass_gui.look.theme import M, load_theme

from .conftest import GRAPH


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


def test_what_could_not_be_entered_stays_until_another_task_is_chosen(
    inspector: Inspector, view: GraphView, session: EditorSession
) -> None:
    view.graph.select(["split"])
    _type(inspector, "resources.memory", "10 parsecs")
    inspector.flush()
    session.set_field("join", "title", "Meanwhile")
    session.check_now()
    edit = inspector.field("resources.memory")
    assert (edit.text, "parsecs" in edit.error) == ("10 parsecs", True)
    view.graph.select(["join"])
    assert (edit.text, edit.error) == ("", "")


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
        inspector.change_kind(kind)
    session.check_now()
    assert session.document.problems == []


def test_arrays_come_and_go(inspector: Inspector, view: GraphView, session: EditorSession) -> None:
    view.graph.select(["split"])
    inspector.change_array("matrix")
    assert inspector.field("matrix").text == "size: [1, 2, 3]"
    inspector.change_array("single")
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


FIELDS = {entry.key: entry.field for entry in graph_form() if isinstance(entry.field, Field)}
FIELDS |= {entry.key: entry.field for entry in task_form() if isinstance(entry.field, Field)}
FIELDS["arguments"] = FIELDS.pop("command")


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("retries.max", "2", 2),
        ("retries.backoff", "5 s", "5 s"),
        ("retries.only-on", "[1, 75]", [1, 75]),
        ("defaults.timeout", "5 min", "5 min"),
        ("defaults.resources.memory", "1 GiB", "1 GiB"),
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
        ("retries.max", "often", "whole number from 0"),
        ("retries.max", "-1", "whole number from 0"),
        ("retries.backoff", "5 parsecs", "parsecs"),
        ("defaults.timeout", "soon", "soon"),
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
def placed(qtbot: QtBot, empty_inspector: Inspector) -> Inspector:
    session = EditorSession(PLACED)
    view = GraphView(session, load_theme("dark"))
    qtbot.addWidget(view)
    empty_inspector.show_session(session, view.graph)
    view.graph.select(["load"])
    return empty_inspector


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


def _leaves(schema: dict[str, Any], node: dict[str, Any], prefix: str = "") -> Iterator[str]:
    """Every key of the format, however deep, that is no list of things by name."""
    for name, prop in node.get("properties", {}).items():
        reference = prop.get("$ref", "").rpartition("/")[2]
        inner = schema["$defs"].get(reference, prop)
        yield prefix + name
        yield from _leaves(schema, inner, f"{prefix}{name}.")


def test_every_key_of_the_format_is_reached(placed: Inspector) -> None:
    schema = make_schema()
    for form, node, others in (
        (placed.graph_form, schema, {"tasks"}), (placed.task_form, schema["$defs"]["task"], {"needs"}),
    ):  # fmt: skip
        shown = {entry.key for section in form.sections.values() for entry in section.entries}
        for key in set(_leaves(schema, node)) - others:
            held = {name for name in shown if name == key or name.startswith(key + ".")}
            assert held, f"{key} is nowhere in the form"
    retries = schema["$defs"]["retries"]["properties"]
    assert {f"retries.{name}" for name in retries} <= {entry.key for entry in task_form()}


def test_a_key_that_is_added_to_the_format_appears_by_itself(
    monkeypatch: pytest.MonkeyPatch, session: EditorSession, view: GraphView, qtbot: QtBot
) -> None:
    monkeypatch.setitem(fields.TASK, "colour", ({"enum": ["red", "blue"]}, "What colour it has."))
    monkeypatch.setitem(fields.TASK, "nice-level", ({"type": "integer"}, "How nice it is."))
    monkeypatch.setitem(fields.RESOURCES, "fpgas", ({"type": "integer"}, "Whole FPGAs."))
    for form in (task_form, graph_form):
        form.cache_clear()
    try:
        made = Inspector(load_theme("dark"))
        qtbot.addWidget(made)
        made.show()
        made.show_session(session, view.graph)
        view.graph.select(["split"])
        _type(made, "nice-level", "7")
        made.flush()
        assert session.document.task("split")["nice-level"] == 7
        assert made.field("nice-level").box.toolTip() == "How nice it is."
        assert isinstance(made.switch("colour"), ChoiceEdit)
        assert made.field("resources.fpgas")
        made.show_session(None, None)
    finally:
        for form in (task_form, graph_form):
            form.cache_clear()


def test_every_field_says_what_it_means(placed: Inspector) -> None:
    for form in (placed.task_form, placed.graph_form):
        for section in form.sections.values():
            section.build()
        for row in form.rows:
            hint = row.entry.field.hint
            assert hint
            assert row.caption.toolTip() == hint
            box = row.editor.box if isinstance(row.editor, FieldEdit) else row.editor
            assert box.toolTip() == hint
            assert box.accessibleName() == row.entry.field.label


def test_what_a_field_means_is_shown_below_it(placed: Inspector) -> None:
    row = placed.task_form.row("timeout")
    row._why.click()
    assert row._help.isVisible()
    assert "attempt" in row._help.text()


def test_sections_fold_and_are_remembered(
    session: EditorSession, view: GraphView, qtbot: QtBot, tmp_path: Path
) -> None:
    settings = QSettings(str(tmp_path / "s.ini"), QSettings.Format.IniFormat)
    for folded in (True, False):
        made = Inspector(load_theme("dark"), settings)
        qtbot.addWidget(made)
        made.show()
        made.show_session(session, view.graph)
        view.graph.select(["split"])
        section = made.task_form.sections["files"]
        assert section.is_open == folded
        section.header.click()
        assert section.is_open != folded
        made.show_session(None, None)
    session.set_field("split", "limit", 3)
    made.show_session(session, view.graph)
    assert "1 set" in made.task_form.sections["limits"].header.text()
    made.show_session(None, None)


def test_the_filter_finds_a_field_in_a_folded_section(placed: Inspector) -> None:
    placed.filter.setFocus()
    QTest.keyClicks(placed.filter, "how long")
    seen = [row.key for row in placed.task_form.rows if row.isVisible()]
    assert seen == ["deadline", "timeout"]
    placed.filter.clear()
    assert not placed.task_form.sections["failure"].is_open
    assert placed.task_form.row("title").isVisible()


def test_a_field_that_is_set_goes_back_to_its_default(placed: Inspector) -> None:
    session = placed.session
    assert session is not None
    row = placed.task_form.row("resources.memory")
    assert row.reset.isVisible()
    row.reset.click()
    assert session.document.task("load")["resources"] == {"named": {"maya": 1}}
    assert not row.reset.isVisible()
    assert row.editor.box.placeholderText() == "e.g. 512 MiB"
    assert session.undo.undoText() == "change memory of “load”"


def test_retries_are_a_number_as_long_as_nothing_else_is_said(placed: Inspector) -> None:
    session = placed.session
    assert session is not None
    for key, text, whole in (
        ("retries.max", "2", 2), ("retries.backoff", "5 s", {"max": 2, "backoff": "5 s"}), ("retries.backoff", "", 2),
    ):  # fmt: skip
        _type(placed, key, text) if text else placed.field(key).box.clear()
        placed.flush()
        assert session.document.task("load")["retries"] == whole
    assert placed.field("retries.max").text == "2"


# --- several tasks at once -----------------------------------------------------------------------------------


def test_several_tasks_are_set_in_one_step(inspector: Inspector, view: GraphView, session: EditorSession) -> None:
    session.set_field("split", "retries", 1)
    session.set_field("work", "resources", {"cpus": 2})
    steps, before = session.undo.count(), session.document.text
    view.graph.select_all()
    assert "3 tasks" in inspector._heading.text()
    assert inspector.field("retries.max").box.placeholderText() == "(mixed)"
    assert inspector.field("retries.max").text == ""
    assert not inspector.field("id").isEnabled()
    assert "id of its own" in inspector.task_form.row("id").toolTip()
    _type(inspector, "retries.max", "4")
    QTest.keyClick(inspector.field("retries.max").box, Qt.Key.Key_Return)
    assert [session.document.task(task)["retries"] for task in session.document.facts] == [4, 4, 4]
    assert inspector.field("retries.max").text == "4"
    _type(inspector, "resources.memory", "1 GiB")
    inspector.flush()
    assert session.document.task("work")["resources"] == {"cpus": 2, "memory": "1 GiB"}
    assert session.document.task("join")["resources"] == {"memory": "1 GiB"}
    assert session.undo.count() == steps + 2
    assert session.undo.undoText() == "change memory of 3 tasks"
    session.undo.undo()
    session.undo.undo()
    assert session.document.text == before
    pin = inspector.switch("pin")
    assert isinstance(pin, TickEdit)
    session.set_field("split", "pin", True)
    assert pin.checkState() == Qt.CheckState.PartiallyChecked
    pin.click()
    assert [session.document.task(task).get("pin") for task in session.document.facts] == [True, True, True]


def test_mixed_values_that_are_not_touched_stay(inspector: Inspector, view: GraphView, session: EditorSession) -> None:
    view.graph.select_all()
    inspector.field("retries.max").box.setFocus()
    inspector.flush()
    view.graph.select(["split"])
    assert session.document.text == GRAPH


def test_the_kind_of_several_is_changed_together(inspector: Inspector, view: GraphView, session: EditorSession) -> None:
    view.graph.select_all()
    assert inspector.kind.choice.currentIndex() == -1
    inspector.change_kind("script")
    assert session.undo.count() == 1
    assert {node.kind for node in session.document.facts.values()} == {"script"}


def test_five_thousand_chosen_tasks_are_one_quick_step(qtbot: QtBot) -> None:
    tasks = "".join(f"  t{n}:\n    command: echo {n}\n    position: [{n}, 0]\n" for n in range(5000))
    session = EditorSession(f"windlass: 1\nname: many\ntasks:\n{tasks}")
    seen = gather((session.document.task(task) for task in session.document.facts), task_form())
    assert seen["command"].mixed
    assert seen["retries.max"].count == 0
    changes = {task: {"resources": {"cpus": 2}} for task in session.document.facts}
    assert session.change_tasks(changes, "change cpus of 5,000 tasks")
    assert session.document.text.count("    resources: {cpus: 2}\n") == 5000
    session.undo.undo()
    assert "resources" not in session.document.text


# --- more ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "kind", "up", "down"),
    [
        ("512 MiB", "size", "1 GiB", "256 MiB"),
        ("", "size", "64 MiB", "64 MiB"),
        ("3 GiB", "size", "4 GiB", "2 GiB"),
        ("1", "cpus", "2", "0.5"),
        ("2.5", "cpus", "3", "2"),
        ("0", "count", "1", "0"),
        ("-1", "whole", "0", "-2"),
        ("5 min", "duration", "10 min", "2 min"),
        ("no number", "count", None, None),
    ],
)
def test_up_and_down_go_to_the_next_amount(text: str, kind: str, up: str | None, down: str | None) -> None:
    assert (stepped(text, True, kind), stepped(text, False, kind)) == (up, down)


def test_the_arrow_keys_step_in_a_line(placed: Inspector) -> None:
    box = placed.field("resources.memory").box
    box.setFocus()
    QTest.keyClick(box, Qt.Key.Key_Up)
    placed.flush()
    assert placed.session is not None
    assert placed.session.document.task("load")["resources"]["memory"] == "2 GiB"


def test_a_script_opens_in_a_larger_box(
    inspector: Inspector, view: GraphView, session: EditorSession, qtbot: QtBot
) -> None:
    session.set_field("join", "shell", "python3 -u")
    view.graph.select(["join"])
    inspector.edit_main_field()
    edit = inspector.field("script")
    qtbot.waitUntil(edit.box.hasFocus)
    assert edit.language == "python"
    inspector.edit_main_field()
    dialog = edit.findChild(CodeDialog)
    assert dialog is not None
    dialog.edit.selectAll()
    QTest.keyClicks(dialog.edit, "print(${{ par")
    QTest.keyClick(dialog.edit, Qt.Key.Key_Return)
    QTest.keyClicks(dialog.edit, "size }})")
    dialog.accept()
    assert session.document.task("join")["script"] == "print(${{ params.size }})"


def test_a_need_is_added_by_name_and_removed(inspector: Inspector, view: GraphView, session: EditorSession) -> None:
    view.graph.select(["join"])
    line = inspector.needs.line
    line.setFocus()
    QTest.keyClicks(line, "splitt")
    QTest.keyClick(line, Qt.Key.Key_Return)
    assert "no task" in inspector.needs._said.text()
    QTest.keyClick(line, Qt.Key.Key_Backspace)
    QTest.keyClick(line, Qt.Key.Key_Return)
    assert session.document.facts["join"].needs == (("work", False), ("split", False))
    view.graph.select(["split"])
    QTest.keyClicks(line, "join")
    assert "circle" in inspector.needs._said.text()


def test_a_place_in_the_document_leads_to_its_field(
    inspector: Inspector, view: GraphView, session: EditorSession, qtbot: QtBot
) -> None:
    assert inspector.go_to(("tasks", "work", "retries", "max"))
    assert view.graph.selected == {"work"}
    row = inspector.task_form.row("retries.max")
    assert row.outlined
    qtbot.waitUntil(row.editor.box.hasFocus)
    assert inspector.go_to(("tasks", "join", "needs", 0))
    assert inspector.needs.line.hasFocus()
    assert inspector.go_to(("params", "size"))
    assert not view.graph.selected
    assert not inspector.go_to(("tasks", "split", "no-such-key"))


def test_what_the_check_finds_stands_at_its_field(
    inspector: Inspector, view: GraphView, session: EditorSession
) -> None:
    session.set_field("work", "inputs", ["splitt.outputs"])
    session.check_now()
    view.graph.select(["work"])
    assert "splitt" in inspector.field("inputs").error


@pytest.mark.parametrize("width", [NARROWEST, 250, 290, 340])
def test_a_size_keeps_its_unit_in_a_narrow_inspector(
    width: int, inspector: Inspector, view: GraphView, session: EditorSession
) -> None:
    session.set_field("split", "resources", {"memory": "512 MiB", "gpu-memory": "12.5 GiB", "gpus": 1})
    view.graph.select(["split"])
    inspector.resize(width, 700)
    QCoreApplication.processEvents()
    for key in ("resources.memory", "resources.gpu-memory"):
        box = inspector.field(key).box
        assert isinstance(box, QLineEdit)
        room = box.width() - STEP_WIDTH * len(box.actions()) - 2 * M
        assert box.fontMetrics().horizontalAdvance(box.text()) <= room
        assert box.mapTo(inspector, box.rect().topRight()).x() < width


def test_a_caption_stands_above_its_field_only_where_there_is_no_room(inspector: Inspector, view: GraphView) -> None:
    view.graph.select(["split"])
    row = inspector.task_form.row("timeout")
    for width, beside in ((340, True), (240, False), (340, True)):
        inspector.resize(width, 700)
        QCoreApplication.processEvents()
        assert (row.editor.mapTo(row, row.editor.rect().topLeft()).x() > row.caption.width() // 2) == beside


def test_what_the_check_says_of_a_field_says_what_is_allowed(
    inspector: Inspector, view: GraphView, session: EditorSession
) -> None:
    session.apply_text("windlass: 1\ntasks:\n  a: {command: x, deadline: tomorrow, position: [0, 0]}\n")
    session.check_now()
    view.graph.select(["a"])
    assert inspector._problems.text() == "• Deadline: is not a duration", "its section is folded"
    assert "such as 30 s" in inspector.field("deadline").error
