"""The canvas as a file: SVG, in which text stays text, or PNG. Drawn is what the canvas shows, less what marks it.

A picture is drawn piece by piece, from what the canvas was when it was begun: so a window that draws a large one goes
on meanwhile, and neither edits nor news of a run get into half of it. Nothing on the screen is touched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from PySide6.QtCore import QBuffer, QCoreApplication, QIODevice, QRectF, QSize, QSizeF, Qt
from PySide6.QtGui import QImage, QPainter, QPen
from PySide6.QtSvg import QSvgGenerator
from PySide6.QtWidgets import QStyleOptionGraphicsItem

from windlass_gui.editor.canvas.frame_item import FrameLayer
from windlass_gui.editor.canvas.layout import Point
from windlass_gui.editor.canvas.link_item import link_path
from windlass_gui.editor.canvas.live import NodeLive
from windlass_gui.editor.canvas.node_item import NodeItem
from windlass_gui.editor.canvas.note_item import NoteLayer
from windlass_gui.editor.canvas.scene import GraphScene
from windlass_gui.editor.canvas.style import CanvasStyle
from windlass_gui.editor.document.facts import NodeFacts
from windlass_gui.look.theme import Theme
from windlass_gui.whole_file import Told, write_png, write_whole

AROUND = 24.0
"""Scene units left free around the graph."""
LARGEST_SIDE = 32_000
"""Pixels: more Qt cannot draw."""
MOST_PIXELS = 200_000_000
"""Of an image: four bytes each."""
Part = Literal["whole", "chosen", "view"]
Draw = Callable[[QPainter], None]


@dataclass(frozen=True, slots=True)
class Picture:
    """What a person wants to have drawn."""

    theme: Theme
    part: Part = "whole"
    seen: QRectF | None = None
    """The part of the scene in view, for `view`."""
    transparent: bool = False
    scale: float = 1.0
    """Pixels a scene unit, of a PNG."""
    states: bool = True
    """With the states of the run that is shown, if one is."""


class PictureError(ValueError):
    """It cannot be drawn or written; the text says why, for a person."""


def picture_rect(scene: GraphScene, wish: Picture) -> QRectF:
    """The part of the scene that is drawn; empty when there is nothing."""
    if wish.part == "view":
        return QRectF(wish.seen) if wish.seen is not None else QRectF()
    rect = QRectF()
    if wish.part == "chosen":
        for node in scene.selected_nodes:
            rect = rect.united(scene.node_rect(node))
    else:
        rect = scene.extent()
    return rect.adjusted(-AROUND, -AROUND, AROUND, AROUND) if not rect.isEmpty() else QRectF()


def picture_size(scene: GraphScene, wish: Picture, svg: bool = False) -> QSize:
    """In pixels, or in an SVG's units."""
    return (picture_rect(scene, wish).size() * (1.0 if svg else wish.scale)).toSize()


class Sketch:
    """A picture that is being made: `steps` draws it, in the UI thread; `write` puts it into a file, in any.

    Raises `PictureError` where there is nothing to draw, or too much.
    """

    def __init__(self, scene: GraphScene, wish: Picture, svg: bool = False, at_most: QSize | None = None) -> None:
        """`at_most`: made to fit into so many pixels."""
        rect = picture_rect(scene, wish)
        if rect.isEmpty():
            raise PictureError(_tr("There is nothing to draw"))
        self._rect, self._wish = rect, wish
        self._parts = list(_parts(scene, wish, rect))
        self._painter: QPainter | None = None
        self._buffer = QBuffer()
        self.image = QImage()
        """Empty for an SVG."""
        if svg:
            self._begin_svg(scene.document.name)
        else:
            self._begin_image(at_most)

    def _begin_svg(self, title: str) -> None:
        self._buffer.open(QIODevice.OpenModeFlag.WriteOnly)
        generator = self._generator = QSvgGenerator()
        generator.setOutputDevice(self._buffer)
        generator.setResolution(96)
        generator.setSize(self._rect.size().toSize())
        generator.setViewBox(QRectF(0, 0, self._rect.width(), self._rect.height()))
        generator.setTitle(title)
        self._painter = QPainter(generator)
        area = QRectF(0, 0, self._rect.width(), self._rect.height())
        if not self._wish.transparent:
            self._painter.fillRect(area, self._wish.theme.color("canvas"))
        self._aim(self._painter, area)

    def _begin_image(self, at_most: QSize | None) -> None:
        size = QSizeF(self._rect.width() * self._wish.scale, self._rect.height() * self._wish.scale)
        if at_most is not None:
            size = size.scaled(QSizeF(at_most), Qt.AspectRatioMode.KeepAspectRatio)
        pixels = size.toSize().expandedTo(QSize(1, 1))
        large = max(pixels.width(), pixels.height()) > LARGEST_SIDE or pixels.width() * pixels.height() > MOST_PIXELS
        if not large:
            self.image = QImage(pixels, QImage.Format.Format_ARGB32_Premultiplied)
        if self.image.isNull():  # also where the memory does not suffice
            raise PictureError(
                _tr("This would be {:,} × {:,} pixels, which is too large: choose a smaller scale, or SVG").format(
                    pixels.width(), pixels.height()
                )
            )
        transparent = self._wish.transparent
        self.image.fill(Qt.GlobalColor.transparent if transparent else self._wish.theme.color("canvas"))
        self._painter = QPainter(self.image)
        self._painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._aim(self._painter, QRectF(self.image.rect()))

    def _aim(self, painter: QPainter, area: QRectF) -> None:
        """From now on in units of the scene."""
        painter.setClipRect(area)
        painter.scale(area.width() / self._rect.width(), area.height() / self._rect.height())
        painter.translate(-self._rect.topLeft())

    def steps(self) -> Iterator[float]:
        """Draw it; gives the share that is done after each node or link."""
        painter, count = self._painter, max(1, len(self._parts))
        for done, draw in enumerate(self._parts):
            if painter is None or not painter.isActive():
                return  # it was left
            painter.save()
            draw(painter)
            painter.restore()
            yield done / count
        self.leave()

    def leave(self) -> None:
        """Draw no more of it."""
        if self._painter is not None and self._painter.isActive():
            self._painter.end()
        self._painter = None
        self._parts.clear()

    def write(self, path: Path, told: Told = lambda _share: None) -> None:
        """Into this file, once it is drawn. `told` hears how far it is, and raises OSError where it is not wanted any
        more. Raises `PictureError`.
        """
        try:
            if self.image.isNull():
                write_whole(path, self._buffer.data().data(), told)
            else:
                write_png(path, self.image, told)
        except OSError as error:
            raise PictureError(_tr("“{}” cannot be written: {}").format(path, error.strerror or error)) from None


