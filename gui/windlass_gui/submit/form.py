"""A graph's parameters as a form: a field of the kind of each default, its default at hand, values of earlier runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCompleter,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QToolButton,
    QWidget,
)

from windlass_gui.editor.form.field_edit import mark_invalid
from windlass_gui.editor.form.fields import parse_yaml, show_text, show_yaml
from windlass_gui.look.buttons import flat_button
from windlass_gui.look.icons import icon
from windlass_gui.look.theme import SMALL, XS, mono_font
from windlass_gui.look.tick_box import TickBox

KIND = 62
"""Pixels that the word for a kind takes."""
LINES = 3
"""Of a list or a mapping before it scrolls."""


class ParamsForm(QWidget):
    """`values` gives all of them, each of its default's kind (text stays text)."""

    changed = Signal()

    def __init__(self, params: Mapping[str, Any], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._defaults = dict(params)
        self._boxes: dict[str, TickBox] = {}
        self._lines: dict[str, QLineEdit] = {}
        self._texts: dict[str, QPlainTextEdit] = {}
        self._resets: dict[str, QToolButton] = {}
        form = QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for name, value in params.items():
            form.addRow(name, self._row(name, value))
        self._mark()

    def _row(self, name: str, value: Any) -> QWidget:
        """The field, its kind in a word, and the way back to its default."""
        row = QWidget()
        layout = QHBoxLayout(row)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(XS)
        editor: QWidget
        if isinstance(value, bool):
            box = self._boxes[name] = TickBox()
            box.setChecked(value)
            box.toggled.connect(self._edited)
            editor = box
        elif isinstance(value, (list, dict)):
            text = self._texts[name] = QPlainTextEdit(show_yaml(value))
            text.setFont(mono_font(SMALL + 1))
            text.setFixedHeight(LINES * text.fontMetrics().lineSpacing() + 14)
            text.setTabChangesFocus(True)
            text.textChanged.connect(self._edited)
            editor = text
        else:
            line = self._lines[name] = QLineEdit(show_text(value))
            line.setCursorPosition(0)
            line.textChanged.connect(self._edited)
            editor = line
        editor.setObjectName(f"param-{name}")
        editor.setAccessibleName(name)
        kind = QLabel(self._kind(value))
        kind.setProperty("role", "small")
        kind.setFixedWidth(KIND)
        reset = self._resets[name] = flat_button(
            "",
            self.tr("Back to the graph's default: {}").format(show_text(value)[:200]),
            lambda: self.set_values({name: self._defaults[name]}),
            name=self.tr("Default of {}").format(name),
        )
        reset.setIcon(icon("reset", token="accent"))
        layout.addWidget(editor, 1)
        top = Qt.AlignmentFlag.AlignTop if isinstance(value, (list, dict)) else Qt.AlignmentFlag.AlignVCenter
        layout.addWidget(kind, 0, top)
        layout.addWidget(reset, 0, top)
        return row

    def _kind(self, value: Any) -> str:
        if isinstance(value, bool):
            return self.tr("yes or no")
        if isinstance(value, (int, float)):
            return self.tr("number")
        if isinstance(value, str):
            return self.tr("text")
        if isinstance(value, list):
            return self.tr("list")
        return self.tr("mapping") if isinstance(value, dict) else self.tr("value")

    def offer(self, name: str, values: Iterable[Any]) -> None:
        """Values of earlier runs, offered while one types."""
        line = self._lines.get(name)
        texts = list(dict.fromkeys(show_text(value) for value in values))
        if line is not None and texts:
            completer = QCompleter(texts, line)
            completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
            line.setCompleter(completer)

    def set_values(self, values: Mapping[str, Any]) -> None:
        """Those that the graph has; others are passed over."""
        for name, value in values.items():
            if name in self._boxes and isinstance(value, bool):
                self._boxes[name].setChecked(value)
            elif name in self._lines:
                self._lines[name].setText(show_text(value))
            elif name in self._texts:
                self._texts[name].setPlainText(show_yaml(value))

    def values(self) -> dict[str, Any]:
        """All parameters as entered. Raises ValueError naming the first that is wrong; all such are outlined."""
        found: dict[str, Any] = {name: box.isChecked() for name, box in self._boxes.items()}
        wrong: list[ValueError] = []
        typed: list[tuple[str, QWidget, str]] = [(name, line, line.text()) for name, line in self._lines.items()]
        typed += [(name, text, text.toPlainText()) for name, text in self._texts.items()]
        for name, editor, words in typed:
            try:
                found[name] = param_value(name, words, self._defaults[name])
            except ValueError as error:
                wrong.append(error)
            mark_invalid(editor, name not in found)
        if wrong:
            raise wrong[0]
        return {name: found[name] for name in self._defaults}

    def _edited(self) -> None:
        self._mark()
        self.changed.emit()

    def _mark(self) -> None:
        """The way back is there where there is one."""
        for name, reset in self._resets.items():
            default = self._defaults[name]
            if name in self._boxes:
                same = self._boxes[name].isChecked() == default
            else:
                line = self._lines.get(name)
                same = (
                    line.text() == show_text(default)
                    if line is not None
                    else self._texts[name].toPlainText() == show_yaml(default)
                )
            reset.setEnabled(not same)


def param_value(name: str, text: str, default: Any) -> Any:
    """What was typed, of the kind of the default. Raises ValueError."""
    if isinstance(default, str):
        return text
    if isinstance(default, (int, float)):
        try:
            number = float(text)
        except ValueError:
            raise ValueError(f"{name}: “{text}” is no number") from None
        if number != number or number in (float("inf"), float("-inf")):
            raise ValueError(f"{name}: a finite number is needed")
        return int(text) if text.strip().lstrip("+-").isdecimal() else number
    try:
        value = parse_yaml(text) if text.strip() else None
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None
    if isinstance(default, list) and not isinstance(value, list):
        raise ValueError(f"{name}: a list is needed, such as [1, 2]")
    if isinstance(default, dict) and not isinstance(value, dict):
        raise ValueError(f"{name}: a mapping is needed, such as {{size: 3}}")
    return value
