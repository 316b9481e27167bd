"""The log of one attempt, live: which attempt, how it ended, and its text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import QSettings, QSignalBlocker, Qt, QTimer
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from windlass.model.units import human_size
from windlass.wire.rows import AttemptRow
from windlass_gui.bridge import Bridge
from windlass_gui.look.language import spoken
from windlass_gui.look.theme import ITEM_STATES, XS, S
from windlass_gui.look.tips import plain_tip
from windlass_gui.mirror import Changes
from windlass_gui.models import format as fmt
from windlass_gui.models.tables import attempt_end, attempt_seconds
from windlass_gui.panes.hint import Hinted
from windlass_gui.panes.logbar import LogBar
from windlass_gui.panes.logfinding import LogFinder
from windlass_gui.panes.logreading import Item
from windlass_gui.panes.logsaving import LogSaver
from windlass_gui.panes.logtext import LogText
from windlass_gui.panes.logtop import LogTop
from windlass_gui.panes.logview import LogView
from windlass_gui.panes.logwindow import Ask, LogWindow

WAIT = 20.0
"""Seconds that the core holds an answer back until there is more output."""
PAUSE = 200
"""Milliseconds between the end of one answer and the next question."""
RETRY = 2000
"""Milliseconds after a question that failed."""
JUMP = 80
"""Milliseconds that the scroll bar rests before the part of the log that it points to is loaded."""
NEAR = 60
"""Lines before the end of what is loaded at which more is asked for."""

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
        self._waits = False
        """What is asked may wait for more output: it holds nothing else up."""
        self._shown_attempt = 0
        self._from_top = False
        self._select: int | None = None
        """The offset of a match that is being gone to."""
        self._saver: LogSaver | None = None
        self._jump = QTimer(self)
        self._jump.setSingleShot(True)
        self._jump.setInterval(JUMP)
        self._jump.timeout.connect(self._jump_now)
        self._target = 0
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._ask_later)
        self._build()
        bridge.mirror_changed.connect(self.apply)
        bridge.connection_changed.connect(self._connection)
        self._fill_attempts()
        self._describe()

    def _build(self) -> None:
        top = self.top = LogTop()
        self.title, self.state, self.found, self.query = top.title, top.state, top.found, top.query
        self.stop, self.words, self.times, self.wrap = top.stop, top.words, top.times, top.wrap
        self.bar = LogBar()
        self.bar.setToolTip(self.tr("The whole log; marks are matches of the search"))
        self.error = QLabel()
        self.error.setProperty("role", "error")
        self.error.setTextFormat(Qt.TextFormat.PlainText)
        self.error.setWordWrap(True)
        self.error.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.error.setContentsMargins(S, XS, S, XS)
        self.view = LogView()
        text = QWidget()
        beside = QHBoxLayout(text)
        beside.setContentsMargins(0, 0, 0, 0)
        beside.setSpacing(0)
        beside.addWidget(self.view, 1)
        beside.addWidget(self.bar)
        self.hinted = Hinted(
            text, self.tr("No item selected"), self.tr("Select a task or an item to read what it writes.")
        )
        self.finder = LogFinder(self.bridge, self.view, self.bar, self._shown, lambda: self.window_, self)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(top)
        layout.addWidget(self.error)
        layout.addWidget(self.hinted, 1)
        top.attempts.currentIndexChanged.connect(self._attempt_chosen)
        top.next_asked.connect(self.finder.go_on)
        top.query.textChanged.connect(self.finder.look_for)
        self.finder.said.connect(top.found.setText)
        self.finder.busy.connect(lambda busy: top.stop.setVisible(busy or self._saver is not None))
        self.finder.away.connect(self._show_match)
        top.wrap.toggled.connect(self.view.wrap)
        top.times.toggled.connect(self.view.show_times)
        top.tail.triggered.connect(self._follow)
        top.save.triggered.connect(self._save_as)
        top.words.changed.connect(self.view.highlighter.set_words)
        top.stop.clicked.connect(self._stop)
        self.bar.asked.connect(self._bar_asked)
        # Not at once: whoever made the lines is not ready yet.
        self.view.laid_out.connect(self._scrolled, Qt.ConnectionType.QueuedConnection)
        self.view.verticalScrollBar().valueChanged.connect(self._scrolled)
        self.view.verticalScrollBar().rangeChanged.connect(lambda *_: self._tell_bar())
        shortcut = QShortcut(QKeySequence(QKeySequence.StandardKey.Find), self, self.query.setFocus)
        shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)

    # --- what is shown -------------------------------------------------------------------------------------

    def show_item(self, run: int | None, task: int = 0, index: int = 0, attempt: int = 0) -> None:
        """The log of an item's attempt (0: always its latest); None clears the pane."""
        wanted = None if run is None else (run, task, index)
        if wanted == self.item and attempt == self.attempt:
            return
        self.item, self.attempt = wanted, attempt
        self._begin()

    def _begin(self, ask: Ask | None = None, same: bool = False) -> None:
        """Another log; with `same` or `ask` another part of the same, its end or what is asked for."""
        same = same or ask is not None
        self._generation += 1
        self._asking = False
        self._timer.stop()
        attempt = self._shown_attempt if same else 0
        size = self.window_.size
        self.window_, self._text, self._shown_attempt = LogWindow(), LogText(), attempt
        self.view.show_lines([])
        if same:
            self.window_.size = size
        else:
            self.finder.drop()
        self._fill_attempts()
        self._describe()
        if self.item is not None:
            self._from_top = ask is not None
            self._ask(ask or self.window_.first())

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
        entries = [(self.tr("Latest attempt"), 0)]
        run = self.bridge.mirror.run(self.item[0]) if self.item is not None else None
        for row in run.attempts_of(*self.item[1:]) if run is not None and self.item is not None else ():
            entries.append((self.tr("{}: {} on {}").format(row.attempt, attempt_end(row), row.agent_name), row.attempt))
        with QSignalBlocker(self.top.attempts):
            self.top.show_attempts(entries, self.attempt)

    def _attempt_chosen(self) -> None:
        if self.item is not None:
            self.show_item(*self.item, attempt=int(self.top.attempts.currentData() or 0))

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
            said = self.tr("on {}") if row.attempt == 1 else self.tr("attempt {1} on {0}")
            where = said.format(row.agent_name, row.attempt)
            parts = [where, spoken(attempt_end(row)), fmt.duration(attempt_seconds(row))]
            if self.window_.shed:
                parts.append(self.tr("{} left out of the middle").format(human_size(self.window_.shed)))
            state, error = " · ".join(filter(None, parts)), spoken(row.error.strip())
        if title != self.title.text():
            self.title.setText(title)
            self.title.updateGeometry()
        self.state.setText(state)
        self.state.setToolTip(plain_tip(state))
        lines = error.splitlines()
        self.error.setText("\n".join(lines[:1] + (["…"] if len(lines) > 5 else []) + lines[1:][-4:]))
        self.error.setToolTip(plain_tip(error) if len(lines) > 5 else "")
        self.error.setVisible(bool(error))
        self.top.show_controls(self.item is not None)
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
        generation, self._asking, self._waits = self._generation, True, ask.wait

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
            anchor = self.view.in_view()[0]
            if window.prepend(offset, piece):
                self._text = LogText(window.start)
                self.view.tailing = False
                self.view.show_lines(self._text.feed(window.records())[1], anchor)
        else:
            fresh = not window.end
            records = window.append(offset, piece)
            if records is None:
                self._begin()
                return
            if fresh:
                self._text = LogText(window.start)
            self.view.tailing = window.at_end and not self._from_top
            replaces, lines = self._text.feed(records)
            if records:
                self.view.add_lines(lines, replaces)
            if self._from_top:
                self._from_top = False
                self._go_to_start()
        self._describe()
        if not window.complete and window.at_end:
            self._timer.start(PAUSE)
        self._tell_bar()
        self._look_around()

    def _ask_later(self) -> None:
        if self.view.busy:
            self._timer.start(PAUSE)
        elif not self._asking and self.item is not None and self.isVisible():
            self._ask(self.window_.later() if self.window_.begun else self.window_.first())

    def _go_to_start(self) -> None:
        """What was jumped to is loaded."""
        self.view.verticalScrollBar().setValue(0)
        if self._select is not None:
            self.view.go_to(self._select, select=True)
            self._select = None

    def _scrolled(self) -> None:
        self._tell_bar()
        self._look_around()

    def _look_around(self) -> None:
        """Ask for what lies before or behind, when a person comes near the end of what is loaded."""
        window = self.window_
        if not window.begun or (self._asking and not self._waits) or self.view.busy or not window.end:
            return
        above, below = self.view.lines_around()
        if not window.at_end and below < NEAR and not self._asking:
            self._ask(window.later())
        elif above < NEAR and (ask := window.earlier()) is not None:
            self._generation += 1  # an answer of the tail that is under way would come to the wrong end
            self._ask(ask, earlier=True)

    def _tell_bar(self) -> None:
        size = max(1, self.window_.size)
        first, last = self.view.in_view()
        # At both ends the bar is at its end too, though offsets are those of lines' starts.
        start = 0.0 if not self.window_.start and not self.view.lines_around()[0] else first / size
        end = 1.0 if self.window_.at_end and self.view.following else last / size
        self.bar.tell(start, max(start, end))

    def _bar_asked(self, part: float) -> None:
        self._target = int(part * self.window_.size)
        if self.window_.start <= self._target < self.window_.end:
            self._jump.stop()
            self.view.go_to(self._target)
        else:
            self._jump.start()

    def _jump_now(self) -> None:
        self._begin(LogWindow.around(self._target))

    # --- the whole log -------------------------------------------------------------------------------------

    def _shown(self) -> Item | None:
        """The attempt whose log is shown."""
        return (*self.item, self._shown_attempt or self.attempt) if self.item is not None else None

    def _show_match(self, offset: int, record: int) -> None:
        self._select = offset
        self._begin(LogWindow.around(record))

    def _stop(self) -> None:
        self.finder.stop()
        if self._saver is not None:
            self._saver.stop()

    def _save_as(self) -> None:
        dialog = QFileDialog(self, self.tr("Save the log"), f"{self.title.text() or 'log'}.log")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("log")
        dialog.fileSelected.connect(lambda name: self.save_to(Path(name)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def save_to(self, path: Path) -> None:
        """The whole log into a file, in the background, whatever the pane shows meanwhile; "Stop" ends it."""
        shown = self._shown()
        if shown is None:
            return
        self._stop()
        saver = self._saver = LogSaver(self.bridge, shown, path, self)

        def progressed(share: float) -> None:
            self.found.setText(self.tr("Saving {}, {} %").format(path.name, int(share * 100)))

        def ended(problem: str) -> None:
            self._saver = None
            self.stop.hide()
            said = self.tr("Saved {}").format(path.name)
            self.found.setText(said if not problem else self.tr("Not saved: {}").format(problem))
            saver.deleteLater()

        saver.progressed.connect(progressed)
        saver.ended.connect(ended)
        self.stop.show()
        progressed(0.0)
        saver.start()

    def remember(self, settings: QSettings) -> None:
        """Words to tint as a person left them, now and from now on."""
        self.words.remember(settings)

    def _follow(self) -> None:
        """To the end: of what is loaded, or of the log if that lies further."""
        if self.window_.at_end:
            self.view.to_end()
        else:
            self._begin(same=True)

    def showEvent(self, event: Any) -> None:
        super().showEvent(event)
        if self.item is not None and not self.window_.complete:
            self._timer.start(0)

    def _connection(self, state: str, _text: str) -> None:
        if state == "up" and self.item is not None and not self._asking and not self.window_.complete:
            self._timer.start(0)
