"""What a run adds on top of the nodes: grids of items below arrays, the critical path, badges of failures.

One item of the scene for all of it. It paints what is in view only, grids as ready images, badges after joining those
that would lie over each other, so that its cost follows the screen and not the graph.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter, QPen, QTransform
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from windlass_gui.editor.canvas.layout import NODE_HEIGHT, NODE_WIDTH
from windlass_gui.editor.canvas.link_item import link_path
from windlass_gui.editor.canvas.scene import GraphScene
from windlass_gui.look.theme import ITEM_STATES, SMALL, Theme
from windlass_gui.models.format import count as count_words
from windlass_gui.runs import badges, grid

FROM_SCALE = 0.5
"""Below this zoom grids are not drawn: a cell would be smaller than the eye."""
STRIP, WHOLE = 3, 24
"""Rows of a grid, folded (it fits between two nodes of a column) and unfolded."""
WIDTH = NODE_WIDTH - 4
"""What cells may take."""
_GAP = 4.0
_PAD = 6.0
_FOOT = 16.0
"""Height of the line below an unfolded grid."""
_BADGE = 18.0
_MANY = 60
"""Grids painted at once; a screen has no room for more."""


@dataclass(slots=True)
class Grid:
    """One array's cells as they are drawn."""

    task: str
    states: NDArray[np.uint8]
    order: NDArray[np.int64] | None = None
    ordered_by: str = "index"
    unfolded: bool = False
    shape: grid.Shape = field(default_factory=lambda: grid.Shape(0, 1, 1, 1))
    cells: NDArray[np.uint8] = field(default_factory=lambda: np.zeros(0, np.uint8))
    image: QImage | None = None
    pixels: NDArray[np.uint32] | None = None
    """What the image shows; it must live as long."""

    def prepare(self) -> None:
        """Cells for the states and the order as they are now."""
        self.shape = grid.shape(len(self.states), WIDTH, WHOLE if self.unfolded else STRIP)
        self.cells = grid.cell_states(self.states, self.order, self.shape.each)
        self.image = None


def palette_of(theme: Theme) -> NDArray[np.uint32]:
    """A colour for each state, then that of the cell under the mouse; as a QImage has them."""
    colors = [theme.state_color(state).rgba() for state in ITEM_STATES]
    return np.array([*colors, QColor(theme.text).rgba()], np.uint32)


