"""One node as drawn: a card with its kind, title, state and ports.

The item only paints. Hit tests, selection and dragging belong to the scene's geometry and the gestures, so that
they work the same when nodes are painted in one batch.
"""

from __future__ import annotations

import re

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPen
from PySide6.QtWidgets import QGraphicsItem, QGraphicsRectItem, QStyleOptionGraphicsItem, QWidget

from windlass_gui.editor.canvas.geometry import PORT_RADIUS
from windlass_gui.editor.canvas.layout import NODE_HEIGHT, NODE_WIDTH
from windlass_gui.editor.canvas.live import NodeLive
from windlass_gui.editor.canvas.style import CanvasStyle
from windlass_gui.editor.document.facts import NodeFacts
from windlass_gui.look.icons import draw_icon
from windlass_gui.look.language import spoken
from windlass_gui.look.theme import draw_state

TEXT_SCALE = 0.42
"""Below this zoom a node is its title, in letters of a readable size, and its state."""
TITLE_SCALE = 0.66
"""Below this zoom the second line could not be read: the title has its room."""
NO_TEXT_SCALE = 0.17
"""Below this zoom not even some letters of a title have room."""
FAR_LETTERS = 10.5
"""Pixels on the screen that the letters of a title have at least."""
_PARTS = re.compile(r"[^\s\-_./]*[\s\-_./]*")
_MARGIN = 9.0
_ICON = 20
_LEFT = 42.0
_RADIUS = 9.0
_STACK = 4.0
_MARK = 20.0
"""What the mark of a deadline takes, left of the state's."""


