"""What other threads hand to the UI thread: the merged updates of each topic, and answers in order.

It rings once when something comes into it after it was emptied; then a frame empties it again. Updates of one topic
merge as they come, so the inbox holds at most one row of each run, agent, task, item and attempt, whatever the rate of
the messages.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from threading import Lock

from windlass.wire.messages import Delta, Snapshot
from windlass_gui.mirror import Update, parse


class Inbox:
    """Thread-safe. `put` and `call` from any thread, `take` from the UI thread."""

    def __init__(self, ring: Callable[[], object] = lambda: None) -> None:
        self._ring = ring
        self._rang = False
        """Whoever empties it knows already."""
        self._lock = Lock()
        self._updates: dict[str, Update] = {}
        self._calls: deque[Callable[[], None]] = deque()
        self.malformed = 0
        """Messages that were not what their topic carries; dropped."""

    def put(self, message: Snapshot | Delta) -> None:
        try:
            update = parse(message)
        except ValueError:
            self.malformed += 1
            return
        with self._lock:
            known = self._updates.get(update.topic)
            self._updates[update.topic] = update if known is None else known.merge(update)
            rang, self._rang = self._rang, True
        if not rang:
            self._ring()

    def call(self, function: Callable[[], None]) -> None:
        """Run `function` in the UI thread, after those before it. Bounded by the requests that are in flight."""
        with self._lock:
            self._calls.append(function)
            rang, self._rang = self._rang, True
        if not rang:
            self._ring()

    def take(self) -> tuple[list[Update], list[Callable[[], None]]]:
        with self._lock:
            self._rang = False
            updates, self._updates = self._updates, {}
            calls, self._calls = self._calls, deque()
        return list(updates.values()), list(calls)

    def drop_updates(self) -> None:
        """What is waiting belongs to a core that we have left."""
        with self._lock:
            self._updates = {}
