"""The hands of all stories: `app_story.py`'s player with questions by what a person reads, and pictures in both themes.

Widgets are found by their words or accessible names, as a person (or a screen reader) finds them, so that a story does
not know how the app is built.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.system import app_story
from tests.system.app_story import Player, Screen, child

ROOT = Path(__file__).parents[3]
SIZE = (1440, 900)


def questions(parts: Any, on_screen: Callable[..., list[int]]) -> dict[str, Any]:
    """What stories ask the app beyond `app_story.py`."""
    from PySide6.QtWidgets import (
        QApplication,
        QLabel,
        QLineEdit,
        QPlainTextEdit,
        QPushButton,
        QTabBar,
        QTableView,
        QTextEdit,
        QWidget,
    )

    from windlass_gui.app import apply_theme

    def widgets() -> list[QWidget]:
        return [widget for widget in QApplication.allWidgets() if widget.isVisible()]

    def words(widget: QWidget) -> str:
        if isinstance(widget, QPlainTextEdit | QTextEdit):
            return widget.toPlainText()
        if isinstance(widget, QLabel | QLineEdit | QPushButton):
            return widget.text().replace("&", "")
        return ""

    def seen(text: str) -> str:
        """The words of the visible widget that has these among its words; empty: none."""
        return next((found for widget in widgets() if text in (found := words(widget))), "")

    def named(name: str) -> list[int] | None:
        """Where the visible widget with this accessible name is, in the window that lies in front."""
        found = [widget for widget in widgets() if widget.accessibleName() == name]
        front = QApplication.activeModalWidget()
        found.sort(key=lambda widget: front is None or widget.window() is not front)
        return on_screen(found[0]) if found else None

    def table(name: str) -> QTableView:
        return next(each for each in widgets() if isinstance(each, QTableView) and each.accessibleName() == name)

    def cell(name: str, row: int, column: int = 0) -> list[int]:
        shown = table(name)
        index = shown.model().index(row, column)
        return on_screen(shown.viewport(), shown.visualRect(index).center())

    def tab(title: str) -> list[int] | None:
        for bar in widgets():
            if isinstance(bar, QTabBar):
                for at in range(bar.count()):
                    if bar.tabText(at).startswith(title):
                        return on_screen(bar, bar.tabRect(at).center())
        return None

    def picture(folder: str, name: str) -> int:
        """The whole screen in both themes."""
        for theme in ("dark", "light"):
            apply_theme(parts.app, theme)
            for _ in range(4):
                QApplication.processEvents()
            parts.app.primaryScreen().grabWindow(0).save(f"{folder}/{name}-{theme}.png")
        return 2

    return {
        "seen": seen, "named": named, "cell": cell, "tab": tab, "picture": picture,
        "rows": lambda name: table(name).model().rowCount(),
    }  # fmt: skip


class Hands(Player):
    """A player of one story; pictures are `NAME-NUMBER-WHAT-THEME.png`."""

    def __init__(self, screen: Screen, place: Path, pictures: Path, name: str, arguments: tuple[str, ...]) -> None:
        self.name = name
        self.place = place
        super().__init__(screen, place / "home", pictures, "-mtests.system.stories.player", arguments)

    def snap(self, name: str) -> None:
        self.number += 1
        self.ask("picture", str(self.pictures), f"{self.name}-{self.number:02}-{name}")

    def sees(self, text: str) -> str:
        """Wait until these words stand somewhere on the screen; gives all words of that place."""
        return str(self.until(f"“{text}” on the screen", lambda: self.ask("seen", text)))

    def into(self, name: str, text: str) -> None:
        """Click the field with this accessible name, and replace what stands there."""
        self.click(self.until(f"a field “{name}”", lambda: self.ask("named", name)))
        self.keys("ctrl+a")
        self.write(text)

    def connected(self) -> None:
        self.until("a core and an agent", lambda: self.ask("connection") == "up" and self.ask("agents"))

    def show_tab(self, title: str) -> None:
        self.click(self.until(f"a tab “{title}”", lambda: self.ask("tab", title)))

    def from_menu(self, task: str, *entries: str) -> None:
        """Right click on a node, then an entry."""
        self.click(self.ask("node", task), button=3)
        for entry in entries:
            self.click(self.until(f"the entry “{entry}”", lambda entry=entry: self.ask("menu", entry)))

    def submit(self, state: str) -> None:
        before = self.ask("number")
        self.keys("F5")
        self.until("a new run", lambda: self.ask("number") != before)
        self.until(f"the run {state}", lambda: self.ask("run") == state)

    def end(self) -> None:
        if self.app.poll() is None:
            self.app.kill()
            self.app.wait(10)
        for pipe in (self.app.stdin, self.app.stdout):
            if pipe is not None:
                pipe.close()


def screen() -> Screen:
    """One for many stories, with a path to this package for the apps on it."""
    app_story.SIZE = SIZE
    made = Screen()
    path = os.environ.get("PYTHONPATH", "")
    made.environment["PYTHONPATH"] = f"{ROOT}{os.pathsep}{path}" if path else str(ROOT)
    return made


if __name__ == "__main__":
    app_story.SIZE = SIZE
    sys.exit(child(sys.argv[2:], questions))
