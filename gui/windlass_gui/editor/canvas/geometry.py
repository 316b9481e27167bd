"""Where the nodes are, answerable for ten thousand of them at once, without Qt.

The scene asks this for hit tests, rubber bands and how many nodes are in view; items of the scene are only for
drawing. All nodes have the same size.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from windlass_gui.editor.canvas.layout import NODE_HEIGHT, NODE_WIDTH, Point

PORT_RADIUS = 6.0
PORT_REACH = 13.0
"""How far from a port's centre a press still takes it, in scene units."""


class Geometry:
    """Top-left corners by task."""

    def __init__(self) -> None:
        self._index: dict[str, int] = {}
        self._ids: list[str] = []
        self._points: NDArray[np.float64] = np.zeros((64, 2))

    def __len__(self) -> int:
        return len(self._ids)

    def __contains__(self, task: str) -> bool:
        return task in self._index

    @property
    def ids(self) -> list[str]:
        return self._ids

    @property
    def points(self) -> NDArray[np.float64]:
        """An (n, 2) view in the order of `ids`."""
        return self._points[: len(self._ids)]

    def indexes(self, tasks: Iterable[str], count: int) -> NDArray[np.int64]:
        """Of `count` tasks, where each stands in `ids`. Raises `KeyError` for one that is not there."""
        return np.fromiter(map(self._index.__getitem__, tasks), np.int64, count)

    def index(self, task: str) -> int:
        """Its row in `points`, until the next task is removed."""
        return self._index[task]

    def point(self, task: str) -> Point:
        x, y = self._points[self._index[task]]
        return float(x), float(y)

    def place(self, task: str, point: Point) -> None:
        at = self._index.get(task)
        if at is None:
            at = len(self._ids)
            if at == len(self._points):
                self._points = np.concatenate((self._points, np.zeros_like(self._points)))
            self._index[task] = at
            self._ids.append(task)
        self._points[at] = point

    def remove(self, task: str) -> None:
        at = self._index.pop(task)
        last = self._ids.pop()
        if last != task:
            self._ids[at] = last
            self._index[last] = at
            self._points[at] = self._points[len(self._ids)]

    def bounds(self) -> tuple[float, float, float, float] | None:
        """left, top, right, bottom of everything; None when empty."""
        if not self._ids:
            return None
        low, high = self.points.min(axis=0), self.points.max(axis=0)
        return float(low[0]), float(low[1]), float(high[0]) + NODE_WIDTH, float(high[1]) + NODE_HEIGHT

    def _touching(self, left: float, top: float, right: float, bottom: float) -> NDArray[np.bool_]:
        x, y = self.points[:, 0], self.points[:, 1]
        return (x < right) & (x + NODE_WIDTH > left) & (y < bottom) & (y + NODE_HEIGHT > top)

    def within(self, left: float, top: float, right: float, bottom: float) -> list[str]:
        """Tasks whose node touches the rectangle."""
        return [self._ids[i] for i in np.flatnonzero(self._touching(left, top, right, bottom))]

    def count_within(self, left: float, top: float, right: float, bottom: float) -> int:
        return int(self._touching(left, top, right, bottom).sum()) if self._ids else 0

    def node_at(self, x: float, y: float) -> str | None:
        """The topmost (latest added) node under the point."""
        hit = np.flatnonzero(self._touching(x, y, x, y))
        return self._ids[int(hit[-1])] if len(hit) else None

    def out_port(self, task: str) -> Point:
        x, y = self.point(task)
        return x + NODE_WIDTH, y + NODE_HEIGHT / 2

    def in_port(self, task: str) -> Point:
        x, y = self.point(task)
        return x, y + NODE_HEIGHT / 2

    def port_at(self, x: float, y: float) -> tuple[str, bool] | None:
        """(task, True for the out port) nearest to the point, within reach."""
        if not self._ids:
            return None
        middle = self.points + np.array((0.0, NODE_HEIGHT / 2))
        best: tuple[str, bool] | None = None
        reach = PORT_REACH**2
        for out in (True, False):
            away = middle - (x - (NODE_WIDTH if out else 0.0), y)
            distance = (away * away).sum(axis=1)
            at = int(distance.argmin())
            if distance[at] <= reach:
                reach = float(distance[at])
                best = self._ids[at], out
        return best

    def nearest_port(self, x: float, y: float, out: bool, reach: float) -> str | None:
        """The task whose out (or in) port is nearest to the point, within `reach`."""
        if not self._ids:
            return None
        away = self.points - (x - (NODE_WIDTH if out else 0.0), y - NODE_HEIGHT / 2)
        distance = (away * away).sum(axis=1)
        at = int(distance.argmin())
        return self._ids[at] if distance[at] <= reach**2 else None

    def free_spot(self, near: Point) -> Point:
        """`near`, or a place a little below it where no node lies."""
        x, y = near
        while self._ids and self._touching(x, y, x + NODE_WIDTH, y + NODE_HEIGHT).any():
            y += NODE_HEIGHT + 28
        return x, y
