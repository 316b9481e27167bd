"""Aligning, distributing and laying out of what the canvas shows, each as one step of undo."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from windlass_gui.editor.canvas.arrange import Side, align, distribute
from windlass_gui.editor.canvas.framed_layout import framed_layout
from windlass_gui.editor.canvas.layout import Point

if TYPE_CHECKING:
    from windlass_gui.editor.canvas.view import GraphView


class Arranging:
    """Deals with nodes, so that a folded frame moves as one, with all that is in it."""

    def __init__(self, view: GraphView) -> None:
        self.view = view

    def _chosen(self) -> dict[str, Point]:
        geometry = self.view.graph.geometry
        return {node: geometry.point(node) for node in self.view.graph.selected_nodes}

    def align(self, side: Side) -> None:
        """The chosen nodes onto one line."""
        self._put(align(self._chosen(), side), self.view.tr("align tasks"))

    def distribute(self, axis: int) -> None:
        """The chosen nodes in equal steps, across (0) or down (1)."""
        self._put(distribute(self._chosen(), axis), self.view.tr("distribute tasks"))

    def lay_out(self, chosen_only: bool = False) -> None:
        """All nodes in columns; or the chosen ones among themselves, about where they are. Frames stay apart."""
        graph = self.view.graph
        chosen = graph.selected_nodes if chosen_only else set(graph.nodes)
        facts = graph.shown.facts
        needs = {node: [need for need, _ in own.needs] for node, own in facts.items() if node in chosen}
        points = framed_layout(needs, graph.shown.outlines)
        if not points:
            return
        if chosen_only:
            old = self._chosen()
            dx, dy = (min(p[axis] for p in old.values()) - min(p[axis] for p in points.values()) for axis in (0, 1))
            points = {node: (x + dx, y + dy) for node, (x, y) in points.items()}
        self._put(points, self.view.tr("lay out the chosen tasks") if chosen_only else self.view.tr("lay out"))
        if chosen_only:
            self.view.fit_selection_if_out(animated=True)
        else:
            self.view.fit(animated=True)

    def _put(self, points: Mapping[str, Point], label: str) -> None:
        graph = self.view.graph
        before = {node: graph.geometry.point(node) for node in points}
        self.view.session.move(graph.places(points), label=label)
        self.view.glide.start(before)
