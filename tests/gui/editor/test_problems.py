"""The problems pane: all findings, each leads to its field, and what can be mended is mended in one step."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog, QMenu
from pytestqt.qtbot import QtBot

from windlass.model.fitting import Machine
from windlass.model.graph import Resources
from windlass.model.problems import Problem
from windlass.wire.messages import GetPrograms
from windlass_gui.bridge import Bridge
from windlass_gui.bridge.recording import RecordingLink
from windlass_gui.editor.document.session import EditorSession
from windlass_gui.editor.form.fleet import Fleet
from windlass_gui.editor.problems.advice import Advisor, Matter, advise
from windlass_gui.editor.problems.fixes import circle, fixes_for
from windlass_gui.editor.problems.problems import ProblemsPane
from windlass_gui.look.theme import load_theme

WRONG = """\
windlass: 1
params: {size: 4}   # the size
tasks:
  a: {comand: echo x, needs: [bb]}
  b:   # this one
    command: "echo ${{ params.sise }} ${{ params.new_one }}"
    resources: {cpu: 1, memory: 5 GX}
    groups: [db]
    where: [os = linux]
    placement: sprad
    timeout: 10 mim
  c: {command: x, needs: [e], apart: [bb]}
  d: {command: x, needs: [c, d]}
  e: {command: x, needs: [d]}
"""
GIB = 1 << 30
SMALL = Machine("small", Resources(2, 4 * GIB, 10 * GIB), {"os": "linux"})
LARGE = Machine("large", Resources(8, 16 * GIB, 10 * GIB, 1), {"os": "linux"}, (8 * GIB,))


def _problem(session: EditorSession, code: str, found: str = "") -> Problem:
    session.check_now()
    return next(one for one in session.document.problems if one.code == code and (not found or found in one.found))


@pytest.mark.parametrize(
    ("code", "found", "label", "line"),
    [
        ("unknown-field", "comand", "Rename to “command”", "  a: {command: echo x, needs: [bb]}"),
        ("unknown-field", "cpu", "Rename to “cpus”", "    resources: {cpus: 1, memory: 5 GX}"),
        ("unknown-task", "bb", "Change to “b”", "  a: {comand: echo x, needs: [b]}"),
        ("name", "sise", "Change to “size”", '    command: "echo ${{ params.size }} ${{ params.new_one }}"'),
        ("name", "new_one", "Add the parameter “new_one”", "params: {size: 4, new_one: ''}   # the size"),
        ("unit", "5 GX", "Change to “GiB”", "    resources: {cpu: 1, memory: 5 GiB}"),
        ("unit", "mim", "Change to “min”", "    timeout: 10 min"),
        ("where", "os = linux", "Change to “==”", "    where: [os == linux]"),
        ("placement", "sprad", "Change to “spread”", "    placement: spread"),
        ("no-size", "db", "Give the group “db” a size of 4", "limits: {groups: {db: 4}}"),
        ("self-loop", "d", "Do not wait for itself", "  d: {command: x, needs: [c]}"),
        ("cycle", "", "Remove the link e → c", "  c: {command: x, apart: [bb]}"),
    ],
)
def test_a_fix_mends_one_line_in_one_step(qapp: object, code: str, found: str, label: str, line: str) -> None:
    session = EditorSession(WRONG)
    fixes = {fix.label: fix for fix in fixes_for(_problem(session, code, found), session, ())}
    assert label in fixes, list(fixes)
    fixes[label].apply()
    # A comment may come nearer to what it stands behind.
    lines = re.sub(" +#", " #", session.document.text).splitlines()
    assert re.sub(" +#", " #", line) in lines
    before = re.sub(" +#", " #", WRONG).splitlines()
    assert len([old for old in before if old not in lines]) <= 1, "a fix changed more than its line"
    assert session.undo.count() == 1
    assert session.undo.undoText()
    session.undo.undo()
    assert session.document.text == WRONG


def test_what_has_a_suggestion_is_gone_after_its_fix(qapp: object) -> None:
    session = EditorSession(WRONG)
    for _ in range(30):
        session.check_now()
        mendable = [(one, fixes) for one in session.document.problems if (fixes := fixes_for(one, session, ()))]
        if not mendable:
            break
        mendable[0][1][0].apply()
    session.check_now()
    assert session.document.problems == []


def test_a_circle_can_be_cut_at_each_of_its_links(qapp: object) -> None:
    session = EditorSession(WRONG.replace("needs: [c, d]", "needs: [c]"))
    problem = _problem(session, "cycle")
    assert circle(session, problem.task) == ["c", "d", "e"]
    labels = [fix.label for fix in fixes_for(problem, session, ())]
    assert labels == ["Remove the link e → c", "Remove the link d → e", "Remove the link c → d"]


def _advice(text: str, folder: Path | None = None, *machines: Machine, missing: frozenset[str] = frozenset()) -> Any:
    session = EditorSession(text)
    session.document.folder = folder
    session.check_now()
    document = session.document
    found = advise(Matter(document.text, document.raw, document.graph, folder, machines, missing))
    return session, {one.code: one for one in found}


ASKS = """\
windlass: 1
tasks:
  big:
    command: x
    resources: {cpus: 4, memory: 64 GiB}   # a lot
    where: os == linux
  same: {command: x, resources: {cpus: 4, memory: 64 GiB}, where: os == linux}
  gpu: {command: x, resources: {gpus: 2, gpu-memory: 24 GiB}}
  mac: {command: x, where: [os == darwin]}
  fine: {command: x, resources: {cpus: 2}}
