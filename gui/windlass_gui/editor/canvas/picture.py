"""The canvas as a file: SVG, in which text stays text, or PNG. Drawn is what the scene draws, less what marks it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from PySide6.QtCore import QCoreApplication, QRectF, QSize, QSizeF, Qt
from PySide6.QtGui import QImage, QPainter
from PySide6.QtSvg import QSvgGenerator
from PySide6.QtWidgets import QGraphicsItem

from windlass_gui.editor.canvas.link_item import LinkItem
from windlass_gui.editor.canvas.node_item import NodeItem
from windlass_gui.editor.canvas.scene import GraphScene
from windlass_gui.look.theme import Theme

AROUND = 24.0
"""Scene units left free around the graph."""
LARGEST_SIDE = 32_000
"""Pixels: more Qt cannot draw."""
MOST_PIXELS = 200_000_000
"""Of an image: four bytes each."""
OVERLAYS = 5.0
"""The z of what only marks the canvas: outlines of what was found, lines of gestures."""

Part = Literal["whole", "chosen", "view"]


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
    """It cannot be drawn; the text says why, for a person."""


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


def save_picture(scene: GraphScene, wish: Picture, path: Path) -> None:
    """As SVG or PNG, by the file's suffix. Raises `PictureError`."""
    rect = picture_rect(scene, wish)
    if rect.isEmpty():
        raise PictureError(_tr("There is nothing to draw"))
    if path.suffix.lower() == ".svg":
        _save_svg(scene, wish, rect, path)
    elif path.suffix.lower() == ".png":
        if not draw_image(scene, wish).save(str(path)):
            raise PictureError(_tr("“{}” cannot be written").format(path))
    else:
        raise PictureError(
            _tr("“{}” is no picture that can be written: end the name in .svg or .png").format(path.name)
        )


def draw_image(scene: GraphScene, wish: Picture, at_most: QSize | None = None) -> QImage:
    """In memory; `at_most`: made to fit into so many pixels. Raises `PictureError`."""
    rect = picture_rect(scene, wish)
    size = QSizeF(rect.width() * wish.scale, rect.height() * wish.scale)
    if at_most is not None:
        size = size.scaled(QSizeF(at_most), Qt.AspectRatioMode.KeepAspectRatio)
    pixels = size.toSize().expandedTo(QSize(1, 1))
    if max(pixels.width(), pixels.height()) > LARGEST_SIDE or pixels.width() * pixels.height() > MOST_PIXELS:
        raise PictureError(
            _tr("This would be {:,} × {:,} pixels, which is too large: choose a smaller scale, or SVG").format(
                pixels.width(), pixels.height()
            )
        )
    image = QImage(pixels, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(Qt.GlobalColor.transparent if wish.transparent else wish.theme.color("canvas"))
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    _draw(scene, wish, painter, QRectF(image.rect()), rect)
    painter.end()
    return image


def _save_svg(scene: GraphScene, wish: Picture, rect: QRectF, path: Path) -> None:
    generator = QSvgGenerator()
    generator.setFileName(str(path))
    generator.setResolution(96)
    generator.setSize(rect.size().toSize())
    generator.setViewBox(QRectF(0, 0, rect.width(), rect.height()))
    generator.setTitle(scene.document.name)
    painter = QPainter()
    if not painter.begin(generator):
        raise PictureError(_tr("“{}” cannot be written").format(path))
    area = QRectF(0, 0, rect.width(), rect.height())
    if not wish.transparent:
        painter.fillRect(area, wish.theme.color("canvas"))
    _draw(scene, wish, painter, area, rect)
    painter.end()


def _draw(scene: GraphScene, wish: Picture, painter: QPainter, area: QRectF, rect: QRectF) -> None:
    with _bare(scene, wish, rect):
        scene.render(painter, area, rect, Qt.AspectRatioMode.IgnoreAspectRatio)


@contextmanager
def _bare(scene: GraphScene, wish: Picture, rect: QRectF) -> Iterator[None]:
    """The scene as it shall be drawn; afterwards it is as it was, and nobody has been told anything."""
    chosen, tasks, links, live = set(scene.selected_nodes), scene.selected, scene.selected_links, dict(scene.live)
    theme, batched = scene.look.theme, scene.batched
    blocked = scene.blockSignals(True)
    scene.set_batched(False)
    if theme is not wish.theme:
        scene.show_theme(wish.theme)
    scene.hover(None)
    scene.select(())
    note, scene.notes.selected = scene.notes.selected, None
    if live and not wish.states:
        scene.show_live({}, whole=True)
    hidden = [item for item in _unwanted(scene, wish, rect, chosen) if item.isVisible()]
    for item in hidden:
        item.setVisible(False)
    try:
        yield
    finally:
        for item in hidden:
            item.setVisible(True)
        if live and not wish.states:
            scene.show_live(live, whole=True)
        scene.notes.selected = note
        scene.select(tasks, links)
        if theme is not wish.theme:
            scene.show_theme(theme)
        scene.set_batched(batched)
        scene.blockSignals(blocked)


def _unwanted(scene: GraphScene, wish: Picture, rect: QRectF, chosen: set[str]) -> Iterator[QGraphicsItem]:
    """The items that do not belong into the picture. Those that do are all made by then."""
    nodes = set(scene.geometry.within(rect.left(), rect.top(), rect.right(), rect.bottom()))
    links = set(scene.links)
    if wish.part == "chosen":
        nodes &= chosen
        links = {link for link in links if chosen.issuperset(link)}
        yield from (scene.frames, scene.notes)
    wanted: set[QGraphicsItem] = {scene.nodes[node] for node in nodes}
    for link in links:
        item = scene.links[link]
        if item.path().controlPointRect().adjusted(-1, -1, 1, 1).intersects(rect):
            wanted.add(item)
    for drawn in scene.items():
        over = drawn.parentItem() is None and drawn.zValue() >= OVERLAYS
        if over or (isinstance(drawn, NodeItem | LinkItem) and drawn not in wanted):
            yield drawn


def _tr(text: str) -> str:
    return QCoreApplication.translate("Picture", text)
