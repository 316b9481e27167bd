"""The app's one set of icons: SVG files that take the theme's colours.

The files in the resources draw with `currentColor`; it is replaced by a colour of the theme when an icon is made,
so that one file serves both themes and the disabled state.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from PySide6.QtCore import QByteArray, QRectF, QSize, Qt
from PySide6.QtGui import QIcon, QPaintEngine, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from windlass_gui.look.theme import Theme, current_theme, mix


@cache
def _source(name: str) -> str:
    return files("windlass_resources").joinpath("icons", f"{name}.svg").read_text("utf-8")


@cache
def icon_pixmap(name: str, color: str, side: int, ratio: float = 1.0) -> QPixmap:
    """The icon `name` in `color` (`#rrggbb`), `side` logical pixels wide and high."""
    renderer = QSvgRenderer(QByteArray(_source(name).replace("currentColor", color).encode()))
    pixmap = QPixmap(QSize(round(side * ratio), round(side * ratio)))
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    renderer.render(painter, QRectF(0, 0, pixmap.width(), pixmap.height()))
    painter.end()
    pixmap.setDevicePixelRatio(ratio)
    return pixmap


def draw_icon(painter: QPainter, rect: QRectF, name: str, color: str) -> None:
    """The icon into a square: on a screen from its pixmap, into a vector picture as lines."""
    engine = painter.paintEngine()
    if engine is not None and engine.type() == QPaintEngine.Type.SVG:
        QSvgRenderer(QByteArray(_source(name).replace("currentColor", color).encode())).render(painter, rect)
    else:
        painter.drawPixmap(rect.topLeft(), icon_pixmap(name, color, round(rect.width()), 2.0))


def icon(name: str, theme: Theme | None = None, token: str = "text") -> QIcon:
    """A themed icon with its disabled look."""
    theme = theme or current_theme()
    disabled = mix(theme.color("surface"), theme.color("muted"), 0.5)
    result = QIcon()
    for side in (16, 20, 24, 32):
        for ratio in (1.0, 2.0):
            usual = icon_pixmap(name, theme.color(token).name(), side, ratio)
            result.addPixmap(usual)
            result.addPixmap(usual, QIcon.Mode.Selected)  # else Qt mixes the row's colour into it
            result.addPixmap(icon_pixmap(name, disabled.name(), side, ratio), QIcon.Mode.Disabled)
    return result
