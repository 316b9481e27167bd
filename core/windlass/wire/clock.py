"""Time that never jumps: seconds since the epoch as the wall clock had them, carried on by a clock nobody can set.

People set clocks, and a machine without a battery learns the hour from the network when it is long at work. A lease,
a timeout or a backoff that is counted by the wall clock would end all at once, or never. So whatever is counted uses
`CLOCK_BOOTTIME`, which also runs while the machine sleeps; the wall clock is asked once, for what people read.
"""

from __future__ import annotations

import functools
import math
import time
from collections.abc import Callable

STEP = 2.0
"""Seconds by which the wall clock must differ all at once to count as set."""
RATE = 0.01
"""Seconds by which ours goes faster or slower, each second, until both agree again."""


boot: Callable[[], float] = functools.partial(time.clock_gettime, time.CLOCK_BOOTTIME)
"""Seconds that also pass while the machine is suspended or this process is stopped. (It is asked very often, and as a
function of Python's it would take three times as long.)"""


_zero = time.time() - boot()


def zero() -> float:
    """The epoch seconds at which `boot` began, as this process saw them first; for its children."""
    return _zero


def anchor(zero: float) -> None:
    """Count as the parent does, so that times of both can be compared although the clock was set in between."""
    global _zero
    _zero = zero


def epoch() -> float:
    """Seconds since the epoch, by the wall clock at the first process's start and even from then on."""
    return boot() + _zero


class Clock:
    """As `epoch`, for a process that lives for months: it follows the wall clock slowly, and tells when that was set.

    It never goes back and never runs more than `RATE` too fast or too slow, so what is counted by it stays right.
    """

    def __init__(self, wall: Callable[[], float] = time.time, steady: Callable[[], float] = boot) -> None:
        self._wall = wall
        self._steady = steady
        self._last = steady()
        self._now = wall()
        self._gap = 0.0
        self.stepped = 0.0
        """By how much the wall clock was set since `take_step`; 0 when it was not."""

    def now(self) -> float:
        steady = self._steady()
        passed = steady - self._last
        if passed > 0:
            self._last = steady
            gap = self._wall() - self._now - passed
            if abs(gap - self._gap) > STEP:
                self.stepped += gap - self._gap
            most = passed * RATE
            if not -most <= gap <= most:
                self._gap = gap - math.copysign(most, gap)
                gap = math.copysign(most, gap)
            else:
                self._gap = 0.0
            self._now += passed + gap
        return self._now

    @property
    def behind(self) -> float:
        """Seconds by which the wall clock is ahead of ours, at the last look."""
        return self._gap

    def take_step(self) -> float:
        """`stepped`, told once."""
        step, self.stepped = self.stepped, 0.0
        return step
