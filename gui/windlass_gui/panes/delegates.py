"""How states and progress look in a table: a shape with its word, and a bar with one stripe a state."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter
from PySide6.QtWidgets import QAbstractScrollArea, QApplication, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from windlass.wire.rows import Counts
from windlass_gui.look.language import spoken
from windlass_gui.look.theme import S, Theme, current_theme, draw_state, mix
from windlass_gui.models import COUNTS_ROLE, STATE_ROLE
from windlass_gui.models.tables import progress_briefly

ICON = 12
"""Side of a state's shape in a row, in pixels."""
BAR = 52
"""Width of a progress bar, in pixels; its text stands beside it."""
STRIPES = ("succeeded", "skipped", "cancelled", "failed", "active", "backoff")
"""The order of a bar's stripes; what is not begun stays empty."""

Index = QModelIndex | QPersistentModelIndex


def _background(option: QStyleOptionViewItem, index: Index, delegate: QStyledItemDelegate) -> QStyleOptionViewItem:
    """Options whose text we draw ourselves."""
    own = QStyleOptionViewItem(option)
    delegate.initStyleOption(own, index)
    own.text = ""
    return own


def _draw_base(painter: QPainter, option: QStyleOptionViewItem) -> None:
    style = option.widget.style() if option.widget is not None else QApplication.style()
    style.drawControl(QStyle.ControlElement.CE_ItemViewItem, option, painter, option.widget)


class StateDelegate(QStyledItemDelegate):
    """The shape and colour of STATE_ROLE before the text."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        state = index.data(STATE_ROLE)
        if not state:
            super().paint(painter, option, index)
            return
        _draw_base(painter, _background(option, index, self))
        theme = current_theme()
        rect = QRectF(option.rect)
        draw_state(painter, QRectF(rect.left() + S, rect.center().y() - ICON / 2, ICON, ICON), state, theme)
        text = seen_part(option, rect.adjusted(S + ICON + 6, 0, -4, 0))
        _text(painter, option, text, str(index.data() or ""), theme)

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return super().sizeHint(option, index) + QSize(ICON + S + 6, 0)


class ProgressDelegate(QStyledItemDelegate):
    """COUNTS_ROLE as a bar with a stripe for each state, and beside it as many words as there is room for."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        counts = index.data(COUNTS_ROLE)
        if not isinstance(counts, Counts):
            super().paint(painter, option, index)
            return
        _draw_base(painter, _background(option, index, self))
        theme = current_theme()
        rect = QRectF(option.rect)
        bar = QRectF(rect.left() + S, rect.center().y() - 4, min(BAR, rect.width() - 2 * S), 8)
        draw_progress(painter, bar, counts, theme)
        room = seen_part(option, rect.adjusted(S + bar.width() + S, 0, -4, 0))
        _text(painter, option, room, self.words(index, counts, option.fontMetrics, room.width()), theme)

    def words(self, index: Index, counts: Counts, metrics: QFontMetrics, room: float) -> str:
        """A number that is cut would be another number: rather fewer words."""
        forms = [str(index.data() or "")]
        if counts.total:
            forms += map(spoken, progress_briefly(counts))
        return next((form for form in forms if metrics.horizontalAdvance(form) <= room), forms[-1])

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return super().sizeHint(option, index) + QSize(BAR + 2 * S, 0)


def seen_part(option: QStyleOptionViewItem, rect: QRectF) -> QRectF:
    """What is in view of a cell: at the edge of a narrow table words are fewer, or end in dots, rather than be cut."""
    view = option.widget
    if isinstance(view, QAbstractScrollArea):
        rect.setRight(max(rect.left(), min(rect.right(), view.viewport().width() - 4)))
    return rect


def _text(painter: QPainter, option: QStyleOptionViewItem, rect: QRectF, text: str, theme: Theme) -> None:
    painter.save()
    painter.setFont(option.font)
    painter.setPen(theme.color("text"))
    text = option.fontMetrics.elidedText(text, Qt.TextElideMode.ElideRight, int(rect.width()))
    painter.drawText(rect.toRect(), Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)
    painter.restore()


def draw_progress(painter: QPainter, rect: QRectF, counts: Counts, theme: Theme | None = None) -> None:
    """A bar with one stripe for each state; every state that is not empty is at least 2 pixels wide."""
    theme = theme or current_theme()
    painter.save()
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(mix(theme.color("surface"), theme.color("muted"), 0.25))
    painter.drawRect(rect)
    total = counts.total
    if total:
        left = rect.left()
        for state in STRIPES:
            number = getattr(counts, state)
            if not number:
                continue
            width = min(max(2.0, rect.width() * number / total), rect.right() - left)
            painter.setBrush(theme.state_color(state))
            painter.drawRect(QRectF(left, rect.top(), width, rect.height()))
            left += width
    painter.restore()
