"""The ids of a graph's tasks, by position and back, in a few bytes each: a graph may have a hundred thousand."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise


class Names(Mapping[str, int]):
    """Id -> position, as a dictionary would be; `name` gives the id at a position. Ids must differ.

    The ids stand one after another in one text; a table of positions with open addressing finds them (made when
    something is first looked for).
    """

    __slots__ = ("_at", "_mask", "_table", "_text")

    def __init__(self, names: Iterable[str]) -> None:
        text = bytearray()
        at = array("I", (0,))
        for name in names:
            text += name.encode("utf-8", "surrogatepass")
            at.append(len(text))
        self._text = bytes(text)
        self._at = at
        self._mask = 0
        self._table = array("I")

    def name(self, position: int) -> str:
        if not 0 <= position < len(self):
            raise IndexError(position)
        return self._text[self._at[position] : self._at[position + 1]].decode("utf-8", "surrogatepass")

    def __getitem__(self, name: str) -> int:
        if not self._mask:
            self._fill()
        wanted = name.encode("utf-8", "surrogatepass")
        table, at, mask = self._table, self._at, self._mask
        slot = hash(name) & mask
        while entry := table[slot]:
            if self._text[at[entry - 1] : at[entry]] == wanted:
                return entry - 1
            slot = (slot + 1) & mask
        raise KeyError(name)

    def _fill(self) -> None:
        """Entries are positions + 1, so that 0 is free; at most two thirds are taken."""
        size = 8
        while size * 2 < len(self) * 3:
            size *= 2
        mask = size - 1
        table = array("I", bytes(4 * size))
        for entry, name in enumerate(self, 1):
            slot = hash(name) & mask
            while table[slot]:
                slot = (slot + 1) & mask
            table[slot] = entry
        self._table, self._mask = table, mask

    def __iter__(self) -> Iterator[str]:
        text = self._text
        return (text[first:last].decode("utf-8", "surrogatepass") for first, last in pairwise(self._at))

    def __len__(self) -> int:
        return len(self._at) - 1
