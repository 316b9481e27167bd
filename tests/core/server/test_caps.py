"""What one peer can make the core keep for it is bounded: beyond that it is refused, with words, and counted."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from windlass.server import access, agents, programs, publish, transfers
from windlass.server import loop as core_loop
from windlass.wire import messages as m


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(core_loop, "QUESTIONS", 20)


def answers(client: Any, count: int) -> dict[int, Any]:
    """By request."""
    found: dict[int, Any] = {}
    while len(found) < count:
        msg, _ = client.receive()
        assert isinstance(msg, m.Reply | m.Failure), msg
        assert msg.req not in found, "answered twice"
        found[msg.req] = msg
    return found


def codes(found: dict[int, Any]) -> Counter[str]:
    return Counter(msg.code if isinstance(msg, m.Failure) else "ok" for msg in found.values())


def held(core: Any) -> int:
    server = core.server
    waiting = [*server.results.work.values(), *server.logs.work.values(), server.programs.work]
    return sum(map(len, waiting))


@pytest.mark.parametrize("kind", ["results", "end", "log", "programs", "all"])
def test_questions_that_never_end(core: Any, kit: Any, kind: str) -> None:
    client, agent = core.client(), core.agent()
    agent.hello()
    run = kit.submit(client, kit.task("t"))
    (item,) = agent.assigned(1)
    agent.send(m.Started([m.StartedItem(item.key, 1.0, 1)]))
    client.ask(m.GetAgents)
    asked = {
        "results": lambda req: m.GetResults(req, run, 0, wait=60.0, credits=5),
        "end": lambda req: m.WaitRun(req, run, wait=60.0),
        "log": lambda req: m.GetLog(req, run, 0, 0, wait=60.0),
        "programs": lambda req: m.GetPrograms(req, ["ffmpeg"]),
    }
    kinds = list(asked.values()) if kind == "all" else [asked[kind]]
    for req in range(1000, 1500):
        client.send(kinds[req % len(kinds)](req))
    refused = answers(client, 480)
    assert codes(refused) == {"too-many": 480}
    assert "20 questions of this connection wait already" in next(iter(refused.values())).reason
    assert held(core) == 20
    assert core.server.links.counters["too-many"] == 480
    other = core.client()
    assert other.ask(m.GetRun, run)["run"]["state"] == "running"
    other.send(m.WaitRun(5, run, wait=60.0))
    agent.finish([item])
    assert answers(other, 1)[5].data["run"]["state"] == "succeeded", "others do not suffer"


def test_answered_questions_make_room(core: Any, kit: Any) -> None:
    client, agent = core.client(), core.agent()
    agent.hello()
    for number in range(3):
        run = kit.submit(client, kit.task("t"), token=f"t{number}")
        for req in range(1000, 1020):
            kinds = (
                m.WaitRun(req, run, wait=60.0),
                m.GetResults(req, run, 0, wait=60.0),
                m.GetLog(req, run, 0, 0, wait=60.0),
            )
            client.send(kinds[req % 3])
        client.ask(m.GetAgents)
        agent.finish(agent.assigned(1))
        assert codes(answers(client, 20)) == {"ok": 20}
        for req in range(2000, 2020):
            client.send(m.WaitRun(req, run, wait=0.0))
        assert codes(answers(client, 20)) == {"ok": 20}, "what is answered at once was never open"
    assert held(core) == 0
    assert {one.open for one in core.server.links.connections.values()} == {0}


def test_questions_whose_time_is_up_or_whose_run_goes_make_room(
    core: Any, kit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(programs, "PATIENCE", 0.05)
    client, agent = core.client(), core.agent()
    run = kit.submit(client, kit.task("t"))
    agent.hello()
    for req in range(1000, 1010):
        client.send(m.WaitRun(req, run, wait=0.05))
    for req in range(2000, 2010):
        client.send(m.GetPrograms(req, ["ffmpeg"]))
    assert codes(answers(client, 20)) == {"ok": 20}
    client.ask(m.Control, "cancel", run)
    agent.finish(agent.assigned(1), "stopped")
    client.send(m.WaitRun(3000, run, wait=60.0))
    assert codes(answers(client, 1)) == {"ok": 1}
    assert held(core) == 0
    assert {one.open for one in core.server.links.connections.values()} == {0}


def test_names_of_programs_that_are_remembered(core: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "MOST", 10)
    monkeypatch.setattr(programs, "NAMES", 5)
    client, agent = core.client(), core.agent()
    agent.hello(name="a0")
    for number in range(20):
        client.send(m.GetPrograms(number + 1, [f"p{number}-{n}" for n in range(5)]))
        asked = agent.expect(m.FindPrograms)
        agent.send(m.ProgramsFound(asked.ticket, asked.names))
        assert len(client.expect(m.Reply).data["missing"]) == 5
    assert len(core.server.programs._known["a0"]) <= 20


def test_topics_have_one_name_each(core: Any, kit: Any) -> None:
    """Another spelling of a run's topic ended the core as soon as the run had news."""
    client, agent = core.client(), core.agent()
    run = kit.submit(client, kit.task("t"))
    client.send(m.Subscribe([f"run:0{run}", f"run:{chr(0x660 + run)}", f"run:+{run}", f"run: {run}"]))
    agent.hello()
    agent.finish(agent.assigned(1))
    assert kit.wait_run(client, run) == "succeeded"
    client.ask(m.GetAgents)
    assert not core.server.core.publisher._followers


def test_topics_of_one_connection(core: Any, kit: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publish, "TOPICS", 3)
    client = core.client()
    runs = [kit.submit(client, kit.task("t"), token=f"t{n}") for n in range(6)]
    client.send(m.Subscribe([f"run:{run}" for run in runs]))
    followed = {client.expect(m.Snapshot).topic for _ in range(3)}
    assert followed == {f"run:{run}" for run in runs[:3]}
    client.ask(m.GetAgents)
    assert len(core.server.core.publisher._followers) == 3
    assert core.server.links.counters["too-many"] == 1


def test_tokens(core: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "MOST", 3)
    client = core.client()
    made = [client.ask(m.MakeToken, "agent", 60.0) for _ in range(4)]
    assert [isinstance(one, m.Failure) for one in made] == [False, False, False, True]
    assert "3 tokens" in made[3].reason


def test_agents_of_one_key_and_what_they_say_of_themselves(core: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agents, "MOST_OF_A_KEY", 2)
    monkeypatch.setattr(agents, "FACTS", 2000)
    peers = [core.agent() for _ in range(4)]
    peers[0].hello(name="a0")
    peers[1].hello(name="a1")
    for place, labels, why in ((2, {}, "2 agents"), (3, {"long": "x" * 3000}, "2,000 bytes")):
        facts = m.AgentFacts("x", m.Resources(cpus=1), labels)
        peers[place].send(m.AgentHello(f"a{place}" if place == 2 else "a1", facts, 0, [], 1.0))
        refused, _ = peers[place].receive()
        assert isinstance(refused, m.Refused)
        assert why in refused.reason
    assert set(core.server.core.agents) == {"a0", "a1"}
    peers[0].hello(name="a0")


def test_offers_of_files(core: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfers, "AT_ONCE", 1)
    monkeypatch.setattr(transfers, "MAX_OFFERS", 2)
    client = core.client()
    for number in range(5):
        client.send(m.BlobOffer(f"{number:064x}", 100))
    refused = [client.expect(m.BlobMissing) for _ in range(2)]
    assert {one.reason for one in refused} == {"too many offers at a time"}
    (peer,) = core.server.transfers.work.values()
    assert (len(peer.pulls), len(peer.waiting)) == (1, 2)
