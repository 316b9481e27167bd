"""A line of the inspector: a caption before what it stands for; above it where the line is narrow."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from windlass_gui.look.theme import XS

CAPTION = 96
"""Width of what stands left of a field, in pixels."""
SIDE = 18
"""Width of the small marks beside it."""
NARROW = 300
"""Pixels of a line below which the caption stands above: beside it a size would lose its unit."""
_ANY = 16_777_215
"""Qt's own word for a width without a bound."""


class Captioned(QWidget):
    """`arrange` says once what it is made of."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.stacked = False
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(XS)
        self._grid.setVerticalSpacing(2)
        self._grid.setColumnStretch(2, 1)

    def arrange(self, caption: QLabel, main: QWidget, mark: QWidget | None = None, last: QWidget | None = None) -> None:
        """`mark` stands beside the caption, `last` at the right end; without them their places stay free."""
        self._parts = (caption, mark, main, last)
        self._lay(False)

    def _lay(self, stacked: bool) -> None:
        self.stacked = stacked
        grid, top = self._grid, Qt.AlignmentFlag.AlignTop
        caption, mark, main, last = self._parts
        for part in self._parts:
            if part is not None:
                grid.removeWidget(part)
        caption.setMinimumWidth(0 if stacked else CAPTION)
        caption.setMaximumWidth(_ANY if stacked else CAPTION)
        grid.addWidget(caption, 0, 0, top)
        if stacked:
            grid.addWidget(main, 1, 0, 1, 4)
        else:
            grid.addWidget(main, 0, 2)
        for column, part in ((1, mark), (3, last)):
            grid.setColumnMinimumWidth(column, 0 if stacked else SIDE)
            if part is not None:
                grid.addWidget(part, 0, column, top)

    def minimumSizeHint(self) -> QSize:
        """Never wider than it would be once it knows that it is narrow."""
        found = super().minimumSizeHint()
        return found if self.stacked else QSize(min(found.width(), SIDE), found.height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if (self.width() < NARROW) != self.stacked:
            self._lay(not self.stacked)
