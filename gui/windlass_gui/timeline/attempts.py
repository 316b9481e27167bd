"""All attempts of the shown runs as columns: a million of them in some forty megabytes, without an object for each.

Ended ones come from the core's record, page by page, so the timeline is complete and the same after a restart. What
runs, and what has ended a moment ago, comes from the mirror's rows; a page that holds the same attempts takes their
place.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from windlass.wire.rows import AttemptRow

STATES = ("", "succeeded", "skipped", "cancelled", "active", "failed", "lost")
"""What became of an attempt, by code, in rising order of how much it matters; 0 is nothing."""
_CODE_OF = {
    "running": 4, "assigned": 4, "rejected": 2, "lost": 6, "ok": 1, "stopped": 3, "nonzero": 5, "signal": 5,
    "timeout": 5, "oom": 5, "spawn_error": 5, "failed": 5, "crashed": 6,
}  # fmt: skip
_KINDS = {
    "run": "u4", "task": "u4", "index": "u4", "attempt": "u4", "slot": "u4", "agent": "u4", "state": "u1",
    "start": "f8", "end": "f8", "memory": "i8",
}  # fmt: skip

STAGING = ("staged_in", "staged_out")
"""Columns that come into being with the first attempt that was staged; seconds."""

Key = tuple[int, int, int, int]
"""(run, task, index, attempt)."""


class Attempts:
    """Those that have begun. `column("start")[i]` is of attempt `i`; `end` is infinite while it runs."""

    def __init__(self) -> None:
        self.count = 0
        self.version = 0
        """Raised by each change."""
        self.order_kept = 0
        """Raised when attempts were removed, so that what was numbered before is numbered otherwise now."""
        self.agents: list[str] = []
        """Names, which the column `agent` counts through."""
        self._agent_of: dict[str, int] = {}
        self._columns: dict[str, NDArray[Any]] = {name: np.zeros(1024, kind) for name, kind in _KINDS.items()}
        self._told: dict[Key, int] = {}
        """Where those from the mirror's rows stand: what runs, and what has ended since the last page."""
        self._staged: list[NDArray[np.int64]] = []
        self.settled: dict[int, int] = {}
        """Run -> up to which number its ended attempts have come by pages."""

    def column(self, name: str) -> NDArray[Any]:
        """A view of the known ones."""
        found = self._columns.get(name)
        return found[: self.count] if found is not None else np.broadcast_to(np.float32(0.0), self.count)

    @property
    def staged(self) -> NDArray[np.int64]:
        """Those that were staged, in the order in which that was told; some may stand there twice."""
        if len(self._staged) != 1:
            self._staged = [np.concatenate(self._staged) if self._staged else np.zeros(0, np.int64)]
        return self._staged[0]

    def key(self, at: int) -> Key:
        run, task, index, attempt = (int(self._columns[name][at]) for name in ("run", "task", "index", "attempt"))
        return run, task, index, attempt

    def find(self, key: Key) -> int | None:
        """Where an attempt stands; None when it is not known."""
        if key in self._told:
            return self._told[key]
        hit = (self.column("index") == key[2]) & (self.column("task") == key[1]) & (self.column("attempt") == key[3])
        found = np.flatnonzero(hit & (self.column("run") == key[0]))
        return int(found[0]) if len(found) else None

    @property
    def live(self) -> NDArray[np.int64]:
        """Those that run."""
        return np.array([at for at in self._told.values() if np.isinf(self._columns["end"][at])], np.int64)

    # --- adding --------------------------------------------------------------------------------------------

    def put(self, rows: Iterable[AttemptRow]) -> None:
        """New or changed attempts of the mirror; those that have not begun are left out."""
        self.version += 1
        for row in rows:
            if row.started is None or 0 < row.seq <= self.settled.get(row.run, 0):
                continue
            key = (row.run, row.task, row.index, row.attempt)
            at = self._told.get(key)
            if at is None:
                at = self._told[key] = self._room(1)
            live = row.state in ("running", "assigned")
            for name, value in (
                ("run", row.run), ("task", row.task), ("index", row.index), ("attempt", row.attempt),
                ("slot", row.slot), ("agent", self._agent(row.agent_name or row.agent)),
                ("state", _CODE_OF.get((row.outcome or "ok") if row.state == "exited" else row.state, 5)),
                ("start", row.started), ("memory", row.memory),
                ("end", np.inf if live else max(row.started, row.ended or row.started)),
            ):  # fmt: skip
                self._columns[name][at] = value
            if row.staged_in or row.staged_out:
                self._stage(np.array([at]), np.array([row.staged_in]), np.array([row.staged_out]))

    def add_page(
        self, run: int, columns: Mapping[str, NDArray[Any]], agents: list[str], outcomes: list[str], last: int
    ) -> None:
        """Ended attempts of a run up to number `last`, as the core answers with them."""
        self.settled[run] = max(self.settled.get(run, 0), last)
        of_agent = np.array([self._agent(name) for name in agents] or [0], np.uint32)
        of_outcome = np.array([_CODE_OF.get(name, 5) for name in outcomes] or [0], np.uint8)
        values = {name: columns[name] for name in ("task", "index", "attempt", "slot", "memory")}
        values["agent"] = of_agent[columns["agent"]]
        values["state"] = of_outcome[columns["outcome"]]
        values["start"] = columns["started"]
        values["end"] = np.fmax(columns["started"], columns["ended"])
        staging = [columns[name] for name in STAGING if name in columns]
        fresh = np.isfinite(columns["started"])
        for row, at in self._known_of(run, columns):
            fresh[row] = False
            for name, column in values.items():
                self._columns[name][at] = column[row]
            if staging and (staging[0][row] or staging[1][row]):
                self._stage(np.array([at]), staging[0][[row]], staging[1][[row]])
        at = self._room(int(fresh.sum()))
        place = slice(at, self.count)
        self._columns["run"][place] = run
        for name, column in values.items():
            self._columns[name][place] = column[fresh]
        if staging:
            self._stage(np.arange(at, self.count), staging[0][fresh], staging[1][fresh])
        self.version += 1

    def keep_live(self, run: int, live: Collection[tuple[int, int, int]]) -> None:
        """Forget what ran and neither runs nor was heard to end: (task, index, attempt) of those that still run."""
        gone = [
            key
            for key, at in self._told.items()
            if key[0] == run and np.isinf(self._columns["end"][at]) and key[1:] not in live
        ]
        if gone:
            self._remove(gone)

    def _stage(self, at: NDArray[np.int64], into: NDArray[Any], out: NDArray[Any]) -> None:
        for name, values in zip(STAGING, (into, out), strict=True):
            if name not in self._columns:
                self._columns[name] = np.zeros(len(self._columns["run"]), np.float32)
            self._columns[name][at] = values
        self._staged.append(at[(into > 0) | (out > 0)])

    def _known_of(self, run: int, columns: Mapping[str, NDArray[Any]]) -> list[tuple[int, int]]:
        """(row of the page, where it stands) of attempts that the mirror told of; from now on they are settled."""
        mine = [key for key in self._told if key[0] == run]
        if not mine:
            return []
        known = _packed(*(np.array([key[part] for key in mine], np.uint64) for part in (1, 2, 3)))
        theirs = _packed(columns["task"], columns["index"], columns["attempt"])
        rows = np.flatnonzero(np.isin(theirs, known))
        return [
            (int(row), self._told.pop(key))
            for row in rows
            if (key := (run, *(int(columns[name][row]) for name in ("task", "index", "attempt")))) in self._told
        ]

    def _remove(self, keys: Iterable[Key]) -> None:
        drop = np.zeros(self.count, bool)
        drop[[self._told.pop(key) for key in keys]] = True
        kept, moved = np.flatnonzero(~drop), np.cumsum(~drop) - 1
        for column in self._columns.values():
            column[: len(kept)] = column[kept]
        self._staged = [moved[self.staged[~drop[self.staged]]]]
        self._told = {key: int(moved[at]) for key, at in self._told.items()}
        self.count = len(kept)
        self.order_kept += 1
        self.version += 1

    def _room(self, count: int) -> int:
        """The place of the first of so many new ones."""
        at = self.count
        self.count += count
        size = len(self._columns["run"])
        if self.count > size:
            size = max(self.count, 2 * size)
            for name, old in self._columns.items():
                self._columns[name] = np.concatenate((old, np.zeros(size - len(old), old.dtype)))
        return at

    def _agent(self, name: str) -> int:
        if name not in self._agent_of:
            self._agent_of[name] = len(self.agents)
            self.agents.append(name)
        return self._agent_of[name]


def _packed(task: NDArray[Any], index: NDArray[Any], attempt: NDArray[Any]) -> NDArray[np.uint64]:
    """One number for an attempt of a run: tasks below 2^18, items below 2^30, attempts below 2^16."""
    wide = np.uint64
    return (task.astype(wide) << wide(46)) | (index.astype(wide) << wide(16)) | (attempt.astype(wide) & wide(0xFFFF))
