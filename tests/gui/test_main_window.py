"""The main window as a whole: documents, actions, a run's states, and what it asks before it closes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QHelpEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QLabel, QMessageBox, QToolTip
from pytestqt.qtbot import QtBot
from tests.gui.windows import activate, saved

from windlass.model.graph import Graph
from windlass.model.part import part_text
from windlass.wire import messages as m
from windlass.wire.messages import Pick
from windlass.wire.rows import Counts
from windlass_gui import app
from windlass_gui.bridge import PLAIN, Acted, Bridge, How, SubmitProgress
from windlass_gui.submit.options import SubmitOptions
from windlass_gui.window.main_window import MainWindow

GRAPH = """\
windlass: 1
name: two
tasks:
  first: {command: echo one, position: [0, 0]}
  second:
    needs: [first]
    command: echo two
    foreach: {range: 4}
    position: [300, 0]
"""


class RecordingBridge(Bridge):
    """The real bridge without a core: what would be sent is kept, and rows are put in by the test."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[tuple[Any, ...]] = []
        self.state = "up"

    def submit(self, document: str, folder: Path | None, params: dict[str, Any], callback: Any, **more: Any) -> None:
        self.sent.append(("submit", document, folder, params))
        self.callback = callback

    def amend(self, run: int, document: str, folder: Path | None, callback: Any) -> None:
        self.sent.append(("amend", run, document, folder))
        self.callback = callback

    def get_run(self, run: int, done: Any, failed: Any = None) -> None:
        self.told = done

    def control(self, action: str, run: int, task: int | None = None, index: int | None = None, **more: Any) -> None:
        self.sent.append((action, run, task, index))

    def act(self, action: str, picks: Any, how: How = PLAIN, dry: bool = False, **more: Any) -> None:
        self.sent.extend((action, pick.run, pick.task, None) for pick in picks if not dry)
        if dry:
            more["done"](Acted(items=1))

    def request(self, *_: Any, **__: Any) -> None:
        """Logs and outputs are asked for; nobody answers."""


@pytest.fixture
def bridge(qapp: QApplication) -> Iterator[RecordingBridge]:
    made = RecordingBridge()
    yield made
    made.shutdown(False)


@pytest.fixture
def graph(tmp_path: Path) -> Path:
    path = tmp_path / "two.yaml"
    path.write_text(GRAPH)
    return path


def _run(bridge: RecordingBridge, make: Any, state: str = "running", **states: Counts) -> None:
    rows = [
        make.task(0, count=1, id="first", array=False, counts=states.get("first", Counts(active=1))),
        make.task(1, count=4, id="second", counts=states.get("second", Counts(pending=4))),
    ]
    import msgspec

    counts = {"counts": Counts(failed=1, skipped=4)} if state == "failed" else {}
    run = msgspec.to_builtins(make.run(7, state, name="two", **counts))
    data = {"run": run, "tasks": msgspec.to_builtins(rows), "states": {}, "attempts": []}
    bridge.inbox.put(make.snapshot("runs", runs=[run], removed=[]))
    bridge.inbox.put(make.snapshot("run:7", **data))
    bridge.frame()


def test_the_start_page_offers_samples_and_every_sample_is_right(window: MainWindow) -> None:
    from windlass_resources.samples import list_samples

    texts = {label.text() for label in window.start.findChildren(QLabel)}
    for sample in list_samples():
        assert sample.title in texts
        window.open_sample(sample.name)
        session = window.page.session
        assert session is not None
        assert session.document.graph is not None, session.document.problems
        assert sample.name in window.windowTitle()


def test_edit_save_and_the_title(window: MainWindow, graph: Path) -> None:
    assert window.open_file(graph)
    assert window.windowTitle().startswith("two.yaml")
    assert not window.isWindowModified()
    session, view = window.page.session, window.page.view
    assert session is not None
    assert view is not None
    view.graph.select(["first"])
    box = window.inspector.field("command").box
    box.setFocus()
    box.selectAll()
    QTest.keyClicks(box, "echo three")
    assert saved(window)
    assert "echo three" in graph.read_text()
    assert not window.isWindowModified()
    session.undo.undo()
    assert window.isWindowModified()
    assert session.document.text == GRAPH
    assert window.files.recent() == [str(graph)]


