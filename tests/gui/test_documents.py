"""Documents in tabs: each with a session, a canvas and a run of its own, and one question before they go."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPoint, QSettings, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog, QMessageBox
from tests.gui.windows import activate, close_documents

from windlass.wire.rows import Counts
from windlass_gui.bridge import Bridge, SubmitProgress
from windlass_gui.files.documents import NARROWEST, WIDEST
from windlass_gui.window.main_window import MainWindow

pytestmark = pytest.mark.slow

GRAPH = "windlass: 1\nname: {0}\ntasks:\n  first: {{command: echo {0}, position: [0, 0]}}\n"


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / f"{name}.yaml" for name in ("one", "two", "three")]
    for path in paths:
        path.write_text(GRAPH.format(path.stem))
    return paths


def _titles(window: MainWindow) -> list[str]:
    return [window.documents.bar.tabText(at) for at in range(window.documents.bar.count())]


def _answer(monkeypatch: pytest.MonkeyPatch, *answers: QMessageBox.StandardButton) -> list[str]:
    """What the person presses, question by question; gives the questions' texts."""
    asked: list[str] = []
    left = iter(answers)

    def press(box: QMessageBox) -> Any:
        asked.append(box.text() + box.informativeText())
        return next(left)

    monkeypatch.setattr(QMessageBox, "exec", press)
    return asked


def test_each_tab_has_its_own_document_and_history(window: MainWindow, files: list[Path]) -> None:
    for path in files:
        assert window.open_file(path)
    assert _titles(window) == ["one.yaml", "two.yaml", "three.yaml"]
    assert window.page.session is not None
    window.page.session.set_field("first", "title", "Three")
    assert _titles(window)[2] == "● three.yaml"
    assert window.actions_["undo"].isEnabled()
    window.actions_["next_tab"].trigger()
    assert window.windowTitle().startswith("one.yaml")
    assert not window.actions_["undo"].isEnabled()
    assert window.inspector.session is window.page.session
    window.actions_["previous_tab"].trigger()
    window.actions_["undo"].trigger()
    assert _titles(window)[2] == "three.yaml"


def test_a_file_that_is_open_comes_to_the_front(window: MainWindow, files: list[Path]) -> None:
    for path in files[:2]:
        window.open_file(path)
    assert window.open_file(files[0].parent / "." / files[0].name)
    assert len(window.documents.all) == 2
    assert window.windowTitle().startswith("one.yaml")


def test_an_untouched_new_graph_gives_its_place_away(window: MainWindow, files: list[Path]) -> None:
    window.new()
    window.open_file(files[0])
    assert _titles(window) == ["one.yaml"]
    window.new()
    assert window.page.session is not None
    window.page.session.add_task("command", (0, 0))
    window.open_file(files[1])
    assert len(window.documents.all) == 3


def test_keys_and_mouse_switch_close_and_reorder(window: MainWindow, files: list[Path]) -> None:
    for path in files:
        window.open_file(path)
    activate(window)
    QTest.keyClick(window, Qt.Key.Key_Tab, Qt.KeyboardModifier.ControlModifier)
    assert window.windowTitle().startswith("one.yaml")
    QTest.keyClick(window, Qt.Key.Key_PageUp, Qt.KeyboardModifier.ControlModifier)
    assert window.windowTitle().startswith("three.yaml")
    bar = window.documents.bar
    QTest.mouseClick(bar, Qt.MouseButton.MiddleButton, pos=bar.tabRect(1).center())
    assert _titles(window) == ["one.yaml", "three.yaml"]
    start, end = bar.tabRect(0).center(), bar.tabRect(1).center() + QPoint(20, 0)
    QTest.mousePress(bar, Qt.MouseButton.LeftButton, pos=start)
    for share in range(1, 11):
        QTest.mouseMove(bar, start + (end - start) * share / 10)
    QTest.mouseRelease(bar, Qt.MouseButton.LeftButton, pos=end)
    assert _titles(window) == ["three.yaml", "one.yaml"]
    assert [made.title for made in window.documents.all] == ["three.yaml", "one.yaml"]
    assert window.windowTitle().startswith("one.yaml")
    QTest.keyClick(window, Qt.Key.Key_W, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClick(window, Qt.Key.Key_W, Qt.KeyboardModifier.ControlModifier)
    assert window.documents.stack.currentWidget() is window.start
    assert window.documents.head.isHidden()


def test_closing_the_window_asks_once_about_all(
    window: MainWindow, files: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in files:
        window.open_file(path)
        assert window.page.session is not None
        if path.stem != "two":
            window.page.session.set_field("first", "title", path.stem.upper())
    buttons = QMessageBox.StandardButton
    asked = _answer(monkeypatch, buttons.Cancel, buttons.SaveAll)
    window.close()
    assert window.isVisible()
    assert "2 graphs" in asked[0]
    assert "one.yaml" in asked[0]
    assert "two.yaml" not in asked[0]
    window.close()
    assert not window.isVisible()
    assert len(asked) == 2
    assert ["title" in path.read_text() for path in files] == [True, False, True]


def test_save_all_asks_where_only_for_what_has_no_file(
    window: MainWindow, files: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window.open_file(files[0])
    assert window.page.session is not None
    window.page.session.set_field("first", "title", "One")
    window.page.show_mode("both")
    window.page.text.edit.setPlainText(window.page.text.edit.toPlainText() + "# typed\n")
    window.new()
    assert window.page.session is not None
    window.page.session.add_task("command", (0, 0))
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "fresh.yaml"), ""))
    window.actions_["save_all"].trigger()
    assert window.opening.saving.wait()
    assert files[0].read_text().endswith("# typed\n")
    assert (tmp_path / "fresh.yaml").is_file()
    assert not window.documents.modified()
    assert not window.actions_["save_all"].isEnabled()


