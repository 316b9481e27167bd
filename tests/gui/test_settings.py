"""Layouts by name, the steps' pane, the settings, and keys of one's own."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QPoint, QSettings, Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QInputDialog, QLabel, QMenu, QPushButton, QToolButton

from windlass_gui import app
from windlass_gui.bridge import Bridge
from windlass_gui.look.theme import apply_theme, theme_switch
from windlass_gui.window.docks import docks_of
from windlass_gui.window.main_window import MainWindow
from windlass_gui.window.settings_dialog import interface_size

pytestmark = pytest.mark.slow

GRAPH = "windlass: 1\nname: one\ntasks:\n  first: {command: echo one, position: [0, 0]}\n"


@pytest.fixture
def window(window: MainWindow, tmp_path: Path) -> MainWindow:
    path = tmp_path / "one.yaml"
    path.write_text(GRAPH)
    window.open_file(path)
    return window


def _width(window: MainWindow, dock: str) -> int:
    QApplication.processEvents()
    return docks_of(window)[dock].width()


def test_a_layout_comes_back_by_its_name(window: MainWindow, bridge: Bridge, settings: QSettings) -> None:
    docks = docks_of(window)
    usual = _width(window, "inspector")
    docks["palette"].hide()
    window.resizeDocks([docks["inspector"]], [460], Qt.Orientation.Horizontal)
    wide = _width(window, "inspector")
    assert wide > usual + 50
    dialog = window.layouts.ask_name()
    assert isinstance(dialog, QInputDialog)
    dialog.setTextValue("wide / inspector")
    dialog.accept()
    window.actions_["reset_layout"].trigger()
    assert not docks["palette"].isHidden()
    assert abs(_width(window, "inspector") - usual) <= 2
    menu = QMenu()
    window.layouts.fill(menu)
    menu.actions()[0].trigger()
    assert docks["palette"].isHidden()
    assert abs(_width(window, "inspector") - wide) <= 2
    other = MainWindow(bridge, QSettings(settings.fileName(), QSettings.Format.IniFormat))
    assert other.layouts.names() == ["wide / inspector"], "it is kept for the next start"
    other.layouts.delete("wide / inspector")
    assert other.layouts.names() == []
    other.deleteLater()


def test_a_click_on_a_step_goes_back_to_it(window: MainWindow) -> None:
    session = window.page.session
    assert session is not None
    window.actions_["history"].trigger()
    assert window.history.isVisible()
    for title in ("One", "Two", "Three"):
        session.set_field("first", "title", title)
    steps = window.history.view.model()
    assert steps is not None
    words = [str(steps.index(row, 0).data()) for row in range(steps.rowCount())]
    assert words[0] == "As it was opened"
    assert len(words) == 4
    assert "title" in words[1]
    view = window.history.view
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=view.visualRect(steps.index(1, 0)).center())
    assert "title: One" in session.document.text
    window.new()
    assert steps.rowCount() == 1, "each document has its own"
    window.actions_["history"].trigger()
    assert not window.history.isVisible()


@pytest.mark.slow
def test_the_theme_is_chosen_and_follows_the_desktop(
    window: MainWindow, settings: QSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    dialog = window.show_settings()
    dialog.theme.setCurrentIndex(dialog.theme.findData("light"))
    assert theme_switch().theme.name == "light"
    assert settings.value("theme") == "light"
    dialog.theme.setCurrentIndex(dialog.theme.findData("system"))
    for scheme, name in ((Qt.ColorScheme.Light, "light"), (Qt.ColorScheme.Dark, "dark")):
        monkeypatch.setattr(theme_switch(), "_system", lambda name=name: name)
        QApplication.styleHints().colorSchemeChanged.emit(scheme)
        assert theme_switch().theme.name == name
    dialog.reject()


def test_another_size_asks_for_a_new_window(window: MainWindow, settings: QSettings) -> None:
    dialog = window.show_settings()
    assert not dialog.again.isEnabled()
    dialog.scale.setValue(500)
    assert dialog.scale.value() == 200
    dialog.scale.setValue(130)
    dialog.again.click()
    assert window.restarting
    assert not window.isVisible()
    assert not window.stop_core, "runs go on"
    assert app.SCALE not in os.environ
    with app.scaled(settings):
        assert os.environ[app.SCALE] == "1.3"
    assert app.SCALE not in os.environ, "tasks must not inherit it"


def test_parts_add_their_own_settings(window: MainWindow) -> None:
    window.settings_sections.append(lambda _: ("Fleet", QLabel("which machines")))
    dialog = window.show_settings()
    titles = [dialog.tabs.tabText(at) for at in range(dialog.tabs.count())]
    assert titles == ["General", "Notifications", "Fleet", "Keys"]
    dialog.reject()


def test_keys_can_be_changed_and_never_clash(window: MainWindow, bridge: Bridge, settings: QSettings) -> None:
    dialog = window.show_settings()
    page = dialog.keys
    page.finder.setText("duplicate")
    shown = [row for at in range(page.list.topLevelItemCount()) if not (row := page.list.topLevelItem(at)).isHidden()]  # type: ignore[union-attr]
    assert len(shown) == 1
    page.list.setCurrentItem(shown[0])
    page.keys.setKeySequence(QKeySequence("Ctrl+S"))
    page.keys.editingFinished.emit()
    assert "Save" in page.said.text()
    assert window.actions_["duplicate"].shortcut().toString() == "Ctrl+D"
    page.keys.setKeySequence(QKeySequence("Ctrl+Shift+D"))
    page.keys.editingFinished.emit()
    action = window.actions_["duplicate"]
    assert action.shortcut().toString() == "Ctrl+Shift+D"
    assert "Shift" in action.toolTip()
    other = MainWindow(bridge, settings)
    assert other.actions_["duplicate"].shortcut().toString() == "Ctrl+Shift+D"
    other.deleteLater()
    page.usual.click()
    assert action.shortcut().toString() == "Ctrl+D"
    assert settings.value("keys/duplicate") is None
    page.keys.clear()
    page.keys.editingFinished.emit()
    assert action.shortcut().isEmpty()
    dialog.reject()


def test_the_tabs_menu_closes_the_others(window: MainWindow, tmp_path: Path) -> None:
    for name in ("two", "three"):
        path = tmp_path / f"{name}.yaml"
        path.write_text(GRAPH)
        window.open_file(path)
    bar = window.documents.bar
    bar.customContextMenuRequested.emit(QPoint(bar.tabRect(1).center()))
    menu = next(menu for menu in window.documents.findChildren(QMenu) if menu.isVisible())
    next(action for action in menu.actions() if "others" in action.text()).trigger()
    assert [made.title for made in window.documents.all] == ["two.yaml"]


def test_recent_files_can_be_pinned_cleared_and_are_said_to_be_missing(window: MainWindow, tmp_path: Path) -> None:
    def settle() -> None:
        window.background.settle()
        QCoreApplication.sendPostedEvents()

    def rows() -> dict[str, QPushButton]:
        return {button.text(): button for button in window.start.findChildren(QPushButton) if button.isFlat()}

    for name in ("two", "three"):
        path = tmp_path / f"{name}.yaml"
        path.write_text(GRAPH)
        window.open_file(path)
    (tmp_path / "two.yaml").unlink()
    window.actions_["close_all"].trigger()
    settle()
    assert list(rows()) == ["three.yaml", "two.yaml", "one.yaml"]
    assert not rows()["two.yaml"].isEnabled()
    assert any("missing" in label.text() for label in window.start.findChildren(QLabel))
    pin = next(tool for tool in window.start.findChildren(QToolButton) if tool.accessibleName() == "Pin one.yaml")
    pin.click()
    settle()
    assert next(iter(rows())) == "one.yaml"
    forget = next(tool for tool in window.start.findChildren(QToolButton) if tool.accessibleName() == "Forget two.yaml")
    forget.click()
    settle()
    assert list(rows()) == ["one.yaml", "three.yaml"]
    window._recent_menu.aboutToShow.emit()
    entries = {action.text(): action for action in window._recent_menu.actions()}
    entries["&Clear list"].trigger()
    settle()
    assert list(rows()) == ["one.yaml"], "what is pinned stays"
    rows()["one.yaml"].click()
    assert window.windowTitle().startswith("one.yaml")


def test_a_new_window_begins_as_the_old_one_did(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[list[str]] = []
    monkeypatch.setattr(os, "execv", lambda _, arguments: given.append(arguments[1:]))
    for arguments in (["--connect", "tcp://core:1"], ["--offline"], ["graph.yaml"]):
        app.again(app.parse(arguments))
    module = ["-m", "windlass_gui"]
    assert given == [[*module, "--connect", "tcp://core:1"], [*module, "--offline"], module], (
        "tabs come back by themselves"
    )


@pytest.mark.parametrize(("kept", "size"), [("abc", 100), ("", 100), ("0", 80), ("9000", 200), ("150", 150)])
def test_settings_that_cannot_be_do_not_keep_the_app_from_starting(
    qapp: QApplication, settings: QSettings, monkeypatch: pytest.MonkeyPatch, kept: str, size: int
) -> None:
    """Somebody has edited the file, or another version wrote it."""
    monkeypatch.delenv(app.SCALE, raising=False)
    settings.setValue("interface-size", kept)
    with app.scaled(settings):
        assert os.environ.get(app.SCALE) == (None if size == 100 else str(size / 100))
    assert interface_size(settings) == size
    apply_theme(qapp, "purple")
    assert theme_switch().choice == "system"
