"""A question that stands: results without being asked for each, from where it goes on, and never more than a little."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tests.core.server.test_columns import succeed
from tests.core.server.test_promptness import append, opened

from windlass.server import waits
from windlass.wire import messages as m


def stand(client: Any, run: int, after: int = 0, credits: int = 100, **fields: Any) -> int:
    client.requests += 1
    client.send(m.GetResults(client.requests, run, after, wait=60.0, packed=True, credits=credits, **fields))
    return int(client.requests)


def told(client: Any, question: int) -> tuple[Any, list[bytes]]:
    """The next answer to the question."""
    while True:
        message, payload = client.receive()
        if message.req == question:
            return message.data, payload


class Calls:
    """A client with an open run, and an agent that does one call after the other."""

    def __init__(self, core: Any, kit: Any) -> None:
        self.client, self.agent = core.client(), core.agent()
        self.agent.hello()
        self.run = opened(self.client, kit)
        self.count = 0

    def call(self, result: bytes = b"j1") -> int:
        append(self.client, self.run, self.count, b"")
        (item,) = self.agent.assigned(1)
        self.count += 1
        succeed(self.agent, self.count, [item.key], [result])
        return self.count - 1


@pytest.fixture
def calls(core: Any, kit: Any) -> Calls:
    return Calls(core, kit)


def test_each_end_is_told_without_being_asked_for(calls: Calls) -> None:
    question = stand(calls.client, calls.run)
    for number in range(5):
        calls.call(b"j%d" % number)
        data, frames = told(calls.client, question)
        assert (data["packs"], data["more"]) == ([[number + 1, 0, [number]]], number + 1)
        assert msgspec.msgpack.decode(frames[0]) == [b"j%d" % number]


def test_what_has_ended_before_is_told_first(calls: Calls) -> None:
    first = stand(calls.client, calls.run, credits=0)
    calls.call()
    assert "more" not in told(calls.client, first)[0]
    question = stand(calls.client, calls.run)
    assert told(calls.client, question)[0]["more"] == 1
    calls.call()
    assert told(calls.client, question)[0]["packs"] == [[2, 0, [1]]]


def test_the_last_answer_is_told_when_the_credits_are_used_up(calls: Calls) -> None:
    question = stand(calls.client, calls.run, credits=2)
    for more in (1, 2, None):
        calls.call()
        assert told(calls.client, question)[0].get("more") == more
    calls.call()
    assert "more" not in told(calls.client, stand(calls.client, calls.run, after=3, credits=0))[0]


def test_without_credits_one_question_has_one_answer(calls: Calls) -> None:
    question = stand(calls.client, calls.run, credits=0)
    calls.call()
    assert "more" not in told(calls.client, question)[0]
    calls.call()
    data, _ = calls.client.ask_with_payload(m.GetResults, calls.run, 1, wait=60.0, packed=True)
    assert data["packs"] == [[2, 0, [1]]]


def test_a_client_that_does_not_read_gets_no_more_than_a_little(calls: Calls, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waits, "STANDING", 5000)
    question = stand(calls.client, calls.run, credits=2**40)
    more = []
    for _ in range(3):
        calls.call(b"j" + b"1" * 2000)
        more.append(told(calls.client, question)[0].get("more"))
    assert more == [1, 2, None]


def test_credits_are_bounded(calls: Calls, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waits, "CREDITS", 1)
    question = stand(calls.client, calls.run, credits=2**40)
    calls.call()
    assert told(calls.client, question)[0]["more"] == 1
    calls.call()
    assert "more" not in told(calls.client, question)[0]


def test_an_answer_that_is_cut_is_the_last(calls: Calls) -> None:
    for _ in range(2):
        calls.call()
    told(calls.client, stand(calls.client, calls.run, after=1, credits=0))
    question = stand(calls.client, calls.run, limit=1)
    data, _ = told(calls.client, question)
    assert data["packs"][0][0] == 1
    assert "more" not in data, "the rest has to be asked for"


def test_the_end_of_the_run_is_the_last_answer(calls: Calls) -> None:
    question = stand(calls.client, calls.run)
    calls.call()
    assert told(calls.client, question)[0]["run_state"] == "running"
    calls.client.ask(m.CloseTask, calls.run, 0)
    data, _ = told(calls.client, question)
    assert (data["run_state"], data["results"], "more" in data) == ("succeeded", [], False)


def test_its_time_ends_it(calls: Calls) -> None:
    client = calls.client
    client.requests += 1
    client.send(m.GetResults(client.requests, calls.run, 0, wait=0.05, packed=True, credits=9))
    data, _ = told(client, client.requests)
    assert (data["results"], "more" in data) == ([], False)


def test_of_one_task_only_its_ends_are_told(core: Any, kit: Any) -> None:
    client, agent = core.client(), core.agent()
    agent.hello(cpus=2)
    run = kit.submit(client, kit.task("a"), kit.task("b"))
    question = stand(client, run, task=1)
    items = {item.key.task: item for item in agent.assigned(2)}
    agent.finish([items[0]])
    agent.finish([items[1]])
    data, _ = told(client, question)
    assert [pack[1] for pack in data["packs"]] == [1]


def test_who_is_gone_is_not_told(calls: Calls, core: Any) -> None:
    other = core.client()
    stand(other, calls.run)
    question = stand(calls.client, calls.run)
    other.close()
    calls.call()
    assert told(calls.client, question)[0]["more"] == 1
