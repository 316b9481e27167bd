"""How the timeline looks: lanes, bars from the raster, what is chosen, the ruler. The view says what is shown where."""

from __future__ import annotations

import math
import time
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QImage, QPainter, QPainterPath, QPen, QPolygonF

from windlass_gui.look.theme import SMALL, S, Theme, current_theme, mix
from windlass_gui.models import format as fmt
from windlass_gui.timeline import staging
from windlass_gui.timeline.bars import CODES
from windlass_gui.timeline.coloring import HUES, STEPS

if TYPE_CHECKING:
    from windlass_gui.timeline.view import TimelineView

LANE = 22
"""Height of a lane in pixels, its gap included."""
GAP = 4
RULER = 24
"""Height of the time axis."""
LABELS = 150
"""Width of the lanes' names."""
STEPS_OF_TIME = (
    0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200,
    14_400, 43_200, 86_400,
)  # fmt: skip
"""Seconds between two marks of the axis."""
STRIP = 4
"""Height of the strips of staging."""
LABEL_WIDTH = 46
"""Bars narrower than this carry no name."""
_MARKS = 300
"""Marks of the axis at most."""
_LEFT = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft


def code_colors(way: str, theme: Theme) -> list[QColor]:
    """The colour of each code of a way to colour; the first is nothing."""
    nothing = QColor(Qt.GlobalColor.transparent)
    if way in ("task", "owner"):
        light = 160 if theme.dark else 105
        return [nothing, *(QColor.fromHsl((at * 360 // HUES + 205) % 360, 140, light) for at in range(HUES))]
    if way in ("duration", "memory"):
        low, high = mix(theme.color("surface"), theme.color("accent"), 0.25), theme.color("warn")
        middle = theme.color("accent")
        half = STEPS // 2
        ramp = [mix(low, middle, at / half) for at in range(half)]
        return [nothing, *ramp, *(mix(middle, high, (at + 1) / (STEPS - half)) for at in range(STEPS - half))]
    return [nothing, *(theme.state_color(code) for code in CODES[1:])]


class Picture:
    """Paints one view, whole at each change: the cost follows the window's size."""

    def __init__(self, view: TimelineView) -> None:
        self.view = view

    def paint(self, painter: QPainter) -> None:
        theme, view = current_theme(), self.view
        font = QFont(view.font())
        font.setPixelSize(SMALL)
        painter.setFont(font)
        painter.fillRect(view.rect(), theme.color("canvas"))
        self._lanes(painter, theme)
        self._bars(painter, theme)
        self._links(painter, theme)
        self._chosen(painter, theme)
        self._ruler(painter, theme)

    def rows(self) -> tuple[int, int]:
        """The first row in view, and the one after the last."""
        view = self.view
        top = view.scrolled // LANE
        return top, min(len(view.bars.lanes), top + view.plot.height() // LANE + 2)

    def _lanes(self, painter: QPainter, theme: Theme) -> None:
        view = self.view
        lanes, agents = view.bars.lanes, view.bars.attempts.agents
        top, bottom = self.rows()
        painter.setClipRect(0, RULER, view.width(), view.height() - RULER)
        painter.fillRect(0, RULER, LABELS, view.height(), theme.color("surface"))
        by_agent = view.bars.mode == "agent"
        for row in range(top, bottom):
            group, agent, slot = lanes[row]
            y = view.y_of(row)
            above = lanes[row - 1] if row else None
            first = above is None or above[0] != group or (by_agent and above[1] != agent)
            painter.setPen(theme.color("border" if first else "grid"))
            painter.drawLine(0 if first else LABELS, y, view.width(), y)
            if first or row == top:
                painter.setPen(theme.color("text"))
                name = agents[agent] if by_agent else view.group_name(group)
                text = painter.fontMetrics().elidedText(name, Qt.TextElideMode.ElideRight, LABELS - 48)
                painter.drawText(QRect(S, y, LABELS - 48, LANE), _LEFT, text)
            painter.setPen(theme.color("muted"))
            place = QRect(LABELS - 40, y, 34, LANE)
            right = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
            painter.drawText(place, right, str(slot + 1) if by_agent else "")
        painter.setPen(theme.color("border"))
        painter.drawLine(LABELS - 1, RULER, LABELS - 1, view.height())

    def _bars(self, painter: QPainter, theme: Theme) -> None:
        view, plot = self.view, self.view.plot
        top, bottom = self.rows()
        if bottom <= top:
            return
        painter.setClipRect(plot)
        now, ratio = view.clock(), view.devicePixelRatioF()
        width, per_pixel = round(plot.width() * ratio), view.per_pixel / ratio
        codes, retries = view.bars.raster(view.first, per_pixel, width, top, bottom, now)
        body = _image(codes, [color.rgba() for color in code_colors(view.bars.way, theme)])
        stripe = _image(retries, [0, theme.color("text").rgba()])
        for row in range(top, bottom):
            target = QRectF(plot.left(), view.y_of(row) + GAP / 2, plot.width(), LANE - GAP)
            painter.drawImage(target, body, QRectF(0, row - top, width, 1))
            # A retry has a line under it: another attempt of the same item stands somewhere to the left.
            target.setTop(target.bottom() - 3)
            painter.drawImage(target, stripe, QRectF(0, row - top, width, 1))
        self._staging(painter, theme, width, per_pixel)
        painter.setPen(theme.color("canvas"))
        for bar, row, left, right in view.bars.wide(
            view.first, view.per_pixel, plot.width(), top, bottom, now, LABEL_WIDTH, 400
        ):
            rect = QRect(plot.left() + left + 4, view.y_of(row) + GAP // 2, right - left - 9, LANE - GAP)
            name = view.name(view.bars.key(bar))
            painter.drawText(
                rect, _LEFT, painter.fontMetrics().elidedText(name, Qt.TextElideMode.ElideRight, rect.width())
            )
        if view.bars.live:
            x = view.x_of(view.bars.fold(now))
            painter.setPen(QPen(mix(theme.color("canvas"), theme.color("accent"), 0.6), 1, Qt.PenStyle.DashLine))
            painter.drawLine(QPointF(x, RULER), QPointF(x, view.height()))

    def _staging(self, painter: QPainter, theme: Theme, width: int, per_pixel: float) -> None:
        """Thin strips beside the bars, with a rim, as they may lie over other bars."""
        view, plot = self.view, self.view.plot
        top, bottom = self.rows()
        strips = staging.raster(view.bars, view.first, per_pixel, width, top, bottom)
        if strips is None:
            return
        layers = ((STRIP + 2, "canvas"), (STRIP, "muted"))
        images = [_image(strips, [0, *(2 * [theme.color(token).rgba()])]) for _, token in layers]
        for row in range(top, bottom):
            if not strips[row - top].any():
                continue
            middle = view.y_of(row) + LANE / 2
            for (height, _), image in zip(layers, images, strict=True):
                target = QRectF(plot.left(), middle - height / 2, plot.width(), height)
                painter.drawImage(target, image, QRectF(0, row - top, width, 1))

    def _links(self, painter: QPainter, theme: Theme) -> None:
        """The critical path, and what the chosen bar waited for."""
        view = self.view
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        places = [at for key in view.path if (at := view.bars.place(key)) is not None]
        if places:
            painter.setPen(QPen(theme.color("warn"), 2))
            for before, after in pairwise(places):
                self._arrow(painter, before, after)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            for bar in places:
                painter.drawRect(self._rect(bar).adjusted(0, 1, 0, -1))
        chosen = view.bars.place(view.selected) if view.selected is not None else None
        if chosen is not None:
            painter.setPen(QPen(theme.color("text"), 1.3))
            for key in view.arrows:
                if (at := view.bars.place(key)) is not None:
                    self._arrow(painter, at, chosen)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

    def _rect(self, bar: int) -> QRectF:
        """A bar as seen, cut off a little outside of the picture."""
        view = self.view
        start, end = view.bars.times(bar, view.clock())
        left = min(max(view.x_of(start), LABELS - 4.0), view.width() + 4.0)
        right = min(max(view.x_of(end), left + 3), view.width() + 8.0)
        return QRectF(left - 1, view.y_of(view.bars.row(bar)) + 1, right - left + 1, LANE - 2)

    def _arrow(self, painter: QPainter, before: int, after: int) -> None:
        source, target = self._rect(before), self._rect(after)
        start, end = QPointF(source.right(), source.center().y()), QPointF(target.left(), target.center().y())
        bend = max(18.0, abs(end.x() - start.x()) / 3)
        path = QPainterPath(start)
        path.cubicTo(start + QPointF(bend, 0), end - QPointF(bend, 0), end)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(path)
        painter.setBrush(painter.pen().color())
        painter.drawPolygon(QPolygonF([end, end + QPointF(-7, -3.5), end + QPointF(-7, 3.5)]))

    def _chosen(self, painter: QPainter, theme: Theme) -> None:
        view = self.view
        if view.region is not None:
            fill = theme.color("accent")
            fill.setAlpha(38)
            painter.setPen(QPen(theme.color("accent"), 1))
            painter.setBrush(fill)
            first, last, top, bottom = view.region
            y = max(float(RULER), view.y_of(top))
            rect = QRectF(view.x_of(first), y, (last - first) / view.per_pixel, view.y_of(bottom) - y)
            painter.drawRect(rect)
        chosen = view.bars.place(view.selected) if view.selected is not None else None
        for bar, token in ((view.hovered, "muted"), (chosen, "text")):
            if bar is not None and bar < view.bars.count:
                painter.setPen(QPen(theme.color(token), 2))
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.drawRect(self._rect(bar))

    def _ruler(self, painter: QPainter, theme: Theme) -> None:
        view, plot = self.view, self.view.plot
        painter.setClipping(False)
        painter.fillRect(0, 0, view.width(), RULER, theme.color("surface2"))
        painter.setPen(theme.color("muted"))
        painter.drawText(QRect(S, 0, LABELS - 2 * S, RULER), Qt.AlignmentFlag.AlignVCenter, view.lanes_title())
        painter.setClipRect(LABELS, 0, plot.width(), view.height())
        step = next((step for step in STEPS_OF_TIME if step / view.per_pixel >= 90), STEPS_OF_TIME[-1])
        while step / view.per_pixel < 90:
            step *= 2
        begin, end = view.bars.real(view.first), view.bars.real(view.time_at(view.width()))
        edges = [begin, *(edge for pause in view.bars.pauses for edge in pause if begin < edge < end), end]
        inside = any(start < begin < stop for start, stop in view.bars.pauses)
        for first, last in pairwise(edges):
            if not inside:
                self._marks(painter, theme, step, first, last)
            inside = not inside and bool(view.bars.pauses)
        for start, stop in view.bars.pauses:
            self._pause(painter, theme, start, stop)
        painter.setClipping(False)
        painter.setPen(theme.color("border"))
        painter.drawLine(0, RULER - 1, view.width(), RULER - 1)

    def _marks(self, painter: QPainter, theme: Theme, step: float, first: float, last: float) -> None:
        """Of the ruler between two moments, on round local times."""
        view = self.view
        shift = time.localtime(first).tm_gmtoff
        mark = math.ceil((first + shift) / step) * step - shift
        for _ in range(_MARKS):
            if mark > last:
                break
            x = view.x_of(view.bars.fold(mark))
            faint = theme.color("border")
            faint.setAlpha(70)
            painter.setPen(faint)
            painter.drawLine(QPointF(x, RULER), QPointF(x, view.height()))
            painter.setPen(theme.color("border"))
            painter.drawLine(QPointF(x, RULER - 5), QPointF(x, RULER))
            painter.setPen(theme.color("muted"))
            text = stamp(mark, step)
            width = painter.fontMetrics().horizontalAdvance(text)
            if x + 4 + width < view.plot.right() and mark + width * view.per_pixel < last:
                painter.drawText(QRectF(x + 4, 0, 86, RULER), Qt.AlignmentFlag.AlignVCenter, text)
            mark += step

    def _pause(self, painter: QPainter, theme: Theme, start: float, stop: float) -> None:
        """A folded pause: a hatched strip, and how long it was."""
        view = self.view
        left, right = view.x_of(view.bars.fold(start)), view.x_of(view.bars.fold(stop))
        if right < LABELS or left > view.width():
            return
        strip = QRectF(left, RULER, max(2.0, right - left), view.height())
        painter.fillRect(strip, mix(theme.color("canvas"), theme.color("muted"), 0.3))
        painter.setPen(theme.color("muted"))
        text = "↔ " + fmt.duration(stop - start)
        painter.drawText(QRectF(left - 60, RULER + 2, right - left + 120, 16), Qt.AlignmentFlag.AlignCenter, text)


def _image(codes: np.ndarray, colors: list[int]) -> QImage:
    """Codes as an image with a colour table; a copy, so that the array may go."""
    height, width = codes.shape
    image = QImage(np.ascontiguousarray(codes).data, width, height, width, QImage.Format.Format_Indexed8)
    image.setColorTable(colors)
    return image.convertToFormat(QImage.Format.Format_ARGB32_Premultiplied)


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
