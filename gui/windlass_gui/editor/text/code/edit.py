"""A box for source text: line numbers, marks of problems, colours, and the keys that programmers expect."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPoint, QRect, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QHelpEvent,
    QKeyEvent,
    QKeySequence,
    QPainter,
    QPaintEvent,
    QPixmap,
    QResizeEvent,
    QTextBlock,
    QTextCharFormat,
    QTextCursor,
    QTextFormat,
)
from PySide6.QtWidgets import QPlainTextEdit, QTextEdit, QToolTip, QWidget

from windlass_gui.editor.text.code.highlight import LANGUAGES, Highlighter
from windlass_gui.look.icons import icon_pixmap
from windlass_gui.look.theme import CODE, XS, Theme, mix, mono_font
from windlass_gui.look.tips import plain_tip

FLASH = 900
"""Milliseconds that a line stays tinted after somebody else changed it."""
FLASHED = 200
"""Lines that are tinted at most: more of them say nothing."""
LAZY_FROM = 2000
"""Lines from which on only what is in view gets its colours."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A problem of the text. `line` from 1, `column` from 1 or 0 for the whole line."""

    line: int
    column: int
    severity: str
    message: str


class CodeEdit(QPlainTextEdit):
    """`language` is one of `LANGUAGES`. Without numbers it is a small box of a form."""

    find_asked = Signal()

    def __init__(self, language: str, theme: Theme, numbers: bool = True, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.language = language
        self._theme = theme
        self._free = 0
        self._marks: dict[int, Mark] = {}
        self._flashed: list[QTextCursor] = []
        self._leaving = False
        """Escape was pressed: the next Tab leaves the box instead of indenting."""
        self.setFont(mono_font(CODE))
        self.setTabStopDistance(4 * self.fontMetrics().horizontalAdvance(" "))
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self._gutter = _Gutter(self) if numbers else None
        self.highlighter = Highlighter(self.document(), language, theme, self._seen)
        self._flash_timer = QTimer(self)
        self._flash_timer.setSingleShot(True)
        self._flash_timer.setInterval(FLASH)
        self._flash_timer.timeout.connect(self._stop_flash)
        self.blockCountChanged.connect(self._make_room)
        self.updateRequest.connect(self._scrolled)
        self.cursorPositionChanged.connect(self._show_selections)
        self.horizontalScrollBar().valueChanged.connect(self._keep_margin)
        self._make_room()
        self._show_selections()

    # --- look ----------------------------------------------------------------------------------------------

    def show_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.highlighter.show_theme(theme)
        self._show_selections()
        if self._gutter is not None:
            self._gutter.update()

    def set_language(self, language: str) -> None:
        self.language = language
        self.highlighter.set_language(language)

    def set_marks(self, marks: Iterable[Mark]) -> None:
        """Problems to show beside and under their lines; an error wins where two meet."""
        self._marks = {}
        for mark in marks:
            if mark.line and (mark.line not in self._marks or mark.severity == "error"):
                self._marks[mark.line] = mark
        self._show_selections()
        if self._gutter is not None:
            self._gutter.update()

    @property
    def marks(self) -> list[Mark]:
        return [self._marks[line] for line in sorted(self._marks)]

    def flash(self, lines: Iterable[int]) -> None:
        """Tint lines (from 0) for a moment: somebody else changed them."""
        lines = list(lines)
        self._flashed = [] if len(lines) > FLASHED else [
            QTextCursor(self.document().findBlockByNumber(line)) for line in lines
        ]  # fmt: skip
        self._flash_timer.start()
        self._show_selections()

    def _stop_flash(self) -> None:
        self._flashed = []
        self._show_selections()

    def _show_selections(self) -> None:
        theme, shown = self._theme, []
        if self._gutter is not None and not self.isReadOnly():
            shown.append(_line(QTextCursor(self.textCursor().block()), theme.color("surface2")))
        tint = mix(theme.color("surface"), theme.color("accent"), 0.22)
        shown.extend(_line(cursor, tint) for cursor in self._flashed)
        for mark in self._marks.values():
            block = self.document().findBlockByNumber(mark.line - 1)
            if block.isValid():
                shown.append(_squiggle(block, mark, theme))
        self.setExtraSelections(shown)

    def _keep_margin(self, value: int) -> None:
        """Nothing is scrolled out of view by less than the text's own margin: it would only touch the numbers."""
        if 0 < value <= self.document().documentMargin():
            self.horizontalScrollBar().setValue(0)

    def _seen(self) -> range:
        """Numbers of the blocks that are in view; all of them in a short text."""
        count = self.blockCount()
        if count < LAZY_FROM:
            return range(count)
        first = self.firstVisibleBlock().blockNumber()
        return range(max(0, first - 5), first + self._rows() + 5)

    def _rows(self) -> int:
        return self.viewport().height() // max(1, self.fontMetrics().lineSpacing()) + 2

    # --- the gutter ----------------------------------------------------------------------------------------

    def gutter_width(self) -> int:
        if self._gutter is None:
            return 0
        digits = max(2, len(str(self.blockCount())))
        return digits * self.fontMetrics().horizontalAdvance("9") + 16 + 2 * XS

    def keep_free(self, pixels: int) -> None:
        """Room at the right for a button that lies over the box."""
        self._free = pixels
        self._make_room()

    def _make_room(self, _: int = 0) -> None:
        self.setViewportMargins(self.gutter_width(), 0, self._free, 0)
        self._place_gutter()

    def _place_gutter(self) -> None:
        if self._gutter is not None:
            inside = self.contentsRect()
            self._gutter.setGeometry(inside.left(), inside.top(), self.gutter_width(), self.viewport().height())

    def _scrolled(self, rect: QRect, dy: int) -> None:
        if self._gutter is not None:
            if dy:
                self._gutter.scroll(0, dy)
            else:
                self._gutter.update(0, rect.y(), self._gutter.width(), rect.height())
        if self.blockCount() >= LAZY_FROM:
            self.highlighter.show_range(self.firstVisibleBlock(), self._rows())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place_gutter()

    def paint_gutter(self, painter: QPainter, rect: QRect) -> None:
        """Numbers and marks of the lines in view."""
        theme, width = self._theme, self.gutter_width()
        painter.fillRect(rect, theme.color("window"))
        painter.setFont(self.font())
        block = self.firstVisibleBlock()
        top = self.blockBoundingGeometry(block).translated(self.contentOffset()).top()
        current = self.textCursor().blockNumber()
        while block.isValid() and top <= rect.bottom():
            height = self.blockBoundingRect(block).height()
            if top + height >= rect.top():
                number = block.blockNumber()
                painter.setPen(theme.color("text" if number == current else "muted"))
                box = QRectF(0, top, width - XS - 2, self.fontMetrics().height())
                painter.drawText(box, Qt.AlignmentFlag.AlignRight, str(number + 1))
                mark = self._marks.get(number + 1)
                if mark is not None:
                    painter.drawPixmap(2, round(top + (self.fontMetrics().height() - 13) / 2), self._sign(mark))
            top += height
            block = block.next()

    def _sign(self, mark: Mark) -> QPixmap:
        error = mark.severity == "error"
        color = self._theme.danger if error else self._theme.warn
        return icon_pixmap("error" if error else "warning", color, 13, self.devicePixelRatioF())

    def line_at(self, y: int) -> int:
        """The line (from 1) at a height of the viewport."""
        return self.cursorForPosition(QPoint(0, y)).blockNumber() + 1

    def go_to(self, line: int, column: int = 1) -> None:
        """The cursor to a place (both from 1), in the middle of the box."""
        block = self.document().findBlockByNumber(max(0, line - 1))
        cursor = QTextCursor(block)
        cursor.movePosition(
            QTextCursor.MoveOperation.Right,
            QTextCursor.MoveMode.MoveAnchor,
            min(max(0, column - 1), block.length() - 1),
        )
        self.setTextCursor(cursor)
        self.centerCursor()

    # --- keys ----------------------------------------------------------------------------------------------

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            keys = QKeySequence.StandardKey
            if event.matches(keys.Find):
                event.accept()
                return True
            if not self.isUndoRedoEnabled() and (event.matches(keys.Undo) or event.matches(keys.Redo)):
                event.ignore()  # the document's own history has these keys
                return False
        return super().event(event)

    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            mark = self._marks.get(self.line_at(event.pos().y()))
            if mark is not None:
                QToolTip.showText(event.globalPos(), plain_tip(mark.message), self)
                return True
        return super().viewportEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Find):
            self.find_asked.emit()
            return
        key, control = event.key(), bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        leaving, self._leaving = self._leaving, key == Qt.Key.Key_Escape
        if self.isReadOnly() or (key in (Qt.Key.Key_Tab, Qt.Key.Key_Backtab) and leaving):
            if key in (Qt.Key.Key_Tab, Qt.Key.Key_Backtab):
                self.focusNextPrevChild(key == Qt.Key.Key_Tab)
                return
        elif self.tabChangesFocus() and key in (Qt.Key.Key_Tab, Qt.Key.Key_Backtab):
            pass
        elif key == Qt.Key.Key_Tab and not control:
            self.indent()
            return
        elif key == Qt.Key.Key_Backtab:
            self.indent(out=True)
            return
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not control:
            self._new_line()
            return
        elif key == Qt.Key.Key_Backspace and not control and self._back_to_stop():
            return
        elif key == Qt.Key.Key_Slash and control:
            self.toggle_comment()
            return
        super().keyPressEvent(event)

    def focusNextPrevChild(self, next: bool) -> bool:
        # Tab reaches keyPressEvent only when Qt does not take it for the focus.
        if self._leaving or self.isReadOnly() or self.tabChangesFocus():
            return super().focusNextPrevChild(next)
        return False

    def _step(self) -> int:
        return LANGUAGES[self.language].indent

    def _chosen_blocks(self) -> list[QTextBlock]:
        cursor, document = self.textCursor(), self.document()
        first = document.findBlock(cursor.selectionStart())
        last = document.findBlock(max(cursor.selectionStart(), cursor.selectionEnd() - 1))
        blocks = [first]
        while blocks[-1] != last:
            blocks.append(blocks[-1].next())
        return blocks

    def indent(self, out: bool = False) -> None:
        """The chosen lines one step in or out; without a selection blanks up to the next stop."""
        cursor, step = self.textCursor(), self._step()
        if not out and not cursor.hasSelection():
            cursor.insertText(" " * (step - cursor.positionInBlock() % step))
            return
        cursor.beginEditBlock()
        for block in self._chosen_blocks():
            at = QTextCursor(block)
            if out:
                blanks = len(block.text()) - len(block.text().lstrip(" "))
                for _ in range(min(blanks, (blanks - 1) % step + 1 if blanks else 0)):
                    at.deleteChar()
            elif block.text():
                at.insertText(" " * step)
        cursor.endEditBlock()

    def toggle_comment(self) -> None:
        """The chosen lines become comments, or stop being such when all of them are."""
        sign = LANGUAGES[self.language].comment + " "
        blocks = [block for block in self._chosen_blocks() if block.text().strip()]
        if not blocks:
            return
        off = all(block.text().lstrip().startswith(sign.strip()) for block in blocks)
        margin = min(len(block.text()) - len(block.text().lstrip()) for block in blocks)
        cursor = self.textCursor()
        cursor.beginEditBlock()
        for block in blocks:
            at, text = QTextCursor(block), block.text()
            place = text.index(sign.strip()) if off else margin
            at.setPosition(block.position() + place)
            if off:
                for _ in range(2 if text[place : place + 2] == sign else 1):
                    at.deleteChar()
            else:
                at.insertText(sign)
        cursor.endEditBlock()

    def _new_line(self) -> None:
        cursor = self.textCursor()
        before = cursor.block().text()[: cursor.positionInBlock()]
        blanks = before[: len(before) - len(before.lstrip())]
        deeper = LANGUAGES[self.language].deeper.search(before) is not None
        cursor.insertText("\n" + blanks + " " * (self._step() if deeper else 0))
        self.setTextCursor(cursor)
        self.ensureCursorVisible()

    def _back_to_stop(self) -> bool:
        cursor = self.textCursor()
        before = cursor.block().text()[: cursor.positionInBlock()]
        if cursor.hasSelection() or not before or before.strip():
            return False
        for _ in range((len(before) - 1) % self._step() + 1):
            cursor.deletePreviousChar()
        return True