def is_svg(path: Path) -> bool:
    """By the name's end, which says what the file shall be. Raises `PictureError` where that is no picture."""
    ending = path.suffix.lower()
    if ending not in (".svg", ".png"):
        raise PictureError(
            _tr("“{}” is no picture that can be written: end the name in .svg or .png").format(path.name)
        )
    return ending == ".svg"


def save_picture(scene: GraphScene, wish: Picture, path: Path) -> None:
    """All of it at once, for who has no window to keep moving. Raises `PictureError`."""
    sketch = Sketch(scene, wish, is_svg(path))
    for _ in sketch.steps():
        pass
    sketch.write(path)


def draw_image(scene: GraphScene, wish: Picture) -> QImage:
    """The same in memory. Raises `PictureError`."""
    sketch = Sketch(scene, wish)
    for _ in sketch.steps():
        pass
    return sketch.image


def _parts(scene: GraphScene, wish: Picture, rect: QRectF) -> Iterator[Draw]:
    """What the picture consists of, from the back to the front, as it is now."""
    style = scene.look if scene.look.theme is wish.theme else CanvasStyle(wish.theme)
    nodes = set(scene.geometry.within(rect.left(), rect.top(), rect.right(), rect.bottom()))
    option = QStyleOptionGraphicsItem()
    if wish.part == "chosen":
        nodes &= set(scene.selected_nodes)
    else:
        for layer in (scene.frames.copy(style), scene.notes.copy(style)):
            yield partial(_draw_layer, layer, option)
    for link, each in scene.linked.items():
        if wish.part != "chosen" or nodes.issuperset(link):
            ends = scene.geometry.out_port(link[0]), scene.geometry.in_port(link[1])
            yield partial(_draw_link, ends, style.link_each if each else style.link, rect)
    for node in [node for node in scene.nodes if node in nodes]:
        item = scene.shown.facts[node], scene.live_of(node) if wish.states else None, scene.problem_of(node)
        yield partial(_draw_node, style, option, scene.geometry.point(node), *item)


def _draw_layer(layer: FrameLayer | NoteLayer, option: QStyleOptionGraphicsItem, painter: QPainter) -> None:
    layer.paint(painter, option)


def _draw_link(ends: tuple[Point, Point], pen: QPen, rect: QRectF, painter: QPainter) -> None:
    path = link_path(*ends)
    if path.controlPointRect().adjusted(-1, -1, 1, 1).intersects(rect):
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(path)


def _draw_node(
    style: CanvasStyle, option: QStyleOptionGraphicsItem, at: Point, facts: NodeFacts, live: NodeLive | None,
    problem: str, painter: QPainter,
) -> None:  # fmt: skip
    item = NodeItem(facts, style)
    item.show_live(live)
    item.mark(problem=problem)
    painter.translate(*at)
    item.paint(painter, option)


def _tr(text: str) -> str:
    return QCoreApplication.translate("Picture", text)
