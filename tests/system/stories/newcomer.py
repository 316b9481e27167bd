"""A newcomer's first minutes: an empty canvas, a run, a failure that is mended (docs/first-graph.md tells it)."""

from __future__ import annotations

from tests.system.stories.editing import chain_of_three
from tests.system.stories.player import Player


def newcomer(player: Player) -> None:
    """Three tasks are drawn, saved and run; one is made to fail, read about, mended and retried in the same run."""
    player.start()
    player.connected()
    player.snap("start")
    first, _, third = chain_of_three(player)
    player.set_field(first, "command", "echo hello from the palette")
    player.until("the command edited", lambda: "hello from the palette" in player.ask("text"))
    player.snap("command")
    path = player.place / "story.yaml"
    player.save_as(path)
    assert "hello from the palette" in path.read_text()
    player.snap("saved")
    player.submit("succeeded")
    assert set(player.ask("states").values()) == {"succeeded"}, player.ask("states")
    player.click("node", first)
    player.snap("succeeded")
    player.set_field(third, "script", "ecko all three done")
    player.submit("failed")
    player.until("the third task failed", lambda: player.ask("states").get(third) == "failed")
    player.snap("failed")
    player.from_menu("Show log", "node", third)
    player.until("the reason in the log", lambda: "ecko" in player.ask("log"))
    player.snap("log")
    run = player.ask("number")
    player.set_field(third, "script", "echo all three done")
    player.until("the run bar's word on the edit", lambda: "Edited" in player.ask("note"))
    player.snap("mended")
    player.from_menu("Retry", "node", third)
    player.where("button", "Retry with the changes")
    player.snap("question")
    player.click("button", "Retry with the changes")
    player.until("the retry", lambda: player.ask("run") == "succeeded")
    assert player.ask("number") == run, "it is the same run"
    assert set(player.ask("states").values()) == {"succeeded"}, player.ask("states")
    player.until("the new log", lambda: "all three done" in player.ask("log"))
    assert not player.ask("note")
    player.snap("retried")
