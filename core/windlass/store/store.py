"""The one writer: rows gather while a commit runs, and the next commit takes them all.

The loop's thread executes the statements (fast, in memory); a second thread does nothing but `COMMIT`, which waits
for the disk. A thread that executed rows itself would have to win the interpreter's lock back after every row from
a loop that is busy. So while the disk works the loop goes on, and whatever it wrote meanwhile is one more commit.
Where the disk has been fast, a few rows are committed by the loop itself: two threads that wake each other up would
take longer.

`end_turn(then)` closes what belongs together; `then` runs, in the loop's thread, once all of it is durable, in the
order of the turns. Nothing is acknowledged before. When the disk is full the rows stay here, `problem` says why,
and `retry` tries again.
"""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from windlass.store import care
from windlass.store.schema import StoreError, migrate
from windlass.wire.clock import epoch

log = logging.getLogger("windlass.store")

RETRY = 1.0
"""Seconds between tries while the disk refuses."""
FILE = "windlass.db"
FEW = 256
"""Rows up to which the loop may commit by itself."""
FAST = 0.0015
"""Seconds that commits must have taken of late for that."""
LOG_PAGES = 4000
"""Pages in the log from which they are brought into the file, and the log begins anew."""
FRAME = 4096 + 24
"""Bytes of a page in the log."""
SLOW = 1.0
"""Seconds from which a commit is worth a word in the log."""

Rows = Sequence[Sequence[Any]]
Turn = tuple[list[tuple[str, Rows]], Callable[[], None] | None]


