"""A function whose process is killed from outside begins again at once, in another one; one that kills more than its
own process fails, and nobody with it."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from pathlib import Path

import pytest
from tests.chaos.cluster import Cluster

from windlass import Client, Graph, task

pytestmark = pytest.mark.slow
KILLS = 6
PROMPT = 0.1
"""Seconds from the death to the next beginning. One of the kills has to show it: on a busy machine the others wait for
the machine."""


def test_the_item_of_a_dead_runner_is_begun_anew_at_once(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.txt"

    def work() -> int:
        with ledger.open("a") as lines:
            lines.write(f"{os.getpid()} {time.monotonic()}\n")
        begun = len(ledger.read_text().splitlines())
        if begun <= KILLS:
            time.sleep(600)
        return begun

    def lives() -> list[tuple[int, float]]:
        """(process, beginning) of each attempt so far."""
        text = ledger.read_text() if ledger.exists() else ""
        return [(int(pid), float(begun)) for pid, begun in (line.split() for line in text.splitlines())]

    took: list[float] = []
    with Cluster(tmp_path / "c") as cluster:
        cluster.start_core()
        cluster.start_agent("one", "--cpus", "1")
        with Client(home=cluster.home) as client:
            graph = Graph("dies")
            node = graph.call(task(work, retries=KILLS, backoff=0))
            run = client.submit(graph)
            for kill in range(KILLS):
                cluster.until(lambda kill=kill: len(lives()) > kill, f"life {kill}")  # type: ignore[misc]
                died = time.monotonic()
                os.kill(lives()[kill][0], signal.SIGKILL)
                cluster.until(lambda kill=kill: len(lives()) > kill + 1, f"life {kill + 1}")  # type: ignore[misc]
                took.append(lives()[kill + 1][1] - died)
            assert run.result(node, timeout=60) == KILLS + 1
        outcomes = [row["outcome"] for row in cluster.attempts(run.id)]
    assert sorted(outcomes) == ["ok", *["signal"] * KILLS]
    assert len({pid for pid, _ in lives()}) == KILLS + 1, "no process served twice"
    assert min(took) < PROMPT, f"seconds from each death to the next beginning: {took}"
    assert not cluster.left_behind


@pytest.mark.parametrize("killers", [1, 3])
def test_a_function_that_kills_its_helper_fails_and_those_beside_it_do_not(tmp_path: Path, killers: int) -> None:
    """Four at a time under one helper process, of which the first ones kill it once the others run."""
    marks = tmp_path / "marks"
    marks.mkdir()

    def work(n: int) -> int:
        (marks / f"{n}-{os.getpid()}").touch()
        if n < killers:
            end = time.monotonic() + 1.0
            while time.monotonic() < end and len({mark.name.split("-")[0] for mark in marks.iterdir()}) < 4:
                time.sleep(0.01)
            os.kill(os.getppid(), signal.SIGKILL)
            time.sleep(600)
        time.sleep(0.5)
        return n

    with Cluster(tmp_path / "c") as cluster:
        cluster.start_core()
        cluster.start_agent("one", "--cpus", "4")
        with Client(home=cluster.home) as client:
            graph = Graph("kills")
            node = graph.map(work, range(8))
            run = client.submit(graph)
            assert run.wait(timeout=60) == "failed"
            states = [item.state for item in run.items(node)]
        crashes = Counter(row["index"] for row in cluster.attempts(run.id) if row["outcome"] == "crashed")
    assert states == ["failed"] * killers + ["succeeded"] * (8 - killers)
    assert [crashes[n] for n in range(killers)] == [3] * killers
    assert any(crashes[n] for n in range(killers, 8)), "some went down with it, and were tried again"
    assert not cluster.left_behind
