"""Where nodes go when they are aligned or distributed; without Qt. All nodes have one size."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from windlass_gui.editor.canvas.layout import NODE_HEIGHT, NODE_WIDTH, Point

Side = Literal["left", "column", "right", "top", "row", "bottom"]
"""`column`: the middles stand below each other; `row`: they stand beside each other."""
GAP = 24.0
"""Between nodes that would else lie on one another."""
LINK_ROOM = 60.0
"""Between nodes that a link joins, so that it can be seen and taken."""
_STEP = (NODE_WIDTH + GAP, NODE_HEIGHT + GAP)


def align(points: Mapping[str, Point], side: Side) -> dict[str, Point]:
    """All on one line. Those that would come to lie on one another are moved apart along it."""
    if not points:
        return {}
    axis = 0 if side in ("left", "column", "right") else 1
    values = [point[axis] for point in points.values()]
    low, high = min(values), max(values)
    line = {"left": low, "top": low, "right": high, "bottom": high}.get(side, (low + high) / 2)
    along, at = 1 - axis, float("-inf")
    found: dict[str, Point] = {}
    for node in sorted(points, key=lambda node: (points[node][along], points[node][axis])):
        at = max(at, points[node][along])
        found[node] = (line, at) if axis == 0 else (at, line)
        at += _STEP[along]
    return found


def distribute(points: Mapping[str, Point], axis: int) -> dict[str, Point]:
    """Equal steps along an axis (0: x), from the first to the last, but at least so far that none overlap."""
    if len(points) < 2:
        return dict(points)
    order = sorted(points, key=lambda node: (points[node][axis], points[node][1 - axis]))
    first, last = points[order[0]][axis], points[order[-1]][axis]
    step = max((last - first) / (len(order) - 1), _STEP[axis])
    found: dict[str, Point] = {}
    for number, node in enumerate(order):
        at, other = first + number * step, points[node][1 - axis]
        found[node] = (at, other) if axis == 0 else (other, at)
    return found


def make_room(points: Mapping[str, Point], after: Iterable[str], source: Point, wanted: Point, target: Point) -> tuple[
    Point, dict[str, Point]
]:  # fmt: skip
    """Where a node goes that is inserted between two, and where `after` (the target and what follows it) goes then.

    Only where the link leads to the right, and only as far as the nodes would overlap otherwise.
    """
    if target[0] < source[0] + NODE_WIDTH:
        return wanted, {}
    step = NODE_WIDTH + LINK_ROOM
    x = max(wanted[0], source[0] + step) if abs(wanted[1] - source[1]) < _STEP[1] else wanted[0]
    push = x + step - target[0] if abs(wanted[1] - target[1]) < _STEP[1] else 0.0
    if push <= 0:
        return (x, wanted[1]), {}
    moved = {node: (points[node][0] + push, points[node][1]) for node in after if points[node][0] >= target[0]}
    return (x, wanted[1]), moved
