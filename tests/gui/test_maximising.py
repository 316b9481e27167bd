"""One pane takes the whole window: by its button, by keys, and back; saved layouts know nothing of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QSettings, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDockWidget, QToolButton, QWidget
from tests.gui.windows import activate

from windlass_gui.editor.parts.part_list import COMPACT
from windlass_gui.window.docks import docks_of
from windlass_gui.window.main_window import MainWindow
from windlass_gui.window.pane_title import PaneTitle

GRAPH = "windlass: 1\nname: dawn\ntasks:\n  a: {command: xx, position: [0, 0]}\n"


@pytest.fixture
def window(window: MainWindow, tmp_path: Path) -> MainWindow:
    path = tmp_path / "dawn.yaml"
    path.write_text(GRAPH)
    assert window.open_file(path)
    activate(window)
    return window


def seen(window: MainWindow) -> set[str]:
    panes: dict[str, QWidget] = {"documents": window.documents, **docks_of(window)}
    return {name for name, pane in panes.items() if pane.isVisible()}


USUAL = {"documents", "palette", "inspector", "bottom"}


def press(window: MainWindow, key: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    QTest.keyClick(window.focusWidget() or window, key, modifiers)
    QCoreApplication.processEvents()


def test_the_pane_with_the_keyboard_takes_the_window_and_gives_it_back(window: MainWindow) -> None:
    control = Qt.KeyboardModifier.ControlModifier
    sizes = {name: dock.size() for name, dock in docks_of(window).items() if dock.isVisible()}
    assert window.page.view is not None
    places = (
        ("documents", window.page.view),
        ("bottom", window.bottom.tabBar()),
        ("inspector", window.inspector.filter),
    )
    for name, widget in places:
        widget.setFocus()
        press(window, Qt.Key.Key_F6, control)
        assert seen(window) == {name}
        assert window.actions_["maximise"].isChecked()
        press(window, Qt.Key.Key_F6, control)
        assert seen(window) == USUAL
        assert not window.actions_["maximise"].isChecked()
    assert {name: dock.size() for name, dock in docks_of(window).items() if dock.isVisible()} == sizes


def test_escape_goes_back_once_it_means_nothing_else(window: MainWindow) -> None:
    view = window.page.view
    assert view is not None
    view.setFocus()
    view.graph.select(["a"])
    window.maximising.toggle()
    press(window, Qt.Key.Key_Escape)
    assert (view.graph.selected, seen(window)) == (set(), {"documents"})
    press(window, Qt.Key.Key_Escape)
    assert seen(window) == USUAL


def test_every_title_has_the_button(window: MainWindow) -> None:
    titles = window.findChildren(PaneTitle)
    assert len(titles) == 3  # palette, inspector, history
    inspector = next(title for title in titles if title.parent() is docks_of(window)["inspector"])
    corner = window.bottom.cornerWidget()
    assert isinstance(corner, QToolButton)
    for button, name in ((inspector.maximise, "inspector"), (corner, "bottom")):
        assert "Ctrl+F6" in button.toolTip()
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
        assert seen(window) == {name}
        assert "Escape" in button.toolTip()
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
        assert seen(window) == USUAL


def test_what_is_asked_for_in_another_pane_is_shown(window: MainWindow) -> None:
    view = window.page.view
    assert view is not None
    docks = docks_of(window)
    window.maximising.toggle(window.documents)
    window.leading.show_items(1, 0)
    assert seen(window) == USUAL
    assert window.bottom.currentWidget() is window.items

    window.maximising.toggle(docks["bottom"])
    view.graph.select(["a"])
    window.actions_["edit_task"].trigger()
    assert seen(window) == USUAL

    window.maximising.toggle(docks["bottom"])
    window.new()
    assert seen(window) == USUAL

    window.maximising.toggle(window.documents)
    window.actions_["history"].trigger()
    assert seen(window) == {*USUAL, "history"}


def test_a_closed_pane_opens_when_something_in_it_is_asked_for(window: MainWindow) -> None:
    docks = docks_of(window)
    docks["bottom"].close()
    docks["inspector"].close()
    window.leading.show_items(1, 0)
    assert docks["bottom"].isVisible()
    window.inspector.edit_main_field()
    assert docks["inspector"].isVisible()


def test_layouts_are_those_of_all_panes(window: MainWindow, settings: QSettings) -> None:
    window.maximising.toggle(window.documents)
    window.layouts.save("mine")
    window.layouts.remember()
    window.layouts.show("mine")
    assert seen(window) == USUAL
    assert window.maximising.pane is None
    window.maximising.toggle(window.documents)
    window.layouts.reset()
    assert seen(window) == USUAL
    docks_of(window)["palette"].close()
    window.layouts.restore()
    assert seen(window) == USUAL


def test_a_pane_of_its_own_stays_where_it_is(window: MainWindow) -> None:
    history = docks_of(window)["history"]
    history.show()
    history.setFloating(True)
    window.maximising.toggle(window.documents)
    assert seen(window) == {"documents", "history"}
    window.maximising.leave()
    window.maximising.toggle(history)
    assert window.maximising.pane is None


def test_a_narrow_palette_has_icons_with_tips_and_a_wide_one_words(window: MainWindow) -> None:
    dock, parts = docks_of(window)["palette"], window.palette_.parts
    first = next(row for row in range(parts.list.count()) if parts.list.item(row).flags())
    assert parts.list.item(first).text() == "Command"
    parts.line.setText("script")

    def give(width: int) -> None:
        window.resizeDocks([dock], [width], Qt.Orientation.Horizontal)
        QCoreApplication.processEvents()

    give(50)
    assert dock.width() < COMPACT / 2
    assert parts.line.isHidden()
    shown = [parts.list.item(row) for row in range(parts.list.count())]
    assert shown, "what was searched for is not left out where nobody sees the search"
    for item in shown:
        assert not item.text()
        assert item.toolTip()
        assert item.data(Qt.ItemDataRole.AccessibleTextRole)
        rect = parts.list.visualItemRect(item)
        assert rect.right() <= parts.list.viewport().width()
    title = dock.titleBarWidget()
    assert isinstance(title, PaneTitle)
    assert title.away.isVisible()
    assert not title.maximise.isVisible()
    give(200)
    assert parts.line.isVisible()
    assert parts.list.item(first).text() == "Command"


def test_the_tool_bar_gives_up_words_before_buttons(window: MainWindow) -> None:
    submit = next(
        button for button in window.findChildren(QToolButton) if button.defaultAction() is window.actions_["submit"]
    )
    words = Qt.ToolButtonStyle.ToolButtonTextBesideIcon
    window.resize(1320, 800)
    assert submit.toolButtonStyle() == words
    window.resize(683, 467)
    QCoreApplication.processEvents()
    assert submit.toolButtonStyle() != words
    theme = next(
        button for button in window.findChildren(QToolButton) if button.defaultAction() is window.actions_["theme"]
    )
    assert theme.isVisible()
    assert theme.mapTo(window, theme.rect().topRight()).x() < 683
    window.resize(1320, 800)
    QCoreApplication.processEvents()
    assert submit.toolButtonStyle() == words


def test_the_docks_close_and_float_by_their_titles(window: MainWindow) -> None:
    dock = docks_of(window)["inspector"]
    title = dock.titleBarWidget()
    assert isinstance(title, PaneTitle)
    title.out.click()
    assert dock.isFloating()
    assert not title.maximise.isEnabled()
    title.out.click()
    assert not dock.isFloating()
    title.away.click()
    assert dock.isHidden()
    assert isinstance(dock, QDockWidget)
