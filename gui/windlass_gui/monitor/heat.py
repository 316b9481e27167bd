"""The heat map: a cell for each agent, coloured by one measure, marked with its state; all painted by one widget.

Load is one hue from the surface to the accent: darker or lighter by theme, but always more colour for more load, so
that it reads without telling colours apart. States are shapes in a corner; what is away has no colour, only hatching.
"""

from __future__ import annotations

from math import ceil

from PySide6.QtCore import QEvent, QPoint, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QAccessible,
    QAccessibleEvent,
    QBrush,
    QColor,
    QFont,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from windlass.wire.rows import AgentRow
from windlass_gui.look.theme import SMALL, XS, M, Theme, current_theme, draw_state, ink, mix, theme_switch
from windlass_gui.look.tips import plain_tip
from windlass_gui.mirror import Curve
from windlass_gui.models.tables import agent_note, agent_state
from windlass_gui.monitor.cells import GAP, MOST, Cell, fit, heat, level, natural
from windlass_gui.monitor.measures import MEASURES, Measure, measure, readings

NAMED = 64
"""Side from which on a cell has its name and its value written in it."""
AWAY = ("disconnected", "down", "new")
"""States of which the last measurement says nothing of now."""


class HeatMap(QWidget):
    """Arrow keys walk, Enter or a click opens. `show_agents` gives it all there is to know."""

    chosen = Signal(str)
    """An agent's page is wanted."""
    went = Signal(QRect)
    """The cell with the focus is there now."""
    menu_asked = Signal(str, QPoint)
    """An agent, and where on the screen."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.measure: Measure = MEASURES[0]
        self.order = "name"
        """name, load or state."""
        self.cells: list[Cell] = []
        self.current = -1
        """The cell with the keyboard's focus."""
        self._hovered = -1
        self._columns, self._side = 1, MOST
        self._rows: dict[str, AgentRow] = {}
        self._room = QSize(0, 0)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(self.tr("Heat map of the agents"))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        theme_switch().changed.connect(self.update)

    # --- what it shows ---------------------------------------------------------------------------------------

    def show_measure(self, name: str) -> None:
        self.measure = measure(name)

    def show_agents(self, rows: dict[str, AgentRow], curves: dict[str, Curve]) -> None:
        """All agents as they are now; called at most once a second."""
        focused = self.cells[self.current].agent if 0 <= self.current < len(self.cells) else ""
        hovered = self.cells[self._hovered].agent if 0 <= self._hovered < len(self.cells) else ""
        self._rows = rows
        self._curves = curves
        cells = []
        for agent, row in rows.items():
            state = agent_state(row)
            curve = curves.get(agent)
            last = curve.last if curve is not None and state not in AWAY else None
            reading = self.measure.read(row, last)
            share = None if state in AWAY else reading.share
            cells.append(Cell(agent, row.name, state, share, "–" if state in AWAY else reading.text))
        if self.order == "load":
            cells.sort(key=lambda cell: (-(cell.share if cell.share is not None else -1.0), cell.name, cell.agent))
        elif self.order == "state":
            cells.sort(key=lambda cell: (cell.state == "up", cell.state, cell.name, cell.agent))
        else:
            cells.sort(key=lambda cell: (natural(cell.name), cell.agent))
        grown = len(cells) != len(self.cells)
        self.cells = cells
        places = {cell.agent: place for place, cell in enumerate(cells)}
        self.current = places.get(focused, -1)
        self._hovered = places.get(hovered, -1)
        if grown:
            self._lay_out()
        self._describe()
        self.update()

    def give_room(self, room: QSize) -> None:
        """What the scroll area shows of it at once."""
        if room != self._room:
            self._room = room
            self._lay_out()

    def _lay_out(self) -> None:
        width, height = max(1, self._room.width() - 2 * M), max(1, self._room.height() - 2 * M)
        self._columns, self._side = fit(max(1, len(self.cells)), width, height)
        rows = ceil(len(self.cells) / self._columns)
        self.setMinimumHeight(rows * (self._side + GAP) - GAP + 2 * M if rows else 0)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(400, max(120, self.minimumHeight()))

    # --- where things are ------------------------------------------------------------------------------------

    def rect_of(self, place: int) -> QRect:
        row, column = divmod(place, self._columns)
        step = self._side + GAP
        return QRect(M + column * step, M + row * step, self._side, self._side)

    def at(self, point: QPoint) -> int:
        """The cell there, or -1."""
        step = self._side + GAP
        column, inside_x = divmod(point.x() - M, step)
        row, inside_y = divmod(point.y() - M, step)
        if not 0 <= column < self._columns or row < 0 or inside_x >= self._side or inside_y >= self._side:
            return -1
        place = row * self._columns + column
        return place if place < len(self.cells) else -1

    # --- mouse and keys --------------------------------------------------------------------------------------

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        place = self.at(event.position().toPoint())
        if place != self._hovered:
            self._hovered = place
            self.setCursor(Qt.CursorShape.PointingHandCursor if place >= 0 else Qt.CursorShape.ArrowCursor)
            self.update()

    def leaveEvent(self, event: QEvent) -> None:
        self._hovered = -1
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        place = self.at(event.position().toPoint())
        if place < 0:
            return
        self._go(place)
        if event.button() == Qt.MouseButton.LeftButton:
            self.chosen.emit(self.cells[place].agent)
        elif event.button() == Qt.MouseButton.RightButton:
            self.menu_asked.emit(self.cells[place].agent, event.globalPosition().toPoint())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        keys = Qt.Key
        steps = {keys.Key_Left: -1, keys.Key_Right: 1, keys.Key_Up: -self._columns, keys.Key_Down: self._columns}
        key = keys(event.key())
        if key in steps and self.cells:
            target = self.current + steps[key] if self.current >= 0 else 0
            if 0 <= target < len(self.cells):
                self._go(target)
        elif key in (keys.Key_Home, keys.Key_End) and self.cells:
            self._go(0 if key == keys.Key_Home else len(self.cells) - 1)
        elif key in (keys.Key_Return, keys.Key_Enter, keys.Key_Space) and self.current >= 0:
            self.chosen.emit(self.cells[self.current].agent)
        elif key == keys.Key_Menu and self.current >= 0:
            where = self.mapToGlobal(self.rect_of(self.current).center())
            self.menu_asked.emit(self.cells[self.current].agent, where)
        else:
            super().keyPressEvent(event)

    def _go(self, place: int) -> None:
        self.current = place
        self.went.emit(self.rect_of(place))
        self._describe()
        self.update()

    def _describe(self) -> None:
        """For screen readers: the cell with the focus in words."""
        if 0 <= self.current < len(self.cells):
            cell = self.cells[self.current]
            words = f"{cell.name}, {cell.state}, {self.measure.title} {cell.text}"
        else:
            words = self.tr("{} agents").format(len(self.cells))
        if words != self.accessibleDescription():
            self.setAccessibleDescription(words)
            if self.hasFocus():
                QAccessible.updateAccessibility(QAccessibleEvent(self, QAccessible.Event.DescriptionChanged))

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            place = self.at(event.pos())
            if place >= 0:
                QToolTip.showText(event.globalPos(), plain_tip(self.tip(place)), self, self.rect_of(place))
            else:
                QToolTip.hideText()
            return True
        return super().event(event)

    def tip(self, place: int) -> str:
        """All that is known of a cell's agent, as plain text."""
        cell = self.cells[place]
        row = self._rows[cell.agent]
        curve = self._curves.get(cell.agent)
        lines = [f"{row.name} ({cell.state})"]
        note = agent_note(row)
        if note:
            lines.append(note)
        last = curve.last if curve is not None and cell.state not in AWAY else None
        lines += [f"{title}: {text}" for title, text in readings(row, last)]
        lines.append(self.tr("{} running, {} waiting there").format(row.running, row.waiting))
        return "\n".join(lines)

    # --- painting --------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, theme = QPainter(self), current_theme()
        seen = event.rect()
        shown = [place for place in range(len(self.cells)) if self.rect_of(place).intersects(seen)]
        by_level: dict[int, list[QRect]] = {}
        away: list[QRect] = []
        unknown: list[QRect] = []
        for place in shown:
            cell, rect = self.cells[place], self.rect_of(place)
            if cell.state in AWAY:
                away.append(rect)
            elif cell.share is None:
                unknown.append(rect)
            else:
                by_level.setdefault(level(cell.share), []).append(rect)
        painter.setPen(Qt.PenStyle.NoPen)
        for step, rects in by_level.items():
            painter.setBrush(heat(theme, step))
            painter.drawRects(rects)
        border = mix(theme.color("border"), theme.color("muted"), 0.5)
        painter.setPen(QPen(border, 1))
        if unknown:
            painter.setBrush(theme.color("surface"))
            painter.drawRects([rect.adjusted(0, 0, -1, -1) for rect in unknown])
        if away:
            painter.setBrush(theme.color("surface"))
            painter.drawRects([rect.adjusted(0, 0, -1, -1) for rect in away])
            painter.setBrush(QBrush(border, Qt.BrushStyle.BDiagPattern))
            painter.drawRects([rect.adjusted(0, 0, -1, -1) for rect in away])
        for place in shown:
            self._mark(painter, theme, place)
        for place, token, width in ((self._hovered, "text", 2), (self.current if self.hasFocus() else -1, "accent", 3)):
            if 0 <= place < len(self.cells):
                painter.setPen(QPen(theme.color(token), width))
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.drawRect(self.rect_of(place).adjusted(1, 1, -2, -2))

    def _mark(self, painter: QPainter, theme: Theme, place: int) -> None:
        """Its state, and in a large cell its name and value."""
        cell, rect = self.cells[place], self.rect_of(place)
        mark = min(16.0, self._side * 0.55)
        if cell.state != "up":
            corner = QRectF(rect.right() - mark - 2, rect.top() + 3, mark, mark)
            if self._side < NAMED:
                corner = QRectF(rect.center().x() - mark / 2 + 0.5, rect.center().y() - mark / 2 + 0.5, mark, mark)
            # A plate below the shape keeps its contrast on every colour.
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color("surface"))
            painter.drawRoundedRect(corner.adjusted(-2, -2, 2, 2), 3, 3)
            draw_state(painter, corner, cell.state, theme)
        if self._side < NAMED:
            return
        back = heat(theme, level(cell.share)) if cell.share is not None else theme.color("surface")
        painter.setPen(QColor(ink(back.name())))
        font = QFont(self.font())
        font.setPixelSize(SMALL)
        painter.setFont(font)
        inner = rect.adjusted(XS + 1, XS, -XS, -XS)
        taken = round(mark) + XS if cell.state != "up" else 0
        if cell.share is None and cell.state in AWAY:
            lines = QRect(rect.left() + 1, rect.top() + 1, rect.width() - 3, painter.fontMetrics().height() + XS)
            painter.fillRect(lines.adjusted(0, 0, -taken, 0), theme.color("surface"))
        metrics = painter.fontMetrics()
        name = metrics.elidedText(cell.name, Qt.TextElideMode.ElideMiddle, inner.width() - taken)
        painter.drawText(inner, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop, name)
        if cell.share is not None:
            font.setPixelSize(max(SMALL, round(self._side * 0.2)))
            painter.setFont(font)
            painter.drawText(inner, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignBottom, f"{cell.share:.0%}")
