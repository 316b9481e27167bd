"""Keeps the list of matters true: looks again shortly after the rows have changed, and when time alone changes it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, QSettings, QTimer, Signal

from windlass.wire import messages as m
from windlass_gui.attention.aside import Aside
from windlass_gui.attention.derive import CoreFacts, Matter, Watch
from windlass_gui.bridge import Bridge
from windlass_gui.mirror import Changes

SOON = 300
"""Milliseconds from a change of the rows to the next look."""
ASK = 60_000
"""Milliseconds between questions for the core's own disk: the one thing that no row tells."""
KEPT_AS = "attention/aside"


class Needs(QObject):
    """`matters` are to be shown, `aside` was put aside."""

    changed = Signal()
    looked = Signal()
    """After every look, whether or not it found anything new."""

    def __init__(
        self, bridge: Bridge, settings: QSettings, parent: QObject | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:  # fmt: skip
        super().__init__(parent)
        self.bridge = bridge
        self.clock = clock
        self.watch = Watch()
        self.matters: list[Matter] = []
        self.aside: list[Matter] = []
        self.known = False
        """The rows of runs and agents have come."""
        self._settings = settings
        self._silences = Aside()
        self._silences.load(str(settings.value(KEPT_AS, "")), clock())
        self._topics: set[str] = set()
        self._core = CoreFacts()
        self._soon = self._timer(SOON, self.look)
        self._later = self._timer(SOON, self.look)
        self._ask = self._timer(ASK, self._ask_core)
        bridge.mirror_changed.connect(self._mirror_changed)
        bridge.connection_changed.connect(self._connection_changed)
        self._connection_changed()

    def _timer(self, interval: int, do: Callable[[], None]) -> QTimer:
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.setInterval(interval)
        timer.timeout.connect(do)
        return timer

    # --- following -----------------------------------------------------------------------------------------

    def _connection_changed(self, *_: object) -> None:
        mirror = self.bridge.mirror
        if self.bridge.state == "up":
            self._ask_core()
        elif not mirror.runs and not mirror.agents:
            self.known = False
            self._topics.clear()
            self._core = CoreFacts()
        self._soon.start()

    def _mirror_changed(self, changes: Changes) -> None:
        if self.bridge.state == "up":
            self._topics |= changes.resets
            self.known = self.known or self._topics >= {"runs", "agents"}
        touched = changes.runs or changes.runs_removed or changes.agents or changes.agents_removed or changes.resets
        if touched and not self._soon.isActive():
            self._soon.start()

    def _ask_core(self) -> None:
        if self.bridge.state == "up":
            self.bridge.request(m.GetInfo(0), self._told, lambda _: None)
            self._ask.start()

    def _told(self, data: dict[str, Any], _payload: list[bytes]) -> None:
        disk = data.get("disk")
        disk = disk if isinstance(disk, dict) else {}
        facts = CoreFacts(int(disk.get("free") or 0), int(disk.get("total") or 0), str(data.get("problem") or ""))
        if facts != self._core:
            self._core = facts
            self._soon.start()

    def look(self) -> None:
        """Derive everything anew from the rows as they are."""
        self._soon.stop()
        mirror, now = self.bridge.mirror, self.clock()
        found = self.watch.look(mirror.runs, mirror.agents, self._core, now)
        self._split(found, now)

    def _split(self, found: list[Matter], now: float) -> None:
        before = self.matters, self.aside
        self.matters, self.aside = self._silences.split(found, now)
        due = min((each for each in (self.watch.due, self._silences.due) if each is not None), default=None)
        if due is None:
            self._later.stop()
        else:
            self._later.start(int(min(3600.0, max(0.1, due - now)) * 1000) + 50)
        if before != (self.matters, self.aside):
            self.changed.emit()
        self.looked.emit()

    # --- doing ---------------------------------------------------------------------------------------------

    def put_aside(self, matter: Matter, seconds: float | None = None) -> None:
        """For so long, or (None) until it changes."""
        self._silences.put(matter, self.clock(), seconds)
        self._keep()

    def take_back(self, matter: Matter) -> None:
        self._silences.take_back(matter)
        self._keep()

    def _keep(self) -> None:
        self._settings.setValue(KEPT_AS, self._silences.dump())
        self.look()

    @property
    def severity(self) -> int:
        """Of the worst that is to be shown; 0 when all is well."""
        return self.matters[0].severity if self.matters else 0