"""


def test_a_request_that_no_agent_can_meet_is_lowered_to_what_there_is(qapp: object) -> None:
    session = EditorSession(ASKS)
    document = session.document
    found = advise(Matter(document.text, document.raw, document.graph, None, (SMALL, LARGE)))
    by_task = {one.task: one for one in found}
    assert set(by_task) == {"big", "gpu", "mac"}
    assert "1 other task that ask the same" in by_task["big"].message
    assert by_task["mac"].path == ("tasks", "mac", "where")
    labels = {task: [fix.label for fix in fixes_for(one, session, (SMALL, LARGE))] for task, one in by_task.items()}
    assert labels["big"] == ["Lower to what “large” has: memory 16 GiB"]
    assert labels["gpu"] == ["Lower to what “large” has: gpus 1, gpu-memory 8 GiB"]
    assert labels["mac"] == ["Remove the condition “os == darwin”"]
    for one in by_task.values():
        fixes_for(one, session, (SMALL, LARGE))[0].apply()
    assert session.undo.count() == 3
    assert "    resources: {cpus: 4, memory: 16 GiB}   # a lot" in session.document.text
    left = advise(Matter(document.text, document.raw, None, None, (SMALL, LARGE)))
    assert [one.task for one in left] == ["same"]
    assert not advise(Matter(document.text, document.raw, None, None)), "without agents nobody knows"


def test_what_nobody_uses_is_told_and_tidied(qapp: object) -> None:
    text = (
        "windlass: 1\nparams: {used: 1, idle: 2}\ntasks:\n"
        "  make: {command: 'echo ${{ params.used }} > a', outputs: [a]}\n"
        "  take: {command: cat a, needs: [make]}\n"
    )
    session, found = _advice(text)
    assert set(found) == {"unused-param", "unused-outputs"}
    assert found["unused-param"].path == ("params", "idle")
    for code, label in (
        ("unused-param", "Remove the parameter “idle”"), ("unused-outputs", "Give its outputs to “take”"),
    ):  # fmt: skip
        (fix,) = fixes_for(found[code], session, ())
        assert fix.label == label
        fix.apply()
    assert session.document.params == {"used": 1}
    assert session.document.task("take")["inputs"] == ["make.outputs"]
    assert not _advice(session.document.text)[1]
    assert not _advice(text.replace("${{ params.used }}", "${{ json(params) }}").replace("outputs: [a]", ""))[1]


def test_a_file_that_is_not_there_is_told_and_can_be_made(
    tmp_path: Path, qapp: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "windlass: 1\ntasks:\n  a: {command: x, inputs: [data/in.csv, '*.txt', here.txt]}\n"
    (tmp_path / "here.md").write_text("")
    session, found = _advice(text, tmp_path)
    assert found["missing-input"].message == "no file here.txt beside the graph"
    assert found["no-match"].found == "*.txt"
    create, choose = fixes_for(found["missing-input"], session, ())
    for name, steps in ((tmp_path / "here.md", 1), (tmp_path.parent / "elsewhere", 1), ("", 1)):
        monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_, name=name: (str(name), ""))
        choose.apply()
        assert session.undo.count() == steps
    assert session.document.task("a")["inputs"] == ["data/in.csv", "*.txt", "here.md"]
    session, found = _advice(text, tmp_path)
    create, _ = fixes_for(found["missing-input"], session, ())
    create.apply()
    assert (tmp_path / "here.txt").exists()
    assert session.undo.count() == 0
    session, found = _advice(text, tmp_path)
    assert found["missing-input"].found == "data/in.csv"
    assert not _advice(text, None)[1], "a graph that was never saved has no folder"


def test_a_program_on_none_of_the_agents_is_told(qapp: object) -> None:
    text = "windlass: 1\ntasks:\n  a: {command: ffmpeg -i x}\n"
    _, found = _advice(text, None, missing=frozenset({"ffmpeg"}))
    assert "'ffmpeg' is on none of the agents" in found["missing-program"].message
    assert found["missing-program"].path == ("tasks", "a", "command")


def test_only_the_newest_matter_is_told(qapp: object, qtbot: QtBot) -> None:
    advisor = Advisor()
    told: list[list[Problem]] = []
    advisor.advised.connect(lambda found, _: told.append(found))
    text = "windlass: 1\nparams: {%s: 1}\ntasks: {a: {command: x}}\n"
    for name in ("one", "two", "three"):
        session = EditorSession(text % name)
        document = session.document
        advisor.ask(Matter(document.text, document.raw, document.graph, None))
    qtbot.waitUntil(lambda: bool(told))
    assert [[one.found for one in found] for found in told] == [["three"]]


@pytest.fixture
def pane(qtbot: QtBot, bridge: Bridge) -> Iterator[ProblemsPane]:
    made = ProblemsPane(load_theme("light"), Fleet(bridge))
    qtbot.addWidget(made)
    made.resize(900, 260)
    made.show()
    yield made
    made.show_session(None)


def test_errors_come_first_and_a_click_leads_there(pane: ProblemsPane, session: EditorSession, qtbot: QtBot) -> None:
    counts: list[int] = []
    went: list[Problem] = []
    pane.count_changed.connect(counts.append)
    pane.chosen.connect(went.append)
    pane.show_session(session)
    qtbot.waitUntil(lambda: counts[-1] == 2)
    assert {one.code for one in pane.problems} == {"unused-param", "unused-outputs"}
    session.set_field("work", "needs", ["splitt"])
    session.check_now()
    assert [one.severity for one in pane.problems][:2] == ["error", "warning"]
    assert "Errors: 1" in pane._head.text()
    item = pane.list.topLevelItem(0)
    assert item is not None
    QTest.mouseClick(pane.list.viewport(), Qt.MouseButton.LeftButton, pos=pane.list.visualItemRect(item).center())
    assert went[0].path == ("tasks", "work", "needs", 0)


def test_a_fix_is_a_click_or_a_key(pane: ProblemsPane, session: EditorSession, qtbot: QtBot) -> None:
    pane.show_session(session)
    session.set_field("work", "command", "echo ${{ params.sise }}")
    session.check_now()
    steps = session.undo.count()
    item = pane.list.topLevelItem(0)
    assert item is not None
    assert item.text(2) == "Change to “size”  (or 1 more)"
    rect = pane.list.visualItemRect(item)
    x = pane.list.header().sectionViewportPosition(2) + 20
    QTest.mouseClick(pane.list.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(x, rect.center().y()))
    menu = next(one for one in pane.findChildren(QMenu) if one.isVisible())
    labels = [action.text() for action in menu.actions() if action.text()]
    assert labels == ["Change to “size”", "Add the parameter “sise”", "Go there"]
    menu.actions()[0].trigger()
    menu.close()
    assert session.document.task("work")["command"] == "echo ${{ params.size }}"
    assert session.undo.count() == steps + 1
    session.check_now()
    session.set_field("split", "outputs", None)
    session.check_now()
    qtbot.waitUntil(lambda: not pane.problems)
    assert "No problems" in pane._none.text()


def test_the_agents_are_asked_for_programs_once(
    pane: ProblemsPane, bridge: Bridge, link: RecordingLink, make: Any, qtbot: QtBot
) -> None:
    bridge.inbox.put(make.snapshot("agents", agents=[make.agent("a")]))
    bridge.frame()
    session = EditorSession("windlass: 1\ntasks:\n  a: {command: ffmpeg -i x}\n")
    pane.show_session(session)
    qtbot.waitUntil(lambda: bool(link.of(GetPrograms)))
    (asked,) = link.of(GetPrograms)
    assert asked.message.names == ["ffmpeg"]
    asked.answer({"missing": ["ffmpeg"], "agents": 1, "answered": 1})
    bridge.frame()
    qtbot.waitUntil(lambda: [one.code for one in pane.problems] == ["missing-program"])
    session.check_now()
    qtbot.waitUntil(lambda: not pane._advisor.busy)
    assert len(link.of(GetPrograms)) == 1
