"""A record of the core that grows, read on from where one stands: for whoever keeps all of something at hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject

from windlass_gui.bridge.bridge import Bridge
from windlass_gui.bridge.pages import Pages


class Reader(QObject):
    """At most one reading at a time, page by page (`Pages`).

    Its owner keeps where it stands. A reading that broke off, or whose connection was left for another, is over: when
    there is a connection again, `go_on` is called, so that nobody waits for an answer that will never come.
    """

    def __init__(
        self,
        bridge: Bridge,
        convert: Callable[[dict[str, Any]], tuple[Any, int | None]],
        take: Callable[[Any, bool], bool],
        go_on: Callable[[], object],
        parent: QObject | None = None,
    ) -> None:
        """`convert` and `take` as in `Pages`; with its last page a reading is over before `take` gets it."""
        super().__init__(parent)
        self.problem = ""
        """Why the last reading broke off, if so."""
        self._bridge = bridge
        self._convert, self._take, self._go_on = convert, take, go_on
        self._pages: Pages[Any] | None = None
        self._connection = 0
        """That of the reading."""
        bridge.connection_changed.connect(self._connection_changed)

    @property
    def reading(self) -> bool:
        """More is on its way."""
        return self._pages is not None

    def read(self, ask: Callable[[int], Any], after: int, failed: Callable[[], object] = lambda: None) -> None:
        """Begin behind `after`; what was being read is left. `failed` is told that `problem` says why it broke off."""
        self.stop()

        def take(page: Any, last: bool) -> bool:
            if last:
                self._pages = None
            on = self._take(page, last)
            if not on and self._pages is pages:
                self._pages = None
            return on

        def broke(reason: str) -> None:
            self._pages, self.problem = None, reason
            failed()

        self._connection = self._bridge.connections
        pages = self._bridge.read_pages(ask, after, self._convert, take, broke)
        self._pages = pages

    def stop(self) -> None:
        """Take nothing more of what is being read."""
        pages, self._pages, self.problem = self._pages, None, ""
        if pages is not None:
            pages.stop()

    def _connection_changed(self, state: str, _text: str) -> None:
        if state == "up" and (self.problem or (self.reading and self._connection != self._bridge.connections)):
            self.stop()
            self._go_on()
