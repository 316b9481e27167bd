"""Asking the core why something waits."""

from __future__ import annotations

from typing import Any

from windlass.model.graph import Resources
from windlass.wire import messages as m


def test_why_names_agents_and_what_is_ahead(core: Any, kit: Any) -> None:
    client, agent = core.client(), core.agent()
    agent.hello("big", cpus=2)
    first = kit.submit(client, kit.array("many", 5), kit.task("last", "many"))
    given = agent.assigned(2)
    run = kit.submit(client, kit.task("gpu", resources=Resources(gpus=1)), kit.task("t"), token="t2")
    found = client.ask(m.Explain, run, 0)
    assert (found["cause"], found["sentence"]) == ("nowhere", "cannot run on the only agent: it lacks a GPU")
    (reason,) = found["agents"]
    assert (reason["name"], reason["kind"], reason["text"]) == ("big", "lacks", "lacks a GPU: asks a GPU, it has none")
    assert reason["amounts"] == [{"kind": "gpus", "asked": 1, "free": 0, "capacity": 0}]
    found = client.ask(m.Explain, run, 1, 0)
    assert (found["cause"], found["ahead"], found["start"]) == ("order", [{"run": first, "items": 3}], None)
    assert found["sentence"] == f"can run on the only agent; 3 items of run {first} ahead"
    found = client.ask(m.Explain, first, 1)
    assert found["sentence"] == "waits for many (5 of 5 items left); many can run on the only agent; 1 is busy"
    assert client.ask(m.Explain, first, 0, given[0].key.index)["cause"] == "given"
    agent.finish(given)
    agent.assigned(2)
    assert client.ask(m.Explain, run, 1, 0)["start"] is not None


def test_what_there_is_not(core: Any, kit: Any) -> None:
    client = core.client()
    run = kit.submit(client, kit.array("many", 5))
    for wrong in [(run + 1, 0), (run, 7), (run, -1), (run, 0, 5), (run, 0, -1)]:
        assert client.ask(m.Explain, *wrong).code == "not-found"
    assert client.ask(m.GetRuns)["runs"][0]["note"] == client.ask(m.Explain, run, 0)["sentence"] == "no agent is up"
