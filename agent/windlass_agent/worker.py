"""A few threads for file work that would hold up the loop: hashing, copying. Results come back in the loop."""

from __future__ import annotations

import contextlib
import os
import threading
from collections import deque
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any

Job = tuple[Callable[[], Any], Callable[[Any, Exception | None], None]]


class Worker:
    """Started with the first job. `fileno` is readable when something is done; `deliver` then calls back."""

    def __init__(self, threads: int = 2) -> None:
        self._event = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._done: deque[tuple[Callable[[Any, Exception | None], None], Any, Exception | None]] = deque()
        self._limit = threads
        self._threads: list[threading.Thread] = []
        self.open = 0
        """Jobs given and not delivered."""

    def fileno(self) -> int:
        return self._event

    def submit(self, job: Callable[[], Any], done: Callable[[Any, Exception | None], None]) -> None:
        """Run `job` in a thread, then `done(result, error)` in the loop."""
        self.open += 1
        if len(self._threads) < min(self._limit, self.open):
            thread = threading.Thread(target=self._work, name="windlass-files", daemon=True)
            self._threads.append(thread)
            thread.start()
        self._jobs.put((job, done))

    def _work(self) -> None:
        while (entry := self._jobs.get()) is not None:
            job, done = entry
            try:
                self._done.append((done, job(), None))
            except Exception as error:
                self._done.append((done, None, error))
            os.eventfd_write(self._event, 1)

    def deliver(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.eventfd_read(self._event)
        while self._done:
            done, result, error = self._done.popleft()
            self.open -= 1
            done(result, error)

    def close(self) -> None:
        """Jobs that have begun are finished first."""
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            thread.join()
        os.close(self._event)
