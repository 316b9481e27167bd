"""The edges of a graph in one direction, as two arrays: four bytes an edge and four a task, whoever waits for whom."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import accumulate, chain, islice, repeat
from operator import le, lt


class Edges:
    """`of(x)` are the positions at the other end of x's edges, in the order in which the edges were given."""

    __slots__ = ("_at", "_to", "falling")

    def __init__(self, tasks: int, begins: Sequence[int], ends: Sequence[int]) -> None:
        """One edge for each pair of `begins` and `ends`."""
        self._at = array("I")
        self._to = array("I", ends)
        if begins:
            degrees = Counter(begins)
            self._at = array("I", accumulate(map(degrees.get, range(tasks), repeat(0)), initial=0))
            if not all(map(le, begins, islice(begins, 1, None))):
                order = sorted(range(len(begins)), key=begins.__getitem__)
                self._to = array("I", map(ends.__getitem__, order))
        self.falling = all(map(lt, ends, begins))
        """Each edge leads to a lower position, as where tasks stand behind those that they need."""

    def of(self, position: int) -> Sequence[int]:
        return self._to[self._at[position] : self._at[position + 1]] if self._at else ()

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self._to)

    def turned(self, tasks: int) -> Edges:
        """The same edges, from their other ends."""
        if not self:
            return self
        begins = array("I", chain.from_iterable(map(repeat, range(tasks), self.degrees(tasks))))
        return Edges(tasks, self._to, begins)

    def degrees(self, tasks: int) -> array[int]:
        """How many edges each task has."""
        at = self._at
        if not at:
            return array("I", bytes(4 * tasks))
        return array("I", [at[place + 1] - at[place] for place in range(tasks)])


def topological(ups: Iterable[Edges], downs: Sequence[Edges], tasks: int) -> list[int]:
    """Positions, each after all that it needs; fewer than `tasks` where some need each other in a circle."""
    ups = list(ups)
    if all(edges.falling for edges in ups):
        return list(range(tasks))
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
