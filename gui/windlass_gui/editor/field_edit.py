"""One field of the inspector: its box, its check as one types, and when it counts as entered."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QFontMetrics, QKeyEvent
from PySide6.QtWidgets import QLabel, QLineEdit, QPlainTextEdit, QVBoxLayout, QWidget

from windlass_gui.editor.fields import Field
from windlass_gui.theme import Theme, mono_font


class FieldEdit(QWidget):
    """Entered when the focus leaves it, with Enter in a line, with Ctrl+Enter in a box; Escape takes it back."""

    entered = Signal(object)
    """The new value; None removes the field."""

    def __init__(self, field: Field, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.field = field
        self._theme = theme
        self._shown = ""
        self.box: QLineEdit | QPlainTextEdit
        if field.rows == 1:
            self.box = QLineEdit()
            self.box.textEdited.connect(self._validate)
            self.box.setClearButtonEnabled(False)
        else:
            self.box = QPlainTextEdit()
            self.box.textChanged.connect(self._validate)
            self.box.setTabChangesFocus(True)
            self.box.setLineWrapMode(QPlainTextEdit.LineWrapMode.WidgetWidth)
        if field.mono:
            self.box.setFont(mono_font(12))
        if isinstance(self.box, QPlainTextEdit):
            height = QFontMetrics(self.box.font()).lineSpacing() * field.rows + 18
            self.box.setFixedHeight(height)
        self.box.setObjectName(f"field-{field.key}")
        self.box.setAccessibleName(field.label)
        self.box.setToolTip(field.hint)
        self.box.installEventFilter(self)
        self._error = QLabel()
        self._error.setWordWrap(True)
        self._error.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self.box)
        layout.addWidget(self._error)
        self.setFocusProxy(self.box)
        self.show_theme(theme)

    def show_theme(self, theme: Theme) -> None:
        self._theme = theme
        self._error.setStyleSheet(f"color: {theme.danger}; font-size: 11px;")

    @property
    def text(self) -> str:
        return self.box.text() if isinstance(self.box, QLineEdit) else self.box.toPlainText()

    @property
    def dirty(self) -> bool:
        return self.text != self._shown

    def show_value(self, value: Any, placeholder: str = "") -> None:
        """What the document holds. What is being typed is left alone as long as the document's value stays."""
        shown = self.field.show(value)
        self.box.setPlaceholderText(placeholder or (self.field.hint if self.field.rows > 1 else self.field.example))
        if shown == self._shown and self.dirty and self.box.hasFocus():
            return
        self._shown = shown
        self._put(shown)

    def _put(self, text: str) -> None:
        if text != self.text:
            blocked = self.box.blockSignals(True)
            if isinstance(self.box, QLineEdit):
                self.box.setText(text)
                self.box.setCursorPosition(0)
            else:
                self.box.setPlainText(text)
            self.box.blockSignals(blocked)
        self._show_error("")

    def _validate(self) -> None:
        self._parse()

    def _parse(self) -> tuple[bool, object]:
        text = self.text
        if not text.strip():
            self._show_error("")
            return True, None
        try:
            value = self.field.parse(text)
        except ValueError as error:
            self._show_error(str(error) or "not understood")
            return False, None
        self._show_error("")
        return True, value

    def _show_error(self, text: str) -> None:
        self._error.setText(text)
        self._error.setVisible(bool(text))

    @property
    def error(self) -> str:
        return self._error.text()

    def enter(self) -> bool:
        """Take what was typed, if it is right. True unless something wrong stands there."""
        if not self.dirty:
            return True
        good, value = self._parse()
        if good:
            self._shown = self.text
            self.entered.emit(value)
        return good

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.FocusOut:
            self.enter()
        elif event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
            control = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
            if enter and (control or isinstance(self.box, QLineEdit)):
                self.enter()
                return True
            if event.key() == Qt.Key.Key_Escape and self.dirty:
                self._put(self._shown)
                return True
        return super().eventFilter(watched, event)
