"""What followers see: snapshot and deltas together always give the present state."""

from __future__ import annotations

import struct
import time
from typing import Any

import pytest
from tests.patience import PATIENCE

from windlass.model.graph import Need
from windlass.sched.states import ItemState
from windlass.server import publish
from windlass.wire import messages as m

FOUR = struct.Struct("<I")


class Mirror:
    """A follower's copy of one run, by the rules of the protocol."""

    def __init__(self, peer: Any, run: int) -> None:
        self.peer = peer
        self.topic = f"run:{run}"
        self.seq = -1
        self.states: dict[int, bytearray] = {}
        self.attempts: dict[tuple[int, int, int], dict[str, Any]] = {}
        self.run: dict[str, Any] = {}
        self.deltas = self.shed = 0
        peer.send(m.Subscribe([self.topic]))

    def step(self) -> None:
        self.take(self.peer.receive()[0])

    def take(self, msg: Any) -> None:
        if getattr(msg, "topic", "") != self.topic:
            return
        if isinstance(msg, m.Snapshot):
            self.states = {task: bytearray(states) for task, states in msg.data["states"].items()}
        else:
            assert msg.seq == self.seq + 1
            self.deltas += 1
            for task, firsts, lengths, states in msg.data["spans"]:
                at = 0
                for (first,), (length,) in zip(FOUR.iter_unpack(firsts), FOUR.iter_unpack(lengths), strict=True):
                    self.states[task][first : first + length] = states[at : at + length]
                    at += length
                assert at == len(states)
        self.shed += msg.data.get("shed", 0)
        self.seq = msg.seq
        self.run = msg.data["run"]
        for row in msg.data["attempts"]:
            self.attempts[row["task"], row["index"], row["attempt"]] = row


def test_deltas_lead_from_the_snapshot_to_the_end(core: Any, kit: Any) -> None:
    client, agent = core.client(), core.agent()
    agent.hello(cpus=2)
    run = kit.submit(client, kit.array("many", 200), kit.task("last", "many"))
    mirror = Mirror(client, run)
    mirror.step()
    seen = 0
    while seen < 201:
        items = agent.expect(m.Assign).items
        agent.ends(items)
        seen += len(items)
    while mirror.run["state"] == "running":
        mirror.step()
    assert set(mirror.states[0]) == {ItemState.SUCCEEDED}
    assert mirror.states[1] == bytes((ItemState.SUCCEEDED,))
    assert mirror.run["counts"]["succeeded"] == 201
    assert len(mirror.attempts) == 201
    assert {row["state"] for row in mirror.attempts.values()} == {"exited"}
    assert mirror.deltas < 60, "changes are gathered, not sent one by one"


def test_a_follower_hears_of_which_tasks_item_by_item_is_needed(core: Any, kit: Any) -> None:
    client = core.client()
    one, two = kit.array("one", 3), kit.array("two", 3)
    run = kit.submit(client, one, two, kit.array("both", 3, "one", Need("two", each=True)))
    client.send(m.Subscribe([f"run:{run}"]))
    rows = client.expect(m.Snapshot).data["tasks"]
    assert [(row["needs"], row["each"]) for row in rows] == [([], []), ([], []), (["one", "two"], ["two"])]