class NodeItem(QGraphicsRectItem):
    """Painted at the position of its top-left corner."""

    def __init__(self, facts: NodeFacts, style: CanvasStyle, parent: QGraphicsItem | None = None) -> None:
        super().__init__(-_MARGIN, -_MARGIN, NODE_WIDTH + 2 * _MARGIN, NODE_HEIGHT + 2 * _MARGIN, parent)
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)
        self.facts = facts
        self.style = style
        self.live: NodeLive | None = None
        self.selected = False
        self.hovered = False
        self.problem = ""
        self._title = self._line = ""
        self._composed = False
        self._far: tuple[int, float, list[str]] = (0, 0.0, [])
        """The title in lines for a far view, after the size of the letters and the width that they are for."""

    def show_facts(self, facts: NodeFacts) -> None:
        self.facts = facts
        self._composed = False
        self._far = (0, 0.0, [])
        self.update()

    def show_live(self, live: NodeLive | None) -> bool:
        """Whether it looks otherwise now; who tells it sees to the painting (`GraphScene.repaint`)."""
        if live == self.live:
            return False
        self.live = live
        self._composed = False
        return True

    def show_style(self, style: CanvasStyle) -> None:
        self.style = style
        self._composed = False
        self._far = (0, 0.0, [])
        self.update()

    def mark(self, *, selected: bool | None = None, hovered: bool | None = None, problem: str | None = None) -> None:
        """Change how it is set off from the others."""
        if selected is not None:
            self.selected = selected
        if hovered is not None:
            self.hovered = hovered
        if problem is not None:
            self.problem = problem
            self._composed = False
        self.update()

    def _compose(self) -> None:
        """Cut the texts to the card's width: when they are first painted, not at every paint or change."""
        self._composed = True
        style, facts = self.style, self.facts
        right = NODE_WIDTH - (32.0 if self.live or self.problem else 12.0)
        if self.live is not None and self.live.deadline:
            right -= _MARK
        self._title = style.title_metrics.elidedText(facts.label, Qt.TextElideMode.ElideRight, right - _LEFT)
        line = spoken(self.live.caption) if self.live else (facts.summary or "nothing to run yet")
        metrics = style.small_metrics if self.live or not facts.summary else style.mono_metrics
        self._line = metrics.elidedText(line, Qt.TextElideMode.ElideRight, NODE_WIDTH - _LEFT - 12.0)

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        style, live = self.style, self.live
        scale = painter.worldTransform().m11()
        state = live.state if live else ""
        if self.facts.array and scale > 0.25:
            painter.setPen(style.border)
            painter.setBrush(style.surface)
            painter.drawRoundedRect(QRectF(_STACK, _STACK, NODE_WIDTH, NODE_HEIGHT), _RADIUS, _RADIUS)
        if self.selected:
            painter.setPen(style.selected)
        elif self.hovered:
            painter.setPen(style.hover)
        elif self.problem:
            painter.setPen(style.state_pen["failed"])
        else:
            painter.setPen(style.state_pen.get(state, style.border))
        painter.setBrush(style.state_fill.get(state, style.fill(self.facts.color)))
        painter.drawRoundedRect(QRectF(0, 0, NODE_WIDTH, NODE_HEIGHT), _RADIUS, _RADIUS)
        if live is not None and live.unreached:
            painter.setPen(style.no_pen)
            painter.setBrush(style.hatch)
            painter.drawRoundedRect(QRectF(0, 0, NODE_WIDTH, NODE_HEIGHT), _RADIUS, _RADIUS)
        if scale < TEXT_SCALE:
            if live is not None and live.array and live.total:
                self._paint_ring(painter, live, QPointF(36, NODE_HEIGHT / 2), 20.0, 12.0)
            elif state:
                painter.fillRect(QRectF(8, 8, 12, NODE_HEIGHT - 16), style.state_brush[state])
            if live is not None and live.deadline:
                draw_state(painter, QRectF(NODE_WIDTH - 50, 10, 40, 40), live.deadline, style.theme)
            if scale >= NO_TEXT_SCALE:
                ring = live is not None and live.array and bool(live.total)
                left = 64.0 if ring else 28.0 if state else 14.0
                self._paint_far(painter, scale, left, 54.0 if live is not None and live.deadline else 10.0)
            return
        if not self._composed:
            self._compose()
        if scale < TITLE_SCALE:
            self._paint_kind(painter)
            marks = 32.0 if live or self.problem else 12.0
            self._paint_far(painter, scale, _LEFT, marks + (_MARK if live is not None and live.deadline else 0.0))
        else:
            self._paint_texts(painter)
        self._paint_ports(painter)
        if live is not None and live.array and live.total:
            self._paint_ring(painter, live, QPointF(22, NODE_HEIGHT / 2), 15.5, 4.0)
        if state:
            draw_state(painter, QRectF(NODE_WIDTH - 27, 10, 16, 16), state, style.theme)
            if live is not None and live.deadline:
                draw_state(painter, QRectF(NODE_WIDTH - 27 - _MARK, 10, 16, 16), live.deadline, style.theme)
        elif self.problem:
            draw_icon(painter, QRectF(NODE_WIDTH - 27, 10, 16, 16), "warning", style.theme.danger)

    def _paint_kind(self, painter: QPainter) -> None:
        name, color = self.facts.kind or "question", self.style.paint_color(self.facts.color).name()
        draw_icon(painter, QRectF(12, (NODE_HEIGHT - _ICON) / 2, _ICON, _ICON), name, color)

    def _paint_far(self, painter: QPainter, scale: float, left: float, right: float) -> None:
        """The title alone, in one or two lines of letters that can be read at this zoom."""
        size = 2 * round(FAR_LETTERS / scale / 2)  # in steps, so that not every zoom sets all titles anew
        font, metrics = self.style.far_title(size)
        width = NODE_WIDTH - left - right
        if self._far[:2] != (size, width):
            rows = max(1, int((NODE_HEIGHT - 4) / metrics.height()))
            self._far = (size, width, in_lines(self.facts.label, metrics, width, min(2, rows)))
        lines = self._far[2]
        painter.setPen(self.style.text)
        painter.setFont(font)
        top = (NODE_HEIGHT - metrics.height() * len(lines)) / 2 + metrics.ascent()
        for place, line in enumerate(lines):
            painter.drawText(QPointF(left, top + place * metrics.height()), line)

    def _paint_texts(self, painter: QPainter) -> None:
        style, facts = self.style, self.facts
        self._paint_kind(painter)
        painter.setPen(style.text)
        painter.setFont(style.title_font)
        painter.drawText(QPointF(_LEFT, 28), self._title)
        painter.setPen(style.muted)
        painter.setFont(style.small_font if self.live or not facts.summary else style.mono)
        painter.drawText(QPointF(_LEFT, 46), self._line)

    def _paint_ports(self, painter: QPainter) -> None:
        style = self.style
        painter.setPen(style.port_pen)
        painter.setBrush(style.port_hot if self.hovered else style.port)
        for x in (0.0, NODE_WIDTH):
            painter.drawEllipse(QPointF(x, NODE_HEIGHT / 2), PORT_RADIUS, PORT_RADIUS)

    def _paint_ring(self, painter: QPainter, live: NodeLive, center: QPointF, radius: float, width: float) -> None:
        """The items by state, clockwise from the top: good first, bad behind it, what runs behind that."""
        style, total = self.style, max(1, live.total or 1)
        box = QRectF(center.x() - radius, center.y() - radius, 2 * radius, 2 * radius)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(style.track, width))
        painter.drawEllipse(box)
        start = 90.0 * 16
        for state in ("succeeded", "skipped", "failed", "cancelled", "active"):
            count = getattr(live.counts, state)
            if count:
                # One failure among a million is a visible part of the ring all the same.
                span = max(360.0 * 16 * count / total, 6.0 * 16)
                pen = QPen(style.state_brush[state], width)
                pen.setCapStyle(Qt.PenCapStyle.FlatCap)
                painter.setPen(pen)
                painter.drawArc(box, round(start), -round(span))
                start -= span


def in_lines(text: str, metrics: QFontMetricsF, width: float, most: int) -> list[str]:
    """A name cut into lines at blanks and behind - _ . and /, as few as need be; what has no room is left out (…)."""
    mode = Qt.TextElideMode.ElideRight
    if most < 2 or metrics.horizontalAdvance(text) <= width:
        return [metrics.elidedText(text, mode, width)]
    first = ""
    for part in _PARTS.findall(text):
        if metrics.horizontalAdvance((first + part).rstrip()) > width:
            break
        first += part
    if not first:
        return [metrics.elidedText(text, mode, width)]
    return [first.rstrip(), metrics.elidedText(text[len(first) :].lstrip(), mode, width)]
