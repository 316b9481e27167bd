"""A small curve over the last minutes: filled, with its newest value in words."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from windlass_gui.look.theme import XS, current_theme, theme_switch
from windlass_gui.mirror.curves import Floats
from windlass_gui.panes.words import Elided

SPAN = 120.0
"""Seconds shown."""
HEIGHT = 64
LEAST = 84
"""Pixels that one has at least where several stand side by side."""


class LiveCurve(QWidget):
    """One series in 0..`top`. The time axis ends now, so that a silent agent's curve moves away to the left."""

    def __init__(self, title: str, token: str, parent: QWidget | None = None, span: float = SPAN) -> None:
        super().__init__(parent)
        self.span = span
        """Seconds shown."""
        self.clock: Callable[[], float] = time.time
        self._token = token
        self._name = Elided("small")  # in a narrow window the number is what must be read
        self._name.setText(title)
        self._name.setToolTip(title)
        self.value = QLabel("–")
        self.value.setProperty("role", "small")
        self.value.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._plot = pg.PlotWidget()
        self._plot.setFixedHeight(HEIGHT)
        self._plot.setMenuEnabled(False)
        self._plot.setMouseEnabled(x=False, y=False)
        self._plot.hideButtons()
        self._plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._plot.setAccessibleName(title)
        for side in ("left", "bottom"):
            self._plot.hideAxis(side)
        self._plot.setXRange(-span, 0, padding=0)
        self._plot.setYRange(0, 1, padding=0.02)
        self._line = self._plot.plot([], [], fillLevel=0)
        self._grid = [pg.InfiniteLine(pos, angle=0) for pos in (0.0, 0.5, 1.0)]
        for line in self._grid:
            line.setZValue(-10)
            self._plot.addItem(line)
        top = QHBoxLayout()
        top.addWidget(self._name, 1)
        top.addWidget(self.value)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(XS)
        layout.addLayout(top)
        layout.addWidget(self._plot)
        theme_switch().changed.connect(self._restyle)
        self._restyle()

    def _restyle(self, _theme: Any = None) -> None:
        theme = current_theme()
        color = theme.color(self._token)
        self._plot.setBackground(theme.color("canvas"))
        self._line.setPen(pg.mkPen(color, width=1.6))
        color.setAlpha(48)
        self._line.setBrush(pg.mkBrush(color))
        for line in self._grid:
            line.setPen(pg.mkPen(theme.color("border"), width=1))

    def show_values(self, times: Floats, values: Floats, text: str) -> None:
        """Values are shares of the whole, 0..1."""
        ages = times - self.clock()
        shown = ages >= -self.span - 5
        if shown.any():
            self._line.setData(ages[shown], np.clip(values[shown], 0.0, 1.0))
        else:
            self._line.setData([], [])
        self.value.setText(text)
