"""What is offered while one types: names in expressions, tasks, labels of agents, keys of the format."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot
from ruamel.yaml import YAML

from windlass.model.fitting import Machine
from windlass.model.graph import Resources
from windlass.wire.rows import AgentRow
from windlass_gui.bridge import Bridge
from windlass_gui.editor.canvas.view import GraphView
from windlass_gui.editor.document.session import EditorSession
from windlass_gui.editor.form.fleet import Fleet
from windlass_gui.editor.form.inspector import Inspector
from windlass_gui.editor.form.suggest import Known, in_field, in_yaml
from windlass_gui.editor.problems.asking import asked
from windlass_gui.editor.text.code.completing import Completer
from windlass_gui.editor.text.text_view import TextView
from windlass_gui.look.theme import load_theme

TEXT = """\
windlass: 1
params: {size: 4, mode: fast}
limits: {groups: {database: 4}}
tasks:
  split:
    title: Cut
    python: cut:run
    outputs: ["part-*.bin"]
  work:
    needs: [split]
    matrix: {crf: [20, 30], speed: [slow]}
    command: echo ${{ }}
  pack:
    foreach: split.outputs
    command: echo
"""
MACHINES = (
    Machine("desk", Resources(4, named={"maya": 2}), {"os": "linux", "arch": "x86_64"}),
    Machine("mac", Resources(8, named={"maya": 1}), {"os": "darwin", "arch": "arm64"}),
)
KNOWN = Known(YAML(typ="safe").load(TEXT), MACHINES)


def _field(key: str, text: str, task: str = "work") -> list[str]:
    offer = in_field(key, text, len(text), task, KNOWN)
    return [one.text for one in offer.suggestions] if offer is not None else []


@pytest.mark.parametrize(
    ("key", "text", "first"),
    [
        ("command", "echo ${{ pa", ["params"]),
        ("command", "echo 🙂 ${{ params.", ["size", "mode"]),
        ("command", "echo ${{ matrix.", ["crf", "speed"]),
        ("command", "echo ${{ tasks.", ["split", "pack"]),
        ("command", "echo ${{ tasks.split.", ["result", "outputs", "status"]),
        ("command", "echo ${{ upper(params.m", ["mode"]),
        ("command", "echo ${{ run.", ["id", "name"]),
        ("command", "echo pa", []),
        ("command", "echo ${{ params.size }} pa", []),
        ("command", "echo ${{ 'pa", []),
        ("when", "params.s", ["size"]),
        ("when", "succ", ["success"]),
        ("inputs", "spl", ["split.outputs"]),
        ("foreach", "split.", ["split.outputs", "split.result"]),
        ("needs", "sp", ["split"]),
        ("groups", "data", ["database"]),
        ("where", "o", ["os"]),
        ("where", "os == ", ["darwin", "linux"]),
        ("where", "os == linux and ar", ["arch"]),
        ("where", "arch in [x86_64, a", ["arm64"]),
        ("where", "os == linux\nnot a", ["arch"]),
        ("where", "os ", []),
        ("resources.named", "ma", ["maya"]),
        ("resources.named", "maya=", []),
        ("shell", "ba", ["bash", "bash -eu"]),
        ("title", "pa", []),
    ],
)
def test_names_are_offered_where_they_may_stand(key: str, text: str, first: list[str]) -> None:
    assert _field(key, text)[: len(first)] == first
    if not first:
        assert not _field(key, text)


def test_an_item_is_known_where_there_are_items() -> None:
    assert "item" in _field("command", "${{ it", "pack")
    assert "item" not in _field("command", "${{ it", "split")
    assert _field("command", "${{ item.s", "pack")[:2] == ["stem", "suffix"]
    assert _field("command", "${{ item.s")[0] == "speed"


def _yaml(text: str) -> list[str]:
    """At the `|` in a text."""
    before = text[: text.index("|")]
    lines = text.replace("|", "", 1).split("\n")
    line = before.count("\n")
    offer = in_yaml(lines, line, len(before) - before.rfind("\n") - 1, KNOWN)
    return [one.text for one in offer.suggestions] if offer is not None else []


def test_keys_and_values_are_offered_in_the_text() -> None:
    assert _yaml("win|")[0] == "windlass"
    keys = _yaml("tasks:\n  a:\n    command: x\n    p|\n    priority: 3\n")
    assert {"placement", "pin", "python", "position"} <= set(keys)
    assert not {"command", "priority"} & set(keys), "they stand there already"
    assert _yaml("tasks:\n  a:\n    resources:\n      gp|") == ["gpus", "gpu-memory"]
    assert _yaml("tasks:\n  a:\n    resources:\n      memory: 1\n      cp|")[0] == "cpus"
    assert _yaml("tasks:\n  a:\n    placement: s|")[0] == "spread"
    assert _yaml("tasks:\n  a:\n    pin: t|")[0] == "true"
    assert _yaml("tasks:\n  work:\n    needs: [spl|")[0] == "split"
    assert _yaml("tasks:\n  work:\n    where: [os == li|")[0] == "linux"
    assert _yaml("tasks:\n  work:\n    command: echo ${{ params.s|")[0] == "size"
    assert (
        _yaml("tasks:\n  work:\n    script: |\n      echo ${{ params.m|".replace("|\n", "!\n", 1).replace("!", ">"))[0]
        == "mode"
    )
    assert _yaml("defaults:\n  re|")[:2] == ["resources", "retries"]
    assert not _yaml("tasks:\n  a:\n    # pla|")


@pytest.fixture
def fleet(bridge: Bridge) -> Fleet:
    return Fleet(bridge)


def _tell(bridge: Bridge, make: Any, *rows: AgentRow) -> None:
    bridge.inbox.put(make.snapshot("agents", agents=list(rows)))
    bridge.frame()


def test_a_suggestion_is_taken_by_keys(session: EditorSession, view: GraphView, qtbot: QtBot) -> None:
    inspector = Inspector(load_theme("dark"))
    qtbot.addWidget(inspector)
    inspector.show()
    inspector.show_session(session, view.graph)
    view.graph.select(["split"])
    box = inspector.field("command").box
    completer = box.findChild(Completer)
    assert completer is not None
    box.setFocus()
    qtbot.waitUntil(box.hasFocus)
    box.selectAll()
    box.insertPlainText("echo 🙂 ")
    QTest.keyClicks(box, "${{ par")
    assert completer.offered == ["params"]
    QTest.keyClick(box, Qt.Key.Key_Return)
    assert inspector.field("command").text == "echo 🙂 ${{ params."
    assert completer.offered == ["size"]
    QTest.keyClick(box, Qt.Key.Key_Tab)
    assert inspector.field("command").text == "echo 🙂 ${{ params.size"
    assert not completer.showing
    QTest.keyClicks(box, " }}")
    QTest.keyClick(box, Qt.Key.Key_Space, Qt.KeyboardModifier.ControlModifier)
    assert not completer.showing
    inspector.flush()
    assert session.document.task("split")["command"] == "echo 🙂 ${{ params.size }}"
    inspector.show_session(None, None)


def test_keys_are_completed_in_the_yaml(session: EditorSession, qtbot: QtBot) -> None:
    text = TextView(load_theme("dark"))
    qtbot.addWidget(text)
    text.machines = lambda: MACHINES
    text.show()
    text.show_session(session)
    edit = text.edit
    text.go_to(9, 99)
    assert edit.textCursor().block().text().strip() == "position: [0, 0]"
    QTest.keyClick(edit, Qt.Key.Key_Return)
    QTest.keyClicks(edit, "whe")
    assert text.completer.offered[:2] == ["when", "where"]
    QTest.keyClick(edit, Qt.Key.Key_Down)
    QTest.keyClick(edit, Qt.Key.Key_Return)
    QTest.keyClicks(edit, "os == l")
    assert text.completer.offered[0] == "linux"
    QTest.keyClick(edit, Qt.Key.Key_Escape)
    assert not text.completer.showing
    QTest.keyClicks(edit, "inux")
    text.apply()
    assert session.document.task("split")["where"] == "os == linux"
    text.show_session(None)


# --- what the agents can take --------------------------------------------------------------------------------


def test_what_a_task_asks_is_read_with_the_defaults() -> None:
    raw = {
        "defaults": {"resources": {"cpus": 2, "named": {"maya": 1}}, "where": "os == linux"},
        "tasks": {"a": {"resources": {"memory": "1 GiB", "named": {"nuke": 1}}}, "b": {"where": {"os": "mac"}}, "c": 3},
    }
    assert asked(raw, "a") == (Resources(2.0, 1 << 30, named={"maya": 1.0, "nuke": 1.0}), ("os == linux",))
    assert asked(raw, "b")[1] == ("os == mac",)
    assert asked(raw, "c")[0].cpus == 2
    assert asked(raw, "a", {"resources.memory": "2 parsecs", "resources.gpus": 1})[0].gpus == 1


def test_beside_the_resources_stands_who_could_run_it(
    session: EditorSession, view: GraphView, qtbot: QtBot, fleet: Fleet, bridge: Bridge, make: Any
) -> None:
    _tell(bridge, make, make.agent("a"), make.agent("b", resources={"cpus": 16.0, "gpus": 1}, gpu_memory=[8 << 30]))
    inspector = Inspector(load_theme("dark"), None, fleet)
    qtbot.addWidget(inspector)
    inspector.show()
    inspector.show_session(session, view.graph)
    view.graph.select(["split"])
    assert inspector.fit.text() == "Fits all of 2 agents"
    box = inspector.field("resources.gpus").box
    box.setFocus()
    QTest.keyClicks(box, "1")
    assert inspector.fit.text() == "Fits 1 of 2 agents (1 lacks a GPU)"
    QTest.keyClick(box, Qt.Key.Key_Up)
    assert "Fits none of 2 agents" in inspector.fit.text()
    assert load_theme("dark").warn in inspector.fit.styleSheet()
    _tell(bridge, make, make.agent("c", resources={"cpus": 16.0, "gpus": 4}, gpu_memory=[8 << 30] * 4))
    assert inspector.fit.text() == "Fits all of 1 agent"
    inspector.show_session(None, None)
