"""Finding a text in a log: at once in what is loaded, then in all of it, and from match to match."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer, Signal

from windlass_gui.bridge import Bridge
from windlass_gui.panes.logbar import LogBar
from windlass_gui.panes.logreading import Item, Reading, Search
from windlass_gui.panes.logview import MATCHES, LogView
from windlass_gui.panes.logwindow import LogWindow

PAUSE = 400
"""Milliseconds without a key until the whole log is searched."""


class LogFinder(QObject):
    """The view shows a part of the log, `window`; what lies beyond is read in the background."""

    said = Signal(str)
    """How many matches there are, and how far the search is."""
    busy = Signal(bool)
    """The whole log is being searched, or no longer."""
    away = Signal(int, int)
    """The match at this offset is to be shown, which is not loaded; the record that holds it begins at the second."""

    def __init__(
        self, bridge: Bridge, view: LogView, bar: LogBar, item: Callable[[], Item | None],
        window: Callable[[], LogWindow], parent: QObject,
    ) -> None:  # fmt: skip
        """`item` is whose log is shown, `window` what is loaded of it."""
        super().__init__(parent)
        self._bridge, self._view, self._bar, self._item, self._window = bridge, view, bar, item, window
        self._text = ""
        self._search: Search | None = None
        self._reading: Reading | None = None
        self._wanted = False
        """Somebody waits for the first match."""
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(PAUSE)
        self._soon.timeout.connect(self.search_all)
        view.matches_changed.connect(lambda _: self._say())

    def look_for(self, text: str) -> None:
        """At once in what is loaded; in all of it when the typing pauses."""
        self.drop()
        self._text = text
        self._view.search(text)
        self._say()
        if self._all_marked:
            size = max(1, self._window().size)
            self._bar.mark([offset / size for offset in self._view.match_offsets()])
        elif text:
            self._soon.start()

    @property
    def _all_marked(self) -> bool:
        """All of the log is loaded, and all matches in it are marked."""
        window = self._window()
        return window.complete and not window.start and len(self._view.extraSelections()) < MATCHES

    def search_all(self) -> None:
        """In the whole log, now."""
        self._soon.stop()
        self._stop_reading()
        item = self._item()
        if item is None or not self._text:
            return
        search = self._search = Search(self._text)
        reading = self._reading = Reading(self._bridge, item, search.take, self)
        reading.progressed.connect(lambda done, size: self._searched(f"{done * 100 // max(1, size)} %"))
        reading.ended.connect(lambda _: self._ended())
        self.busy.emit(True)
        reading.start()

    def drop(self) -> None:
        """Another log, or another text: nothing is known."""
        self._soon.stop()
        self._stop_reading()
        self._search, self._wanted = None, False
        self._bar.mark([])

    def stop(self) -> None:
        """Leave it at what was found so far."""
        if self._reading is not None:
            self._ended()

    def go_on(self, back: bool = False) -> None:
        """To the next match in the whole log, loaded or not, around the end; to the first as soon as there is one."""
        if not self._text or self._view.next_match_here(back):
            return
        if self._search is None and not self._all_marked:
            self.search_all()
        search, window = self._search, self._window()
        offset = search.next(window.start if back else window.end - 1, back) if search is not None else None
        if offset is not None and not window.start <= offset < window.end:
            self._go_away(offset)
        elif self._view.extraSelections():
            self._view.next_match(back)
        else:
            self._wanted = self._reading is not None

    def _go_away(self, offset: int) -> None:
        assert self._search is not None
        self.away.emit(offset, self._search.record_of.get(offset, offset))

    def _searched(self, progress: str = "") -> None:
        search, window = self._search, self._window()
        if search is None:
            return
        self._bar.mark([offset / max(1, window.size) for offset in search.found])
        self._say(progress)
        if self._wanted and search.found:
            self._wanted = False
            self.go_on()

    def _ended(self) -> None:
        self._stop_reading()
        self._searched()
        self._wanted = False

    def _stop_reading(self) -> None:
        reading, self._reading = self._reading, None
        if reading is not None:
            reading.stop()
            reading.deleteLater()
            self.busy.emit(False)

    def _say(self, progress: str = "") -> None:
        search = self._search
        count = len(self._view.extraSelections()) if search is None else len(search.found)
        number = f"{count:,}{'+' if search is not None and search.more else ''}"
        text = self.tr("{} found").format(number) if count else self.tr("nothing found")
        if progress:
            text = f"{text if count else self.tr('searching')}, {progress}"
        self.said.emit(text if self._text else "")
