"""A link: a curve from an out port to an in port, drawn natively by Qt."""

from __future__ import annotations

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QPainterPath
from PySide6.QtWidgets import QGraphicsItem, QGraphicsPathItem

from windlass_gui.editor.canvas.layout import Point
from windlass_gui.editor.canvas.style import CanvasStyle


def link_path(start: Point, end: Point) -> QPainterPath:
    """A curve that leaves and arrives level, and swings out when it has to go back."""
    (x1, y1), (x2, y2) = start, end
    bend = max(36.0, abs(x2 - x1) * 0.5 if x2 >= x1 else 60.0 + (x1 - x2) * 0.35)
    path = QPainterPath(QPointF(x1, y1))
    path.cubicTo(QPointF(x1 + bend, y1), QPointF(x2 - bend, y2), QPointF(x2, y2))
    return path


class LinkItem(QGraphicsPathItem):
    """`source -> target`; dashed when it goes item by item (`each`)."""

    def __init__(self, source: str, target: str, each: bool, style: CanvasStyle, parent: QGraphicsItem) -> None:
        super().__init__(parent)
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)
        self.source, self.target, self.each = source, target, each
        self.selected = False
        self.hovered = False
        self.verdict = ""
        """good or bad while a gesture says what would become of it."""
        self.show_style(style)

    def show_style(self, style: CanvasStyle) -> None:
        self._pens = (
            (style.link, style.link_each),
            (style.link_near, style.link_near_each),
            (style.link_hot, style.link_hot_each),
        )
        self._verdicts = {"good": style.link_good, "bad": style.link_bad}
        self._pick()

    def mark(
        self,
        *,
        selected: bool | None = None,
        hovered: bool | None = None,
        each: bool | None = None,
        verdict: str | None = None,
    ) -> None:
        if selected is not None:
            self.selected = selected
        if hovered is not None:
            self.hovered = hovered
        if each is not None:
            self.each = each
        if verdict is not None:
            self.verdict = verdict
        self._pick()

    @property
    def engaged(self) -> bool:
        """A gesture has changed how it looks."""
        return bool(self.verdict) or not self.isVisible()

    def _pick(self) -> None:
        level = 2 if self.selected else 1 if self.hovered else 0
        self.setPen(self._verdicts.get(self.verdict) or self._pens[level][self.each])
        self.setZValue(3 if self.verdict else level)

    def connect_points(self, start: Point, end: Point) -> None:
        self.setPath(link_path(start, end))
