"""A list of what may stand at the cursor of a line or a box: it comes while one types, or with Ctrl+Space."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from PySide6.QtCore import QEvent, QObject, QPoint, Qt
from PySide6.QtGui import QKeyEvent, QTextCursor
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QLineEdit, QPlainTextEdit, QTreeWidget, QTreeWidgetItem

from windlass_gui.editor.text.code.offers import Offer
from windlass_gui.editor.text.code.patch import place_of, units
from windlass_gui.look.theme import current_theme

Source: TypeAlias = Callable[[str, int], Offer | None]
"""(the text, or the line of a box; the place in it) -> what may stand there."""
ROWS = 9
_MOVES = {
    Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_PageDown: ROWS - 1, Qt.Key.Key_PageUp: 1 - ROWS,
}  # fmt: skip


class Completer(QObject):
    """Belongs to its box. Up, Down, Enter or Tab take one; Escape closes the list."""

    def __init__(self, box: QLineEdit | QPlainTextEdit, source: Source, by_line: bool = False) -> None:
        """`by_line`: the source gets the line that the cursor is in, not the whole text."""
        super().__init__(box)
        self._by_line = by_line
        self._box = box
        self._source = source
        self._list: _List | None = None
        self._offer: Offer | None = None
        self._typed = False
        """The last key was one that writes or removes."""
        box.installEventFilter(self)
        if isinstance(box, QLineEdit):
            box.textEdited.connect(lambda _: self.ask())
        else:
            box.textChanged.connect(self._changed)
        box.cursorPositionChanged.connect(self._moved)

    # --- the text ------------------------------------------------------------------------------------------

    def _place(self) -> tuple[str, int]:
        if isinstance(self._box, QLineEdit):
            text, at = self._box.text(), self._box.cursorPosition()
        else:
            cursor = self._box.textCursor()
            if self._by_line:
                text, at = cursor.block().text(), cursor.positionInBlock()
            else:
                text, at = self._box.toPlainText(), cursor.position()
        return text, place_of(text, at)

    def _changed(self) -> None:
        if self._typed:
            self.ask()

    def _moved(self) -> None:
        # A key that writes moves the cursor too, to the end of the word.
        if self._offer is not None and self._place()[1] != self._offer.start + len(self._offer.word):
            self.close()

    def ask(self, forced: bool = False) -> None:
        """Show what may stand at the cursor. Without a word begun only when asked for."""
        self._typed = False
        text, at = self._place()
        offer = self._source(text, at)
        if offer is None or not (offer.word or forced or text[at - 1 : at] in ".{"):
            self.close()
            return
        self._offer = offer
        if self._list is None:
            self._list = _List(self._box)
            self._list.itemClicked.connect(lambda _: self.take())
        self._list.show_offer(offer, self._corner())

    def _corner(self) -> QPoint:
        if isinstance(self._box, QPlainTextEdit):
            return self._box.viewport().mapToGlobal(self._box.cursorRect().bottomLeft())
        rect = self._box.inputMethodQuery(Qt.InputMethodQuery.ImCursorRectangle)
        return self._box.mapToGlobal(QPoint(int(rect.left()), self._box.height()))

    @property
    def showing(self) -> bool:
        return self._list is not None and self._list.isVisible()

    @property
    def offered(self) -> list[str]:
        """What is listed now."""
        return [one.text for one in self._offer.suggestions] if self.showing and self._offer is not None else []

    def close(self) -> None:
        if self._list is not None:
            self._list.hide()

    def take(self) -> None:
        """Put the chosen one in the word's place."""
        if self._list is None or self._offer is None:
            return
        at = self._list.currentIndex().row()
        chosen, start = self._offer.suggestions[max(0, at)], self._offer.start
        self.close()
        text, end = self._place()
        tail = "" if text[end:].startswith(chosen.tail.strip() or "\0") else chosen.tail
        start, end = units(text[:start]), units(text[:end])
        if isinstance(self._box, QLineEdit):
            self._box.setSelection(start, end - start)
            self._box.insert(chosen.text + tail)
        else:
            cursor = self._box.textCursor()
            first = cursor.block().position() if self._by_line else 0
            cursor.setPosition(first + start)
            cursor.setPosition(first + end, QTextCursor.MoveMode.KeepAnchor)
            cursor.insertText(chosen.text + tail)
            self._box.setTextCursor(cursor)
        if tail == ".":
            self.ask()

    # --- keys ----------------------------------------------------------------------------------------------

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.FocusOut:
            self.close()
        elif event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and self.showing:
            if event.key() in (Qt.Key.Key_Escape, Qt.Key.Key_Return, Qt.Key.Key_Tab):
                event.accept()
                return True
        elif event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            return self._pressed(event)
        return False

    def _pressed(self, event: QKeyEvent) -> bool:
        key, control = event.key(), bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        if key == Qt.Key.Key_Space and control:
            self.ask(forced=True)
            return True
        if self.showing and self._list is not None and not control:
            if key in _MOVES:
                self._list.move_by(_MOVES[Qt.Key(key)])
                return True
            if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Tab):
                self.take()
                return True
            if key == Qt.Key.Key_Escape:
                self.close()
                return True
        self._typed = bool(event.text().strip()) or key == Qt.Key.Key_Backspace
        if not self._typed or event.text() in (")", "}", "]"):
            self.close()
        return False


class _List(QTreeWidget):
    """Floats above all and never takes the keyboard."""

    def __init__(self, box: QLineEdit | QPlainTextEdit) -> None:
        super().__init__(box)
        self.setWindowFlags(Qt.WindowType.ToolTip | Qt.WindowType.FramelessWindowHint)
        self.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setColumnCount(2)
        self.setHeaderHidden(True)
        self.setRootIsDecorated(False)
        self.setUniformRowHeights(True)
        self.setAccessibleName(self.tr("What may stand here"))
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.header().setSectionResizeMode(0, QHeaderView.ResizeMode.ResizeToContents)
        self.header().setStretchLastSection(True)

    def show_offer(self, offer: Offer, corner: QPoint) -> None:
        theme = current_theme()
        self.setStyleSheet(f"QTreeWidget {{ border: 1px solid {theme.border}; }}")
        self.clear()
        for one in offer.suggestions:
            item = QTreeWidgetItem([one.text, one.detail])
            item.setForeground(1, theme.color("muted"))
            item.setToolTip(0, one.detail)
            self.addTopLevelItem(item)
        self.setCurrentIndex(self.model().index(0, 0))
        rows = min(ROWS, len(offer.suggestions))
        height = max(1, self.sizeHintForRow(0)) * rows + 4
        details = any(one.detail for one in offer.suggestions)
        width = min(620, self.sizeHintForColumn(0) + (self.sizeHintForColumn(1) if details else 0) + 40)
        self.setFixedSize(max(160, width), height)
        room = self.screen().availableGeometry()
        y = corner.y() if corner.y() + height <= room.bottom() else corner.y() - height - 22
        self.move(max(room.left(), min(corner.x(), room.right() - self.width())), y)
        self.show()
        self.raise_()

    def move_by(self, step: int) -> None:
        at = min(max(0, self.currentIndex().row() + step), self.topLevelItemCount() - 1)
        self.setCurrentIndex(self.model().index(at, 0))