class Store:
    """The store of one data directory, for one process at a time."""

    def __init__(
        self, directory: Path, on_commit: Callable[[], None] = lambda: None, clock: Callable[[], float] = epoch
    ) -> None:
        """`on_commit` is called from the committing thread when `settle` has something to do: it wakes the loop.

        `clock` is the one by which `retry` is told the time.
        """
        self._clock = clock
        self.directory = directory
        self.path = directory / FILE
        self.problem = ""
        """Why nothing can be made durable at present; empty when all is well."""
        self.set_aside: Path | None = None
        """Where a damaged file was moved at this start."""
        self.copied: Path | None = None
        """The copy made at this start, before the file was brought to this version."""
        self.commits = 0
        self._lock_file = care.lock(directory)
        try:
            self._db = self._open()
        except BaseException:
            self._lock_file.close()
            raise
        self._execute = self._db.cursor().execute
        """One cursor for all that is written row by row: making one takes as long as many a statement."""
        self._place = care.Place(self.path)
        self._held: list[Turn] = []
        """Committed to a file that has lost its name; not told."""
        self._on_commit = on_commit
        self._rows: list[tuple[str, Rows]] = []
        self._waiting: deque[Turn] = deque()
        self._flight: list[Turn] = []
        self._retry_at = 0.0
        self._jobs: queue.SimpleQueue[bool] = queue.SimpleQueue()
        self._results: deque[Exception | None] = deque()
        self._busy = False
        self._settling = False
        self.pace = 0.0
        """Seconds that a commit takes; a mean that forgets."""
        self._thread = threading.Thread(target=self._commit_loop, name="windlass-commit", daemon=True)
        self._thread.start()

    # --- writing ---

    def write(self, sql: str, rows: Rows) -> None:
        """Rows of this turn; executed in the order of the calls."""
        if rows:
            self._rows.append((sql, rows))

    def end_turn(self, then: Callable[[], None] | None = None) -> None:
        """All rows since the last call belong together; `then` runs once they are durable."""
        rows, self._rows = self._rows, []
        if not rows and not self._waiting and not self._flight:
            if then is not None:
                then()
            return
        if rows or then is not None:
            self._waiting.append((rows, then))
        if not self._busy and not self.problem:
            self._go()

    def settle(self) -> None:
        """Take what the committing thread finished: run what waited for it, start the next commit."""
        self._settling = True
        try:
            while self._results:
                self._settle_one(self._results.popleft())
        finally:
            self._settling = False

    def _settle_one(self, error: Exception | None) -> None:
        self._busy = False
        if error is not None:
            self._failed(error)
            return
        self.commits += 1
        turns, self._flight = [*self._held, *self._flight], []
        self._held = []
        if gone := self._place.problem():
            # What was committed went to a file that nobody will find again: not told, unless it is put back.
            self._held = turns
            self._trouble(gone)
            return
        if self.problem:
            log.warning("the store works again")
            self.problem = ""
        if self._waiting:
            self._start()  # the disk works while the callbacks run
        for _, then in turns:
            if then is not None:
                then()

    def retry(self, now: float) -> None:
        """While `problem` stands: try again when it is time."""
        if self.problem and not self._busy and now >= self._retry_at:
            self._go()

    def next_deadline(self) -> float | None:
        return self._retry_at if self.problem and not self._busy else None

    @property
    def has_rows(self) -> bool:
        """Whether something was written since the last turn ended."""
        return bool(self._rows)

    @property
    def backlog(self) -> int:
        """Turns that are not durable yet."""
        return len(self._held) + len(self._waiting) + len(self._flight)

    def flush(self, timeout: float = 30.0) -> bool:
        """Wait until all is durable (at the end, and in tests); whether it is."""
        self.end_turn()
        end = time.monotonic() + timeout
        while self.backlog:
            if not self._busy:
                if time.monotonic() >= end or self.problem:
                    return False
                self._start()
            while not self._results and time.monotonic() < end:
                self._done.wait(0.05)
                self._done.clear()
            if not self._results:
                return False
            self.settle()
        return True

    def close(self) -> None:
        """Make everything durable that can be, and let the next process in."""
        if not self.flush():
            log.error("the store closes with changes that could not be written: %s", self.problem or "time ran out")
        self._jobs.put(False)
        self._thread.join()
        self._db.close()
        self._lock_file.close()

    def reader(self) -> sqlite3.Connection:
        """A connection that sees what is durable and cannot write."""
        db = sqlite3.connect(
            f"{self.path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None, check_same_thread=False
        )
        db.execute("PRAGMA query_only=1")
        db.execute("PRAGMA cache_size=-8000")
        return db

    def second(self) -> sqlite3.Connection:
        """Another connection that may write; for a checkpoint beside the loop."""
        return sqlite3.connect(self.path, isolation_level=None, timeout=5.0)

    # --- inside ---

    def _go(self) -> None:
        self._start()
        if self._results and not self._settling:
            self.settle()  # it was done at once

    def _start(self) -> None:
        """Execute all that waits in one transaction and hand the commit over."""
        self._flight.extend(self._waiting)
        self._waiting.clear()
        count, execute = 0, self._execute
        try:
            execute("BEGIN IMMEDIATE")
            for rows, _ in self._flight:
                for sql, values in rows:
                    count += len(values)
                    if len(values) == 1:
                        execute(sql, values[0])
                    else:
                        self._db.executemany(sql, values)
        except sqlite3.DatabaseError as error:
            self._failed(error)
            return
        self._busy = True
        if count <= FEW and self.pace < FAST:
            self._commit()
        else:
            self._jobs.put(True)

    def _failed(self, error: Exception) -> None:
        """Nothing of the flight is durable: it goes back, whole, to be tried again. A bug is not retried."""
        if self._db.in_transaction:
            with contextlib.suppress(sqlite3.Error):
                self._db.execute("ROLLBACK")
        if type(error) is sqlite3.DatabaseError:  # the file itself: it will not get better by trying
            care.suspect(self.path)
        elif not isinstance(error, sqlite3.OperationalError):
            raise error
        self._waiting.extendleft(reversed(self._flight))
        self._flight = []
        self._trouble(self._place.problem() or f"cannot write {self.path}: {error}{_advice(error)}")

    def _trouble(self, problem: str) -> None:
        if not self.problem:
            log.error("nothing can be made durable: %s. Looking again every %.0f s", problem, RETRY)
        self.problem = problem
        self._retry_at = self._clock() + RETRY

    def _commit(self) -> None:
        began = time.perf_counter()
        try:
            self._execute("COMMIT")
        except Exception as error:
            self._results.append(error)
        else:
            took = time.perf_counter() - began
            self.pace = 0.8 * self.pace + 0.2 * took
            if took > SLOW:
                log.warning(
                    "the disk is slow: a commit to %s took %.1f s; all who work with this core wait", self.path, took
                )
            self._results.append(None)

    def _commit_loop(self) -> None:
        while self._jobs.get():
            self._commit()
            self._done.set()
            self._on_commit()

    def _open(self) -> sqlite3.Connection:
        self._done = threading.Event()
        try:
            return self._checked()
        except sqlite3.OperationalError as error:
            raise StoreError(f"cannot open the store {self.path}: {error}{_advice(error)}") from None
        except (sqlite3.DatabaseError, care.Damaged) as error:
            self.set_aside = care.set_aside(self.path)
            log.error(
                "the store %s is damaged (%s). It was kept as %s; a new, empty one begins. To have your runs back, stop"
                " this core and bring back your last copy: windlass restore FILE",
                self.path,
                error,
                self.set_aside,
            )
            return self._checked()

    def _checked(self) -> sqlite3.Connection:
        created = not self.path.exists()
        db = sqlite3.connect(
            self.path, isolation_level=None, check_same_thread=False, timeout=5.0, cached_statements=256
        )
        try:
            if created:
                os.chmod(self.path, 0o600)
                db.execute("PRAGMA auto_vacuum=INCREMENTAL")
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("PRAGMA synchronous=FULL")
            db.execute(f"PRAGMA wal_autocheckpoint={LOG_PAGES}")
            db.execute("PRAGMA journal_size_limit=67108864")
            db.execute("PRAGMA cache_size=-32000")
            if not care.check(db, self.path):
                log.info("the store is large: only a part of it was checked for damage at this start")
            self.copied = care.keep_copy(db, self.path)
            if self.copied is not None:
                log.info("the store is brought to this version; as it was it stays in %s", self.copied)
            migrate(db)
            care.reserve(self.path, LOG_PAGES * FRAME)
        except BaseException:
            db.close()
            raise
        return db


def _advice(error: Exception) -> str:
    """What a person can do about it."""
    text = str(error)
    if "full" in text:
        return "; make room on that disk"
    if "readonly" in text or "unable to open" in text:
        return "; make the directory and its files writable for this user"
    if "malformed" in text or "not a database" in text:
        return "; stop the core and start it again: it keeps the file aside, and `windlass restore` brings back a copy"
    return ""
