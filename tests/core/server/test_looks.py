"""Many attempts at once: as columns, those that failed, and their curves."""

from __future__ import annotations

import time
from array import array
from contextlib import closing
from typing import Any

import pytest

from windlass.model.graph import Command, Foreach, RetryPolicy
from windlass.server import looks as answers
from windlass.server.rundata import from_store
from windlass.store import looks, replay
from windlass.wire import logs
from windlass.wire import messages as m


def stderr(text: str) -> bytes:
    return logs.encode_record(time.time(), logs.ERR, text.encode())


def an_array(kit: Any, count: int, **more: Any) -> Any:
    return kit.task("work", action=Command(["true"]), foreach=Foreach(range=(0, count, 1)), **more)


def column(data: dict[str, Any], name: str) -> list[Any]:
    return list(array(looks.KINDS[name], data[name]))


def test_ends_come_as_columns_and_page_by_page(core: Any, kit: Any) -> None:
    client, agent = core.client(), core.agent()
    agent.hello(cpus=8)
    run = kit.submit(client, an_array(kit, 6))
    items = agent.assigned(6)
    agent.finish(items[:3])
    agent.finish(items[3:5], "nonzero", log=stderr("no\n"))
    agent.finish(items[5:])
    assert kit.wait_run(client, run) == "failed"
    data = client.ask(m.GetColumns, run)
    assert data["count"] == 6
    assert data["next"] is None
    assert sorted(zip(column(data, "index"), column(data, "outcome"), strict=True)) == [
        (0, 0), (1, 0), (2, 0), (3, 1), (4, 1), (5, 0)
    ]  # fmt: skip
    assert (data["agents"], data["outcomes"]) == (["a1"], ["ok", "nonzero"])
    assert all(a <= b for a, b in zip(column(data, "started"), column(data, "ended"), strict=True))
    found: list[int] = []
    after: int | None = 0
    while after is not None:
        page = client.ask(m.GetColumns, run, after=after, limit=2)
        found += column(page, "index")
        after = page["next"]
    assert sorted(found) == [0, 1, 2, 3, 4, 5]
    assert client.ask(m.GetColumns, run, task=1)["count"] == 0
    assert client.ask(m.GetColumns, 99).code == "not-found"


def test_staging_is_told_where_there_was_any(core: Any, kit: Any) -> None:
    client, agent = core.client(), core.agent()
    agent.hello(cpus=8)
    run = kit.submit(client, an_array(kit, 6))
    items = agent.assigned(6)
    agent.finish(items[:2])
    assert "staged_in" not in client.ask(m.GetColumns, run)
    agent.finish(items[2:4], staged=(1.5, 0.0))
    agent.finish(items[4:5], "nonzero", log=stderr("no\n"), staged=(0.25, 3.0))
    agent.finish(items[5:], staged=(float("nan"), 1.0))
    assert kit.wait_run(client, run) == "failed"
    data = client.ask(m.GetColumns, run)
    index, *staging = (column(data, name) for name in ("index", "staged_in", "staged_out"))
    told = dict(zip(index, zip(*staging, strict=True), strict=True))
    nothing = (0.0, 0.0)
    assert [told[item.key.index] for item in items] == [nothing, nothing, (1.5, 0), (1.5, 0), (0.25, 3), nothing]
    rows = {row["index"]: (row["staged_in"], row["staged_out"]) for row in client.ask(m.GetAttempts, run)["attempts"]}
    assert rows == told


def test_failures_alike_are_told_together(core: Any, kit: Any) -> None:
    client, agent = core.client(), core.agent()
    agent.hello(cpus=8)
    run = kit.submit(client, an_array(kit, 6))
    items = sorted(agent.assigned(6), key=lambda item: item.key.index)
    for item in items[:4]:
        agent.finish([item], "nonzero", log=stderr(f"reading\ncannot open /data/{item.key.index}.png\n"))
    agent.finish(items[4:5], "nonzero", log=stderr("disk full\n"))
    agent.finish(items[5:])
    assert kit.wait_run(client, run) == "failed"
    data = client.ask(m.GetFailures, run)
    assert [(g["line"], g["code"], [i[:3] for i in g["items"]]) for g in data["groups"]] == [
        ("cannot open /data/0.png", 1, [[0, n, 1] for n in range(4)]),
        ("disk full", 1, [[0, 4, 1]]),
    ]
    assert data["groups"][0]["items"][0][3] == "a1"
    assert data["next"] is None
    pages = [client.ask(m.GetFailures, run, limit=2)]
    while pages[-1]["next"] is not None:
        pages.append(client.ask(m.GetFailures, run, after=pages[-1]["next"], limit=2))
    merged: dict[str, int] = {}
    for page in pages:
        for group in page["groups"]:
            merged[group["key"]] = merged.get(group["key"], 0) + len(group["items"])
    assert sorted(merged.values()) == [1, 4]
    # What runs again has not failed now; when it fails once more, it is told from where one had read to.
    client.ask(m.Control, "retry", run, 0, 4)
    (again,) = agent.assigned(1)
    assert len(client.ask(m.GetFailures, run)["groups"]) == 1
    agent.finish([again], "signal", log=stderr("disk full\n"))
    assert kit.wait_run(client, run) == "failed"
    more = client.ask(m.GetFailures, run, after=data["last"])
    assert [(g["outcome"], g["items"]) for g in more["groups"]] == [("signal", [[0, 4, 2, "a1"]])]


