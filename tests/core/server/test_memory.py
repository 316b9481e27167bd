"""What attempts used reaches placing, people are told of it, and agents are not."""

from __future__ import annotations

import time
from typing import Any

from windlass.model.graph import Resources
from windlass.server import configfile, settings
from windlass.wire import messages as m

GB = 1 << 30


def test_a_task_learns_from_ends_of_both_kinds(core: Any, kit: Any) -> None:
    client, agent = core.client(), core.agent()
    agent.hello(cpus=4, memory=8 * GB)
    said = kit.task("said", resources=Resources(cpus=1, memory=GB))
    run = kit.submit(client, kit.array("render", 20), said)
    given = agent.assigned(4)
    agent.finish(given[:1], usage=m.Usage(1.0, 2 * GB))
    now, first = time.time(), given[1].key
    columns = [given[1].key.index, given[2].key.index], [1, 1], [now] * 2, [now] * 2, [0.1] * 2, [GB, 5 * GB // 2]
    agent.send(m.Succeeded(1, run, 0, first.epoch, *columns), [b"jnull"] * 2)
    rows = client.ask(m.GetRun, run)["tasks"]
    while not rows[0]["note"]:
        rows = client.ask(m.GetRun, run)["tasks"]
    assert [row["note"] for row in rows] == ["asks for 3 GiB, learned from 3 attempts", ""]
    assert "asks for 3 GiB, learned from 3 attempts" in client.ask(m.Explain, run, 0)["sentence"]
    assert client.ask(m.Explain, run, 0)["learned"]
    # The agent must not take it for a limit.
    assert {bundle.spec.resources.memory for (_, task), bundle in agent.bundles.items() if task == 0} == {0}


def test_what_was_learned_outlives_the_core_and_goes_with_the_run(start_core: Any, kit: Any) -> None:
    core = start_core()
    client, agent = core.client(), core.agent()
    agent.hello(cpus=4, memory=8 * GB)
    run = kit.submit(client, kit.array("render", 6))
    given = agent.assigned(4)
    agent.finish(given[:3], usage=m.Usage(1.0, 2 * GB))
    core.stop()

    core = start_core()
    client = core.client()
    again = core.agent()
    again.epoch = agent.epoch
    again.hello(cpus=4, memory=8 * GB, held=tuple(m.Held(item.key, "running") for item in given[3:]))
    words = "asks for 2.5 GiB, learned from 3 attempts"
    while client.ask(m.GetRun, run)["tasks"][0]["note"] != words:
        assert client.ask(m.GetRun, run)["tasks"][0]["note"] in ("", words)
    rows = core.server.store.reader()
    assert [row[0] for row in rows.execute("SELECT run FROM lessons")] == [run]
    again.finish([*given[3:], *again.assigned(2)])
    assert kit.wait_run(client, run) == "succeeded"
    assert not list(rows.execute("SELECT run FROM lessons"))
    rows.close()


def test_the_switch(start_core: Any, kit: Any) -> None:
    core = start_core(settings=configfile.parse("[scheduler]\nlearn-memory = false\n", settings.DECLARED))
    client, agent = core.client(), core.agent()
    agent.hello(cpus=4, memory=8 * GB)
    run = kit.submit(client, kit.array("render", 20))
    agent.finish(agent.assigned(4), usage=m.Usage(1.0, 4 * GB))
    assert len(agent.assigned(4)) >= 4
    assert client.ask(m.GetRun, run)["tasks"][0]["note"] == ""
