"""A text of a form in a box that is large enough for it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QVBoxLayout, QWidget

from windlass_gui.editor.text.code.edit import CodeEdit
from windlass_gui.editor.text.code.find import FindBar
from windlass_gui.look.room import resize_on_screen
from windlass_gui.look.theme import Theme


class CodeDialog(QDialog):
    """`reason` says why a text would be refused (empty: it would not); OK waits until there is none."""

    def __init__(
        self, title: str, language: str, text: str, reason: Callable[[str], str], theme: Theme,
        parent: QWidget | None = None,
    ) -> None:  # fmt: skip
        super().__init__(parent)
        self.setWindowTitle(title)
        self._reason = reason
        self.edit = CodeEdit(language, theme)
        self.edit.setAccessibleName(title)
        self.edit.setPlainText(text)
        self.find_bar = FindBar(self.edit, theme)
        self._said = QLabel()
        self._said.setProperty("role", "error")
        self._said.setWordWrap(True)
        self._said.setTextFormat(Qt.TextFormat.PlainText)
        keys = QLabel(self.tr("Ctrl+Enter: OK · Ctrl+F: find · Ctrl+/: comment · Escape, then Tab: leave the box"))
        keys.setProperty("role", "small")
        buttons = QDialogButtonBox.StandardButton
        self._buttons = QDialogButtonBox(buttons.Ok | buttons.Cancel)
        self._buttons.accepted.connect(self.accept)
        self._buttons.rejected.connect(self.reject)
        self._buttons.button(buttons.Ok).setToolTip(self.tr("Take this text (Ctrl+Enter)"))
        layout = QVBoxLayout(self)
        layout.addWidget(self.find_bar)
        layout.addWidget(self.edit, 1)
        layout.addWidget(self._said)
        layout.addWidget(keys)
        layout.addWidget(self._buttons)
        shortcut = QShortcut(QKeySequence("Ctrl+Return"), self)
        shortcut.activated.connect(self.accept)
        self.edit.textChanged.connect(self._judge)
        resize_on_screen(self, 820, 560)
        self._judge()
        self.edit.setFocus()

    @property
    def text(self) -> str:
        return self.edit.toPlainText()

    def _judge(self) -> None:
        said = self._reason(self.text)
        self._said.setText(said)
        self._said.setVisible(bool(said))
        self._buttons.button(QDialogButtonBox.StandardButton.Ok).setEnabled(not said)

    def accept(self) -> None:
        if not self._reason(self.text):
            super().accept()
