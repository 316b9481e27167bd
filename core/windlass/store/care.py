"""The care of the store's file: who may open it, is it whole, is it still there; and nothing is ever overwritten.

A file that cannot be trusted is renamed, with its log, and stays. Before another version changes the tables, a copy is
laid beside the file. What goes wrong is told with what a person can do about it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from windlass.store.schema import VERSION, StoreError, version_of

CHECK_TIME = 5.0
"""Seconds that the check at a start may take; a larger file is checked as far as that goes, unless it is suspect."""
SUSPECT = ".suspect"
"""Suffix of a file that says: the store was found damaged while it was used, look at all of it at the next start."""
PLENTY = 2**30
"""Bytes that are free on a disk where some may be taken in advance."""
KEPT_COPIES = 2
"""Copies made before a migration that are kept."""
_WAL_FILES = ("", "-wal", "-shm")


class Damaged(Exception):
    """The file is no store, or not a whole one."""


def lock(directory: Path) -> Any:
    """Held until the process ends, however it ends: two cores never share a data directory."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        # Without a buffer, so that nothing is left to be written when it is closed on a full disk.
        file = open(directory / "core.lock", "ab+", buffering=0)  # noqa: SIM115 - held for the store's life
    except OSError as error:
        raise StoreError(f"cannot write in {directory}: {reason(error)}") from None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.seek(0)
        owner = file.read(100).decode(errors="replace").strip() or "unknown"
        file.close()
        raise StoreError(
            f"another core (process {owner}) already uses {directory}; stop it, or give this one another --data"
        ) from None
    with contextlib.suppress(OSError):  # a full disk: the lock holds without the name
        file.truncate(0)
        file.write(f"{os.getpid()}\n".encode())
    return file


def check(db: sqlite3.Connection, path: Path) -> bool:
    """Raise `Damaged` when pages of the file are; whether all of them could be looked at in the time.

    The time is kept by a thread that interrupts, because SQLite checks a whole tree in one step.
    """
    suspect = path.with_name(path.name + SUSPECT)
    whole = suspect.exists()
    done = threading.Event()
    timer = threading.Thread(target=_interrupt, args=(db, done), daemon=True)
    if not whole:
        timer.start()
    try:
        verdict = db.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.OperationalError as error:
        if "interrupt" in str(error):
            return False
        raise
    finally:
        done.set()
        if not whole:
            timer.join()
    if verdict != "ok":
        if "interrupt" in verdict:
            return False
        raise Damaged(verdict)
    suspect.unlink(missing_ok=True)
    return True


def _interrupt(db: sqlite3.Connection, done: threading.Event) -> None:
    """Again and again, because an interrupt between two steps of a statement is forgotten."""
    if not done.wait(CHECK_TIME):
        while not done.wait(0.001):
            db.interrupt()


def suspect(path: Path) -> None:
    """Have all of the file checked at the next start."""
    with contextlib.suppress(OSError):
        path.with_name(path.name + SUSPECT).touch(mode=0o600)


@contextlib.contextmanager
def trusted(path: Path) -> Iterator[None]:
    """While this reads, damage is a `StoreError`, and the next start looks at the whole file."""
    try:
        yield
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError as error:
        suspect(path)
        raise StoreError(
            f"the store {path} is damaged ({error}). Start the core again: it checks the whole file, keeps it aside "
            "and begins an empty one; then bring back your last copy with `windlass restore`"
        ) from None


def set_aside(path: Path) -> Path:
    """Rename a damaged file and what belongs to it; never over an older one."""
    number = 1
    while any(path.with_name(f"{path.name}.damaged-{number}{suffix}").exists() for suffix in _WAL_FILES):
        number += 1
    target = path.with_name(f"{path.name}.damaged-{number}")
    for suffix in _WAL_FILES:
        part = path.with_name(path.name + suffix)
        if part.exists():
            os.rename(part, target.with_name(target.name + suffix))
    path.with_name(path.name + SUSPECT).unlink(missing_ok=True)
    return target


def keep_copy(db: sqlite3.Connection, path: Path) -> Path | None:
    """Before a migration: a copy of the file with its present version in its name. None when none is needed."""
    found = version_of(db)
    if not 0 < found < VERSION:
        return None
    copy = path.with_name(f"{path.name}.schema-{found}")
    number = 1
    while copy.exists():
        number += 1
        copy = path.with_name(f"{path.name}.schema-{found}-{number}")
    try:
        copy_to(db, copy)
    except (sqlite3.OperationalError, OSError) as error:
        raise StoreError(
            f"this version must change the store {path}, and there is no room for a copy of it first "
            f"({reason(error)}): free {path.stat().st_size // 2**20 + 1} MiB on that disk and start again"
        ) from None
    copies = sorted(path.parent.glob(f"{path.name}.schema-*"), key=lambda each: each.stat().st_mtime_ns)
    for old in copies[:-KEPT_COPIES]:
        old.unlink()
    return copy


def copy_to(db: sqlite3.Connection, target: Path) -> None:
    """A whole copy of an open database that nobody writes, on disk when this returns, or no file at all."""
    part = target.with_name(target.name + ".part")
    part.unlink(missing_ok=True)
    try:
        with contextlib.closing(sqlite3.connect(part, isolation_level=None)) as copy:
            os.chmod(part, 0o600)
            db.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")  # so that it is one file
        sync(part)
        os.replace(part, target)
        sync(target.parent)
    finally:
        part.unlink(missing_ok=True)


def name_also(path: Path, name: Path) -> None:
    """Give a file another name, never one that another file has. Some disks know one name a file: there it moves."""
    try:
        os.link(path, name)
    except FileExistsError:
        raise
    except OSError:
        if name.exists():
            raise FileExistsError(17, "a file of that name is there", str(name)) from None
        os.rename(path, name)


class Place:
    """Whether the file that was opened is still the one that has its name."""

    def __init__(self, path: Path) -> None:
        self._path = str(path)  # asked after each commit
        self._was = self._look()

    def _look(self) -> tuple[int, int] | None:
        try:
            found = os.stat(self._path)
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def problem(self) -> str:
        """What has become of it; empty while it is there."""
        now = self._look()
        if now == self._was:
            return ""
        what = "was removed" if now is None else "was replaced by another one"
        return (
            f"{self._path} {what} under this core, so that nothing is kept any more: put it back, or stop the core "
            "(what it runs goes on) and start it again"
        )


def reserve(path: Path, size: int) -> None:
    """Have a store's log be at least so long, with zeros that are on disk, if the disk has plenty of room.

    SQLite writes over what a log held before and looks at no more of it than it wrote: what follows fails the check of
    its frames (https://www.sqlite.org/fileformat2.html#walformat). A commit into a file that need not grow waits for
    its data only; one that makes it longer waits for the file system's journal too, which took as long again. Only for
    who has just opened the store and lets nobody write.
    """
    log = path.with_name(path.name + "-wal")
    with contextlib.suppress(OSError), open(log, "r+b", buffering=0) as file:
        was = has = file.seek(0, os.SEEK_END)
        room = os.fstatvfs(file.fileno())
        if has >= size or room.f_bavail * room.f_frsize < PLENTY:
            return
        try:
            while has < size:
                has += file.write(bytes(min(size - has, 2**20)))
            os.fsync(file.fileno())
        except OSError:
            file.truncate(was)
            raise


def sync(path: Path) -> None:
    """Force a file or a directory's entries to disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
