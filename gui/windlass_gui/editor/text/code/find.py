"""The search bar of a box of source text: Ctrl+F, Enter and Shift+Enter, Escape."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent, QTextCursor, QTextDocument
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QToolButton, QWidget

from windlass_gui.editor.text.code.edit import CodeEdit
from windlass_gui.look.buttons import flat_button
from windlass_gui.look.icons import icon
from windlass_gui.look.theme import XS, S, Theme

COUNTED = 1000
"""Matches that are counted at most."""


class FindBar(QWidget):
    """Hidden until asked for. Its owner puts it above or below the box."""

    def __init__(self, edit: CodeEdit, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._edit = edit
        self.box = QLineEdit()
        self.box.setPlaceholderText(self.tr("Find in the text"))
        self.box.setAccessibleName(self.tr("Find in the text"))
        self.box.setToolTip(self.tr("Enter: the next, Shift+Enter: the one before, Escape: close"))
        self.box.installEventFilter(self)
        self.box.textEdited.connect(lambda _: self.search(again=True))
        self._count = QLabel()
        self._count.setProperty("role", "small")
        self._buttons: dict[str, QToolButton] = {}
        layout = QHBoxLayout(self)
        layout.setContentsMargins(S, XS, S, XS)
        layout.setSpacing(XS)
        layout.addWidget(self.box, 1)
        layout.addWidget(self._count)
        for name, tip, slot in (
            ("up", self.tr("The one before (Shift+Enter)"), lambda: self.search(back=True)),
            ("down", self.tr("The next one (Enter)"), self.search),
            ("close", self.tr("Close (Escape)"), self.leave),
        ):
            self._buttons[name] = flat_button("", tip, slot)
            layout.addWidget(self._buttons[name])
        edit.find_asked.connect(self.open)
        self.show_theme(theme)
        self.hide()

    def show_theme(self, theme: Theme) -> None:
        for name, button in self._buttons.items():
            button.setIcon(icon(name, theme))

    def open(self) -> None:
        chosen = self._edit.textCursor().selectedText()
        if chosen and "\u2029" not in chosen:
            self.box.setText(chosen)
        self.show()
        self.box.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.box.selectAll()
        self._tell()

    def leave(self) -> None:
        self.hide()
        self._edit.setFocus(Qt.FocusReason.OtherFocusReason)

    def search(self, back: bool = False, again: bool = False) -> bool:
        """Choose the next match, from the top again behind the last. `again`: the one at the cursor counts too."""
        words = self.box.text()
        found = False
        if words:
            flags = QTextDocument.FindFlag.FindBackward if back else QTextDocument.FindFlag(0)
            start = self._edit.textCursor()
            if again:
                start.setPosition(start.selectionStart())
            hit = self._edit.document().find(words, start, flags)
            if hit.isNull():
                start.movePosition(QTextCursor.MoveOperation.End if back else QTextCursor.MoveOperation.Start)
                hit = self._edit.document().find(words, start, flags)
            found = not hit.isNull()
            if found:
                self._edit.setTextCursor(hit)
                self._edit.centerCursor()
        self._tell()
        return found

    def _tell(self) -> None:
        words = self.box.text().lower()
        count = self._edit.toPlainText().lower().count(words) if words else 0
        if not words:
            self._count.setText("")
        elif count > COUNTED:
            self._count.setText(self.tr("over {:,}").format(COUNTED))
        else:
            self._count.setText(self.tr("{:,} found").format(count) if count else self.tr("not found"))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self.search(back=bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier))
                return True
            if event.key() == Qt.Key.Key_Escape:
                self.leave()
                return True
        return super().eventFilter(watched, event)
