"""Durations that earlier runs of a graph recorded: asked for page by page, a bounded number of attempts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from windlass.wire import messages as m
from windlass_gui.bridge import Bridge
from windlass_gui.bridge.reader import Reader
from windlass_gui.runs.ends import Page, parse_page
from windlass_gui.submit.preview import Recorded

RUNS = 3
"""Earlier runs that are looked at: the newest that succeeded, else the newest that ended."""
ATTEMPTS = 60_000
"""Of one run; of a larger one, the first so many that ended."""


def earlier_runs(bridge: Bridge, name: str) -> list[int]:
    """Runs of graphs of this name that ended, the newest of those that succeeded first."""
    rows = [row for row in bridge.mirror.runs.values() if row.name == name and row.ended is not None]
    rows.sort(key=lambda row: (row.state != "succeeded", -row.id))
    return [row.id for row in rows[:RUNS]]


class RecordedLook:
    """One look; `tell` gets what is known so far, again when there is more. `stop` when nobody wants it any more."""

    def __init__(self, bridge: Bridge, name: str, tell: Callable[[Recorded], None]) -> None:
        self.bridge = bridge
        self.recorded = Recorded()
        self._tell = tell
        self._runs = earlier_runs(bridge, name)
        self._names: dict[int, str] = {}
        self._seen = 0
        self._stopped = False
        self._reader = Reader(bridge, parse_page, self._take, self._next_run)
        self.looking = bool(self._runs)
        self._next_run()

    def stop(self) -> None:
        self._stopped = True

    def _next_run(self) -> None:
        if self._stopped:
            return
        if not self._runs:
            self.looking = False
            self._tell(self.recorded)
            return
        run = self._runs.pop(0)
        self._seen = 0

        def told(data: dict[str, Any]) -> None:
            rows = data.get("tasks") or []
            self._names = {int(row["index"]): str(row["id"]) for row in rows}
            for row in rows:
                if row.get("count") is not None:
                    self.recorded.items.setdefault(str(row["id"]), int(row["count"]))
            self.recorded.runs.append(run)
            self._reader.read(lambda after: m.GetColumns(0, run, after=after), 0, self._next_run)

        self.bridge.get_run(run, told, lambda _: self._next_run())

    def _take(self, page: Page, last: bool) -> bool:
        """Whether to go on."""
        self._seen += len(page.columns["task"])
        self._add(page)
        on = self._seen < ATTEMPTS and not self._stopped
        if last or not on:
            self._next_run()
        return on

    def _add(self, page: Page) -> None:
        columns = page.columns
        ok = np.array([outcome == "ok" for outcome in page.outcomes] or [False])
        good = ok[columns["outcome"]] & np.isfinite(columns["started"]) & np.isfinite(columns["ended"])
        tasks = columns["task"][good].astype(np.int64)
        if not len(tasks):
            return
        seconds = np.maximum(0.0, columns["ended"][good] - columns["started"][good])
        sums, counts = np.bincount(tasks, seconds), np.bincount(tasks)
        for place in np.flatnonzero(counts).tolist():
            name = self._names.get(place)
            if name is not None:
                recorded = self.recorded
                recorded.count[name] = recorded.count.get(name, 0) + int(counts[place])
                recorded.seconds[name] = recorded.seconds.get(name, 0.0) + float(sums[place])
