"""`python -m windlass.store.copies`: a copy of a core's data in one file, and the way back. A process of its own.

It is made from a store in use: SQLite gives a reader one state whatever is written meanwhile. As a process it costs
the core's loop nothing. What was written is read again and compared before the file gets its name.

Each line of the output is a JSON document: `{"done", "total"}` bytes on the way, `{"result"}` or `{"error"}` at last.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import io
import json
import os
import signal
import sqlite3
import sys
import tarfile
import time
from pathlib import Path
from typing import IO, Any

from windlass.blobs.store import BlobError, is_hash
from windlass.store import care
from windlass.store.copyfile import (
    ABOUT,
    BLOBS,
    BLOCK,
    FORMAT,
    CopyError,
    Progress,
    Tell,
    members_of,
    open_copy,
    read_about,
)
from windlass.store.restoring import restore
from windlass.store.schema import StoreError, version_of
from windlass.store.store import FILE

# --- making one ---


def make(data: Path, target: Path, *, blobs: bool = True, tell: Tell = lambda done, total: None) -> dict[str, Any]:
    """Copy the store of a data directory, in use or not; what the copy is, and what it lacks."""
    if target.exists():
        raise CopyError(f"{target} is there already; give another name")
    if not target.parent.is_dir():
        raise CopyError(f"{target.parent} is no directory")
    source = data / FILE
    if not source.is_file():
        raise CopyError(f"there is no store in {data}")
    snapshot, part = (target.with_name(f".{target.name}.{kind}") for kind in ("db", "part"))
    try:
        _snapshot(source, snapshot)
        about, wanted = _about(snapshot, data / "blobs" if blobs else None)
        _write(part, about, snapshot, wanted, tell)
        snapshot.unlink()
        about["damaged"] = _compare(part, tell)
        about["copy_bytes"] = part.stat().st_size
        care.name_also(part, target)
        care.sync(target.parent)
        return about | {"file": str(target)}
    except sqlite3.DatabaseError as error:
        raise CopyError(f"cannot copy {source}: {error}") from None
    except OSError as error:
        raise CopyError(f"cannot write {target}: {care.reason(error)}") from None
    finally:
        for left in (snapshot, part, *(snapshot.with_name(snapshot.name + end) for end in ("-journal", "-wal"))):
            left.unlink(missing_ok=True)


def _snapshot(source: Path, target: Path) -> None:
    for left in target.parent.glob(target.name + "*"):
        left.unlink()
    target.touch(mode=0o600)
    with contextlib.closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as db:
        db.isolation_level = None
        db.execute("VACUUM INTO ?", (str(target),))
    with contextlib.closing(sqlite3.connect(target)) as copy:
        verdict = copy.execute("PRAGMA integrity_check(1)").fetchone()[0]
        if verdict != "ok":
            raise CopyError(f"the store {source} is damaged ({verdict}): stop the core and start it again")


def _about(snapshot: Path, root: Path | None) -> tuple[dict[str, Any], list[Path]]:
    """What `copy.json` says, and the blobs' files."""
    with contextlib.closing(sqlite3.connect(snapshot)) as db:
        schema = version_of(db)
        runs = db.execute("SELECT count(*) FROM runs").fetchone()[0]
        hashes = [row[0] for row in db.execute("SELECT DISTINCT hash FROM refs ORDER BY hash") if is_hash(row[0])]
    found, missing, size = [], [], 0
    if root is not None:
        for hash in hashes:
            path = root / hash[:2] / hash[2:4] / hash
            try:
                size += path.stat().st_size
                found.append(path)
            except OSError:
                missing.append(hash)
    with open(snapshot, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    about = {
        "windlass_copy": FORMAT, "schema": schema, "made": time.time(), "runs": runs, "sha256": digest,
        "db_bytes": snapshot.stat().st_size, "with_blobs": root is not None, "blobs": len(found), "blob_bytes": size,
        "missing": missing,
    }  # fmt: skip
    return about, found


def _write(part: Path, about: dict[str, Any], snapshot: Path, blobs: list[Path], tell: Tell) -> None:
    progress = Progress(2 * (about["db_bytes"] + about["blob_bytes"]), tell)
    with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar:
            raw = json.dumps(about).encode()
            _member(tar, ABOUT, len(raw), io.BytesIO(raw), about["made"])
            for name, path in [(FILE, snapshot), *((BLOBS + path.name, path) for path in blobs)]:
                with open(path, "rb") as source:
                    _member(tar, name, os.fstat(source.fileno()).st_size, progress.reading(source), about["made"])
        file.flush()
        os.fsync(file.fileno())


def _member(tar: tarfile.TarFile, name: str, size: int, source: IO[bytes], made: float) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mode, info.mtime = size, 0o600, int(made)
    tar.addfile(info, source)


def _compare(path: Path, tell: Tell) -> list[str]:
    """Read the whole file again: names of blobs that are not what they should be. Raises when the rest is not."""
    damaged = []
    with open_copy(path) as tar:
        members = members_of(tar, path)
        about = read_about(members, path)
        half = about["db_bytes"] + about["blob_bytes"]
        progress = Progress(2 * half, tell, half)
        names = 0
        for name, _, file in members:
            digest = hashlib.sha256()
            while block := file.read(BLOCK):
                digest.update(block)
                progress.add(len(block))
            if name == FILE:
                if digest.hexdigest() != about["sha256"]:
                    raise CopyError(f"{path} was not written as it should have been: is that disk sound?")
            elif digest.hexdigest() != name.removeprefix(BLOBS):
                damaged.append(name.removeprefix(BLOBS))
            names += 1
    if names != 1 + about["blobs"]:
        raise CopyError(f"{path} is cut: it holds {names} parts of {1 + about['blobs']}")
    return damaged


# --- the process ---


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m windlass.store.copies", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("make", "restore"):
        command = commands.add_parser(name)
        command.add_argument("file", type=Path)
        command.add_argument("--data", type=Path, required=True)
        if name == "make":
            command.add_argument("--no-blobs", action="store_true")
        else:
            command.add_argument("--force", action="store_true")
    args = parser.parse_args(argv)

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that nothing half stays

    def say(**line: Any) -> None:
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()

    def tell(done: int, total: int) -> None:
        say(done=done, total=total)

    try:
        if args.command == "make":
            with contextlib.suppress(OSError):
                os.nice(10)
            result = make(args.data, args.file.absolute(), blobs=not args.no_blobs, tell=tell)
        else:
            result = restore(args.file, args.data, force=args.force, tell=tell)
    except (CopyError, StoreError, BlobError) as error:
        say(error=str(error))
        return 1
    except OSError as error:
        say(error=f"{error.filename or args.file}: {care.reason(error)}")
        return 1
    say(result=result)
    return 0


if __name__ == "__main__":
    sys.exit(main())
