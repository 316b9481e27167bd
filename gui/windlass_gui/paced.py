"""Doing something again and again while news comes, as often as it is cheap: what costs much comes less often.

For what follows a run by itself. What a person does (a click, a pan, a choice) is shown at once and is not paced.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer

SHARE = 0.02
"""Of the time that goes into it, at most, unless it would come less than once in `most`."""


class Paced(QObject):
    """Calls `do` when `soon` was called, between `least` and `most` seconds after the time before."""

    def __init__(
        self,
        do: Callable[[], object],
        cost: Callable[[], float],
        least: float,
        most: float,
        parent: QObject | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`cost`: the seconds that it took last, with what it led to."""
        super().__init__(parent)
        self._do, self._cost, self._clock = do, cost, clock
        self._least, self._most = least, most
        self._last = float("-inf")
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.now)

    @property
    def waiting(self) -> bool:
        """It will be done by itself."""
        return self._timer.isActive()

    @property
    def pause(self) -> float:
        """Seconds from one time to the next, by what it costs now."""
        return min(self._most, max(self._least, self._cost() / SHARE))

    def soon(self) -> None:
        """There is something to do: at once after a quiet time, else when it is its turn."""
        if self.waiting:
            return
        left = self._last + self.pause - self._clock()
        if left <= 0:
            self.now()
        else:
            self._timer.start(max(1, round(1000 * left)))

    def again(self) -> None:
        """When it is its turn next: for what has to go on without news."""
        if not self.waiting:
            self._timer.start(max(1, round(1000 * self.pause)))

    def now(self) -> None:
        """Do it, whether it is its turn or not."""
        self._timer.stop()
        self._last = self._clock()
        self._do()

    def stop(self) -> None:
        """What was to be done is done no more."""
        self._timer.stop()
