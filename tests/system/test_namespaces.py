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
from tests.patience import PATIENCE
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


def until(found: Callable[[], Any], lab: NetLab) -> Any:
    """Poll: only other processes can make it true."""
    deadline = time.monotonic() + PATIENCE
    while not (value := found()):
        assert time.monotonic() < deadline, f"did not come within {PATIENCE:.0f} s{lab.logs()}"
        time.sleep(0.2)
    return value


@pytest.mark.timeout(300)
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
        first = until(lambda: re.search(r"wl1\.[\w-]+", lab.log("core")), lab)[0]
        second = lab.run("core", "token").strip().split()[-1]
        for name, token in (("left", first), ("right", second)):
            lab.start(name, "agent", "--join", token, "--name", name, "--cpus", "1", "--label", f"side={name}")
        until(lambda: states(lab, "up") == ["left", "right"], lab)
        submitted = json.loads(lab.run("core", "submit", str(folder / "graph.yaml"), "--json"))
        run = str(submitted["run"])
        assert until(lambda: ended(lab, run), lab) == "succeeded", lab.run("core", "status", run) + lab.logs()
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


LEASE = 4
TICKS = """\
windlass: 1
name: ticks
params: {ledger: ""}
tasks:
  tick:
    script: |
      for tick in $(seq 120); do
        echo "$$ $(date +%s.%N)" >> ${{ params.ledger }}
        sleep 0.1
      done
"""


@pytest.mark.timeout(300)
def test_an_agent_cut_off_stops_before_another_one_begins(tmp_path: Path) -> None:
    """The cable is pulled in the middle of an attempt: it must have ended before its successor starts elsewhere."""
    if reason := unusable():
        pytest.skip(reason)
    ledger = tmp_path / "ledger.txt"
    with NetLab(tmp_path, ("left", "right")) as lab:
        bind = ("--bind", f"tcp://{CORE_ADDRESS}:7077")
        lab.start("core", "core", *bind, "--lease", str(LEASE), "--heartbeat", "0.5")
        first_token = until(lambda: re.search(r"wl1\.[\w-]+", lab.log("core")), lab)[0]
        for name, token in (("left", first_token), ("right", lab.run("core", "token").strip().split()[-1])):
            lab.start(name, "agent", "--join", token, "--name", name, "--cpus", "1")
        until(lambda: states(lab, "up") == ["left", "right"], lab)
        lab.run("core", "agents", "drain", "right")  # so that it begins on the left
        graph = lab.home("core") / "ticks.yaml"
        graph.write_text(TICKS)
        run = str(json.loads(lab.run("core", "submit", str(graph), "--param", f"ledger={ledger}", "--json"))["run"])
        until(ledger.exists, lab)
        lab.plug("left", False)
        lab.run("core", "agents", "undrain", "right")
        until(lambda: "left" in states(lab, "down"), lab)
        until(lambda: len(ticks(ledger)) == 2, lab)
        lab.plug("left", True)
        until(lambda: "left" in states(lab, "up"), lab)
        status = until(lambda: ended(lab, run), lab)
        assert status == "succeeded", lab.run("core", "status", run) + lab.logs()

    first, second = ticks(ledger).values()
    assert first[-1] < second[0], f"both ran for {first[-1] - second[0]:.2f} s"
    assert len(first) < 120
    assert len(second) == 120


def states(lab: NetLab, state: str) -> list[str]:
    """The names of the agents in that state."""
    agents = json.loads(lab.run("core", "agents", "--json"))["agents"]
    return sorted(agent["name"] for agent in agents if agent["state"] == state)


def ended(lab: NetLab, run: str) -> str | None:
    """The run's state once nothing goes on in it."""
    state = json.loads(lab.run("core", "status", run, "--json"))["run"]["state"]
    return None if state == "running" else state


def ticks(ledger: Path) -> dict[str, list[float]]:
    """Process of each attempt, in the order of their first line -> when it wrote."""
    found: dict[str, list[float]] = {}
    for line in ledger.read_text().splitlines():
        process, moment = line.split()
        found.setdefault(process, []).append(float(moment))
    return found


def test_a_used_token_lets_nobody_in(tmp_path: Path) -> None:
    if reason := unusable():
        pytest.skip(reason)
    with NetLab(tmp_path, ("left", "right")) as lab:
        lab.start("core", "core", "--bind", f"tcp://{CORE_ADDRESS}:7077")
        token = until(lambda: re.search(r"wl1\.[\w-]+", lab.log("core")), lab)[0]
        lab.start("left", "agent", "--join", token, "--name", "left")
        until(lambda: states(lab, "up") == ["left"], lab)
        refused = lab.start("right", "agent", "--join", token, "--name", "right")
        assert refused.wait(PATIENCE) != 0
        assert "token" in lab.log("right")
