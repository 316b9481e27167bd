"""A check box that can be seen in both themes: the platform's own is drawn dark on dark."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QCheckBox, QStyle, QStyleOptionButton

from windlass_gui.look.theme import current_theme, shape_path

SIDE = 15.0
GAP = 8


class TickBox(QCheckBox):
    """Behaves as a QCheckBox; only the painting is ours."""

    def sizeHint(self) -> QSize:
        metrics = self.fontMetrics()
        return QSize(int(SIDE) + GAP + metrics.horizontalAdvance(self.text()) + 4, max(22, metrics.height() + 4))

    def minimumSizeHint(self) -> QSize:
        return QSize(int(SIDE) + GAP, self.sizeHint().height())

    def hitButton(self, pos: object) -> bool:
        return True

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = current_theme()
        option = QStyleOptionButton()
        self.initStyleOption(option)
        hot = bool(option.state & QStyle.StateFlag.State_MouseOver)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(1.0, (self.height() - SIDE) / 2, SIDE, SIDE)
        on = self.checkState() == Qt.CheckState.Checked
        full = "accent" if self.isEnabled() else "muted"
        painter.setPen(QPen(theme.color(full if hot or on else "muted"), 1.4))
        painter.setBrush(theme.color(full if on else "surface"))
        painter.drawRoundedRect(box, 3, 3)
        painter.setPen(theme.color("text" if self.isEnabled() else "muted"))
        room = self.rect().adjusted(int(SIDE) + GAP, 0, 0, 0)
        text = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, room.width())
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)
        if option.state & QStyle.StateFlag.State_HasFocus:
            words = self.fontMetrics().horizontalAdvance(text)
            ring = QRectF(room).adjusted(-5, 1, 0, -1) if words else box.adjusted(-1, -3, 3, 3)
            ring.setWidth(min(ring.width() - 1, words + 9.0) if words else ring.width())
            painter.setPen(QPen(theme.color("accent"), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(ring, 3, 3)
        if self.checkState() == Qt.CheckState.PartiallyChecked:
            painter.setPen(QPen(theme.color("muted"), 2.0))
            painter.drawLine(box.center() - QPointF(4, 0), box.center() + QPointF(4, 0))
        elif self.isChecked():
            painter.translate(box.left() + 2.5, box.top() + 2.5)
            painter.scale(SIDE - 5, SIDE - 5)
            ink = theme.color("on_accent" if self.isEnabled() else "surface")
            painter.setPen(QPen(ink, 0.2, c=Qt.PenCapStyle.RoundCap))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawPath(shape_path("check"))
        painter.end()
