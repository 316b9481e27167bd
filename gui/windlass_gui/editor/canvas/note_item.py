"""Notes as drawn: plain text on a tinted sheet. A note's place and size are in scene units."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QPainter, QPen, QPolygonF
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from windlass_gui.editor.canvas.style import CanvasStyle
from windlass_gui.editor.document.frames import NoteFacts
from windlass_gui.look.theme import mix

WIDTH = 200.0
"""Of a note that nobody has sized."""
LEAST = (60.0, 36.0)
"""The smallest size."""
GRIP = 14.0
"""The corner at the lower right that resizes."""
LETTERS = 9.0
"""Pixels on the screen that letters have at least."""
LEAST_SCALE = 0.25
"""Below this zoom a note is only its sheet."""
_INSET = 10.0
_WRAP = int(Qt.TextFlag.TextWordWrap) | int(Qt.AlignmentFlag.AlignLeft) | int(Qt.AlignmentFlag.AlignTop)


class NoteLayer(QGraphicsItem):
    """All notes in one paint."""

    def __init__(self, style: CanvasStyle) -> None:
        super().__init__()
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)
        self.style = style
        self.notes: Sequence[NoteFacts] = ()
        self.rects: list[QRectF] = []
        self.selected: int | None = None
        self.edited: int | None = None
        """The one whose text is being typed over it, so that it is not drawn."""
        self._extent = QRectF()

    def copy(self, style: CanvasStyle) -> NoteLayer:
        """As it is now, in this style, with nothing chosen or edited: for a picture."""
        made = NoteLayer(style)
        made.notes, made.rects = list(self.notes), list(self.rects)
        return made

    def boundingRect(self) -> QRectF:
        return self._extent

    def extent(self) -> QRectF:
        """Around all notes; empty without any."""
        return self._extent

    def show_notes(self, notes: Sequence[NoteFacts]) -> None:
        self.notes = notes
        self.rects = [self._rect(note) for note in notes]
        if self.selected is not None and self.selected >= len(notes):
            self.selected = None
        self._changed()

    def show_style(self, style: CanvasStyle) -> None:
        self.style = style
        self.show_notes(self.notes)

    def show_rect(self, index: int, rect: QRectF) -> None:
        """Draw one elsewhere while it is dragged."""
        self.rects[index] = rect
        self._changed()

    def select(self, index: int | None) -> None:
        if index != self.selected:
            self.selected = index
            self.update()

    def edit(self, index: int | None) -> None:
        self.edited = index
        self.update()

    def _changed(self) -> None:
        self.prepareGeometryChange()
        self._extent = QRectF()
        for rect in self.rects:
            self._extent = self._extent.united(rect.adjusted(-2, -2, 2, 2))
        self.update()

    def _rect(self, note: NoteFacts) -> QRectF:
        if note.size is not None:
            width, height = max(note.size[0], LEAST[0]), max(note.size[1], LEAST[1])
        else:
            room = QRectF(0, 0, WIDTH - 2 * _INSET, 4000)
            text = self.style.small_metrics.boundingRect(room, _WRAP, note.text or " ")
            width, height = WIDTH, max(LEAST[1], text.height() + 2 * _INSET)
        return QRectF(*note.position, width, height)

    def note_at(self, x: float, y: float) -> tuple[int, bool] | None:
        """The topmost note at a point, and whether it is the corner that resizes it."""
        for index in range(len(self.rects) - 1, -1, -1):
            rect = self.rects[index]
            if rect.contains(x, y):
                return index, x > rect.right() - GRIP and y > rect.bottom() - GRIP
        return None

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        style = self.style
        scale = painter.worldTransform().m11()
        readable = scale > LEAST_SCALE
        painter.setFont(style.far_small(round(LETTERS / max(scale, LEAST_SCALE))))
        for index, (note, rect) in enumerate(zip(self.notes, self.rects, strict=True)):
            color = style.paint_color(note.color or "yellow")
            painter.setBrush(QBrush(mix(style.canvas, color, 0.16)))
            chosen = index == self.selected
            painter.setPen(style.selected if chosen else QPen(mix(style.canvas, color, 0.45), 1.0))
            painter.drawRoundedRect(rect, 4, 4)
            if index == self.edited or not readable:
                continue
            painter.setPen(style.text if note.text else style.muted)
            room = rect.adjusted(_INSET, _INSET, -_INSET, -_INSET)
            painter.save()
            painter.setClipRect(rect)
            painter.drawText(room, _WRAP, note.text or "Double click to write")
            painter.restore()
            if chosen:
                corner = rect.bottomRight()
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(QBrush(mix(style.canvas, color, 0.7)))
                grip = [corner, corner - QPointF(GRIP * 0.8, 0), corner - QPointF(0, GRIP * 0.8)]
                painter.drawPolygon(QPolygonF(grip))
