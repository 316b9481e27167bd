"""The memory of an attempt over its time, as a small picture."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from windlass.model.units import human_size
from windlass_gui.look.theme import SMALL, current_theme, theme_switch
from windlass_gui.look.tips import plain_tip

Floats = NDArray[np.float64]


class MemoryCurve(QWidget):
    """Memory over an attempt's time, with the amount that it asked for as a line."""

    def __init__(self) -> None:
        super().__init__()
        self.times: Floats = np.zeros(0)
        self.memory: Floats = np.zeros(0)
        self.limit = 0
        self.words = ""
        self.setFixedHeight(52)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme_switch().changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(200, 52)

    def show_curve(self, times: list[float], memory: list[float], limit: int, words: str) -> None:
        """`words` say why there is none, where there is none."""
        self.times, self.memory, self.limit = np.array(times), np.array(memory), limit
        self.words = "" if len(times) > 1 else words
        peak = f", peak {human_size(int(self.memory.max()))}" if len(times) else ""
        self.setAccessibleName(self.words or f"Memory over time{peak}")
        self.setToolTip(plain_tip(self.words or self.accessibleName()))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        theme, painter = current_theme(), QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        rect = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.setPen(QPen(theme.color("border"), 1))
        painter.setBrush(theme.color("canvas"))
        painter.drawRoundedRect(rect, 4, 4)
        font = painter.font()
        font.setPixelSize(SMALL)
        painter.setFont(font)
        if self.words or len(self.times) < 2:
            painter.setPen(theme.color("muted"))
            flags = int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap)
            painter.drawText(rect.adjusted(6, 2, -6, -2), flags, self.words)
            return
        top = max(float(self.memory.max()), float(self.limit), 1.0) * 1.1
        span = max(1e-9, float(self.times[-1] - self.times[0]))
        x = rect.left() + (self.times - self.times[0]) / span * rect.width()
        y = rect.bottom() - self.memory / top * rect.height()
        line = QPolygonF([QPointF(a, b) for a, b in zip(x.tolist(), y.tolist(), strict=True)])
        fill = QPolygonF(line)
        fill.append(QPointF(rect.right(), rect.bottom()))
        fill.append(QPointF(rect.left(), rect.bottom()))
        color = theme.color("accent")
        color.setAlpha(50)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color)
        painter.drawPolygon(fill)
        painter.setPen(QPen(theme.color("accent"), 1.6))
        painter.drawPolyline(line)
        if self.limit:
            at = rect.bottom() - self.limit / top * rect.height()
            painter.setPen(QPen(theme.color("danger"), 1, Qt.PenStyle.DashLine))
            painter.drawLine(QPointF(rect.left(), at), QPointF(rect.right(), at))
        painter.setPen(theme.color("text"))
        words = human_size(int(self.memory.max()))
        painter.drawText(
            rect.adjusted(6, 3, -6, -3), int(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft), words
        )
