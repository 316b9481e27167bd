"""Deleting old runs and copying the store, while the core works on."""

from __future__ import annotations

import errno
import hashlib
import os
import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tests.patience import PATIENCE

from windlass.model.graph import FileRef
from windlass.server import erase, retention, settings
from windlass.server.configfile import ConfigError
from windlass.server.upkeep import JOBS
from windlass.store.store import FILE
from windlass.wire import keys, roles
from windlass.wire import messages as m
from windlass.wire.tokens import parse_token

OLD = 7200.0


@pytest.fixture
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a run of some dozen items is a large one."""
    monkeypatch.setattr(erase, "ROWS", 7)
    monkeypatch.setattr(erase, "FILES", 3)
    monkeypatch.setattr(erase, "PAUSE", 0.0)


def rows(core: Any) -> dict[str, int]:
    """Rows of each table that belong to runs."""
    with closing(sqlite3.connect(core.home / "data" / FILE)) as db:
        tables = ("runs", "tasks", "changes", "live", "given", "attempts", "packs", "outputs", "payloads", "refs")
        found = {table: db.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables}
        found["attempts"] += db.execute("SELECT coalesce(sum(count), 0) FROM packs").fetchone()[0]
        return found


def blob(core: Any, content: bytes, age: float = OLD) -> FileRef:
    """A file that the core holds, and has held for a while."""
    hash, size = core.server.blobs.add_bytes(content)
    with closing(sqlite3.connect(core.home / "data" / FILE, timeout=10)) as db, db:
        db.execute("INSERT OR REPLACE INTO blobs VALUES (?, 'core', ?)", (hash, size))
    os.utime(core.server.blobs.path(hash), (time.time() - age,) * 2)
    return FileRef(f"{hash[:6]}.out", hash, size, 0o644)


def ended_run(core: Any, kit: Any, client: Any, agent: Any, name: str, count: int = 1, **kwargs: Any) -> int:
    run: int = kit.submit(client, kit.array("many", count), token=name, name=name)
    outcome = kwargs.pop("outcome", "ok")
    done = 0
    while done < count:
        items = agent.assigned(1)
        agent.finish(items, outcome, **kwargs)
        done += len(items)
    kit.wait_run(client, run)
    return run


def job(client: Any, number: int) -> dict[str, Any]:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        told: dict[str, Any] = client.ask(m.GetJob, number)
        if told["state"] != "running":
            return told
    raise AssertionError("the job does not end")


def prune(client: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
    answer = client.ask(m.Prune, *args, **kwargs)
    assert isinstance(answer, dict), answer
    told = job(client, answer["job"])
    assert told["state"] == "done", told
    return dict(told["result"])


def test_questions_do_not_push_out_what_is_under_way(core: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A job that nobody looks after any more would never end, and let no other begin."""
    client, found, go_on = core.client(), retention.forecast, threading.Event()

    def slow(db: Any, wanted: Any, now: float, only: Any) -> Any:
        if wanted.keep == 7:
            assert go_on.wait(PATIENCE)
        return found(db, wanted, now, only)

    monkeypatch.setattr(retention, "forecast", slow)
    first = client.ask(m.Prune, keep=7)["job"]
    for _ in range(2 * JOBS):
        job(client, client.ask(m.Prune, keep=1, dry=True)["job"])
    go_on.set()
    assert job(client, first)["state"] == "done"
    assert prune(client, keep=3)["runs"] == []
    assert len(core.server.upkeep._jobs) == JOBS


def test_old_runs_go_with_all_that_is_theirs(core: Any, kit: Any, small_steps: None) -> None:
    client, agent = core.client(), core.agent()
    agent.hello(cpus=4)
    mine, both = blob(core, b"mine"), blob(core, b"both")
    first = ended_run(core, kit, client, agent, "first", 40, outputs=[mine, both])
    second = ended_run(core, kit, client, agent, "second", 2, outputs=[both])
    failed = ended_run(core, kit, client, agent, "failed", 1, outcome="nonzero")
    running = kit.submit(client, kit.task("one"), token="running")
    kept = rows(core)

    seen = prune(client, None, 1, ["succeeded"], True)
    assert [run["run"] for run in seen["runs"]] == [first]
    assert seen["runs"][0]["attempts"] == 40
    assert (seen["blobs"], seen["blob_bytes"]) == (1, 4)
    assert rows(core) == kept

    done = prune(client, None, 1, ["succeeded"])
    assert [run["run"] for run in done["runs"]] == [first]
    left = rows(core)
    assert left["runs"] == 3
    assert left["attempts"] == kept["attempts"] - 40
    assert left["refs"] == 1
    assert not core.server.blobs.has(mine.hash)
    assert core.server.blobs.has(both.hash)
    assert {run["id"] for run in client.ask(m.GetRuns)["runs"]} == {second, failed, running}

    prune(client, 0.0, None)
    assert {run["id"] for run in client.ask(m.GetRuns)["runs"]} == {running}
    assert not core.server.blobs.has(both.hash)
    left = rows(core)
    assert (left["runs"], left["attempts"], left["outputs"], left["refs"]) == (1, 0, 0, 0)


