"""The edges of a graph in one direction, as two arrays: four bytes an edge and four a task, whoever waits for whom."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence


class Edges:
    """`of(x)` are the positions at the other end of x's edges, in the order in which the edges were given."""

    __slots__ = ("_at", "_to")

    def __init__(self, tasks: int, begins: Sequence[int], ends: Sequence[int]) -> None:
        """One edge for each pair of `begins` and `ends`."""
        at, to = array("I"), array("I")
        if begins:
            at = array("I", bytes(4 * (tasks + 1)))
            for begin in begins:
                at[begin + 1] += 1
            total = 0
            for place, count in enumerate(at):
                total += count
                at[place] = total
            to = array("I", bytes(4 * total))
            free = at[:]
            for begin, end in zip(begins, ends, strict=True):
                to[free[begin]] = end
                free[begin] += 1
        self._at = at
        self._to = to

    def of(self, position: int) -> Sequence[int]:
        return self._to[self._at[position] : self._at[position + 1]] if self._at else ()

    def turned(self, tasks: int) -> Edges:
        """The same edges, from their other ends."""
        begins = array("I")
        if self._at:
            for place in range(tasks):
                begins.extend([place] * (self._at[place + 1] - self._at[place]))
        return Edges(tasks, self._to, begins)

    def degrees(self, tasks: int) -> array[int]:
        """How many edges each task has."""
        at = self._at
        if not at:
            return array("I", bytes(4 * tasks))
        return array("I", (at[place + 1] - at[place] for place in range(tasks)))


def topological(ups: Iterable[Edges], downs: Sequence[Edges], tasks: int) -> list[int]:
    """Positions, each after all that it needs; fewer than `tasks` where some need each other in a circle."""
    waits = array("I", bytes(4 * tasks))
    for edges in ups:
        for place, degree in enumerate(edges.degrees(tasks)):
            waits[place] += degree
    order = [place for place, wait in enumerate(waits) if not wait]
    for place in order:  # grows while it is walked
        for edges in downs:
            for child in edges.of(place):
                waits[child] -= 1
                if not waits[child]:
                    order.append(child)
    return order
