"""A core and two agents that share no disk and meet only over a network, enrolled by token."""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.system.netlab import CORE_ADDRESS, NetLab, unusable

pytestmark = [pytest.mark.slow, pytest.mark.namespaces]

GRAPH = """\
windlass: 1
name: two-rooms
tasks:
  grow:
    description: Several blobs' chunks of data, made on the left from a file that came with the graph.
    where: [side == left]
    inputs: [words/seed.txt]
    command: i=0; while [ $i -lt 3000 ]; do cat words/seed.txt; i=$((i + 1)); done > grown.txt
    outputs: [grown.txt]
  sum:
    needs: [grow]
    where: [side == right]
    inputs: [grow.outputs, words/*]
    command: sha256sum < grown.txt > "sum of it.txt"; cat words/other.txt >> "sum of it.txt"
    outputs: ["sum of it.txt"]
  cut:
    needs: [grow]
    foreach: [1, 2, 3, 4, 5, 6]
    inputs: [grow.outputs]
    command: head -n ${{ item }} grown.txt > part-${{ item }}.txt; sleep 0.3
    outputs: ["part-${{ item }}.txt"]
  join:
    needs: [sum, cut]
    where: [side == left]
    inputs: [cut.outputs, sum.outputs]
    command: cat part-*.txt "sum of it.txt" > all.txt
    outputs: [all.txt]
"""


def until(found: Callable[[], Any], patience: float, lab: NetLab) -> Any:
    """Poll: only other processes can make it true."""
    deadline = time.monotonic() + patience
    while not (value := found()):
        assert time.monotonic() < deadline, f"did not come within {patience} s{lab.logs()}"
        time.sleep(0.2)
    return value


@pytest.mark.timeout(240)
def test_files_travel_between_agents_enrolled_by_token(tmp_path: Path) -> None:
    if reason := unusable():
        pytest.skip(reason)
    seed = "".join(f"line {number} of the seed, so that it is not too small\n" for number in range(20))
    with NetLab(tmp_path, ("left", "right")) as lab:
        folder = lab.home("core") / "graph"
        (folder / "words").mkdir(parents=True)
        (folder / "graph.yaml").write_text(GRAPH)
        (folder / "words" / "seed.txt").write_text(seed)
        (folder / "words" / "other.txt").write_text("other\n")
        assert not lab.sees("left", folder)

        lab.start("core", "core", "--bind", f"tcp://{CORE_ADDRESS}:7077")
        first = until(lambda: re.search(r"wl1\.[\w-]+", lab.log("core")), 30, lab)[0]
        second = lab.run("core", "token").strip().split()[-1]
        for name, token in (("left", first), ("right", second)):
            lab.start(name, "agent", "--join", token, "--name", name, "--cpus", "1", "--label", f"side={name}")

        def up() -> bool:
            agents = json.loads(lab.run("core", "agents", "--json"))
            agents = agents["agents"] if isinstance(agents, dict) else agents
            return sorted(agent["name"] for agent in agents if agent["state"] == "up") == ["left", "right"]

        until(up, 30, lab)
        submitted = json.loads(lab.run("core", "submit", str(folder / "graph.yaml"), "--json"))
        run = str(submitted["run"])

        def ended() -> str | None:
            state = json.loads(lab.run("core", "status", run, "--json"))["run"]["state"]
            return None if state == "running" else state

        assert until(ended, 90, lab) == "succeeded", lab.run("core", "status", run) + lab.logs()
        out = lab.home("core") / "out"
        lab.run("core", "get", run, "--out", str(out))

    grown = seed * 3000
    assert (out / "grow" / "grown.txt").read_text() == grown
    expected = "".join("".join(seed.splitlines(keepends=True)[:count]) for count in range(1, 7))
    expected += hashlib.sha256(grown.encode()).hexdigest() + "  -\nother\n"
    assert (out / "join" / "all.txt").read_text() == expected
    assert (out / "cut" / "5" / "part-6.txt").is_file()
    # The private key that each agent made for itself is its owner's only.
    for name in ("left", "right"):
        key = lab.home(name) / "config" / "agent.key"
        assert key.stat().st_mode & 0o077 == 0


def test_a_used_token_lets_nobody_in(tmp_path: Path) -> None:
    if reason := unusable():
        pytest.skip(reason)
    with NetLab(tmp_path, ("left", "right")) as lab:
        lab.start("core", "core", "--bind", f"tcp://{CORE_ADDRESS}:7077")
        token = until(lambda: re.search(r"wl1\.[\w-]+", lab.log("core")), 30, lab)[0]
        lab.start("left", "agent", "--join", token, "--name", "left")
        until(lambda: '"up"' in lab.run("core", "agents", "--json"), 30, lab)
        refused = lab.start("right", "agent", "--join", token, "--name", "right")
        assert refused.wait(30) != 0
        assert "token" in lab.log("right")
