"""An array painted in one call looks as its rectangles and lines do one by one."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QLineF, QRectF
from PySide6.QtGui import QColor, QImage, QPainter

from windlass_gui.look.packed_paint import draw_lines, draw_rects


def _image() -> QImage:
    image = QImage(300, 200, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(QColor("black"))
    return image


@pytest.mark.parametrize("order", ["C", "F"])
def test_arrays_look_as_objects_do(qapp: object, order: str) -> None:
    numbers = np.random.default_rng(3).uniform(0, 150, (500, 4))
    numbers = np.asfortranarray(numbers) if order == "F" else numbers
    packed, single = _image(), _image()
    with QPainter(packed) as painter:
        painter.setPen(QColor("yellow"))
        draw_lines(painter, numbers)
        painter.setBrush(QColor("green"))
        draw_rects(painter, numbers[::7])
        draw_rects(painter, numbers[:0])
    with QPainter(single) as painter:
        painter.setPen(QColor("yellow"))
        painter.drawLines([QLineF(*four) for four in numbers.tolist()])
        painter.setBrush(QColor("green"))
        painter.drawRects([QRectF(*four) for four in numbers[::7].tolist()])
    assert packed == single
    assert packed != _image()


def test_other_shapes_are_refused(qapp: object) -> None:
    image = _image()
    with QPainter(image) as painter, pytest.raises(ValueError, match="four numbers"):
        draw_rects(painter, np.zeros((3, 2)))
