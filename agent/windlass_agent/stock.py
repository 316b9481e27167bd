"""Which of this machine's blobs which run needs, and what becomes of those that no run needs any more.

Inputs, outputs and logs stay until the core says that their run is over: a task that comes next may want them. What an
earlier life of the agent left belongs to nobody that is known; it goes when it has lain for a while and no run asked
for it.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections import deque
from collections.abc import Iterable

from windlass_agent.transfers import Transfers
from windlass_agent.worker import Worker

PATIENCE = 3600.0
"""Seconds for which a blob is kept that no run needs, and between two looks for such."""
AT_ONCE = 200
"""Blobs that are removed in one go."""
_now = time.time


class Stock:
    def __init__(self, transfers: Transfers, worker: Worker) -> None:
        self._transfers = transfers
        self._worker = worker
        self._needed: dict[int, set[str]] = {}
        """Run -> blobs that its attempts need or have made, whoever brought them here."""
        self._look_at: float | None = None
        self._old: deque[str] = deque()
        """Found by the last look."""

    def need(self, run: int, digests: Iterable[str]) -> None:
        self._needed.setdefault(run, set()).update(digests)

    def over(self, run: int) -> None:
        """The run needs nothing any more."""
        mine = self._needed.pop(run, set())
        for digest in mine - set().union(*self._needed.values()):
            self._transfers.forget(digest)

    def tidy(self, now: float) -> None:
        """Now and then: look in a thread for what has lain long, and remove what no run needs, some at a time."""
        if self._look_at is None:
            self._look_at = now + PATIENCE
        elif now >= self._look_at:
            self._look_at = now + PATIENCE
            self._worker.submit(self._find, lambda found, _: self._old.extend(found or ()))
        if self._old:
            needed = set().union(*self._needed.values())
            for _ in range(min(AT_ONCE, len(self._old))):
                if (digest := self._old.popleft()) not in needed:
                    self._transfers.forget(digest)

    def _find(self) -> list[str]:
        """In a thread."""
        store, before, found = self._transfers.store, _now() - PATIENCE, []
        for digest in store.hashes():
            # When it became a blob: an output may bring an older time of its content along.
            with contextlib.suppress(OSError):  # it went meanwhile
                if os.stat(store.path(digest)).st_ctime < before:
                    found.append(digest)
        return found
