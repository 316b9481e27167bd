"""The drawing's actions by their keys, in the window: what they do, and that they stay off other panes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu
from tests.gui.windows import close_documents

from windlass_gui.editor.canvas.picture_dialog import PictureDialog
from windlass_gui.editor.canvas.view import GraphView
from windlass_gui.editor.document.session import EditorSession
from windlass_gui.look.motion import motion_reduced
from windlass_gui.panes.deeds import DEEDS
from windlass_gui.window.actions import SPECS
from windlass_gui.window.keys_dialog import KeysDialog
from windlass_gui.window.main_window import MainWindow
from windlass_gui.window.menus import node_menu

GRAPH = """\
windlass: 1
name: two
tasks:
  first: {command: echo one, position: [0, 0]}
  second: {command: echo two, needs: [first], position: [300, 40]}
  third: {command: echo three, needs: [second], position: [700, 20]}
  alone: {command: echo four, position: [0, 300]}
"""
SHIFT, CTRL = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def window(shared_window: MainWindow, tmp_path: Path) -> Iterator[MainWindow]:
    file = tmp_path / "graph.yaml"
    file.write_text(GRAPH)
    shared_window.resize(1200, 800)
    shared_window.activateWindow()
    assert shared_window.open_file(file)
    yield shared_window
    close_documents(shared_window)


@pytest.fixture
def view(window: MainWindow) -> GraphView:
    assert window.page.view is not None
    window.page.view.setFocus()
    return window.page.view


@pytest.fixture
def session(window: MainWindow) -> EditorSession:
    assert window.page.session is not None
    return window.page.session


def test_the_keys_align_and_distribute(view: GraphView, session: EditorSession) -> None:
    QTest.keyClick(view, Qt.Key.Key_A, CTRL)
    QTest.keyClick(view, Qt.Key.Key_T, SHIFT)
    assert {own.position[1] for own in session.document.facts.values() if own.position} == {0}
    assert session.undo.undoText() == "align tasks"
    session.undo.undo()
    view.graph.select(["first", "second", "third"])
    QTest.keyClick(view, Qt.Key.Key_H, SHIFT)
    assert session.document.facts["second"].position == (350, 40)
    session.undo.undo()
    assert session.document.text == GRAPH


def test_the_keys_choose_along_the_links(view: GraphView) -> None:
    for key, chosen in (
        (Qt.Key.Key_Left, {"first", "second"}),
        (Qt.Key.Key_Right, {"second", "third"}),
        (Qt.Key.Key_A, {"first", "second", "third"}),
    ):
        view.graph.select(["second"])
        QTest.keyClick(view, key, CTRL | SHIFT)
        assert view.graph.selected == chosen


def test_links_go_by_key(view: GraphView, session: EditorSession) -> None:
    view.graph.select(["alone"])
    QTest.keyClick(view, Qt.Key.Key_L)
    assert view.gesture is not None
    QTest.keyClick(view, Qt.Key.Key_Tab)
    QTest.keyClick(view, Qt.Key.Key_Return)
    assert ("alone", False) in session.document.facts["first"].needs
    view.graph.select(["second"])
    QTest.keyClick(view, Qt.Key.Key_U)
    assert session.document.facts["second"].needs == session.document.facts["third"].needs == ()
    session.undo.undo()
    view.graph.select(["second"])
    QTest.keyClick(view, Qt.Key.Key_K)
    assert view.graph.selected_links == {("first", "second")}
    QTest.keyClick(view, Qt.Key.Key_Delete)
    assert session.document.facts["second"].needs == ()


def test_a_letter_in_another_pane_edits_nothing(window: MainWindow, view: GraphView, session: EditorSession) -> None:
    view.graph.select(["second"])
    window.runs.setFocus()
    focused = window.focusWidget()
    assert focused is not None
    for key in (Qt.Key.Key_U, Qt.Key.Key_L, Qt.Key.Key_K):
        QTest.keyClick(focused, key)
    assert view.gesture is None
    assert session.document.text == GRAPH


def test_the_menus_have_it_all(window: MainWindow, view: GraphView) -> None:
    view.graph.select(["second"])
    menu = node_menu(window, "second", None)
    names = {action.objectName() for action in menu.actions()}
    assert {"action-link", "action-unlink", "action-delete"} <= names
    inner = {action.objectName() for sub in menu.actions() if sub.menu() for action in sub.menu().actions()}  # type: ignore[attr-defined]
    assert {"action-align_left", "action-distribute_down", "action-select_upstream", "action-layout_selection"} <= inner
    assert not window.actions_["align_left"].isEnabled(), "one node has nothing to be aligned to"
    menu.deleteLater()


@pytest.mark.slow
def test_every_key_stands_in_the_help(window: MainWindow, each_theme: str) -> None:
    window.actions_["keys"].trigger()
    dialog = window.findChild(KeysDialog)
    assert dialog is not None
    text = dialog.list.toPlainText()
    for spec in SPECS:
        if spec.keys:
            assert spec.tip in text
    for deed in DEEDS.values():
        if deed.keys:
            assert deed.tip in text, "a table's keys too"
    assert "Shift+drag" in text
    dialog.filter.setText("cut links")
    assert "Y+drag" in dialog.list.toPlainText()
    assert "Minimap" not in dialog.list.toPlainText()
    dialog.filter.setText("no such key")
    assert "Nothing" in dialog.list.toPlainText()
    dialog.close()


def test_the_choices_of_the_view_are_kept(window: MainWindow, view: GraphView) -> None:
    view.zoom_to(2.0)
    assert view.minimap.isVisible()
    QTest.keyClick(view, Qt.Key.Key_M)
    assert not view.minimap.isVisible()
    assert window.settings.value("minimap", type=bool) is False
    window.actions_["reduce_motion"].trigger()
    assert motion_reduced()
    assert window.settings.value("reduce_motion", type=bool) is True
    window.actions_["reduce_motion"].trigger()
    QTest.keyClick(view, Qt.Key.Key_M)
    assert view.minimap.isVisible()


def test_find_and_picture_open_by_key(window: MainWindow, view: GraphView) -> None:
    QTest.keyClick(view, Qt.Key.Key_F, CTRL)
    assert view.find_bar.isVisible()
    QTest.keyClicks(view.find_bar.words, "three")
    assert view.graph.selected == {"third"}
    QTest.keyClick(view.find_bar.words, Qt.Key.Key_Tab)
    QTest.keyClick(view.find_bar.words, Qt.Key.Key_Escape)
    assert QApplication.activePopupWidget() is None, "Tab and leaving are not the canvas's Tab"
    QTest.keyClick(view, Qt.Key.Key_E, CTRL | SHIFT)
    dialog = window.findChild(PictureDialog)
    assert dialog is not None
    assert dialog.isVisible()
    dialog.close()


def test_the_menu_of_a_link(window: MainWindow, view: GraphView, session: EditorSession) -> None:
    view.graph.select((), [("first", "second")])
    menu = node_menu(window, None, ("first", "second"))
    by_text = {action.text().split("\t")[0]: action for action in menu.actions()}
    insert = by_text["Insert a task"].menu()
    assert isinstance(insert, QMenu)
    insert.actions()[0].trigger()
    assert [need for need, _ in session.document.facts["second"].needs] == ["command"]
    session.undo.undo()
    view.graph.select((), [("first", "second")])
    by_text["Take it to another task…"].trigger()
    assert view.gesture is not None
    QTest.keyClick(view, Qt.Key.Key_Escape)
    by_text["Choose its ends"].trigger()
    assert view.graph.selected == {"first", "second"}
    by_text["Remove link"].trigger()
    assert session.document.facts["second"].needs == ()
    menu.deleteLater()


def test_a_folded_frames_links_have_a_menu_and_go_together(
    window: MainWindow, view: GraphView, session: EditorSession
) -> None:
    name = session.canvas.frame(["first", "alone"])
    session.link("alone", "second")
    session.canvas.fold([name], True)
    node = view.graph.shown.node_of("first")
    menu = node_menu(window, None, (node, "second"))
    assert "Insert a task" not in [action.text() for action in menu.actions()]
    menu.actions()[-1].trigger()
    assert session.document.facts["second"].needs == ()
    menu.deleteLater()
