"""Acting on many things in one request: it counts what it does, all or nothing, and a dry one does nothing."""

from __future__ import annotations

from typing import Any

import pytest

from windlass.model.graph import Resources
from windlass.server import acting
from windlass.wire import messages as m
from windlass.wire import roles


def failed(core: Any, client: Any, agent: Any, kit: Any, token: str = "t1") -> int:
    """A run of four items, of which the last two failed, and a task behind them."""
    run: int = kit.submit(client, kit.array("many", 4), kit.task("last", "many"), token=token)
    items = agent.assigned(4)
    agent.finish(items[:2])
    agent.finish(items[2:], "nonzero")
    assert kit.wait_run(client, run) == "failed"
    return run


def test_a_preview_counts_and_lists_what_the_act_then_does(core: Any, kit: Any) -> None:
    client, agent = core.client(), core.agent()
    agent.hello(cpus=4)
    runs = [failed(core, client, agent, kit, token) for token in ("t1", "t2")]
    picks = [m.Pick(run) for run in runs]
    told = client.ask(m.Act, "retry", picks, dry=True)
    assert (told["items"], told["runs"], told["cut"]) == (6, 2, False)
    assert told["states"] == [0, 0, 0, 0, 0, 4, 0, 2]
    assert told["picks"] == [[run, task, *span] for run in runs for task, span in ((0, (2, 4)), (1, (0, 1)))]
    assert client.ask(m.GetRun, runs[0])["run"]["state"] == "failed", "a dry one does nothing"
    assert client.ask(m.Act, "retry", picks) == told
    assert len(agent.assigned(4)) == 4
    assert client.ask(m.Act, "cancel", [m.Pick(runs[0], 0, [(2, 3)]), m.Pick(runs[1])])["items"] == 4
    states = [item["state"] for item in client.ask(m.GetItems, runs[0], 0)["items"]]
    assert states[2] == "cancelled"
    assert client.ask(m.GetRun, runs[1])["run"]["state"] in ("cancelled", "failed")


def test_toggles_reach_the_scheduler(core: Any, kit: Any) -> None:
    client, agent = core.client(), core.agent()
    agent.hello(cpus=4)
    run = failed(core, client, agent, kit)

    def items(pick: m.Pick, *toggles: bool) -> int:
        found: int = client.ask(m.Act, "retry", [pick], *toggles, True)["items"]
        return found

    assert items(m.Pick(run, 0), False, False, False) == 3
    assert items(m.Pick(run, 0), True, False, False) == 5
    assert items(m.Pick(run, 0), True, False, True) == 3
    assert items(m.Pick(run, 1), True, True, False) == 5


def test_pause_priority_and_delete_take_runs(core: Any, kit: Any) -> None:
    client, agent = core.client(), core.agent()
    agent.hello(cpus=4)
    ended = failed(core, client, agent, kit)
    waits = kit.submit(client, kit.array("big", 3, resources=Resources(cpus=99)), token="t2")

    def row(run: int) -> Any:
        return client.ask(m.GetRun, run)["run"]

    assert client.ask(m.Act, "pause", [m.Pick(waits)])["runs"] == 1
    assert row(waits)["state"] == "paused"
    assert client.ask(m.Act, "resume", [m.Pick(waits)])["runs"] == 1
    client.ask(m.Act, "priority", [m.Pick(waits, value=7), m.Pick(ended, value=3)])
    assert (row(waits)["priority"], row(waits)["state"]) == (7, "running")
    answer = client.ask(m.Act, "delete", [m.Pick(ended), m.Pick(waits)])
    assert (answer.code, "has not ended" in answer.reason) == ("bad-request", True)
    assert row(ended)["state"] == "failed", "all or nothing"
    client.ask(m.Act, "delete", [m.Pick(ended)])
    assert client.ask(m.GetRun, ended).code == "not-found"


@pytest.mark.parametrize(
    ("action", "picks", "code"),
    [
        ("retry", [], "bad-request"),
        ("explode", [m.Pick(1)], "bad-request"),
        ("retry", [m.Pick(1), m.Pick(99)], "not-found"),
        ("retry", [m.Pick(1, 7)], "not-found"),
        ("retry", [m.Pick(1, None, [(0, 1)])], "bad-request"),
        ("retry", [m.Pick(1, 0, [(0, 5)])], "not-found"),
        ("cancel", [m.Pick(1, 0, [(2, 2)])], "not-found"),
        ("cancel", [m.Pick(1, 0, [(-1, 2)])], "not-found"),
        ("pause", [m.Pick(1, 0)], "bad-request"),
        ("priority", [m.Pick(1, value=2**40)], "bad-request"),
        ("cancel", [m.Pick(1, 0, [(0, 1)] * (acting.PICKS + 1))], "bad-request"),
    ],
)
def test_what_makes_no_sense_is_refused_as_a_whole(
    core: Any, kit: Any, action: str, picks: list[m.Pick], code: str
) -> None:
    client = core.client()
    assert kit.submit(client, kit.array("many", 4)) == 1
    answer = client.ask(m.Act, action, picks)
    assert answer.code == code
    assert client.ask(m.GetRun, 1)["run"]["state"] == "running"


def test_a_long_list_says_that_it_is_cut(core: Any, kit: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(acting, "PICKS_SHOWN", 2)
    client = core.client()
    run = kit.submit(client, kit.array("many", 9))
    told = client.ask(m.Act, "cancel", [m.Pick(run, 0, [(0, 1), (2, 3), (4, 9)])], dry=True)
    assert (told["items"], told["cut"], len(told["picks"])) == (7, True, 2)


def test_only_who_may_act_may(core: Any) -> None:
    assert not roles.allowed(roles.VIEWER, m.Act)
    assert roles.allowed(roles.OPERATOR, m.Act)
    assert not roles.allowed(roles.AGENT, m.Act)
