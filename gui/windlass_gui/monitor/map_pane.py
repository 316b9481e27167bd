"""The heat map in its pane: it scrolls, and below it stands what colours and shapes mean."""

from __future__ import annotations

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from windlass_gui.look.theme import XS, M, S, current_theme, draw_state, theme_switch
from windlass_gui.monitor.cells import LEVELS, heat
from windlass_gui.monitor.heat import HeatMap
from windlass_gui.monitor.measures import MEASURES, Measure


class HeatArea(QScrollArea):
    """Scrolls when even the smallest cells do not fit."""

    def __init__(self, heat_map: HeatMap, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.map = heat_map
        self.setWidget(heat_map)
        self.setAccessibleName(self.tr("Map of the machines"))
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusProxy(heat_map)
        self.setAccessibleName(heat_map.accessibleName())
        heat_map.went.connect(self._follow)

    def _follow(self, rect: QRect) -> None:
        self.ensureVisible(rect.center().x(), rect.center().y(), rect.width(), rect.height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.map.give_room(self.viewport().size())


class Legend(QWidget):
    """What colours and shapes mean."""

    SHAPES = (
        ("disconnected", "silent"), ("down", "gone"), ("draining", "draining"), ("aside", "set aside"),
        ("probation", "on probation"),
    )  # fmt: skip

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.low, self.high = QLabel(), QLabel()
        self.scale = Scale()
        line = QHBoxLayout(self)
        line.setContentsMargins(M, 0, M, S)
        line.setSpacing(S)
        for widget in (self.low, self.scale, self.high):
            line.addWidget(widget)
        line.addSpacing(M)
        for state, words in self.SHAPES:
            pair = QHBoxLayout()
            pair.setSpacing(XS)
            pair.addWidget(Shape(state))
            label = QLabel(self.tr(words))
            label.setProperty("role", "small")
            pair.addWidget(label)
            line.addLayout(pair)
        line.addStretch()
        for label in (self.low, self.high):
            label.setProperty("role", "small")
        self.show_measure(MEASURES[0])

    def show_measure(self, what: Measure) -> None:
        self.low.setText(what.low)
        self.high.setText(what.high)
        self.scale.setAccessibleName(f"{what.title}: {what.low} – {what.high}")


class Scale(QWidget):
    """The colours from none to all."""

    def __init__(self) -> None:
        super().__init__()
        self.setFixedSize(96, 12)
        theme_switch().changed.connect(self.update)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, theme = QPainter(self), current_theme()
        for step in range(LEVELS):
            left, right = self.width() * step // LEVELS, self.width() * (step + 1) // LEVELS
            painter.fillRect(QRect(left, 0, right - left, self.height()), heat(theme, step))


class Shape(QWidget):
    """A state's shape."""

    def __init__(self, state: str) -> None:
        super().__init__()
        self._state = state
        self.setFixedSize(12, 12)
        theme_switch().changed.connect(self.update)

    def paintEvent(self, event: QPaintEvent) -> None:
        draw_state(QPainter(self), QRectF(self.rect()), self._state)


class MapPane(QWidget):
    """The map with its legend."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.map = HeatMap()
        self.legend = Legend()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(S)
        layout.addWidget(HeatArea(self.map), 1)
        layout.addWidget(self.legend)
        self.setFocusProxy(self.map)

    def show_measure(self, name: str) -> None:
        self.map.show_measure(name)
        self.legend.show_measure(self.map.measure)
