"""Faults of the machine, with real processes: each has a defined outcome, and words that say what to do."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.chaos.cluster import Cluster
from tests.system import disks
from tests.system.disks import Disk

from windlass.client.errors import RequestFailed
from windlass.model.document import read_graph
from windlass.wire import messages as m

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]
WHY_NOT = disks.unusable()
needs_disk = pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT or "can mount")

HOLD = """
windlass: 1
name: hold
tasks:
  hold:
    foreach: {range: 6}
    command: "while ! test -e %s; do sleep 0.05; done; head -c 3000 /dev/zero | tr '\\\\0' x"
"""
QUICK = """
windlass: 1
name: quick
tasks: {one: {command: "echo done > out.txt", outputs: [out.txt]}}
"""

SCRIPT = """
windlass: 1
name: script
tasks: {one: {script: "echo done > out.txt", outputs: [out.txt]}}
"""


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    with Cluster(tmp_path / "c", core_options=("--lease", "20", "--heartbeat", "0.5")) as cluster:
        yield cluster


def refused(cluster: Cluster) -> str:
    """What a submit is told that cannot be kept."""
    with pytest.raises(RequestFailed) as told:  # whoever asks must not hang: a TimeoutError is none
        cluster.submit(read_graph(QUICK))
    assert told.value.code == "busy"
    return str(told.value)


def start(*options: str | Path) -> subprocess.CompletedProcess[str]:
    """A core that is not expected to live."""
    told = subprocess.run(
        [sys.executable, "-m", "windlass.server", *map(str, options)], capture_output=True, text=True, timeout=60
    )
    assert "Traceback" not in told.stderr, told.stderr
    return told


@needs_disk
def test_the_cores_disk_is_full_and_then_is_not(cluster: Cluster, tmp_path: Path) -> None:
    with Disk(cluster.home, 8) as disk:
        cluster.start_core()
        cluster.start_agent("a", "--cpus", "6")
        go = tmp_path / "go"
        run = cluster.submit(read_graph(HOLD % go))
        cluster.until(lambda: sum(a["started"] is not None for a in cluster.attempts(run)) == 6, "six that run")
        disk.fill()
        # One change is enough to find out; whoever asks for it is answered.
        assert "make room" in refused(cluster)
        assert cluster.ask(m.GetInfo(0))["problem"]
        go.touch()
        cluster.until(lambda: list((tmp_path / "c" / "a" / "spool").glob("*.ends")), "ends that the agent keeps")
        assert cluster.run_row(run)["state"] == "running"
        # Killed in the middle of it, and begun again on a disk that has room.
        cluster.kill_core()
        disk.empty()
        cluster.start_core()
        row = cluster.wait_for_run(run)
        assert row["state"] == "succeeded"
        attempts = cluster.attempts(run)
        assert [a["outcome"] for a in attempts] == ["ok"] * 6  # nothing ran twice
        # And without a restart: what was asked for is done when there is room.
        disk.fill()
        refused(cluster)
        disk.empty()
        cluster.until(lambda: not cluster.ask(m.GetInfo(0))["problem"], "a store that works again")
        assert cluster.wait_for_run(cluster.submit(read_graph(QUICK)))["state"] == "succeeded"
        cluster.close()


@needs_disk
def test_the_cores_disk_becomes_read_only(cluster: Cluster) -> None:
    """As a kernel makes it after an error."""
    with Disk(cluster.home, 16) as disk:
        cluster.start_core()
        cluster.start_agent("a", "--cpus", "2")
        assert cluster.wait_for_run(cluster.submit(read_graph(QUICK)))["state"] == "succeeded"
        assert cluster.core is not None
        data = cluster.home / "data" / "core"
        cluster.kill_core()
        disk.writable(False)
        told = start("--data", data, "--config", cluster.home / "config")
        assert told.returncode == 1
        assert "cannot" in told.stderr
        assert str(data) in told.stderr
        disk.writable(True)
        cluster.start_core()
        assert cluster.wait_for_run(cluster.submit(read_graph(QUICK)))["state"] == "succeeded"
        cluster.close()


@needs_disk
@pytest.mark.parametrize("full", [True, False])
def test_the_first_start_on_a_disk_that_takes_nothing(tmp_path: Path, full: bool) -> None:
    with Disk(tmp_path / "home", 1) as disk:
        if full:
            disk.fill()
            told = start("--data", disk.path / "data", "--config", disk.path / "config")
        else:
            with disk.read_only():
                told = start("--data", disk.path / "data", "--config", disk.path / "config")
        assert told.returncode == 1
        assert "cannot" in told.stderr
        assert str(disk.path) in told.stderr
        if full:
            disk.empty()
        # Nothing half was left that would be in the way.
        with Cluster(tmp_path / "c") as cluster:
            cluster.core_options = ("--data", str(tmp_path / "d"), "--config", str(disk.path / "config"))
            cluster.start_core()


def test_the_data_directory_goes_away_under_a_core(cluster: Cluster, tmp_path: Path) -> None:
    cluster.start_core()
    cluster.start_agent("a", "--cpus", "2")
    first = cluster.submit(read_graph(QUICK))
    assert cluster.wait_for_run(first)["state"] == "succeeded"
    data = cluster.home / "data" / "core"
    data.rename(tmp_path / "elsewhere")
    assert "put it back" in refused(cluster)
    assert "was removed under this core" in cluster.ask(m.GetInfo(0))["problem"]
    (tmp_path / "elsewhere").rename(data)
    cluster.until(lambda: not cluster.ask(m.GetInfo(0))["problem"], "a store that works again")
    assert cluster.wait_for_run(cluster.submit(read_graph(QUICK)))["state"] == "succeeded"
    # Another one in its place is not ours.
    shutil.copytree(data, tmp_path / "copy")
    data.rename(tmp_path / "away")
    (tmp_path / "copy").rename(data)
    assert "replaced" in refused(cluster)


@needs_disk
def test_an_agents_disk_is_full(cluster: Cluster) -> None:
    """Its attempts go back and are done elsewhere; none fails for it, and none hangs."""
    cluster.start_core()
    with Disk(cluster.root / "small", 2) as disk:
        cluster.start_agent("small", "--cpus", "2")
        agents: Callable[[], list[dict[str, Any]]] = lambda: cluster.ask(m.GetAgents(0))["agents"]  # noqa: E731
        cluster.until(lambda: [a for a in agents() if a["state"] == "up"], "the agent")
        disk.fill()
        small = read_graph("windlass: 1\nname: small\ntasks: {one: {command: [echo, its log]}}")
        assert cluster.wait_for_run(cluster.submit(small))["state"] == "succeeded"  # its end waits in memory
        assert "only kept in memory" in cluster.log("small")
        run = cluster.submit(read_graph(SCRIPT))
        cluster.until(lambda: [a for a in cluster.attempts(run) if a["state"] == "rejected"], "one given back")
        cluster.start_agent("large", "--cpus", "2")
        assert cluster.wait_for_run(run, 90)["state"] == "succeeded"
        assert all(a["state"] == "rejected" or a["outcome"] == "ok" for a in cluster.attempts(run))
        assert "given back" in cluster.log("small")
        cluster.close()


def test_a_port_in_use_and_a_directory_in_use(cluster: Cluster, tmp_path: Path) -> None:
    cluster.start_core()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        other = ("--data", tmp_path / "d", "--config", tmp_path / "k")
        told = start("--bind", f"tcp://127.0.0.1:{port}", *other)
    assert told.returncode == 1
    assert f"cannot listen on tcp://127.0.0.1:{port}" in told.stderr
    assert cluster.core is not None
    told = start("--data", cluster.home / "data" / "core", "--config", tmp_path / "k")
    assert told.returncode == 1
    assert f"process {cluster.core.pid}" in told.stderr
    assert "--data" in told.stderr


LIMITED = (
    "import resource, sys; resource.setrlimit(resource.RLIMIT_NOFILE, (80, 80));"
    "from windlass.server.__main__ import main; sys.exit(main(sys.argv[1:]))"
)


def test_a_core_without_descriptors_goes_on_with_those_it_has(cluster: Cluster) -> None:
    command = cluster._start

    def limited(name: str, line: list[str], descriptors: tuple[int, ...] = ()) -> subprocess.Popen[bytes]:
        return command(name, [line[0], "-c", LIMITED, *line[3:]] if name == "core" else line, descriptors)

    cluster._start = limited  # type: ignore[method-assign]
    cluster.start_core()
    assert "raise `ulimit -Hn`" in cluster.log("core")
    cluster.start_agent("a", "--cpus", "2")
    assert cluster.wait_for_run(cluster.submit(read_graph(QUICK)))["state"] == "succeeded"
    crowd = []
    for _ in range(120):
        crowd.append(socket.create_connection(("127.0.0.1", cluster.port)))
    for _ in range(3):
        cluster.submit(read_graph("windlass: 1\nname: x\ntasks: {one: {command: 'true'}}"))
    rows = cluster.ask(m.GetRuns(0))["runs"]
    cluster.until(
        lambda: all(r["state"] == "succeeded" for r in cluster.ask(m.GetRuns(0))["runs"]), "all that was submitted"
    )
    assert len(rows) == 4
    for one in crowd:
        one.close()
    assert cluster.core is not None
    assert cluster.core.poll() is None
    # There is room again for somebody new.
    cluster.start_agent("b", "--cpus", "2")
    cluster.until(lambda: len([a for a in cluster.ask(m.GetAgents(0))["agents"] if a["state"] == "up"]) == 2, "b")


def test_an_agent_without_descriptors_fails_nothing(cluster: Cluster) -> None:
    """What it cannot begin it gives back; all is done in the end, by it or by another."""
    command = cluster._start
    script = LIMITED.replace("(80, 80)", "(60, 60)").replace("windlass.server.__main__", "windlass_agent.__main__")

    def limited(name: str, line: list[str], descriptors: tuple[int, ...] = ()) -> subprocess.Popen[bytes]:
        return command(name, [line[0], "-c", script, *line[3:]] if name == "poor" else line, descriptors)

    cluster._start = limited  # type: ignore[method-assign]
    cluster.start_core()
    cluster.start_agent("poor", "--cpus", "60")
    many = "windlass: 1\nname: many\ntasks: {each: {foreach: {range: 120}, command: [sleep, '0.2']}}"
    run = cluster.submit(read_graph(many))
    cluster.until(lambda: cluster.attempts(run), "a first attempt")
    cluster.start_agent("rich", "--cpus", "8")
    row = cluster.wait_for_run(run, 90)
    assert row["state"] == "succeeded"
    attempts = cluster.attempts(run)
    assert any(a["state"] == "rejected" for a in attempts), "it was not short of any"
    assert all(a["outcome"] == "ok" or a["state"] in ("rejected", "lost") for a in attempts)
