"""Four stories of the editor: draw, edit as text, keep a template, group. None needs a core."""

from __future__ import annotations

from itertools import pairwise

from tests.system.stories.player import Player

CHAIN = """windlass: 1
name: chain
tasks:
  fetch: {command: echo fetched, position: [-220, 0]}
  check: {command: echo checked, needs: fetch, position: [60, 0]}
"""


def chain_of_three(player: Player) -> list[str]:
    """Three tasks dragged from the palette and linked; their ids."""
    player.click("button", "New graph")
    player.until("an empty canvas", lambda: player.ask("text").startswith("windlass: 1"))
    for row, (x, y) in enumerate([(-280, -100), (-30, 30), (220, -100)]):
        before = len(player.ask("facts"))
        player.drag(player.where("kind", min(row, 1)), player.where("canvas", x, y))
        player.until("the task dropped", lambda before=before: len(player.ask("facts")) == before + 1)
    tasks = list(player.ask("facts"))
    player.snap("three-tasks")
    for source, target in pairwise(tasks):
        player.drag(player.where("port", source, True), player.where("port", target, False))
        player.until("the link", lambda source=source, target=target: [source, False] in player.ask("facts")[target])
    player.snap("linked")
    return tasks


def draw(player: Player) -> None:
    """Three tasks from the palette, linked, one edited, saved."""
    player.start("", "--offline")
    first, *_ = chain_of_three(player)
    player.set_field(first, "command", "echo drawn by hand")
    player.until("the command", lambda: "drawn by hand" in player.ask("text"))
    player.snap("drawn")
    path = player.place / "drawn.yaml"
    player.save_as(path)
    assert path.read_text() == player.ask("text")


def text(player: Player) -> None:
    """A task typed as YAML is on the canvas; a line that cannot be read leaves the canvas as it was."""
    player.start(CHAIN, "--offline")
    player.until("the graph", lambda: len(player.ask("facts")) == 2)
    player.keys("ctrl+2")
    player.click("named", "The graph as YAML")
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


def template(player: Player) -> None:
    """Two tasks are kept under a name and used again."""
    player.start(CHAIN, "--offline")
    player.until("the graph", lambda: len(player.ask("facts")) == 2)
    player.click("node", "fetch")
    player.keys("ctrl+a")
    player.keys("ctrl+alt+t")
    player.answer("fetch and check", "name")
    player.until("the question answered", lambda: "Dialog" not in player.ask("front")[1])
    player.keys("Insert")
    player.write("fetch and")
    player.snap("search")
    player.keys("Return")
    player.until("the copies", lambda: len(player.ask("facts")) == 4)
    player.snap("used")
    _, _, first, second = player.ask("facts").items()
    assert second[1] == [[first[0], False]], "the copies keep the link between them"


def group(player: Player) -> None:
    """A frame around two tasks, named, folded into one node, looked into, and left again."""
    player.start(CHAIN, "--offline")
    player.until("the graph", lambda: len(player.ask("facts")) == 2)
    player.click("node", "fetch")
    player.keys("ctrl+a")
    player.keys("ctrl+g")
    player.answer("Preparation")
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
