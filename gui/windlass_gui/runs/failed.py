"""The failed items of a run, those that failed alike together: fetched page by page, kept true while the run goes on.

The core tells which failures are the same (`windlass.model.failures`); a hundred thousand are two hundred answers, each
asked for when the one before has come, so that nothing else waits.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal

from windlass.model.failures import end_words, normalise
from windlass.wire import messages as m
from windlass_gui.bridge import Bridge
from windlass_gui.bridge.reader import Reader
from windlass_gui.look.theme import ITEM_STATES
from windlass_gui.mirror import Changes

PAGE = 250
AGAIN = 700
"""Milliseconds between a change and the next look at what has failed."""
MOST = 200_000
"""Failed items that are held; `Failed.cut` says when there are more."""
_FAILED = ITEM_STATES.index("failed")

Item = tuple[int, int]
"""Task and index."""


@dataclass(slots=True)
class Group:
    """Failures that are the same one."""

    key: str
    outcome: str
    code: int
    line: str
    """The last line of error output of the first that came."""
    items: dict[Item, tuple[int, str]] = field(default_factory=dict)
    """Item -> its attempt and the agent's name."""

    @property
    def end(self) -> str:
        return end_words(self.outcome, self.code)

    @property
    def alike(self) -> str:
        """The line without what differs from item to item, where several failed."""
        return normalise(self.line) if len(self.items) > 1 else self.line

    @property
    def agents(self) -> dict[str, int]:
        """How many on each agent, the most first."""
        counts: dict[str, int] = {}
        for _, agent in self.items.values():
            counts[agent or "–"] = counts.get(agent or "–", 0) + 1
        return dict(sorted(counts.items(), key=lambda entry: -entry[1]))


class Failed(QObject):
    """Of one run. Asks only while `want`ed."""

    changed = Signal()

    def __init__(self, bridge: Bridge, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.bridge = bridge
        self.run: int | None = None
        self.groups: dict[str, Group] = {}
        self.cut = False
        self._of: dict[Item, str] = {}
        self._tried = False
        """Items have left their groups because they were tried again."""
        self._wanted = False
        self._after = 0
        self._reader = Reader(bridge, _page, self._take, self.look, self)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(AGAIN)
        self._timer.timeout.connect(self.look)
        bridge.mirror_changed.connect(self._mirror_changed)

    @property
    def count(self) -> int:
        return len(self._of)

    @property
    def loading(self) -> bool:
        """More pages are on their way."""
        return self._reader.reading

    @property
    def problem(self) -> str:
        """Why the last look did not come to its end, if so."""
        return self._reader.problem

    def show_run(self, run: int | None) -> None:
        if run != self.run:
            self.run, self.groups, self._of, self._after, self.cut = run, {}, {}, 0, False
            self._reader.stop()
            self._timer.stop()
            self.changed.emit()
            self.look()

    def want(self, wanted: bool) -> None:
        self._wanted = wanted
        self.look()

    def look(self) -> None:
        """Forget what has not failed any more, and ask for what has failed since."""
        run = self.run
        if not self._wanted or run is None:
            return
        if self._prune():
            self.changed.emit()
        row = self.bridge.mirror.runs.get(run)
        if not (self.loading or self.cut or (row is not None and row.counts.failed <= self.count)):
            self._reader.read(lambda after: m.GetFailures(0, run, after, PAGE), self._after, self.changed.emit)

    def group_of(self, item: Item) -> Group | None:
        return self.groups.get(self._of.get(item, ""))

    def _mirror_changed(self, changes: Changes) -> None:
        inside = changes.inside.get(self.run) if self.run is not None else None
        if inside is None:
            return
        # An item may be tried and fail again between two looks, in another way: as many have failed as before then.
        for task, index, attempt in inside.attempts if self._of else ():
            key = self._of.get((task, index))
            if key is not None and 0 < self.groups[key].items[task, index][0] < attempt:
                self._drop((task, index))
                self._tried = True
        if self._wanted and not self._timer.isActive():
            self._timer.start()

    def _take(self, data: dict[str, Any], last: bool) -> bool:
        """Whether to go on."""
        for told in data.get("groups", []):
            key = str(told["key"])
            group = self.groups.get(key)
            if group is None:
                group = self.groups[key] = Group(key, str(told["outcome"]), int(told["code"]), str(told["line"]))
            for task, index, attempt, agent in told["items"]:
                item = (int(task), int(index))
                self._drop(item)
                group.items[item] = (int(attempt), str(agent))
                self._of[item] = key
        self._after = max(self._after, int(data.get("last") or 0))
        self.cut = self.count >= MOST
        self.changed.emit()
        return self._wanted and not self.cut

    def _drop(self, item: Item) -> None:
        key = self._of.pop(item, None)
        if key is not None:
            self.groups[key].items.pop(item, None)

    def _prune(self) -> bool:
        """Items that run again, or went well since, leave their group."""
        tried, self._tried = self._tried, False
        gone = self._gone()
        for item in gone:
            self._drop(item)
        self.cut = self.cut and self.count >= MOST
        self.groups = {key: group for key, group in self.groups.items() if group.items}
        return tried or bool(gone)

    def _gone(self) -> list[Item]:
        mirror = self.bridge.mirror.run(self.run) if self.run is not None else None
        gone: list[Item] = []
        if mirror is None or not self._of:
            return gone
        by_task: dict[int, list[int]] = {}
        for task, index in self._of:
            by_task.setdefault(task, []).append(index)
        for task, indices in by_task.items():
            states = np.frombuffer(bytes(mirror.states.get(task, b"")), np.uint8)
            known = np.array(indices)
            inside = known < len(states)
            other = known[inside][states[known[inside]] != _FAILED]
            gone += [(task, int(index)) for index in other.tolist()]
        return gone


def _page(data: dict[str, Any]) -> tuple[dict[str, Any], int | None]:
    return data, data.get("next")
