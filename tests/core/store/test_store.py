"""The store: what was said to be durable is there after any end, and trouble is told in words."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from windlass.store import records, schema
from windlass.store.reader import Reader
from windlass.store.schema import StoreError
from windlass.store.store import FILE, Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path)
    yield store
    store.close()


def put(store: Store, name: str, value: str, done: list[str] | None = None) -> None:
    store.write(records.SETTING, [(name, value)])
    store.end_turn((lambda: done.append(name)) if done is not None else None)


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a disk that takes its time: a thread commits."""
    monkeypatch.setattr("windlass.store.store.FAST", 0.0)


def test_a_few_rows_are_durable_at_once_on_a_fast_disk(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("windlass.store.store.FAST", 60.0)
    done: list[str] = []
    put(store, "one", "1", done)
    assert done == ["one"]
    with closing(sqlite3.connect(f"file:{store.path}?mode=ro", uri=True)) as db:
        assert Reader(db).setting("one") == "1"
    db.close()
    store.write(records.SETTING, [("two", "2")])

    def two() -> None:
        put(store, "four", "4", done)
        done.append("two")

    store.end_turn(two)
    put(store, "five", "5", done)
    assert done == ["one", "two", "four", "five"]  # each after the one before, also when it was written by it


def test_callbacks_come_when_durable_and_in_order(store: Store, slow: None) -> None:
    done: list[str] = []
    db = store.reader()
    reader = Reader(db)
    store.end_turn(lambda: done.append("nothing to write"))
    assert done == ["nothing to write"]
    for number in range(50):
        put(store, f"n{number}", str(number), done)
    store.end_turn(lambda: done.append("after them"))
    assert "after them" not in done
    assert store.flush()
    assert done[1:] == [f"n{number}" for number in range(50)] + ["after them"]
    assert reader.setting("n49") == "49"
    assert store.commits <= 50
    reader.close()


def test_turns_gather_while_the_disk_works(store: Store, slow: None) -> None:
    """All that ends while a commit runs is one more commit."""
    before = store.commits
    for number in range(500):
        put(store, "same", str(number))
    assert store.flush()
    assert store.commits - before == 2


def test_the_loop_is_woken_by_the_commit(tmp_path: Path, slow: None) -> None:
    import threading

    woken = threading.Event()
    store = Store(tmp_path, woken.set)
    put(store, "a", "1")
    assert woken.wait(10)
    store.settle()
    assert store.backlog == 0
    store.close()


def test_a_second_core_is_kept_out(tmp_path: Path, store: Store) -> None:
    with pytest.raises(StoreError, match=f"process {os.getpid()}"):
        Store(tmp_path)


def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    Store(tmp_path).close()
    db = sqlite3.connect(tmp_path / FILE)
    with db:
        db.execute("INSERT INTO migrations VALUES (?, 0)", (schema.VERSION + 1,))
    db.close()
    with pytest.raises(StoreError, match="newer Windlass"):
        Store(tmp_path)
    with pytest.raises(StoreError, match="newer Windlass"):
        Store(tmp_path)  # the lock was given back


def test_an_older_schema_is_brought_up_to_date(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Store(tmp_path).close()
    steps = (*schema.MIGRATIONS, "CREATE TABLE extra (x); -- more\n INSERT INTO extra VALUES (1);")
    monkeypatch.setattr(schema, "MIGRATIONS", steps)
    monkeypatch.setattr(schema, "VERSION", len(steps))
    store = Store(tmp_path)
    db = store.reader()
    assert db.execute("SELECT x FROM extra").fetchall() == [(1,)]
    db.close()
    store.close()


def test_a_migration_that_fails_leaves_the_old_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Store(tmp_path).close()
    steps = (*schema.MIGRATIONS, "CREATE TABLE extra (x); INSERT INTO nowhere VALUES (1);")
    with monkeypatch.context() as patch:
        patch.setattr(schema, "MIGRATIONS", steps)
        patch.setattr(schema, "VERSION", len(steps))
        with pytest.raises(StoreError):
            Store(tmp_path)
    Store(tmp_path).close()


def test_a_full_disk_is_told_and_got_over(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    done: list[str] = []
    put(store, "before", "1", done)
    assert store.flush()
    pages = store._db.execute("PRAGMA page_count").fetchone()[0]
    store._db.execute(f"PRAGMA max_page_count={pages}")
    put(store, "large", "x" * 100_000, done)
    assert not store.flush(1.0)
    assert "full" in store.problem
    put(store, "small", "1", done)
    assert done == ["before"]
    deadline = store.next_deadline()
    assert deadline is not None
    store.retry(deadline - 0.5)
    assert store.problem
    store._db.execute("PRAGMA max_page_count=1000000")
    store.retry(deadline)
    while store.backlog:
        store._done.wait(1)
        store.settle()
    assert not store.problem
    assert done == ["before", "large", "small"]
    assert "works again" in caplog.text


def test_a_bug_is_not_retried_for_ever(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.write("INSERT INTO peers VALUES (?,?,?,?)", [("same", "", "", 0), ("same", "", "", 0)])
    with pytest.raises(sqlite3.IntegrityError):
        store.end_turn()
    assert not store._db.in_transaction
    store._flight.clear()
    store.close()


WRITER = """
import sys
from pathlib import Path
from windlass.store.store import Store
from windlass.store import records
store = Store(Path(sys.argv[1]))
for number in range(1_000_000):
    store.write(records.PAYLOADS, [(number, part, 0, 1, b"x" * 50) for part in range(20)])
    store.end_turn(lambda number=number: print(number, flush=True))
    store.settle()
"""


@pytest.mark.slow
def test_killed_writers_lose_nothing_that_was_told(tmp_path: Path) -> None:
    chance = random.Random(9)
    for life in range(5):
        where = tmp_path / str(life)
        child = subprocess.Popen([sys.executable, "-c", WRITER, str(where)], stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None
        lines = [child.stdout.readline() for _ in range(chance.randrange(1, 400))]
        child.send_signal(signal.SIGKILL)
        lines += child.stdout.readlines()
        child.stdout.close()
        child.wait()
        told = [int(line) for line in lines if line.endswith("\n")]
        assert told == list(range(len(told)))
        store = Store(where)
        db = store.reader()
        rows: list[Any] = db.execute("SELECT run, count(*) FROM payloads GROUP BY run ORDER BY run").fetchall()
        db.close()
        store.close()
        assert [run for run, _ in rows] == list(range(len(rows)))
        assert len(rows) >= len(told)
        assert {count for _, count in rows} <= {20}, "a turn is there as a whole or not at all"
