"""Arrays travel as ranges and columns, and everybody who asks sees the rows that they stand for."""

from __future__ import annotations

import time
from contextlib import closing
from typing import Any

import msgspec

from windlass.model.graph import Call, Foreach
from windlass.wire import messages as m


def succeed(agent: Any, batch: int, keys: list[m.Key], results: list[bytes], **changed: Any) -> None:
    now = time.time()
    count = len(keys)
    first = keys[0]
    message = m.Succeeded(
        batch, first.run, first.task, first.epoch, [key.index for key in keys], [key.attempt for key in keys],
        [now - 0.5] * count, [now - 0.25] * count, [0.125] * count, [4096] * count,
    )  # fmt: skip
    agent.send(msgspec.structs.replace(message, **changed), results)


def test_an_array_goes_out_as_a_range_and_comes_back_as_columns(core: Any, kit: Any) -> None:
    client, agent = core.client(), core.agent()
    agent.hello(cpus=4)
    calls = kit.task("calls", action=Call("f" * 64), foreach=Foreach(opaque=4))
    run = kit.submit(client, calls, payload=[msgspec.msgpack.encode([b"%d" % n for n in range(4)])])
    message, payload = None, []
    while not isinstance(message, m.AssignRange):
        message, payload = super(type(agent), agent).receive()
    assert (message.run, message.task, message.attempt, message.first, message.count) == (run, 0, 1, 0, 4)
    assert payload == [b"0", b"1", b"2", b"3"]
    assert [bundle.task for bundle in message.bundles] == [0]
    keys = [item.key for item in message.apart().items]
    agent.send(m.Started([m.StartedItem(keys[2], time.time())]))
    succeed(agent, 7, keys[:3], [b"j10", b"j11", b"j12"])
    assert agent.expect(m.Ack) == m.Ack([], [7])
    succeed(agent, 8, keys[:3], [b"j0", b"j0", b"j0"])  # told again: stale, and acknowledged
    while (ack := agent.expect(m.Ack)).batches != [8]:
        assert ack.keys == keys[:3]
    agent.finish([m.AssignItem(keys[3], 1)], result=b"j13")
    found = [(row[0], row[2], row[3], payload) for row in kit.results(client, run, 4) for payload in row[-1:]]
    assert found == [(n + 1, n, "succeeded", b"j1%d" % n) for n in range(4)]
    data, frames = client.ask_with_payload(m.GetResults, run, 0, packed=True)
    assert (data["results"], data["packs"]) == ([], [[1, 0, [0, 1, 2]], [4, 0, [3]]])
    assert [msgspec.msgpack.decode(frame) for frame in frames] == [[b"j10", b"j11", b"j12"], [b"j13"]]
    rows = client.ask(m.GetAttempts, run)["attempts"]
    assert [(row["seq"], row["index"], row["attempt"], row["outcome"], row["agent"]) for row in rows] == [
        (n + 1, n, 1, "ok", "a1") for n in range(4)
    ]
    assert all(row["assigned"] <= time.time() and row["started"] < row["ended"] for row in rows[:3])
    assert [row["cpu"] for row in rows] == [0.125, 0.125, 0.125, 0.0]
    assert [row["memory"] for row in rows] == [4096, 4096, 4096, 0]
    assert len({row["slot"] for row in rows[:3]}) == 3  # they ran side by side
    assert kit.wait_run(client, run) == "succeeded"
    assert core.server.core.live == {}
    with closing(core.server.core.store.reader()) as db:
        assert db.execute("SELECT count(*) FROM given").fetchone() == (0,)


def test_columns_that_cannot_be_are_dropped(core: Any, kit: Any) -> None:
    client, agent = core.client(), core.agent()
    agent.hello(cpus=2)
    run = kit.submit(client, kit.array("many", 2))
    keys = [item.key for item in agent.assigned(2)]
    for changed in (
        {"ended": [1.0]}, {"items": [0, -1]}, {"memory": [0, 2**63]}, {"cpu": [0.0, float("nan")]},
        {"attempts": []}, {"tasks": [0]}, {"tasks": [0, -1]},
        {"items": [], "attempts": [], "started": [], "ended": [], "cpu": [], "memory": []},
    ):  # fmt: skip
        succeed(agent, 1, keys, [b"", b""], **changed)
    succeed(agent, 1, keys, [b""])
    succeed(agent, 1, keys, [b"", b"bref"])
    agent.ends([m.AssignItem(keys[0], 1)])
    assert agent.expect(m.Ack) == m.Ack([keys[0]])
    assert client.ask(m.GetInfo)["counters"]["malformed"] == 10
    succeed(agent, 2, keys[1:], [b""], started=[float("nan")], ended=[float("inf")])
    assert agent.expect(m.Ack) == m.Ack([], [2])
    assert kit.wait_run(client, run) == "succeeded"
    rows = client.ask(m.GetAttempts, run)["attempts"]
    assert all(0 < row["started"] <= row["ended"] <= time.time() for row in rows)


