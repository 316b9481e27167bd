"""What other threads hand to the UI thread: the merged updates of each topic, and answers in order.

Nothing here signals Qt: the bridge's timer empties it once a frame. Updates of one topic merge as they come, so the
inbox holds at most one row of each run, agent, task, item and attempt, whatever the rate of the messages.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from threading import Lock

from windlass.wire.messages import Delta, Snapshot
from windlass_gui.mirror import Update, parse


class Inbox:
    """Thread-safe. `put` and `call` from any thread, `take` from the UI thread."""

    def __init__(self) -> None:
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

    def call(self, function: Callable[[], None]) -> None:
        """Run `function` in the UI thread, after those before it. Bounded by the requests that are in flight."""
        with self._lock:
            self._calls.append(function)

    def take(self) -> tuple[list[Update], list[Callable[[], None]]]:
        if not self._updates and not self._calls:
            return [], []
        with self._lock:
            updates, self._updates = self._updates, {}
            calls, self._calls = self._calls, deque()
        return list(updates.values()), list(calls)

    def drop_updates(self) -> None:
        """What is waiting belongs to a core that we have left."""
        with self._lock:
            self._updates = {}