def test_a_discarded_tab_goes_and_the_next_is_shown(
    window: MainWindow, files: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in files[:2]:
        window.open_file(path)
    assert window.page.session is not None
    window.page.session.set_field("first", "title", "Two")
    asked = _answer(monkeypatch, QMessageBox.StandardButton.Discard)
    window.actions_["close"].trigger()
    assert len(asked) == 1
    assert _titles(window) == ["one.yaml"]
    assert files[1].read_text() == GRAPH.format("two")


def test_each_tab_shows_its_own_run(window: MainWindow, bridge: Bridge, files: list[Path], make: Any) -> None:
    import msgspec

    for path in files[:2]:
        window.open_file(path)
    for number, at in ((7, 0), (8, 1)):
        window.documents.show_document(window.documents.all[at])
        window.run_view.show_run(number, GRAPH)
    rows = [make.task(0, count=1, id="first", array=False, counts=Counts(active=1))]

    def tell(number: int) -> None:
        run = msgspec.to_builtins(make.run(number))
        data = {"run": run, "tasks": msgspec.to_builtins(rows), "states": {}, "attempts": []}
        both = [msgspec.to_builtins(make.run(each)) for each in (7, 8)]
        bridge.inbox.put(make.snapshot("runs", runs=both, removed=[]))
        bridge.inbox.put(make.snapshot(f"run:{number}", **data))
        bridge.frame()

    tell(8)
    first, second = (made.page.view for made in window.documents.all[:2])
    assert first is not None
    assert second is not None
    assert second.graph.nodes["first"].live is not None
    window.actions_["next_tab"].trigger()
    assert window.run_view.run == 7
    tell(7)
    assert first.graph.nodes["first"].live is not None
    window.actions_["next_tab"].trigger()
    assert window.run_view.run == 8
    window.actions_["leave_run"].trigger()
    window.actions_["next_tab"].trigger()
    assert window.run_view.run == 7
    window.actions_["next_tab"].trigger()
    assert window.run_view.run is None


def test_a_submit_ends_in_the_tab_that_it_began_in(
    window: MainWindow, bridge: Bridge, files: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Any] = []
    monkeypatch.setattr(bridge, "submit", lambda *given, **_more: told.append(given[-1]))
    for path in files[:2]:
        window.open_file(path)
    window.submit()
    window.actions_["next_tab"].trigger()
    told[0](SubmitProgress("submitted", "Run 9 submitted", run=9))
    assert window.run_view.run is None
    window.actions_["next_tab"].trigger()
    assert window.run_view.run == 9


def test_the_tabs_come_back_and_are_read_when_looked_at(
    window: MainWindow, bridge: Bridge, files: list[Path], settings: QSettings
) -> None:
    for path in files:
        window.open_file(path)
    window.actions_["previous_tab"].trigger()
    window.close()
    files[0].unlink()
    again = MainWindow(bridge, settings)
    again.show()
    again.opening.restore()
    assert _titles(again) == ["two.yaml", "three.yaml"]
    assert [made.session is not None for made in again.documents.all] == [True, False], "only the one in front is read"
    again.actions_["next_tab"].trigger()
    assert all(made.session is not None for made in again.documents.all)
    again.close()
    settings.setValue("restore-tabs", False)
    third = MainWindow(bridge, settings)
    third.opening.restore()
    assert not third.documents.all
    for made in (again, third):
        made.deleteLater()


def test_a_tab_that_can_no_longer_be_read_goes(
    window: MainWindow, files: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr(window.files, "_say", said.append)
    window.documents.restore(files[:2], 0)
    files[1].write_bytes(b"\xff\xfe\x00bad")
    window.actions_["next_tab"].trigger()
    assert said
    assert _titles(window) == ["one.yaml"]
    assert window.page.session is not None


def test_new_graphs_are_told_apart_and_their_tabs_keep_a_readable_name(window: MainWindow) -> None:
    for _ in range(3):
        window.new()
        session = window.page.session
        assert session is not None
        session.add_task("command", (0, 0))
    bar = window.documents.bar
    assert [bar.tabText(at) for at in range(bar.count())] == [
        f"● {name} (not saved)" for name in ("untitled", "untitled-2", "untitled-3")
    ]
    assert all(bar.minimumTabSizeHint(at).width() >= min(NARROWEST, bar.tabRect(at).width()) for at in range(3))


def test_a_long_name_leaves_the_other_tabs_in_the_bar(shared_window: MainWindow, tmp_path: Path) -> None:
    for name in ("n" * 200, "short"):
        path = tmp_path / f"{name}.yaml"
        path.write_text("windlass: 1\ntasks: {}\n")
        assert shared_window.open_file(path)
    bar = shared_window.documents.bar
    assert bar.tabRect(bar.count() - 2).width() <= WIDEST
    assert "n" * 200 in bar.tabToolTip(bar.count() - 2)
    close_documents(shared_window)
