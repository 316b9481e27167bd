"""Templates, the palette's search, the search at the mouse, and files dropped from a file manager."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QInputDialog, QMessageBox
from pytestqt.qtbot import QtBot
from tests.gui.windows import close_documents

from windlass_gui.background import Background
from windlass_gui.editor.canvas.view import GraphView
from windlass_gui.editor.parts.kinds import MIME_TASKS
from windlass_gui.editor.parts.shelf import Shelf
from windlass_gui.editor.parts.templates import Templates
from windlass_gui.window.adding import copy_into
from windlass_gui.window.main_window import MainWindow

GRAPH = """\
windlass: 1
name: small
tasks:
  split: {command: echo split, position: [0, 0]}
  work: {needs: [split], command: echo work, position: [300, 0]}
"""


@pytest.fixture
def window(shared_window: MainWindow, tmp_path: Path) -> Iterator[MainWindow]:
    (tmp_path / "graph").mkdir()
    path = tmp_path / "graph" / "small.yaml"
    path.write_text(GRAPH)
    assert shared_window.open_file(path)
    yield shared_window
    close_documents(shared_window)
    shared_window.palette_.parts.line.clear()


def canvas(window: MainWindow) -> GraphView:
    view = window.page.view
    assert view is not None
    return view


def tasks(window: MainWindow) -> list[str]:
    session = window.page.session
    assert session is not None
    return list(session.document.facts)


def drop(view: GraphView, data: QMimeData, x: float, y: float) -> None:
    at = QPointF(view.mapFromScene(QPointF(x, y)))
    copy, left, none = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    view.dragEnterEvent(QDragEnterEvent(at.toPoint(), copy, data, left, none))
    view.dropEvent(QDropEvent(at, copy, data, left, none))


def files(*paths: Path) -> QMimeData:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    return data


def test_what_is_chosen_becomes_a_template_and_comes_back(window: MainWindow, monkeypatch: pytest.MonkeyPatch) -> None:
    view = canvas(window)
    view.graph.select_all()
    monkeypatch.setattr(QInputDialog, "getText", lambda *_, **__: ("Two steps / mine", True))
    window.actions_["save_template"].trigger()
    window.background.settle()
    QApplication.processEvents()
    (kept,) = (Path(window.settings.fileName()).parent / "templates").iterdir()
    assert kept.name == "Two-steps-mine.yaml"
    assert kept.read_text().splitlines()[0] == "windlass: 1"
    part = next(part for part in window.palette_.parts.shelf.parts() if part.group == "template")
    assert (part.label, part.hint) == ("Two steps / mine", "split, work")
    window.adding.add(part)
    assert tasks(window) == ["split", "work", "split-2", "work-2"]
    assert view.graph.selected == {"split-2", "work-2"}
    session = window.page.session
    assert session is not None
    assert session.undo.undoText() == "add the template “Two steps / mine”"
    session.undo.undo()
    assert session.document.text == GRAPH
    data = QMimeData()
    data.setData(MIME_TASKS, kept.read_bytes())
    drop(view, data, 0, 300)
    assert tasks(window) == ["split", "work", "split-2", "work-2"]


@pytest.fixture
def background(qapp: QApplication) -> Iterator[Background]:
    made = Background()
    yield made
    made.close()


def test_templates_are_replaced_renamed_and_deleted(tmp_path: Path, qapp: QApplication, background: Background) -> None:
    shelf = Templates(tmp_path / "templates", background)

    def settle() -> None:
        background.settle()
        qapp.processEvents()

    shelf.save("one", "tasks: {a: {command: x}}\n")
    settle()
    shelf.save("one", "tasks: {b: {command: x}}\n")
    shelf.save("two", "tasks: {c: {command: x}}\n")
    settle()
    (tmp_path / "templates" / "broken.yaml").write_text("tasks: [")
    shelf.read()
    settle()
    assert [(kept.name, kept.hint) for kept in shelf.all] == [("one", "b"), ("two", "c")]
    with pytest.raises(ValueError, match="already"):
        shelf.rename("one", "two")
    changed: list[bool] = []
    shelf.changed.connect(lambda: changed.append(True))
    shelf.rename("one", "three")
    settle()
    assert changed
    shelf.remove("two")
    again = Templates(tmp_path / "templates", background)
    settle()
    assert [kept.name for kept in again.all] == ["three"]
    failures: list[Exception] = []
    shutil.rmtree(tmp_path / "templates")
    (tmp_path / "templates").write_text("no folder")
    shelf.save("four", "tasks: {}\n", failures.append)
    settle()
    assert isinstance(failures[0], OSError)


def test_the_best_match_comes_first(tmp_path: Path, background: Background) -> None:
    shelf = Shelf(Templates(tmp_path, background))
    assert shelf.search("command")[0].key == "command"
    assert shelf.search("for each")[0].key == "array"
    assert shelf.search("encode")[0].group == "sample"
    assert shelf.search("no such thing") == []
    assert len(shelf.search("")) == len(shelf.parts())


def test_tab_adds_what_is_searched_for_after_what_is_chosen(window: MainWindow, qtbot: QtBot) -> None:
    view = canvas(window)
    view.setFocus()
    view.reveal("work")
    QTest.keyClick(view, Qt.Key.Key_Tab)
    search = window.adding.search
    qtbot.waitUntil(search.isVisible)
    QTest.keyClicks(search.parts.line, "python")
    QTest.keyClick(search.parts.line, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    assert not search.isVisible()
    assert tasks(window) == ["split", "work", "python"]
    session = window.page.session
    assert session is not None
    assert session.document.facts["python"].needs == (("work", False),)
    QTest.keyClick(view, Qt.Key.Key_Tab)
    QTest.keyClick(search, Qt.Key.Key_Escape)
    assert not search.isVisible()


def test_the_palette_is_searched_and_gone_through_with_the_keyboard(window: MainWindow) -> None:
    line = window.palette_.parts.line
    QTest.keyClicks(line, "command")
    QTest.keyClick(line, Qt.Key.Key_Down)
    QTest.keyClick(line, Qt.Key.Key_Return)
    assert tasks(window)[-1] == "each"
    QTest.keyClicks(line, "zzz")
    assert window.palette_.parts.list.item(0).text() == "Nothing matches “commandzzz”"


def test_a_script_dropped_becomes_a_task_and_data_an_input(window: MainWindow, tmp_path: Path) -> None:
    folder = tmp_path / "graph"
    script, table = folder / "tools" / "count.py", folder / "table.csv"
    script.parent.mkdir()
    script.write_text("print(1)\n")
    table.write_text("1\n")
    view = canvas(window)
    drop(view, files(script), 0, 300)
    session = window.page.session
    assert session is not None
    assert session.document.task("count")["command"] == ["python3", "tools/count.py"]
    drop(view, files(table), 40, 20)
    assert session.document.task("split")["inputs"] == ["table.csv"]
    assert session.undo.undoText() == "give “split” table.csv"
    session.check_now()
    assert session.document.graph is not None


def test_files_from_elsewhere_are_copied_only_when_asked(
    window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    strange = tmp_path / "far.csv"
    strange.write_text("1\n")
    monkeypatch.setattr(QMessageBox, "question", lambda *_: QMessageBox.StandardButton.No)
    drop(canvas(window), files(strange), 0, 300)
    window.background.settle()
    assert not (tmp_path / "graph" / "far.csv").exists()
    monkeypatch.setattr(QMessageBox, "question", lambda *_: QMessageBox.StandardButton.Yes)
    drop(canvas(window), files(strange), 0, 300)
    qtbot.waitUntil(lambda: "far" in tasks(window))
    assert (tmp_path / "graph" / "far.csv").read_text() == "1\n"
    said: list[str] = []
    monkeypatch.setattr(QMessageBox, "warning", lambda _, __, text: said.append(text))
    drop(canvas(window), files(strange), 0, 400)
    assert "another" in said[0]


def test_two_files_of_one_name_are_not_copied_over_each_other(
    window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "in.csv").write_text(folder)
    said: list[str] = []
    monkeypatch.setattr(QMessageBox, "question", lambda *_: QMessageBox.StandardButton.Yes)
    monkeypatch.setattr(QMessageBox, "warning", lambda _, __, text: said.append(text))
    drop(canvas(window), files(tmp_path / "one" / "in.csv", tmp_path / "two" / "in.csv"), 0, 300)
    window.background.settle()
    assert said == ["Several of these are called “in.csv”. Rename all but one first."]
    assert not (tmp_path / "graph" / "in.csv").exists()


def test_a_copy_that_fails_removes_nothing_of_others(tmp_path: Path) -> None:
    mine, other = tmp_path / "far" / "in.csv", tmp_path / "in.csv"
    mine.parent.mkdir()
    mine.write_text("mine")
    other.write_text("came meanwhile")
    with pytest.raises(FileExistsError):
        copy_into([mine], tmp_path)
    assert other.read_text() == "came meanwhile"


def test_a_graph_that_was_never_saved_says_so(window: MainWindow, tmp_path: Path) -> None:
    window.new()
    view = canvas(window)
    said: list[str] = []
    view.session.refused.connect(said.append)
    (tmp_path / "x.csv").write_text("")
    drop(view, files(tmp_path / "x.csv"), 0, 0)
    assert said == ["Save the graph first: its tasks find their files from its folder"]


def test_a_graph_dropped_is_opened(window: MainWindow, tmp_path: Path) -> None:
    other = tmp_path / "other.yaml"
    other.write_text("windlass: 1\nname: other\ntasks:\n  a: {command: x}\n")
    drop(canvas(window), files(other), 0, 0)
    assert window.page.session is not None
    assert window.page.session.path == other


def test_tasks_are_copied_as_yaml_and_pasted_from_any_text(window: MainWindow) -> None:
    view = canvas(window)
    view.setFocus()
    view.graph.select(["work"])
    window.actions_["copy"].trigger()
    assert QGuiApplication.clipboard().text().startswith("tasks:\n  work:\n")
    QGuiApplication.clipboard().setText("windlass: 1\ntasks:\n  fresh: {command: x}\n")
    window.actions_["paste"].trigger()
    assert tasks(window)[-1] == "fresh"


def test_enter_in_the_fresh_search_adds_what_is_marked(window: MainWindow) -> None:
    window.adding.ask_in_middle()
    search = window.adding.search
    part = search.parts.list.part()
    assert part is not None
    assert part.key == "command"
    QTest.keyClick(search.parts.line, Qt.Key.Key_Return)
    assert tasks(window)[-1] == "command"


def test_copies_are_a_step_of_their_own_name(window: MainWindow) -> None:
    canvas(window).graph.select(["split"])
    window.actions_["duplicate"].trigger()
    session = window.page.session
    assert session is not None
    assert session.undo.undoText() == "duplicate “split”"
    canvas(window).graph.select(["split", "work"])
    canvas(window).setFocus()
    window.actions_["cut"].trigger()
    assert session.undo.undoText() == "cut 2 tasks"
    window.actions_["paste"].trigger()
    assert session.undo.undoText() == "paste 2 tasks"


def test_a_double_click_beside_everything_asks_what_to_add_there(window: MainWindow) -> None:
    view = canvas(window)
    view.fit()
    at = view.mapFromScene(QPointF(120, 200))
    QTest.mouseDClick(view.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, at)
    search = window.adding.search
    assert search.isVisible()
    assert search.place == view.mapToScene(at)
    QTest.keyClick(search.parts.line, Qt.Key.Key_Escape)
    assert tasks(window) == ["split", "work"]


def test_text_that_is_let_go_over_the_canvas_is_pasted_there(window: MainWindow) -> None:
    view, data = canvas(window), QMimeData()
    data.setText("tasks: {fresh: {command: echo}}")
    drop(view, data, 100, 300)
    assert "fresh" in tasks(window)
    said: list[str] = []
    session = window.page.session
    assert session is not None
    session.refused.connect(said.append)
    data.setText("just words")
    drop(view, data, 100, 300)
    assert said == ["This cannot be pasted as tasks: it is other text; tasks are copied from a canvas or as YAML"]
    assert len(tasks(window)) == 3


def test_without_a_graph_the_palette_begins_one(window: MainWindow) -> None:
    close_documents(window)
    line = window.palette_.parts.line
    QTest.keyClicks(line, "script")
    QTest.keyClick(line, Qt.Key.Key_Return)
    assert tasks(window) == ["script"]
    close_documents(window)
    line.clear()
    QTest.keyClicks(line, "pi")
    QTest.keyClick(line, Qt.Key.Key_Return)
    assert window.documents.current is not None
    assert window.documents.current.sample is not None
