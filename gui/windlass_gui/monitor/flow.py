"""Cards from left to right, in as many columns as fit."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize
from PySide6.QtWidgets import QLayout, QLayoutItem, QWidget

from windlass_gui.look.theme import M, S
from windlass_gui.monitor.card import WIDTH


class Flow(QLayout):
    """Cards from left to right, in as many columns as fit."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._items: list[QLayoutItem] = []
        self.setContentsMargins(M, S, M, M)

    def addItem(self, item: QLayoutItem) -> None:
        self._items.append(item)

    def count(self) -> int:
        return len(self._items)

    def itemAt(self, place: int) -> QLayoutItem | None:
        return self._items[place] if 0 <= place < len(self._items) else None

    def takeAt(self, place: int) -> QLayoutItem | None:
        return self._items.pop(place) if 0 <= place < len(self._items) else None

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        return self._place(QRect(0, 0, width, 0), move=False)

    def setGeometry(self, rect: QRect) -> None:
        super().setGeometry(rect)
        self._place(rect, move=True)

    def sizeHint(self) -> QSize:
        return self.minimumSize()

    def minimumSize(self) -> QSize:
        size = QSize()
        for item in self._items:
            size = size.expandedTo(item.minimumSize())
        margins = self.contentsMargins()
        return size + QSize(margins.left() + margins.right(), margins.top() + margins.bottom())

    def _place(self, rect: QRect, move: bool) -> int:
        """Columns of equal width, as many as fit; the cards of a row have the height of its tallest."""
        margins = self.contentsMargins()
        room = rect.width() - margins.left() - margins.right()
        columns = max(1, (room + M) // (WIDTH + M))
        width = (room - (columns - 1) * M) // columns
        y = rect.top() + margins.top()
        for first in range(0, len(self._items), columns):
            row = self._items[first : first + columns]
            height = max(item.sizeHint().height() for item in row)
            for column, item in enumerate(row):
                if move:
                    item.setGeometry(QRect(rect.left() + margins.left() + column * (width + M), y, width, height))
            y += height + M
        return y + margins.bottom() - rect.top()
