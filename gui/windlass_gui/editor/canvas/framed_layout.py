"""A layered layout that keeps frames apart: each is laid out inside, then stands as one large node. Without Qt."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from windlass_gui.editor.canvas.layout import NODE, Point, layout
from windlass_gui.editor.canvas.projection import OPEN

PAD = 20.0
"""Between a frame's border and what is in it."""
TITLE = 30.0
"""Above that, the line with the frame's title."""


def framed_layout(needs: Mapping[str, Sequence[str]], outlines: Mapping[str, Collection[str]]) -> dict[str, Point]:
    """Top-left corners for every node of `needs` (node -> what it needs).

    `outlines`: open frames -> what is directly inside, inner frames first, as `Projection` has them. A frame of which
    not everything is to be laid out is not kept together.
    """
    whole: dict[str, list[str]] = {}
    home: dict[str, str] = {}
    for frame, listed in outlines.items():
        inside = [id for id in listed if not id.startswith(OPEN) or id in whole or outlines[id[len(OPEN) :]]]
        if inside and all(id in needs or id in whole for id in inside):
            whole[OPEN + frame] = inside
            home |= dict.fromkeys(inside, OPEN + frame)
    if not whole:
        return layout(needs)
    around = {node: _around(node, home) for node in needs}
    links: dict[str, dict[str, list[str]]] = {frame: {id: [] for id in inside} for frame, inside in whole.items()}
    links[""] = {id: [] for id in (*needs, *whole) if id not in home}
    for node, own in needs.items():
        for need in own:
            if need in around:
                room, target, source = _meet(around[node], around[need])
                if target != source:
                    links[room][target].append(source)
    sizes: dict[str, Point] = {}
    places: dict[str, dict[str, Point]] = {}
    for frame in (*whole, ""):
        places[frame] = points = layout(links[frame], sizes)
        ends = [(x + sizes.get(id, NODE)[0], y + sizes.get(id, NODE)[1]) for id, (x, y) in points.items()]
        sizes[frame] = (max(x for x, _ in ends) + 2 * PAD, max(y for _, y in ends) + 2 * PAD + TITLE)
    found: dict[str, Point] = {}
    _put(places, "", (0.0, 0.0), found)
    return found


def _around(node: str, home: Mapping[str, str]) -> list[str]:
    """The node, and the frames around it, from the inside out; last the canvas, as an empty text."""
    found = [node]
    while found[-1] in home:
        found.append(home[found[-1]])
    return [*found, ""]


def _meet(one: list[str], other: list[str]) -> tuple[str, str, str]:
    """The innermost room around both ends of a link, and what of each stands directly in it."""
    first, second = len(one) - 1, len(other) - 1
    while first > 0 and second > 0 and one[first - 1] == other[second - 1]:
        first, second = first - 1, second - 1
    if not first or not second:  # a node that needs itself
        return one[first], one[first], one[first]
    return one[first], one[first - 1], other[second - 1]


def _put(places: Mapping[str, Mapping[str, Point]], room: str, corner: Point, found: dict[str, Point]) -> None:
    for id, (x, y) in places[room].items():
        at = corner[0] + x, corner[1] + y
        if id in places:
            _put(places, id, (at[0] + PAD, at[1] + PAD + TITLE), found)
        else:
            found[id] = at
