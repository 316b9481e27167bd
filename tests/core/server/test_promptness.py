"""What somebody waits for goes first and without a look at the store; what nobody waits for travels along with it."""

from __future__ import annotations

import time
from typing import Any

import msgspec
import pytest
from tests.core.server.test_columns import succeed

from windlass.model.graph import Call, Foreach
from windlass.server import links
from windlass.wire import messages as m

CALL = Call("f" * 64)


def opened(client: Any, kit: Any) -> int:
    run: int = kit.submit(client, kit.task("calls", action=CALL, foreach=Foreach(opaque=0)), open_tasks=[0])
    return run


def append(client: Any, run: int, first: int, *arguments: bytes) -> int:
    client.requests += 1
    client.send(m.AppendItems(client.requests, run, 0, first, len(arguments)), [msgspec.msgpack.encode(arguments)])
    return int(client.requests)


def test_results_are_told_from_memory_and_before_the_acknowledgement_of_the_call(
    core: Any, kit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(links, "SOON", 3600.0)
    client, agent = core.client(), core.agent()
    agent.hello()
    run = opened(client, kit)

    def never(*_: object) -> None:
        raise AssertionError("the store was asked")

    monkeypatch.setattr(core.server.core.reader, "ends_packed", never)
    monkeypatch.setattr(core.server.core.reader, "payloads", never)
    after = 0
    for number in range(3):
        client.requests += 1
        question = client.requests
        client.send(m.GetResults(question, run, after, wait=60.0, packed=True))
        request = append(client, run, number, b"argument %d" % number)
        message, payload = agent.receive()
        assert isinstance(message, m.Assign)
        assert payload == [b"argument %d" % number]
        if number:  # what was told before is acknowledged behind it
            assert agent.receive()[0] == m.Ack([], [number])
        succeed(agent, number + 1, [message.items[0].key], [b"j%d" % number])
        told, frames = client.receive()
        assert (told.req, told.data["packs"]) == (question, [[number + 1, 0, [number]]])
        assert msgspec.msgpack.decode(frames[0]) == [b"j%d" % number]
        answer, _ = client.receive()  # came along
        assert (answer.req, answer.data) == (request, {"count": number + 1})
        after = number + 1
    assert agent.silent()


def test_what_somebody_waits_for_is_sent_before_anything_is_noted(
    core: Any, kit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The call is given out, and its result told, before followers, acknowledgements and the answer to the append."""
    server = core.server.core
    order: list[str] = []

    def noting(what: Any, name: str, word: str) -> None:
        before = getattr(what, name)

        def noted(*args: Any) -> Any:
            order.append(word if word else type(args[1]).__name__)
            return before(*args)

        monkeypatch.setattr(what, name, noted)

    client, agent = core.client(), core.agent()
    agent.hello()
    run = opened(client, kit)
    client.requests += 1
    client.send(m.GetResults(client.requests, run, 0, wait=60.0, packed=True))
    client.ask(m.GetInfo)  # the question was taken
    noting(server.links, "send", "")
    noting(server.links, "send_soon", "soon")
    noting(server.publisher, "task", "note")
    noting(server, "_tell_marked", "note")
    append(client, run, 0, b"")
    (item,) = agent.assigned(1)
    succeed(agent, 1, [item.key], [b"j1"])
    while "packs" not in client.expect(m.Reply).data:
        pass
    assert agent.acknowledged()
    assert order == ["Assign", "note", "note", "soon", "Reply", "note", "soon"]


def test_what_has_no_company_comes_by_itself_soon(core: Any, kit: Any) -> None:
    client, agent = core.client(), core.agent()
    agent.hello(cpus=1)
    run = opened(client, kit)
    request = append(client, run, 0, b"")
    assert client.expect(m.Reply).req == request
    (item,) = agent.assigned(1)
    succeed(agent, 5, [item.key], [b"j1"])
    assert agent.expect(m.Ack) == m.Ack([], [5])


def test_who_brings_more_before_the_answer_gets_both(core: Any, kit: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(links, "SOON", 3600.0)
    client = core.client()
    run = opened(client, kit)
    first = append(client, run, 0, b"")
    assert client.silent()
    second = append(client, run, 1, b"")
    assert {client.expect(m.Reply).req for _ in range(2)} == {first, second}


def test_many_items_are_answered_at_once(core: Any, kit: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(links, "SOON", 3600.0)
    client = core.client()
    run = opened(client, kit)
    request = append(client, run, 0, *[b""] * 100)
    assert client.expect(m.Reply).req == request


def test_ends_of_other_kinds_are_asked_of_the_store(core: Any, kit: Any) -> None:
    client, agent = core.client(), core.agent()
    agent.hello()
    run = opened(client, kit)
    append(client, run, 0, b"", b"")
    items = agent.assigned(2)
    client.requests += 1
    client.send(m.GetResults(client.requests, run, 0, wait=60.0, packed=True))
    agent.ends(items[:1], "nonzero", result=b"", error="it failed")
    while (reply := client.expect(m.Reply)).req != client.requests:
        pass
    assert [row[2:5] for row in reply.data["results"]] == [[0, "failed", "it failed"]]
    assert "packs" not in reply.data
    succeed(agent, 1, [items[1].key], [b"j1"])
    data, _ = client.ask_with_payload(m.GetResults, run, reply.data["results"][0][0], wait=60.0, packed=True)
    assert data["packs"] == [[2, 0, [1]]]


def test_a_question_in_the_middle_of_a_pack_gets_it_whole(core: Any, kit: Any) -> None:
    client, agent = core.client(), core.agent()
    agent.hello(cpus=8)
    run = opened(client, kit)
    append(client, run, 0, *[b""] * 8)
    keys = [item.key for item in agent.assigned(8)]
    succeed(agent, 1, keys[:2], [b"j0", b"j1"])
    succeed(agent, 2, keys[2:6], [b"j%d" % n for n in range(2, 6)])
    succeed(agent, 3, keys[6:], [b"j6", b"j7"])
    assert len(kit.results(client, run, 8)) == 8
    for after, packs in ((0, [1, 3, 7]), (1, [1, 3, 7]), (2, [3, 7]), (5, [3, 7]), (6, [7]), (7, [7]), (8, [])):
        data = client.ask(m.GetResults, run, after, wait=0.0, packed=True)
        assert [pack[0] for pack in data.get("packs", [])] == packs
        plain = client.ask(m.GetResults, run, after, wait=0.0)
        assert [row[0] for row in plain["results"]] == list(range(after + 1, 9))
    attempts = client.ask(m.GetAttempts, run, after=4)["attempts"]
    assert [row["seq"] for row in attempts] == [5, 6, 7, 8]


def test_runs_that_are_over_are_told_with_a_heartbeat(core: Any, kit: Any) -> None:
    client, agent = core.client(), core.agent()
    agent.hello()
    runs = [kit.submit(client, kit.task("one"), token=token) for token in ("t1", "t2")]
    for item in agent.assigned(2):
        agent.finish([item])
    for run in runs:
        kit.wait_run(client, run)
    assert agent.silent()  # nobody waits for that
    agent.send(m.Heartbeat(time.time(), [], []))
    assert isinstance(agent.receive()[0], m.Alive)
    assert agent.receive()[0] == m.Forget(sorted(runs))
    agent.send(m.Heartbeat(time.time(), [], []))
    assert isinstance(agent.receive()[0], m.Alive)
    assert agent.silent()


def test_a_run_that_goes_on_is_forgotten_first_and_then_sent_anew(core: Any, kit: Any) -> None:
    client, agent = core.client(), core.agent()
    agent.hello()
    run = kit.submit(client, kit.task("one"))
    agent.finish(agent.assigned(1), "nonzero", error="exit 1")
    kit.wait_run(client, run)
    client.ask(m.Control, "retry", run)
    assert agent.receive()[0] == m.Forget([run])
    again = agent.receive()[0]
    assert [bundle.run for bundle in again.bundles] == [run]
    assert [item.key.attempt for item in again.items] == [2]
    agent.finish(again.items)
    kit.wait_run(client, run)
    agent.send(m.Heartbeat(time.time(), [], []))
    assert agent.expect(m.Forget) == m.Forget([run])


def test_what_a_submit_gives_out_goes_before_its_answer(core: Any, kit: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    client, agent = core.client(), core.agent()
    agent.hello()
    sent: list[type] = []
    send = core.server.core.links.send

    def noted(connection: Any, message: m.Message, payload: Any = ()) -> bool:
        sent.append(type(message))
        return bool(send(connection, message, payload))

    monkeypatch.setattr(core.server.core.links, "send", noted)
    kit.submit(client, kit.task("one"))
    agent.assigned(1)
    assert sent[:2] == [m.Assign, m.Reply]
