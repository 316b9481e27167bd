"""The main window in daily use, played with real mouse and key events, with a picture of each step.

    python tests/system/window_story.py [--pictures DIR]

Two graphs in tabs; the command palette does what one types; a layout is saved, left and taken again by its name; the
app is killed with an edit that nobody saved, and the next start gives it back.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from app_story import Player, Screen, child

GRAPH = "windlass: 1\nname: {0}\ntasks:\n  {0}: {{command: echo {0}, position: [0, 0]}}\n"


def questions(parts: Any, on_screen: Callable[..., list[int]]) -> dict[str, Any]:
    """What this story asks the app."""
    from PySide6.QtWidgets import QApplication

    from windlass_gui.commands import CommandPalette
    from windlass_gui.files.recovery_dialog import RecoveryDialog
    from windlass_gui.look.theme import current_theme
    from windlass_gui.window.docks import docks_of

    window = parts.window

    def tabs() -> list[str]:
        return [window.documents.bar.tabText(at) for at in range(window.documents.bar.count())]

    def tab(at: int) -> list[int]:
        return on_screen(window.documents.bar, window.documents.bar.tabRect(at).center())

    def found() -> list[str]:
        shown = [
            each for each in QApplication.topLevelWidgets() if isinstance(each, CommandPalette) and each.isVisible()
        ]
        return [command.title for command, _ in shown[0].model.rows] if shown else []

    def lost() -> list[str]:
        dialog = window.findChild(RecoveryDialog)
        return [one.kept.title for one in dialog.lost] if dialog is not None and dialog.isVisible() else []

    return {
        "tabs": tabs, "tab": tab, "found": found, "lost": lost,
        "theme": lambda: current_theme().name,
        "pane": lambda name: not docks_of(window)[name].isHidden(),
        "kept": lambda: len(list(window.recovering.recovery.own.glob("*.json"))),
    }  # fmt: skip


class Hands(Player):
    """A player who knows the palette."""

    def command(self, letters: str, first: str) -> None:
        """Ctrl+K, some letters, Enter; `first` is what must stand on top by then."""
        self.keys("ctrl+k")
        self.until("the palette", lambda: self.ask("found"))
        self.write(letters)
        self.until(f"“{first}” on top", lambda: self.ask("found")[:1] == [first])
        self.snap("palette")
        self.keys("Return")
        self.until("the palette closed", lambda: not self.ask("found"))


def story(pictures: Path | None = None) -> None:
    """Play it; raises where the app does not do what a person would expect."""
    place = Path(tempfile.mkdtemp(prefix="windlass-window-"))
    one, two = place / "one.yaml", place / "two.yaml"
    for path in (one, two):
        path.write_text(GRAPH.format(path.stem))
    screen = Screen()
    players: list[Hands] = []

    def start(*arguments: str) -> Hands:
        player = Hands(screen, place / "home", pictures, __file__, ("--offline", *arguments))
        player.number = players[-1].number if players else 0
        players.append(player)
        return player

    try:
        player = start(str(one))
        player.until("the first graph", lambda: player.ask("tabs") == ["one.yaml"])
        player.keys("ctrl+o")
        player.until("the file dialog", lambda: "Dialog" in player.ask("top")[1])
        player.write(str(two))
        player.keys("Return")
        player.until("the second graph", lambda: player.ask("tabs") == ["one.yaml", "two.yaml"])
        player.set_field("two", "command", "echo nobody saved this")
        player.until("a mark on the tab", lambda: player.ask("tabs") == ["one.yaml", "● two.yaml"])
        player.snap("two-tabs")
        player.keys("ctrl+Tab")
        player.until("the first tab", lambda: player.ask("title").startswith("one.yaml"))
        player.keys("ctrl+Next")
        player.until("the second tab", lambda: player.ask("title").startswith("two.yaml"))
        player.click(player.ask("tab", 0))
        player.until("the first tab", lambda: player.ask("title").startswith("one.yaml"))
        player.command("dark li", "Dark or light")
        player.until("the dark theme", lambda: player.ask("theme") == "dark")
        player.command("hist", "History")
        player.until("the steps", lambda: player.ask("pane", "history"))
        player.keys("ctrl+alt+l")
        player.until("the question for a name", lambda: "Dialog" in player.ask("top")[1])
        player.write("review")
        player.snap("save-layout")
        player.keys("Return")
        player.keys("ctrl+alt+0")
        player.until("the first layout", lambda: not player.ask("pane", "history"))
        player.command("review", "review")
        player.until("the saved layout", lambda: player.ask("pane", "history"))
        player.command("two.yaml", "two.yaml")
        player.until("the second tab", lambda: player.ask("title").startswith("two.yaml"))
        player.snap("layout")
        player.until("the edit written aside", lambda: player.ask("kept"))
        player.app.kill()  # SIGKILL: nothing in the app can act on it
        player.app.wait(10)
        assert "nobody saved" not in two.read_text()

        player = start()
        player.until("what was lost", lambda: player.ask("lost") == ["two.yaml"])
        player.snap("recover")
        player.press("Recover")
        player.until("the tabs and the edit", lambda: player.ask("tabs") == ["one.yaml", "● two.yaml"])
        assert "nobody saved this" in player.ask("text")
        assert "nobody saved" not in two.read_text(), "the file waits for a person's word"
        player.snap("recovered")
        player.keys("ctrl+z")
        player.until("the step undone", lambda: player.ask("text") == GRAPH.format("two"))
        player.keys("ctrl+y")
        player.keys("ctrl+s")
        player.until("the file", lambda: "nobody saved this" in two.read_text() and not player.ask("modified"))
        player.until("nothing left to recover", lambda: not player.ask("kept"))
        code = player.quit()
        assert code == 0, f"the app ended with {code}"
    finally:
        for player in players:
            if player.app.poll() is None:
                player.app.kill()
                player.app.wait(10)
        screen.close()
        shutil.rmtree(place, ignore_errors=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        sys.exit(child(sys.argv[2:], questions))
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=Path, help="a folder for a picture of each step")
    options = parser.parse_args()
    if options.pictures is not None:
        options.pictures.mkdir(parents=True, exist_ok=True)
    story(options.pictures)
    print("The story went as told.")
