"""Four stories of the editor: draw, edit as text, keep a template, group. None needs a core."""

from __future__ import annotations

from tests.system.stories.player import Hands

CHAIN = """windlass: 1
name: chain
tasks:
  fetch: {command: echo fetched, position: [-220, 0]}
  check: {command: echo checked, needs: fetch, position: [60, 0]}
"""


def draw(player: Hands) -> None:
    """Three tasks from the palette, linked, one edited, saved."""
    player.press("New graph")
    player.until("an empty canvas", lambda: player.ask("text").startswith("windlass: 1"))
    for row, (x, y) in enumerate([(-280, -100), (-30, 30), (220, -100)]):
        before = len(player.ask("facts"))
        player.drag(player.ask("kind", min(row, 1)), player.ask("canvas", x, y))
        player.until("the task dropped", lambda before=before: len(player.ask("facts")) == before + 1)
    first, second, third = player.ask("facts")
    for source, target in ((first, second), (second, third)):
        player.drag(player.ask("port", source, True), player.ask("port", target, False))
        player.until("the link", lambda source=source, target=target: [source, False] in player.ask("facts")[target])
    player.set_field(first, "command", "echo drawn by hand")
    player.until("the command", lambda: "drawn by hand" in player.ask("text"))
    player.snap("drawn")
    path = player.place / "drawn.yaml"
    player.keys("ctrl+s")
    player.until("the file dialog", lambda: "Dialog" in player.ask("top")[1])
    player.keys("ctrl+a")
    player.write(str(path))
    player.keys("Return")
    player.until("the file", lambda: path.is_file() and not player.ask("modified"))
    assert path.read_text() == player.ask("text")


def text(player: Hands) -> None:
    """A task typed as YAML is on the canvas; a line that cannot be read leaves the canvas as it was."""
    player.until("the graph", lambda: len(player.ask("facts")) == 2)
    player.keys("ctrl+2")
    player.click(player.until("the text", lambda: player.ask("named", "The graph as YAML")))
    player.keys("ctrl+End")
    player.write("  report: {command: echo reported, needs: check, position: [60, 130]}\n")
    player.until("the new node", lambda: player.ask("facts").get("report") == [["check", False]])
    player.snap("typed")
    good = player.ask("text")
    player.write("  broken: {command: ")
    player.until("a problem", lambda: player.ask("tab", "Problems (1"))
    assert set(player.ask("facts")) == {"fetch", "check", "report"}, "the canvas keeps the last good state"
    player.snap("broken")
    player.keys("ctrl+z")
    player.until("no problem", lambda: not player.ask("tab", "Problems (1"))
    assert player.ask("text") == good


def template(player: Hands) -> None:
    """Two tasks are kept under a name and used again."""
    player.until("the graph", lambda: len(player.ask("facts")) == 2)
    player.click(player.ask("node", "fetch"))
    player.keys("ctrl+a")
    player.keys("ctrl+alt+t")
    player.until("the question for a name", lambda: "Dialog" in player.ask("top")[1])
    player.keys("ctrl+a")
    player.write("fetch and check")
    player.snap("name")
    player.keys("Return")
    player.until("the question answered", lambda: "Dialog" not in player.ask("top")[1])
    player.keys("Insert")
    player.write("fetch and")
    player.snap("search")
    player.keys("Return")
    player.until("the copies", lambda: len(player.ask("facts")) == 4)
    player.snap("used")
    _, _, first, second = player.ask("facts").items()
    assert second[1] == [[first[0], False]], "the copies keep the link between them"


def group(player: Hands) -> None:
    """A frame around two tasks, named, folded into one node, looked into, and left again."""
    player.until("the graph", lambda: len(player.ask("facts")) == 2)
    player.click(player.ask("node", "fetch"))
    player.keys("ctrl+a")
    player.keys("ctrl+g")
    player.until("the question for a name", lambda: "Dialog" in player.ask("top")[1])
    player.keys("ctrl+a")
    player.write("Preparation")
    player.keys("Return")
    player.until("the frame", lambda: "Preparation" in player.ask("text"))
    player.snap("frame")
    player.keys("ctrl+period")
    player.until("one node", lambda: "folded: true" in player.ask("text"))
    player.snap("folded")
    player.keys("alt+Down")
    player.sees("Preparation")
    player.snap("inside")
    player.keys("alt+Up")
    player.keys("ctrl+period")
    player.until("both nodes", lambda: "folded: true" not in player.ask("text"))
    assert list(player.ask("facts")) == ["fetch", "check"]
