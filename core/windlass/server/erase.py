"""Deleted runs leave the store a little at a time, so that a run of a million items does not hold up the others.

A run is gone from sight with its own row; a setting says that more of it is left, so that a restart goes on. Each step
takes a bounded number of rows and bytes and is a commit like any other; the next one begins when it is durable.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from contextlib import closing, suppress
from functools import partial

from windlass.server.tidy import Tidy
from windlass.store import records
from windlass.store.reader import Reader
from windlass.store.store import Store

log = logging.getLogger("windlass.erase")

ROWS = 500
"""Rows of one step; a run with no more attempts than that goes at once."""
WEIGHT = 1024 * 1024
"""Bytes of logs and results after which a step takes no further row."""
FILES = 100
"""Blobs of one step."""
PAGES = 100
"""Pages given back to the disk in one step."""
PAUSE = 0.005
"""Seconds between two steps, for everybody else."""


class Eraser:
    """Deletes what is left of deleted runs, a step a turn: `begin` with a run, `tick` when `next_deadline` says so."""

    def __init__(self, store: Store, reader: Reader, tidy: Tidy, later: Callable[[Callable[[], object]], None]) -> None:
        self._store = store
        self._reader = reader
        self._tidy = tidy
        self._later = later
        self._left: deque[int] = deque(reader.gone_runs())
        self._under_way = False
        self._due: float | None = 0.0 if self._left else None
        self._shrink = False
        self._checkpoint: threading.Thread | None = None
        self._not_before = 0.0
        self.now = 0.0

    @property
    def left(self) -> int:
        """Runs of which something is still there; space to be given back counts as one."""
        busy = self._shrink or (self._checkpoint is not None and self._checkpoint.is_alive())
        return len(self._left) + int(busy)

    def has(self, run: int) -> bool:
        return run in self._left

    def begin(self, run: int) -> None:
        """A run was deleted: its rows go, and what only it needed goes once that is durable."""
        if self._reader.at_most(run, ROWS):
            self._later(partial(self._tidy.forget, self._reader.blobs_of(run)))
            for sql in records.RUN_DELETE:
                self._store.write(sql, [(run,)])
            return
        self._store.write(records.RUN_DELETE[0], [(run,)])
        self._store.write(records.SETTING, [(f"gone.{run}", "")])
        self._left.append(run)
        self._due = self.now

    def shrink(self) -> None:
        """When all is erased, give the space back to the disk."""
        self._shrink = self._under_way = True
        self._later(self._done)  # what is being deleted must be seen to be free

    def next_deadline(self) -> float | None:
        if self._under_way or self._store.problem:
            return None
        due = [at for at in (self._due, self._tidy.next_deadline()) if at is not None]
        return max(min(due), self._not_before) if due else None

    def tick(self, now: float) -> None:
        self.now = now
        if self._under_way or now < self._not_before or self._store.problem:
            return
        if self._tidy.tick(now, FILES):
            self._not_before = now + PAUSE
            return
        if self._due is None or now < self._due:
            return
        if self._left:
            self._step(self._left[0])
        elif self._shrink and self._reader.free_pages():
            for _ in range(PAGES):
                self._store.write(records.GIVE_BACK, [()])
        else:
            self._due = None
            if self._shrink:
                self._shrink = False
                # On a connection of its own: it waits for the disk, and nobody else has to.
                self._checkpoint = threading.Thread(target=self._cut_file, name="windlass-checkpoint", daemon=True)
                self._checkpoint.start()
            return
        self._under_way = True
        self._later(self._done)

    def _done(self) -> None:
        self._under_way = False
        self._due = self._not_before = self.now + PAUSE

    def _step(self, run: int) -> None:
        hashes = self._reader.some_blobs_of(run, FILES)
        if hashes:
            self._store.write(records.REF_GONE, [(hash, run) for hash in hashes])
            self._later(partial(self._tidy.forget, hashes))
            return
        if seqs := self._reader.some_attempts_of(run, ROWS, WEIGHT):
            self._store.write(records.ATTEMPT_GONE, [(seq,) for seq in seqs])
            return
        for table, sql in records.PART_GONE.items():
            if self._reader.any_of(table, run):
                self._store.write(sql, [(run, ROWS)])
                return
        for sql in records.RUN_DELETE:
            self._store.write(sql, [(run,)])
        self._store.write(records.SETTING_GONE, [(f"gone.{run}",)])
        self._left.popleft()
        log.info("nothing is left of run %d", run)

    def _cut_file(self) -> None:
        with suppress(Exception), closing(self._store.second()) as db:
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
