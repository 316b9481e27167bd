"""How long this machine itself stood still: a thread that sleeps a little and sees how much too long that took.

Limits on time say something about Windlass only where the machine gave it time to run. On a shared machine that is
measured, told, and taken off; nothing else is.
"""

from __future__ import annotations

import threading
import time
from collections import deque

STEP = 0.05
LEAST = 0.3
"""Seconds too late that count as a stall."""


class Stalls(threading.Thread):
    def __init__(self) -> None:
        super().__init__(name="stalls", daemon=True)
        self.seen: deque[tuple[float, float]] = deque()
        """(when by the boot clock, seconds)."""
        self._going = True

    def run(self) -> None:
        while self._going:
            before = time.clock_gettime(time.CLOCK_BOOTTIME)
            time.sleep(STEP)
            late = time.clock_gettime(time.CLOCK_BOOTTIME) - before - STEP
            if late > LEAST:
                self.seen.append((before, late))

    def between(self, start: float, end: float) -> float:
        """Seconds of a time (by the boot clock) in which nothing moved."""
        return sum(max(0.0, min(end, when + late) - max(start, when)) for when, late in self.seen)

    @property
    def total(self) -> float:
        return sum(late for _, late in self.seen)

    def stop(self) -> None:
        self._going = False
        self.join()
