"""Where nodes come to lie for which the document names no place, and where tasks go whose frame is moved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from windlass_gui.editor.canvas.framed_layout import framed_layout
from windlass_gui.editor.canvas.geometry import Geometry
from windlass_gui.editor.canvas.layout import NODE_WIDTH, Point
from windlass_gui.editor.document.facts import NodeFacts

BEHIND = 90.0
"""Between a task and one behind it."""
BELOW = 40.0
"""Between the graph and what has nothing to do with it."""


def places_for(
    fresh: Sequence[str],
    facts: Mapping[str, NodeFacts],
    outlines: Mapping[str, tuple[str, ...]],
    known: Mapping[str, Point],
    geometry: Geometry,
) -> Iterator[tuple[str, Point]]:
    """Each new node and its place, which the caller gives to the geometry before it asks for the next.

    First those with a place of their own or one where they were drawn before (`known`); then the others, behind what
    they need, or below everything. A graph in which none has a place is laid out.
    """
    homeless = []
    for node in fresh:
        position = facts[node].position
        if position is None:
            position = known.get(node)
        if position is None:
            homeless.append(node)
        else:
            yield node, position
    spots: Mapping[str, Point] = {}
    if homeless and len(homeless) == len(facts):
        spots = framed_layout({node: [need for need, _ in own.needs] for node, own in facts.items()}, outlines)
    for node in homeless:
        if node in spots:
            yield node, spots[node]
            continue
        near = [need for need, _ in facts[node].needs if need in geometry]
        bounds = geometry.bounds()
        if near:
            x, y = geometry.point(near[-1])
            start = (x + NODE_WIDTH + BEHIND, y)
        else:
            start = (bounds[0], bounds[3] + BELOW) if bounds else (0.0, 0.0)
        yield node, geometry.free_spot(start)


def task_places(
    points: Mapping[str, Point],
    members: Mapping[str, Sequence[str]],
    facts: Mapping[str, NodeFacts],
    known: Mapping[str, Point],
) -> dict[str, Point]:
    """New corners of tasks, from those of nodes; `members` are the tasks of folded frames, by node."""
    found: dict[str, Point] = {}
    for node, (x, y) in points.items():
        inside = members.get(node)
        if inside is None:
            found[node] = (x, y)
            continue
        spots = {task: facts[task].position or known.get(task, (0.0, 0.0)) for task in inside}
        if spots:
            left, top = min(p[0] for p in spots.values()), min(p[1] for p in spots.values())
            found |= {task: (px + x - left, py + y - top) for task, (px, py) in spots.items()}
    return found