class RunOverlay(QGraphicsItem):
    """Shows what it is told; `where` answers what lies under a point."""

    def __init__(self, scene: GraphScene) -> None:
        super().__init__()
        self.graph = scene
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)
        self.setZValue(5)
        self.grids: dict[str, Grid] = {}
        self.path: list[str] = []
        """Tasks of the critical path in the order of time; empty: it is not shown."""
        self.hovered: tuple[str, int] | None = None
        """A task and a cell of its grid."""
        self._failed: dict[str, int] = {}
        self._rows: NDArray[np.int64] | None = None
        self._counts = np.zeros(0, np.int64)
        self._order: list[str] = []
        self._palette = palette_of(scene.look.theme)
        self._theme = scene.look.theme
        self._font = QFont()
        self._font.setPixelSize(SMALL)
        self._font.setWeight(QFont.Weight.DemiBold)
        self._metrics = QFontMetricsF(self._font)
        self.badges: list[badges.Badge] = []
        """As last painted, in pixels of the view."""

    def boundingRect(self) -> QRectF:
        rect = self.graph.extent()
        return rect.adjusted(-5000, -5000, 5000, 5000) if not rect.isEmpty() else QRectF(0, 0, 1, 1)

    # --- what is told --------------------------------------------------------------------------------------

    def show_failed(self, failed: dict[str, int]) -> None:
        """How many items failed, by task; those without failures left out."""
        if failed != self._failed:
            self._failed = failed
            self._rows = None
            self.update()

    def stale(self) -> None:
        """Nodes came, went or changed their places."""
        self._rows = None
        self.update()

    def show_theme(self, theme: Theme) -> None:
        self._theme, self._palette = theme, palette_of(theme)
        for one in self.grids.values():
            one.image = None
        self.update()

    def clear(self) -> None:
        self.grids, self.path, self.hovered = {}, [], None
        self.show_failed({})
        self.update()

    # --- where ---------------------------------------------------------------------------------------------

    def grid_rect(self, one: Grid) -> QRectF:
        """The cells of a grid, in the scene."""
        x, y = self.graph.geometry.point(one.task)
        return QRectF(x + 2, y + NODE_HEIGHT + _GAP + (_PAD if one.unfolded else 0), one.shape.width, one.shape.height)

    def panel_rect(self, one: Grid) -> QRectF:
        """All that an unfolded grid covers."""
        cells = self.grid_rect(one)
        return QRectF(cells.x() - _PAD, cells.y() - _PAD, WIDTH + 2 * _PAD, cells.height() + 2 * _PAD + _FOOT)

    def covered(self, task: str) -> QRectF:
        """What the grid of a task takes of the scene; empty without one."""
        one = self.grids.get(task)
        if one is None or task not in self.graph.geometry:
            return QRectF()
        return self.panel_rect(one) if one.unfolded else self.grid_rect(one)

    def where(self, at: QPointF, scale: float) -> tuple[Grid, int | None] | None:
        """The grid at a point of the scene, and its cell if it is on one."""
        if scale < FROM_SCALE or self.graph.batched:
            return None
        for unfolded in (True, False):
            for one in self._in_view(QRectF(at.x() - 1, at.y() - 300, 2, 302)):
                if one.unfolded is not unfolded:
                    continue
                cells = self.grid_rect(one)
                if cells.contains(at):
                    return one, grid.cell_at(one.shape, at.x() - cells.x(), at.y() - cells.y())
                if one.unfolded and self.panel_rect(one).contains(at):
                    return one, None
        return None

    def _in_view(self, rect: QRectF) -> list[Grid]:
        rect = rect.adjusted(-_PAD, -(WHOLE * grid.CELL + 60), _PAD, 0)
        tasks = self.graph.geometry.within(rect.left(), rect.top(), rect.right(), rect.bottom())
        found = [self.grids[task] for task in tasks if task in self.grids]
        return found[:_MANY]

    # --- painting ------------------------------------------------------------------------------------------

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        transform = painter.worldTransform()
        scale = transform.m11()
        inverse, _ = transform.inverted()
        size = widget.size() if widget is not None else painter.window().size()
        visible = inverse.mapRect(QRectF(0, 0, size.width(), size.height()))
        if self.path:
            self._paint_path(painter)
        if scale >= FROM_SCALE and not self.graph.batched:
            shown = self._in_view(visible)
            for one in sorted(shown, key=lambda one: one.unfolded):
                self._paint_grid(painter, one, scale)
        painter.save()
        painter.resetTransform()
        self.badges = badges.join(*self._badge_points(transform, size))
        for badge in self.badges:
            self._paint_badge(painter, badge)
        painter.restore()

    def _paint_path(self, painter: QPainter) -> None:
        """Around the nodes and along the links from one to the next, as wide at every zoom."""
        geometry = self.graph.geometry
        tasks = [task for task in self.path if task in geometry]
        pen = QPen(self._theme.color("accent"), 4.0)
        pen.setCosmetic(True)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(pen)
        for task in tasks:
            x, y = geometry.point(task)
            painter.drawRoundedRect(QRectF(x - 3, y - 3, NODE_WIDTH + 6, NODE_HEIGHT + 6), 11, 11)
        for task, after in pairwise(tasks):
            painter.drawPath(link_path(geometry.out_port(task), geometry.in_port(after)))

    def _paint_grid(self, painter: QPainter, one: Grid, scale: float) -> None:
        cells = self.grid_rect(one)
        if one.unfolded:
            panel = self.panel_rect(one)
            painter.setPen(self.graph.look.border)
            painter.setBrush(self.graph.look.surface)
            painter.drawRoundedRect(panel, 6, 6)
            painter.setFont(self.graph.look.small_font)
            painter.setPen(self.graph.look.muted)
            each = "" if one.shape.each == 1 else f", {count_words(one.shape.each)} to a cell"
            by = "" if one.ordered_by == "index" else f", by {one.ordered_by}"
            foot = QRectF(cells.x(), cells.bottom() + 2, WIDTH, _FOOT)
            text = f"{count_words(len(one.states))} items{each}{by}"
            painter.drawText(foot, int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft), text)
        mark = self.hovered[1] if self.hovered is not None and self.hovered[0] == one.task else -1
        image = self._image(one, mark)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, abs(scale - 1) > 1e-3)
        painter.drawImage(cells, image)

    def _image(self, one: Grid, mark: int) -> QImage:
        if one.image is None or mark >= 0:
            pixels = grid.picture(one.cells, one.shape.columns, one.shape.rows, self._palette, mark)
            height, width = pixels.shape
            image = QImage(pixels.data, width, height, width * 4, QImage.Format.Format_ARGB32_Premultiplied)
            if mark >= 0:
                return image.copy()
            one.pixels, one.image = pixels, image
        return one.image

    def _badge_points(self, to_screen: QTransform, size: QSize) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Where in the window something failed, and how many items there."""
        if self._rows is None:
            at = {task: row for row, task in enumerate(self.graph.geometry.ids)}
            failed = {task: count for task, count in self._failed.items() if task in at}
            self._rows = np.array([at[task] for task in failed], np.int64)
            self._counts = np.array(list(failed.values()), np.int64)
        points = self.graph.geometry.points[self._rows] + (NODE_WIDTH, 0.0)
        x = points[:, 0] * to_screen.m11() + to_screen.dx()
        y = points[:, 1] * to_screen.m22() + to_screen.dy()
        inside = (x > -20) & (y > -20) & (x < size.width() + 20) & (y < size.height() + 20)
        return np.column_stack((x[inside], y[inside])), self._counts[inside]

    def _paint_badge(self, painter: QPainter, badge: badges.Badge) -> None:
        """A cross and a number in a pill."""
        theme = self._theme
        text = badges.count_text(badge.items)
        width = max(_BADGE, self._metrics.horizontalAdvance(text) + 24)
        rect = QRectF(badge.x - width / 2, badge.y - _BADGE / 2, width, _BADGE)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme.color("canvas"), 2))
        painter.setBrush(theme.color("danger"))
        painter.drawRoundedRect(rect, _BADGE / 2, _BADGE / 2)
        ink = theme.color("on_danger")
        pen = QPen(ink, 2)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        painter.setPen(pen)
        x, y = rect.left() + 10, rect.center().y()
        painter.drawLine(QPointF(x - 3, y - 3), QPointF(x + 3, y + 3))
        painter.drawLine(QPointF(x + 3, y - 3), QPointF(x - 3, y + 3))
        painter.setFont(self._font)
        painter.drawText(rect.adjusted(16, 0, -4, 0), int(Qt.AlignmentFlag.AlignCenter), text)
