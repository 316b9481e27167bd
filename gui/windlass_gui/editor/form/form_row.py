"""A row of the inspector: caption, help, the box, and the mark that takes a value back to its default."""

from __future__ import annotations

from typing import TypeAlias

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QLabel, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from windlass_gui.editor.form.captioned import SIDE, Captioned
from windlass_gui.editor.form.field_edit import MIXED, ChoiceEdit, FieldEdit, TickEdit
from windlass_gui.editor.form.fields import Choice, Field, show_text
from windlass_gui.editor.form.schema_form import Entry, Seen
from windlass_gui.look.icons import icon
from windlass_gui.look.theme import SMALL, Theme

OUTLINED = 2500
"""Milliseconds that a field stays outlined after a problem led to it."""

Editor: TypeAlias = FieldEdit | ChoiceEdit | TickEdit


class Row(Captioned):
    """Of one entry of the form."""

    entered = Signal(str, object)
    """The key and the new value; None removes the field."""

    def __init__(self, entry: Entry, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.entry = entry
        field = entry.field
        self.editor: Editor
        if isinstance(field, Field):
            self.editor = FieldEdit(field, theme)
        elif isinstance(field, Choice):
            self.editor = ChoiceEdit(field)
        else:
            self.editor = TickEdit(field)
        self.editor.entered.connect(lambda value: self.entered.emit(entry.key, value))
        self.caption = QLabel(self.tr(field.label))
        self.caption.setIndent(0)  # with a style sheet of its own it would stand further right than others
        self.caption.setToolTip(self.tr(field.hint))
        self.caption.setBuddy(self.editor)
        self._why = _small(self.tr("What is this?"))
        self._why.setIcon(icon("question", theme, "muted"))
        self._why.setToolTip(self.tr(field.hint))
        self._why.clicked.connect(self._toggle_help)
        self.reset = _small(self.tr("Back to the default"))
        self.reset.setIcon(icon("reset", theme, "accent"))
        self.reset.setToolTip(self.tr("It is set here: take it back to the default"))
        self.reset.clicked.connect(self._take_back)
        self._help = QLabel(self.tr(field.hint))
        self._help.setWordWrap(True)
        self._help.setStyleSheet(f"color: {theme.muted}; font-size: {SMALL}px;")
        self._help.hide()
        self._frame = QWidget()
        self._frame.setObjectName("outlined")
        inner = QVBoxLayout(self._frame)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(2)
        inner.addWidget(self.editor)
        inner.addWidget(self._help)
        self.arrange(self.caption, self._frame, self._why, self.reset)
        keep = self.reset.sizePolicy()
        keep.setRetainSizeWhenHidden(True)
        self.reset.setSizePolicy(keep)
        self.reset.hide()
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        self._outline = QTimer(self)
        self._outline.setSingleShot(True)
        self._outline.setInterval(OUTLINED)
        self._outline.timeout.connect(lambda: self._frame.setStyleSheet(""))
        self.show_theme(theme)

    @property
    def key(self) -> str:
        return self.entry.key

    def show_theme(self, theme: Theme) -> None:
        self._theme = theme
        self._show_caption()

    def _show_caption(self) -> None:
        # The caption of what is set reads stronger, beside the mark that takes it back.
        weight = "600" if not self.reset.isHidden() else "400"
        color = self._theme.text if not self.reset.isHidden() else self._theme.muted
        self.caption.setStyleSheet(f"color: {color}; font-weight: {weight}; padding-top: 4px;")

    # --- values --------------------------------------------------------------------------------------------

    def show_seen(self, seen: Seen, default: object, locked: str) -> None:
        """`default` is the graph's own; `locked` says why it cannot be edited now."""
        field = self.entry.field
        if isinstance(self.editor, FieldEdit):
            assert isinstance(field, Field)
            brief = show_text(default) if default is not None and not seen.mixed else ""
            self.editor.show_value(None if seen.mixed else seen.value, self._faint(field, seen, default), brief)
        else:
            self.editor.show_value(seen.value, default, seen.mixed)
        locked = locked or self.entry.fixed
        self.editor.setEnabled(not locked)
        self.setToolTip(locked)
        self.reset.setVisible(bool(seen.count) and not locked)
        self._show_caption()

    def _faint(self, field: Field, seen: Seen, default: object) -> str:
        if seen.mixed:
            return self.tr(MIXED)
        if default is not None:
            return self.tr("{} (graph)").format(show_text(default))
        if field.default:
            return field.default
        if field.example:
            return self.tr("e.g. {}").format(field.example) if field.rows == 1 else field.example
        return field.hint if field.rows > 1 else ""

    def _take_back(self) -> None:
        self.entered.emit(self.key, None)

    # --- finding -------------------------------------------------------------------------------------------

    def matches(self, words: str) -> bool:
        """Every word is in its name, its key or its help."""
        field = self.entry.field
        text = f"{field.label} {field.key} {field.hint}".lower()
        return all(word in text for word in words.lower().split())

    def outline(self) -> None:
        """The keyboard to it, and a frame around it for a moment."""
        self._frame.setStyleSheet(
            f"#outlined {{ border: 2px solid {self._theme.accent}; border-radius: 5px; padding: 1px; }}"
        )
        self._outline.start()
        self.editor.setFocus(Qt.FocusReason.OtherFocusReason)

    @property
    def outlined(self) -> bool:
        return self._outline.isActive()

    def _toggle_help(self) -> None:
        self._help.setVisible(self._help.isHidden())


def _small(words: str) -> QToolButton:
    button = QToolButton()
    button.setAutoRaise(True)
    button.setFixedSize(SIDE, SIDE + 6)
    button.setStyleSheet("QToolButton { border: none; padding: 0; }")
    button.setAccessibleName(words)
    button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    return button
