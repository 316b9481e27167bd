"""Many rectangles or lines from an array in one call of Qt, without an object for each.

`QRectF` and `QLineF` are four doubles each, so Qt can read a C-contiguous (n, 4) array as n of them.
"""

from __future__ import annotations

from typing import cast

import numpy as np
import shiboken6
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QRectF
from PySide6.QtGui import QPainter

Floats = NDArray[np.float64]


def draw_rects(painter: QPainter, rects: Floats) -> None:
    """x, y, width and height of each."""
    if len(rects):
        packed = _packed(rects)
        painter.drawRects(cast(QRectF, shiboken6.wrapInstance(packed.ctypes.data, QRectF)), len(packed))


def draw_lines(painter: QPainter, lines: Floats) -> None:
    """x and y of one end, then of the other."""
    if len(lines):
        packed = _packed(lines)
        painter.drawLines(cast(QLineF, shiboken6.wrapInstance(packed.ctypes.data, QLineF)), len(packed))


def _packed(numbers: Floats) -> Floats:
    if numbers.ndim != 2 or numbers.shape[1] != 4:
        raise ValueError(f"rectangles and lines are four numbers each, not {numbers.shape}")
    return np.ascontiguousarray(numbers, dtype=np.float64)
