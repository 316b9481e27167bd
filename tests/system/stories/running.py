"""Six stories with a real core and a real agent: submit, mend, retry in bulk, why it waits, a large log, a machine."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

from tests.system.stories.player import Player

PARAMS = """windlass: 1
name: frames
params: {count: 4, word: hello}
tasks:
  render: {command: "echo ${{ params.word }}", foreach: "${{ range(params.count) }}", position: [-180, 0]}
  join: {command: echo joined, needs: render, position: [100, 0]}
"""
TYPO = """windlass: 1
name: typo
tasks:
  make: {command: echo made, position: [-180, 0]}
  check: {command: ecko checked, needs: make, position: [100, 0]}
"""
BULK = """windlass: 1
name: bulk
tasks:
  encode: {command: "exit $(( ${{ item }} % 2 ))", foreach: "${{ range(40) }}", position: [-180, 0]}
  join: {command: echo joined, needs: encode, position: [100, 0]}
"""
WAITS = """windlass: 1
name: waits
tasks:
  train: {command: echo trained, resources: {gpus: 8}, position: [-60, 0]}
"""
LINES = 400_000
HUGE = f"""windlass: 1
name: huge
tasks:
  talk: {{command: seq -f 'step %.0f of the long simulation' {LINES}, position: [-60, 0]}}
"""


def submit(player: Player) -> None:
    """Parameters as a form, what will come of it, and the run."""
    player.start(PARAMS)
    player.connected()
    player.where("action", "submit")
    player.keys("F5")
    player.sees("2 tasks, 5 items")
    player.into("count", "9")
    player.sees("2 tasks, 10 items")
    player.snap("form")
    player.keys("Return")
    player.until("the run succeeded", lambda: player.ask("run") == "succeeded")
    assert player.ask("states") == {"render": "succeeded", "join": "succeeded"}
    player.snap("succeeded")


def mend(player: Player) -> None:
    """A wrong command fails; its card says why; mended, the same run goes on."""
    player.start(TYPO)
    player.connected()
    player.submit("failed")
    run = player.ask("number")
    player.from_menu("What went wrong?", "node", "check")
    player.sees("not found")
    player.snap("failed")
    player.set_field("check", "command", "echo checked")
    player.until("the run bar's word on the edit", lambda: "Edited" in player.ask("note"))
    player.from_menu("Retry", "node", "check")
    player.sees("Retry with the changes")
    player.snap("question")
    player.click("button", "Retry with the changes")
    player.until("the retry", lambda: player.ask("run") == "succeeded")
    assert player.ask("number") == run, "it is the same run"
    player.snap("mended")


def bulk(player: Player) -> None:
    """Twenty of forty fail; a retry shows first what it will touch."""
    player.start(BULK)
    player.connected()
    player.submit("failed")
    player.from_menu("Show items", "node", "encode")
    player.into("Filter", "state:failed")
    player.until("what failed", lambda: player.ask("rows", "Items of the task") == 20)
    player.click("cell", "Items of the task", 0)
    player.keys("ctrl+a")
    player.snap("chosen")
    player.from_menu("Retry", "cell", "Items of the task", 0)
    player.dialog("Preview")
    # With them the one that was skipped because of them.
    player.until("what it will touch", lambda: player.ask("rows", "Items that will be touched") == 21)
    player.snap("preview")
    player.click("button", "Leave as it is")
    player.until("no preview", lambda: "Preview" not in player.ask("front")[1])
    assert player.ask("run") == "failed", "nothing has happened"


def why(player: Player) -> None:
    """A task that asks for what no machine has says so."""
    player.start(WAITS)
    player.connected()
    player.submit("running")
    player.until("the task", lambda: player.ask("states").get("train") == "ready")
    player.from_menu("Why does it wait?", "node", "train")
    player.sees("lacks 8 GPUs")
    player.snap("why")


def log(player: Player) -> None:
    """A log of 400,000 lines opens at its end, and jumps to what is searched."""
    player.start(HUGE)
    player.connected()
    player.submit("succeeded")
    player.from_menu("Show log", "node", "talk")
    player.until("its end", lambda: f"step {LINES} of" in player.ask("log"))
    player.snap("end")
    player.into("Search the log", "step 200000 of")
    player.sees("1 found")
    player.keys("Return")
    player.until("the match in the middle", lambda: "step 200000 of" in player.ask("log"))
    player.snap("found")


def machine(player: Player) -> None:
    """The line that the app shows, run as another machine would, brings an agent."""
    player.start()
    player.connected()
    player.keys("ctrl+shift+m")
    line = player.sees("windlass agent --join").split()
    token = line[line.index("--join") + 1]
    player.snap("line")
    environment = {**player.screen.environment, "WINDLASS_HOME": str(player.place / "other")}
    agent = subprocess.Popen(
        [sys.executable, "-m", "windlass.cli.main", "agent", "--join", token, "--name", "workshop"],
        env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        player.until("two agents", lambda: player.ask("agents") == 2)
        player.sees("workshop")
        player.snap("arrived")
    finally:
        os.killpg(agent.pid, signal.SIGTERM)
        agent.wait(20)
