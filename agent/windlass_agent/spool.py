"""Ends that the core has not acknowledged, kept on disk so that a killed agent still tells them.

Append-only files: one record a batch, `[u32 length][u32 crc][msgpack]`, written before the batch is sent and not forced
to disk (the page cache survives the process; a machine that loses power loses its agents' leases too). A file goes
when every end in it is acknowledged. After a crash some that were acknowledged may be told again; the core drops them.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterable
from pathlib import Path

import msgspec

from windlass.wire.messages import Exit, Key
from windlass_agent.attempts import Id, id_of

SEGMENT = 8 * 1024 * 1024
"""Bytes after which a new file is begun."""
TIDY = 256 * 1024
"""Bytes from which a file without open ends is emptied at once."""
_FRAME = struct.Struct("<II")
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[tuple[Exit, bytes]]).decode
End = tuple[Exit, bytes]


class _Segment:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.open: set[Id] = set()
        self.size = 0


class Spool:
    def __init__(self, root: Path) -> None:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._root = root
        self._ends: dict[Id, tuple[Exit, bytes, _Segment]] = {}
        self._serial = 0
        self._fd: int | None = None
        self._segment: _Segment | None = None
        self.problem = ""
        """Why ends are only kept in memory at the moment; empty while the disk takes them."""
        for path in sorted(root.glob("*.ends")):
            self._load(path)
            self._serial = max(self._serial, int(path.stem) if path.stem.isdigit() else 0)

    def __len__(self) -> int:
        return len(self._ends)

    def _load(self, path: Path) -> None:
        """Read what an earlier life left; a torn record ends the file."""
        segment = _Segment(path)
        data = path.read_bytes()
        at = 0
        while len(data) - at >= _FRAME.size:
            length, crc = _FRAME.unpack_from(data, at)
            body = data[at + _FRAME.size : at + _FRAME.size + length]
            if len(body) < length or zlib.crc32(body) != crc:
                break
            try:
                ends = _decode(body)
            except msgspec.MsgspecError:
                break  # of another version: nothing can be made of it
            for exit, payload in ends:
                id = id_of(exit.key)
                segment.open.add(id)
                self._ends[id] = (exit, payload, segment)
            at += _FRAME.size + length
        if not segment.open:
            path.unlink(missing_ok=True)

    def add(self, ends: list[End]) -> None:
        """Keep a batch, before it is sent."""
        segment = self._current()
        body = _encode(ends)
        record = _FRAME.pack(len(body), zlib.crc32(body)) + body
        try:
            if self._fd is None:
                self._fd = os.open(segment.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
            if os.write(self._fd, record) < len(record):
                raise OSError(28, "no space left on the disk")
            segment.size += len(record)
            self.problem = ""
        except OSError as error:
            self.problem = error.strerror or str(error)
            segment.size = SEGMENT + 1  # what follows a torn record would not be read again: begin another file
        for exit, payload in ends:
            id = id_of(exit.key)
            segment.open.add(id)
            self._ends[id] = (exit, payload, segment)

    def _current(self) -> _Segment:
        if self._segment is None or self._segment.size > SEGMENT:
            self._close_file()
            self._serial += 1
            self._segment = _Segment(self._root / f"{self._serial:08d}.ends")
        return self._segment

    def ack(self, keys: Iterable[Key]) -> None:
        """The core holds these durably, or does not want them."""
        for key in keys:
            id = id_of(key)
            found = self._ends.pop(id, None)
            if found is None:
                continue
            segment = found[2]
            segment.open.discard(id)
            if not segment.open:
                self._done(segment)

    def _done(self, segment: _Segment) -> None:
        if segment is not self._segment:
            segment.path.unlink(missing_ok=True)
        elif segment.size >= TIDY and self._fd is not None:
            os.ftruncate(self._fd, 0)
            segment.size = 0

    def holds(self, id: Id) -> bool:
        return id in self._ends

    def ends(self) -> list[End]:
        """All that is not acknowledged, oldest first."""
        return [(exit, payload) for exit, payload, _ in self._ends.values()]

    def _close_file(self) -> None:
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def close(self) -> None:
        self._close_file()
        if self._segment is not None and not self._segment.open:
            self._segment.path.unlink(missing_ok=True)
