"""The main window in daily use: tabs, the command palette, layouts, and a crash."""

from __future__ import annotations

from tests.system.stories.player import Player

GRAPH = "windlass: 1\nname: {0}\ntasks:\n  {0}: {{command: echo {0}, position: [0, 0]}}\n"


def command(player: Player, letters: str, first: str) -> None:
    """Ctrl+K, some letters, Enter; `first` is what must stand on top by then."""
    player.keys("ctrl+k")
    player.until("the palette", lambda: player.ask("found"))
    player.write(letters)
    player.until(f"“{first}” on top", lambda: player.ask("found")[:1] == [first])
    player.snap("palette")
    player.keys("Return")
    player.until("the palette closed", lambda: not player.ask("found"))


def daily(player: Player) -> None:
    """Two graphs in tabs; the palette does what one types; a layout is saved, left and taken again by its name."""
    one, two = player.place / "one.yaml", player.place / "two.yaml"
    for path in (one, two):
        path.write_text(GRAPH.format(path.stem))
    player.start("", "--offline", one)
    player.until("the first graph", lambda: player.ask("tabs") == ["one.yaml"])
    player.keys("ctrl+o")
    player.answer(str(two))
    player.until("the second graph", lambda: player.ask("tabs") == ["one.yaml", "two.yaml"])
    player.snap("two-tabs")
    player.keys("ctrl+Tab")
    player.until("the first tab", lambda: player.ask("title").startswith("one.yaml"))
    player.keys("ctrl+Next")
    player.until("the second tab", lambda: player.ask("title").startswith("two.yaml"))
    player.click("tab", "one.yaml")
    player.until("the first tab", lambda: player.ask("title").startswith("one.yaml"))
    command(player, "dark li", "Dark or light")
    player.until("the dark theme", lambda: player.ask("theme") == "dark")
    command(player, "hist", "History")
    player.until("the steps", lambda: player.ask("pane", "history"))
    player.keys("ctrl+alt+l")
    player.answer("review", "save-layout")
    player.keys("ctrl+alt+0")
    player.until("the first layout", lambda: not player.ask("pane", "history"))
    command(player, "review", "review")
    player.until("the saved layout", lambda: player.ask("pane", "history"))
    player.snap("layout")


def crash(player: Player) -> None:
    """The app is killed with an edit that nobody saved, and the next start gives it back."""
    player.start(GRAPH.format("lost"), "--offline")
    player.until("the graph", lambda: player.ask("tabs") == ["graph.yaml"])
    player.set_field("lost", "command", "echo nobody saved this")
    player.until("a mark on the tab", lambda: player.ask("tabs") == ["● graph.yaml"])
    player.until("the edit written aside", lambda: player.ask("kept"))
    player.kill()
    path = player.place / "graph.yaml"
    assert "nobody saved" not in path.read_text()

    player.start("", "--offline")
    player.until("what was lost", lambda: player.ask("lost") == ["graph.yaml"])
    player.snap("recover")
    player.click("button", "Recover")
    player.until("the tab and the edit", lambda: player.ask("tabs") == ["● graph.yaml"])
    assert "nobody saved this" in player.ask("text")
    assert "nobody saved" not in path.read_text(), "the file waits for a person's word"
    player.snap("recovered")
    player.keys("ctrl+z")
    player.until("the step undone", lambda: player.ask("text") == GRAPH.format("lost"))
    player.keys("ctrl+y")
    player.until("the step done again", lambda: "nobody saved this" in player.ask("text"))
    player.keys("ctrl+s")
    player.until("the file", lambda: "nobody saved this" in path.read_text() and not player.ask("modified"))
    player.until("nothing left to recover", lambda: not player.ask("kept"))
