"""A whole log, read in the background: for a search, or for a file. The window only ever holds a part of it."""

from __future__ import annotations

import bisect
import re
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, Signal

from windlass.wire.logs import HEADER, read
from windlass_gui.bridge import Bridge

PIECE = 1024 * 1024
"""Bytes asked for at once."""
MATCHES = 10_000
"""Matches that a search keeps; that there are more is said."""

_ESCAPES = re.compile(rb"\x1b\[[0-?]*[ -/]*[@-~]")

Item = tuple[int, int, int, int]
"""run, task, index, attempt."""


class Reading(QObject):
    """Asks for one piece after the other, until the end, a mistake, or `stop`; none while it is held."""

    progressed = Signal(int, int)
    """Bytes read, and bytes in all."""
    ended = Signal(str)
    """All was read (empty), or why not."""

    def __init__(self, bridge: Bridge, item: Item, take: Callable[[int, bytes], bool], parent: QObject) -> None:
        """`take` gets each piece (whole records) with its offset; False ends the reading."""
        super().__init__(parent)
        self._bridge, self._item, self._take = bridge, item, take
        self._over = False
        self._held = False
        self._next: int | None = None
        """Where to go on when it is no longer held."""

    def start(self) -> None:
        self._ask(0)

    def hold(self, held: bool) -> None:
        """Whoever takes the pieces has (or no longer has) as many as fit."""
        self._held = held
        if not held and self._next is not None and not self._over:
            offset, self._next = self._next, None
            self._ask(offset)

    def stop(self) -> None:
        self._over = True

    def _ask(self, offset: int) -> None:
        run, task, index, attempt = self._item
        self._bridge.get_log(run, task, index, self._arrived, self._failed, attempt, offset, PIECE)

    def _arrived(self, data: dict[str, Any], payload: list[bytes]) -> None:
        if self._over:
            return
        piece, at = payload[0] if payload else b"", int(data.get("offset", 0))
        size = int(data.get("size", 0))
        on = bool(piece) and self._take(at, piece)
        self.progressed.emit(min(size, at + len(piece)), size)
        if self._over:
            return
        if on and at + len(piece) < size:
            self._next = at + len(piece)
            self.hold(self._held)
        else:
            self._over = True
            self.ended.emit("")

    def _failed(self, reason: str) -> None:
        if not self._over:
            self._over = True
            self.ended.emit(reason)


class Search:
    """Where a text stands in a log, as offsets of bytes, piece by piece. Pure; ASCII letters match in any case."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._needle = text.encode("utf-8", "replace").lower()
        self.found: list[int] = []
        self.record_of: dict[int, int] = {}
        """Match -> where its record begins, from which it can be read."""
        self.more = False
        """There are more than `MATCHES`."""
        self._carried: dict[int, bytes] = {}

    def take(self, offset: int, piece: bytes) -> bool:
        """Look through the records of a piece; False when enough is known."""
        for stream in (1, 2, 3):
            texts: list[bytes] = []
            starts: list[int] = []
            places: list[int] = []
            at, length = offset, 0
            for record in read(piece):
                if record.stream == stream:
                    text = record.data
                    texts.append(text)
                    starts.append(length)
                    places.append(at + HEADER.size)
                    length += len(text)
                at += HEADER.size + len(record.data)
            if not texts:
                continue
            self._look(b"".join(texts), starts, places, stream)
        self.found.sort()
        if len(self.found) > MATCHES:
            del self.found[MATCHES:]
            self.more = True
        return not self.more

    def _look(self, text: bytes, starts: list[int], places: list[int], stream: int) -> None:
        carried = self._carried.get(stream, b"")
        low = (carried + text).lower()
        if b"\x1b" in low and self._needle not in low:
            # Colours may stand in the middle of a word; where it is then known by the line only.
            low = _ESCAPES.sub(lambda match: b"\0" * len(match[0]), low)
        at = low.find(self._needle)
        while at >= 0 and len(self.found) <= MATCHES:
            begins = at - len(carried)
            record = max(0, bisect.bisect_right(starts, begins) - 1)
            match = places[record] + max(0, begins - starts[record])
            self.found.append(match)
            self.record_of[match] = places[record] - HEADER.size
            at = low.find(self._needle, at + max(1, len(self._needle)))
        # A word may be cut by two pieces.
        self._carried[stream] = text[-(len(self._needle) - 1) :] if len(self._needle) > 1 else b""

    def next(self, offset: int, back: bool = False) -> int | None:
        """The match behind (or before) an offset, around the end; None without any."""
        if not self.found:
            return None
        if back:
            return self.found[bisect.bisect_left(self.found, offset) - 1]
        place = bisect.bisect_right(self.found, offset)
        return self.found[place % len(self.found)]
