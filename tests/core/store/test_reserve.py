"""The log that is as long as it will get: commits need no room, and nothing of what was never written is ever read."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest

from windlass.store import care, records
from windlass.store.reader import Reader
from windlass.store.store import FRAME, LOG_PAGES, Store

LONG = LOG_PAGES * FRAME


def log_of(directory: Path) -> Path:
    return directory / "windlass.db-wal"


def put(store: Store, name: str, value: str) -> None:
    store.write(records.SETTING, [(name, value)])
    assert store.flush()


def test_commits_write_over_what_is_reserved_and_the_file_does_not_grow(tmp_path: Path) -> None:
    store = Store(tmp_path)
    before = os.stat(log_of(tmp_path))
    assert before.st_size >= LONG
    assert before.st_blocks * 512 >= LONG  # on the disk, not only promised
    for number in range(50):
        put(store, f"name {number}", "x" * 3000)
    after = os.stat(log_of(tmp_path))
    assert (after.st_size, after.st_ino) == (before.st_size, before.st_ino)
    store.close()


def test_what_was_committed_is_found_after_a_crash_and_what_was_reserved_is_not_taken_for_it(tmp_path: Path) -> None:
    first, crashed = tmp_path / "first", tmp_path / "crashed"
    store = Store(first)
    for number in range(20):
        put(store, f"name {number}", str(number))
    shutil.copytree(first, crashed)  # as the disk is when the machine stops: nothing was brought into the file yet
    store.close()
    assert log_of(crashed).stat().st_size >= LONG
    again = Store(crashed)
    assert again.set_aside is None
    with closing(again.reader()) as db:
        assert [Reader(db).setting(f"name {number}") for number in range(20)] == [str(n) for n in range(20)]
    put(again, "more", "yes")
    with closing(again.reader()) as db:
        assert Reader(db).setting("more") == "yes"
    again.close()


def test_a_torn_commit_is_as_if_it_had_not_been(tmp_path: Path) -> None:
    first, crashed = tmp_path / "first", tmp_path / "crashed"
    store = Store(first)
    put(store, "kept", "1")
    end = _written(log_of(first))
    put(store, "torn", "2")
    shutil.copytree(first, crashed)
    store.close()
    with open(log_of(crashed), "r+b") as file:  # the last frames came to the disk in part
        file.seek(end + FRAME // 2)
        file.write(bytes(FRAME))
    again = Store(crashed)
    with closing(again.reader()) as db:
        assert (Reader(db).setting("kept"), Reader(db).setting("torn")) == ("1", None)
    again.close()


def _written(log: Path) -> int:
    """Where the frames end."""
    return len(log.read_bytes().rstrip(b"\0")) // FRAME * FRAME + 32


def test_the_log_begins_anew_in_its_place(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for number in range(LOG_PAGES // 200):
        store.write(records.SETTING, [(f"{number} {row}", "y" * 3900) for row in range(300)])
        assert store.flush()
    assert log_of(tmp_path).stat().st_size < 2 * LONG
    assert store.path.stat().st_size > 1000 * 4096  # a checkpoint has brought pages into the file
    store.close()


def test_a_disk_without_much_room_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(care.os, "fstatvfs", lambda fd: SimpleNamespace(f_bavail=1000, f_frsize=4096))
    store = Store(tmp_path)
    assert log_of(tmp_path).stat().st_size < LONG / 4
    put(store, "name", "value")
    store.close()


def test_a_disk_that_is_full_in_the_middle_gets_its_room_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(fd: int) -> None:
        raise OSError(28, "no space left on the disk")

    with monkeypatch.context() as patch:
        patch.setattr(care.os, "fsync", full)
        store = Store(tmp_path)
    assert 0 < log_of(tmp_path).stat().st_size < LONG / 4
    put(store, "name", "value")
    store.close()
    with closing(sqlite3.connect(tmp_path / "windlass.db")) as db:
        assert db.execute("SELECT value FROM settings WHERE name='name'").fetchone() == ("value",)