def test_a_restart_knows_which_of_a_range_are_left(start_core: Any, kit: Any) -> None:
    core = start_core()
    client, agent = core.client(), core.agent()
    agent.hello(cpus=6)
    run = kit.submit(client, kit.array("many", 6))
    keys = [item.key for item in agent.assigned(6)]
    succeed(agent, 1, [keys[1], keys[4]], [b"", b""])
    assert agent.expect(m.Ack) == m.Ack([], [1])
    agent.send(m.Started([m.StartedItem(keys[0], time.time())]))
    client.ask(m.GetRun, run)
    agent.send(m.Rejected([keys[5]], "ending"))
    while not [row for row in client.ask(m.GetAttempts, run)["attempts"] if row["state"] == "rejected"]:
        pass
    core.stop()
    core = start_core()
    client, again = core.client(), core.agent()
    again.epoch = agent.epoch
    held = (m.Held(keys[0], "running"), m.Held(keys[2], "waiting"), m.Held(keys[1], "exited"))
    welcome = again.hello(cpus=6, held=held)
    assert set(welcome.keep) == {keys[0], keys[2]}
    assert welcome.stop == [keys[1]]
    succeed(again, 1, [keys[0], keys[2]], [b"", b""])
    fresh = again.assigned(2)
    numbers = sorted((item.key.index, item.key.attempt) for item in fresh)
    assert numbers == [(3, 2), (5, 2)]  # 3 was not held any more, 5 was given back
    succeed(again, 2, [item.key for item in fresh], [b"", b""])
    assert kit.wait_run(client, run) == "succeeded"
    rows = client.ask(m.GetAttempts, run)["attempts"]
    assert sorted((row["index"], row["attempt"], row["state"]) for row in rows) == [
        (0, 1, "exited"), (1, 1, "exited"), (2, 1, "exited"), (3, 1, "rejected"), (3, 2, "exited"), (4, 1, "exited"),
        (5, 1, "rejected"), (5, 2, "exited"),
    ]  # fmt: skip


def test_ends_of_several_tasks_in_one_message_are_each_kept_as_their_own(core: Any, kit: Any) -> None:
    client, agent = core.client(), core.agent()
    agent.hello(cpus=4)
    calls = [kit.task(f"t{n}", action=Call("f" * 64)) for n in range(3)]
    both = kit.task("both", "t0", "t1", action=Call("f" * 64))
    run = kit.submit(client, *calls, both)
    keys = [item.key for item in agent.assigned(3)]
    with closing(core.server.core.store.reader()) as db:
        assert db.execute("SELECT count(*) FROM live").fetchone() == (0,)
        assert [msgspec.msgpack.decode(row[0]) for row in db.execute("SELECT tasks FROM given")] == [[0, 1, 2]]
    succeed(agent, 1, keys, [b"j%d" % key.task for key in keys], tasks=[key.task for key in keys])
    assert agent.acknowledged() == m.Ack([], [1])
    message = agent.expect(m.Assign)
    assert message.bundles == []  # it is of the kind of the others
    assert [(item.key.task, item.results) for item in message.items] == [(3, {"t0": b"j0", "t1": b"j1"})]
    rows = kit.results(client, run, 3)
    assert [(row[1], row[2], row[3], row[-1]) for row in rows] == [(n, 0, "succeeded", b"j%d" % n) for n in range(3)]
    succeed(agent, 2, [message.items[0].key], [b"j3"])
    assert kit.wait_run(client, run) == "succeeded"


def test_a_restart_knows_which_of_many_tasks_are_left(start_core: Any, kit: Any) -> None:
    core = start_core()
    client, agent = core.client(), core.agent()
    agent.hello(cpus=5)
    before = [kit.task(f"t{n}", action=Call("f" * 64)) for n in range(5)]
    after = kit.task("after", *(task.id for task in before), action=Call("f" * 64))
    run = kit.submit(client, *before, after)
    keys = [item.key for item in agent.assigned(5)]
    succeed(agent, 1, keys[:2], [b"j0", b"j1"], tasks=[0, 1])
    assert agent.expect(m.Ack) == m.Ack([], [1])
    agent.send(m.Started([m.StartedItem(keys[2], time.time())]))
    client.ask(m.GetRun, run)
    core.stop()
    core = start_core()
    client, again = core.client(), core.agent()
    again.epoch = agent.epoch
    held = (m.Held(keys[2], "running"), m.Held(keys[3], "waiting"), m.Held(keys[0], "exited"))
    welcome = again.hello(cpus=5, held=held)
    assert set(welcome.keep) == {keys[2], keys[3]}
    assert welcome.stop == [keys[0]]
    (fresh,) = again.assigned(1)
    assert (fresh.key.task, fresh.key.attempt) == (4, 2)  # it was not held any more
    succeed(again, 1, [keys[2], keys[3]], [b"j2", b"j3"], tasks=[2, 3])
    succeed(again, 2, [fresh.key], [b"j4"])
    (last,) = again.assigned(1)
    assert last.results == {f"t{n}": b"j%d" % n for n in range(5)}
    succeed(again, 3, [last.key], [b"j9"])
    assert kit.wait_run(client, run) == "succeeded"
    with closing(core.server.core.store.reader()) as db:
        assert db.execute("SELECT count(*) FROM given").fetchone() == (0,)
        assert db.execute("SELECT count(*) FROM live").fetchone() == (0,)