def test_of_very_many_successes_some_are_told_and_the_rest_counted(
    core: Any, kit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("windlass.server.publish.BURST", 20)
    monkeypatch.setattr("windlass.server.publish.INTERVAL", 3600.0)
    core.server.core.publisher._room = 20
    client, agent = core.client(), core.agent()
    agent.hello(cpus=64)
    run = kit.submit(client, kit.array("many", 64))
    mirror = Mirror(client, run)
    mirror.step()
    items: list[m.AssignItem] = []
    while len(items) < 64:
        items += agent.expect(m.Assign).items
    now = time.time()
    indexes, attempts = [item.key.index for item in items], [item.key.attempt for item in items]
    times = [now - 0.5] * 64, [now - 0.25] * 64, [0.125] * 64
    agent.send(m.Succeeded(1, run, 0, items[0].key.epoch, indexes, attempts, *times, [4096] * 64), [b"jnull"] * 64)
    while mirror.run["state"] == "running":
        mirror.step()
    assert set(mirror.states[0]) == {ItemState.SUCCEEDED}
    assert len(mirror.attempts) + mirror.shed == 64
    assert 20 <= len(mirror.attempts) < 64


def test_a_runs_end_is_told_at_once(core: Any, kit: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """However long news may gather otherwise: to those who follow, and to those who only wait for the end."""
    monkeypatch.setattr("windlass.server.publish.INTERVAL", 3600.0)
    client, waiter, agent = core.client(), core.client(), core.agent()
    agent.hello(cpus=1)
    for number in range(3):
        run = kit.submit(client, kit.task("one"), token=f"t{number}")
        mirror = Mirror(client, run)
        mirror.step()
        waiter.send(m.WaitRun(number, run))
        agent.finish(agent.assigned(1))
        while mirror.run["state"] == "running":
            mirror.step()
        assert waiter.expect(m.Reply).data["run"]["state"] == "succeeded"
        assert waiter.ask(m.WaitRun, run)["run"]["counts"]["succeeded"] == 1  # ended already
    paused = kit.submit(client, kit.task("one", where=["os == nowhere"]), token="waits")
    assert waiter.ask(m.WaitRun, paused, wait=0.01)["run"]["state"] == "running"
    assert waiter.ask(m.WaitRun, 999).code == "not-found"


def test_topics_of_runs_agents_and_samples(core: Any, kit: Any) -> None:
    client, agent = core.client(), core.agent()
    client.send(m.Subscribe(["runs", "agents", "samples", "nonsense", "run:99"]))
    snapshots = {msg.topic: msg for msg in (client.receive()[0] for _ in range(3))}
    assert {topic: msg.data for topic, msg in snapshots.items()} == {
        "runs": {"runs": [], "removed": [], "more": False},
        "agents": {"agents": [], "removed": []},
        "samples": {"samples": {}, "attempts": []},
    }
    agent.hello("worker")
    delta, _ = client.receive()
    assert (delta.topic, delta.data["agents"][0]["name"]) == ("agents", "worker")
    now = time.time()
    agent.send(m.Heartbeat(now, [m.Sample(now, 0.5, 10, 20, 30)]))
    agent.expect(m.Alive)
    while (delta := client.receive()[0]).topic != "samples":
        pass
    assert delta.data["samples"]["worker"][0][1] == 0.5
    late = core.client()
    late.send(m.Subscribe(["samples"]))
    assert late.expect(m.Snapshot).data["samples"]["worker"][0][1] == 0.5


def test_a_snapshot_of_the_newest_runs_says_that_there_are_older_ones(
    core: Any, kit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publish, "RUNS", 2)
    client = core.client()
    for count, more in ((2, False), (1, True)):
        for number in range(count):
            kit.submit(client, kit.task("one"), token=f"{more} {number}")
        late = core.client()
        late.send(m.Subscribe(["runs"]))
        told = late.expect(m.Snapshot).data
        assert (len(told["runs"]), told["more"]) == (2, more)
    assert [row["id"] for row in told["runs"]] == [2, 3], "the newest, in their order"


def test_a_slow_follower_gets_a_snapshot_instead_of_a_queue(core: Any, kit: Any) -> None:
    client, agent = core.client(), core.agent()
    agent.hello()
    run = kit.submit(client, kit.task("one"))
    (item,) = agent.assigned(1)
    mirror = Mirror(client, run)
    mirror.step()
    publisher = core.server.core.publisher
    connection = next(c for c in core.server.links.connections.values() if c.topics)
    publisher._behind.setdefault(mirror.topic, set()).add(connection)
    agent.finish([item])
    core.server.wake()
    while mirror.run["state"] == "running":
        mirror.step()
    assert mirror.states[0] == bytes((ItemState.SUCCEEDED,))


def test_a_snapshot_says_what_it_had_to_leave_out(core: Any, kit: Any, monkeypatch: Any) -> None:
    client = core.client()
    run = kit.submit(client, kit.array("many", 50_000))
    monkeypatch.setattr("windlass.wire.limits.HEADER", 20_000)
    client.send(m.Subscribe([f"run:{run}"]))
    snapshot = client.expect(m.Snapshot)
    assert snapshot.data["omitted"] == ["attempts", "states"]
    assert snapshot.data["run"]["counts"]["pending"] + snapshot.data["run"]["counts"]["ready"] == 50_000


def test_unfollowing_ends_it(core: Any, kit: Any) -> None:
    client, agent = core.client(), core.agent()
    run = kit.submit(client, kit.task("one"))
    client.send(m.Subscribe([f"run:{run}"]))
    client.expect(m.Snapshot)
    client.send(m.Subscribe([]))
    assert client.ask(m.GetRuns)["runs"][0]["note"] == "no agent is up"
    agent.hello()
    agent.finish(agent.assigned(1))
    assert kit.wait_run(client, run) == "succeeded"
    assert core.server.core.publisher._followers == {}


def test_what_is_kept_goes_on_with_every_delta_and_no_snapshot(core: Any, kit: Any) -> None:
    client, agent = core.client(), core.agent()
    run = kit.submit(client, kit.array("many", 3))
    mirror = Mirror(client, run)
    mirror.step()
    agent.hello(cpus=3)
    ended = agent.assigned(3)
    topics = {"runs": 1, mirror.topic: 1}
    for place, item in enumerate(ended):
        # Among the changes: what is being told when it asks is not told twice, nor lost.
        agent.finish([item])
        client.send(m.Subscribe(["runs", mirror.topic, "run:99"], ["runs", mirror.topic, "run:99", "agents"]))
        seen = mirror.states[0].count(ItemState.SUCCEEDED)
        while seen <= place:
            msg, _ = client.receive()
            topics[getattr(msg, "topic", "")] = topics.get(getattr(msg, "topic", ""), 0) + isinstance(msg, m.Snapshot)
            mirror.take(msg)
            seen = mirror.states[0].count(ItemState.SUCCEEDED)
    assert topics[mirror.topic] == 1, "the first snapshot was the only one"
    assert topics["runs"] == 2, "it was not followed when it was first named as kept"


def test_times_are_told_by_the_cores_clock(core: Any, kit: Any) -> None:
    """An agent whose clock is an hour behind."""
    client, agent = core.client(), core.agent()
    behind = time.time() - 3600
    agent.send(m.AgentHello("late", m.AgentFacts("late", m.Resources(cpus=1), {}), 0, [], behind))
    agent.expect(m.Welcome)
    run = kit.submit(client, kit.task("one"))
    (item,) = agent.assigned(1)
    agent.send(m.Exited([m.Exit(item.key, "ok", 0, behind - 5, behind - 1)]), [b""])
    kit.wait_run(client, run)
    (row,) = client.ask(m.GetAttempts, run)["attempts"]
    assert abs(row["ended"] - time.time()) < 60
    assert abs(row["ended"] - row["started"] - 4) < 0.01


def test_nothing_is_acknowledged_while_the_disk_is_full(core: Any, kit: Any) -> None:
    client, agent = core.client(), core.agent()
    agent.hello()
    run = kit.submit(client, kit.task("one"))
    items = agent.assigned(1)
    db = core.server.store._db
    # With the loop idle; the connection is the same for both threads.
    db.execute(f"PRAGMA max_page_count={db.execute('PRAGMA page_count').fetchone()[0]}")
    agent.ends(items, result=b"j" + b"1" * 60_000)
    while not client.ask(m.GetInfo)["problem"]:
        pass
    assert agent.silent()
    failure = kit.submit(client, kit.task("two"), token="t2")
    assert failure.code == "busy"
    assert "full" in failure.reason
    agent.send(m.Heartbeat(time.time()))
    agent.expect(m.Alive)
    db.execute("PRAGMA max_page_count=1000000")
    assert agent.expect(m.Ack).keys == [items[0].key]
    assert kit.wait_run(client, run) == "succeeded"
    assert isinstance(kit.submit(client, kit.task("two"), token="t2"), int)


def test_little_gathers_while_nobody_follows(core: Any, kit: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publish, "MARKS", 0)
    client, agent = core.client(), core.agent()
    agent.hello()
    for number in range(3):
        run = kit.submit(client, kit.task("one"), token=f"t{number}")
        agent.finish(agent.assigned(1))
        kit.wait_run(client, run)
        client.ask(m.Control, "delete", run)
    publisher = core.server.core.publisher
    until = time.monotonic() + PATIENCE
    while publisher._runs_dirty or publisher._removed_runs:
        client.ask(m.GetAgents)  # another turn
        assert time.monotonic() < until
