"""The way back: a copy is laid into a data directory. What was there is kept, whatever happens on the way."""

from __future__ import annotations

import contextlib
import hashlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from windlass.blobs.store import BlobError, BlobStore
from windlass.model.words import counted
from windlass.store import care
from windlass.store.copyfile import BLOBS, BLOCK, CopyError, Progress, Tell, members_of, open_copy, read_about
from windlass.store.schema import refuse_newer, version_of
from windlass.store.store import FILE

SKIP = 1000
"""Numbers of runs and leases left free: late news of what the copy does not know must fit nothing new."""


def restore(path: Path, data: Path, *, force: bool = False, tell: Tell = lambda done, total: None) -> dict[str, Any]:
    """Lay a copy into a data directory that no core uses. A store that is there needs `force`, and is kept aside."""
    with contextlib.ExitStack() as stack:
        tar = stack.enter_context(open_copy(path))
        members = members_of(tar, path)
        about = read_about(members, path)
        refuse_newer(about["schema"])
        lock = care.lock(data)
        stack.callback(lock.close)
        held = _held_runs(data / FILE)
        if held and not force:
            raise CopyError(
                f"{data} already holds {held}; with --force the copy takes its place, and what is there is kept aside"
            )
        part = data / f".{FILE}.restored"
        stack.callback(part.unlink, missing_ok=True)
        try:
            store = BlobStore(data / "blobs")
            progress = Progress(about["db_bytes"] + about["blob_bytes"], tell)
            damaged = _extract(members, path, about, part, store, progress)
            _number_on(part)
            aside = _take_place(part, data / FILE)
        except sqlite3.DatabaseError as error:
            raise CopyError(f"the store in {path} cannot be used: {error}") from None
        except OSError as error:
            raise CopyError(f"cannot write in {data}: {care.reason(error)}") from None
    return about | {"data": str(data), "aside": str(aside or ""), "damaged": damaged}


def _held_runs(path: Path) -> str:
    """What a store holds, in words; empty when there is nothing to lose."""
    if not path.exists():
        return ""
    try:
        with contextlib.closing(sqlite3.connect(path)) as db:
            runs = db.execute("SELECT count(*) FROM runs").fetchone()[0] if version_of(db) else 0
    except sqlite3.DatabaseError:
        return "a store that cannot be read"
    return f"a store with {counted(runs, 'run')}" if runs else ""


def _extract(
    members: Iterator[tuple[str, int, IO[bytes]]],
    path: Path,
    about: dict[str, Any],
    part: Path,
    store: BlobStore,
    progress: Progress,
) -> list[str]:
    damaged, names = [], 0
    for name, size, file in members:
        names += 1
        if name == FILE:
            digest = hashlib.sha256()
            with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as target:
                while block := file.read(BLOCK):
                    digest.update(block)
                    target.write(block)
                    progress.add(len(block))
            if digest.hexdigest() != about["sha256"]:
                raise CopyError(f"{path} is damaged: its store is not what was written. Nothing was changed")
            continue
        hash = name.removeprefix(BLOBS)
        if store.has(hash):
            progress.add(size)
            continue
        try:
            with store.writer(hash, size) as writer:
                offset = 0
                while block := file.read(BLOCK):
                    writer.write(offset, block)
                    offset += len(block)
                    progress.add(len(block))
                writer.commit()
        except BlobError:
            damaged.append(hash)
    if names != 1 + about["blobs"]:
        raise CopyError(f"{path} is cut: it holds {names} parts of {1 + about['blobs']}. Nothing was changed")
    return damaged


def _number_on(part: Path) -> None:
    """Check the store, and leave numbers free: agents may still hold news of a time that the copy does not know."""
    with contextlib.closing(sqlite3.connect(part, isolation_level=None)) as db:
        verdict = db.execute("PRAGMA integrity_check(1)").fetchone()[0]
        if verdict != "ok":
            raise sqlite3.DatabaseError(verdict)
        refuse_newer(version_of(db))
        db.execute("BEGIN")
        last = db.execute("SELECT coalesce(max(id), 0) FROM runs").fetchone()[0]
        kept = db.execute("SELECT coalesce(max(CAST(value AS INTEGER)), 0) FROM settings WHERE name='run'").fetchone()[
            0
        ]
        db.execute("INSERT OR REPLACE INTO settings VALUES ('run', ?)", (str(max(last, kept) + SKIP),))
        db.execute("UPDATE agents SET epoch=epoch+?", (SKIP,))
        db.execute("COMMIT")
    care.sync(part)


def _take_place(part: Path, path: Path) -> Path | None:
    """Give the store its name; at every instant either the old one or the new one has it. Where the old one is kept."""
    aside = None
    if path.exists():
        try:
            with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as db:
                db.execute("PRAGMA journal_mode=DELETE")  # all of it in one file
            whole = True
        except sqlite3.DatabaseError:
            whole = False
        if whole:
            aside = _free_name(path, "before-restore")
            care.name_also(path, aside)
        else:
            aside = care.set_aside(path)
    os.replace(part, path)
    path.with_name(path.name + care.SUSPECT).unlink(missing_ok=True)
    care.sync(path.parent)
    return aside


def _free_name(path: Path, word: str) -> Path:
    number = 1
    while (target := path.with_name(f"{path.name}.{word}-{number}")).exists():
        number += 1
    return target
