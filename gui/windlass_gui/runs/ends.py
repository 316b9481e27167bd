"""The ended attempts of a run as columns, fetched page by page, and per item: how long, how much memory.

A run of a million attempts is some fifty answers of the core; they are taken apart in the network thread.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QTimer, Signal

from windlass.wire import messages as m
from windlass_gui.bridge import Bridge
from windlass_gui.bridge.reader import Reader

MOST = 3_000_000
"""Attempts of one run that are held; `RunEnds.cut` says when there are more."""
AGAIN = 1500
"""Milliseconds between looks for what has ended since, while a run goes on and somebody looks."""

Floats = NDArray[np.float64]
_KINDS = {
    "task": "<u4", "index": "<u4", "attempt": "<u4", "slot": "<u4", "agent": "<u2", "outcome": "u1",
    "started": "<f8", "ended": "<f8", "memory": "<i8",
}  # fmt: skip
_STAGING = ("staged_in", "staged_out")
"""Columns of float32 that a page has only where an attempt in it was staged."""


@dataclass(frozen=True, slots=True)
class Page:
    """One answer, its columns as arrays."""

    columns: dict[str, NDArray[Any]]
    agents: list[str]
    outcomes: list[str]
    last: int
    """Number of the last end that it speaks of."""


def parse_page(data: dict[str, Any]) -> tuple[Page, int | None]:
    """For `Pages`, from the reply's data. Raises `ValueError` where columns are of different lengths."""
    columns: dict[str, NDArray[Any]] = {name: np.frombuffer(data[name], kind) for name, kind in _KINDS.items()}
    columns |= {name: np.frombuffer(data[name], "<f4") for name in _STAGING if name in data}
    if len({len(column) for column in columns.values()}) != 1:
        raise ValueError("columns of different lengths")
    page = Page(columns, list(data["agents"]), list(data["outcomes"]), int(data["last"]))
    return page, data["next"]


@dataclass(slots=True)
class TaskEnds:
    """Items of one task, by index. NaN: nothing has ended there (or not yet heard of)."""

    first: Floats
    """When the first attempt began."""
    last: Floats
    """When the last one ended."""
    seconds: Floats
    """How long the last one ran."""
    memory: Floats
    """Its peak, in bytes."""

    @classmethod
    def empty(cls) -> TaskEnds:
        return cls(*(np.full(0, np.nan) for _ in range(4)))

    def grow(self, count: int) -> None:
        if count > len(self.first):
            more = max(count, len(self.first) * 2) - len(self.first)
            for name in ("first", "last", "seconds", "memory"):
                setattr(self, name, np.concatenate((getattr(self, name), np.full(more, np.nan))))

    def take(self, index: NDArray[Any], started: Floats, ended: Floats, memory: NDArray[Any]) -> None:
        """Attempts in the order of their ends: of one item, the later one stands."""
        self.grow(int(index.max()) + 1)
        np.fmin.at(self.first, index, started)
        np.fmax.at(self.last, index, ended)
        self.seconds[index] = ended - started
        self.memory[index] = memory


def take_ends(tasks: dict[int, TaskEnds], columns: Mapping[str, NDArray[Any]]) -> None:
    """Attempts in the order of their ends, as columns of one length, into what is known of each task."""
    # Rejected and lost attempts that never began say nothing of the work.
    began = np.flatnonzero(np.isfinite(columns["started"]))
    began = began[np.argsort(columns["task"][began], kind="stable")]
    task, index, started = (columns[name][began] for name in ("task", "index", "started"))
    ended, memory = np.fmax(started, columns["ended"][began]), columns["memory"][began]
    edges = [0, *(np.flatnonzero(np.diff(task)) + 1).tolist(), len(task)] if len(task) else [0]
    for first, last in pairwise(edges):
        some = slice(first, last)
        tasks.setdefault(int(task[first]), TaskEnds.empty()).take(index[some], started[some], ended[some], memory[some])


class RunEnds(QObject):
    """Of one run at a time. Asks only while somebody holds it by `want`."""

    changed = Signal()

    def __init__(self, bridge: Bridge, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.run: int | None = None
        self.tasks: dict[int, TaskEnds] = {}
        self.count = 0
        self.cut = False
        """There are more than are held."""
        self._wanted = False
        self._after = 0
        self._reader = Reader(bridge, parse_page, self._take, self._ask, self)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(AGAIN)
        self._timer.timeout.connect(self._ask)

    def show_run(self, run: int | None) -> None:
        if run == self.run:
            return
        self.run, self.tasks, self.count, self.cut, self._after = run, {}, 0, False, 0
        self._reader.stop()
        self._timer.stop()
        self._ask()

    def want(self, wanted: bool) -> None:
        """Somebody shows what is known here (or nobody does any more)."""
        self._wanted = wanted
        self._ask()

    def stir(self) -> None:
        """Something has ended: look for it soon."""
        if self._wanted and not self._reader.reading and not self._timer.isActive():
            self._timer.start()

    def _ask(self) -> None:
        run = self.run
        if run is not None and self._wanted and not self.cut and not self._reader.reading:
            self._reader.read(lambda after: m.GetColumns(0, run, after=after), self._after)

    def _take(self, page: Page, last: bool) -> bool:
        """Whether to go on."""
        self.count += len(page.columns["task"])
        take_ends(self.tasks, page.columns)
        self.cut = self.count >= MOST and not last
        self._after = page.last
        self.changed.emit()
        return self._wanted and not self.cut