def test_a_new_graph_is_named_after_its_file(
    window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window.new()
    session = window.page.session
    assert session is not None
    for stem in ("nightly", "weekly"):
        monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_, stem=stem: (str(tmp_path / stem), ""))
        assert saved(window, elsewhere=True)
        assert session.document.name == "nightly", "only what nobody has named takes a file's name"
        assert (tmp_path / f"{stem}.yaml").read_text() == session.document.text
    assert window.windowTitle().startswith("weekly.yaml")
    session.undo.undo()
    assert session.document.name == "untitled"


def test_what_there_is_to_do_without_a_core(
    window: MainWindow, bridge: RecordingBridge, graph: Path, make: Any
) -> None:
    assert window.open_file(graph)
    _run(bridge, make)
    window.run_view.show_run(7)
    assert window.actions_["cancel"].isEnabled()
    bridge.state, bridge.text = "refused", "The core ended again and again."
    bridge.connection_changed.emit(bridge.state, bridge.text)
    assert not window.actions_["cancel"].isEnabled()
    assert not window.status.agents.isVisible()
    (box,) = window.findChildren(QMessageBox)
    assert box.isVisible()
    assert box.informativeText() == bridge.text
    bridge.state = "up"
    bridge.connection_changed.emit("up", "Connected")
    assert not box.isVisible()
    assert window.actions_["cancel"].isEnabled()
    assert window.status.agents.isVisible()


def test_a_sample_saved_elsewhere_takes_its_files_along(
    window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window.open_sample("monte-carlo")
    target = tmp_path / "mine" / "pi.yaml"
    target.parent.mkdir()
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(target), ""))
    assert saved(window)
    assert (target.parent / "darts.py").is_file()
    assert window.page.session is not None
    assert window.page.session.document.folder == target.parent
    assert window.windowTitle().startswith("pi.yaml")


