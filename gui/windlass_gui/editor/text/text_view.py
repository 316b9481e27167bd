"""The document as YAML: a second, live view of what the canvas shows.

What is typed becomes the document after a short pause, as one undo step a burst, readable or not; of a text that
cannot be read (or, if it is large, has not been read yet) the canvas keeps the last good state. What is changed
elsewhere is put into the text line by line, so that the cursor and what is in view stay. A view that nobody sees does
nothing, and catches up when it is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import overload

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QShowEvent, QTextCursor
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from windlass.model.fitting import Machine
from windlass_gui.editor.document.session import EditorSession
from windlass_gui.editor.form.suggest import Known, in_yaml
from windlass_gui.editor.text.code import CodeEdit, FindBar, Mark
from windlass_gui.editor.text.code.completing import Completer
from windlass_gui.editor.text.code.offers import Offer
from windlass_gui.editor.text.code.patch import plain_text, put_text
from windlass_gui.editor.text.outline import Outline
from windlass_gui.look.language import spoken
from windlass_gui.look.theme import XS, S, Theme

PAUSE = 400
"""Milliseconds without typing before what was typed becomes the document."""
CURSOR_PAUSE = 120
"""Milliseconds that the cursor rests in a task's lines before its node is marked."""
MARKED = 500
"""Problems that are marked at most."""


