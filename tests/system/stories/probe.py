"""The real app with a probe inside, which only answers where something is on the screen and what state it is in.

One JSON question a line on stdin, one answer a line on stdout; the end of stdin quits the app. Widgets are found by
their words or accessible names where that can be, as a person (or a screen reader) finds them.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QPoint, QPointF, QSocketNotifier
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QLabel,
    QLineEdit,
    QMenu,
    QPlainTextEdit,
    QPushButton,
    QTabBar,
    QTableView,
    QTextEdit,
    QToolBar,
    QWidget,
)
from tests.system.stories.screen import SIZE

from windlass_gui import app
from windlass_gui.commands import CommandPalette
from windlass_gui.editor.canvas.layout import NODE_HEIGHT, NODE_WIDTH
from windlass_gui.editor.canvas.view import GraphView
from windlass_gui.files.recovery_dialog import RecoveryDialog
from windlass_gui.look.theme import current_theme
from windlass_gui.window.docks import docks_of

Place = list[int] | None
"""A point of the screen; None: not to be seen now."""


def on_screen(widget: QWidget, point: QPoint | None = None) -> list[int]:
    at = widget.mapToGlobal(point if point is not None else widget.rect().center())
    return [at.x(), at.y()]


def visible() -> list[QWidget]:
    return [widget for widget in QApplication.allWidgets() if widget.isVisible()]


def plain(text: str) -> str:
    return text.replace("&", "")


class OnScreen:
    """What any window shows, found as a person finds it."""

    def button(self, text: str) -> Place:
        for widget in visible():
            if isinstance(widget, QAbstractButton) and plain(widget.text()) == text and widget.isEnabled():
                return on_screen(widget)
        return None

    def menu(self, text: str) -> Place:
        """An entry, of an open menu, that can be chosen."""
        for widget in visible():
            if isinstance(widget, QMenu):
                for entry in widget.actions():
                    if plain(entry.text()) == text and entry.isEnabled():
                        return on_screen(widget, widget.actionGeometry(entry).center())
        return None

    def menus(self) -> int:
        """How many menus are open."""
        return sum(isinstance(widget, QMenu) for widget in visible())

    def seen(self, text: str) -> str:
        """The words of the visible widget that has these among its words; empty: none."""
        for widget in visible():
            words = ""
            if isinstance(widget, QPlainTextEdit | QTextEdit):
                words = widget.toPlainText()
            elif isinstance(widget, QLabel | QLineEdit | QPushButton):
                words = plain(widget.text())
            if text in words:
                return words
        return ""

    def named(self, name: str) -> Place:
        """The widget with this accessible name, in the window that lies in front."""
        found = [widget for widget in visible() if widget.accessibleName() == name]
        front = QApplication.activeModalWidget()
        found.sort(key=lambda widget: front is None or widget.window() is not front)
        return on_screen(found[0]) if found else None

    def tab(self, title: str) -> Place:
        for widget in visible():
            if isinstance(widget, QTabBar):
                for at in range(widget.count()):
                    if widget.tabText(at).startswith(title):
                        return on_screen(widget, widget.tabRect(at).center())
        return None

    def _table(self, name: str) -> QTableView | None:
        tables = (each for each in visible() if isinstance(each, QTableView) and each.accessibleName() == name)
        return next(tables, None)

    def rows(self, name: str) -> int | None:
        table = self._table(name)
        return table.model().rowCount() if table is not None else None

    def cell(self, name: str, row: int, column: int = 0) -> Place:
        table = self._table(name)
        if table is None or row >= table.model().rowCount():
            return None
        return on_screen(table.viewport(), table.visualRect(table.model().index(row, column)).center())


class InApp:
    """What the parts of this app say of themselves."""

    def __init__(self, parts: app.Parts) -> None:
        self.parts = parts
        self.window = parts.window

    def _view(self) -> GraphView:
        assert self.window.page.view is not None
        return self.window.page.view

    def connection(self) -> str:
        return self.parts.bridge.state

    def agents(self) -> int:
        return sum(row.state == "up" for row in self.parts.bridge.mirror.agents.values())

    def number(self) -> int | None:
        """Of the shown run."""
        return self.window.run_view.run

    def run(self) -> str:
        """The shown run's state, once all of its tasks are known too."""
        view = self.window.run_view
        if view.row is None or len(self.states()) < len(self.facts()):
            return ""
        return view.row.state

    def states(self) -> dict[str, str]:
        return {task: live.state for task, live in self._view().graph.live.items()}

    def note(self) -> str:
        return self.window.run_view._note.text()

    def log(self) -> str:
        return self.window.log.view.toPlainText()

    def text(self) -> str:
        session = self.window.page.session
        return session.document.text if session is not None else ""

    def facts(self) -> dict[str, Any]:
        """The tasks of the document in front, with what each needs."""
        session = self.window.page.session
        if session is None:
            return {}
        return {task: [list(need) for need in node.needs] for task, node in session.document.facts.items()}

    def title(self) -> str:
        return self.window.windowTitle()

    def modified(self) -> bool:
        return self.window.isWindowModified()

    def chosen(self) -> list[str]:
        """The tasks that the inspector shows."""
        return list(self.window.inspector.tasks)

    def field(self, key: str) -> Place:
        edit = self.window.inspector.field(key)
        self.window.inspector.ensureWidgetVisible(edit)
        return on_screen(edit.box)

    def action(self, name: str) -> Place:
        """The button of an action that can be done now, in the tool bar."""
        for bar in self.window.findChildren(QToolBar):
            found = bar.widgetForAction(self.window.actions_[name])
            if found is not None and found.isEnabled():
                return on_screen(found)
        return None

    def canvas(self, x: float, y: float) -> Place:
        view = self._view()
        return on_screen(view.viewport(), view.mapFromScene(QPointF(x, y)))

    def node(self, task: str) -> Place:
        x, y = self._view().graph.geometry.point(task)
        return self.canvas(x + NODE_WIDTH / 2, y + NODE_HEIGHT / 2)

    def port(self, task: str, out: bool) -> Place:
        geometry = self._view().graph.geometry
        return self.canvas(*(geometry.out_port(task) if out else geometry.in_port(task)))

    def kind(self, row: int) -> Place:
        kinds = self.window.palette_.parts.list
        return on_screen(kinds.viewport(), kinds.visualItemRect(kinds.item(row + 1)).center())

    def tabs(self) -> list[str]:
        bar = self.window.documents.bar
        return [bar.tabText(at) for at in range(bar.count())]

    def found(self) -> list[str]:
        """What the command palette offers."""
        shown = [each for each in QApplication.topLevelWidgets() if isinstance(each, CommandPalette)]
        return [command.title for each in shown if each.isVisible() for command, _ in each.model.rows]

    def lost(self) -> list[str]:
        """What the question for recovery lists."""
        dialog = self.window.findChild(RecoveryDialog)
        return [one.kept.title for one in dialog.lost] if dialog is not None and dialog.isVisible() else []

    def kept(self) -> int:
        """How many documents are written aside."""
        return len(list(self.window.recovering.recovery.own.glob("*.json")))

    def pane(self, name: str) -> bool:
        return not docks_of(self.window)[name].isHidden()

    def theme(self) -> str:
        return current_theme().name

    def front(self) -> list[Any]:
        """The window that has the keys, as its number and kind."""
        found = QApplication.activePopupWidget() or QApplication.activeModalWidget() or self.window
        return [int(found.winId()), type(found).__name__]

    def picture(self, folder: str, name: str) -> int:
        """The whole screen in both themes, and then as it was."""
        before = current_theme().name
        other = "light" if before == "dark" else "dark"
        for theme in (other, before):
            app.apply_theme(self.parts.app, theme)
            for _ in range(4):
                QApplication.processEvents()
            self.parts.app.primaryScreen().grabWindow(0).save(str(Path(folder) / f"{name}-{theme}.png"))
        return 2


def main(argv: list[str]) -> int:
    parts = app.start(app.parse(argv))
    sources = (OnScreen(), InApp(parts))
    questions: dict[str, Callable[..., Any]] = {
        name: getattr(source, name) for source in sources for name in dir(source) if not name.startswith("_")
    }

    def answer() -> None:
        line = sys.stdin.readline()
        if not line:
            parts.app.quit()
            return
        name, arguments = json.loads(line)
        try:
            reply = {"is": questions[name](*arguments)}
        except Exception as error:  # told to the story, which knows what it asked
            reply = {"error": repr(error)}
        print(json.dumps(reply), flush=True)

    notifier = QSocketNotifier(sys.stdin.fileno(), QSocketNotifier.Type.Read)
    notifier.activated.connect(lambda *_: answer())
    parts.window.resize(*SIZE)
    parts.window.move(0, 0)
    return app.run(parts)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
