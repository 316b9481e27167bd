"""Pens, brushes and fonts of the canvas, made once for each theme instead of once for each paint."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QBrush, QColor, QFont, QFontMetricsF, QPen

from windlass_gui.look.theme import BODY, ITEM_STATES, SMALL, TINY, Theme, mix, mono_font


class CanvasStyle:
    """Everything that a node, a link or the batch paints with."""

    def __init__(self, theme: Theme) -> None:
        self.theme = theme
        self.canvas = theme.color("canvas")
        self.grid = theme.color("grid")
        self.text = theme.color("text")
        self.muted = theme.color("muted")
        self.accent = theme.color("accent")
        self.surface = QBrush(theme.color("surface"))
        self.border = QPen(mix(theme.color("border"), theme.color("muted"), 0.35), 1.2)
        self.hover = QPen(theme.color("muted"), 1.6)
        self.selected = QPen(theme.color("accent"), 2.4)
        self.no_pen = QPen(Qt.PenStyle.NoPen)
        self.distant = QBrush(mix(theme.color("canvas"), theme.color("muted"), 0.6))
        self.track = QBrush(mix(theme.color("surface"), theme.color("text"), 0.14))
        self.state = {state: theme.state_color(state) for state in ITEM_STATES}
        self.state_brush = {state: QBrush(color) for state, color in self.state.items()}
        self.hatch = QBrush(mix(theme.color("surface"), theme.color("muted"), 0.45), Qt.BrushStyle.BDiagPattern)
        """Over what never ran."""
        self.state_brush["hatched"] = QBrush(
            mix(theme.color("canvas"), theme.color("muted"), 0.8), Qt.BrushStyle.BDiagPattern
        )
        self.state_fill = {state: QBrush(theme.tint(state, 0.12)) for state in ITEM_STATES}
        self.state_pen = {state: QPen(color, 1.6) for state, color in self.state.items()}
        self.port = QBrush(theme.color("surface2"))
        self.port_pen = QPen(theme.color("muted"), 1.5)
        self.port_hot = QBrush(theme.color("accent"))
        self.link = self._line(mix(theme.color("canvas"), theme.color("text"), 0.45), 1.8)
        self.link_each = self._line(mix(theme.color("canvas"), theme.color("text"), 0.45), 1.8, dashed=True)
        self.link_near = self._line(mix(theme.color("canvas"), theme.color("text"), 0.8), 2.6)
        self.link_near_each = self._line(mix(theme.color("canvas"), theme.color("text"), 0.8), 2.6, dashed=True)
        self.link_hot = self._line(theme.color("accent"), 2.6)
        self.link_hot_each = self._line(theme.color("accent"), 2.6, dashed=True)
        self.link_good = self._line(theme.color("ok"), 2.4)
        self.link_bad = self._line(theme.color("danger"), 2.4)
        self.link_going = self._line(theme.color("danger"), 2.4, dashed=True)
        self.cut_pen = QPen(theme.color("danger"), 0, Qt.PenStyle.DashLine)
        self.guide_pen = QPen(theme.color("accent"), 0, Qt.PenStyle.DashLine)
        self.found = theme.color("warn")
        self.band_pen = QPen(theme.color("accent"), 0)
        fill = theme.color("accent")
        fill.setAlpha(40)
        self.band = QBrush(fill)
        self.title_font = QFont()
        self.title_font.setPixelSize(BODY)
        self.title_font.setWeight(QFont.Weight.DemiBold)
        self.small_font = QFont()
        self.small_font.setPixelSize(SMALL)
        self.mono = mono_font(TINY)
        self._far_titles: dict[int, tuple[QFont, QFontMetricsF]] = {}
        self.title_metrics = QFontMetricsF(self.title_font)
        self.small_metrics = QFontMetricsF(self.small_font)
        self.mono_metrics = QFontMetricsF(self.mono)

    def far_title(self, size: int) -> tuple[QFont, QFontMetricsF]:
        """The title's font in another size, in units of the scene, for when it is seen from afar."""
        found = self._far_titles.get(size)
        if found is None:
            font = QFont(self.title_font)
            font.setPixelSize(size)
            found = self._far_titles[size] = (font, QFontMetricsF(font))
        return found

    def far_small(self, size: int) -> QFont:
        """The small font, or a larger one where `size` is more."""
        if size <= self.small_font.pixelSize():
            return self.small_font
        font = QFont(self.small_font)
        font.setPixelSize(size)
        return font

    def paint_color(self, name: str) -> QColor:
        """One of the colours of frames and notes, in this theme's shade; grey for an empty name."""
        theme = self.theme
        tokens = {"red": 1, "green": 2, "yellow": 3, "blue": 4, "purple": 5}
        if name == "orange":
            return theme.state_color("backoff")
        return QColor(theme.ansi[tokens[name]]) if name in tokens else theme.color("muted")

    def fill(self, color: str) -> QBrush:
        """A node's ground: tinted when the frame that it stands for has a colour."""
        return QBrush(mix(self.theme.color("surface"), self.paint_color(color), 0.16)) if color else self.surface

    @staticmethod
    def _line(color: QColor, width: float, dashed: bool = False) -> QPen:
        pen = QPen(color, width)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        if dashed:
            pen.setDashPattern([4.0, 3.0])
        return pen
