"""What is held against an agent is written down: a restart neither forgives it nor takes forgiveness back."""

from __future__ import annotations

from typing import Any

from windlass.model.graph import RetryPolicy
from windlass.wire import messages as m

AGAIN = RetryPolicy(max=5, backoff=0.0)


def rows(client: Any) -> dict[str, Any]:
    return {row["name"]: row for row in client.ask(m.GetAgents)["agents"]}


def make_sick(core: Any, kit: Any) -> tuple[Any, Any]:
    """(an agent that is set aside because what fails there goes well on the other one, the other one)"""
    bad, good, client = core.agent(), core.agent(), core.client()
    bad.hello("bad", cpus=3)
    run = kit.submit(client, kit.array("work", 3, retries=AGAIN))
    failing = bad.assigned(3)
    good.hello("good", cpus=3)
    bad.finish(failing, "nonzero")
    good.finish(good.assigned(3))
    assert kit.wait_run(client, run) == "succeeded"
    return bad, good


def test_a_restart_of_the_core_does_not_forget_who_is_sick(start_core: Any, kit: Any) -> None:
    core = start_core()
    make_sick(core, kit)
    before = rows(core.client())["bad"]
    assert before["aside"] == "3 different items failed there and succeeded elsewhere"
    core.stop()
    core = start_core()
    bad, good, client = core.agent(), core.agent(), core.client()
    bad.hello("bad", cpus=3)
    good.hello("good", cpus=3)
    after = rows(client)["bad"]
    assert (after["aside"], after["aside_until"]) == (before["aside"], before["aside_until"])
    kinds = [event["kind"] for event in client.ask(m.GetAgent, "bad")["events"]]
    assert kinds.count("aside") == 1, "it was set aside once"
    run = kit.submit(client, kit.array("more", 3), token="t2")
    good.finish(good.assigned(3))
    assert kit.wait_run(client, run) == "succeeded"
    client.ask(m.AgentControl, "forgive", "bad")
    core.stop()
    core = start_core()
    row = rows(core.client())["bad"]
    assert (row["aside"], row["probation"]) == ("", False), "and it does not forget who was forgiven"


def test_an_agent_that_was_removed_begins_anew(start_core: Any, kit: Any) -> None:
    core = start_core()
    bad, _ = make_sick(core, kit)
    client = core.client()
    bad.send(m.AgentGoodbye("it was shut down"))
    client.send(m.Subscribe(["agents"]))
    while rows(client)["bad"]["state"] != "down":
        client.receive()
    client.ask(m.AgentControl, "remove", "bad")
    core.stop()
    core = start_core()
    core.agent().hello("bad")
    assert rows(core.client())["bad"]["aside"] == ""
