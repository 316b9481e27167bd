"""A core that was stopped, or killed at any instant, goes on where it was."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest
import zmq
from tests.patience import PATIENCE

from windlass.model.graph import Call, Command, Foreach, Graph
from windlass.wire import keys, rows
from windlass.wire import messages as m


def test_runs_and_results_survive_a_restart(start_core: Any, kit: Any) -> None:
    core = start_core()
    client, agent = core.client(), core.agent()
    agent.hello(cpus=8)
    run = kit.submit(client, kit.array("many", 5), kit.task("after", "many"))
    endpoint = core.found.endpoint
    items = agent.assigned(5)
    agent.finish(items[:3], result=b"j1")
    core.stop()

    core = start_core()
    assert core.found.endpoint == endpoint
    client, agent2 = core.client(), core.agent()
    agent2.epoch = agent.epoch
    held = tuple(m.Held(item.key, "running") for item in items[3:])
    welcome = agent2.hello(held=held)
    assert set(welcome.keep) == {item.key for item in items[3:]}
    assert welcome.stop == []
    agent2.finish(items[3:], result=b"j2")
    (row,) = client.ask(m.GetRuns)["runs"]
    assert msgspec.convert(row, rows.RunRow).hidden is False
    (last,) = agent2.assigned(1)
    assert (last.key.task, last.key.attempt) == (1, 1)
    agent2.finish([last])
    assert kit.wait_run(client, run) == "succeeded"
    ends = kit.results(client, run, 6)
    assert sorted((row[1], row[2], row[-1]) for row in ends) == [
        (0, 0, b"j1"), (0, 1, b"j1"), (0, 2, b"j1"), (0, 3, b"j2"), (0, 4, b"j2"), (1, 0, b"jnull"),
    ]  # fmt: skip
    assert len({row[0] for row in ends}) == 6


def test_a_core_that_cannot_say_where_it_is_does_not_start_and_says_why(tmp_path: Path) -> None:
    (tmp_path / "data" / "core.json").mkdir(parents=True)  # so that the file cannot be written
    told = subprocess.run(
        [sys.executable, "-m", "windlass.server", "--data", tmp_path / "data", "--config", tmp_path / "config"],
        capture_output=True, text=True, timeout=PATIENCE,
    )  # fmt: skip
    assert told.returncode == 1
    assert "cannot start" in told.stderr
    assert "Traceback" not in told.stderr


def test_an_end_told_again_after_the_restart_counts_once(start_core: Any, kit: Any) -> None:
    core = start_core()
    client, agent = core.client(), core.agent()
    agent.hello()
    run = kit.submit(client, kit.task("one"))
    items = agent.assigned(1)
    agent.finish(items)
    core.stop()
    core = start_core()
    again = core.agent()
    again.epoch = agent.epoch
    again.hello(held=(m.Held(items[0].key, "exited"),))
    assert again.finish(items).keys == [items[0].key]
    client = core.client()
    assert len(client.ask(m.GetAttempts, run)["attempts"]) == 1
    assert kit.wait_run(client, run) == "succeeded"


def test_a_retried_fan_out_and_its_numbers_survive(start_core: Any, kit: Any) -> None:
    core = start_core()
    client, agent = core.client(), core.agent()
    agent.hello(cpus=8)
    run = kit.submit(client, kit.array("many", 3))
    items = agent.assigned(3)
    agent.finish(items[:2])
    agent.finish(items[2:], "nonzero")
    assert kit.wait_run(client, run) == "failed"
    core.stop()
    core = start_core()
    client, agent = core.client(), core.agent()
    agent.hello()
    states = client.ask(m.GetItems, run, 0)["items"]
    assert [row["state"] for row in states] == ["succeeded", "succeeded", "failed"]
    assert client.ask(m.Control, "retry", run)["items"] == 1
    (item,) = agent.assigned(1)
    assert (item.key.index, item.key.attempt) == (2, 2)
    agent.finish([item])
    assert kit.wait_run(client, run) == "succeeded"


def test_a_deleted_run_stays_away(start_core: Any, kit: Any) -> None:
    core = start_core()
    client = core.client()
    run = kit.submit(client, kit.task("one"))
    assert isinstance(client.ask(m.Control, "delete", run), m.Failure)
    client.ask(m.Control, "cancel", run)
    assert kit.wait_run(client, run) == "cancelled"
    client.ask(m.Control, "delete", run)
    core.stop()
    client = start_core().client()
    assert client.ask(m.GetRuns)["runs"] == []


def test_what_was_decided_and_brought_survives(start_core: Any, kit: Any) -> None:
    """A fan-out keeps its values, an open task its items, a token its run."""
    core = start_core()
    client, agent = core.client(), core.agent()
    agent.hello(cpus=8)
    run = kit.submit(client, kit.task("list"), kit.task("each", "list", foreach=Foreach(result_of="list")))
    agent.finish(agent.assigned(1), result=b'j["x","y"]')
    first = agent.assigned(2)
    agent.finish(first[:1])
    call = kit.task("calls", action=Call("0" * 64), foreach=Foreach(opaque=0))
    session = kit.submit(client, call, token="session", open_tasks=[0], hidden=True)
    batch = msgspec.msgpack.encode([b"one", b"two"])
    client.ask(m.AppendItems, session, 0, 0, 2, payload=[batch])
    core.stop()

    core = start_core()
    client, agent2 = core.client(), core.agent()
    assert kit.submit(client, call, token="session", open_tasks=[0], hidden=True) == session
    client.ask(m.AppendItems, session, 0, 2, 1, payload=[msgspec.msgpack.encode([b"three"])])
    agent2.hello("a1", cpus=8)  # without what it held: lost, and given anew
    values: dict[int, Any] = {}
    payloads: dict[int, bytes] = {}
    while len(values) < 1 or len(payloads) < 3:
        msg, frames = agent2.receive()
        if isinstance(msg, m.Assign):
            for place, item in enumerate(msg.items):
                if item.key.run == run:
                    values[item.key.index] = msgspec.msgpack.decode(item.value)
                else:
                    payloads[item.key.index] = frames[place]
            agent2.ends(msg.items)
    assert values == {1: "y"}
    assert payloads == {0: b"one", 1: b"two", 2: b"three"}
    assert kit.wait_run(client, run) == "succeeded"
    client.ask(m.CloseTask, session, 0)
    assert kit.wait_run(client, session) == "succeeded"


class Process:
    """A core as a process, to be killed."""

    def __init__(self, home: Path) -> None:
        read, write = os.pipe()
        command = [sys.executable, "-m", "windlass.server", "--ready-fd", str(write), "--log-level", "error"]
        self.process = subprocess.Popen(command, env={**os.environ, "WINDLASS_HOME": str(home)}, pass_fds=[write])
        os.close(write)
        with os.fdopen(read) as ready:
            self.found = keys.CoreFile(**json.loads(ready.readline()))

    def kill(self, number: int = signal.SIGKILL) -> int:
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)


@pytest.mark.slow
def test_killed_at_any_instant_nothing_acknowledged_is_lost(
    tmp_path: Path, start_core: Any, kit: Any, request: pytest.FixtureRequest
) -> None:
    """Ten lives of a core, each killed in the middle; an agent that keeps what was not acknowledged."""
    chance = random.Random(3)
    helper = start_core()  # for its way to make peers
    helper.stop()
    home = tmp_path / "home"
    total = 2000
    core: Process | None = None
    request.addfinalizer(lambda: core is None or (core.process.kill(), core.process.wait()))
    run = 0
    unacked: dict[m.Key, m.AssignItem] = {}
    acked: set[m.Key] = set()
    epoch = 0
    for life in range(10):
        core = Process(home)
        helper.home, helper.found = home, core.found
        helper._context = zmq.Context()
        client, agent = helper.client(), helper.agent()
        if not run:
            run = kit.submit(client, kit.array("many", total), token="only")
        agent.epoch = epoch
        welcome = agent.hello(held=tuple(m.Held(key, "exited") for key in unacked))
        epoch = agent.epoch
        for item in list(unacked.values()):
            agent.ends([item])
        assert set(welcome.stop) <= set(unacked)
        end = time.monotonic() + chance.uniform(0.02, 0.15)
        last = life == 9
        while time.monotonic() < end or last:
            if last and len(acked) >= total:
                break
            if not agent.socket.poll(20):
                if last and not unacked:
                    break
                continue
            msg, _ = agent.receive()
            if isinstance(msg, m.Assign):
                for item in msg.items:
                    unacked[item.key] = item
                for at in range(0, len(msg.items), 7):
                    agent.ends(msg.items[at : at + 7])
            elif isinstance(msg, m.Ack):
                for key in msg.keys:
                    unacked.pop(key, None)
                    acked.add(key)
        if not last:
            core.kill()
        else:
            assert kit.wait_run(client, run) == "succeeded"
            attempts = []
            after: int | None = 0
            while after is not None:
                answer = client.ask(m.GetAttempts, run, after=after, limit=500, running=False)
                attempts += answer["attempts"]
                after = answer["next"]
            assert len([a for a in attempts if a["outcome"] == "ok"]) == total
            known = {(a["task"], a["index"], a["attempt"]) for a in attempts}
            assert {(k.task, k.index, k.attempt) for k in acked} <= known
            assert core.kill(signal.SIGTERM) == 0
        client.close()
        agent.close()
        helper._context.term()


@pytest.mark.slow
def test_an_acknowledged_mending_survives_a_kill(
    tmp_path: Path, start_core: Any, kit: Any, request: pytest.FixtureRequest
) -> None:
    """The core is killed in the moment of its answer, ten times; each mending must have come through."""
    helper = start_core()
    helper.stop()
    home = tmp_path / "home"
    core: Process | None = None
    request.addfinalizer(lambda: core is None or (core.process.kill(), core.process.wait()))
    run, said = 0, ["first"]
    for life in range(10):
        core = Process(home)
        helper.home, helper.found = home, core.found
        helper._context = zmq.Context()
        client, agent = helper.client(), helper.agent()
        if not run:
            run = kit.submit(client, kit.task("one", action=Command(said)), token="only")
        agent.epoch = life
        agent.hello()
        if life:
            client.ask(m.Control, "retry", run)
        (item,) = agent.assigned(1)
        assert agent.bundles[run, 0].spec.action == Command(said)
        agent.finish([item], "nonzero")
        said = [f"life {life}"]
        raw = msgspec.msgpack.encode(Graph("g", [kit.task("one", action=Command(said))]))
        assert client.ask(m.Amend, run, raw, f"document {life}", [])["tasks"] == ["one"]
        core.kill()
        client.close()
        agent.close()
        helper._context.term()


@pytest.mark.slow
def test_the_process_says_where_it_is_and_ends_in_order(tmp_path: Path) -> None:
    core = Process(tmp_path)
    file = keys.CoreFile.read(tmp_path / "data" / "core")
    assert file is not None
    assert (file.endpoint, file.public, file.pid) == (core.found.endpoint, core.found.public, core.process.pid)
    second = subprocess.run(
        [sys.executable, "-m", "windlass.server"],
        env={**os.environ, "WINDLASS_HOME": str(tmp_path)}, capture_output=True, text=True, timeout=PATIENCE,
        check=False,
    )  # fmt: skip
    assert second.returncode == 1
    assert "another core" in second.stderr
    assert core.kill(signal.SIGTERM) == 0
    assert keys.CoreFile.read(tmp_path / "data" / "core") is None


@pytest.mark.slow
def test_a_core_ends_with_whoever_started_it(tmp_path: Path) -> None:
    read, write = os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-m", "windlass.server", "--parent-fd", str(read), "--log-level", "error"],
        env={**os.environ, "WINDLASS_HOME": str(tmp_path)}, pass_fds=[read],
    )  # fmt: skip
    os.close(read)
    os.close(write)
    assert process.wait(PATIENCE) == 0
