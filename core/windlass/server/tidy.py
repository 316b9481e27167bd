"""Blobs that no run needs any more go away; those that may still be about to be needed stay.

A blob is brought before the message that names it (a submit, an end), and the two may lie far apart: the core was
down, the agent was cut off. So what nobody names is kept for a while after it came or was last offered.
"""

from __future__ import annotations

import logging
import time

from windlass.blobs.store import BlobError, BlobStore
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

    def forget(self, hashes: list[str], now: float | None = None) -> int:
        """A run was deleted, durably: remove what only it needed; how many blobs that were."""
        return self._remove(hashes, FRESH, time.time() if now is None else now)

    def sweep(self, now: float | None = None) -> int:
        """Look at all blobs, once a start."""
        return self._remove(list(self._blobs.hashes()), UNNAMED, time.time() if now is None else now)

    def _remove(self, hashes: list[str], age: float, now: float) -> int:
        gone = []
        for hash in hashes:
            if self._reader.needed(hash):
                continue
            try:
                if now - self._blobs.touched(hash) >= age:
                    self._blobs.remove(hash)
                    gone.append(hash)
            except (BlobError, OSError) as error:
                log.warning("blob %s: %s", hash, error)
        if gone:
            self._store.write(records.BLOB_GONE, [(hash,) for hash in gone])
            log.info("removed %d files that no run needs", len(gone))
        return len(gone)
