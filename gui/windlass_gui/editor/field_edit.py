"""One field of the inspector: its box, its check as one types, and when it counts as entered; a choice; a tick."""

from __future__ import annotations

from typing import Any, TypeAlias

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QFontMetrics, QKeyEvent, QResizeEvent, QShowEvent, QWheelEvent
from PySide6.QtWidgets import QComboBox, QLabel, QLineEdit, QPlainTextEdit, QVBoxLayout, QWidget

from windlass_gui.editor.fields import Choice, Field, Tick, show_text
from windlass_gui.theme import Theme, mono_font
from windlass_gui.tick_box import TickBox


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
        self._error = _Wrapped()
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


class _Wrapped(QLabel):
    """As high as its lines need at the width that it has; a form's layout gives such a label too little."""

    def __init__(self) -> None:
        super().__init__()
        self.setWordWrap(True)
        self.setTextFormat(Qt.TextFormat.PlainText)

    def setText(self, text: str) -> None:
        super().setText(text)
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._fit()

    def _fit(self) -> None:
        self.setMinimumHeight(self.heightForWidth(self.width()) if self.text() else 0)


class ChoiceEdit(QComboBox):
    """What is chosen is entered at once; what would count anyway is not written into the document."""

    entered = Signal(object)
    """The new value; None removes the field."""

    def __init__(self, field: Choice, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.field = field
        self._inherited: Any = field.options[0][0]
        self.setObjectName(f"field-{field.key}")
        self.setAccessibleName(field.label)
        self.setToolTip(field.hint)
        # The wheel scrolls the form; it must not change what it happens to pass over.
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        for value, words in field.options:
            self.addItem(words, value)
        self.activated.connect(self._chosen)

    def show_value(self, value: Any, default: Any) -> None:
        """`default` is the graph's own, if it has one."""
        self._inherited = self.field.options[0][0] if default is None else default
        shown = self._inherited if value is None else value
        self.setPlaceholderText(show_text(shown))
        self.setCurrentIndex(self.findData(shown) if isinstance(shown, str) else -1)

    def _chosen(self, place: int) -> None:
        value = self.itemData(place)
        self.entered.emit(None if value == self._inherited else value)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


class TickEdit(TickBox):
    """As `ChoiceEdit`, for yes and no."""

    entered = Signal(object)

    def __init__(self, field: Tick, parent: QWidget | None = None) -> None:
        super().__init__(field.label, parent)
        self.field = field
        self._inherited = False
        self.setObjectName(f"field-{field.key}")
        self.setToolTip(field.hint)
        self.clicked.connect(self._clicked)

    def show_value(self, value: Any, default: Any) -> None:
        self._inherited = default is True
        self.setChecked(self._inherited if value is None else value is True)

    def _clicked(self, on: bool) -> None:
        self.entered.emit(None if on == self._inherited else on)


Switch: TypeAlias = ChoiceEdit | TickEdit
