"""A disk that takes its time, and one that refuses: nobody hangs, nothing grows without bound, nothing is lost."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from tests.patience import PATIENCE

from windlass.model.graph import Graph
from windlass.server import loop
from windlass.wire import messages as m


class Gate:
    """Commits wait here until they are let through."""

    def __init__(self, core: Any) -> None:
        self.open = threading.Event()
        self.open.set()
        self.waits = threading.Event()
        store = core.server.store
        real: Callable[[], None] = store._commit

        def commit() -> None:
            if not self.open.is_set():
                self.waits.set()
                assert self.open.wait(PATIENCE)
            real()

        store._commit = commit
        store.pace = 1.0  # so that a thread commits, and not the loop

    def shut(self) -> None:
        self.open.clear()


def test_what_waits_for_the_disk_is_bounded(core: Any, kit: Any) -> None:
    client, agent = core.client(), core.agent()
    agent.hello()
    gate = Gate(core)
    gate.shut()
    asked = 5 * loop.BACKLOG
    for number in range(asked):
        client.send(
            m.Submit(number + 1, f"t{number}", msgspec.msgpack.encode(Graph("g", [kit.task("one")])), "", {}, [])
        )
    assert gate.waits.wait(PATIENCE)
    assert client.silent(300), "nothing is told before it is durable"
    assert core.server.store.backlog <= loop.BACKLOG + 2
    gate.open.set()
    told = set()
    while len(told) < asked:
        answer = client.expect(m.Reply)
        told.add(answer.data["run"])
    assert told == set(range(1, asked + 1))


def test_a_slow_commit_is_told(core: Any, kit: Any, monkeypatch: pytest.MonkeyPatch, caplog: Any) -> None:
    monkeypatch.setattr("windlass.store.store.SLOW", 0.0)
    client = core.client()
    with caplog.at_level(logging.WARNING, "windlass.store"):
        kit.submit(client, kit.task("one"))
    assert "the disk is slow" in caplog.text
    assert client.ask(m.GetInfo)["commit seconds"] >= 0.0


def test_who_asked_before_the_disk_refused_is_answered(core: Any, kit: Any) -> None:
    """And what was asked for is done when it takes rows again; the same token is then the same run."""
    client = core.client()
    run = kit.submit(client, kit.task("one"), token="first")
    db = core.server.store._db
    db.execute(f"PRAGMA max_page_count={db.execute('PRAGMA page_count').fetchone()[0]}")
    large = kit.task("two", env={"X": "x" * 500_000})
    failure = kit.submit(client, large, token="large")
    assert failure.code == "busy"
    assert "done when that is over" in failure.reason
    db.execute("PRAGMA max_page_count=1000000")
    while client.ask(m.GetInfo)["problem"]:
        pass
    assert kit.submit(client, large, token="large") == run + 1
    assert [row["id"] for row in client.ask(m.GetRuns)["runs"]] == [run + 1, run]


def test_a_store_that_may_not_be_written_any_more(core: Any, kit: Any) -> None:
    """As after an error of the disk, when the kernel lets nobody write: told, and got over."""
    client, agent = core.client(), core.agent()
    agent.hello()
    run = kit.submit(client, kit.task("one"))
    items = agent.assigned(1)
    db = core.server.store._db
    db.execute("PRAGMA query_only=1")
    agent.ends(items)
    while not (problem := client.ask(m.GetInfo)["problem"]):
        pass
    assert "readonly" in problem
    assert "writable for this user" in problem
    assert agent.silent()
    assert kit.submit(client, kit.task("two"), token="t2").code == "busy"
    db.execute("PRAGMA query_only=0")
    assert agent.expect(m.Ack).keys == [items[0].key]
    assert kit.wait_run(client, run) == "succeeded"
