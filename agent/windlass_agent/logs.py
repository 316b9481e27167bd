"""Where an attempt's output goes: memory while it is small, then files; capped, with both ends kept.

A log over its cap keeps its first half and the newest of the rest. What falls out of the middle is counted and a
note in the finished log says so. While the attempt runs, offsets count all that was ever written, so a reader that
asks for a part that is gone gets the next one that is there, with its true offset.
"""

from __future__ import annotations

import contextlib
import os

from windlass.wire import limits
from windlass.wire.logs import NOTE, encode_record, records_at

DEFAULT_CAP = 64 * 1024 * 1024


class _Part:
    """A stretch of records in a file: `start` is its place in all that was written."""

    def __init__(self, path: str, start: int) -> None:
        self.path = path
        self.start = start
        self.size = 0
        self._file = open(path, "wb", buffering=0)  # noqa: SIM115 - closed by `close`

    @property
    def end(self) -> int:
        return self.start + self.size

    def append(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[self._file.write(view) :]
        self.size += len(data)

    def part(self, offset: int, limit: int) -> bytes:
        """Bytes from `offset` of this stretch on."""
        with open(self.path, "rb") as file:
            file.seek(offset)
            return file.read(min(limit, self.size - offset))

    def close(self) -> None:
        self._file.close()

    def drop(self) -> None:
        self.close()
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path)


class LogSink:
    """The growing log of one attempt. `path` is where the file goes if one is needed."""

    def __init__(self, path: str, cap: int = DEFAULT_CAP, inline: int = limits.INLINE_LOG) -> None:
        self.size = 0
        """Bytes of records ever written."""
        self.shed = 0
        """Bytes of records left out of the middle."""
        self.failed = ""
        """Why the log ends early (a full disk); the attempt goes on."""
        self._path = path
        self._inline = inline
        self._half = max(cap // 2, 4096)
        self._memory = bytearray()
        self._head: _Part | None = None
        self._tail: list[_Part] = []
        self._serial = 0

    def write(self, time: float, stream: int, data: bytes) -> None:
        """Take a piece of output."""
        if self.failed or not data:
            return
        record = encode_record(time, stream, data)
        try:
            self._append(record)
        except OSError as error:
            self.failed = f"the log ends here: {error.strerror or error}"
        else:
            self.size += len(record)

    def note(self, time: float, text: str) -> None:
        """A line of our own."""
        self.write(time, NOTE, text.encode("utf-8", "replace"))

    def _append(self, record: bytes) -> None:
        if self._head is None:
            if len(self._memory) + len(record) <= self._inline:
                self._memory += record
                return
            os.makedirs(os.path.dirname(self._path), exist_ok=True)
            self._head = _Part(self._path, 0)
            self._head.append(bytes(self._memory))
            self._memory.clear()
        if not self._tail and self._head.size + len(record) <= self._half:
            self._head.append(record)
            return
        if not self._tail or self._tail[-1].size + len(record) > self._half // 2:
            self._serial += 1
            part = _Part(f"{self._path}.{self._serial}", self.size)
            self._tail.append(part)
            if len(self._tail) > 3:
                oldest = self._tail.pop(0)
                self.shed += oldest.size
                oldest.drop()
        self._tail[-1].append(record)

    def tail(self, offset: int, limit: int) -> tuple[int, bytes]:
        """Whole records from `offset` on, at most `limit` bytes of them; and their true offset.

        An offset between two records goes on to the next one; a negative one counts from the end.
        """
        limit = max(limit, 64)
        if self._head is None:
            memory = bytes(self._memory)
            return records_at(lambda at, length: memory[at : at + length], self.size, offset, limit)
        if offset < 0:
            back = min(-offset, limit)
            last = (self._head, *self._tail)[-1]
            if back <= last.size:
                at, data = records_at(last.part, last.size, -back, limit)
                return last.start + at, data
            offset = max(0, self.size - back)
        for part in (self._head, *self._tail):
            if offset < part.end:
                at, data = records_at(part.part, part.size, max(offset, part.start) - part.start, limit)
                return part.start + at, data
        return self.size, b""

    def finish(self, time: float) -> tuple[bytes, str]:
        """The whole log when it is small, else its file; empty when it has none. Nothing may be written after this."""
        if self.failed:
            note = encode_record(time, NOTE, self.failed.encode())
            if self._head is None:
                return bytes(self._memory) + note, ""
        if self._head is None:
            return bytes(self._memory), ""
        try:
            if self.shed:
                text = f"{self.shed} bytes of log were left out here (the cap is {2 * self._half} bytes)"
                self._head.append(encode_record(time, NOTE, text.encode()))
            for part in self._tail:
                part.close()
                with open(part.path, "rb") as file:
                    while data := file.read(1024 * 1024):
                        self._head.append(data)
                part.drop()
        except OSError:
            for part in self._tail:  # the disk is full: the first half alone is still a log
                self.shed += part.size
                part.drop()
        self._tail.clear()
        self._head.close()
        return b"", self._path

    def discard(self) -> None:
        """Forget everything."""
        for part in (self._head, *self._tail):
            if part is not None:
                part.drop()
        self._head, self._tail = None, []
        with contextlib.suppress(OSError):
            os.unlink(self._path)
