"""Files by their content's hash, on the local disk: `root/ab/cd/<sha256>`, written once, never changed.

A blob appears by one rename of a file whose hash was checked and which is on disk; what a crash leaves behind
stands in `root/tmp` and is swept at the next start. Several threads may read; each writer belongs to one thread.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from windlass.wire import homes

if TYPE_CHECKING:
    import hashlib

_HASH = re.compile(r"[0-9a-f]{64}\Z")
_BLOCK = 1024 * 1024


class BlobError(Exception):
    """A blob is not there, is damaged, or is not what its name says."""


def sha256(data: bytes = b"") -> hashlib._Hash:
    """The hash that names a blob, begun with `data`."""
    import hashlib  # here: it brings OpenSSL, a megabyte that an idle agent has no use for

    return hashlib.sha256(data)


def is_hash(text: str) -> bool:
    """Whether this may name a blob. Anything else never reaches the file system."""
    return _HASH.match(text) is not None


class BlobStore:
    """A directory of blobs. With `durable=False` nothing is forced to disk (a cache that can be filled again)."""

    def __init__(self, root: Path, *, durable: bool = True) -> None:
        self.root = root
        self.durable = durable
        self._tmp = root / "tmp"
        homes.private_dir(root)
        self._tmp.mkdir(mode=0o700, exist_ok=True)

    def sweep(self) -> int:
        """Remove what unfinished writers of an earlier life left; how many files. Call before writing anything."""
        leftovers = list(self._tmp.iterdir())
        for path in leftovers:
            path.unlink(missing_ok=True)
        return len(leftovers)

    def path(self, hash: str) -> Path:
        """Where the blob is, or would be."""
        if not is_hash(hash):
            raise BlobError(f"not a blob's name: {hash[:80]!r}")
        return self.root / hash[:2] / hash[2:4] / hash

    def has(self, hash: str) -> bool:
        return is_hash(hash) and self.path(hash).is_file()

    def size(self, hash: str) -> int:
        try:
            return self.path(hash).stat().st_size
        except OSError:
            raise BlobError(f"no blob {hash}") from None

    def read(self, hash: str, offset: int = 0, length: int | None = None) -> bytes:
        """Bytes of a blob, fewer at its end; the whole rest without `length`."""
        if offset < 0 or (length is not None and length < 0):
            raise BlobError(f"no bytes at {offset}, length {length}")
        try:
            with open(self.path(hash), "rb") as file:
                file.seek(offset)
                return file.read() if length is None else file.read(length)
        except OSError:
            raise BlobError(f"no blob {hash}") from None

    def add_bytes(self, data: bytes) -> tuple[str, int]:
        """Keep these bytes; their hash and size."""
        hash = sha256(data).hexdigest()
        if not self.has(hash):
            with self.writer(hash, len(data)) as writer:
                writer.write(0, data)
                writer.commit()
        return hash, len(data)

    def add_file(self, path: Path, *, move: bool = False) -> tuple[str, int]:
        """Keep a copy of a file; its hash and size. With `move` the file itself becomes the blob.

        The copy is hashed as it is written, so a file that changes meanwhile gives the hash of what was kept.
        """
        temporary = self._temporary()
        try:
            if move:
                import shutil  # here, as `hashlib` below

                shutil.move(path, temporary)  # a rename on the same disk, else a copy
                os.chmod(temporary, 0o600)
                with open(temporary, "rb") as file:
                    hash, size = _hash_of(file)
            else:
                digest, size = sha256(), 0
                with open(path, "rb") as source, open(temporary, "xb") as target:
                    while block := source.read(_BLOCK):
                        digest.update(block)
                        target.write(block)
                        size += len(block)
                hash = digest.hexdigest()
            self._place(temporary, hash)
        finally:
            temporary.unlink(missing_ok=True)
        return hash, size

    def writer(self, hash: str, size: int) -> BlobWriter:
        """Begin to fill a blob of known hash and size, in any order."""
        return BlobWriter(self, hash, size)

    def touch(self, hash: str) -> None:
        """It was asked about: it counts as new."""
        with contextlib.suppress(OSError):
            os.utime(self.path(hash))

    def touched(self, hash: str) -> float:
        """When it came or was last touched, seconds since the epoch."""
        try:
            return self.path(hash).stat().st_mtime
        except OSError:
            raise BlobError(f"no blob {hash}") from None

    def remove(self, hash: str) -> None:
        """Forget a blob; harmless when it is not there."""
        self.path(hash).unlink(missing_ok=True)

    def verify(self, hash: str) -> bool:
        """Whether the bytes on disk still are what the name says."""
        try:
            with open(self.path(hash), "rb") as file:
                return _hash_of(file)[0] == hash
        except OSError:
            return False

    def hashes(self) -> Iterator[str]:
        """All blobs, in no order."""
        for first in self.root.iterdir():
            if len(first.name) == 2:
                for second in first.iterdir():
                    yield from (path.name for path in second.iterdir() if is_hash(path.name))

    def _temporary(self) -> Path:
        return self._tmp / os.urandom(8).hex()

    def _place(self, temporary: Path, hash: str) -> None:
        """Make a complete file the blob: on disk first, then the name, then the directory's entry."""
        target = self.path(hash)
        if target.exists():
            return
        os.chmod(temporary, 0o444)
        new = [directory for directory in (target.parent, target.parent.parent) if not directory.exists()]
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.durable:
            _sync(temporary)
        os.replace(temporary, target)
        if self.durable:
            _sync(target.parent)
            for directory in new:
                _sync(directory.parent)


