"""What waits for followers that read slowly, or not at all, is bounded: for each, and for all of them."""

from __future__ import annotations

import random
from typing import Any

import pytest

from windlass.sched.states import ItemState
from windlass.server import pace
from windlass.server.links import Connection
from windlass.server.pace import Pace
from windlass.wire import messages as m


def follower(name: str) -> Connection:
    connection = Connection(name.encode(), "key", 0.0)
    connection.tells = True
    return connection


def test_a_follower_that_stops_reading_gets_a_window_and_no_more() -> None:
    watch, slow, quick = Pace(), follower("slow"), follower("quick")
    for _ in range(1000):
        for one in (slow, quick):
            if watch.may(one):
                watch.sent(one, 100_000)
        watch.seen(quick, 100_000)
    assert pace.WINDOW <= watch.total < pace.WINDOW + 100_000
    assert not watch.may(slow)
    assert watch.may(quick)
    watch.seen(slow, 200_000)
    assert not watch.caught_up(slow)  # a snapshot after each bit that it reads would help nobody
    watch.seen(slow, pace.WINDOW)
    assert watch.caught_up(slow)
    assert watch.total == 0


def test_fifty_that_stall_share_the_total_and_those_who_read_go_on() -> None:
    watch = Pace()
    stalled = [follower(f"stalled {n}") for n in range(50)]
    reader = follower("reader")
    largest, told = 300_000, 0
    for _ in range(1000):
        for one in (*stalled, reader):
            if watch.may(one):
                watch.sent(one, largest)
                told += one is reader
        watch.seen(reader, largest)
    assert watch.total <= pace.TOTAL + 51 * largest
    assert told == 1000
    for one in stalled:
        watch.forget(one)
    assert watch.total == 0


def test_the_count_is_right_whatever_the_order() -> None:
    draw, watch = random.Random(3), Pace()
    peers = [follower(str(n)) for n in range(5)]
    for _ in range(5000):
        one, size = draw.choice(peers), draw.randrange(1, 10_000)
        draw.choice((watch.sent, watch.sent, watch.seen))(one, size)
        if draw.random() < 0.01:
            watch.forget(one)
        assert watch.total == sum(watch._unread.values()) >= 0
    watch.seen(peers[0], -5)
    assert watch.total == sum(watch._unread.values())


def test_who_does_not_tell_what_it_reads_is_not_counted() -> None:
    watch, old = Pace(), Connection(b"old", "key", 0.0)
    watch.sent(old, 10**9)
    assert watch.may(old)
    assert watch.total == 0


def test_a_follower_that_stalls_gets_the_whole_when_it_reads_again(
    core: Any, kit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pace, "WINDOW", 1)  # one message
    other, agent, slow = core.client(), core.agent(), core.client()
    slow.send(m.ClientHello("slow", tells=True))
    slow.expect(m.ClientWelcome)
    agent.hello(cpus=2)
    run = kit.submit(other, kit.array("many", 100))
    slow.send(m.Subscribe([f"run:{run}"]))
    slow.expect(m.Snapshot)  # read, but not told
    seen = 0
    while seen < 100:
        items = agent.expect(m.Assign).items
        agent.ends(items)
        seen += len(items)
    assert other.ask(m.WaitRun, run, 10.0)["run"]["state"] == "succeeded"
    while not (counters := other.ask(m.GetInfo)["counters"]).get("late followers"):
        pass
    assert counters["news unread"] > 0
    assert slow.silent()
    slow.send(m.Seen(10**6))
    whole = slow.expect(m.Snapshot)
    assert whole.data["run"]["state"] == "succeeded"
    assert set(whole.data["states"][0]) == {ItemState.SUCCEEDED}
