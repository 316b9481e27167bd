"""What a figure of the surface is, and what the measurements share."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import msgspec

from bench.measure import percentile, stopwatch

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

SIZE = (1600, 1000)
"""Pixels of a view that is painted."""


class Figure(msgspec.Struct, frozen=True):
    """One line of the table."""

    name: str
    value: float
    unit: str
    target: float | None = None
    """What it should be at most, or at least where more is better; None: nobody has said."""
    more: bool = False
    """More is better."""
    note: str = ""

    @property
    def good(self) -> bool | None:
        if self.target is None:
            return None
        return self.value >= self.target if self.more else self.value <= self.target


def frames(count: int, draw: Callable[[int], object]) -> list[float]:
    """Milliseconds that each of `count` calls took; the first two are not counted."""
    taken = []
    for number in range(count + 2):
        with stopwatch() as watch:
            draw(number)
        taken.append(watch.seconds * 1000)
    return taken[2:]


def a_second(taken: list[float]) -> float:
    """Frames a second by the median."""
    return 1000 / percentile(taken, 0.5)


class Heartbeat:
    """The longest time for which the event loop did not come round, in milliseconds."""

    def __init__(self) -> None:
        from time import perf_counter

        from PySide6.QtCore import Qt, QTimer

        self.gaps: list[float] = []
        self._clock = perf_counter
        self._last = perf_counter()
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._beat)
        self._timer.start(1)

    def _beat(self) -> None:
        now = self._clock()
        self.gaps.append((now - self._last) * 1000)
        self._last = now

    def begin(self) -> None:
        """Forget what was."""
        self.gaps.clear()
        self._last = self._clock()

    @property
    def longest(self) -> float:
        return max(self.gaps, default=0.0)


def pump(app: Any) -> None:
    """Serve events, and sleep until the next: a process that never sleeps may be held up for that alone."""
    from PySide6.QtCore import QEventLoop

    app.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)


def application() -> Any:
    from PySide6.QtWidgets import QApplication

    from windlass_gui.app import spare_collector

    spare_collector()  # as the app does
    return QApplication.instance() or QApplication([])


def in_process(module: str, *arguments: str) -> list[str]:
    """The lines that `python -m module arguments...` prints; raises when it fails."""
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments], check=True, text=True, stdout=subprocess.PIPE, timeout=600
    )
    return done.stdout.splitlines()


def grid(count: int, columns: int, placed: bool = True) -> str:
    """A document of tasks in a grid, each needing its neighbour on the left and some the one above that."""
    lines = ["windlass: 1", "name: grid", "tasks:"]
    for place in range(count):
        row, column = divmod(place, columns)
        needs = [f"t{place - 1}"] if column else []
        if row and column % 5 == 4:
            needs.append(f"t{place - columns - 1}")
        lines += [f"  t{place}:", f"    command: python step.py --number {place}"]
        if needs:
            lines.append(f"    needs: [{', '.join(needs)}]")
        if place % 7 == 0:
            lines.append("    resources: {cpus: 1, memory: 512M}   # said by hand")
        if placed:
            lines.append(f"    position: [{column * 280}, {row * 140}]")
    return "\n".join(lines) + "\n"