def test_an_attempt_that_ended_badly_keeps_its_curve(core: Any, kit: Any) -> None:
    client, agent = core.client(), core.agent()
    agent.hello(cpus=2)
    run = kit.submit(client, an_array(kit, 2, retries=RetryPolicy(0)))
    items = agent.assigned(2)
    now = time.time()
    agent.send(m.Started([m.StartedItem(item.key, now) for item in items]))
    points = [m.AttemptSample(item.key, now + n, 1.0, n << 20) for item in items for n in range(5)]
    agent.send(m.Heartbeat(now, [], points))
    agent.expect(m.Alive)
    key = items[0].key
    live = client.ask(m.GetCurve, run, 0, key.index, 1)
    assert live["memory"] == [n << 20 for n in range(5)]
    agent.finish(items[:1], "oom")
    agent.finish(items[1:])
    assert kit.wait_run(client, run) == "failed"
    assert client.ask(m.GetCurve, run, 0, key.index, 1) == live
    assert client.ask(m.GetCurve, run, 0, items[1].key.index, 1)["time"] == []
    client.ask(m.Control, "delete", run)
    with closing(core.server.core.store.reader()) as db:
        assert db.execute("SELECT count(*) FROM curves").fetchone() == (0,)


def test_a_long_curve_is_thinned_and_keeps_its_peak_and_its_end() -> None:
    points = [(float(n), 1.0, 5 if n != 700 else 99) for n in range(1000)]
    times, _, memory = looks.curve_points(looks.curve_bytes(points))
    assert len(times) <= looks.POINTS
    assert (times[-1], max(memory)) == (999.0, 99)
    assert times == sorted(times)


def test_a_run_s_deadline_is_every_task_s_that_has_no_earlier_one(core: Any, kit: Any) -> None:
    client = core.client()
    own = kit.task("own", action=Command(["true"]), deadline=5.0)
    run = kit.submit(client, own, kit.task("late", deadline=500.0), kit.task("none"), deadline=60.0)
    plan = core.server.core.runs[run].plan()
    assert [task.deadline for task in plan.tasks] == [5.0, 60.0, 60.0]
    with closing(core.server.core.store.reader()) as db:
        assert from_store(replay.stored_run(db, run)).plan().tasks[2].deadline == 60.0
    wrong = kit.submit(client, kit.task("x"), token="t2", deadline=-1.0)
    assert "deadline" in wrong.reason


@pytest.mark.parametrize("role", ["viewer"])
def test_whoever_may_look_may_ask(role: str) -> None:
    from windlass.wire import roles

    assert all(roles.allowed(role, kind) for kind in (m.GetColumns, m.GetFailures, m.GetCurve))
    assert answers.FAILURES <= 1000


def test_the_end_of_one_stream() -> None:
    data = stderr("one ") + logs.encode_record(1.0, logs.OUT, b"out") + stderr("two ") + stderr("three")
    assert logs.end_of(data, logs.ERR, 100) == b"one two three"
    assert logs.end_of(data, logs.ERR, 7) == b"o three"
    assert logs.end_of(data + b"\xff" * 20, logs.ERR, 5) == b"three"
    assert logs.end_of(b"", logs.ERR, 5) == b""


def test_ends_that_come_together_are_told_once_each(core: Any, kit: Any) -> None:
    client, agent = core.client(), core.agent()
    agent.hello(cpus=8)
    run = kit.submit(client, an_array(kit, 6))
    items = sorted(agent.assigned(6), key=lambda item: item.key.index)
    now = time.time()
    outcomes = ["nonzero", "ok", "nonzero", "nonzero", "ok", "signal"]
    exits = [
        m.Exit(item.key, how, int(how != "ok"), now, now) for item, how in zip(items, outcomes, strict=True)
    ]  # fmt: skip
    agent.send(m.Exited(exits), [b"jnull"] * 6)
    assert kit.wait_run(client, run) == "failed"
    rows = client.ask(m.GetResults, run, 0)["results"]
    assert sorted(row[2] for row in rows) == [0, 1, 2, 3, 4, 5]
    groups = client.ask(m.GetFailures, run)["groups"]
    assert [(group["outcome"], [item[1] for item in group["items"]]) for group in groups] == [
        ("nonzero", [0, 2, 3]), ("signal", [5])
    ]  # fmt: skip
