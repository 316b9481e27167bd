"""What the colours of the timeline mean, with the shapes that the rest of the app uses for states."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QEvent, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from windlass.model.units import human_size
from windlass_gui.look.theme import S, current_theme, draw_state, theme_switch
from windlass_gui.look.tips import plain_tip
from windlass_gui.models import format as fmt
from windlass_gui.timeline.coloring import ramp_ends
from windlass_gui.timeline.picture import STRIP, code_colors

_STATES = ("active", "succeeded", "failed", "cancelled")
_SWATCH = 12.0


class Legend(QWidget):
    """One line. `show_way` says which colours."""

    def __init__(self) -> None:
        super().__init__()
        self._way = "state"
        self._tell()
        theme_switch().changed.connect(self.update)

    def show_way(self, way: str) -> None:
        self._way = way
        self._tell()
        self.updateGeometry()
        self.update()

    def _tell(self) -> None:
        self.setToolTip(plain_tip(" · ".join(self._words())))

    def _words(self) -> list[str]:
        if self._way == "state":
            return [_tr("running"), _tr("succeeded"), _tr("failed"), _tr("stopped")]
        ends = ramp_ends(self._way)
        if ends is not None:
            show = fmt.duration if self._way == "duration" else lambda value: human_size(int(value))
            return [show(ends[0]), show(ends[1])]
        return [_tr("a colour for each task") if self._way == "task" else _tr("a colour for each owner")]

    def sizeHint(self) -> QSize:
        metrics = self.fontMetrics()
        swatches = {"state": 4 * (_SWATCH + 6 + 2 * S), "duration": 150.0, "memory": 150.0}.get(self._way, 90.0)
        words = sum(metrics.horizontalAdvance(word) + 4 for word in self._words())
        lines = sum(22 + metrics.horizontalAdvance(word) + 2 * S for word in (_tr("another attempt"), _tr("staging")))
        return QSize(round(swatches) + words + lines, 24)

    def minimumSizeHint(self) -> QSize:
        return QSize(60, 24)

    def changeEvent(self, event: QEvent) -> None:
        self.updateGeometry()
        super().changeEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """What does not fit whole is left out. Of the states the shapes stay, and the tip has the words."""
        painter, theme = QPainter(self), current_theme()
        x, middle, words = 0.0, self.height() / 2, self._words()
        if self._way == "state":
            told = self._fits(4 * (18 + 2 * S), "".join(words))
            for state, word in zip(_STATES, words, strict=True):
                draw_state(painter, QRectF(x, middle - 6, _SWATCH, _SWATCH), state, theme)
                x = self._word(painter, x + 18, word) + 2 * S if told else x + 18
        else:
            colors = code_colors(self._way, theme)[1:]
            if not self._fits(len(colors) * _SWATCH, "".join(words)):
                return
            first, *rest = words if len(words) > 1 else ("", *words)
            x = self._word(painter, x, first) + 4 if first else x
            for color in colors:
                painter.fillRect(QRectF(x, middle - 5, _SWATCH - 3, 10), color)
                x += _SWATCH - 3 if len(words) > 1 else _SWATCH - 1
            x = self._word(painter, x + 6, rest[0]) + 2 * S
        if self._fits(x + 22, _tr("another attempt")):
            painter.fillRect(QRectF(x, middle + 3, 16, 3), theme.color("text"))
            x = self._word(painter, x + 22, _tr("another attempt")) + 2 * S
        if self._fits(x + 22, _tr("staging")):
            painter.fillRect(QRectF(x, middle - STRIP / 2, 16, STRIP), theme.color("muted"))
            self._word(painter, x + 22, _tr("staging"))

    def _fits(self, x: float, word: str) -> bool:
        return x + self.fontMetrics().horizontalAdvance(word) + 2 <= self.width()

    def _word(self, painter: QPainter, x: float, word: str) -> float:
        painter.setPen(current_theme().color("muted"))
        width = painter.fontMetrics().horizontalAdvance(word) + 2
        painter.drawText(QRectF(x, 0, width, self.height()), Qt.AlignmentFlag.AlignVCenter, word)
        return x + width


def _tr(text: str) -> str:
    return QCoreApplication.translate("Legend", text)
