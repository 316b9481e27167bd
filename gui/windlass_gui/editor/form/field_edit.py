"""One field of the inspector: its box, its check as one types, and when it counts as entered; a choice; a tick."""

from __future__ import annotations

from typing import Any, TypeAlias

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QFontMetrics, QKeyEvent, QResizeEvent, QShowEvent, QWheelEvent
from PySide6.QtWidgets import (
    QComboBox,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from windlass_gui.editor.form.fields import Choice, Field, Tick, show_text
from windlass_gui.editor.form.stepping import stepped
from windlass_gui.editor.text.code import CodeEdit
from windlass_gui.editor.text.code.completing import Completer, Source
from windlass_gui.editor.text.code.dialog import CodeDialog
from windlass_gui.look.icons import icon
from windlass_gui.look.theme import CODE, SMALL, M, Theme, mono_font
from windlass_gui.look.tick_box import TickBox

MIXED = "(mixed)"
STEP_WIDTH = 26
"""Pixels of a button inside a line."""


class FieldEdit(QWidget):
    """Entered when the focus leaves it, with Enter in a line, with Ctrl+Enter in a box; Escape takes it back."""

    entered = Signal(object)
    """The new value; None removes the field."""
    typed = Signal()
    """Something else stands in the box."""

    def __init__(self, field: Field, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.field = field
        self._theme = theme
        self._shown = ""
        self._faint = ("", "")
        """What stands faintly in the empty box, and the same in fewer words."""
        self._source: Source | None = None
        self._wrong = False
        """What was typed could not be entered: it stays, with the reason, until it is mended or taken back."""
        self._problem = ""
        """What the check of the whole document says of it."""
        self.language = "yaml" if field.code == "yaml" else "shell"
        self.box: QLineEdit | QPlainTextEdit
        self._larger: QToolButton | None = None
        if field.rows == 1:
            self.box = QLineEdit()
            self.box.textEdited.connect(self._validate)
            self.box.setClearButtonEnabled(False)
            if field.step:
                self._add_steps(self.box)
        else:
            self.box = self._make_box(field, theme)
            self.box.textChanged.connect(self._validate)
        if field.mono:
            self.box.setFont(mono_font(CODE))
        if isinstance(self.box, QPlainTextEdit):
            height = QFontMetrics(self.box.font()).lineSpacing() * field.rows + 18
            self.box.setFixedHeight(height)
        self.box.setObjectName(f"field-{field.key}")
        self.box.setAccessibleName(self.tr(field.label))
        self.box.setAccessibleDescription(self.tr(field.hint))
        self.box.setToolTip(self.tr(field.hint))
        self.box.setWhatsThis(self.tr(field.hint))
        self.box.installEventFilter(self)
        self._error = _Wrapped()
        self._error.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self.box)
        layout.addWidget(self._error)
        self.setFocusProxy(self.box)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)  # for the order of the fields, see `tab_order`
        self.show_theme(theme)

    # --- the box -------------------------------------------------------------------------------------------

    def _make_box(self, field: Field, theme: Theme) -> QPlainTextEdit:
        if not field.code:
            box = QPlainTextEdit()
            box.setTabChangesFocus(True)
            return box
        code = CodeEdit(self.language, theme, numbers=False)
        code.setTabChangesFocus(field.code == "yaml")
        self._larger = QToolButton(code)
        self._larger.setStyleSheet("QToolButton { border: none; padding: 0; background: transparent; }")
        self._larger.setCursor(Qt.CursorShape.ArrowCursor)
        self._larger.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._larger.setToolTip(self.tr("Edit it in a larger box (F2 in it)"))
        self._larger.setAccessibleName(self.tr("Edit {} in a larger box").format(self.tr(field.label)))
        self._larger.clicked.connect(self.open_large)
        self._larger.setFixedSize(22, 22)
        code.keep_free(self._larger.width())
        code.setLineWrapMode(QPlainTextEdit.LineWrapMode.WidgetWidth)
        return code

    def _add_steps(self, box: QLineEdit) -> None:
        for name, up, tip in (
            ("minus", False, self.tr("Less (Down)")),
            ("plus", True, self.tr("More (Up)")),
        ):
            action = box.addAction(icon(name, self._theme, "muted"), QLineEdit.ActionPosition.TrailingPosition)
            action.setToolTip(tip)
            action.triggered.connect(lambda _=False, up=up: self.step(up))

    def step(self, up: bool) -> None:
        """The next amount that people use."""
        assert isinstance(self.box, QLineEdit)
        if self.box.isReadOnly() or not self.isEnabled():
            return
        text = stepped(
            self.text or (self.field.default if self.field.default[:1].isdigit() else ""), up, self.field.step
        )
        if text is not None:
            self.box.setText(text)
            self._validate()
            self.box.setFocus(Qt.FocusReason.OtherFocusReason)

    def set_language(self, language: str) -> None:
        """Of a script, which depends on its interpreter."""
        self.language = language
        if isinstance(self.box, CodeEdit):
            self.box.set_language(language)

    def offer(self, source: Source) -> None:
        """Offer what may stand at the cursor, here and in the larger box."""
        self._source = source
        Completer(self.box, source)

    def open_large(self) -> None:
        """The same text in a dialog; OK enters it."""
        if not isinstance(self.box, CodeEdit):
            return
        dialog = CodeDialog(self.tr(self.field.label), self.language, self.text, self._reason, self._theme, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        if self._source is not None:
            Completer(dialog.edit, self._source)
        dialog.accepted.connect(lambda: self._take(dialog.text))
        dialog.open()

    def _take(self, text: str) -> None:
        assert isinstance(self.box, QPlainTextEdit)
        self.box.setPlainText(text)
        self.enter()

    def show_theme(self, theme: Theme) -> None:
        self._theme = theme
        self._error.setStyleSheet(f"color: {theme.danger}; font-size: {SMALL}px;")
        if self._larger is not None:
            self._larger.setIcon(icon("expand", theme, "muted"))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_faint()
        if self._larger is not None:
            self._larger.move(self.box.width() - self._larger.width() - 16, 3)

    # --- values --------------------------------------------------------------------------------------------

    @property
    def text(self) -> str:
        return self.box.text() if isinstance(self.box, QLineEdit) else self.box.toPlainText()

    @property
    def dirty(self) -> bool:
        return self.text != self._shown

    def show_value(self, value: Any, placeholder: str = "", brief: str = "") -> None:
        """What the document holds. What is being typed is left alone as long as the document's value stays.

        `placeholder` stands faintly where nothing else does, `brief` in its place where it has no room.
        """
        shown = self.field.show(value)
        self._faint = placeholder, brief
        self._fit_faint()
        if shown == self._shown and self.dirty and (self.box.hasFocus() or self._wrong):
            return
        self._shown = shown
        self._put(shown)

    def _fit_faint(self) -> None:
        usual, brief = self._faint
        if brief and isinstance(self.box, QLineEdit):
            steps = STEP_WIDTH * len(self.box.actions())
            room = self.box.width() - steps - 2 * M
            usual = usual if self.box.fontMetrics().horizontalAdvance(usual) <= room else brief
        self.box.setPlaceholderText(usual)

    def take_back(self) -> None:
        """Forget what was typed and could not be entered: another task is shown now."""
        if self.dirty:
            self._put(self._shown)

    def show_problem(self, text: str) -> None:
        """What the checker found here, said while nothing wrong is being typed."""
        self._problem = text
        if not self.dirty:
            self._show_error(text)

    def _put(self, text: str) -> None:
        self._wrong = False
        if text != self.text:
            blocked = self.box.blockSignals(True)
            if isinstance(self.box, QLineEdit):
                self.box.setText(text)
                self.box.setCursorPosition(0)
            else:
                self.box.setPlainText(text)
            self.box.blockSignals(blocked)
        self._show_error(self._problem)

    def _validate(self) -> None:
        if self.dirty:
            self._parse()
        else:  # typed back to what was there: no reason is left of what stood in between
            self._wrong = False
            self._show_error(self._problem)
        self.typed.emit()

    @property
    def reason(self) -> str:
        """Why what stands in the box cannot be entered; empty when it can."""
        return self._reason(self.text)

    @property
    def value(self) -> object:
        """What stands in the box, when it can be entered."""
        return self.field.parse(self.text) if self.text.strip() else None

    def _reason(self, text: str) -> str:
        """Why this cannot be entered; empty when it can."""
        if not text.strip():
            return ""
        try:
            self.field.parse(text)
        except ValueError as error:
            return str(error) or self.tr("not understood")
        return ""

    def _parse(self) -> tuple[bool, object]:
        text = self.text
        reason = self._reason(text)
        self._show_error(reason)
        if reason:
            return False, None
        return True, self.field.parse(text) if text.strip() else None

    def _show_error(self, text: str) -> None:
        self._error.setText(text)
        self._error.setVisible(bool(text))
        mark_invalid(self.box, bool(text))

    @property
    def error(self) -> str:
        return self._error.text()

    def enter(self) -> bool:
        """Take what was typed, if it is right. True unless something wrong stands there."""
        if not self.dirty:
            return True
        good, value = self._parse()
        self._wrong = not good
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
            if event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down) and self.field.step:
                self.step(event.key() == Qt.Key.Key_Up)
                return True
        return super().eventFilter(watched, event)


