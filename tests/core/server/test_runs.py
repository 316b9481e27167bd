"""Runs that ended leave memory, and come back when somebody asks for them."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from windlass.model.graph import Command, Graph
from windlass.server import runs as room
from windlass.wire import messages as m


@pytest.fixture(autouse=True)
def nothing_is_kept(monkeypatch: Any) -> None:
    """Put away at the next turn whatever nobody asks for."""
    monkeypatch.setattr(room, "UNUSED", 0.0)
    monkeypatch.setattr(room, "EVERY", 0.0)


def away(core: Any, client: Any, run: int) -> None:
    """Return when the run is a row only; each question is a turn."""
    for _ in range(1000):
        client.ask(m.GetAgents)
        if run not in core.server.core.runs.here:
            assert run not in core.server.core.scheduler.runs()
            return
    raise AssertionError(f"run {run} stays in memory")


def failed_run(core: Any, client: Any, agent: Any, kit: Any) -> int:
    """A run of an array, a task that failed, and one behind it; put away."""
    run: int = kit.submit(client, kit.array("many", 3), kit.task("wrong", "many"), kit.task("last", "wrong"))
    agent.finish(agent.assigned(2))
    agent.finish(agent.assigned(1))
    agent.finish(agent.assigned(1), "nonzero")
    assert kit.wait_run(client, run) == "failed"
    away(core, client, run)
    return run


def test_lists_answers_and_snapshots_show_it_as_before(core: Any, kit: Any) -> None:
    client, agent = core.client(), core.agent()
    agent.hello()
    run = failed_run(core, client, agent, kit)
    (row,) = client.ask(m.GetRuns)["runs"]
    assert (row["state"], row["counts"]["succeeded"], row["counts"]["failed"], row["counts"]["skipped"]) == (
        "failed", 3, 1, 1,
    )  # fmt: skip
    client.send(m.Subscribe(["runs"]))
    assert client.expect(m.Snapshot).data["runs"] == [row]
    assert client.ask(m.GetResults, run, 0)["run_state"] == "failed"
    assert run not in core.server.core.runs.here  # nobody needed more than the row
    answer = client.ask(m.GetRun, run)
    assert [task["counts"]["succeeded"] for task in answer["tasks"]] == [3, 0, 0]
    assert [item["attempts"] for item in client.ask(m.GetItems, run, 0)["items"]] == [1, 1, 1]
    assert client.ask(m.Explain, run, 1)["state"] == ""
    away(core, client, run)
    client.send(m.Subscribe([f"run:{run}"]))
    assert client.expect(m.Snapshot).data["states"] == {0: b"\4\4\4", 1: b"\5", 2: b"\7"}


def test_it_is_tried_again_as_if_it_had_stayed(core: Any, kit: Any) -> None:
    client, agent = core.client(), core.agent()
    agent.hello()
    run = failed_run(core, client, agent, kit)
    assert client.ask(m.Control, "retry", run, dry=True)["items"] == 2
    away(core, client, run)
    assert client.ask(m.Control, "retry", run)["items"] == 2
    (item,) = agent.assigned(1)
    assert (item.key.task, item.key.attempt) == (1, 2)
    agent.finish([item])
    agent.finish(agent.assigned(1))
    assert kit.wait_run(client, run) == "succeeded"
    away(core, client, run)
    (row,) = client.ask(m.GetRuns)["runs"]
    assert (row["state"], row["counts"]["succeeded"]) == ("succeeded", 5)


def test_it_is_mended(core: Any, kit: Any) -> None:
    client, agent = core.client(), core.agent()
    agent.hello()
    run = failed_run(core, client, agent, kit)
    right = kit.task("wrong", "many", action=Command(["right"]))
    graph = Graph("g", [kit.array("many", 3), right, kit.task("last", "wrong")])
    answer = client.ask(m.Amend, run, msgspec.msgpack.encode(graph), "mended", [])
    assert answer["tasks"] == ["wrong"]
    away(core, client, run)
    client.ask(m.Control, "retry", run)
    (item,) = agent.assigned(1)
    assert agent.bundles[run, 1].spec.action == Command(["right"])
    agent.finish([item])
    agent.finish(agent.assigned(1))
    assert kit.wait_run(client, run) == "succeeded"


def test_after_a_restart_it_is_a_row_until_it_is_asked_for(start_core: Any, kit: Any) -> None:
    core = start_core()
    client, agent = core.client(), core.agent()
    agent.hello()
    run = failed_run(core, client, agent, kit)
    before = client.ask(m.GetRuns)["runs"]
    core.stop()
    core = start_core()
    client = core.client()
    assert not core.server.core.runs.here
    assert client.ask(m.GetRuns)["runs"] == before
    assert client.ask(m.Control, "retry", run)["items"] == 2
    assert client.ask(m.GetRuns)["runs"][0]["state"] == "running"


def test_one_whose_items_were_never_counted_is_counted_once(start_core: Any, kit: Any) -> None:
    """As a store of an earlier version has it."""
    core = start_core()
    client, agent = core.client(), core.agent()
    agent.hello()
    run = failed_run(core, client, agent, kit)
    before = client.ask(m.GetRuns)["runs"]
    core.server.core.store.write("UPDATE runs SET counts=NULL WHERE id=?", [(run,)])
    core.server.wake()
    client.ask(m.GetRuns)
    core.stop()
    core = start_core()
    client = core.client()
    away(core, client, run)
    assert client.ask(m.GetRuns)["runs"] == before
    core.stop()
    core = start_core()
    assert not core.server.core.runs.here


def test_it_is_deleted(core: Any, kit: Any) -> None:
    client, agent = core.client(), core.agent()
    agent.hello()
    run = failed_run(core, client, agent, kit)
    client.ask(m.Control, "delete", run)
    assert client.ask(m.GetRuns)["runs"] == []
    assert client.ask(m.GetRun, run).code == "not-found"
    assert not core.server.core.scheduler._book.shapes


def test_one_whose_attempt_still_stops_stays(core: Any, kit: Any) -> None:
    client, agent = core.client(), core.agent()
    agent.hello()
    run = kit.submit(client, kit.task("slow"))
    items = agent.assigned(1)
    client.ask(m.Control, "cancel", run)
    assert kit.wait_run(client, run) == "cancelled"
    for _ in range(20):
        client.ask(m.GetAgents)
    assert core.server.core.runs.here == [run]
    agent.finish(items, "stopped")
    away(core, client, run)


def test_of_many_that_are_asked_for_the_longest_unused_goes(monkeypatch: Any, core: Any, kit: Any) -> None:
    monkeypatch.setattr(room, "UNUSED", 1e9)
    monkeypatch.setattr(room, "MOST", 2)
    client, agent = core.client(), core.agent()
    agent.hello()
    ids = [kit.submit(client, kit.task("one"), token=f"t{place}") for place in range(4)]
    agent.finish(agent.assigned(2))
    agent.finish(agent.assigned(2))
    for run in ids:
        assert kit.wait_run(client, run) == "succeeded"
    for run in (ids[0], ids[3], ids[1]):
        client.ask(m.GetRun, run)
    for _ in range(3):
        client.ask(m.GetAgents)
    assert sorted(core.server.core.runs.here) == [ids[1], ids[3]]


def test_when_it_ended_stays_true_whatever_is_asked_of_it_later(core: Any, kit: Any) -> None:
    client, agent = core.client(), core.agent()
    agent.hello()
    run = failed_run(core, client, agent, kit)
    ended = client.ask(m.GetRuns)["runs"][0]["ended"]
    client.ask(m.Control, "priority", run, value=7)
    row = client.ask(m.GetRuns)["runs"][0]
    assert (row["priority"], row["ended"]) == (7, ended)
