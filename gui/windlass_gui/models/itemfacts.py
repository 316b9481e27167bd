"""What is known of a task's items by their last attempts, as columns: a million of them in some twenty bytes each.

Filled page by page from the core (`GetColumns`), and from then on by the attempts that the mirror hears of.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from windlass.wire.rows import AttemptRow

NONE = 0
"""The agent and the end of an item that was never tried."""


class ItemFacts:
    """`seconds` is NaN and `memory` -1 where it is not known; `agent` and `end` count through `agents` and `ends`."""

    def __init__(self, count: int) -> None:
        self.attempt = np.zeros(count, np.uint32)
        self.agent = np.zeros(count, np.uint16)
        self.end = np.zeros(count, np.uint16)
        self.seconds = np.full(count, np.nan)
        self.memory = np.full(count, -1, np.int64)
        self.agents: list[str] = [""]
        self.ends: list[str] = [""]

    def __len__(self) -> int:
        return len(self.attempt)

    def grow(self, count: int) -> None:
        """More items at the end."""
        more = ItemFacts(max(0, count - len(self)))
        empty = not len(self)
        for name in ("attempt", "agent", "end", "seconds", "memory"):
            new = getattr(more, name)
            setattr(self, name, new if empty else np.concatenate([getattr(self, name), new]))

    def add_page(self, data: Mapping[str, Any]) -> None:
        """An answer to `GetColumns` about this task."""
        index = np.frombuffer(data["index"], "<u4").astype(np.int64)
        attempt = np.frombuffer(data["attempt"], "<u4")
        if not len(index):
            return
        if index.max() >= len(self):
            self.grow(int(index.max()) + 1)
        agents = np.array([self._number(self.agents, name) for name in data["agents"]] or [NONE], np.uint16)
        ends = np.array([self._number(self.ends, name) for name in data["outcomes"]] or [NONE], np.uint16)
        # Of several attempts of an item the last is written last.
        order = np.argsort(attempt, kind="stable")
        order = order[attempt[order] >= self.attempt[index[order]]]
        where = index[order]
        self.attempt[where] = attempt[order]
        self.agent[where] = agents[np.frombuffer(data["agent"], "<u2")[order]]
        self.end[where] = ends[np.frombuffer(data["outcome"], "u1")[order]]
        started, ended = np.frombuffer(data["started"], "<f8"), np.frombuffer(data["ended"], "<f8")
        self.seconds[where] = np.maximum(0.0, ended[order] - started[order])
        self.memory[where] = np.frombuffer(data["memory"], "<i8")[order]

    def add_rows(self, rows: Iterable[AttemptRow]) -> None:
        """Attempts of this task, ended or not."""
        for row in rows:
            if row.index >= len(self):
                self.grow(row.index + 1)
            if row.attempt < self.attempt[row.index]:
                continue
            place = row.index
            self.attempt[place] = row.attempt
            self.agent[place] = self._number(self.agents, row.agent_name)
            over = row.ended is not None
            self.end[place] = self._number(self.ends, (row.outcome or row.state) if over else row.state)
            known = over and row.started is not None and row.ended is not None
            self.seconds[place] = max(0.0, row.ended - row.started) if known else np.nan  # type: ignore[operator]
            self.memory[place] = row.memory if over else -1

    def with_live(self, rows: Iterable[AttemptRow], now: float) -> NDArray[np.float64]:
        """`seconds`, with those of attempts that run now."""
        seconds = self.seconds.copy()
        for row in rows:
            if row.started is not None and row.index < len(seconds):
                seconds[row.index] = max(0.0, now - row.started)
        return seconds

    @staticmethod
    def _number(names: list[str], name: str) -> int:
        try:
            return names.index(name)
        except ValueError:
            names.append(name)
            return len(names) - 1
