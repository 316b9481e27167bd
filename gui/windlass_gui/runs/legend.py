"""What the colours and shapes of a run mean, on the canvas itself."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QBrush, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from windlass_gui.editor.canvas.live import STATE_WORDS
from windlass_gui.look.theme import ITEM_STATES, SMALL, Theme, current_theme, draw_state, mix

_LINE = 20
_WIDTH = 186
"""Of one of the two columns."""


class Legend(QWidget):
    """In the lower left corner of the canvas; no mouse event sees it."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._canvas = parent
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.words = {
            "hatched": self.tr("never reached or skipped"),
            "badge": self.tr("how many items failed"),
            "ring": self.tr("share of items by state"),
            "path": self.tr("critical path"),
        }
        self.setAccessibleName(self.tr("Legend of the run"))
        states = (STATE_WORDS[state] for state in ITEM_STATES)
        self.setAccessibleDescription(", ".join((*states, *self.words.values())))
        self.resize(self.sizeHint())
        self.hide()

    def sizeHint(self) -> QSize:
        return QSize(2 * _WIDTH, _LINE * self._rows() + 12)

    def _rows(self) -> int:
        return -(-(len(ITEM_STATES) + len(self.words)) // 2)

    def place(self) -> None:
        """In its corner."""
        self.move(12, max(0, self._canvas.height() - self.height() - 12))

    def paintEvent(self, event: QPaintEvent) -> None:
        theme, painter = current_theme(), QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme.color("border"), 1))
        painter.setBrush(theme.color("surface2"))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 8, 8)
        font = painter.font()
        font.setPixelSize(SMALL)
        painter.setFont(font)
        for place, name in enumerate((*ITEM_STATES, *self.words)):
            column, row = divmod(place, self._rows())
            spot = QRectF(column * _WIDTH + 10, 6 + row * _LINE + 3, 18, 14)
            if name in self.words:
                self._mark(painter, theme, name, spot)
            else:
                draw_state(painter, spot, name, theme)
            painter.setPen(theme.color("text"))
            words = self.words.get(name) or STATE_WORDS[name]
            box = QRectF(spot.right() + 8, spot.y() - 3, _WIDTH - 40, _LINE)
            painter.drawText(box, int(Qt.AlignmentFlag.AlignVCenter), words)
        painter.end()

    def _mark(self, painter: QPainter, theme: Theme, kind: str, rect: QRectF) -> None:
        if kind == "hatched":
            painter.setPen(QPen(theme.color("muted"), 1))
            painter.setBrush(QBrush(mix(theme.color("surface"), theme.color("muted"), 0.5), Qt.BrushStyle.BDiagPattern))
            painter.drawRoundedRect(rect, 3, 3)
        elif kind == "badge":
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color("danger"))
            painter.drawRoundedRect(rect, 7, 7)
            painter.setPen(theme.color("on_danger"))
            painter.drawText(rect, int(Qt.AlignmentFlag.AlignCenter), "7")
        elif kind == "ring":
            box = QRectF(rect.center().x() - 6, rect.center().y() - 6, 12, 12)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            for state, first, span in (("succeeded", 90, -220), ("failed", -130, -50), ("active", -180, -90)):
                painter.setPen(QPen(theme.state_color(state), 3))
                painter.drawArc(box, first * 16, span * 16)
        else:
            painter.setPen(QPen(theme.color("accent"), 3))
            painter.drawLine(QPointF(rect.left(), rect.center().y()), QPointF(rect.right(), rect.center().y()))
