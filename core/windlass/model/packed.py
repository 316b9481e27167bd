"""A graph as the bytes that it came as: a task is decoded when somebody looks at it.

As objects a task takes a thousand bytes, as MessagePack some seventy; a run of a large graph looks at few at a time.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence

import msgspec

from windlass.model.graph import Graph, Task
from windlass.model.names import Names

_KEPT = 64
"""Decoded tasks that are kept for the next look."""
_LARGE = 4096
"""Bytes of a task (the values of an array, a long script) from which on it is decoded but once."""


class _Head(Graph):
    """A graph with its tasks undecoded."""

    tasks: list[msgspec.Raw]  # type: ignore[assignment]


class _Named(msgspec.Struct):
    """Of a task, its id and whom it is kept apart from."""

    id: str
    apart: list[str] = []


_head = msgspec.msgpack.Decoder(_Head)
_named = msgspec.msgpack.Decoder(_Named)
_task = msgspec.msgpack.Decoder(Task)
_encode = msgspec.msgpack.Encoder().encode


class PackedGraph(Sequence[Task]):
    """The tasks of a graph, in the document's order."""

    __slots__ = ("_at", "_kept", "_large", "_raw", "apart", "head", "names")

    def __init__(self, raw: bytes) -> None:
        """Raises `MsgspecError` where this is no graph; where a task is none, only when it is looked at."""
        head = _head.decode(raw)
        at = self._at = array("Q", (0,))
        total = 0
        for one in head.tasks:
            total += len(memoryview(one))
            at.append(total)
        self._raw = b"".join(head.tasks)
        self._kept: dict[int, Task] = {}
        self._large: dict[int, Task] = {}
        self.apart: list[tuple[int, list[str]]] = []
        """(position, ids) of the tasks that say of others that they are to be kept apart."""
        self.names = Names(self._read(head.tasks))
        head.tasks = []
        self.head: Graph = head
        """All but its tasks."""

    def _read(self, tasks: list[msgspec.Raw]) -> Iterator[str]:
        for place, one in enumerate(tasks):
            named = _named.decode(one)
            if named.apart:
                self.apart.append((place, named.apart))
            yield named.id

    def __len__(self) -> int:
        return len(self._at) - 1

    def __getitem__(self, position: int) -> Task:  # type: ignore[override]
        task = self._kept.get(position) or self._large.get(position)
        if task is None:
            task = self._decode(position)
            if self._at[position + 1] - self._at[position] >= _LARGE:
                self._large[position] = task
            else:
                if len(self._kept) >= _KEPT:
                    del self._kept[next(iter(self._kept))]
                self._kept[position] = task
        return task

    def __iter__(self) -> Iterator[Task]:
        """Keeps none of them."""
        return (self._decode(position) for position in range(len(self)))

    def _decode(self, position: int) -> Task:
        if not 0 <= position < len(self):
            raise IndexError(position)
        return _task.decode(memoryview(self._raw)[self._at[position] : self._at[position + 1]])

    def unpacked(self) -> Graph:
        fields = {field: getattr(self.head, field) for field in Graph.__struct_fields__}
        return Graph(**{**fields, "tasks": list(self)})


def pack(graph: Graph) -> PackedGraph:
    return PackedGraph(_encode(graph))
