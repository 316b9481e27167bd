"""Gathers what happens and hands it to the desktop: a burst is one notification, and nothing of the start is told."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QGuiApplication, Qt

from windlass_gui.attention import words
from windlass_gui.attention.derive import URGENT
from windlass_gui.attention.needs import Needs
from windlass_gui.attention.news import News, Teller, gather
from windlass_gui.attention.settings import Wishes
from windlass_gui.bridge import Bridge
from windlass_gui.mirror import Changes

GATHER = 1500
"""Milliseconds from the first news until it is told, with all that came meanwhile."""
LINES = 5
"""Kinds of news that one notification tells; the last line says how many more there are."""


def _in_front() -> bool:
    return QGuiApplication.applicationState() == Qt.ApplicationState.ApplicationActive


class Notifier(QObject):
    """`show` gets a title, the text, and whether it is grave."""

    opened = Signal(object)
    """A person has clicked the notification: the `News` to go to."""

    def __init__(
        self, bridge: Bridge, needs: Needs, wishes: Wishes, show: Callable[[str, str, bool], object],
        in_front: Callable[[], bool] = _in_front, parent: QObject | None = None,
    ) -> None:  # fmt: skip
        super().__init__(parent)
        self.bridge = bridge
        self.needs = needs
        self.wishes = wishes
        self.show = show
        self.in_front = in_front
        self.last: News | None = None
        """What the newest notification was about, first of all."""
        self._teller = Teller()
        self._waiting: list[News] = []
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(GATHER)
        self._timer.timeout.connect(self.tell)
        bridge.mirror_changed.connect(self._mirror_changed)
        bridge.connection_changed.connect(self._connection_changed)
        needs.looked.connect(self._looked)

    def _connection_changed(self, *_: object) -> None:
        mirror = self.bridge.mirror
        if self.bridge.state != "up" and not mirror.runs and not mirror.agents:
            self._teller.forget()
            self._waiting.clear()

    def _mirror_changed(self, changes: Changes) -> None:
        if self.bridge.state != "up":
            return
        mirror = self.bridge.mirror
        self._take(self._teller.runs(mirror.runs, changes.runs, "runs" in changes.resets))
        self._take(self._teller.agents(mirror.agents, changes.agents, "agents" in changes.resets))

    def _looked(self) -> None:
        if self.bridge.state == "up":
            self._take(self._teller.matters(self.needs.matters, self.needs.clock(), self.needs.known))

    def _take(self, news: list[News]) -> None:
        wanted = [each for each in news if self.wishes.told(each.kind)]
        if wanted and (self.wishes.in_front or not self.in_front()):
            self._waiting += wanted
            if not self._timer.isActive():
                self._timer.start()

    def tell(self) -> None:
        """Tell what was gathered, unless somebody has come to the window meanwhile."""
        self._timer.stop()
        groups, self._waiting = gather(self._waiting), []
        if not groups or (self.in_front() and not self.wishes.in_front):
            return
        first = groups[0][0]
        if len(groups) == 1:
            title, text = words.news_title(groups[0]), words.news_line(groups[0])
        else:
            title = words.happened(sum(map(len, groups)))
            lines = [f"{words.news_title(group)}: {words.news_line(group)}" for group in groups[:LINES]]
            more = len(groups) - LINES
            text = "\n".join([*lines, words.and_more(more)] if more > 0 else lines)
        grave = any(each.matter is not None and each.matter.severity == URGENT for group in groups for each in group)
        self.last = first
        self.show(title, text, grave or any(group[0].kind == "run-failed" for group in groups))

    def clicked(self) -> None:
        """A notification was clicked. Which one, the desktop does not say: the newest."""
        if self.last is not None:
            self.opened.emit(self.last)