class TextView(QWidget):
    """Of one session at a time."""

    task_entered = Signal(str)
    """The cursor came into a task's lines."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session: EditorSession | None = None
        self._theme = theme
        self._crlf = False
        self._stale = True
        """The document changed while nobody saw this."""
        self._quiet = False
        """This view itself changes the text or moves the cursor."""
        self._pending = False
        """Something may have been typed since the document last became what stands here."""
        self._version = -1
        """Of the document's text, which stands here but for what was typed since."""
        self._task = ""
        self._outline: Outline | None = None
        self.edit = CodeEdit("yaml", theme)
        self.edit.setAccessibleName(self.tr("The graph as YAML"))
        self.edit.setProperty("role", "pane")
        self.edit.setStyleSheet("CodeEdit { padding: 0; }")
        self.edit.setUndoRedoEnabled(False)
        self.edit.installEventFilter(self)
        self.find_bar = FindBar(self.edit, theme)
        self.machines: Callable[[], Sequence[Machine]] = tuple
        """The agents whose labels and resources are offered."""
        self.completer = Completer(self.edit, self._suggest, by_line=True)
        self._status = QLabel()
        self._status.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.find_bar)
        layout.addWidget(self.edit, 1)
        layout.addWidget(self._status)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(PAUSE)
        self._timer.timeout.connect(self.apply)
        self._cursor_timer = QTimer(self)
        self._cursor_timer.setSingleShot(True)
        self._cursor_timer.setInterval(CURSOR_PAUSE)
        self._cursor_timer.timeout.connect(self._tell_task)
        self.edit.textChanged.connect(self._typed)
        self.edit.cursorPositionChanged.connect(self._moved)
        self.show_theme(theme)

    def show_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.edit.show_theme(theme)
        self.find_bar.show_theme(theme)
        self._show_state()

    def show_session(self, session: EditorSession | None) -> None:
        """Another document. What was typed into the one before becomes its last step."""
        if self.session is not None:
            self.apply()
            self.session.changed.disconnect(self._follow)
            self.session.checked.disconnect(self._show_marks)
            self.session.settling.disconnect(self.apply)
        self.session = session
        self._task = ""
        if session is not None:
            session.changed.connect(self._follow)
            session.checked.connect(self._show_marks)
            session.settling.connect(self.apply)
        self.edit.setReadOnly(session is None)
        self._quiet = True
        self.edit.setPlainText("")
        self._quiet = False
        self._stale = True
        if self.isVisible() or session is None:
            self._catch_up(whole=True)

    # --- from the document -----------------------------------------------------------------------------------

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._stale:
            self._catch_up(whole=not self.edit.document().characterCount() > 1)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.apply()

    def _follow(self, _: object = None) -> None:
        if self._quiet or self.session is None:
            return
        if self.session.document.version == self._version:
            self._show_state()  # what stood there already has been read by now
        elif self.isVisible():
            self._catch_up()
        else:
            self._stale = True

    def _catch_up(self, whole: bool = False) -> None:
        """Make the text the document's. `whole`: it is another document, in which nothing needs to stay in place."""
        self._timer.stop()
        self._stale = self._pending = False
        text = self.session.document.text if self.session is not None else ""
        self._version = self.session.document.version if self.session is not None else -1
        self._crlf = "\r\n" in text
        self._quiet = True
        if whole:
            self.edit.setPlainText(_lines(text))
        else:
            self.edit.flash(put_text(self.edit, _lines(text)))
        self._quiet = False
        self._outline = None
        self._show_marks()

    def _show_marks(self) -> None:
        """The checker's findings at their lines. They are of the text before while something is being typed."""
        problems = self.session.document.problems if self.session is not None else []
        marks = [Mark(each.line, each.column, each.severity, each.message) for each in problems[:MARKED] if each.line]
        self.edit.set_marks(marks)
        self._show_state()

    def _show_state(self) -> None:
        document = self.session.document if self.session is not None else None
        text = ""
        if document is not None and document.unreadable:
            first = next((each for each in document.problems if each.line), None)
            text = self.tr("This cannot be read yet")
            if first is not None:
                text = self.tr("Line {}: {}").format(first.line, spoken(first.message))
        self._status.setText(text)
        self._status.setStyleSheet(f"color: {self._theme.danger}; padding: {XS}px {S}px;")
        self._status.setVisible(bool(text))

    # --- to the document -------------------------------------------------------------------------------------

    @property
    def dirty(self) -> bool:
        """Something was typed that is not in the document yet."""
        if self.session is None or not self._pending or self._stale:
            return False
        # Line ends of several kinds are one kind here; that alone is no edit.
        return plain_text(self.edit) != _lines(self.session.document.text)

    def _typed_text(self) -> str:
        text = plain_text(self.edit)
        return text.replace("\n", "\r\n") if self._crlf else text

    def _typed(self) -> None:
        # The highlighter's colours come as a change too; what is compared in the end is the text.
        if not self._quiet and self.session is not None:
            self._outline = None
            self._pending = True
            self._timer.start()

    def apply(self) -> None:
        """Make what was typed the document now."""
        dirty, self._pending = self.dirty, False
        self._timer.stop()
        if self.session is None or not dirty:
            return
        self._quiet = True
        self.session.apply_text(self._typed_text())
        self._version = self.session.document.version
        self._quiet = False
        self._show_state()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.FocusOut:
            self.apply()
        return super().eventFilter(watched, event)

    def _suggest(self, _: str, column: int) -> Offer | None:
        """What may stand at the cursor."""
        if self.session is None:
            return None
        line = self.edit.textCursor().blockNumber()
        known = Known(self.session.document.raw, self.machines())
        return in_yaml(_Lines(self.edit), line, column, known)

    # --- places ----------------------------------------------------------------------------------------------

    @property
    def outline(self) -> Outline:
        if self._outline is None:
            self._outline = Outline(plain_text(self.edit).split("\n"))
        return self._outline

    def go_to(self, line: int, column: int = 1) -> None:
        """Put the cursor at a place (from 1) and the keyboard with it."""
        self.edit.go_to(line, column)
        self.edit.setFocus(Qt.FocusReason.OtherFocusReason)

    def show_task(self, task: str) -> None:
        """Bring a task's lines into view, unless the cursor is in them."""
        if task == self._task and self.edit.hasFocus():
            return
        line = self.outline.line_of(task)
        if line is None:
            return
        self._task = task
        if self.outline.task_at(self.edit.textCursor().blockNumber()) == task:
            return
        self._quiet = True
        self.edit.setTextCursor(QTextCursor(self.edit.document().findBlockByNumber(line)))
        self._quiet = False
        self.edit.centerCursor()

    def _moved(self) -> None:
        if not self._quiet and self.edit.hasFocus():
            self._cursor_timer.start()

    def _tell_task(self) -> None:
        if self._pending:
            return
        task = self.outline.task_at(self.edit.textCursor().blockNumber())
        if task and task != self._task:
            self._task = task
            self.task_entered.emit(task)


class _Lines(Sequence[str]):
    """The lines of a box, of which a suggestion needs only a few."""

    def __init__(self, edit: CodeEdit) -> None:
        self._edit = edit
        self._document = edit.document()

    def __len__(self) -> int:
        return self._document.blockCount()

    @overload
    def __getitem__(self, at: int) -> str: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[str]: ...
    def __getitem__(self, at: int | slice) -> str | Sequence[str]:
        if isinstance(at, slice):
            return plain_text(self._edit).split("\n")[at]
        return self._document.findBlockByNumber(at).text()


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2029", "\n")
