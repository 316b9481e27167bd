"""The text of a log: lines with colours and times, search, and a tail that stays in view."""

from __future__ import annotations

import bisect
import time
from collections import deque
from collections.abc import Iterable

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QColor, QFont, QTextCharFormat, QTextCursor, QTextDocument
from PySide6.QtWidgets import QPlainTextEdit, QTextEdit, QWidget

from windlass.wire.logs import ERR, NOTE
from windlass_gui.look.theme import BODY, Theme, contrast, current_theme, ink, mix, mono_font, theme_switch
from windlass_gui.panes.highlights import Highlighter
from windlass_gui.panes.logtext import PLAIN, Line, Style

LINES = 20_000
"""Lines held by the view; older ones leave it at the top. More than what the window of a log holds."""
BATCH = 1500
"""Lines laid out at once; the rest follows when the events that wait have had their turn."""
MATCHES = 500
"""Marked matches of a search."""


class LogView(QPlainTextEdit):
    """Read-only; what it shows is plain text, whatever it contains."""

    matches_changed = Signal(int)
    """How many matches of the search are marked."""
    laid_out = Signal()
    """All lines are in the text."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setReadOnly(True)
        self.setUndoRedoEnabled(False)
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.setFrameShape(QPlainTextEdit.Shape.NoFrame)
        self.setProperty("role", "pane")
        self.setStyleSheet(f"QPlainTextEdit {{ font-size: {BODY - 1}px; }}")
        self.setAccessibleName(self.tr("Log"))
        self.setFont(mono_font(BODY - 1))
        self.document().setMaximumBlockCount(LINES)
        self._lines: deque[Line] = deque(maxlen=LINES)
        self._pending: deque[Line] = deque()
        """The last of `_lines`, not laid out yet."""
        self._place: int | None = None
        """Where to scroll when all is laid out."""
        self._open_block = True
        """The last block of the text is empty and waits for a line."""
        self._more = QTimer(self)
        self._more.setSingleShot(True)
        self._more.setInterval(5)
        self._more.timeout.connect(self._lay_out)
        self._times = False
        self._search = ""
        self.tailing = True
        """What comes at the end is to be followed; not while the log goes on behind what is loaded."""
        self._select = False
        """... and its match is to be selected."""
        self._kept: tuple[int, int, int] | None = None
        """Where the cursor was, to be put there again when all is laid out."""
        self._anchor: int | None = None
        """The line at this offset of the log is to be on top when all is laid out."""
        self.highlighter = Highlighter(self.document())
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        option = self.document().defaultTextOption()
        # Text of a task may run from right to left; the lines of a log do not.
        option.setTextDirection(Qt.LayoutDirection.LeftToRight)
        self.document().setDefaultTextOption(option)
        theme_switch().changed.connect(self._rerender)

    # --- content -------------------------------------------------------------------------------------------

    def show_lines(self, lines: Iterable[Line], anchor: int | None = None) -> None:
        """Replace everything; the line at `anchor` in the log comes to the top."""
        kept = self._cursor_place() if anchor is not None else None
        self._lines = deque(lines, maxlen=LINES)
        self._render()
        self._kept = kept
        if anchor is not None:
            self._anchor, self._place = anchor, None
            if not self._pending:
                self._settle()

    def add_lines(self, lines: list[Line], replaces: bool) -> None:
        """Append; with `replaces` the first one takes the place of the last one shown. Keeps the tail in view."""
        if not lines:
            return
        if replaces and self._pending:
            self._pending.pop()
            self._lines.pop()
        elif replaces and self._lines:
            self._lines.pop()
            cursor = QTextCursor(self.document())
            cursor.movePosition(QTextCursor.MoveOperation.End)
            cursor.movePosition(QTextCursor.MoveOperation.StartOfBlock, QTextCursor.MoveMode.KeepAnchor)
            cursor.removeSelectedText()
            self._open_block = True
        self._lines.extend(lines)
        self._pending.extend(lines)
        if not self._more.isActive():
            self._lay_out()

    def _lay_out(self) -> None:
        """Put the next lines into the text."""
        follow = self.following and self.tailing and self._anchor is None
        cursor = QTextCursor(self.document())
        cursor.beginEditBlock()
        cursor.movePosition(QTextCursor.MoveOperation.End)
        if self._pending and not self._open_block:
            cursor.insertBlock()
        batch = [self._pending.popleft() for _ in range(min(BATCH, len(self._pending)))]
        self._insert(cursor, batch)
        self._open_block = self._open_block and not batch
        cursor.endEditBlock()
        if self._pending:
            self._more.start()
        elif self._anchor is not None:
            self._settle()
        elif self._place is not None:
            self.verticalScrollBar().setValue(self._place)
            self._place = None
        if follow and self._place is None:
            self.to_end()
        if self._search:
            self._mark()
        if not self._pending:
            self.laid_out.emit()

    def show_times(self, on: bool) -> None:
        if on != self._times:
            self._times = on
            self._render()

    @property
    def busy(self) -> bool:
        """Lines wait to be laid out; more would only make a person wait."""
        return bool(self._pending) or self._anchor is not None

    @property
    def following(self) -> bool:
        """The end is in view, so it stays there when lines come."""
        bar = self.verticalScrollBar()
        return bar.value() >= bar.maximum() - 1

    def _settle(self) -> None:
        if self._kept is not None:
            offset, column, length = self._kept
            self._kept = None
            block = self.document().findBlockByNumber(self._line_at(offset))
            if block.isValid() and column + length < block.length():
                cursor = QTextCursor(block)
                cursor.setPosition(block.position() + column)
                cursor.setPosition(block.position() + column + length, QTextCursor.MoveMode.KeepAnchor)
                self.setTextCursor(cursor)
        select, self._select = self._select, False
        if self._anchor is not None:
            self.go_to(self._anchor, select)
        self._anchor = None

    def _cursor_place(self) -> tuple[int, int, int]:
        """Of the cursor: the offset of its line in the log, the place in the line, and how much is selected there."""
        cursor = self.textCursor()
        start, length = cursor.selectionStart(), cursor.selectionEnd() - cursor.selectionStart()
        block = self.document().findBlock(start)
        known = block.blockNumber() < len(self._lines)
        return (self._lines[block.blockNumber()].offset if known else 0), start - block.position(), length

    def go_to(self, offset: int, select: bool = False) -> None:
        """The line that holds this byte of the log to the top; with `select`, as the place to search on from.

        While lines wait to be laid out, when they are.
        """
        if self._pending:
            self._anchor, self._select = offset, select
            return
        block = self.document().findBlockByNumber(self._line_at(offset))
        if block.isValid():
            cursor = QTextCursor(block)
            if select:
                self.setTextCursor(cursor)
                if self._search:
                    self.find(self._search)
                self.centerCursor()
            else:
                wrapped = block.firstLineNumber()
                self.verticalScrollBar().setValue(wrapped)

    def _line_at(self, offset: int) -> int:
        offsets = [line.offset for line in self._lines]
        return max(0, bisect.bisect_right(offsets, offset) - 1)

    def in_view(self) -> tuple[int, int]:
        """Offsets in the log of the first and the last line that are seen."""
        if not self._lines:
            return 0, 0
        first = self.firstVisibleBlock().blockNumber()
        last = self.cursorForPosition(self.viewport().rect().bottomLeft()).blockNumber()
        known = len(self._lines) - 1
        return self._lines[min(max(first, 0), known)].offset, self._lines[min(max(last, 0), known)].offset

    def lines_around(self) -> tuple[int, int]:
        """How many lines are loaded above the first one that is seen, and below the last."""
        first = self.firstVisibleBlock().blockNumber()
        last = self.cursorForPosition(self.viewport().rect().bottomLeft()).blockNumber()
        return max(0, first), max(0, len(self._lines) - 1 - last)

    def wrap(self, on: bool) -> None:
        """Long lines go on in the next one, or out of the window."""
        mode = QPlainTextEdit.LineWrapMode
        self.setLineWrapMode(mode.WidgetWidth if on else mode.NoWrap)

    def to_end(self) -> None:
        self.verticalScrollBar().setValue(self.verticalScrollBar().maximum())

    def _rerender(self) -> None:
        self.highlighter.restyle()
        self.show_lines(list(self._lines), None if self.following else self.in_view()[0])

    def _render(self) -> None:
        self._place = None if self.following else self.verticalScrollBar().value()
        self._anchor, self._select = None, False
        self.clear()
        self._open_block = True
        self._pending = deque(self._lines)
        self._more.stop()
        self._lay_out()

    def _insert(self, cursor: QTextCursor, lines: Iterable[Line]) -> None:
        """Runs of plain text of one stream go in at once: that is what most logs are made of."""
        look = _Look(current_theme())
        waiting: list[str] = []
        stream = 0
        for number, line in enumerate(lines):
            if line.stream != stream or self._times or any(span.style != PLAIN for span in line.spans):
                if waiting:
                    cursor.insertText("".join(waiting), look.format(stream, PLAIN))
                    waiting = []
                stream = line.stream
                if number:
                    waiting.append("\n")
                if self._times:
                    cursor.insertText("".join(waiting), look.format(stream, PLAIN))
                    waiting = []
                    cursor.insertText(_stamp(line.time), look.time)
                for span in line.spans:
                    if waiting:
                        cursor.insertText("".join(waiting), look.format(stream, PLAIN))
                        waiting = []
                    cursor.insertText(span.text, look.format(stream, span.style))
            else:
                if number:
                    waiting.append("\n")
                waiting.append(line.text)
        if waiting:
            cursor.insertText("".join(waiting), look.format(stream, PLAIN))

    # --- searching -----------------------------------------------------------------------------------------

    def search(self, text: str) -> int:
        """Mark what matches (case does not matter) and go to the first match at or after the cursor."""
        self._search = text
        found = self._mark()
        if found:
            cursor = self.textCursor()
            cursor.setPosition(cursor.selectionStart())
            self.setTextCursor(cursor)
            self.next_match()
        return found

    def next_match(self, back: bool = False) -> bool:
        """Go to the next match, around the end."""
        if not self._search:
            return False
        flags = QTextDocument.FindFlag.FindBackward if back else QTextDocument.FindFlag(0)
        if self.find(self._search, flags):
            return True
        move = QTextCursor.MoveOperation.End if back else QTextCursor.MoveOperation.Start
        self.moveCursor(move)
        return bool(self.find(self._search, flags))

    def match_offsets(self) -> list[int]:
        """Where in the log the marked matches stand, about: the starts of their lines."""
        known = len(self._lines)
        blocks = (mark.cursor.blockNumber() for mark in self.extraSelections())
        return [self._lines[block].offset for block in blocks if block < known]

    def next_match_here(self, back: bool = False) -> bool:
        """Go to the next match in what is loaded, not around the end."""
        flags = QTextDocument.FindFlag.FindBackward if back else QTextDocument.FindFlag(0)
        return bool(self._search) and bool(self.find(self._search, flags))

    def _mark(self) -> int:
        marks: list[QTextEdit.ExtraSelection] = []
        theme = current_theme()
        look = QTextCharFormat()
        look.setBackground(mix(theme.color("surface"), theme.color("warn"), 0.35))
        cursor = QTextCursor(self.document())
        while self._search and len(marks) < MATCHES:
            cursor = self.document().find(self._search, cursor)
            if cursor.isNull():
                break
            mark = QTextEdit.ExtraSelection()
            mark.cursor, mark.format = cursor, look
            marks.append(mark)
        self.setExtraSelections(marks)
        self.matches_changed.emit(len(marks))
        return len(marks)


class _Look:
    """Formats of one theme, made once a rendering."""

    def __init__(self, theme: Theme) -> None:
        self.theme = theme
        self._known: dict[tuple[int, Style], QTextCharFormat] = {}
        self.time = QTextCharFormat()
        self.time.setForeground(theme.color("muted"))

    def format(self, stream: int, style: Style) -> QTextCharFormat:
        known = self._known.get((stream, style))
        if known is None:
            known = self._known[stream, style] = self._make(stream, style)
        return known

    def _make(self, stream: int, style: Style) -> QTextCharFormat:
        theme, made = self.theme, QTextCharFormat()
        ground = mix(theme.color("surface"), theme.color("danger"), 0.1) if stream == ERR else theme.color("surface")
        if stream == ERR:
            made.setBackground(ground)
        if style.bg is not None:
            ground = QColor(theme.ansi[style.bg] if isinstance(style.bg, int) else style.bg)
            made.setBackground(ground)
        color = theme.color("muted" if stream == NOTE else "text")
        if style.fg is not None:
            color = QColor(theme.ansi[style.fg] if isinstance(style.fg, int) else style.fg)
        if contrast(color.name(), ground.name()) < 3.0:
            # Colours chosen for another background: what was written matters more than in which colour.
            color = QColor(ink(ground.name()))
        made.setForeground(color)
        if style.bold:
            made.setFontWeight(QFont.Weight.Bold)
        made.setFontItalic(style.italic or stream == NOTE)
        made.setFontUnderline(style.underline)
        return made


def _stamp(stamp: float) -> str:
    return time.strftime("%H:%M:%S", time.localtime(stamp)) + f".{int(stamp * 1000) % 1000:03}  "
