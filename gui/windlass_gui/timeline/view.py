"""The timeline's picture: painted whole at each change, from a raster, so that its cost follows the window's size."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFont,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QScrollBar, QToolTip, QWidget

from windlass_gui.theme import SMALL, S, current_theme, mix, theme_switch
from windlass_gui.timeline.bars import CODES, BarKey, Bars

LANE = 22
"""Height of a lane in pixels, its gap included."""
GAP = 4
RULER = 24
"""Height of the time axis."""
LABELS = 130
"""Width of the lanes' names."""
NEAREST, FARTHEST = 1e-4, 7 * 86_400 / 50
"""Seconds a pixel: as near and as far as one can zoom."""
STEPS = (
    0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200,
    14_400, 43_200, 86_400,
)  # fmt: skip
"""Seconds between two marks of the axis."""
_OWN_KEYS = (Qt.Key.Key_F, Qt.Key.Key_Plus, Qt.Key.Key_Minus)
_WAYS: dict[int, tuple[int, int]] = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}
"""Along the lane and down the lanes."""
LABEL_WIDTH = 46
"""Bars narrower than this carry no name."""


class TimelineView(QWidget):
    """Zoom with the wheel or W and S, pan by dragging or with A and D, F shows everything.

    Ctrl+arrows go from bar to bar, Enter asks for the chosen one's log, as a click does.
    """

    bar_clicked = Signal(int, int, int, int)
    """run, task, index, attempt."""

    def __init__(self, bars: Bars, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.bars = bars
        self.describe: Callable[[BarKey], str] = lambda key: f"task {key[1]}[{key[2]}] attempt {key[3]}"
        """What the tooltip says of a bar."""
        self.name: Callable[[BarKey], str] = lambda key: f"[{key[2]}]"
        """What is written on a wide bar."""
        self.clock: Callable[[], float] = time.time
        self.first = 0.0
        """Time at the left edge."""
        self.per_pixel = 0.01
        self.fitting = True
        """Everything is shown, and stays shown as time goes on, until a person zooms or pans."""
        self.selected: BarKey | None = None
        self._grab: QPointF | None = None
        self._moved = False
        self._hover: int | None = None
        self._scroll = QScrollBar(Qt.Orientation.Vertical, self)
        self._scroll.valueChanged.connect(self.update)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(300, RULER + 3 * LANE)
        self.setAccessibleName(self.tr("Timeline of attempts"))
        theme_switch().changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(800, 260)

    # --- where things are ----------------------------------------------------------------------------------

    @property
    def plot(self) -> QRect:
        return QRect(LABELS, RULER, max(1, self.width() - LABELS - self._scroll.width()), max(1, self.height() - RULER))

    def x_of(self, moment: float) -> float:
        return LABELS + (moment - self.first) / self.per_pixel

    def time_at(self, x: float) -> float:
        return self.first + (x - LABELS) * self.per_pixel

    def row_at(self, y: float) -> int:
        return int((y - RULER + self._scroll.value()) // LANE)

    def y_of(self, row: int) -> int:
        return RULER + row * LANE - self._scroll.value()

    def refresh(self) -> None:
        """The bars changed, or time went by."""
        if self.fitting:
            self._fit()
        self._layout()
        self.update()

    def fit(self) -> None:
        """Show everything, from now on."""
        self.fitting = True
        self.refresh()

    def _fit(self) -> None:
        span = self.bars.span(self.clock())
        if span is not None:
            width = max(50, self.plot.width())
            length = max(0.02, span[1] - span[0])
            self.per_pixel = length * 1.04 / width
            self.first = span[0] - length * 0.02

    def show_bar(self, key: BarKey) -> None:
        """Select a bar and bring it into view."""
        self.selected = key
        bar = self.bars.place(key)
        if bar is not None:
            start, end = self.bars.times(bar, self.clock())
            if end < self.first or start > self.time_at(self.width()):
                self.fitting = False
                self.first = (start + end) / 2 - self.plot.width() * self.per_pixel / 2
            self._scroll.setValue(max(0, self.bars.row(bar) * LANE - self.plot.height() // 2))
        self.update()

    def _layout(self) -> None:
        need = len(self.bars.lanes) * LANE + S
        self._scroll.setRange(0, max(0, need - self.plot.height()))
        self._scroll.setPageStep(self.plot.height())
        self._scroll.setSingleStep(LANE)
        self._scroll.setVisible(need > self.plot.height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        hint = self._scroll.sizeHint().width()
        self._scroll.setGeometry(self.width() - hint, RULER, hint, self.height() - RULER)
        self.refresh()

    # --- painting ------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        theme, painter = current_theme(), QPainter(self)
        font = QFont(self.font())
        font.setPixelSize(SMALL)
        painter.setFont(font)
        painter.fillRect(self.rect(), theme.color("canvas"))
        self._paint_lanes(painter)
        self._paint_bars(painter)
        self._paint_selection(painter)
        self._paint_ruler(painter)
        painter.end()

    def _rows(self) -> tuple[int, int]:
        top = self._scroll.value() // LANE
        return top, min(len(self.bars.lanes), top + self.plot.height() // LANE + 2)

    def _paint_lanes(self, painter: QPainter) -> None:
        theme = current_theme()
        top, bottom = self._rows()
        painter.setClipRect(0, RULER, self.width(), self.height() - RULER)
        painter.fillRect(0, RULER, LABELS, self.height(), theme.color("surface"))
        align = Qt.AlignmentFlag.AlignVCenter
        for row in range(top, bottom):
            name, agent, slot = self.bars.lanes[row]
            y = self.y_of(row)
            first = row == 0 or self.bars.lanes[row - 1][1] != agent
            painter.setPen(theme.color("border" if first else "grid"))
            painter.drawLine(0 if first else LABELS, y, self.width(), y)
            if first or row == top:
                painter.setPen(theme.color("text"))
                text = painter.fontMetrics().elidedText(name, Qt.TextElideMode.ElideRight, LABELS - 48)
                painter.drawText(QRect(S, y, LABELS - 48, LANE), align | Qt.AlignmentFlag.AlignLeft, text)
            painter.setPen(theme.color("muted"))
            slot_rect = QRect(LABELS - 40, y, 34, LANE)
            painter.drawText(slot_rect, align | Qt.AlignmentFlag.AlignRight, str(slot + 1))
        painter.setPen(theme.color("border"))
        painter.drawLine(LABELS - 1, RULER, LABELS - 1, self.height())

    def _paint_bars(self, painter: QPainter) -> None:
        theme, plot = current_theme(), self.plot
        top, bottom = self._rows()
        if bottom <= top:
            return
        painter.setClipRect(plot)
        now, ratio = self.clock(), self.devicePixelRatioF()
        width, per_pixel = round(plot.width() * ratio), self.per_pixel / ratio
        codes, retries = self.bars.raster(self.first, per_pixel, width, top, bottom, now)
        colors = [0, *(theme.state_color(code).rgba() for code in CODES[1:])]
        body = _image(codes, colors)
        stripe = _image(retries, [0, theme.color("text").rgba()])
        for row in range(top, bottom):
            target = QRectF(plot.left(), self.y_of(row) + GAP / 2, plot.width(), LANE - GAP)
            painter.drawImage(target, body, QRectF(0, row - top, width, 1))
            # A retry has a line under it: another attempt of the same item stands somewhere to the left.
            target.setTop(target.bottom() - 3)
            painter.drawImage(target, stripe, QRectF(0, row - top, width, 1))
        painter.setPen(theme.color("canvas"))
        for bar, row, left, right in self.bars.wide(
            self.first, self.per_pixel, plot.width(), top, bottom, now, LABEL_WIDTH, 400
        ):
            rect = QRect(plot.left() + left + 4, self.y_of(row) + GAP // 2, right - left - 9, LANE - GAP)
            text = painter.fontMetrics().elidedText(
                self.name(self.bars.keys[bar]), Qt.TextElideMode.ElideRight, rect.width()
            )
            painter.drawText(rect, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)
        if self.bars.live:
            x = self.x_of(now)
            painter.setPen(QPen(mix(theme.color("canvas"), theme.color("accent"), 0.6), 1, Qt.PenStyle.DashLine))
            painter.drawLine(QPointF(x, RULER), QPointF(x, self.height()))

    def _paint_selection(self, painter: QPainter) -> None:
        theme = current_theme()
        chosen = self.bars.place(self.selected) if self.selected is not None else None
        for bar, token in ((self._hover, "muted"), (chosen, "text")):
            if bar is None or bar >= self.bars.count:
                continue
            start, end = self.bars.times(bar, self.clock())
            left = max(self.x_of(start), LABELS - 4.0)
            right = min(max(self.x_of(end), left + 3), self.width() + 4.0)
            painter.setPen(QPen(theme.color(token), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(QRectF(left - 1, self.y_of(self.bars.row(bar)) + 1, right - left + 1, LANE - 2))

    def _paint_ruler(self, painter: QPainter) -> None:
        theme, plot = current_theme(), self.plot
        painter.setClipping(False)
        painter.fillRect(0, 0, self.width(), RULER, theme.color("surface2"))
        painter.setPen(theme.color("muted"))
        painter.drawText(QRect(S, 0, LABELS - 2 * S, RULER), Qt.AlignmentFlag.AlignVCenter, "Agent, slot")
        painter.setClipRect(LABELS, 0, plot.width(), self.height())
        step = next((step for step in STEPS if step / self.per_pixel >= 90), STEPS[-1])
        while step / self.per_pixel < 90:
            step *= 2
        # Marks fall on round local times.
        shift = time.localtime(self.first).tm_gmtoff
        mark = math.ceil((self.first + shift) / step) * step - shift
        for _ in range(200):
            x = self.x_of(mark)
            if x > self.width():
                break
            painter.setPen(_faint(theme.color("border")))
            painter.drawLine(QPointF(x, RULER), QPointF(x, self.height()))
            painter.setPen(theme.color("border"))
            painter.drawLine(QPointF(x, RULER - 5), QPointF(x, RULER))
            painter.setPen(theme.color("muted"))
            text = stamp(mark, step)
            if x + 4 + painter.fontMetrics().horizontalAdvance(text) < plot.right():
                painter.drawText(QRectF(x + 4, 0, 86, RULER), Qt.AlignmentFlag.AlignVCenter, text)
            mark += step
        painter.setClipping(False)
        painter.setPen(theme.color("border"))
        painter.drawLine(0, RULER - 1, self.width(), RULER - 1)

    # --- moving --------------------------------------------------------------------------------------------

    def zoom(self, factor: float, x: float | None = None) -> None:
        """Show `factor` times as much time; what is at `x` (default: the middle) stays there."""
        x = LABELS + self.plot.width() / 2 if x is None else max(float(LABELS), x)
        moment = self.time_at(x)
        self.per_pixel = min(FARTHEST, max(NEAREST, self.per_pixel * factor))
        self.first = moment - (x - LABELS) * self.per_pixel
        self.fitting = False
        self.update()

    def pan(self, pixels: float) -> None:
        """Move to later times by so many pixels."""
        self.first += pixels * self.per_pixel
        self.fitting = False
        self.update()

    def wheelEvent(self, event: QWheelEvent) -> None:
        turn = event.angleDelta()
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier or abs(turn.x()) > abs(turn.y()):
            self.pan(-(turn.x() or turn.y()) / 2)
        elif event.modifiers() & Qt.KeyboardModifier.AltModifier or event.position().x() < LABELS:
            self._scroll.setValue(self._scroll.value() - turn.y() // 4)
        else:
            self.zoom(0.999 ** turn.y(), event.position().x())
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        keys = Qt.Key
        far = self.plot.width() / 8
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier and event.key() in _WAYS:
            self._walk(*_WAYS[event.key()])
            return
        match event.key():
            case keys.Key_Return | keys.Key_Enter if self.selected is not None:
                self.bar_clicked.emit(*self.selected)
            case keys.Key_W | keys.Key_Plus:
                self.zoom(0.8)
            case keys.Key_S | keys.Key_Minus:
                self.zoom(1.25)
            case keys.Key_A | keys.Key_Left:
                self.pan(-far)
            case keys.Key_D | keys.Key_Right:
                self.pan(far)
            case keys.Key_Up:
                self._scroll.setValue(self._scroll.value() - LANE)
            case keys.Key_Down:
                self._scroll.setValue(self._scroll.value() + LANE)
            case keys.Key_F | keys.Key_Home:
                self.fit()
            case _:
                super().keyPressEvent(event)

    def _walk(self, along: int, down: int) -> None:
        """Choose the next bar that way and bring it into view."""
        before = self.bars.place(self.selected) if self.selected is not None else None
        bar = self.bars.beside(before, along, down)
        if bar is None:
            return
        self.selected = self.bars.keys[bar]
        begin, end = (self.x_of(moment) for moment in self.bars.times(bar, self.clock()))
        plot, top = self.plot, self.y_of(self.bars.row(bar))
        if end < plot.left() or begin > plot.right():
            self.pan((begin + end) / 2 - plot.center().x())
        if not plot.top() <= top <= plot.bottom() - LANE:
            self._scroll.setValue(self._scroll.value() + top - plot.center().y())
        left = max(float(plot.left()), self.x_of(self.bars.times(bar, self.clock())[0]))
        where = self.mapToGlobal(QPointF(left, self.y_of(self.bars.row(bar))))
        QToolTip.showText(where.toPoint(), self.describe(self.selected), self)
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._grab, self._moved = event.position(), False

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at = event.position()
        if self._grab is not None:
            step = at - self._grab
            if not self._moved and step.manhattanLength() < 4:
                return
            self._moved = True
            self.setCursor(Qt.CursorShape.ClosedHandCursor)
            self._scroll.setValue(self._scroll.value() - round(step.y()))
            self.pan(-step.x())
            self._grab = at
            return
        hover = self._bar_at(at)
        if hover != self._hover:
            self._hover = hover
            self.setCursor(Qt.CursorShape.PointingHandCursor if hover is not None else Qt.CursorShape.ArrowCursor)
            text = self.describe(self.bars.keys[hover]) if hover is not None else ""
            QToolTip.showText(event.globalPosition().toPoint(), text, self)
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton or self._grab is None:
            return
        self._grab = None
        self.unsetCursor()
        bar = None if self._moved else self._bar_at(event.position())
        if bar is not None:
            self.selected = self.bars.keys[bar]
            self.update()
            self.bar_clicked.emit(*self.selected)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if self._bar_at(event.position()) is None:
            self.fit()

    def leaveEvent(self, event: QEvent) -> None:
        self._hover = None
        self.update()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and event.key() in _OWN_KEYS:
            # With the focus here F fits the timeline, not the graph.
            event.accept()
            return True
        if event.type() == QEvent.Type.ToolTip:
            bar = self._bar_at(QPointF(event.pos()))  # type: ignore[attr-defined]
            text = self.describe(self.bars.keys[bar]) if bar is not None else ""
            QToolTip.showText(event.globalPos(), text, self)  # type: ignore[attr-defined]
            return True
        return super().event(event)

    def _bar_at(self, at: QPointF) -> int | None:
        if at.x() < LABELS or at.y() < RULER:
            return None
        return self.bars.at(self.time_at(at.x()), self.row_at(at.y()), 2 * self.per_pixel, self.clock())


def _image(codes: np.ndarray, colors: list[int]) -> QImage:
    """Codes as an image with a colour table; a copy, so that the array may go."""
    height, width = codes.shape
    image = QImage(np.ascontiguousarray(codes).data, width, height, width, QImage.Format.Format_Indexed8)
    image.setColorTable(colors)
    return image.convertToFormat(QImage.Format.Format_ARGB32_Premultiplied)


def _faint(color: QColor) -> QColor:
    color.setAlpha(70)
    return color


def stamp(moment: float, step: float) -> str:
    """A mark of the axis, as exact as the step between marks."""
    local = time.localtime(moment)
    if step >= 86_400:
        return time.strftime("%Y-%m-%d", local)
    if step >= 60:
        return time.strftime("%H:%M", local)
    text = time.strftime("%H:%M:%S", local)
    if step >= 1:
        return text
    digits = 1 if step >= 0.1 else 2 if step >= 0.01 else 3
    return text + f"{moment % 1:.{digits}f}"[1:] if round(moment % 1, digits) < 1 else stamp(math.ceil(moment), 1)
