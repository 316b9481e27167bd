"""The ended attempts of a run as columns, fetched page by page, and per item: how long, how much memory.

A run of a million attempts is some fifty answers of the core; they are taken apart in the network thread.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QTimer, Signal

from windlass.wire import messages as m
from windlass_gui.bridge import Bridge

MOST = 3_000_000
"""Attempts of one run that are held; `RunEnds.cut` says when there are more."""
AGAIN = 1500
"""Milliseconds between looks for what has ended since, while a run goes on and somebody looks."""

Floats = NDArray[np.float64]
_KINDS = {
    "task": "<u4", "index": "<u4", "attempt": "<u4", "slot": "<u4", "agent": "<u2", "outcome": "u1",
    "started": "<f8", "ended": "<f8", "memory": "<i8",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Page:
    """One answer, its columns as arrays."""

    columns: dict[str, NDArray[Any]]
    agents: list[str]
    outcomes: list[str]
    next: int | None
    last: int


def parse_page(data: dict[str, Any]) -> dict[str, Any]:
    """From the reply's data, in the network thread. Raises `ValueError` where columns are of different lengths."""
    columns = {name: np.frombuffer(data[name], kind) for name, kind in _KINDS.items()}
    if len({len(column) for column in columns.values()}) != 1:
        raise ValueError("columns of different lengths")
    return {"page": Page(columns, list(data["agents"]), list(data["outcomes"]), data["next"], int(data["last"]))}


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


class RunEnds(QObject):
    """Of one run at a time. Asks only while somebody holds it by `want`."""

    changed = Signal()

    def __init__(self, bridge: Bridge, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.bridge = bridge
        self.run: int | None = None
        self.tasks: dict[int, TaskEnds] = {}
        self.count = 0
        self.whole = False
        """All that had ended when last asked is here."""
        self.cut = False
        """There are more than are held."""
        self._wanted = False
        self._after = 0
        self._asking = False
        self._generation = 0
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(AGAIN)
        self._timer.timeout.connect(self._ask)

    def show_run(self, run: int | None) -> None:
        if run == self.run:
            return
        self._generation += 1
        self.run, self.tasks, self.count, self.whole, self.cut = run, {}, 0, False, False
        self._after, self._asking = 0, False
        self._timer.stop()
        if self._wanted:
            self._ask()

    def want(self, wanted: bool) -> None:
        """Somebody shows what is known here (or nobody does any more)."""
        self._wanted = wanted
        if wanted:
            self._ask()

    def stir(self) -> None:
        """Something has ended: look for it soon."""
        if self._wanted and not self._asking and not self._timer.isActive():
            self._timer.start()

    def _ask(self) -> None:
        if self._asking or not self._wanted or self.run is None or self.cut:
            return
        self._asking = True
        generation = self._generation

        def arrived(data: dict[str, Any], _payload: list[bytes]) -> None:
            if generation == self._generation:
                self._asking = False
                self._take(data["page"])

        def failed(_reason: str) -> None:
            if generation == self._generation:
                self._asking = False

        self.bridge.request(m.GetColumns(0, self.run, after=self._after), arrived, failed, convert=parse_page)

    def _take(self, page: Page) -> None:
        columns = page.columns
        task = columns["task"]
        self.count += len(task)
        # Rejected and lost attempts that never began say nothing of the work.
        began = np.isfinite(columns["started"]) & np.isfinite(columns["ended"])
        for place in np.unique(task[began]).tolist():
            at = began & (task == place)
            ends = self.tasks.setdefault(place, TaskEnds.empty())
            ends.take(columns["index"][at], columns["started"][at], columns["ended"][at], columns["memory"][at])
        self.whole = page.next is None
        self.cut = self.count >= MOST and not self.whole
        self._after = page.last
        self.changed.emit()
        if not self.whole:
            self._ask()
