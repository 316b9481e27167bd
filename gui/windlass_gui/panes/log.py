"""The log of one attempt, live: which attempt, how it ended, and its text."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QSignalBlocker, Qt, QTimer
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QLineEdit, QToolButton, QVBoxLayout, QWidget

from windlass.model.units import human_size
from windlass.wire.rows import AttemptRow
from windlass_gui.bridge import Bridge
from windlass_gui.mirror import Changes
from windlass_gui.models import format as fmt
from windlass_gui.models.tables import attempt_end, attempt_seconds
from windlass_gui.panes.hint import Hinted
from windlass_gui.panes.logtext import LogText
from windlass_gui.panes.logview import LogView
from windlass_gui.panes.logwindow import Ask, LogWindow
from windlass_gui.panes.words import Elided
from windlass_gui.theme import ITEM_STATES, XS, S

WAIT = 20.0
"""Seconds that the core holds an answer back until there is more output."""
PAUSE = 200
"""Milliseconds between the end of one answer and the next question."""
RETRY = 2000
"""Milliseconds after a question that failed."""

NOT_YET = ("Not started yet", "What it writes appears here as soon as an agent runs it.")
NEVER_RAN = {
    "skipped": ("Skipped", "It never ran: a task it needs did not succeed, or its condition was not met."),
    "cancelled": ("Cancelled", "It was cancelled before it ran."),
}
"""What is said of an item without any attempt, by its state."""


class LogPane(QWidget):
    """Shows what it is told to by `show_item`; asks the core only while it is visible."""

    def __init__(self, bridge: Bridge, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.bridge = bridge
        self.item: tuple[int, int, int] | None = None
        """run, task, index."""
        self.attempt = 0
        """0: the latest one, whichever that is."""
        self.window_ = LogWindow()
        self._text = LogText()
        self._generation = 0
        self._asking = False
        self._shown_attempt = 0
        self._from_top = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._ask_later)
        self._build()
        bridge.mirror_changed.connect(self.apply)
        bridge.connection_changed.connect(self._connection)
        self._fill_attempts()
        self._describe()

    def _build(self) -> None:
        self.title = QLabel()
        self.title.setProperty("role", "title")
        self.title.setTextFormat(Qt.TextFormat.PlainText)
        self.state = Elided("muted")
        self.attempts = QComboBox()
        self.attempts.setAccessibleName(self.tr("Attempt"))
        self.attempts.setMinimumWidth(150)
        self.query = QLineEdit()
        self.query.setAccessibleName(self.tr("Search the log"))
        self.query.setPlaceholderText(self.tr("Search"))
        self.query.setToolTip(self.tr("Searches what is loaded; Enter goes to the next match"))
        self.query.setClearButtonEnabled(True)
        self.query.setMinimumWidth(150)
        self.query.setMaximumWidth(240)
        self.found = QLabel()
        self.found.setProperty("role", "muted")
        self.times = self._button(self.tr("Times"), self.tr("Show when each line was written"), checkable=True)
        self.tail = self._button(self.tr("Follow"), self.tr("Go to the end and stay there as output comes"))
        self.earlier = self._button(self.tr("Load earlier output"), self.tr("The log is larger than what is loaded"))
        self.error = QLabel()
        self.error.setProperty("role", "error")
        self.error.setTextFormat(Qt.TextFormat.PlainText)
        self.error.setWordWrap(True)
        self.error.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.error.setContentsMargins(S, XS, S, XS)
        self.view = LogView()
        self.hinted = Hinted(
            self.view, self.tr("No item selected"), self.tr("Select a task or an item to read what it writes.")
        )
        top = QHBoxLayout()
        top.setContentsMargins(S, XS, S, XS)
        top.setSpacing(S)
        top.addWidget(self.title)
        top.addWidget(self.state, 1)
        for widget in (self.found, self.query, self.times, self.tail, self.attempts):
            top.addWidget(widget)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(top)
        layout.addWidget(self.earlier)
        layout.addWidget(self.error)
        layout.addWidget(self.hinted, 1)
        self.attempts.currentIndexChanged.connect(self._attempt_chosen)
        self.query.textChanged.connect(self.view.search)
        self.view.matches_changed.connect(self._found)
        self.query.returnPressed.connect(self.view.next_match)
        self.times.toggled.connect(self.view.show_times)
        self.tail.clicked.connect(self._follow)
        self.earlier.clicked.connect(self._ask_earlier)
        self.view.verticalScrollBar().valueChanged.connect(self._scrolled)
        shortcut = QShortcut(QKeySequence(QKeySequence.StandardKey.Find), self, self.query.setFocus)
        shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)

    def _button(self, text: str, tip: str, checkable: bool = False) -> QToolButton:
        button = QToolButton()
        button.setText(text)
        button.setToolTip(tip)
        button.setCheckable(checkable)
        button.setProperty("role", "flat")
        return button

    # --- what is shown -------------------------------------------------------------------------------------

    def show_item(self, run: int | None, task: int = 0, index: int = 0, attempt: int = 0) -> None:
        """The log of an item's attempt (0: always its latest); None clears the pane."""
        wanted = None if run is None else (run, task, index)
        if wanted == self.item and attempt == self.attempt:
            return
        self.item, self.attempt = wanted, attempt
        self._begin()

    def _begin(self, ask: Ask | None = None) -> None:
        self._generation += 1
        self._asking = False
        self._timer.stop()
        self.window_, self._text, self._shown_attempt = LogWindow(), LogText(), 0
        self.view.show_lines([])
        self._fill_attempts()
        self._describe()
        if self.item is not None:
            self._ask(ask or self.window_.first())
            self._from_top = ask is not None

    def apply(self, changes: Changes) -> None:
        if self.item is None or (inside := changes.inside.get(self.item[0])) is None:
            return
        mine = [key for key in inside.attempts if key[:2] == self.item[1:]]
        if not mine and not inside.reset:
            self._hint(self._row())
            return
        self._fill_attempts()
        self._describe()
        newest = max((key[2] for key in mine), default=0)
        if self.attempt == 0 and newest > self._shown_attempt > 0:
            self._begin()
        elif not self._asking and not self.window_.complete:
            self._timer.start(PAUSE)

    def _row(self) -> AttemptRow | None:
        if self.item is None or (run := self.bridge.mirror.run(self.item[0])) is None:
            return None
        number = self._shown_attempt or self.attempt
        if number:
            return run.attempts.get((self.item[1], self.item[2], number))
        return run.last_attempt(self.item[1], self.item[2])

    def _fill_attempts(self) -> None:
        with QSignalBlocker(self.attempts):
            self.attempts.clear()
            self.attempts.addItem(self.tr("Latest attempt"), 0)
            run = self.bridge.mirror.run(self.item[0]) if self.item is not None else None
            for row in run.attempts_of(*self.item[1:]) if run is not None and self.item is not None else ():
                words = self.tr("{}: {} on {}").format(row.attempt, attempt_end(row), row.agent_name)
                self.attempts.addItem(words, row.attempt)
            self.attempts.setCurrentIndex(max(0, self.attempts.findData(self.attempt)))
        self.attempts.setVisible(self.attempts.count() > 1)

    def _attempt_chosen(self) -> None:
        if self.item is not None:
            self.show_item(*self.item, attempt=int(self.attempts.currentData() or 0))

    def _describe(self) -> None:
        """Everything around the text."""
        run = self.bridge.mirror.run(self.item[0]) if self.item is not None else None
        title, state, error = "", "", ""
        row = self._row()
        if self.item is not None:
            title = self.tr("Task {}").format(self.item[1])
            if run is not None and self.item[1] < len(run.tasks):
                task = run.tasks[self.item[1]]
                title = f"{task.title or task.id}[{self.item[2]}]" if task.array else task.title or task.id
        if row is not None:
            where = self.tr("attempt {} on {}").format(row.attempt, row.agent_name)
            parts = [where, attempt_end(row), fmt.duration(attempt_seconds(row))]
            if self.window_.shed:
                parts.append(self.tr("{} left out of the middle").format(human_size(self.window_.shed)))
            state, error = " · ".join(filter(None, parts)), row.error.strip()
        self.title.setText(title)
        self.state.setText(state)
        self.state.setToolTip(state)
        lines = error.splitlines()
        self.error.setText("\n".join(lines[:1] + (["…"] if len(lines) > 5 else []) + lines[1:][-4:]))
        self.error.setToolTip(error if len(lines) > 5 else "")
        self.error.setVisible(bool(error))
        self.earlier.setVisible(self.window_.start > 0)
        for widget in (self.query, self.times, self.tail):
            widget.setVisible(self.item is not None)
        self._hint(row)

    def _item_state(self) -> str:
        """Empty while it is not known."""
        run = self.bridge.mirror.run(self.item[0]) if self.item is not None else None
        if run is None or self.item is None:
            return ""
        states = run.states.get(self.item[1], b"")
        return ITEM_STATES[states[self.item[2]]] if self.item[2] < len(states) else ""

    def _hint(self, row: AttemptRow | None) -> None:
        say = self.hinted.hint.say
        empty = not self.window_.end
        if self.item is None:
            say(self.tr("No item selected"), self.tr("Select a task or an item to read what it writes."))
        elif row is None and not self.window_.begun:
            say(*map(self.tr, NEVER_RAN.get(self._item_state(), NOT_YET)))
        elif self.window_.complete:
            say(self.tr("No output"), self.tr("This attempt wrote nothing."))
        else:
            say(self.tr("No output so far"), self.tr("What it writes appears here."))
        self.hinted.show_hint(empty)

    # --- asking the core -----------------------------------------------------------------------------------

    def _ask(self, ask: Ask, earlier: bool = False) -> None:
        if self.item is None:
            return
        generation, self._asking = self._generation, True

        def done(data: dict[str, Any], payload: list[bytes]) -> None:
            if generation == self._generation:
                self._asking = False
                self._arrived(data, payload[0] if payload else b"", earlier)

        def failed(_reason: str) -> None:
            # An item that has not begun has no log; what goes wrong otherwise shows in the connection's state.
            if generation == self._generation:
                self._asking = False
                self._describe()
                self._timer.start(RETRY)

        wait = WAIT if ask.wait else 0.0
        number = self._shown_attempt or self.attempt
        self.bridge.get_log(*self.item, done, failed, number, ask.offset, ask.limit, wait)

    def _arrived(self, data: dict[str, Any], piece: bytes, earlier: bool) -> None:
        window, offset = self.window_, int(data.get("offset", 0))
        self._shown_attempt = int(data.get("attempt", 0))
        window.told(int(data.get("size", 0)), bool(data.get("ended")), int(data.get("shed", 0)))
        if earlier:
            if window.prepend(offset, piece):
                self._text = LogText()
                self.view.show_lines(self._text.feed(window.records())[1])
        else:
            records = window.append(offset, piece)
            if records is None:
                self._begin()
                return
            replaces, lines = self._text.feed(records)
            if records:
                self.view.add_lines(lines, replaces)
            if self._from_top:
                self._from_top = False
                self.view.verticalScrollBar().setValue(0)
        self._describe()
        if not window.complete and window.at_end:
            self._timer.start(PAUSE)
        elif not window.at_end and not earlier and self.view.following:
            self._timer.start(0)

    def _ask_later(self) -> None:
        if self.view.busy:
            self._timer.start(PAUSE)
        elif not self._asking and self.item is not None and self.isVisible():
            self._ask(self.window_.later() if self.window_.begun else self.window_.first())

    def _ask_earlier(self) -> None:
        if self.window_.begun and self.window_.start > 0:
            self._generation += 1  # an answer of the tail that is under way would come to the wrong end
            ask = self.window_.earlier()
            if ask is not None:
                self._ask(ask, earlier=True)
            else:
                self._begin(self.window_.beginning())

    def _scrolled(self) -> None:
        if self.window_.begun and not self.window_.at_end and self.view.following and not self._asking:
            self._timer.start(0)

    def _follow(self) -> None:
        """To the end: of what is loaded, or of the log if that lies further."""
        if self.window_.at_end:
            self.view.to_end()
        else:
            self._begin()

    def showEvent(self, event: Any) -> None:
        super().showEvent(event)
        if self.item is not None and not self.window_.complete:
            self._timer.start(0)

    def _connection(self, state: str, _text: str) -> None:
        if state == "up" and self.item is not None and not self._asking and not self.window_.complete:
            self._timer.start(0)

    def _found(self, matches: int) -> None:
        asked = bool(self.query.text())
        self.found.setText(
            "" if not asked else self.tr("nothing found") if not matches else self.tr("{} found").format(matches)
        )
