"""The local end of a transfer: where a downloaded blob goes, and where an uploaded one comes from."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
from pathlib import Path
from typing import BinaryIO

from windlass.client.errors import TransferFailed
from windlass.model.graph import FileRef

_BLOCK = 1024 * 1024


def hash_file(path: Path) -> tuple[str, int]:
    """sha256 (hexadecimal) and size."""
    digest, size = hashlib.sha256(), 0
    with open(path, "rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
            size += len(block)
    return digest.hexdigest(), size


class Source:
    """What an upload reads from: a file or bytes. A file that changed since it was hashed shows at the other end."""

    def __init__(self, content: Path | bytes) -> None:
        self._content = content
        self._file: BinaryIO | None = None

    def read(self, offset: int, length: int) -> bytes:
        if isinstance(self._content, bytes):
            return self._content[offset : offset + length]
        if self._file is None:
            self._file = open(self._content, "rb")  # noqa: SIM115 - lives as long as the upload
        return os.pread(self._file.fileno(), length, offset)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


class Sink:
    """What a download writes to. A file appears under its name only when it is whole and its hash is right."""

    def __init__(self, ref: FileRef, target: Path | None) -> None:
        self._ref = ref
        self._target = target
        self._buffer = bytearray(ref.size) if target is None else bytearray()
        self._file: BinaryIO | None = None
        self._part: Path | None = None
        self.data = b""
        """The content, after `finish`, when there is no target."""

    def write(self, offset: int, data: bytes) -> None:
        if self._target is None:
            self._buffer[offset : offset + len(data)] = data
            return
        if self._file is None:
            self._target.parent.mkdir(parents=True, exist_ok=True)
            self._part = self._target.with_name(f".{self._target.name[:80]}.{secrets.token_hex(4)}.part")
            self._file = open(self._part, "xb+")  # noqa: SIM115 - closed by finish or abort
        os.pwrite(self._file.fileno(), data, offset)

    def finish(self) -> None:
        """Check the content and let it appear; `TransferFailed` when it is not what the core promised."""
        try:
            if self._target is None:
                if hashlib.sha256(self._buffer).hexdigest() != self._ref.hash:
                    raise TransferFailed(f"{self._ref.path}: the bytes received do not have the promised hash")
                self.data = bytes(self._buffer)
                return
            self.write(0, b"")
            assert self._file is not None
            assert self._part is not None
            if hash_file(self._part) != (self._ref.hash, self._ref.size):
                raise TransferFailed(f"{self._ref.path}: the bytes received do not have the promised hash")
            os.fchmod(self._file.fileno(), self._ref.mode & 0o777 | 0o600)
            os.replace(self._part, self._target)
            self._part = None
        finally:
            self.abort()

    def abort(self) -> None:
        """Leave nothing behind; harmless after `finish`."""
        self._buffer = bytearray()
        if self._file is not None:
            self._file.close()
            self._file = None
        if self._part is not None:
            with contextlib.suppress(OSError):
                self._part.unlink()
            self._part = None


def safe_path(root: Path, relative: str) -> Path:
    """Where a file of a run is laid under `root`; refuses a path that would leave it."""
    parts = Path(relative).parts
    if not parts or Path(relative).is_absolute() or ".." in parts or "\0" in relative:
        raise TransferFailed(f"the output's path {relative!r} leaves its folder")
    return root.joinpath(*parts)