def test_age_and_number_both_protect(core: Any, kit: Any) -> None:
    client, agent = core.client(), core.agent()
    agent.hello(cpus=4)
    runs = [ended_run(core, kit, client, agent, f"r{n}") for n in range(5)]
    assert prune(client, 3600.0, None)["runs"] == []
    assert prune(client, 0.0, 5)["runs"] == []
    assert prune(client, 0.0, None, ["failed"])["runs"] == []
    assert [run["run"] for run in prune(client, 0.0, 3)["runs"]] == runs[:2]
    # Only what a person has seen.
    assert [run["run"] for run in prune(client, 0.0, 1, [], False, [runs[2]])["runs"]] == [runs[2]]
    assert len(client.ask(m.GetRuns)["runs"]) == 2


def test_a_kill_in_the_middle_is_gone_on_with(start_core: Any, kit: Any, small_steps: None) -> None:
    core = start_core()
    client, agent = core.client(), core.agent()
    agent.hello(cpus=4)
    run = ended_run(core, kit, client, agent, "large", 60)
    monkey = core.server.core.eraser
    monkey._step = lambda run: None  # it begins, and does not get on
    client.ask(m.Control, "delete", run)
    assert client.ask(m.GetRuns)["runs"] == []
    core.stop()
    assert rows(core)["attempts"] == 60

    core = start_core()
    client, agent = core.client(), core.agent()
    eraser = core.server.core.eraser
    new = kit.submit(client, kit.task("next"), token="next")
    assert new == run + 1  # its number is not given again
    until = time.monotonic() + PATIENCE
    while eraser.left and time.monotonic() < until:
        client.ask(m.GetInfo)
    left = rows(core)
    assert (left["attempts"], left["runs"], left["changes"], left["refs"]) == (0, 1, 0, 0)
    core.stop()
    with closing(sqlite3.connect(core.home / "data" / FILE)) as db:
        assert db.execute("SELECT count(*) FROM settings WHERE name GLOB 'gone*'").fetchone() == (0,)


def test_the_space_is_the_disks_again(core: Any, kit: Any) -> None:
    client, agent = core.client(), core.agent()
    agent.hello(cpus=4)
    for number in range(3):
        ended_run(core, kit, client, agent, f"r{number}", 30, result=b"j" + b"1" * 60_000)
    path = core.home / "data" / FILE
    done = prune(client, 0.0, None)
    assert done["freed"] > 4_000_000
    until = time.monotonic() + PATIENCE
    while path.stat().st_size > 1_000_000:
        assert time.monotonic() < until, "the file stays large"
        time.sleep(0.01)


def test_replaced_files_go_and_those_that_are_named_stay(core: Any, kit: Any) -> None:
    client, agent = core.client(), core.agent()
    agent.hello(cpus=4)
    before, after, log = blob(core, b"before"), blob(core, b"after"), blob(core, b"log")
    run = ended_run(core, kit, client, agent, "again", 1, outputs=[before], log_ref=log)
    client.ask(m.Control, "retry-downstream", run, 0)
    agent.finish(agent.assigned(1), outputs=[after])
    kit.wait_run(client, run)
    assert core.server.blobs.has(before.hash)
    seen = prune(client, 86400.0, None, [], True)
    assert (seen["stale"], seen["stale_bytes"]) == (1, 6)
    prune(client, 86400.0, None)
    until = time.monotonic() + PATIENCE
    while core.server.blobs.has(before.hash):
        assert time.monotonic() < until
        client.ask(m.GetInfo)
    assert core.server.blobs.has(after.hash)
    assert core.server.blobs.has(log.hash)


def test_files_that_may_be_on_their_way_into_another_run_wait(core: Any, kit: Any) -> None:
    client, agent = core.client(), core.agent()
    agent.hello(cpus=4)
    fresh = blob(core, b"fresh", age=0.0)
    ended_run(core, kit, client, agent, "one", 1, outputs=[fresh])
    prune(client, 0.0, None)
    assert core.server.blobs.has(fresh.hash)
    tidy = core.server.core.tidy
    assert tidy.next_deadline() == pytest.approx(time.time() + 600, abs=30)


