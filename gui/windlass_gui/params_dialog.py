"""Asks for a graph's parameters before a submit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QFormLayout, QLabel, QLineEdit, QVBoxLayout, QWidget

from windlass_gui.editor.fields import parse_yaml, show_text
from windlass_gui.theme import Theme
from windlass_gui.tick_box import TickBox


class ParamsDialog(QDialog):
    """One line for each parameter with its default; a value keeps its kind (text stays text)."""

    def __init__(self, params: Mapping[str, Any], theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Parameters"))
        self.setMinimumWidth(420)
        self._defaults = dict(params)
        self._lines: dict[str, QLineEdit] = {}
        self._boxes: dict[str, TickBox] = {}
        note = QLabel(self.tr("The values of this run; the graph keeps its defaults."))
        note.setStyleSheet(f"color: {theme.muted};")
        note.setWordWrap(True)
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for name, value in params.items():
            if isinstance(value, bool):
                box = TickBox()
                box.setChecked(value)
                self._boxes[name] = box
                form.addRow(name, box)
            else:
                line = QLineEdit(show_text(value))
                line.setObjectName(f"param-{name}")
                line.textChanged.connect(self._validate)
                self._lines[name] = line
                form.addRow(name, line)
        self._error = QLabel()
        self._error.setWordWrap(True)
        self._error.setStyleSheet(f"color: {theme.danger};")
        self._buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self._buttons.button(QDialogButtonBox.StandardButton.Cancel).setIcon(QIcon())
        self._submit = self._buttons.addButton(self.tr("Submit"), QDialogButtonBox.ButtonRole.AcceptRole)
        self._submit.setDefault(True)
        self._submit.setProperty("role", "primary")
        self._buttons.accepted.connect(self.accept)
        self._buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(note)
        layout.addLayout(form)
        layout.addWidget(self._error)
        layout.addStretch(1)
        layout.addWidget(self._buttons)
        self._validate()

    def values(self) -> dict[str, Any]:
        """All parameters as entered. Raises ValueError naming the one that is wrong."""
        found: dict[str, Any] = {name: box.isChecked() for name, box in self._boxes.items()}
        for name, line in self._lines.items():
            found[name] = _value(name, line.text(), self._defaults[name])
        return {name: found[name] for name in self._defaults}

    def _validate(self) -> None:
        try:
            self.values()
            error = ""
        except ValueError as problem:
            error = str(problem)
        self._error.setText(error)
        self._submit.setEnabled(not error)


def _value(name: str, text: str, default: Any) -> Any:
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
        return parse_yaml(text) if text.strip() else None
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None
