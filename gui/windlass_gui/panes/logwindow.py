"""Which part of a log is loaded, and what to ask for next. Pure: no Qt, no IO.

A log may be larger than anyone wants to load, so a window of it is held: it begins near the end, follows the tail, and
moves towards the beginning piece by piece when a person asks. Offsets are bytes of the log's records.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from windlass.wire.logs import RECORD_LIMIT, Record, read, resync

PIECE = 32 * 1024
"""Bytes asked for at once."""
HELD = 1024 * 1024
"""Bytes of records that the window holds at most; what is laid out again when a piece comes before it."""
LINES = 6000
"""Lines that the window holds at most (one piece may have more)."""


@dataclass(frozen=True, slots=True)
class Ask:
    """What to ask the core for: `GetLog`'s offset and limit, and whether the answer may wait for more output."""

    offset: int
    limit: int
    wait: bool


@dataclass(slots=True)
class _Piece:
    offset: int
    data: bytes
    lines: int = 0

    def __post_init__(self) -> None:
        self.lines = self.data.count(b"\n")

    @property
    def end(self) -> int:
        return self.offset + len(self.data)


class LogWindow:
    """Pieces of one attempt's log, contiguous, oldest first."""

    def __init__(self) -> None:
        self._pieces: deque[_Piece] = deque()
        self.size = 0
        """Of the whole log, as last told."""
        self.ended = False
        self.shed = 0
        """Bytes that the agent left out of the middle."""
        self.begun = False
        self._reach = PIECE
        """How far before the window the next piece is looked for: a single record may be longer than a piece."""

    @property
    def start(self) -> int:
        return self._pieces[0].offset if self._pieces else 0

    @property
    def end(self) -> int:
        return self._pieces[-1].end if self._pieces else 0

    @property
    def at_end(self) -> bool:
        """The window reaches the log's end (as last told)."""
        return self.begun and self.end >= self.size

    @property
    def complete(self) -> bool:
        return self.ended and self.at_end

    def first(self) -> Ask:
        """The end of the log, whatever its size is."""
        return Ask(-PIECE, PIECE, wait=False)

    def later(self) -> Ask:
        return Ask(self.end, PIECE, wait=self.at_end)

    def earlier(self) -> Ask | None:
        """The piece before the window; None when there is none."""
        if not self.start:
            return None
        offset = max(0, self.start - self._reach)
        return Ask(offset, self.start - offset, wait=False)

    @staticmethod
    def around(offset: int) -> Ask:
        """A piece from the first record at or behind an offset on, to begin anew there."""
        return Ask(max(0, offset), PIECE, wait=False)

    def told(self, size: int, ended: bool, shed: int) -> None:
        self.size, self.ended, self.shed, self.begun = size, ended, shed, True

    def append(self, offset: int, data: bytes) -> list[Record] | None:
        """Records at the end; None when they do not follow (the log was begun anew): start over."""
        if self._pieces and offset != self.end:
            return None
        if not self._pieces and offset:
            skipped = resync(data)
            offset, data = offset + skipped, data[skipped:]
        if data:
            self._pieces.append(_Piece(offset, data))
        while self._too_large():
            self._pieces.popleft()
        return read(data)

    def prepend(self, offset: int, data: bytes) -> bool:
        """Records before the window; those at its end go when it gets too large. False when they do not reach it."""
        start = self.start
        if offset >= start or offset + len(data) < start:
            self._reach = min(self._reach * 4, RECORD_LIMIT + PIECE)
            return False
        self._reach = PIECE
        self._pieces.appendleft(_Piece(offset, data[: start - offset]))
        while self._too_large():
            self._pieces.pop()
        return True

    def _too_large(self) -> bool:
        lines = sum(piece.lines for piece in self._pieces)
        return len(self._pieces) > 1 and (self.end - self.start > HELD or lines > LINES)

    def records(self) -> Iterable[Record]:
        """All that is held. Pieces are whole records each."""
        for piece in self._pieces:
            yield from read(piece.data)