def test_a_file_that_cannot_be_read_is_shown_with_its_problems(window: MainWindow, tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text("tasks: [\n")
    assert window.open_file(bad)
    assert window.page.mode == "text"
    assert window.problems.problems
    assert "tasks: [" in window.page.text.edit.toPlainText()


def test_submit_hands_over_the_text_and_shows_the_run(
    window: MainWindow, bridge: RecordingBridge, graph: Path, make: Any
) -> None:
    window.open_file(graph)
    view = window.page.view
    assert view is not None
    window.actions_["submit"].trigger()
    assert bridge.sent == [("submit", GRAPH, graph.parent, {})]
    assert not window.actions_["submit"].isEnabled()
    bridge.callback(SubmitProgress("uploading", "Uploading", 5, 10))
    assert "50 %" in window.status.progress.text()
    bridge.callback(SubmitProgress("submitted", "Run 7 submitted", run=7))
    assert window.actions_["submit"].isEnabled()
    _run(bridge, make, second=Counts(succeeded=1, failed=1, active=2))
    first, second = view.graph.nodes["first"].live, view.graph.nodes["second"].live
    assert first is not None
    assert second is not None
    assert first.state == "active"
    assert second.caption == "2 of 4 · 1 failed · 2 running"
    window.actions_["cancel"].trigger()
    assert bridge.sent[-1] == ("cancel", 7, None, None)
    window.actions_["leave_run"].trigger()
    assert view.graph.nodes["first"].live is None
    assert window.run_view.isHidden()


def test_params_are_asked_for(window: MainWindow, bridge: RecordingBridge, tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    path.write_text(GRAPH.replace("tasks:", "params: {size: 4, mode: fast}\ntasks:", 1))
    window.open_file(path)
    asked: list[tuple[dict[str, Any], str]] = []

    def answer(_session: Any, graph: Graph, scope: str, done: Callable[[SubmitOptions], None]) -> None:
        asked.append((graph.params, scope))
        if len(asked) > 1:
            done(SubmitOptions({"size": 5, "mode": "fast"}, priority=3))

    window.running.ask = answer
    window.submit()
    assert bridge.sent == []
    window.submit()
    assert asked[0] == ({"size": 4, "mode": "fast"}, "whole")
    assert bridge.sent[0][3] == {"size": 5, "mode": "fast"}


def test_what_there_is_nothing_to_ask_for_is_asked_on_request(
    window: MainWindow, bridge: RecordingBridge, graph: Path
) -> None:
    window.open_file(graph)
    asked: list[str] = []
    window.running.ask = lambda _session, _graph, scope, _done: asked.append(scope)
    window.actions_["submit_with"].trigger()
    window.submit(scope="onward")
    assert asked == ["whole", "onward"]
    assert bridge.sent == []


def test_a_wrong_graph_is_not_submitted(window: MainWindow, bridge: RecordingBridge, tmp_path: Path) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text(GRAPH.replace("[first]", "[frist]"))
    window.open_file(path)
    window.submit()
    assert bridge.sent == []
    assert window.bottom.currentWidget() is window.problems
    item = window.problems.list.topLevelItem(0)
    window.problems.list.itemActivated.emit(item, 0)
    assert window.page.view is not None
    assert window.page.view.graph.selected == {"second"}
    assert window.focusWidget() is window.inspector.needs.line
    window.page.show_mode("text")
    window.problems.list.itemActivated.emit(item, 0)
    assert "frist" in window.page.text.edit.textCursor().block().text()
    window.problems.list.setCurrentItem(item)
    problem = window.problems.problems[0]
    window.problems.fixes(problem)[0].apply()
    assert "needs: [first]" in window.page.text.edit.toPlainText()


def test_the_nodes_menu_acts_on_the_run(window: MainWindow, bridge: RecordingBridge, graph: Path, make: Any) -> None:
    from windlass_gui.window.menus import node_menu

    window.open_file(graph)
    window.run_view.show_run(7, GRAPH)
    _run(bridge, make, "failed", first=Counts(failed=1), second=Counts(skipped=4))
    menu = node_menu(window, "first", None)
    entries = {entry.text(): entry for entry in menu.actions()}
    assert not entries["Cancel"].isEnabled()
    entries["Retry"].trigger()
    assert bridge.sent[-1] == ("retry", 7, 0, None)
    entries["Show log"].trigger()
    assert window.log.item == (7, 0, 0)
    assert window.bottom.currentWidget() is window.log
    assert "Show items" in {entry.text() for entry in node_menu(window, "second", None).actions()}
    link = node_menu(window, None, ("first", "second"))
    next(entry for entry in link.actions() if "item by item" in entry.text()).trigger()
    assert window.page.session is not None
    assert window.page.session.document.facts["second"].needs == (("first", True),)


def test_a_waiting_nodes_tip_says_why(
    window: MainWindow, bridge: RecordingBridge, graph: Path, make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(bridge, "request", lambda message, done=None, *_: asked.append((message, done)))
    window.open_file(graph)
    window.run_view.show_run(7, GRAPH)
    _run(bridge, make)
    view = window.page.view
    assert view is not None

    def point_at(task: str) -> None:
        where = view.mapFromScene(view.graph.node_rect(task).center())
        QApplication.sendEvent(view.viewport(), QHelpEvent(QEvent.Type.ToolTip, where, view.mapToGlobal(where)))

    asked.clear()
    point_at("first")
    assert not asked, "it runs"
    point_at("second")
    ((message, done),) = asked
    assert message == m.Explain(0, 7, 1)
    done({"sentence": "waits for first"}, [])
    assert QToolTip.text().endswith("\nwaits for first")
    QToolTip.hideText()
    done({"sentence": "too late"}, [])


def _press(window: MainWindow, text: str) -> QMessageBox:
    """The open question, after a click on one of its buttons."""
    box = next(box for box in window.findChildren(QMessageBox) if box.isVisible())
    next(button for button in box.buttons() if button.text() == text).click()
    return box


def _failed_run(window: MainWindow, bridge: RecordingBridge, graph: Path, make: Any) -> Any:
    window.open_file(graph)
    window.run_view.show_run(7, GRAPH)
    _run(bridge, make, "failed", first=Counts(failed=1), second=Counts(skipped=4))
    assert window.page.session is not None
    return window.page.session


def test_a_mended_command_comes_along_with_a_retry(
    window: MainWindow, bridge: RecordingBridge, graph: Path, make: Any
) -> None:
    session = _failed_run(window, bridge, graph, make)
    session.set_field("second", "description", "only words")
    assert "Retry" in window.run_view._note.toolTip()
    window.actions_["retry"].trigger()
    assert bridge.sent == [("retry", 7, None, None)], "nothing that works otherwise: no question"
    session.set_field("second", "command", "echo 2")
    view = window.page.view
    assert view is not None
    view.graph.select(["first"])
    box = window.inspector.field("command").box
    box.setFocus()
    box.selectAll()
    QTest.keyClicks(box, "echo mended")
    window.retry(7, [(0, None)])
    question = _press(window, "Retry with the changes")
    assert question.text() == "Retry with the changes to “first” and 1 other task?"
    _, run, text, folder = bridge.sent[-1]
    assert (run, folder) == (7, graph.parent)
    assert "echo mended" in text
    assert not window.actions_["retry"].isEnabled()
    bridge.callback(SubmitProgress("uploading", "Uploading", 5, 10))
    assert "50 %" in window.status.progress.text()
    bridge.callback(SubmitProgress("amended", "Run 7: 2 tasks changed", run=7))
    assert bridge.sent[-1] == ("retry", 7, 0, None)
    assert window.run_view._note.toolTip() == ""
    window.actions_["undo"].trigger()
    assert "Retry" in window.run_view._note.toolTip()


def _question(window: MainWindow) -> bool:
    return any(box.isVisible() for box in window.findChildren(QMessageBox))


def test_a_run_of_a_part_takes_the_edited_part_along(
    window: MainWindow, bridge: RecordingBridge, graph: Path, make: Any, qtbot: QtBot
) -> None:
    part = part_text(GRAPH, ["second"])
    window.open_file(graph)
    window.run_view.show_run(7, part)
    run = make.run(7, state="failed", counts=Counts(failed=4))
    task = make.task(0, 4, id="second", counts=run.counts)
    bridge.inbox.put(make.snapshot("runs", runs=[run]))
    bridge.inbox.put(make.snapshot("run:7", run=run, tasks=[task], states={0: bytes([5] * 4)}))
    bridge.frame()
    session = window.page.session
    assert session is not None
    assert window.run_view.is_part
    session.set_field("first", "command", "echo elsewhere")
    window.retry(7)
    qtbot.waitUntil(lambda: bridge.sent == [("retry", 7, None, None)])  # what was edited is not in the part
    session.set_field("second", "command", "echo mended")
    window.retry(7)
    qtbot.waitUntil(lambda: _question(window))
    assert _press(window, "Retry with the changes").text() == "Retry with the changes to “second”?"
    _, number, text, _ = bridge.sent[-1]
    assert number == 7
    assert "echo mended" in text
    assert "first" not in text
    bridge.callback(SubmitProgress("amended", "Run 7: 1 task changed", run=7))
    assert bridge.sent[-1] == ("retry", 7, None, None)
    more = GRAPH + "  third: {command: echo three}\n"
    window.run_view.show_run(None)
    window.run_view.show_run(7, part_text(more, ["second", "third"]))
    bridge.inbox.put(make.snapshot("run:7", run=run, tasks=[task], states={0: bytes([5] * 4)}))
    bridge.frame()
    window.retry(7)
    qtbot.waitUntil(lambda: _question(window))
    asked = _press(window, "Retry as submitted")
    assert "“third” is no longer in the graph that is open" in asked.informativeText()
    assert bridge.sent[-1] == ("retry", 7, None, None)


def test_a_retry_may_stay_with_what_was_submitted(
    window: MainWindow, bridge: RecordingBridge, graph: Path, make: Any
) -> None:
    session = _failed_run(window, bridge, graph, make)
    session.set_field("first", "command", "echo mended")
    window.actions_["retry"].trigger()
    _press(window, "Cancel")
    assert bridge.sent == []
    window.actions_["retry"].trigger()
    _press(window, "Retry as submitted")
    assert bridge.sent == [("retry", 7, None, None)]
    window.items.acting.retry([Pick(7, 0)])
    _press(window, "Retry with the changes")
    bridge.callback(SubmitProgress("failed", "the disk is full"))
    assert bridge.sent[-1][0] == "amend"
    _press(window, "OK")
    assert window.actions_["retry"].isEnabled()


def test_a_mended_file_comes_along_with_a_retry(
    window: MainWindow, bridge: RecordingBridge, make: Any, tmp_path: Path, qtbot: QtBot
) -> None:
    text = GRAPH.replace("echo one, ", "echo one, inputs: ['tool.*'], ")
    (tmp_path / "two.yaml").write_text(text)
    for name in ("tool.py", "tool.old"):
        (tmp_path / name).write_text("x")
        os.utime(tmp_path / name, (make.NOW - 5, make.NOW - 5))
    window.open_file(tmp_path / "two.yaml")
    window.run_view.show_run(7, text)
    _run(bridge, make, "failed", first=Counts(failed=1), second=Counts(skipped=4))
    window.actions_["retry"].trigger()
    qtbot.waitUntil(lambda: bridge.sent == [("retry", 7, None, None)])
    os.utime(tmp_path / "tool.py", (make.NOW + 5, make.NOW + 5))
    window.actions_["retry"].trigger()
    qtbot.waitUntil(lambda: any(box.isVisible() for box in window.findChildren(QMessageBox)))
    assert _press(window, "Retry with the changes").text() == "Retry with the changes to “tool.py”?"
    assert bridge.sent[-1] == ("amend", 7, text, tmp_path)
    (tmp_path / "tool.py").unlink()
    (tmp_path / "tool.old").unlink()
    bridge.callback(SubmitProgress("amended", "", run=7))
    window.actions_["retry"].trigger()
    qtbot.waitUntil(lambda: [what for what, *_ in bridge.sent] == ["retry", "amend", "retry", "retry"])


def test_changes_that_need_a_new_run_say_so(
    window: MainWindow, bridge: RecordingBridge, graph: Path, make: Any
) -> None:
    session = _failed_run(window, bridge, graph, make)
    session.remove([], [("first", "second")])
    window.actions_["retry"].trigger()
    question = _press(window, "Submit as a new run")
    assert "Task 'second' needs other tasks than before" in question.informativeText()
    assert [what for what, *_ in bridge.sent] == ["submit"]
    bridge.callback(SubmitProgress("failed", "no"))
    _press(window, "OK")
    session.set_field("second", "command", None)
    window.actions_["retry"].trigger()
    question = _press(window, "Retry as submitted")
    assert "problems" in question.text()
    assert bridge.sent[-1] == ("retry", 7, None, None)


def test_the_document_of_a_run_from_elsewhere_is_fetched(
    window: MainWindow, bridge: RecordingBridge, graph: Path, make: Any
) -> None:
    window.open_file(graph)
    window.run_view.show_run(7)
    _run(bridge, make, "failed", first=Counts(failed=1))
    assert not window.run_view.edited
    bridge.told({"document": GRAPH.replace("echo one", "echo wrong")})
    assert window.run_view.edited
    window.actions_["retry"].trigger()
    assert _press(window, "Cancel").text() == "Retry with the changes to “first”?"
    window.run_view.show_run(None)
    bridge.told({"document": "late"})
    assert window.run_view.document == ""


def test_a_run_of_another_graph_says_so(
    window: MainWindow, bridge: RecordingBridge, graph: Path, make: Any, tmp_path: Path
) -> None:
    other = tmp_path / "other.yaml"
    other.write_text("windlass: 1\nname: other\ntasks:\n  alone: {command: x}\n")
    window.open_file(other)
    window.run_view.show_run(7)
    _run(bridge, make)
    assert window.run_view._open.isVisible()
    assert window.page.view is not None
    assert window.page.view.graph.live == {}


def test_keys_of_the_canvas_do_not_reach_other_panes(window: MainWindow, graph: Path) -> None:
    window.open_file(graph)
    view, session = window.page.view, window.page.session
    assert view is not None
    assert session is not None
    activate(window)
    view.graph.select(["first"])
    window.palette_.parts.list.setFocus()
    window.editing.delete()
    assert "first" in session.document.facts
    view.setFocus()
    QTest.keyClick(view, Qt.Key.Key_Delete)
    assert "first" not in session.document.facts
    window.actions_["undo"].trigger()
    assert session.document.text == GRAPH


@pytest.mark.parametrize(("answer", "open_", "stop"), [("stay", True, True), ("background", False, False),
                                                        ("stop", False, True)])  # fmt: skip
def test_closing_while_a_run_goes_asks(
    window: MainWindow, bridge: RecordingBridge, make: Any, monkeypatch: pytest.MonkeyPatch,
    answer: str, open_: bool, stop: bool,
) -> None:  # fmt: skip
    bridge.owns_core = True
    window.run_view.show_run(7)
    _run(bridge, make)
    monkeypatch.setattr("windlass_gui.window.main_window.ask_running", lambda window, running: answer)
    window.close()
    assert window.isVisible() is open_
    if not open_:
        assert window.stop_core is stop


def test_unsaved_changes_are_asked_about(window: MainWindow, graph: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    window.open_file(graph)
    assert window.page.session is not None
    window.page.session.set_field("first", "title", "One")
    answers = iter([QMessageBox.StandardButton.Cancel, QMessageBox.StandardButton.Save])
    monkeypatch.setattr(QMessageBox, "exec", lambda self: next(answers))
    window.opening.close()
    assert window.page.session is not None
    window.opening.close()
    assert window.page.session is None
    assert "title: One" in graph.read_text()


@pytest.mark.slow
def test_both_themes_paint_every_part(window: MainWindow, graph: Path, each_theme: str) -> None:
    window.open_file(graph)
    assert window.page.view is not None
    window.page.view.graph.select(["second"])
    before = window.grab().toImage()
    window.actions_["theme"].trigger()
    assert window.grab().toImage() != before
    window.opening.close()
    assert not window.grab().isNull()


def test_enter_on_an_agent_opens_its_page(
    window: MainWindow, bridge: RecordingBridge, make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    went: list[str] = []
    monkeypatch.setattr(window, "show_monitor", lambda: None)
    monitor = SimpleNamespace(reveal=went.append, close=bool, deleteLater=bool, findChildren=lambda _: [])
    monkeypatch.setattr(window, "monitor", monitor)
    bridge.inbox.put(make.snapshot("agents", agents=[make.agent("a1"), make.agent("a2")]))
    bridge.frame()
    table = window.tabling.agents.table
    table.setCurrentIndex(table.model().index(1, 0))
    QTest.keyClick(table, Qt.Key.Key_Return)
    assert went == ["a2"]


def test_the_line_for_another_machine_is_the_monitors(window: MainWindow) -> None:
    from windlass_gui.monitor.joining import JoinDialog

    window.actions_["token"].trigger()
    dialog = window.findChild(JoinDialog)
    assert dialog is not None
    assert dialog.isVisible()
    dialog.close()


def test_every_action_says_what_it_does(window: MainWindow) -> None:
    from windlass_gui.window.actions import SPECS

    keys: dict[str, str] = {}
    for spec in SPECS:
        action = window.actions_[spec.name]
        assert action.toolTip()
        assert action.text()
        for sequence in action.shortcuts():
            assert keys.setdefault(sequence.toString(), spec.name) == spec.name


def test_the_command_line_is_understood(home: Path) -> None:
    options = app.parse(["--sample", "monte-carlo", "--theme", "light", "--home", str(home)])
    assert (options.sample, options.theme, options.home) == ("monte-carlo", "light", home)
    assert app.make_settings().fileName().startswith(str(home))


def test_keys_of_a_table_are_about_its_rows(
    window: MainWindow, bridge: RecordingBridge, make: Any, graph: Path
) -> None:
    window.open_file(graph)
    view = window.page.view
    assert view is not None
    view.graph.select(["first"])
    _run(bridge, make)
    activate(window)
    table = window.runs.runs_table
    table.setFocus()
    QTest.keyClick(table, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    assert len(table.selectionModel().selectedRows()) == 1
    assert view.graph.selected == {"first"}, "the canvas keeps what is chosen"
    QTest.keyClick(table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert "tasks:" not in QApplication.clipboard().text()


def test_a_failures_task_is_gone_to_in_a_folded_frame_too(window: MainWindow, graph: Path) -> None:
    window.open_file(graph)
    view, session = window.page.view, window.page.session
    assert view is not None
    assert session is not None
    session.canvas.fold([session.canvas.frame({"first"})], True)
    assert "first" not in view.graph.nodes
    window.failures.card.edit_asked.emit("first")
    assert view.graph.selected == {"first"}
    assert "first" in view.graph.nodes
