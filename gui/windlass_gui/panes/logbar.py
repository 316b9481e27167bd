"""A scroll bar over the whole log, of which only a part is loaded, with a mark for each match of a search."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QScrollBar, QWidget

from windlass_gui.look.theme import current_theme

STEPS = 1_000_000
"""Places of the bar, whatever the log's size."""


class LogBar(QScrollBar):
    """Its places are parts of the log's bytes."""

    asked = Signal(float)
    """A person wants to see this part of the log (0..1)."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Vertical, parent)
        self.setRange(0, STEPS)
        self.setAccessibleName(self.tr("Place in the whole log"))
        self._marks: list[float] = []
        self._telling = False
        self.valueChanged.connect(self._moved)

    def tell(self, start: float, end: float) -> None:
        """What is in view now, as parts of the log; it moves the handle and asks for nothing."""
        self._telling = True
        shown = max(1, int((end - start) * STEPS))
        self.setPageStep(max(STEPS // 200, shown))
        self.setRange(0, max(0, STEPS - shown))
        self.setValue(self.maximum() if end >= 1.0 else int(start * STEPS))
        self._telling = False

    def mark(self, places: Sequence[float]) -> None:
        """Where matches are, as parts of the log."""
        # More than a mark a pixel cannot be seen, and a thousand are painted at once.
        self._marks = sorted({round(place, 3) for place in places})
        self.update()

    def _moved(self, value: int) -> None:
        if not self._telling:
            self.asked.emit(min(1.0, value / STEPS))

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self._marks:
            return
        painter = QPainter(self)
        color = current_theme().color("warn")
        height = self.height() - 3
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color)
        painter.drawRects([QRectF(2, place * height, self.width() - 4, 3) for place in self._marks])
        painter.end()
