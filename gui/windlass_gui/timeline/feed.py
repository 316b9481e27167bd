"""Where the attempts come from: pages of the core's record for the ended ones, the mirror for those that run."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer, Signal

from windlass.wire import messages as m
from windlass_gui.bridge import Bridge
from windlass_gui.bridge.reader import Reader
from windlass_gui.mirror import Changes
from windlass_gui.mirror.rush import Rush
from windlass_gui.runs.ends import Page, parse_page
from windlass_gui.timeline.attempts import Attempts

MOST = 4_000_000
"""Attempts that are held; `Feed.cut` says when there are more."""
AGAIN = 1000
"""Milliseconds from an end to the look for pages with it, or to the next look in a rush: until then what is shown is
what the mirror tells of."""

AT_ONCE = 5000
"""Rows of the mirror that are taken in before the first page comes."""


class Feed(QObject):
    """Fills `attempts` with those of some runs, the first of them followed live."""

    changed = Signal()

    def __init__(self, bridge: Bridge, attempts: Attempts, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.bridge = bridge
        self.attempts = attempts
        self.runs: list[int] = []
        self.cut = False
        self.rush = Rush()
        """While it is on, most of what ends is not here yet."""
        self._watched = False
        self._shed = 0
        """What deltas have left out, when last looked."""
        self._todo: list[int] = []
        self._run = 0
        """The one that is being read."""
        self._reader = Reader(bridge, parse_page, self._take, self._next, self)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(AGAIN)
        self._timer.timeout.connect(self._look_again)
        bridge.mirror_changed.connect(self._apply)

    @property
    def loading(self) -> bool:
        """More pages are on their way."""
        return self._reader.reading

    @property
    def problem(self) -> str:
        """Why the record cannot be read, if so."""
        return self._reader.problem

    def show(self, runs: list[int], attempts: Attempts) -> None:
        """From now on these runs, into an empty table."""
        self.attempts, self.runs, self._todo = attempts, list(runs), list(runs)
        self.cut, self._shed, self.rush = False, 0, Rush()
        self._reader.stop()
        self._timer.stop()
        if self._watched:
            self._take_all()

    def watch(self, watched: bool) -> None:
        """Somebody looks, or nobody does any more: then neither the core nor the window works for it."""
        if watched and not self._watched:
            self._watched = True
            self._take_all()
        self._watched = watched

    def _take_all(self) -> None:
        """What was missed, of all runs."""
        for run in self.runs:
            self._take_live(run)
        self._todo = list(self.runs)
        self._next()
        self.changed.emit()

    def _apply(self, changes: Changes) -> None:
        touched = False
        for run in self.runs if self._watched else ():
            inside = changes.inside.get(run)
            mirror = self.bridge.mirror.run(run)
            if inside is None or mirror is None:
                continue
            if inside.reset:
                self._take_live(run)
                self._todo = [run, *(other for other in self._todo if other != run)]
                self._next()
            elif inside.attempts or mirror.shed > self._shed:
                self._shed = mirror.shed
                self.attempts.put(row for key in inside.attempts if (row := mirror.attempts.get(key)) is not None)
                self.attempts.keep_live(run, mirror.live)
                if not self._timer.isActive():
                    self._timer.start()
            touched = True
        if touched:
            self.changed.emit()

    def _take_live(self, run: int) -> None:
        mirror = self.bridge.mirror.run(run)
        if mirror is not None:
            known = mirror.attempts
            # Those that ended a moment ago are seen at once; many of them come quicker by pages.
            keys = known if len(known) <= AT_ONCE else mirror.live
            self.attempts.put(row for key in keys if (row := known.get(key)) is not None)
            self.attempts.keep_live(run, mirror.live)

    def _look_again(self) -> None:
        if not self._watched:
            return
        if self.rush.look(self.bridge.mirror.run(self.runs[0]) if self.runs else None):
            self._timer.start()
            self.changed.emit()
            return
        self._todo += [run for run in self.runs[:1] if run not in self._todo]
        self._next()

    def _next(self) -> None:
        if self.loading or not self._todo or self.cut or not self._watched:
            return
        run = self._run = self._todo[0]
        self._reader.read(
            lambda after: m.GetColumns(0, run, after=after), self.attempts.settled.get(run, 0), self.changed.emit
        )

    def _take(self, page: Page, last: bool) -> bool:
        """Whether to go on."""
        self.attempts.add_page(self._run, page.columns, page.agents, page.outcomes, page.last)
        self.cut = self.attempts.count >= MOST
        if last or self.cut:
            self._todo = [other for other in self._todo if other != self._run]
            self._next()
        self.changed.emit()
        return self._watched and not self.cut
