"""The form of a log: a sequence of records, each a piece of one stream with the time at which it was read.

    [u64 microseconds since the epoch][u8 stream][u32 length][bytes]          little endian

A log is cut between records only, but a reader may hold a part of it (it grows, or was asked for by offset), so
`LogReader` takes bytes in any pieces and keeps an unfinished record until the rest comes.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator
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


_PLAUSIBLE = range(946_684_800_000_000, 4_102_444_800_000_000)
"""Microseconds of the years 2000 to 2100: what a record's time may be."""
_HEADERLIKE = re.compile(rb"[\x03-\x0e]\x00[\x01-\x03][\x00-\xff]{2}[\x00-\x10]\x00")
"""The last seven bytes of a plausible header: high bytes of the time, the stream, and the length."""
_SURE = 8
"""Headers in a row that must make sense."""


def resync(data: bytes) -> int:
    """Where the first record begins in bytes that were cut anywhere: from there on every header must make sense.

    `len(data)` when none does. A task that writes what looks like records can mislead this, but only about itself.
    """
    at = 0
    while (found := _HEADERLIKE.search(data, at)) is not None:
        start, at = found.start() - 6, found.start() + 1
        if start >= 0 and _makes_sense(data, start):
            return start
    return len(data)


def _makes_sense(data: bytes, at: int) -> bool:
    seen = 0
    while at + HEADER.size <= len(data) and seen < _SURE:
        stamp, stream, length = HEADER.unpack_from(data, at)
        if stamp not in _PLAUSIBLE or not OUT <= stream <= NOTE or length > RECORD_LIMIT:
            return False
        at += HEADER.size + length
        seen += 1
    return seen > 0


def records_at(read: Callable[[int, int], bytes], size: int, offset: int, limit: int) -> tuple[int, bytes]:
    """Whole records from `offset` on, at most `limit` bytes of them but at least one, and their true offset.

    `read` gives bytes from an offset on. An offset between two records goes on to the next one; a negative one counts
    from the end. Never reads more than a record and the limit, however large the log.
    """
    if offset < 0:
        back = min(-offset, limit)
        start = max(0, size - back)
        raw = read(start, size - start)
        if start == 0:
            return 0, raw
        at = resync(raw)
        if at < len(raw):
            return start + at, raw[at:]
        # The last record is longer than what was asked for: its end, under a header of its own.
        start = max(0, size - back - RECORD_LIMIT - HEADER.size)
        raw = read(start, size - start)
        data = last_records(raw[resync(raw) if start else 0 :], back)
        return size - len(data), data
    raw = read(offset, max(limit, RECORD_LIMIT + 64))
    if offset and not (len(raw) >= HEADER.size and _makes_sense(raw, 0)):
        at = resync(raw)
        if at < len(raw):
            return offset + at, whole_records(raw, at, limit)
    try:
        return offset, whole_records(raw, 0, limit)
    except ValueError:
        return offset, raw[:limit]


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


def end_of(data: bytes, stream: int, limit: int) -> bytes:
    """The last `limit` bytes that were written to one stream, without looking into the others. Damage ends it."""
    places: list[tuple[int, int]] = []
    try:
        for first, end, _, of in _scan(data):
            if of == stream:
                places.append((first + HEADER.size, end))
    except ValueError:
        pass
    found: list[bytes] = []
    left = limit
    for first, end in reversed(places):
        found.append(data[max(first, end - left) : end])
        left -= end - first
        if left <= 0:
            break
    return b"".join(reversed(found))


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
