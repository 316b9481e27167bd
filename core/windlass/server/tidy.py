"""Blobs that no run needs any more go away; those that may still be about to be needed stay.

A blob is brought before the message that names it (a submit, an end), and the two may lie far apart: the core was
down, the agent was cut off. So what nobody names is kept for a while after it came or was last offered.
"""

from __future__ import annotations

import logging
import time
from collections import deque

from windlass.blobs.store import BlobError, BlobStore
from windlass.model.words import counted
from windlass.store import records
from windlass.store.reader import Reader
from windlass.store.store import Store

log = logging.getLogger("windlass.tidy")

FRESH = 600.0
"""Seconds: a deleted run's blob that came or was offered so lately may be on its way into another run."""
UNNAMED = 7 * 86400.0
"""Seconds that a blob nobody ever named is kept."""


class Tidy:
    def __init__(self, blobs: BlobStore, reader: Reader, store: Store) -> None:
        self._blobs = blobs
        self._reader = reader
        self._store = store
        self.hold = False
        """While a copy is made, nothing is removed: the copy has begun to name what it takes."""
        self.now = 0.0
        """By the loop's clock; files' times are the wall clock's."""
        self._again: deque[tuple[float, str]] = deque()
        """(when, blob) to be looked at again."""

    def forget(self, hashes: list[str], now: float | None = None) -> int:
        """A run was deleted, durably: remove what only it needed; how many blobs that were."""
        if self.hold:
            self.look_at(hashes)
            return 0
        return self._remove(hashes, FRESH, self._earliest() if now is None else now, again=True)

    def look_at(self, hashes: list[str]) -> None:
        """As `forget`, a few at a time."""
        self._again.extendleft((0.0, hash) for hash in hashes)

    def next_deadline(self) -> float | None:
        return self._again[0][0] if self._again and not self.hold else None

    def tick(self, now: float, most: int) -> int:
        """Look at some of what was too fresh to be removed, or had to wait; how many were looked at."""
        self.now = now
        due: list[str] = []
        while not self.hold and self._again and self._again[0][0] <= now and len(due) < most:
            due.append(self._again.popleft()[1])
        if due:
            self.forget(due)
        return len(due)

    def sweep(self, now: float | None = None) -> int:
        """Look at all blobs, once a start."""
        return self._remove(list(self._blobs.hashes()), UNNAMED, self._earliest() if now is None else now)

    def _earliest(self) -> float:
        """The earlier of the wall clock and the loop's: when one of them was set, no file looks older than it is."""
        return min(time.time(), self.now) if self.now else time.time()

    def _remove(self, hashes: list[str], age: float, now: float, again: bool = False) -> int:
        gone = []
        for hash in hashes:
            if self._reader.needed(hash):
                continue
            try:
                left = age - (now - self._blobs.touched(hash))
                if left <= 0:
                    self._blobs.remove(hash)
                    gone.append(hash)
                elif again:
                    self._again.append((self.now + min(left, FRESH), hash))
            except (BlobError, OSError) as error:
                log.warning("blob %s: %s", hash, error)
        if gone:
            self._store.write(records.BLOB_GONE, [(hash,) for hash in gone])
            log.info("removed %s that no run needs", counted(len(gone), "file"))
        return len(gone)
