"""Whether the core could hear what was said to it: silence counts only while it listened.

A core that was stopped, or starved of CPU time, or that waited for a disk, finds that nothing was heard of anybody for
that long. The agents are no less well for it, and their messages may still be on the way through the kernel.
"""

from __future__ import annotations

SLACK = 0.25
"""Seconds by which any turn may be late."""
DRIFT = 0.02
"""Share by which two clocks may disagree about a wait."""


class Hearing:
    """Told by the loop when it begins to wait, when it wakes, and when all that had come was taken."""

    def __init__(self, now: float) -> None:
        self._until = now
        """All that came before was heard."""
        self._began = now
        self._may = 0.0

    def waits(self, now: float, seconds: float) -> None:
        """It sleeps from now on until a message comes, but no longer than this."""
        self._began, self._may = now, seconds * (1 + DRIFT)

    def woke(self, now: float) -> None:
        """The wait is over. Up to its end nothing came; what is beyond that was no listening."""
        self._until += max(0.0, min(now - self._began, self._may))
        self._may = 0.0

    def listened(self, now: float, all: bool) -> float:
        """What had come by `now` was taken, all of it or some; for how many seconds nothing could be heard before."""
        deaf = now - self._until
        if deaf > SLACK:
            self._until = now
            return deaf
        if all:
            self._until = now
        return 0.0
