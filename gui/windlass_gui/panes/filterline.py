"""A line above a table that filters it: completes as one types, and says what is wrong and where."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from PySide6.QtCore import QEvent, QObject, QRect, QStringListModel, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QCompleter,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListView,
    QMenu,
    QVBoxLayout,
    QWidget,
)

from windlass_gui.look.buttons import flat_button
from windlass_gui.look.language import spoken
from windlass_gui.look.theme import XS, mono_font
from windlass_gui.models.query import Completion, Field, Query, QueryError, complete, help_text, parse
from windlass_gui.models.rows import tr

PAUSE = 150
"""Milliseconds without a key before the filter is applied."""

_EXAMPLES = {"name": "name:enc*", "agent": "agent:gpu*", "state": "state:ok"}
"""Of fields that hold any text."""

Values = Callable[[str], Iterable[str]]
"""Known values of a field."""


LEAST = 140
"""Pixels of a line beside a title, however long that is."""


class FilterLine(QWidget):
    """`fields` are the table's. Emits `changed` with each filter that can be read; until then the last one stays."""

    changed = Signal(object)
    """`Query`."""

    def __init__(self, fields: Sequence[Field], values: Values = lambda _: (), parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.fields = list(fields)
        self.values = values
        self.query = Query()
        self.edit = QLineEdit()
        self.edit.setPlaceholderText(self.tr("Filter, as in {}").format(self._example()))
        self.edit.setToolTip(help_text(self.fields, tr))
        self.edit.setAccessibleName(self.tr("Filter"))
        self.edit.setClearButtonEnabled(True)
        self.help = flat_button(
            "?", self.tr("What can stand in the filter"), self._show_help, name=self.tr("Help for the filter")
        )
        self.error = QLabel()
        self.error.setProperty("role", "error")
        self.error.setTextFormat(Qt.TextFormat.PlainText)
        self.error.setWordWrap(True)
        self.error.hide()
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(XS)
        row.addWidget(self.edit, 1)
        row.addWidget(self.help)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(XS)
        layout.addLayout(row)
        layout.addWidget(self.error)
        self._offers: list[Completion] = []
        self._list = QStringListModel(self)
        self._completer = QCompleter(self._list, self)
        self._popup = QListView()
        self._popup.setProperty("role", "popup")
        self._completer.setPopup(self._popup)
        self._completer.setCompletionMode(QCompleter.CompletionMode.UnfilteredPopupCompletion)
        self._completer.setWidget(self.edit)
        self._completer.activated.connect(self._take)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(PAUSE)
        self._timer.timeout.connect(self.apply)
        self.edit.textEdited.connect(lambda _: self._offer())
        self.edit.textChanged.connect(lambda _: self._timer.start())
        self.edit.returnPressed.connect(self.apply)
        self.edit.installEventFilter(self)

    def find_from(self, pane: QWidget) -> None:
        """Ctrl+F anywhere in the pane comes here."""
        keys = QKeySequence(QKeySequence.StandardKey.Find)
        shortcut = QShortcut(keys, pane, self.focus)
        shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        self.edit.setToolTip(f"{help_text(self.fields, tr)}\n\n{keys.toString(QKeySequence.SequenceFormat.NativeText)}")

    def focus(self) -> None:
        self.edit.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.edit.selectAll()

    def set_fields(self, fields: Sequence[Field]) -> None:
        """Another table is filtered now."""
        self.fields = list(fields)
        self.edit.setToolTip(help_text(self.fields, tr))
        self.apply()

    def set_text(self, text: str) -> None:
        """As if it had been typed, at once."""
        self.edit.setText(text)
        self.apply()

    def apply(self) -> None:
        """Read the line now; tells `changed` when the filter is another."""
        self._timer.stop()
        try:
            query = parse(self.edit.text(), self.fields)
        except QueryError as error:
            self._say(spoken(error.sentence()))
            return
        self._say("")
        if query != self.query:
            self.query = query
            self.changed.emit(query)

    def _say(self, problem: str) -> None:
        self.error.setText(problem)
        self.error.setVisible(bool(problem))
        if bool(self.edit.property("invalid")) != bool(problem):
            self.edit.setProperty("invalid", bool(problem))
            self.edit.style().unpolish(self.edit)
            self.edit.style().polish(self.edit)

    def _example(self) -> str:
        """One that this table can answer."""
        parts: list[str] = []
        for field in self.fields:
            if field.kind == "word" and len(parts) < 3:
                parts.append(f"{field.name}:{'failed' if 'failed' in field.words else field.words[1]}")
            elif field.kind == "time" and len(parts) < 3:
                parts.append(f"{field.name}>5m")
            elif field.name in _EXAMPLES and len(parts) < 3:
                parts.append(_EXAMPLES[field.name])
        return " ".join(parts)

    # --- completing ----------------------------------------------------------------------------------------

    def _offer(self) -> None:
        self._offers = complete(self.edit.text(), self.edit.cursorPosition(), self.fields, self.values)
        if not self._offers or not self.edit.text().strip():
            self._popup.hide()
            return
        self._list.setStringList([each.text + (f"   {tr(each.help)}" if each.help else "") for each in self._offers])
        rect = QRect(self.edit.cursorRect().left(), 0, 0, self.edit.height() + 2)
        rect.setWidth(max(260, self._popup.sizeHintForColumn(0) + 40))
        self._completer.complete(rect)

    def _take(self, shown: str) -> None:
        offer = next((each for each in self._offers if shown.split("   ")[0] == each.text), None)
        if offer is None:
            return
        text, cursor = self.edit.text(), self.edit.cursorPosition()
        self.edit.setText(text[: offer.start] + offer.text + text[cursor:])
        self.edit.setCursorPosition(offer.start + len(offer.text))
        self._offer()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.edit and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            if event.key() == Qt.Key.Key_Escape and self.edit.text():
                self.set_text("")
                return True
            if event.key() == Qt.Key.Key_Down and not self._popup.isVisible():
                self._offer()
                return True
        return super().eventFilter(watched, event)

    def _show_help(self) -> None:
        menu = QMenu(self)
        menu.setFont(mono_font())
        for line in help_text(self.fields, tr).splitlines():
            if not line:
                menu.addSeparator()
                continue
            action = menu.addAction("\t".join(line.split("   ", 1)))  # a menu has a second column for keys
            start = line.split("   ")[0].removesuffix(" <")
            action.triggered.connect(lambda _=False, start=start: self._begin(start))
        menu.popup(self.help.mapToGlobal(self.help.rect().bottomLeft()))
        menu.aboutToHide.connect(menu.deleteLater)

    def _begin(self, start: str) -> None:
        """A line of the help was chosen: it stands in the filter, to go on with."""
        before = self.edit.text().rstrip()
        self.edit.setText(f"{before} {start}".strip())
        self.edit.setFocus()
        self._offer()
