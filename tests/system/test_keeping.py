"""backup, restore and prune as a person types them, with real processes."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.chaos.cluster import Cluster
from tests.patience import PATIENCE

from windlass.model.document import read_graph

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

GRAPH = """
windlass: 1
name: keepsake
tasks:
  make:
    foreach: {range: 3}
    command: echo "content ${{ item }}" > ${{ item }}.txt
    outputs: ["${{ item }}.txt"]
"""
Say = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    with Cluster(tmp_path) as cluster:
        cluster.start_core()
        cluster.start_agent("a", "--cpus", "3")
        yield cluster


@pytest.fixture
def say(cluster: Cluster, tmp_path: Path) -> Say:
    def run(*arguments: str | Path, status: int = 0) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "windlass.cli.main", *map(str, arguments)],
            env={**cluster.environment, "NO_COLOR": "1", "COLUMNS": "200"},
            cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE,
        )  # fmt: skip
        assert done.returncode == status, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done

    return run


def test_a_copy_brings_everything_back_on_another_machine(cluster: Cluster, say: Say, tmp_path: Path) -> None:
    graph = read_graph(GRAPH)
    cluster.wait_for_run(cluster.submit(graph))
    made = json.loads(say("backup", "copy.tar", "--json").stdout)
    assert (made["runs"], made["blobs"], made["missing"], made["damaged"]) == (1, 3, [], [])
    cluster.wait_for_run(cluster.submit(graph))
    assert "another core" in say("restore", "copy.tar", "--force", status=1).stderr

    cluster.kill_core()
    data = cluster.home / "data" / "core"
    assert "--force" in say("restore", "copy.tar", status=1).stderr
    shutil.rmtree(data)
    assert "1 run" in say("restore", "copy.tar").stderr
    cluster.start_core()
    say("get", "1", "--out", "out")
    assert sorted(path.read_text() for path in (tmp_path / "out").rglob("*.txt")) == [
        "content 0\n", "content 1\n", "content 2\n",
    ]  # fmt: skip
    # Run 2 was lost with the directory: nothing new takes its number.
    new = cluster.submit(graph)
    assert new > 2
    assert cluster.wait_for_run(new)["state"] == "succeeded"


def test_prune_shows_what_goes_and_asks(cluster: Cluster, say: Say) -> None:
    graph = read_graph(GRAPH)
    for _ in range(3):
        assert cluster.wait_for_run(cluster.submit(graph))["state"] == "succeeded"
    asked = say("prune", "--keep", "1", status=2)
    assert "2 runs" in asked.stdout
    assert "keepsake" in asked.stdout
    assert "--yes" in asked.stderr
    seen: dict[str, Any] = json.loads(say("prune", "--keep", "1", "--dry-run", "--json").stdout)
    assert [run["run"] for run in seen["runs"]] == [1, 2]
    assert seen["blobs"] == 0  # run 3 made the same files
    done = json.loads(say("prune", "--keep", "1", "--yes", "--json").stdout)
    assert (done["deleted"], len(done["runs"])) == (True, 2)
    assert [run["id"] for run in json.loads(say("status", "--json").stdout)["runs"]] == [3]
    say("get", "3", "--out", "out")
