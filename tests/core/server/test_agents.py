"""What the core tells of an agent: its past, its last attempts, and what is wrong in rows that everybody gets."""

from __future__ import annotations

import time
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from windlass.model.graph import Resources
from windlass.server.agentlog import Condition, happened
from windlass.wire import keys, roles
from windlass.wire import messages as m


def agent_row(client: Any, agent: str = "a1") -> dict[str, Any]:
    return client.ask(m.GetAgents)["agents"][[a["id"] for a in client.ask(m.GetAgents)["agents"]].index(agent)]


def test_an_agents_past_is_kept_over_a_restart_and_goes_with_it(start_core: Any) -> None:
    core = start_core()
    client, agent = core.client(), core.agent()
    agent.hello()
    client.ask(m.AgentControl, "drain", "a1")
    client.ask(m.AgentControl, "undrain", "a1")
    agent.send(m.AgentGoodbye("the machine goes home"))
    while agent_row(client)["state"] != "down":
        pass
    core.stop()
    core = start_core()
    client, agent = core.client(), core.agent()
    agent.hello()
    found = client.ask(m.GetAgent, "a1")
    kinds = [event["kind"] for event in found["events"]]
    assert kinds[-4:] == ["down", "undrained", "draining", "joined"]
    assert kinds[0] == "back"
    assert found["events"][-4]["text"] == "the machine goes home"
    assert found["agent"]["name"] == "a1"
    agent.send(m.AgentGoodbye("again"))
    while agent_row(client)["state"] != "down":
        pass
    client.ask(m.AgentControl, "remove", "a1")
    assert client.ask(m.GetAgent, "a1").code == "not-found"
    agent.hello()
    assert [event["kind"] for event in client.ask(m.GetAgent, "a1")["events"]] == ["joined"]


def test_its_last_attempts_the_newest_first(core: Any, kit: Any) -> None:
    client, agent, other = core.client(), core.agent(), core.peer(core.agent().pair, type(core.agent()))
    agent.hello(cpus=3)
    run = kit.submit(client, kit.array("many", 5), kit.task("bad", "many", title="Fails"))
    left = 5
    while left:
        items = agent.expect(m.Assign).items
        agent.finish(items)
        left -= len(items)
    agent.finish(agent.assigned(1), "nonzero", error="exit 1")
    kit.wait_run(client, run)
    other.hello("b1")
    found = client.ask(m.GetAgent, "a1", 4)
    assert (found["attempts"][0]["task"], found["attempts"][0]["outcome"]) == (1, "nonzero")
    assert [row["task"] for row in found["attempts"]] == [1, 0, 0, 0]
    seqs = [row["seq"] for row in found["attempts"]]
    assert seqs == sorted(seqs, reverse=True)
    assert found["titles"] == [[run, 0, "g · many"], [run, 1, "g · Fails"]], "as the app's tables call them"
    assert found["singles"] == [[run, 1]], "the other is an array, whose items have numbers"
    assert found["whole"]
    assert not client.ask(m.GetAgent, "b1")["attempts"]


def test_a_run_that_goes_on_names_the_task_that_fails_most(core: Any, kit: Any) -> None:
    client, agent = core.client(), core.agent()
    agent.hello(cpus=3)
    run = kit.submit(client, kit.task("well"), kit.task("bad"), kit.task("long"))
    well, bad, long = agent.assigned(3)
    agent.finish([well])
    agent.finish([bad], "nonzero", error="exit 1")
    row = next(row for row in client.ask(m.GetRuns)["runs"] if row["id"] == run)
    assert (row["failing"], row["failures"]) == ("bad", 1)
    agent.finish([long])
    kit.wait_run(client, run)
    assert not next(row for row in client.ask(m.GetRuns)["runs"] if row["id"] == run)["failing"]


def test_who_looks_may_ask_and_agents_may_not() -> None:
    assert roles.allowed("viewer", m.GetAgent)
    assert not roles.allowed("agent", m.GetAgent)


def test_a_run_says_what_no_agent_can_take(core: Any, kit: Any) -> None:
    client, agent = core.client(), core.agent()
    agent.hello(cpus=2)
    gpu = kit.task("train", resources=Resources(cpus=1, gpus=1))
    run = kit.submit(client, gpu, kit.task("easy"))

    def row() -> dict[str, Any]:
        return next(row for row in client.ask(m.GetRuns)["runs"] if row["id"] == run)

    (item,) = agent.assigned(1)
    found = row()
    assert found["blocked_task"] == 0
    assert found["blocked"] == "train cannot run on the only agent: it lacks a GPU"
    client.ask(m.Control, "pause", run)
    assert not row()["blocked"], "who paused it knows why it waits"
    client.ask(m.Control, "resume", run)
    agent.finish([item])
    big = core.agent()
    facts = m.AgentFacts("big", Resources(cpus=4, gpus=1), {"os": "linux"})
    big.send(m.AgentHello("big", facts, 0, [], time.time()))
    big.expect(m.Assign)
    assert not row()["blocked"]


def test_a_row_tells_disk_clock_and_key(core: Any) -> None:
    client, agent = core.client(), core.agent()
    agent.hello()
    client.send(m.Subscribe(["agents"]))
    client.expect(m.Snapshot)
    late = time.time() - 100
    sample = m.Sample(late, 0.5, 10, 20, 1 << 30, disk_total=100 << 30)
    agent.send(m.Heartbeat(late, [sample]))
    while not (told := client.expect(m.Delta).data["agents"][0])["disk_total"]:
        pass
    assert (told["disk_free"], told["disk_total"]) == (1 << 30, 100 << 30)
    assert told["fingerprint"] == keys.fingerprint(agent.pair.public)
    assert client.ask(m.GetInfo)["disk"]["total"] > 0


CONDITIONS = st.builds(
    Condition, st.sampled_from(["new", "up", "disconnected", "down"]), st.booleans(),
    st.sampled_from(["", "it fails"]), st.booleans(),
)  # fmt: skip


@given(CONDITIONS, CONDITIONS)
def test_events_tell_every_difference_and_nothing_else(before: Condition, now: Condition) -> None:
    kinds = [kind for kind, _ in happened(before, now, "why")]
    assert len(kinds) == len(set(kinds))
    assert not happened(now, now, "why")
    assert ("draining" in kinds) == (now.draining and not before.draining)
    assert ("undrained" in kinds) == (before.draining and not now.draining)
    if now.state != before.state and now.state in ("disconnected", "down"):
        assert now.state in kinds
    if now.aside and not before.aside:
        assert "aside" in kinds
