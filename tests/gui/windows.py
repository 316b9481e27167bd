"""The app's main window for tests: opened over a link that only records, and gone without a question."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from PySide6.QtCore import QCoreApplication, QEvent, QSettings
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMainWindow, QMenu, QWidget
from tests.patience import PATIENCE

from windlass_gui.bridge import Bridge
from windlass_gui.bridge.recording import RecordingLink
from windlass_gui.window.main_window import MainWindow


@contextmanager
def recorded_bridge(link: RecordingLink) -> Iterator[Bridge]:
    """A bridge that is up. Its frames come when the test calls `frame`, not by the clock."""
    made = Bridge()
    made.frames.stop()
    made.use_link(link)
    made.link_phase("up")
    made.frame()
    yield made
    made.shutdown(stop_core=False)


@contextmanager
def dressed_once() -> Iterator[None]:
    """What is built in the block gets the style sheet at its end, as when a person changes the theme.

    Otherwise each widget is styled anew whenever what it lies in is put somewhere: two thirds of what a window takes.
    """
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    sheet = app.styleSheet()
    app.setStyleSheet("")
    try:
        yield
    finally:
        app.setStyleSheet(sheet)


@contextmanager
def main_window(bridge: Bridge, settings: QSettings) -> Iterator[MainWindow]:
    """Shown until the block ends; then it is really gone, as the next theme would be put on it otherwise."""
    with dressed_once():
        window = MainWindow(bridge, settings)
    window.show()
    yield window
    leave_nothing_to_ask(window)
    bridge.owns_core = False
    window.close()
    window.background.close()
    window.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def saved(window: MainWindow, elsewhere: bool = False) -> bool:
    """Save the document in front, and wait for the disk."""
    return window.save(elsewhere) and window.opening.saving.wait()


def activate(window: QWidget) -> None:
    """Only the active window has a focus."""
    window.activateWindow()
    assert QTest.qWaitForWindowActive(window, int(PATIENCE * 1000))


def leave_nothing_to_ask(window: MainWindow) -> None:
    """What is not saved counts as saved, so that nothing waits for an answer when documents are closed."""
    for document in window.documents.all:
        if document.session is not None:
            document.page.text.apply()
            document.session.undo.setClean()


def close_documents(window: MainWindow) -> None:
    """All of them, without a question: what the next test of a shared window opens is alone there."""
    leave_nothing_to_ask(window)
    assert window.opening.close(window.documents.all)


def actions_of_menus(window: QMainWindow) -> Iterator[QAction]:
    """Every action of the menu bar, those of menus in menus too, filled as they are when they are opened."""

    def walk(menu: QMenu) -> Iterator[QAction]:
        menu.aboutToShow.emit()
        for action in menu.actions():
            inner = action.menu()
            if isinstance(inner, QMenu):
                yield from walk(inner)
            elif not action.isSeparator():
                yield action

    for head in window.menuBar().actions():
        menu = head.menu()
        assert isinstance(menu, QMenu), head.text()
        yield from walk(menu)