def test_nobody_waits_long_while_a_large_run_goes(core: Any, kit: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """No single turn of the loop takes more than some rows of it."""
    monkeypatch.setattr(erase, "ROWS", 20)
    client, agent = core.client(), core.agent()
    agent.hello(cpus=4)
    ended_run(core, kit, client, agent, "large", 300)
    most = 0
    write = core.server.store.write

    def counted(sql: str, values: Any) -> None:
        nonlocal most
        if sql.startswith("DELETE"):
            most = max(most, len(values))
        write(sql, values)

    monkeypatch.setattr(core.server.store, "write", counted)
    prune(client, 0.0, None)
    assert 0 < most <= max(20, erase.FILES)
    assert rows(core)["attempts"] == 0


def test_only_an_admin_may(core: Any) -> None:
    client = core.client()
    token = parse_token(client.ask(m.MakeToken, "operator", 60.0)["token"])
    pair = keys.new_pair()
    other = core.peer(pair)
    other.send(m.Enrol(token.secret, "someone"))
    assert other.expect(m.Enrolled).role == roles.OPERATOR
    other.send(m.ClientHello("someone"))
    other.expect(m.ClientWelcome)
    for message in (m.Prune(1, 0.0), m.Backup(1, "/tmp/never.tar"), m.GetJob(1, 1)):
        other.send(message)
        while not isinstance(answer := other.receive()[0], m.Failure):
            pass
        assert answer.code == "forbidden"
    assert not Path("/tmp/never.tar").exists()


def test_what_cannot_be_is_refused(core: Any, tmp_path: Path) -> None:
    client = core.client()
    for args, words in (((), "by their age"), ((0.0, None, ["lost"]), "states are"), ((None, -1), "cannot be kept")):
        answer = client.ask(m.Prune, *args)
        assert answer.code == "bad-request"
        assert words in answer.reason
    assert "absolute" in client.ask(m.Backup, "here.tar").reason
    assert client.ask(m.GetJob, 99).code == "not-found"
    (tmp_path / "there.tar").write_text("precious")
    told = job(client, client.ask(m.Backup, str(tmp_path / "there.tar"))["job"])
    assert told["state"] == "failed"
    assert "already" in told["error"]
    assert (tmp_path / "there.tar").read_text() == "precious"


def test_a_copy_of_a_core_at_work(core: Any, kit: Any, tmp_path: Path) -> None:
    client, agent = core.client(), core.agent()
    agent.hello(cpus=4)
    held = blob(core, b"an output" * 1000)
    run = ended_run(core, kit, client, agent, "one", 3, outputs=[held])
    number = client.ask(m.Backup, str(tmp_path / "copy.tar"))["job"]
    assert "being made" in client.ask(m.Backup, str(tmp_path / "other.tar")).reason
    # What a copy has begun to name is not removed meanwhile.
    client.ask(m.Control, "delete", run)
    assert core.server.blobs.has(held.hash)
    told = job(client, number)
    assert told["state"] == "done", told
    assert (told["result"]["blobs"], told["result"]["missing"]) in ((1, []), (0, []))
    assert hashlib.sha256(b"an output" * 1000).hexdigest() == held.hash
    until = time.monotonic() + PATIENCE
    while core.server.blobs.has(held.hash):
        assert time.monotonic() < until
        client.ask(m.GetInfo)


def test_a_copy_that_cannot_begin_is_in_nobodys_way(core: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none_left(*args: Any, **kwargs: Any) -> None:
        raise OSError(errno.EAGAIN, "no process is left")

    client = core.client()
    with monkeypatch.context() as machine:
        machine.setattr("windlass.server.upkeep.subprocess.Popen", none_left)
        assert "no process is left" in client.ask(m.Backup, str(tmp_path / "copy.tar")).reason
    assert not core.server.core.tidy.hold
    assert job(client, client.ask(m.Backup, str(tmp_path / "copy.tar"))["job"])["state"] == "done"


def test_the_configured_retention_lets_old_runs_go(
    start_core: Any, kit: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("windlass.server.upkeep.FIRST_LOOK", 0.0)
    monkeypatch.setattr("windlass.server.upkeep.EVERY", 0.05)
    (tmp_path / "core.toml").write_text('[retention]\nolder-than = "0.01 s"\nkeep-runs = 2\n')
    core = start_core(settings=settings.load(tmp_path))
    client, agent = core.client(), core.agent()
    agent.hello(cpus=4)
    runs = [ended_run(core, kit, client, agent, f"r{n}") for n in range(5)]
    until = time.monotonic() + PATIENCE
    while {run["id"] for run in client.ask(m.GetRuns)["runs"]} != set(runs[-2:]):
        assert time.monotonic() < until


def test_the_file_says_what_retention_may_be(tmp_path: Path) -> None:
    assert not settings.for_retention(settings.defaults()).any
    (tmp_path / "core.toml").write_text('[retention]\nolder-than = "30d"\n')
    assert settings.for_retention(settings.load(tmp_path)) == retention.Criteria(30 * 86400.0, None)
    (tmp_path / "core.toml").write_text("[retention]\nkeep-runs = 100\n")
    assert settings.for_retention(settings.load(tmp_path)) == retention.Criteria(None, 100)
    (tmp_path / "core.toml").write_text('[retention]\nolder_than = "30d"\nkeep-runs = -5\n')
    with pytest.raises(ConfigError, match=r"older-than(?s:.*)keep-runs"):
        settings.load(tmp_path)