def mark_invalid(box: QWidget, wrong: bool) -> None:
    """Outline a box of text in the colour of errors, as the style sheet says."""
    if bool(box.property("invalid")) != wrong:
        box.setProperty("invalid", wrong)
        box.style().unpolish(box)
        box.style().polish(box)


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
        self.setAccessibleName(self.tr(field.label))
        self.setToolTip(self.tr(field.hint))
        self.setWhatsThis(self.tr(field.hint))
        # The wheel scrolls the form; it must not change what it happens to pass over.
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        may_shrink(self)
        for value, words in field.options:
            self.addItem(words, value)
        self.activated.connect(self._chosen)

    def show_value(self, value: Any, default: Any, mixed: bool = False) -> None:
        """`default` is the graph's own, if it has one."""
        self._inherited = self.field.options[0][0] if default is None else default
        shown = self._inherited if value is None else value
        self.setPlaceholderText(MIXED if mixed else show_text(shown))
        self.setCurrentIndex(self.findData(shown) if isinstance(shown, str) and not mixed else -1)

    def _chosen(self, place: int) -> None:
        value = self.itemData(place)
        self.entered.emit(None if value == self._inherited else value)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


class TickEdit(TickBox):
    """As `ChoiceEdit`, for yes and no; between the two where tasks differ."""

    entered = Signal(object)

    def __init__(self, field: Tick, parent: QWidget | None = None) -> None:
        super().__init__(field.words, parent)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.field = field
        self._inherited = False
        self.setObjectName(f"field-{field.key}")
        self.setAccessibleName(self.tr(field.label))
        self.setToolTip(self.tr(field.hint))
        self.setWhatsThis(self.tr(field.hint))
        self.clicked.connect(self._clicked)

    def show_value(self, value: Any, default: Any, mixed: bool = False) -> None:
        self._inherited = default is True
        self.setTristate(mixed)
        if mixed:
            self.setCheckState(Qt.CheckState.PartiallyChecked)
        else:
            self.setChecked(self._inherited if value is None else value is True)

    def nextCheckState(self) -> None:
        """A click ends the state between."""
        on = self.checkState() != Qt.CheckState.Checked
        self.setTristate(False)
        self.setChecked(on)

    def _clicked(self, on: bool) -> None:
        self.entered.emit(None if on == self._inherited else on)


def may_shrink(choice: QComboBox) -> None:
    """The longest entry must not make the whole form wider than its dock."""
    choice.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    choice.setMinimumContentsLength(6)


Switch: TypeAlias = ChoiceEdit | TickEdit
