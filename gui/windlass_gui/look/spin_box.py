"""A spin box whose text stands as far from its edge as that of other fields: no style sheet can say so."""

from __future__ import annotations

from PySide6.QtWidgets import QSpinBox, QWidget

from windlass_gui.look.theme import S


class SpinBox(QSpinBox):
    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.lineEdit().setTextMargins(S - 2, 0, 0, 0)
