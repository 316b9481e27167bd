"""From submit to result through a real core: what clients and agents see of a run."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from windlass.model.graph import Call, Foreach, Need
from windlass.wire import messages as m


def test_a_task_goes_from_submit_to_result(core: Any, kit: Any) -> None:
    client, agent = core.client(), core.agent()
    agent.hello()
    run = kit.submit(client, kit.task("one"))
    (item,) = agent.assigned(1)
    assert agent.bundles[run, 0].spec.id == "one"
    assert agent.finish([item], result=b"j42").keys == [item.key]
    ((seq, task, index, state, error, ref, result),) = kit.results(client, run, 1)
    assert (task, index, state, error, ref, result) == (0, 0, "succeeded", "", None, b"j42")
    assert kit.wait_run(client, run) == "succeeded"
    (row,) = client.ask(m.GetAttempts, run)["attempts"]
    assert (row["seq"], row["outcome"], row["agent_name"]) == (seq, "ok", "a1")


def test_bundles_go_once_to_each_agent(core: Any, kit: Any) -> None:
    client, agent = core.client(), core.agent()
    agent.hello(cpus=1)
    run = kit.submit(client, kit.array("many", 300))
    seen = 0
    bundles = []
    while seen < 300:
        msg = agent.expect(m.Assign)
        bundles += msg.bundles
        agent.ends(msg.items)
        seen += len(msg.items)
    assert kit.wait_run(client, run) == "succeeded"
    assert len(bundles) == 1


def test_a_failure_is_told_and_what_follows_is_skipped(core: Any, kit: Any) -> None:
    client, agent = core.client(), core.agent()
    agent.hello()
    run = kit.submit(client, kit.task("one"), kit.task("two", "one"))
    agent.finish(agent.assigned(1), "nonzero", error="it broke")
    rows = kit.results(client, run, 2)
    assert (rows[0][1], rows[0][3], rows[0][4]) == (0, "failed", "it broke")
    assert rows[1][3] == "skipped"
    assert kit.wait_run(client, run) == "failed"
    items = client.ask(m.GetItems, run, 0)["items"]
    assert (items[0]["state"], items[0]["error"], items[0]["attempts"]) == ("failed", "it broke", 1)


@pytest.mark.parametrize(("end", "runs"), [("ok", {"tidy", "rest"}), ("nonzero", {"tidy", "mend"})])
def test_a_condition_may_want_to_run_after_a_failure(core: Any, kit: Any, end: str, runs: set[str]) -> None:
    client, agent = core.client(), core.agent()
    agent.hello()
    run = kit.submit(
        client,
        kit.task("one"),
        kit.task("mend", "one", when="failure()"),
        kit.task("tidy", "one", when="always()"),
        kit.task("rest", "one", when="success()"),
    )
    agent.finish(agent.assigned(1), end)
    items = agent.assigned(2)
    assert {agent.bundles[run, item.key.task].spec.id for item in items} == runs
    agent.finish(items)
    assert kit.wait_run(client, run) == ("succeeded" if end == "ok" else "failed")


def test_a_retry_runs_what_failed_and_what_follows(core: Any, kit: Any) -> None:
    client, agent = core.client(), core.agent()
    agent.hello()
    run = kit.submit(client, kit.task("one"), kit.task("two", "one"))
    agent.finish(agent.assigned(1), "nonzero")
    assert kit.wait_run(client, run) == "failed"
    assert client.ask(m.Control, "retry", run, dry=True)["items"] == 2
    assert client.ask(m.Control, "retry", run)["items"] == 2
    (again,) = agent.assigned(1)
    assert (again.key.task, again.key.attempt) == (0, 2)
    agent.ends([again])
    agent.ends(agent.assigned(1))
    assert kit.wait_run(client, run) == "succeeded"


def test_cancel_stops_the_attempt_and_ends_the_run(core: Any, kit: Any) -> None:
    client, agent = core.client(), core.agent()
    agent.hello()
    run = kit.submit(client, kit.task("one"))
    items = agent.assigned(1)
    client.ask(m.Control, "cancel", run)
    assert agent.expect(m.Stop).keys == [items[0].key]
    agent.finish(items, "stopped")
    assert [row[3] for row in kit.results(client, run, 1)] == ["cancelled"]
    assert kit.wait_run(client, run) == "cancelled"


def test_the_same_submit_twice_is_one_run(core: Any, kit: Any) -> None:
    client = core.client()
    first = kit.submit(client, kit.task("one"), token="same")
    assert kit.submit(client, kit.task("one"), token="same") == first
    assert len(client.ask(m.GetRuns)["runs"]) == 1


def test_results_of_functions_reach_who_needs_them(core: Any, kit: Any) -> None:
    client, agent = core.client(), core.agent()
    agent.hello()
    call = Call("0" * 64)
    batch = msgspec.msgpack.encode([b"a0", b"a1"])
    tasks = [
        kit.task("many", action=call, foreach=Foreach(opaque=2)),
        kit.task("all", "many", action=call),
    ]
    run = kit.submit(client, *tasks, payload=[batch, msgspec.msgpack.encode([b"args"])])
    msg, frames = agent.receive()
    assert isinstance(msg, m.Assign)
    assert frames == [b"a0", b"a1"]
    agent.send(m.Exited([m.Exit(i.key, "ok", 0, 1.0, 2.0) for i in msg.items]), [b"j0", b"j1"])
    (item,) = agent.assigned(1)
    assert agent.bundles[run, 1].results == {"many": [b"j0", b"j1"]}
    agent.finish([item])
    assert kit.wait_run(client, run) == "succeeded"


def test_item_by_item_results_travel_with_the_item(core: Any, kit: Any) -> None:
    client, agent = core.client(), core.agent()
    agent.hello(cpus=1)
    call = Call("0" * 64)
    args = msgspec.msgpack.encode([b"x", b"y"])
    run = kit.submit(
        client,
        kit.task("a", action=call, foreach=Foreach(opaque=2)),
        kit.task("b", Need("a", each=True), action=call, foreach=Foreach(opaque=2)),
        payload=[args, args],
    )
    got: dict[tuple[int, int], dict[str, bytes]] = {}
    while len(got) < 4:
        for item in agent.expect(m.Assign).items:
            got[item.key.task, item.key.index] = item.results
            agent.ends([item], result=b"j%d" % (10 * item.key.task + item.key.index))
    assert kit.wait_run(client, run) == "succeeded"
    assert got[1, 0] == {"a": b"j0"}
    assert got[1, 1] == {"a": b"j1"}


def test_an_open_task_grows_until_it_is_closed(core: Any, kit: Any) -> None:
    client, agent = core.client(), core.agent()
    agent.hello()
    run = kit.submit(
        client, kit.task("calls", action=Call("0" * 64), foreach=Foreach(opaque=0)), open_tasks=[0], hidden=True
    )
    assert client.ask(m.GetRuns)["runs"] == []
    batch = msgspec.msgpack.encode([b"one", b"two"])
    assert client.ask(m.AppendItems, run, 0, 0, 2, payload=[batch]) == {"count": 2}
    assert client.ask(m.AppendItems, run, 0, 0, 2, payload=[batch]) == {"count": 2}
    agent.ends(agent.assigned(2))
    assert [row[2] for row in kit.results(client, run, 2)] == [0, 1]
    client.ask(m.CloseTask, run, 0)
    assert kit.wait_run(client, run) == "succeeded"
    failure = client.ask(m.AppendItems, run, 0, 2, 2, payload=[batch])
    assert isinstance(failure, m.Failure)


def test_a_result_list_becomes_items(core: Any, kit: Any) -> None:
    client, agent = core.client(), core.agent()
    agent.hello()
    run = kit.submit(client, kit.task("list"), kit.task("each", "list", foreach=Foreach(result_of="list")))
    agent.finish(agent.assigned(1), result=b'j["x","y","z"]')
    items = agent.assigned(3)
    assert [msgspec.msgpack.decode(item.value) for item in items] == ["x", "y", "z"]
    agent.finish(items)
    assert kit.wait_run(client, run) == "succeeded"
    shown = client.ask(m.GetItems, run, 1)["items"]
    assert [row["value"] for row in shown] == ["x", "y", "z"]


def test_a_false_condition_skips(core: Any, kit: Any) -> None:
    client, agent = core.client(), core.agent()
    agent.hello()
    run = kit.submit(client, kit.task("no", when="params.go"), graph_params={"go": False})
    assert kit.results(client, run, 1)[0][3] == "skipped"
    assert kit.wait_run(client, run) == "succeeded"


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"raw": b"\x01"}, "no graph"),
        ({"params": {"nope": 1}}, "no parameter"),
        ({"tasks": [("a", "a")]}, "circle"),
        ({"tasks": [("a", "zzz")]}, "not there"),
        ({"tasks": []}, "no tasks"),
    ],
)
def test_a_wrong_graph_is_refused_in_words(core: Any, kit: Any, change: dict[str, Any], word: str) -> None:
    client = core.client()
    if "raw" in change:
        failure = client.ask(m.Submit, "t", change["raw"], "", {}, [])
    else:
        tasks = [kit.task(*names) for names in change.get("tasks", [("a",)])]
        failure = kit.submit(client, *tasks, params=change.get("params", {}))
    assert isinstance(failure, m.Failure)
    assert failure.code == "bad-request"
    assert word in failure.reason


def test_requests_for_what_is_not_there(core: Any) -> None:
    client = core.client()
    for kind, args in (
        (m.GetRun, (99,)),
        (m.GetItems, (99, 0)),
        (m.GetResults, (99, 0)),
        (m.GetLog, (99, 0, 0)),
        (m.Control, ("cancel", 99)),
        (m.AgentControl, ("drain", "nobody")),
    ):
        failure = client.ask(kind, *args)
        assert isinstance(failure, m.Failure)
        assert failure.code == "not-found"
