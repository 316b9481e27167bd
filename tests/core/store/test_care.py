"""What becomes of a store's file: damaged, cut, of another version, removed under the core. Nothing is overwritten."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from windlass.store import care, records, schema
from windlass.store.reader import Reader
from windlass.store.schema import StoreError
from windlass.store.store import FILE, Store


def fill(directory: Path, rows: int = 2000) -> None:
    store = Store(directory)
    store.write(records.PEER, [(f"key{n}", "agent", "x" * 200, 0.0) for n in range(rows)])
    store.close()


def peers(path: Path) -> int:
    with closing(sqlite3.connect(path)) as db:
        return int(db.execute("SELECT count(*) FROM peers").fetchone()[0])


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "data")
    yield store
    store.close()


def put(store: Store, name: str, done: list[str]) -> None:
    store.write(records.SETTING, [(name, "1")])
    store.end_turn(lambda: done.append(name))
    settled(store)


def settled(store: Store) -> None:
    while store._busy:
        store._done.wait(0.05)
        store.settle()


def again(store: Store) -> None:
    """When it is time to look again."""
    deadline = store.next_deadline()
    assert deadline is not None
    store.retry(deadline)
    settled(store)


# --- damage ---


@pytest.mark.parametrize("damage", ["cut", "zeroed", "header", "text", "one page", "cut to a header"])
def test_a_damaged_file_is_kept_aside_whole(tmp_path: Path, damage: str, caplog: pytest.LogCaptureFixture) -> None:
    fill(tmp_path)
    path = tmp_path / FILE
    raw = bytearray(path.read_bytes())
    match damage:
        case "cut":
            del raw[len(raw) // 2 :]
        case "cut to a header":
            del raw[100:]
        case "zeroed":
            raw[4096:65536] = bytes(61440)
        case "header":
            raw[:100] = bytes(100)
        case "text":
            raw[:] = b"this is no database\n" * 1000
        case "one page":
            raw[40960:45056] = random.Random(3).randbytes(4096)
    path.write_bytes(raw)
    store = Store(tmp_path)
    assert store.set_aside is not None
    assert store.set_aside.read_bytes() == bytes(raw)
    with closing(Reader(store.reader())) as reader:
        assert reader.last_run() == 0
    store.close()
    assert "windlass restore" in caplog.text
    Store(tmp_path).close()
    assert sorted(each.name for each in tmp_path.glob("*damaged*")) == [f"{FILE}.damaged-1"]


def test_the_log_of_a_damaged_file_stays_with_it(tmp_path: Path) -> None:
    """Rows may stand in the -wal only; a core that was killed leaves one."""
    fill(tmp_path)
    path = tmp_path / FILE
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("INSERT INTO settings VALUES ('last', '1')")
        wal = path.with_name(FILE + "-wal").read_bytes()
        copies = {each.name: each.read_bytes() for each in tmp_path.glob(FILE + "*")}
    for name, data in copies.items():
        (tmp_path / name).write_bytes(data)
    assert wal
    path.write_bytes(b"gone" * 5000)
    path.with_name(FILE + "-shm").unlink()
    store = Store(tmp_path)
    assert store.set_aside is not None
    assert store.set_aside.name == f"{FILE}.damaged-1"
    assert store.set_aside.with_name(f"{FILE}.damaged-1-wal").read_bytes() == wal
    store.close()
    # The next one takes another name even if only the log of the first is still there.
    store.set_aside.unlink()
    path.write_bytes(b"gone" * 5000)
    again = Store(tmp_path)
    assert again.set_aside is not None
    assert again.set_aside.name == f"{FILE}.damaged-2"
    again.close()


def test_damage_found_at_work_is_told_and_looked_for_at_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(tmp_path)
    path = tmp_path / FILE
    raw = bytearray(path.read_bytes())
    raw[160_000:] = bytes(len(raw) - 160_000)  # the tables themselves stay, their rows do not
    path.write_bytes(raw)
    with monkeypatch.context() as patch:
        patch.setattr(care, "check", lambda db, path: False)  # as if there had been no time
        store = Store(tmp_path)
    with closing(store.reader()) as db, pytest.raises(StoreError, match="Start the core again"), care.trusted(path):
        db.execute("SELECT sum(length(name)) FROM peers").fetchone()
    done: list[str] = []
    store.write("UPDATE peers SET name=? WHERE 1", [("y",)])
    store.end_turn(lambda: done.append("told"))
    store.flush(1.0)
    assert "malformed" in store.problem
    assert "restore" in store.problem
    assert not done
    store._waiting.clear()
    store.close()
    monkeypatch.setattr(care, "CHECK_TIME", 0.0)
    store = Store(tmp_path)
    assert store.set_aside is not None
    store.close()
    assert not list(tmp_path.glob("*" + care.SUSPECT))


def test_the_check_of_a_large_file_ends_in_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(tmp_path, 50_000)
    monkeypatch.setattr(care, "CHECK_TIME", 0.0)
    with closing(sqlite3.connect(tmp_path / FILE)) as db:
        assert not care.check(db, tmp_path / FILE)
        assert db.execute("SELECT count(*) FROM peers").fetchone() == (50_000,)
    monkeypatch.setattr(care, "CHECK_TIME", 60.0)
    with closing(sqlite3.connect(tmp_path / FILE)) as db:
        assert care.check(db, tmp_path / FILE)


# --- versions ---


def old_file(directory: Path, version: int) -> Path:
    """A store as that version left it."""
    directory.mkdir(exist_ok=True)
    path = directory / FILE
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("CREATE TABLE migrations (version INTEGER PRIMARY KEY, applied REAL)")
        for number in range(version):
            db.executescript(schema.MIGRATIONS[number])
            db.execute("INSERT INTO migrations VALUES (?, 0)", (number + 1,))
        db.execute("INSERT INTO outputs VALUES (1, 0, 0, 'a', ?, 5, 420)", ("f" * 64,))
    return path


@pytest.mark.parametrize("version", range(1, schema.VERSION))
def test_an_older_store_is_copied_before_it_is_changed(tmp_path: Path, version: int) -> None:
    path = old_file(tmp_path, version)
    store = Store(tmp_path)
    assert store.copied == tmp_path / f"{FILE}.schema-{version}"
    with closing(store.reader()) as db:
        assert schema.version_of(db) == schema.VERSION
        assert db.execute("SELECT path FROM outputs").fetchall() == [("a",)]
    store.close()
    with closing(sqlite3.connect(store.copied)) as db:
        assert schema.version_of(db) == version
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert db.execute("SELECT path FROM outputs").fetchall() == [("a",)]
    assert os.stat(store.copied).st_mode & 0o777 == 0o600
    again = Store(tmp_path)
    assert again.copied is None
    again.close()
    assert path.exists()


def test_arguments_of_an_older_store_are_kept(tmp_path: Path) -> None:
    path = old_file(tmp_path, 7)
    rows = [(1, 0, 0, 2, b"ab"), (1, 0, 2, 1, b"c"), (2, 0, 0, 1, b"d" * 100_000)]
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.executemany("INSERT INTO payloads VALUES (?,?,?,?,?)", rows)
    store = Store(tmp_path)
    store.write(records.PAYLOADS, [(1, 0, 3, 1, b"e"), (1, 0, 2, 1, b"C")])
    assert store.flush()
    with closing(store.reader()) as db:
        found = db.execute("SELECT * FROM payloads ORDER BY run, task, first").fetchall()
        assert found == [rows[0], (1, 0, 2, 1, b"C"), (1, 0, 3, 1, b"e"), rows[2]]
    store.close()


def test_only_the_newest_copies_are_kept(tmp_path: Path) -> None:
    for life in range(4):
        old_file(tmp_path, 1)
        store = Store(tmp_path)
        assert store.copied is not None
        store.close()
        os.utime(store.copied, (life, life))
        for part in tmp_path.glob(FILE + "*"):
            if "schema" not in part.name:
                part.unlink()
    assert len(list(tmp_path.glob("*.schema-*"))) == care.KEPT_COPIES


def test_no_room_for_the_copy_means_no_migration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = old_file(tmp_path, 1)

    def full(db: sqlite3.Connection, target: Path) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(care, "copy_to", full)
        with pytest.raises(StoreError, match=r"free \d+ MiB"):
            Store(tmp_path)
    with closing(sqlite3.connect(path)) as db:
        assert schema.version_of(db) == 1
    Store(tmp_path).close()


def test_a_copy_that_fails_leaves_nothing_half(tmp_path: Path) -> None:
    fill(tmp_path)
    with closing(sqlite3.connect(tmp_path / FILE)) as db, pytest.raises((OSError, sqlite3.Error)):
        care.copy_to(db, tmp_path / "nowhere" / "copy")
    with closing(sqlite3.connect(tmp_path / FILE)) as db:
        (tmp_path / "copy").mkdir()
        with pytest.raises(OSError):
            care.copy_to(db, tmp_path / "copy")
    assert not list(tmp_path.glob("*.part"))


# --- its place ---


def test_nothing_is_told_once_the_file_was_removed(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    done: list[str] = []
    put(store, "one", done)
    aside = store.directory.with_name("elsewhere")
    store.directory.rename(aside)
    put(store, "two", done)
    assert done == ["one"]
    assert "was removed under this core" in store.problem
    put(store, "three", done)
    again(store)
    assert done == ["one"]
    # Put back, all of it counts.
    aside.rename(store.directory)
    again(store)
    assert store.flush()
    assert done == ["one", "two", "three"]
    assert not store.problem
    with closing(Reader(store.reader())) as reader:
        assert reader.setting("three") == "1"
    assert caplog.text.count("nothing can be made durable") == 1


def test_nothing_is_told_once_another_file_has_its_name(store: Store) -> None:
    done: list[str] = []
    put(store, "one", done)
    copy = store.path.with_name("copy")
    shutil.copy(store.path, copy)
    copy.replace(store.path)
    put(store, "two", done)
    assert done == ["one"]
    assert "was replaced" in store.problem
    assert not store.flush(0.1)
