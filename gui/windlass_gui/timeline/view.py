"""The timeline as a widget: zooming, panning, pointing, choosing. How it looks is in `picture.py`."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QEvent, QPointF, QRect, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QScrollBar, QToolTip, QWidget

from windlass_gui.look.theme import S, draw_focus, theme_switch
from windlass_gui.look.tips import plain_tip
from windlass_gui.timeline.bars import BarKey, Bars
from windlass_gui.timeline.picture import LABELS, LANE, RULER, Picture

NEAREST, FARTHEST = 1e-4, 7 * 86_400 / 50
"""Seconds a pixel: as near and as far as one can zoom."""
_OWN_KEYS = (Qt.Key.Key_F, Qt.Key.Key_Plus, Qt.Key.Key_Minus, Qt.Key.Key_Z)
_WAYS: dict[int, tuple[int, int]] = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}
"""Along the lane and down the lanes."""

Region = tuple[float, float, int, int]
"""First and last moment (folded), first row and the one after the last."""


class TimelineView(QWidget):
    """Zoom with the wheel or W and S, pan by dragging or with A and D, F shows everything.

    Shift and drag chooses a region, Z zooms to it. Ctrl+arrows go from bar to bar, Enter asks for the chosen one's
    log, as a click does.
    """

    bar_clicked = Signal(int, int, int, int)
    bar_opened = Signal(int, int, int, int)
    """By a double click or Enter: a person wants its log."""
    """run, task, index, attempt."""
    region_changed = Signal()
    bar_chosen = Signal()
    """Another bar is chosen, or none."""

    def __init__(self, bars: Bars, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.bars = bars
        self.picture = Picture(self)
        self.describe: Callable[[BarKey], str] = lambda key: f"task {key[1]}[{key[2]}] attempt {key[3]}"
        """What the tooltip says of a bar."""
        self.name: Callable[[BarKey], str] = lambda key: f"[{key[2]}]"
        """What is written on a wide bar."""
        self.group_name: Callable[[int], str] = str
        """What lanes by task or by run are called, from its number."""
        self.clock: Callable[[], float] = time.time
        self.paint_seconds = 0.0
        """How long the last picture took."""
        self.first = 0.0
        """Time at the left edge, folded as the bars' times are."""
        self.per_pixel = 0.01
        self.fitting = True
        """Everything is shown, and stays shown as time goes on, until a person zooms or pans."""
        self.selected: BarKey | None = None
        self.arrows: list[BarKey] = []
        """What the chosen bar waited for."""
        self.path: list[BarKey] = []
        """The critical path; empty: not shown."""
        self.region: Region | None = None
        self.hovered: int | None = None
        self._grab: QPointF | None = None
        self._corner: tuple[float, int] | None = None
        """Where a region is being drawn from."""
        self._moved = False
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

    @property
    def scrolled(self) -> int:
        """Pixels of lanes above what is seen."""
        return self._scroll.value()

    def x_of(self, moment: float) -> float:
        return LABELS + (moment - self.first) / self.per_pixel

    def time_at(self, x: float) -> float:
        return self.first + (x - LABELS) * self.per_pixel

    def row_at(self, y: float) -> int:
        return int((y - RULER + self._scroll.value()) // LANE)

    def y_of(self, row: int) -> int:
        return RULER + row * LANE - self._scroll.value()

    def lanes_title(self) -> str:
        titles = {"agent": self.tr("Agent, slot"), "task": self.tr("Task"), "run": self.tr("Run")}
        return titles[self.bars.mode]

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
            self._show_span(*span)

    def _show_span(self, first: float, last: float) -> None:
        width = max(50, self.plot.width())
        length = max(0.02, last - first)
        self.per_pixel = length * 1.04 / width
        self.first = first - length * 0.02

    def zoom_to_region(self) -> None:
        """Show the chosen region, or the chosen bar, as wide as possible."""
        bar = self.bars.place(self.selected) if self.selected is not None else None
        if self.region is not None:
            span = self.region[:2]
        elif bar is not None:
            span = self.bars.times(bar, self.clock())
        else:
            return
        self.fitting = False
        self._show_span(*span)
        self.update()

    def choose(self, key: BarKey | None) -> None:
        """This bar from now on."""
        if key != self.selected:
            self.selected = key
            self.bar_chosen.emit()
        self.update()

    def show_bar(self, key: BarKey) -> None:
        """Select a bar and bring it into view."""
        self.choose(key)
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

    def paintEvent(self, event: QPaintEvent) -> None:
        began = time.perf_counter()
        painter = QPainter(self)
        self.picture.paint(painter)
        if self.hasFocus():
            draw_focus(painter, self.rect())
        painter.end()
        self.paint_seconds = time.perf_counter() - began

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
                self.bar_opened.emit(*self.selected)
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
            case keys.Key_Z:
                self.zoom_to_region()
            case keys.Key_Escape if self.region is not None or self.selected is not None:
                self._set_region(None)
                self.choose(None)
            case _:
                super().keyPressEvent(event)

    def _walk(self, along: int, down: int) -> None:
        """Choose the next bar that way and bring it into view."""
        before = self.bars.place(self.selected) if self.selected is not None else None
        bar = self.bars.beside(before, along, down)
        if bar is None:
            return
        key = self.bars.key(bar)
        self.choose(key)
        begin, end = (self.x_of(moment) for moment in self.bars.times(bar, self.clock()))
        plot, top = self.plot, self.y_of(self.bars.row(bar))
        if end < plot.left() or begin > plot.right():
            self.pan((begin + end) / 2 - plot.center().x())
        if not plot.top() <= top <= plot.bottom() - LANE:
            self._scroll.setValue(self._scroll.value() + top - plot.center().y())
        left = max(float(plot.left()), self.x_of(self.bars.times(bar, self.clock())[0]))
        where = self.mapToGlobal(QPointF(left, self.y_of(self.bars.row(bar))))
        QToolTip.showText(where.toPoint(), plain_tip(self.describe(key)), self)
        self.update()

    def _set_region(self, region: Region | None) -> None:
        if region != self.region:
            self.region = region
            if self._corner is None:
                self.region_changed.emit()
            self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            return
        at = event.position()
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier and at.x() >= LABELS:
            self._corner = self.time_at(at.x()), self.row_at(max(at.y(), RULER))
            self._set_region(None)
        else:
            self._grab, self._moved = at, False

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at = event.position()
        if self._corner is not None:
            moment, row = self._corner
            other, lane = self.time_at(max(float(LABELS), at.x())), self.row_at(max(at.y(), RULER))
            rows = min(row, lane), min(len(self.bars.lanes), max(row, lane) + 1)
            self._set_region((min(moment, other), max(moment, other), *rows))
            return
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
        if hover != self.hovered:
            self.hovered = hover
            self.setCursor(Qt.CursorShape.PointingHandCursor if hover is not None else Qt.CursorShape.ArrowCursor)
            text = self.describe(self.bars.key(hover)) if hover is not None else ""
            QToolTip.showText(event.globalPosition().toPoint(), plain_tip(text), self)
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self._corner is not None:
            self._corner = None
            self.region_changed.emit()
            return
        if event.button() != Qt.MouseButton.LeftButton or self._grab is None:
            return
        self._grab = None
        self.unsetCursor()
        bar = None if self._moved else self._bar_at(event.position())
        if bar is not None:
            key = self.bars.key(bar)
            self.choose(key)
            self.bar_clicked.emit(*key)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        bar = self._bar_at(event.position())
        if bar is None:
            self.fit()
        else:
            self.bar_opened.emit(*self.bars.key(bar))

    def leaveEvent(self, event: QEvent) -> None:
        self.hovered = None
        self.update()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and event.key() in _OWN_KEYS:
            # With the focus here F fits the timeline, not the graph.
            event.accept()
            return True
        if event.type() == QEvent.Type.ToolTip:
            bar = self._bar_at(QPointF(event.pos()))  # type: ignore[attr-defined]
            text = self.describe(self.bars.key(bar)) if bar is not None else ""
            QToolTip.showText(event.globalPos(), plain_tip(text), self)  # type: ignore[attr-defined]
            return True
        return super().event(event)

    def _bar_at(self, at: QPointF) -> int | None:
        if at.x() < LABELS or at.y() < RULER:
            return None
        return self.bars.at(self.time_at(at.x()), self.row_at(at.y()), 2 * self.per_pixel, self.clock())
