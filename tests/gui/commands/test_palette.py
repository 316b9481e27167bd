"""The command palette: every action by a few letters, by keyboard alone, from every window."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from tests.gui.windows import actions_of_menus, activate

from windlass_gui.bridge import Bridge
from windlass_gui.commands import CommandPalette, Where, all_commands
from windlass_gui.commands.collect import plain
from windlass_gui.commands.fuzzy import places, search
from windlass_gui.window.actions import SPECS
from windlass_gui.window.main_window import MainWindow

GRAPH = "windlass: 1\nname: one\ntasks:\n  fetch: {title: Fetch frames, command: echo, position: [0, 0]}\n"


@pytest.fixture
def window(window: MainWindow, tmp_path: Path) -> MainWindow:
    path = tmp_path / "one.yaml"
    path.write_text(GRAPH)
    window.open_file(path)
    return window


def _palette() -> CommandPalette:
    found = [widget for widget in QApplication.topLevelWidgets() if isinstance(widget, CommandPalette)]
    (shown,) = [widget for widget in found if widget.isVisible()]
    return shown


def _titles(palette: CommandPalette) -> list[str]:
    return [command.title for command, _ in palette.model.rows]


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("sa", "Save"), ("svas", "Save as"), ("save all", "Save all"), ("as", "Save as"), ("zin", "Zoom in"),
        ("graph new", "New graph"), ("ZIN", "Zoom in"), ("view in", "Zoom in"),
    ],
)  # fmt: skip
def test_the_starts_of_words_count_most(query: str, first: str) -> None:
    texts = ["Zoom in\nView", "Save as", "New graph", "Save", "Resume sampling", "Save all", "Amazing"]
    found = search(query, texts, [text.lower() for text in texts], 10)
    assert texts[found[0][0]].split("\n")[0] == first


def test_nothing_is_found_for_letters_that_are_not_there() -> None:
    assert places("xyz", "Save as") is None
    assert places("sas", "as") is None
    assert search("q", ["Save"], ["save"], 5) == []


@given(st.text(max_size=30), st.text(max_size=8))
def test_the_marked_letters_are_the_typed_ones(text: str, query: str) -> None:
    match = places(query, text)
    if match is not None and len(text.lower()) == len(text):
        marked = {text[at].lower() for at in match[1]}
        assert set("".join(query.lower().split())) == marked


def test_every_action_of_every_menu_is_there(window: MainWindow) -> None:
    commands = all_commands(Where(window, window))
    titles = {command.title for command in commands}
    for spec in SPECS:
        title = plain(window.actions_[spec.name].text())
        assert any(title in known for known in titles), spec.name

    for action in actions_of_menus(window):
        assert any(plain(action.text()) in known for known in titles), action.text()
    assert "What happened?" in titles, "an action that only a pane has"
    texts = [command.text for command in commands]
    assert len(set(texts)) == len(texts), "nothing stands there twice"


def test_by_keys_alone(window: MainWindow, qtbot: QtBot) -> None:
    activate(window)
    box = window.inspector.field("name").box
    box.setFocus()
    QTest.keyClick(box, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    palette = _palette()
    QTest.keyClicks(palette.line, "new")
    assert _titles(palette)[0] == "New"
    QTest.keyClick(palette.line, Qt.Key.Key_Down)
    QTest.keyClick(palette.line, Qt.Key.Key_Up)
    QTest.keyClick(palette.line, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: len(window.documents.all) == 2)
    window.show_commands()
    palette = _palette()
    assert _titles(palette)[0] == "New", "what was used last comes first"
    QTest.keyClicks(palette.line, "zzzzqq")
    assert palette.nothing.isVisible()
    assert not palette.list.isVisible()
    QTest.keyClick(palette.line, Qt.Key.Key_Escape)
    assert not palette.isVisible()


def test_what_is_not_possible_is_said_and_not_done(window: MainWindow, qtbot: QtBot) -> None:
    window.show_commands()
    palette = _palette()
    QTest.keyClicks(palette.line, "undo")
    command, _ = palette.model.rows[0]
    assert command.title == "Undo"
    assert not command.enabled
    QTest.keyClick(palette.line, Qt.Key.Key_Return)
    assert palette.isVisible()
    palette.reject()


def test_tasks_graphs_runs_and_agents_can_be_gone_to(
    window: MainWindow, bridge: Bridge, make: Any, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    import msgspec

    bridge.inbox.put(make.snapshot("runs", runs=msgspec.to_builtins([make.run(7, name="nightly")]), removed=[]))
    bridge.inbox.put(
        make.snapshot("agents", agents=msgspec.to_builtins([make.agent("a1", name="gpu-box")]), removed=[])
    )
    bridge.frame()
    went: list[Any] = []
    monkeypatch.setattr(window, "show_agent", lambda agent: went.append(agent))
    monkeypatch.setattr(window.runs, "select_run", lambda run: went.append(run))

    def go(letters: str) -> None:
        window.show_commands()
        palette = _palette()
        QTest.keyClicks(palette.line, letters)
        QTest.keyClick(palette.line, Qt.Key.Key_Return)
        QApplication.processEvents()

    go("agent gpu")
    go("nightly")
    assert went == ["a1", 7]
    go("fetch frames")
    assert window.page.view is not None
    assert window.page.view.graph.selected == {"fetch"}
    window.new()
    go("one.yaml open graph")
    assert window.windowTitle().startswith("one.yaml")


def test_it_opens_over_the_monitor_too(window: MainWindow, qtbot: QtBot) -> None:
    window.show_monitor()
    assert window.monitor is not None
    activate(window.monitor)
    QTest.keyClick(window.monitor, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    palette = _palette()
    assert palette.parent() is window.monitor
    assert "Submit" in _titles(palette)
    palette.reject()


def test_only_what_is_on_a_widget_is_offered(window: MainWindow) -> None:
    """The plots' library has an export of its own that fails without its menu."""
    window.show_monitor()
    assert window.monitor is not None
    found = [command for command in all_commands(Where(window, window.monitor)) if command.title == "Export..."]
    window.monitor.close()
    assert found == []
