"""Somebody sets the clock of a machine at work, by hours: nothing ends, nothing is lost, nothing waits for hours."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.chaos.cluster import Cluster

from windlass.model.document import read_graph

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

# Laid into every Python process of core and agent: the wall clock is ahead by as many seconds as this file says.
WALL = """
import os, time
_real, _file = time.time, os.environ["WALL_CLOCK_AHEAD"]
def _ahead():
    with open(_file) as file:
        return float(file.read() or 0)
time.time = lambda: _real() + _ahead()
"""

GRAPH = """
windlass: 1
name: at work
tasks:
  command: {command: "touch began; sleep 3; touch ended", timeout: 60, deadline: 100}
  function: {python: "time:sleep", args: [3], timeout: 60}
  again:
    command: "echo x >> $LEDGER; test $(wc -l < $LEDGER) -ge 3"
    env: {LEDGER: "%s"}
    retries: {max: 4, backoff: 0.3, factor: 1}
  later: {needs: [command, function], command: "true", timeout: 30}
"""


class Machine(Cluster):
    """Its lease is far shorter than any step of the clock, and longer than a busy machine lets an agent wait."""

    def __init__(self, root: Path) -> None:
        super().__init__(root, core_options=("--lease", "20", "--heartbeat", "0.2"))
        (root / "wall").mkdir()
        (root / "wall" / "sitecustomize.py").write_text(WALL)
        self.ahead = root / "ahead"
        self.ahead.write_text("0")
        path = os.pathsep.join([str(root / "wall"), os.environ.get("PYTHONPATH", "")])
        self.environment.update(PYTHONPATH=path, WALL_CLOCK_AHEAD=str(self.ahead))

    def set_clock(self, hours: float) -> None:
        new = self.ahead.with_suffix(".new")
        new.write_text(str(hours * 3600))
        new.replace(self.ahead)


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    with Machine(tmp_path) as machine:
        machine.start_core()
        machine.start_agent("a", "--cpus", "4")
        yield machine


@pytest.mark.parametrize("hours", [5.0, -5.0])
def test_the_clock_is_set_while_work_goes_on(machine: Machine, tmp_path: Path, hours: float) -> None:
    run = machine.submit(read_graph(GRAPH % (tmp_path / "ledger")))
    began = time.monotonic()
    machine.until(lambda: sum(a["started"] is not None for a in machine.attempts(run)) >= 2, "two that run")
    machine.set_clock(hours)
    machine.until(lambda: "was set by" in machine.log("core"), "the core's word about it")
    row = machine.wait_for_run(run)
    assert row["state"] == "succeeded", [(a["task"], a["outcome"], a.get("error")) for a in machine.attempts(run)]
    attempts = machine.attempts(run)
    assert sorted(a["outcome"] for a in attempts) == ["nonzero", "nonzero", "ok", "ok", "ok", "ok"]
    took = time.monotonic() - began
    for attempt in attempts:
        assert 0 <= attempt["ended"] - attempt["started"] <= took
    assert max(a["ended"] for a in attempts) - row["submitted"] <= took * 1.02
    by_task = {a["task"]: a["ended"] - a["started"] for a in attempts}
    assert by_task[0] >= 2.9
    assert by_task[1] >= 2.9


def test_agents_and_cores_that_start_after_the_step_fit_in(machine: Machine, tmp_path: Path) -> None:
    """A new runner, a new agent and a restarted core count from the new time; the others' times are shifted."""
    first = machine.submit(read_graph(GRAPH % (tmp_path / "first")))
    machine.until(lambda: machine.attempts(first), "the first attempt")
    machine.set_clock(4)
    machine.start_agent("b", "--cpus", "4")
    machine.kill_core()
    machine.start_core()
    assert machine.wait_for_run(first)["state"] == "succeeded"
    second = machine.submit(read_graph(GRAPH % (tmp_path / "second")))
    row = machine.wait_for_run(second)
    assert row["state"] == "succeeded"
    for attempt in machine.attempts(second):
        assert row["submitted"] - 0.5 <= attempt["started"] <= attempt["ended"] <= row["ended"] + 0.5
    assert sum(a["state"] == "lost" for a in machine.attempts(first) + machine.attempts(second)) == 0
