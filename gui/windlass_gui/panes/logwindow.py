"""Which part of a log is loaded, and what to ask for next. Pure: no Qt, no IO.

A log may be larger than anyone wants to load, so a window of it is held: it begins near the end, follows the tail, and
moves towards the beginning piece by piece when a person asks. Offsets are bytes of the log's records.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from windlass.wire.logs import Record, read

PIECE = 256 * 1024
"""Bytes asked for at once."""
HELD = 4 * 1024 * 1024
"""Bytes of records that the window holds at most."""


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

    def earlier(self) -> Ask:
        """The piece before the window. Counted from the end, since only there the core finds where records begin."""
        return Ask(min(-1, self.start - self.size - PIECE), PIECE, wait=False)

    def told(self, size: int, ended: bool, shed: int) -> None:
        self.size, self.ended, self.shed, self.begun = size, ended, shed, True

    def append(self, offset: int, data: bytes) -> list[Record] | None:
        """Records at the end; None when they do not follow (the log was begun anew): start over."""
        if self._pieces and offset != self.end:
            return None
        if data:
            self._pieces.append(_Piece(offset, data))
        while self.end - self.start > HELD and len(self._pieces) > 1:
            self._pieces.popleft()
        return read(data)

    def prepend(self, offset: int, data: bytes) -> bool:
        """Records before the window; those at its end go when it gets too large. False when they do not reach it."""
        start = self.start
        if offset >= start or offset + len(data) < start:
            return False
        self._pieces.appendleft(_Piece(offset, data[: start - offset]))
        while self.end - self.start > HELD and len(self._pieces) > 1:
            self._pieces.pop()
        return True

    def records(self) -> Iterable[Record]:
        """All that is held. Pieces are whole records each."""
        for piece in self._pieces:
            yield from read(piece.data)
