"""Ends that the core has not acknowledged, kept on disk so that a killed agent still tells them.

Append-only files: one record a message, `[u32 length][u32 crc][msgpack list of its frames]`, written before it is sent
and not forced to disk (the page cache survives the process; a machine that loses power loses its agents' leases too).
What is kept is what is sent, so a message is encoded once. A file goes when every end in it is acknowledged. After a
crash some that were acknowledged may be told again; the core drops them.
"""

from __future__ import annotations

import itertools
import os
import struct
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from windlass.wire.clock import epoch
from windlass.wire.codec import WireError, decode
from windlass.wire.messages import Exited, Key, Succeeded
from windlass_agent.attempts import Id, id_of

SEGMENT = 8 * 1024 * 1024
"""Bytes after which a new file is begun."""
TIDY = 256 * 1024
"""Bytes from which a file without open ends is emptied at once."""
_FRAME = struct.Struct("<II")
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[bytes]).decode
Ends = Exited | Succeeded


def ids_of(message: Ends) -> list[Id]:
    """The attempts that it tells the end of, in its order."""
    if isinstance(message, Exited):
        return [id_of(exit.key) for exit in message.items]
    run, task = message.run, message.task
    if message.tasks:
        return [(run, *end) for end in zip(message.tasks, message.items, message.attempts, strict=True)]
    return [(run, task, index, attempt) for index, attempt in zip(message.items, message.attempts, strict=True)]


class _Segment:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.open = 0
        """Ends in it that are not acknowledged."""
        self.size = 0


class _Kept:
    """One message, while any of its ends is open."""

    __slots__ = ("ids", "message", "open", "payload", "segment")

    def __init__(self, message: Ends, payload: Sequence[bytes], ids: list[Id], segment: _Segment) -> None:
        self.message = message
        self.payload = payload
        self.ids = ids
        self.open = len(ids)
        self.segment = segment


class Spool:
    def __init__(self, root: Path) -> None:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._root = root
        self._by_id: dict[Id, _Kept] = {}
        self._batches: dict[int, _Kept] = {}
        """The messages of successes by their numbers."""
        # Numbers go on rising from one life to the next: what is acknowledged late is what was meant.
        self._numbers = itertools.count(int(epoch() * 1_000_000))
        self._serial = 0
        self._fd: int | None = None
        self._segment: _Segment | None = None
        self.problem = ""
        """Why ends are only kept in memory at the moment; empty while the disk takes them."""
        for path in sorted(root.glob("*.ends")):
            self._load(path)
            self._serial = max(self._serial, int(path.stem) if path.stem.isdigit() else 0)

    def __len__(self) -> int:
        return len(self._by_id)

    def new_batch(self) -> int:
        return next(self._numbers)

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
                message, payload = decode(_decode(body))
            except (msgspec.MsgspecError, WireError):
                break  # of another version: nothing can be made of it
            if isinstance(message, Ends):
                self._hold(message, payload, segment)
            at += _FRAME.size + length
        if not segment.open:
            path.unlink(missing_ok=True)

    def _hold(self, message: Ends, payload: Sequence[bytes], segment: _Segment) -> None:
        ids = ids_of(message)
        kept = _Kept(message, payload, ids, segment)
        segment.open += len(ids)
        self._by_id.update(dict.fromkeys(ids, kept))
        if isinstance(message, Succeeded):
            self._batches[message.batch] = kept

    def add(
        self,
        message: Ends,
        payload: Sequence[bytes],
        frames: list[bytes],
        post: Callable[[list[bytes]], None] | None = None,
    ) -> None:
        """Keep a message. Its frames are sent once they are on disk, and before all else: somebody may wait."""
        segment = self._current()
        body = _encode(frames)
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
        if post is not None:
            post(frames)
        self._hold(message, payload, segment)

    def _current(self) -> _Segment:
        if self._segment is None or self._segment.size > SEGMENT:
            self._close_file()
            self._serial += 1
            self._segment = _Segment(self._root / f"{self._serial:08d}.ends")
        return self._segment

    def ack(self, ids: Iterable[Id]) -> None:
        """The core holds these durably, or does not want them."""
        for id in ids:
            kept = self._by_id.pop(id, None)
            if kept is not None:
                self._closed(kept, 1)

    def ack_batches(self, batches: Iterable[int]) -> None:
        """The same for all ends of these messages."""
        for batch in batches:
            kept = self._batches.get(batch)
            if kept is not None:
                mine = self._by_id.pop
                for id in kept.ids:
                    mine(id, None)
                self._closed(kept, kept.open)

    def _closed(self, kept: _Kept, count: int) -> None:
        segment = kept.segment
        kept.open -= count
        segment.open -= count
        if not kept.open and isinstance(kept.message, Succeeded):
            self._batches.pop(kept.message.batch, None)
        if not segment.open:
            self._done(segment)

    def _done(self, segment: _Segment) -> None:
        if segment is not self._segment:
            segment.path.unlink(missing_ok=True)
        elif segment.size >= TIDY and self._fd is not None:
            os.ftruncate(self._fd, 0)
            segment.size = 0

    def holds(self, id: Id) -> bool:
        return id in self._by_id

    def held(self) -> list[tuple[Key, str]]:
        """The keys of all ends that are not acknowledged, and their outcomes."""
        found: list[tuple[Key, str]] = []
        for message, _ in self.messages():
            if isinstance(message, Exited):
                found += [(exit.key, exit.outcome) for exit in message.items]
            else:
                found += [(Key(*id, message.epoch), "ok") for id in ids_of(message)]
        return found

    def messages(self) -> Iterator[tuple[Ends, list[bytes]]]:
        """All that is not acknowledged, oldest first, with the payloads."""
        for kept in dict.fromkeys(self._by_id.values()):
            places = [place for place, id in enumerate(kept.ids) if self._by_id.get(id) is kept]
            yield _only(kept.message, places), [kept.payload[place] for place in places]

    def _close_file(self) -> None:
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def close(self) -> None:
        self._close_file()
        if self._segment is not None and not self._segment.open:
            self._segment.path.unlink(missing_ok=True)


def _only(message: Ends, places: list[int]) -> Ends:
    """The message with the ends in these places."""
    if len(places) == len(message.items):
        return message
    if isinstance(message, Exited):
        return Exited([message.items[place] for place in places])
    names = ("items", "attempts", "started", "ended", "cpu", "memory", "tasks")
    columns = {name: column for name in names if (column := getattr(message, name))}
    kept = {name: [column[place] for place in places] for name, column in columns.items()}
    return msgspec.structs.replace(message, **kept)
