"""When the UI thread looks into the inbox: soon after news came, no more often than can be seen, else never.

Whoever puts the first news into an empty inbox rings once; what comes after it waits for the same frame. So a window
that hears nothing does not wake, and one that hears a thousand messages a second wakes as often as it can be seen.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, QTimer

from windlass_gui.relay import Way

FRAME = 33
"""Milliseconds from one frame to the next, at least."""
SETTLE = 5
"""Milliseconds from the first news after a quiet time to its frame: what belongs together comes in several messages."""


class Frames(QObject):
    """Calls `do` in the UI thread once for all the rings since the last time."""

    def __init__(
        self, do: Callable[[], object], parent: QObject | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(parent)
        self._do, self._clock = do, clock
        self._last = float("-inf")
        self._stopped = False
        self._way = Way(self)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._due)

    def ring(self) -> None:
        """Any thread: there is something for a frame."""
        self._way.tell(Frames._rang)

    def stop(self) -> None:
        """No more frames by themselves."""
        self._stopped = True
        self._timer.stop()

    @property
    def waiting(self) -> bool:
        """A frame is on its way."""
        return self._timer.isActive()

    def _rang(self) -> None:
        if not self._stopped and not self.waiting:
            left = FRAME - 1000 * (self._clock() - self._last)
            self._timer.start(math.ceil(max(SETTLE, left)))

    def _due(self) -> None:
        self._last = self._clock()
        self._do()
