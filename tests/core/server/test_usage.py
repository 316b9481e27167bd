"""What owners have used outlives the core."""

from __future__ import annotations

import time
from typing import Any

import pytest

from windlass.server import configfile, settings
from windlass.wire import messages as m


def owners(client: Any) -> dict[str, dict[str, Any]]:
    return {row["owner"]: row for row in client.ask(m.GetInfo)["owners"]}


def test_what_owners_have_used_survives_a_restart(start_core: Any, kit: Any) -> None:
    chosen = configfile.parse('[fair-share]\nhalf-life = "1h"\n[fair-share.weights]\nann = 2\n', settings.DECLARED)
    core = start_core(settings=chosen)
    client, agent = core.client(), core.agent()
    agent.hello(cpus=2)
    kit.submit(client, kit.task("t"), owner="ann")
    kit.submit(client, kit.task("t"), owner="bob", token="t2")
    items = {item.key.run: item for item in agent.assigned(2)}
    # An attempt that held half of the machine for 36 of 3600 seconds.
    end = time.time()
    agent.send(
        m.Exited(
            [m.Exit(items[1].key, "ok", 0, end - 36.0, end)],
        ),
        [b"jnull"],
    )
    agent.expect(m.Ack)
    half = 0.5 * (1 - 0.5 ** (36 / 3600))
    before = owners(client)
    assert before["ann"]["average"] == pytest.approx(half, rel=0.01)
    assert before["ann"]["share"] == 0.0
    assert before["ann"]["standing"] == pytest.approx(half / 2, rel=0.01)
    assert (before["bob"]["share"], before["bob"]["average"]) == (0.5, 0.0)
    core.stop()

    core = start_core(settings=chosen)
    after = owners(core.client())
    assert after["ann"]["average"] == pytest.approx(half, rel=0.01)
    assert after["bob"]["average"] == 0.0
