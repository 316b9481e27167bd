"""The form of a log: a sequence of records, each a piece of one stream with the time at which it was read.

    [u64 microseconds since the epoch][u8 stream][u32 length][bytes]          little endian

A log is cut between records only, but a reader may hold a part of it (it grows, or was asked for by offset), so
`LogReader` takes bytes in any pieces and keeps an unfinished record until the rest comes.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

OUT = 1
ERR = 2
NOTE = 3
"""Written by the agent itself, not by the attempt: what was left out, why it was killed."""

HEADER = struct.Struct("<QBI")
RECORD_LIMIT = 1024 * 1024
"""Bytes of one record; a length beyond this is damage, not a record. Writers split longer pieces."""


class Record(NamedTuple):
    """`time` in seconds since the epoch."""

    time: float
    stream: int
    data: bytes


def encode_record(time: float, stream: int, data: bytes) -> bytes:
    """One piece of output as it stands in a log (several records when it is longer than one may be)."""
    stamp = max(0, int(time * 1_000_000))
    if len(data) <= RECORD_LIMIT:
        return HEADER.pack(stamp, stream, len(data)) + data
    parts = (data[at : at + RECORD_LIMIT] for at in range(0, len(data), RECORD_LIMIT))
    return b"".join(HEADER.pack(stamp, stream, len(part)) + part for part in parts)


def _scan(data: bytes | memoryview, start: int = 0) -> Iterator[tuple[int, int, int, int]]:
    """(start, end, microseconds, stream) of each whole record; ends at a cut tail; ValueError on damage."""
    at, size = start, len(data)
    while size - at >= HEADER.size:
        stamp, stream, length = HEADER.unpack_from(data, at)
        if not OUT <= stream <= NOTE or length > RECORD_LIMIT:
            raise ValueError(f"no log record at byte {at}")
        end = at + HEADER.size + length
        if end > size:
            return
        yield at, end, stamp, stream
        at = end


def whole_records(data: bytes, start: int, limit: int) -> bytes:
    """The records of `data` from offset `start` (a record's start) that fit in `limit` bytes, at least one if any."""
    end = start
    for first, last, _, _ in _scan(data, start):
        if last - start > limit and first > start:
            break
        end = last
    return data[start:end]


def last_records(data: bytes | memoryview, limit: int) -> bytes:
    """As many records from the end as fit in `limit` bytes; of a last one that is longer, its end."""
    last = None
    for first, end, stamp, stream in _scan(data):
        if len(data) - first <= limit:
            return bytes(data[first:])
        last = end, stamp, stream
    if last is None or limit <= HEADER.size:
        return b""
    end, stamp, stream = last
    body = bytes(data[end - (limit - HEADER.size) : end])
    return HEADER.pack(stamp, stream, len(body)) + body


class LogReader:
    """Turns bytes that arrive in pieces into records. `damaged` is set, and reading ends, at bytes that are none."""

    def __init__(self) -> None:
        self._rest = b""
        self.damaged = False

    def feed(self, data: bytes) -> list[Record]:
        if self.damaged:
            return []
        self._rest += data
        records: list[Record] = []
        done = 0
        try:
            for first, end, stamp, stream in _scan(self._rest):
                records.append(Record(stamp / 1_000_000, stream, self._rest[first + HEADER.size : end]))
                done = end
        except ValueError:
            self.damaged = True
        self._rest = self._rest[done:]
        return records

    @property
    def pending(self) -> int:
        """Bytes of a record whose rest has not come."""
        return len(self._rest)


def read(data: bytes) -> list[Record]:
    """The whole records of a log; a cut or damaged tail is left out."""
    return LogReader().feed(data)


def to_bytes(data: bytes, streams: tuple[int, ...] = (OUT, ERR, NOTE)) -> bytes:
    """What was written, in order, without times; notes stand on lines of their own."""
    out = bytearray()
    for record in read(data):
        if record.stream not in streams:
            continue
        if record.stream == NOTE:
            if out and not out.endswith(b"\n"):
                out += b"\n"
            out += b"[windlass] " + record.data.rstrip(b"\n") + b"\n"
        else:
            out += record.data
    return bytes(out)


def to_text(data: bytes, streams: tuple[int, ...] = (OUT, ERR, NOTE)) -> str:
    """As `to_bytes`, for people: bytes that are no UTF-8 become the replacement character."""
    return to_bytes(data, streams).decode("utf-8", "replace")
