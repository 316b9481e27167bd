"""Copies of the store and the way back: consistent while somebody writes, checked, and nothing is overwritten."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import tarfile
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from windlass.blobs.store import BlobStore
from windlass.store import care, copies, records, schema
from windlass.store.copyfile import CopyError
from windlass.store.reader import Reader
from windlass.store.restoring import SKIP, restore
from windlass.store.schema import StoreError
from windlass.store.store import FILE, Store


def a_run(number: int) -> tuple[object, ...]:
    return number, f"t{number}", "r", "o", "succeeded", 0, 1.0, 0, "", "doc", b"g", b"p", b"f"


def fill(data: Path, runs: int = 3, files: tuple[bytes, ...] = (b"one", b"two" * 500_000)) -> list[str]:
    """A store with runs that need these files, and one file that nobody needs."""
    store = Store(data)
    blobs = BlobStore(data / "blobs")
    hashes = [blobs.add_bytes(content)[0] for content in files]
    blobs.add_bytes(b"nobody needs this")
    store.write(records.RUN_NEW, [a_run(number + 1) for number in range(runs)])
    store.write(records.REF, [(hash, 1) for hash in hashes])
    store.write(records.AGENT, [("a", "key", b"", 7, 0, 0.0)])
    store.close()
    return hashes


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


def runs_in(data: Path) -> list[int]:
    with closing(sqlite3.connect(data / FILE)) as db:
        return [row[0] for row in db.execute("SELECT id FROM runs ORDER BY id")]


def test_there_and_back(data: Path, tmp_path: Path) -> None:
    hashes = fill(data)
    told: list[tuple[int, int]] = []
    made = copies.make(data, tmp_path / "copy.tar", tell=lambda done, total: told.append((done, total)))
    assert (made["runs"], made["blobs"], made["missing"], made["damaged"]) == (3, 2, [], [])
    assert os.stat(tmp_path / "copy.tar").st_mode & 0o777 == 0o600
    assert {each.name for each in tmp_path.iterdir()} == {"data", "copy.tar"}
    new = tmp_path / "new"
    found = restore(tmp_path / "copy.tar", new)
    assert found["aside"] == ""
    assert runs_in(new) == [1, 2, 3]
    assert sorted(BlobStore(new / "blobs").hashes()) == sorted(hashes)
    assert all(BlobStore(new / "blobs").verify(hash) for hash in hashes)
    store = Store(new)
    with closing(store.reader()) as db:
        assert Reader(db).last_run() == 3 + SKIP
        assert db.execute("SELECT epoch FROM agents").fetchall() == [(7 + SKIP,)]
    store.close()
    assert runs_in(data) == [1, 2, 3]


def test_without_files(data: Path, tmp_path: Path) -> None:
    fill(data)
    made = copies.make(data, tmp_path / "copy.tar", blobs=False)
    assert (made["with_blobs"], made["blobs"]) == (False, 0)
    with tarfile.open(tmp_path / "copy.tar") as tar:
        assert tar.getnames() == ["copy.json", FILE]
    restore(tmp_path / "copy.tar", tmp_path / "new")
    assert runs_in(tmp_path / "new") == [1, 2, 3]


def test_a_copy_of_a_store_in_use_is_one_state(data: Path, tmp_path: Path) -> None:
    """Turns of two rows each, written all the time: a copy never has half of one, and the writer never waits long."""
    store = Store(data)
    stop, failed = threading.Event(), []

    def copy() -> None:
        try:
            for number in range(4):
                copies.make(data, tmp_path / f"copy{number}.tar")
        except Exception as error:
            failed.append(error)
        stop.set()

    thread = threading.Thread(target=copy)
    thread.start()
    turns = 0
    while not stop.is_set():
        store.write(records.SETTING, [(f"a{turns}", "x" * 500)])
        store.write(records.SETTING, [(f"b{turns}", "x" * 500)])
        store.end_turn()
        store.flush()
        turns += 1
    thread.join()
    store.close()
    assert not failed
    counts = []
    for number in range(4):
        restore(tmp_path / f"copy{number}.tar", tmp_path / f"new{number}")
        with closing(sqlite3.connect(tmp_path / f"new{number}" / FILE)) as db:
            (first,) = db.execute("SELECT count(*) FROM settings WHERE name GLOB 'a*'").fetchone()
            (second,) = db.execute("SELECT count(*) FROM settings WHERE name GLOB 'b*'").fetchone()
            assert first == second
            counts.append(first)
    assert counts == sorted(counts)
    assert counts[-1] > counts[0]


def test_what_is_missing_or_damaged_is_named(data: Path, tmp_path: Path) -> None:
    first, second = fill(data)
    store = BlobStore(data / "blobs")
    store.remove(first)
    path = store.path(second)
    path.chmod(0o600)
    path.write_bytes(b"bad" * 500_000)
    made = copies.make(data, tmp_path / "copy.tar")
    assert made["missing"] == [first]
    assert made["damaged"] == [second]
    found = restore(tmp_path / "copy.tar", tmp_path / "new")
    assert found["damaged"] == [second]
    assert list(BlobStore(tmp_path / "new" / "blobs").hashes()) == []


def test_no_file_is_written_over(data: Path, tmp_path: Path) -> None:
    fill(data)
    (tmp_path / "copy.tar").write_text("precious")
    with pytest.raises(CopyError, match="already"):
        copies.make(data, tmp_path / "copy.tar")
    assert (tmp_path / "copy.tar").read_text() == "precious"
    with pytest.raises(CopyError, match="no directory"):
        copies.make(data, tmp_path / "nowhere" / "copy.tar")
    with pytest.raises(CopyError, match="no store"):
        copies.make(tmp_path / "nothing", tmp_path / "other.tar")


def test_a_full_disk_leaves_nothing_half(data: Path, tmp_path: Path) -> None:
    """A limit on the size of files stands for the disk: writing fails in the middle."""
    fill(data, files=(os.urandom(3_000_000),))
    script = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000));"
        "from windlass.store.copies import main; sys.exit(main(sys.argv[1:]))"
    )
    told = subprocess.run(
        [sys.executable, "-c", script, "make", tmp_path / "copy.tar", "--data", data], capture_output=True, text=True
    )
    assert told.returncode == 1
    assert "cannot write" in json.loads(told.stdout.splitlines()[-1])["error"]
    assert "Traceback" not in told.stderr
    assert {each.name for each in tmp_path.iterdir()} == {"data"}


def damage(path: Path, how: str) -> None:
    raw = bytearray(path.read_bytes())
    match how:
        case "cut":
            del raw[len(raw) // 3 :]
        case "cut at a part":
            with tarfile.open(path) as tar:
                del raw[tar.getmembers()[-1].offset :]
        case "flipped":
            with tarfile.open(path) as tar:
                raw[tar.getmember(FILE).offset_data + 5000] ^= 0xFF
        case "no copy":
            raw[:] = b"just a text\n" * 500
        case "empty":
            raw.clear()
    path.write_bytes(raw)


@pytest.mark.parametrize("how", ["cut", "cut at a part", "flipped", "no copy", "empty"])
def test_a_damaged_copy_changes_nothing(data: Path, tmp_path: Path, how: str) -> None:
    fill(data)
    copies.make(data, tmp_path / "copy.tar")
    damage(tmp_path / "copy.tar", how)
    before = (data / FILE).read_bytes()
    with pytest.raises(CopyError, match=r"copy\.tar"):
        restore(tmp_path / "copy.tar", data, force=True)
    assert (data / FILE).read_bytes() == before
    assert not list(data.glob("*restored*"))


def test_a_strange_tar_is_refused(tmp_path: Path) -> None:
    (tmp_path / "evil").write_text("x")
    with tarfile.open(tmp_path / "copy.tar", "w") as tar:
        tar.add(tmp_path / "evil", "../../evil")
    with pytest.raises(CopyError, match="no part of a copy"):
        restore(tmp_path / "copy.tar", tmp_path / "new")


def test_a_newer_copy_is_refused(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(data)
    copies.make(data, tmp_path / "copy.tar")
    monkeypatch.setattr(schema, "VERSION", schema.VERSION - 1)
    with pytest.raises(StoreError, match="newer"):
        restore(tmp_path / "copy.tar", tmp_path / "new")


def test_a_living_core_is_not_restored_under(data: Path, tmp_path: Path) -> None:
    fill(data)
    copies.make(data, tmp_path / "copy.tar")
    store = Store(data)
    with pytest.raises(StoreError, match="another core"):
        restore(tmp_path / "copy.tar", data, force=True)
    store.close()


@pytest.mark.parametrize("whole", [True, False])
def test_what_is_there_is_kept_aside(data: Path, tmp_path: Path, whole: bool) -> None:
    fill(data)
    copies.make(data, tmp_path / "copy.tar")
    store = Store(data)
    store.write(records.RUN_NEW, [a_run(4)])
    store.close()
    if not whole:
        (data / FILE).write_bytes(b"rubbish" * 1000)
    with pytest.raises(CopyError, match="--force"):
        restore(tmp_path / "copy.tar", data)
    found = restore(tmp_path / "copy.tar", data, force=True)
    assert runs_in(data) == [1, 2, 3]
    aside = Path(found["aside"])
    if whole:
        with closing(sqlite3.connect(aside)) as db:
            assert db.execute("SELECT count(*) FROM runs").fetchone() == (4,)
        again = restore(tmp_path / "copy.tar", data, force=True)
        assert again["aside"] != found["aside"]
    else:
        assert aside.read_bytes() == b"rubbish" * 1000
    Store(data).close()


def test_a_crash_at_any_step_of_a_restore_leaves_a_store(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each call that changes the directory is the last one, in turn: there is always a whole store of that name."""
    fill(data)
    copies.make(data, tmp_path / "copy.tar")
    store = Store(data)
    store.write(records.RUN_NEW, [a_run(4)])
    store.close()
    seen = set()
    for step in range(6):
        calls = 0

        def last(real: Callable[..., Any], step: int = step) -> Callable[..., Any]:
            def call(*args: Any, **kwargs: Any) -> Any:
                nonlocal calls
                calls += 1
                if calls > step:
                    raise KeyboardInterrupt
                return real(*args, **kwargs)

            return call

        with monkeypatch.context() as patch:
            for module, name in ((os, "link"), (os, "replace"), (care, "sync")):
                patch.setattr(module, name, last(getattr(module, name)))
            try:
                restore(tmp_path / "copy.tar", data, force=True)
            except KeyboardInterrupt:
                pass
        runs = runs_in(data)
        assert runs in ([1, 2, 3, 4], [1, 2, 3])
        seen.add(len(runs))
    assert seen == {3, 4}
