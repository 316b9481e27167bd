"""Which link lies where, answerable for many thousands at once, without Qt.

The curve is the one that `link_item.link_path` draws. A query first leaves out by their bounding boxes the links that
cannot be meant, and then looks at points along the curves of the few others.
"""

from __future__ import annotations

from collections.abc import Collection
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from windlass_gui.editor.canvas.geometry import Geometry
from windlass_gui.editor.canvas.layout import NODE_HEIGHT, NODE_WIDTH, Point
from windlass_gui.editor.document.linking import Link

SAMPLES = 40
"""Pieces that a curve is cut into."""

Floats = NDArray[np.float64]


class LinkIndex:
    """Asks the geometry for the places of the nodes, so a moved node needs no telling."""

    def __init__(self, geometry: Geometry) -> None:
        self._geometry = geometry
        self._links: Collection[Link] = ()
        self._known: list[Link] | None = []
        self._ends = np.zeros((0, 2), dtype=np.int64)
        share = np.linspace(0.0, 1.0, SAMPLES + 1)
        rest = 1.0 - share
        self._weights = np.stack((rest**3, 3 * rest**2 * share, 3 * rest * share**2, share**3))

    def show(self, links: Collection[Link]) -> None:
        """These are the links now; read when next asked. To be called after tasks came or went, too."""
        self._links = links
        self._known = None

    def near(self, x: float, y: float, reach: float, but: str = "") -> Link | None:
        """The link whose curve is nearest to the point, within `reach`; `but`: none of that task's."""
        at, lines = self._curves(x - reach, y - reach, x + reach, y + reach)
        best: Link | None = None
        for index, distance in sorted(zip(at, _distances(lines, (x, y)).tolist(), strict=True), key=lambda one: one[1]):
            if distance > reach:
                break
            link = self._list()[index]
            if but not in link:
                best = link
                break
        return best

    def distance(self, link: Link, x: float, y: float) -> float:
        """From the point to the curve of this link."""
        starts = np.array([self._geometry.out_port(link[0])])
        stops = np.array([self._geometry.in_port(link[1])])
        return float(_distances(self._sampled(starts, stops), (x, y))[0])

    def crossed(self, start: Point, end: Point) -> list[Link]:
        """The links that the straight line between two points crosses."""
        (x1, y1), (x2, y2) = start, end
        at, lines = self._curves(min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2))
        if not at:
            return []
        side = _side(lines, start, end)
        through = side[:, :-1] * side[:, 1:] <= 0
        first, second = lines[:, :-1], lines[:, 1:]
        span = second - first
        a = span[..., 0] * (y1 - first[..., 1]) - span[..., 1] * (x1 - first[..., 0])
        b = span[..., 0] * (y2 - first[..., 1]) - span[..., 1] * (x2 - first[..., 0])
        hit = (through & (a * b <= 0) & (np.abs(span).sum(axis=2) > 0)).any(axis=1)
        return [self._list()[index] for index, yes in zip(at, hit.tolist(), strict=True) if yes]

    def meeting(self, left: float, top: float, right: float, bottom: float) -> list[Link]:
        """The links whose bounding box meets the rectangle."""
        known = self._list()
        return [known[index] for index in self._meeting(left, top, right, bottom).tolist()]

    @property
    def ends(self) -> NDArray[np.int64]:
        """Where source and target of each link stand in the geometry, (n, 2)."""
        self._list()
        return self._ends

    def _list(self) -> list[Link]:
        if self._known is None:
            known = list(self._links)
            try:
                self._ends = self._places(known)
            except KeyError:
                # A link to a task that is not drawn.
                known = [link for link in known if link[0] in self._geometry and link[1] in self._geometry]
                self._ends = self._places(known)
            self._known = known
        return self._known

    def _places(self, links: list[Link]) -> NDArray[np.int64]:
        """Where their ends stand in the geometry. Raises `KeyError` for one that does not."""
        return self._geometry.indexes(chain.from_iterable(links), 2 * len(links)).reshape(-1, 2)

    def _curves(self, left: float, top: float, right: float, bottom: float) -> tuple[list[int], Floats]:
        """The links whose bounding box meets the rectangle, and points along each of them."""
        at = self._meeting(left, top, right, bottom)
        starts, stops = self._ports(at)
        return at.tolist(), self._sampled(starts, stops)

    def _ports(self, at: NDArray[np.int64] | slice = slice(None)) -> tuple[Floats, Floats]:
        """Where these links begin and end; all of them."""
        points, ends = self._geometry.points, self.ends[at]
        return points[ends[:, 0]] + (NODE_WIDTH, NODE_HEIGHT / 2), points[ends[:, 1]] + (0.0, NODE_HEIGHT / 2)

    def lines(self) -> Floats:
        """Each link as a straight line: x and y of its start, x and y of its end."""
        return np.hstack(self._ports())

    def _meeting(self, left: float, top: float, right: float, bottom: float) -> NDArray[np.int64]:
        starts, stops = self._ports()
        bend = _bends(starts, stops)
        meets = (
            (np.minimum(starts[:, 0], stops[:, 0] - bend) <= right)
            & (np.maximum(starts[:, 0] + bend, stops[:, 0]) >= left)
            & (np.minimum(starts[:, 1], stops[:, 1]) <= bottom)
            & (np.maximum(starts[:, 1], stops[:, 1]) >= top)
        )
        return np.flatnonzero(meets)

    def _sampled(self, starts: Floats, stops: Floats) -> Floats:
        """(links, SAMPLES + 1, 2)."""
        bend = np.stack((_bends(starts, stops), np.zeros(len(starts))), axis=1)
        corners = np.stack((starts, starts + bend, stops - bend, stops), axis=1)
        return np.einsum("ks,lkd->lsd", self._weights, corners)


def _bends(starts: Floats, stops: Floats) -> Floats:
    across = stops[:, 0] - starts[:, 0]
    return np.maximum(36.0, np.where(across >= 0, across * 0.5, 60.0 - across * 0.35))


def _side(lines: Floats, start: Point, end: Point) -> Floats:
    (x1, y1), (x2, y2) = start, end
    return (x2 - x1) * (lines[..., 1] - y1) - (y2 - y1) * (lines[..., 0] - x1)


def _distances(lines: Floats, point: Point) -> Floats:
    """From the point to each polyline."""
    if not len(lines):
        return np.zeros(0)
    first, span = lines[:, :-1], np.diff(lines, axis=1)
    to_point = np.array(point) - first
    length = np.maximum((span * span).sum(axis=2), 1e-12)
    along = np.clip((to_point * span).sum(axis=2) / length, 0.0, 1.0)
    away = to_point - span * along[..., None]
    return np.asarray(np.sqrt((away * away).sum(axis=2)).min(axis=1))
