"""A run that an older version left in the middle goes on to its end, whatever version that was."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest

from windlass.model.graph import Command, Foreach, Graph, Resources, Task
from windlass.sched.states import AttemptState, ItemState
from windlass.store import schema
from windlass.store.store import FILE
from windlass.wire import homes, keys
from windlass.wire import messages as m

ENDED = {
    "seq": 1, "run": 1, "task": 0, "idx": 0, "attempt": 1, "agent": "a1", "state": int(AttemptState.EXITED),
    "outcome": "ok", "code": 0, "assigned": 1.0, "started": 2.0, "ended": 3.0, "cpu": 0.5, "memory": 7, "read": 0,
    "written": 0, "slot": 0, "final": int(ItemState.SUCCEEDED), "log_shed": 0, "error": "", "result": b"j1",
}  # fmt: skip


def left(home: Path, version: int) -> None:
    """An array of three items: the first has succeeded, the second runs, the third was not given yet."""
    homes.private_dir(home / "data")
    homes.private_dir(home / "config")
    key = keys.load_or_create(home / "config" / keys.AGENT_KEY).public
    encode = msgspec.msgpack.encode
    graph = encode(Graph("old", [Task("many", action=Command(["true"]), foreach=Foreach(range=(0, 3, 1)))]))
    facts = encode(m.AgentFacts("a1", Resources(cpus=1), {}))
    with closing(sqlite3.connect(home / "data" / FILE, isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("CREATE TABLE migrations (version INTEGER PRIMARY KEY, applied REAL)")
        for number in range(version):
            db.executescript(schema.MIGRATIONS[number])
            db.execute("INSERT INTO migrations VALUES (?, 0)", (number + 1,))
        db.execute(
            "INSERT INTO runs (id, token, name, owner, state, priority, submitted, hidden, note, document, graph,"
            " params, files) VALUES (1, 't', 'old', 'me', 'running', 0, 1.0, 0, '', 'text', ?, ?, ?)",
            (graph, encode({}), encode([])),
        )
        db.execute(
            f"INSERT INTO attempts ({', '.join(ENDED)}) VALUES ({', '.join('?' * len(ENDED))})", [*ENDED.values()]
        )
        db.execute("INSERT INTO changes VALUES (1, 1, 0, 0, 1, ?, '', 0, 1)", (int(ItemState.SUCCEEDED),))
        db.execute("INSERT INTO live VALUES (1, 0, 1, 1, 'a1', 3, 1, 4.0, 5.0, 0)")
        db.execute("INSERT INTO agents VALUES ('a1', ?, ?, 3, 0, 5.0)", (key, facts))


@pytest.mark.parametrize("version", range(1, schema.VERSION + 1))
def test_it_goes_on(start_core: Any, kit: Any, tmp_path: Path, version: int) -> None:
    left(tmp_path, version)
    core = start_core()
    client, agent = core.client(), core.agent()
    (row,) = client.ask(m.GetRuns)["runs"]
    assert (row["name"], row["counts"]["succeeded"]) == ("old", 1)
    agent.epoch = 3
    running = m.Key(1, 0, 1, 1, 3)
    welcome = agent.hello(cpus=1, held=(m.Held(running, "running"),))
    assert (welcome.epoch, welcome.keep, welcome.stop) == (4, [running], [])
    agent.finish([m.AssignItem(running, 1)])
    (third,) = agent.assigned(1)
    assert third.key == m.Key(1, 0, 2, 1, 4)
    agent.finish([third])
    assert kit.wait_run(client, 1) == "succeeded"
    ends = client.ask(m.GetAttempts, 1)["attempts"]
    assert [(end["index"], end["attempt"], end["outcome"]) for end in ends] == [(n, 1, "ok") for n in range(3)]
    assert kit.submit(client, kit.task("new"), token="t") == 1  # said again
    assert kit.submit(client, kit.task("new"), token="u") == 2