class _Gutter(QWidget):
    """Left of the text."""

    def __init__(self, edit: CodeEdit) -> None:
        super().__init__(edit)
        self._edit = edit

    def sizeHint(self) -> QSize:
        return QSize(self._edit.gutter_width(), 0)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        self._edit.paint_gutter(painter, event.rect())
        painter.end()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            line = self._edit.line_at(event.pos().y())
            said = [mark.message for mark in self._edit.marks if mark.line == line]
            if said:
                QToolTip.showText(event.globalPos(), plain_tip(said[0]), self)
                return True
        return super().event(event)


def _line(cursor: QTextCursor, color: QColor) -> QTextEdit.ExtraSelection:
    shown = QTextEdit.ExtraSelection()
    shown.cursor = QTextCursor(cursor)
    shown.format.setBackground(color)
    shown.format.setProperty(QTextFormat.Property.FullWidthSelection, True)
    return shown


def _squiggle(block: QTextBlock, mark: Mark, theme: Theme) -> QTextEdit.ExtraSelection:
    """From its column to the end of the line, or under all of the line."""
    text = block.text()
    first = len(text) - len(text.lstrip())
    start = min(mark.column - 1, max(0, len(text) - 1)) if mark.column > 1 else first
    shown = QTextEdit.ExtraSelection()
    cursor = QTextCursor(block)
    cursor.setPosition(block.position() + start)
    cursor.setPosition(block.position() + len(text), QTextCursor.MoveMode.KeepAnchor)
    shown.cursor = cursor
    shown.format.setUnderlineStyle(QTextCharFormat.UnderlineStyle.WaveUnderline)
    shown.format.setUnderlineColor(theme.color("danger" if mark.severity == "error" else "warn"))
    return shown
