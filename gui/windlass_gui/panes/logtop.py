"""The line above a log: whose it is, searching, and how it is shown; in a narrow pane its switches are in one menu."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QLineEdit, QSizePolicy, QWidget

from windlass_gui.look.buttons import action_button, flat_button, menu_button, new_action, new_switch
from windlass_gui.look.theme import XS, S
from windlass_gui.panes.highlights import HighlightButton
from windlass_gui.panes.words import Elided

TIGHT = 640
"""Pixels of the whole line below which the state gives way too; the line below it tells what failed."""
TOLD = 300
"""Pixels that title and state have at least, before the switches give way."""


class LogTop(QWidget):
    """Says what it is told; what is done is the pane's."""

    next_asked = Signal(bool)
    """The next match (True: the one before)."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title = Elided("title", Qt.TextElideMode.ElideMiddle)
        # As wide as its words where there is room, and not more.
        self.title.setMinimumWidth(80)
        self.title.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Preferred)
        self.state = Elided("muted")
        self.state.setMinimumWidth(90)
        self.found = QLabel()
        self.found.setProperty("role", "muted")
        self.stop = flat_button(self.tr("Stop"), self.tr("Stop searching or saving"))
        self.stop.hide()
        self.query = QLineEdit()
        self.query.setAccessibleName(self.tr("Search the log"))
        self.query.setPlaceholderText(self.tr("Search"))
        self.query.setToolTip(
            self.tr("Searches the whole log; Enter goes to the next match, Shift+Enter to the one before")
        )
        self.query.setClearButtonEnabled(True)
        self.query.setMinimumWidth(100)
        self.query.setMaximumWidth(240)
        self.query.installEventFilter(self)
        self.words = HighlightButton()
        self.times = new_switch(self, self.tr("Times"), self.tr("Show when each line was written"))
        self.wrap = new_switch(self, self.tr("Wrap"), self.tr("Long lines go on in the next one"))
        self.tail = new_action(self, self.tr("Follow"), self.tr("Go to the end and stay there as output comes"))
        self.save = new_action(self, self.tr("Save as…"), self.tr("The whole log, as it was written, into a file"))
        actions = (self.times, self.wrap, self.tail, self.save)
        self._wide = [action_button(action) for action in actions]
        self.more = menu_button(self.tr("View"), self.tr("How the log is shown; save it"), actions)
        self.attempts = QComboBox()
        self.attempts.setAccessibleName(self.tr("Attempt"))
        self.attempts.setToolTip(self.tr("Which attempt's log is shown"))
        self.attempts.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.attempts.setMinimumContentsLength(12)
        row = QHBoxLayout(self)
        row.setContentsMargins(S, XS, S, XS)
        row.setSpacing(S)
        row.addWidget(self.title)
        row.addWidget(self.state, 1)
        for widget in (self.found, self.stop, self.query, self.words, *self._wide, self.more, self.attempts):
            row.addWidget(widget)
        self._shown = True
        self.show_controls(False)

    def show_controls(self, on: bool) -> None:
        """There is a log (or none, and then nothing to do with it)."""
        self._shown = on
        self.query.setVisible(on)
        self.words.setVisible(on)
        self._arrange()

    def show_attempts(self, entries: list[tuple[str, int]], chosen: int) -> None:
        """Words and numbers of the item's attempts; hidden when there is nothing to choose."""
        self.attempts.clear()
        for words, number in entries:
            self.attempts.addItem(words, number)
        self.attempts.setCurrentIndex(max(0, self.attempts.findData(chosen)))
        metrics = self.attempts.fontMetrics()
        widest = max((metrics.horizontalAdvance(words) for words, _ in entries), default=0)
        self.attempts.view().setMinimumWidth(widest + 4 * S)
        self.attempts.setVisible(len(entries) > 1)
        self._arrange()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def _arrange(self) -> None:
        """All switches side by side if the words beside them can be read then."""
        beside: list[QWidget] = [self.query, self.words, *self._wide]
        if not self.attempts.isHidden():
            beside.append(self.attempts)
        wide = self.width() - sum(widget.sizeHint().width() + S for widget in beside) >= TOLD
        for button in self._wide:
            button.setVisible(self._shown and wide)
        self.more.setVisible(self._shown and not wide)
        tight = self.width() < TIGHT
        self.state.setVisible(not tight)
        self.query.setMinimumWidth(60 if tight else 100)
        self.query.setMaximumWidth(240 if wide else 100 if tight else 130)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.query and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self.next_asked.emit(bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier))
                return True
            if event.key() == Qt.Key.Key_Escape and self.query.text():
                self.query.clear()
                return True
        return super().eventFilter(watched, event)