class BlobWriter:
    """A blob that arrives in pieces. Leaving the context without `commit` forgets it."""

    def __init__(self, store: BlobStore, hash: str, size: int) -> None:
        store.path(hash)  # refuses a bad name before a file is made
        if size < 0:
            raise BlobError(f"a blob of {size} bytes")
        self.hash = hash
        self.size = size
        self._store = store
        self._path = store._temporary()
        self._file: BinaryIO | None = open(self._path, "xb+", buffering=0)  # noqa: SIM115 - closed by commit or abort
        self._digest = sha256()
        self._hashed = 0
        """Bytes from the start that the digest has seen: pieces mostly come in order, and need not be read again."""

    def write(self, offset: int, data: bytes) -> None:
        """Put a piece at its place; pieces may come twice."""
        if self._file is None:
            raise BlobError("this blob was finished")
        if offset < 0 or offset + len(data) > self.size:
            raise BlobError(f"bytes {offset}..{offset + len(data)} of a blob of {self.size}")
        if offset == self._hashed:
            self._digest.update(data)
            self._hashed += len(data)
        elif offset < self._hashed:
            self._hashed, self._digest = 0, sha256()  # what was seen may have been replaced: begin again
        view = memoryview(data)
        while view:
            written = os.pwrite(self._file.fileno(), view, offset)
            offset += written
            view = view[written:]

    def commit(self) -> None:
        """Check the hash and make the blob appear; `BlobError` (and nothing kept) when it is not what was promised."""
        if self._file is None:
            raise BlobError("this blob was finished")
        try:
            self._file.seek(self._hashed)
            while block := self._file.read(_BLOCK):
                self._digest.update(block)
                self._hashed += len(block)
            self._file.close()
            if self._digest.hexdigest() != self.hash or self._hashed != self.size:
                raise BlobError(f"the bytes received for {self.hash} do not have that hash")
            self._store._place(self._path, self.hash)
        finally:
            self.abort()

    def abort(self) -> None:
        """Forget what was written; harmless after `commit`."""
        if self._file is not None:
            self._file.close()
            self._file = None
            self._path.unlink(missing_ok=True)

    def __enter__(self) -> BlobWriter:
        return self

    def __exit__(self, *exc: object) -> None:
        self.abort()


def _hash_of(file: BinaryIO) -> tuple[str, int]:
    digest, size = sha256(), 0
    while block := file.read(_BLOCK):
        digest.update(block)
        size += len(block)
    return digest.hexdigest(), size


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        with contextlib.suppress(OSError):
            os.close(descriptor)
