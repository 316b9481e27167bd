"""Every action says what it does and answers to keys of its own; every widget that takes the keyboard has a name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractScrollArea,
    QApplication,
    QComboBox,
    QDialog,
    QFormLayout,
    QLabel,
    QLineEdit,
    QMainWindow,
    QMenu,
    QMenuBar,
    QScrollBar,
    QTabBar,
    QWidget,
)
from tests.gui.windows import actions_of_menus, activate

from windlass_gui.files.recovery import Kept, Lost
from windlass_gui.files.recovery_dialog import RecoveryDialog
from windlass_gui.panes.table import Table
from windlass_gui.window.actions import SPECS
from windlass_gui.window.main_window import MainWindow

WITHOUT_KEYS = {"about"}
"""Actions for which keys of their own would be in nobody's fingers; the menus' letters and Ctrl+K reach them."""


@pytest.fixture(scope="module")
def window(shared_window: MainWindow, tmp_path_factory: pytest.TempPathFactory) -> MainWindow:
    path = tmp_path_factory.mktemp("graph") / "dawn.yaml"
    path.write_text("windlass: 1\nname: dawn\ntasks:\n  fetch: {command: xx, position: [0, 0]}\n")
    assert shared_window.open_file(path)
    return shared_window


def test_every_action_has_keys_and_a_tip(window: MainWindow) -> None:
    for spec in SPECS:
        action = window.actions_[spec.name]
        assert action.statusTip(), spec.name
        assert action.shortcuts() or spec.name in WITHOUT_KEYS, f"{spec.name} has no keys"
        for keys in action.shortcuts():
            assert keys.toString(keys.SequenceFormat.NativeText)
        if action.shortcuts():
            assert action.shortcut().toString(action.shortcut().SequenceFormat.NativeText) in action.toolTip()


def test_no_keys_mean_two_things(window: MainWindow) -> None:
    """In the whole window; a key that counts only inside a widget may be another's inside another widget."""
    taken: dict[str, str] = {}
    shown = set(actions_of_menus(window))  # first: menus that are opened make their entries anew
    for action in shown.union(window.findChildren(QAction)):
        local = action.shortcutContext() in (
            Qt.ShortcutContext.WidgetShortcut, Qt.ShortcutContext.WidgetWithChildrenShortcut,
        )  # fmt: skip
        for keys in () if local else action.shortcuts():
            name = f"{action.objectName()} {action.text()}"
            assert taken.setdefault(keys.toString(), name) == name, (
                f"{keys.toString()}: {name}, {taken[keys.toString()]}"
            )


def test_no_keys_mean_two_things_in_a_table(window: MainWindow) -> None:
    for table in window.findChildren(Table):
        keys = [keys.toString() for action in table.actions() for keys in action.shortcuts()]
        assert len(set(keys)) == len(keys), f"{table.accessibleName()}: {sorted(keys)}"


def test_no_two_letters_of_a_menu_are_the_same(window: MainWindow) -> None:
    heads = window.menuBar().actions()
    letters = [action.text().partition("&")[2][:1].lower() for action in heads]
    assert len(set(letters)) == len(letters)
    assert all(letters)


def _around(widget: QWidget) -> Iterator[QWidget]:
    """The widgets that it stands in, the nearest first."""
    parent = widget.parentWidget()
    while parent is not None:
        yield parent
        parent = parent.parentWidget()


def _nameless(root: QWidget) -> Iterator[str]:
    captions = {label.buddy() for label in root.findChildren(QLabel) if label.buddy() is not None}
    for form in root.findChildren(QFormLayout):
        for row in range(form.rowCount()):
            field = form.itemAt(row, QFormLayout.ItemRole.FieldRole)
            if form.itemAt(row, QFormLayout.ItemRole.LabelRole) is not None and field is not None:
                captions.add(field.widget())
    for widget in root.findChildren(QWidget):
        policy = widget.focusPolicy()
        if not policy & Qt.FocusPolicy.TabFocus or widget.objectName().startswith("qt_"):
            continue
        if isinstance(widget, (QScrollBar, QMenuBar, QMenu, QMainWindow)):
            continue
        if widget.accessibleName() or widget in captions or widget.parent() in captions:
            continue
        if isinstance(widget, QAbstractButton) and (widget.text() or widget.toolTip()):
            continue
        parent = widget.parentWidget()
        if isinstance(widget, QLineEdit) and isinstance(parent, QComboBox):
            continue
        if isinstance(parent, QAbstractScrollArea) and widget is parent.viewport():
            continue
        if any(isinstance(up, QComboBox) for up in _around(widget)):
            continue
        if isinstance(widget, QTabBar) and parent is not None and parent.accessibleName():
            continue
        yield " < ".join(type(up).__name__ for up in (widget, *_around(widget)))


def test_whatever_takes_the_keyboard_has_a_name(window: MainWindow, tmp_path: Path) -> None:
    window.show_monitor()
    assert window.monitor is not None
    settings = window.show_settings()
    recovery = RecoveryDialog([Lost(tmp_path, Kept("dawn", "", 0.0), 1, 2)], window)
    roots = (window, window.monitor, settings, recovery)
    found = [f"{type(root).__name__}: {nameless}" for root in roots for nameless in _nameless(root)]
    settings.close()
    recovery.close()
    window.monitor.close()
    assert not found, "\n".join(sorted(set(found)))


@pytest.mark.parametrize("action", ["keys", "settings", "picture", "token", "commands", "submit_with"])
def test_a_dialog_that_was_closed_is_gone(window: MainWindow, action: str) -> None:
    """One that stayed would be styled and told of everything for as long as the window lives."""
    window.actions_[action].trigger()
    (dialog,) = window.findChildren(QDialog)
    assert dialog.isVisible()
    dialog.close()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    assert not window.findChildren(QDialog)


def test_the_keyboard_goes_from_pane_to_pane(window: MainWindow) -> None:
    activate(window)
    view = window.page.view
    assert view is not None
    view.setFocus()

    def where() -> str:
        focus = QApplication.focusWidget()
        panes = {"documents": window.documents, "inspector": window.inspector, "bottom": window.bottom,
                 "palette": window.palette_}  # fmt: skip
        return next((name for name, pane in panes.items() if focus is not None and pane.isAncestorOf(focus)), "")

    walked = [where()]
    for _ in range(4):
        QTest.keyClick(window, Qt.Key.Key_F6)
        walked.append(where())
    assert walked == ["documents", "inspector", "bottom", "palette", "documents"]
    assert view.hasFocus(), "back where it was"
    QTest.keyClick(window, Qt.Key.Key_F6, Qt.KeyboardModifier.ShiftModifier)
    assert where() == "palette"
