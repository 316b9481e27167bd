"""How a copy of a core's data lies in its file, and the reading of one.

A tar file: `copy.json` (what it is), `windlass.db` (the store in one consistent state), `blobs/<hash>` for each blob.
"""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

from windlass.blobs.store import is_hash
from windlass.store import care
from windlass.store.store import FILE

FORMAT = 1
ABOUT = "copy.json"
BLOBS = "blobs/"
BLOCK = 1024 * 1024
_TELL = 8 * 1024 * 1024
"""Bytes between two words about the progress."""

Tell = Callable[[int, int], None]


class CopyError(Exception):
    """It cannot be made or brought back; the text is for people and says what to do."""


class Progress:
    """Counts bytes, and tells now and then."""

    def __init__(self, total: int, tell: Tell, done: int = 0) -> None:
        self._total, self._tell, self._done, self._told = total, tell, done, done

    def add(self, count: int) -> None:
        self._done += count
        if self._done - self._told >= _TELL:
            self._told = self._done
            self._tell(self._done, self._total)

    def reading(self, file: IO[bytes]) -> IO[bytes]:
        """The file, with what is read of it counted."""
        read = file.read

        class Counted:
            def read(_, size: int = -1) -> bytes:
                data = read(size)
                self.add(len(data))
                return data

        return Counted()  # type: ignore[return-value]


def open_copy(path: Path) -> tarfile.TarFile:
    try:
        return tarfile.open(path, "r:")
    except (OSError, tarfile.TarError) as error:
        why = care.reason(error) if isinstance(error, OSError) else "it is no copy that `windlass backup` made"
        raise CopyError(f"cannot read {path}: {why}") from None


def members_of(tar: tarfile.TarFile, path: Path) -> Iterator[tuple[str, int, IO[bytes]]]:
    """(name, size, content); names that no copy has are refused."""
    try:
        for info in tar:
            file = tar.extractfile(info)
            if file is None or not (info.name in (ABOUT, FILE) or is_hash(info.name.removeprefix(BLOBS))):
                raise CopyError(f"{path} holds {info.name[:80]!r}, which is no part of a copy")
            yield info.name, info.size, file
    except (tarfile.TarError, EOFError) as error:
        raise CopyError(f"{path} is cut or damaged: {error}") from None


def read_about(members: Iterator[tuple[str, int, IO[bytes]]], path: Path) -> dict[str, Any]:
    name, size, file = next(members, ("", 0, io.BytesIO()))
    try:
        about = json.loads(file.read()) if name == ABOUT and size < BLOCK * 64 else {}
        known = about.get("windlass_copy")
    except (ValueError, AttributeError):
        known = None
    if known is None:
        raise CopyError(f"{path} is no copy that `windlass backup` made")
    if known > FORMAT:
        raise CopyError(f"{path} was made by a newer Windlass: use that version")
    return dict(about)
