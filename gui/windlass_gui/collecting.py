"""Garbage is collected in the UI thread, and nowhere else.

Python's own collector runs in whatever thread happens to allocate when its turn has come: the network's, that of the
files. Among what it finds there are timers, scenes and widgets of what was closed, and Qt lets those be destroyed in
the thread that they live in only; elsewhere the app crashes, at once or at the next event.
"""

from __future__ import annotations

import gc

from PySide6.QtCore import QAbstractEventDispatcher, QObject, QTimer

AFTER = 100
"""Milliseconds from the moment when something woke the app to the look for garbage."""


class Collector(QObject):
    """Takes the place of the automatic collector for as long as the process lives, by the same thresholds.

    It looks soon after Qt's loop had something to do, and wakes nobody while it has not: nothing is allocated then.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        gc.disable()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(AFTER)
        self._timer.timeout.connect(self._look)
        self._looked = False
        """What wakes the loop next is the look itself."""
        QAbstractEventDispatcher.instance().awake.connect(self._awake)

    def _awake(self) -> None:
        if self._looked:
            self._looked = False
        elif not self._timer.isActive():
            self._timer.start()

    def _look(self) -> None:
        self._looked = True
        collect_due()


def collect_due() -> None:
    """Collect the oldest generation whose time has come, with all younger ones; nothing if it is nobody's."""
    counts, limits = gc.get_count(), gc.get_threshold()
    for generation in (2, 1, 0):
        if counts[generation] > limits[generation]:
            gc.collect(generation)
            return
