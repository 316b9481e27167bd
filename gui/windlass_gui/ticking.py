"""A clock for what changes as time goes by: it stands still while nobody sees it, or nothing goes on."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QWidget

SECOND = 1000
"""Milliseconds."""


class Ticking(QObject):
    """Calls `tick` once a second, which says whether there will be something to show in a second again.

    Its owner calls `wake` when it is shown and when something came that may go on, and `rest` when it is hidden.
    """

    def __init__(self, widget: QWidget, tick: Callable[[], bool]) -> None:
        super().__init__(widget)
        self._widget, self._tick = widget, tick
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(SECOND)
        self._timer.timeout.connect(self._due)

    @property
    def ticks(self) -> bool:
        return self._timer.isActive()

    def wake(self) -> None:
        if not self.ticks and self._widget.isVisible():
            self._timer.start()

    def rest(self) -> None:
        self._timer.stop()

    def _due(self) -> None:
        if self._widget.isVisible() and self._tick():
            self.wake()
