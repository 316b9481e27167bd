"""A graph as the bytes that it came as: a task is decoded when somebody looks at it.

As objects a task takes a thousand bytes, as MessagePack some seventy; a run of a large graph looks at few at a time.
Tasks of which all but the id and the needs are the same bytes are of one *kind*: what holds for one of them holds for
all, so that a graph of ten thousand like tasks is checked and planned by looking at one.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from itertools import compress

import msgspec

from windlass.model.edges import Edges
from windlass.model.graph import Graph, Need, Task
from windlass.model.names import Names

_KEPT = 64
"""Decoded tasks that are kept for the next look."""
_LARGE = 4096
"""Bytes of a task (the values of an array, a long script) from which on it is decoded but once."""


class _Head(Graph):
    """A graph with its tasks undecoded."""

    tasks: list[msgspec.Raw]  # type: ignore[assignment]


class _Named(msgspec.Struct):
    """Of a task, its id and whom it is kept apart from; the rest as it came."""

    id: str
    action: msgspec.Raw
    needs: msgspec.Raw = msgspec.Raw(b"")
    apart: list[str] = []


_MAP, _HEADER = b"\xde", 3
"""The map of a task begins with this byte and, in two, how many entries it has."""

_head = msgspec.msgpack.Decoder(_Head)
_named = msgspec.msgpack.Decoder(_Named)
_task = msgspec.msgpack.Decoder(Task)
_needs = msgspec.msgpack.Decoder(list[Need])
_encode = msgspec.msgpack.Encoder().encode


class BadNames(ValueError):
    """Two tasks have one id, or a task needs another that the graph has not."""


class PackedGraph(Sequence[Task]):
    """The tasks of a graph, in the document's order."""

    __slots__ = ("_at", "_edges", "_kept", "_large", "_needs", "_raw", "apart", "firsts", "head", "kinds", "names")

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
        self.kinds = array("I")
        """The kind of each task;"""
        self.firsts = array("I")
        """and of each kind, its first task."""
        self._edges: tuple[Edges, Edges] | None = None
        self._needs: tuple[list[int], list[bool], list[str]] = [], [], []
        """What is needed, until somebody asks for `edges`: by which task, whether item by item, and the id."""
        self.names = Names(self._read(head.tasks))
        head.tasks = []
        self.head: Graph = head
        """All but its tasks."""

    def _read(self, tasks: list[msgspec.Raw]) -> Iterator[str]:
        known: dict[bytes, int] = {}
        begins, each, ids = self._needs
        for place, one in enumerate(tasks):
            named = _named.decode(one)
            if named.apart:
                self.apart.append((place, named.apart))
            kind = known.setdefault(_rest(bytes(one), named), len(known))
            if kind == len(self.firsts):
                self.firsts.append(place)
            self.kinds.append(kind)
            for need in _needs.decode(named.needs) if named.needs else ():
                begins.append(place)
                each.append(need.each)
                ids.append(need.task)
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

    @property
    def edges(self) -> tuple[Edges, Edges]:
        """What each task needs: as a whole, and item by item. Raises `BadNames`."""
        if self._edges is None:
            self._edges = self._needed()
        return self._edges

    def _needed(self) -> tuple[Edges, Edges]:
        position = {name: place for place, name in enumerate(self.names)}
        if len(position) != len(self):
            raise BadNames("two tasks have the same id")
        begins, each, ids = self._needs
        try:
            ends = [position[id] for id in ids]
        except KeyError as error:
            place = begins[ids.index(error.args[0])]
            raise BadNames(f"task {self.names.name(place)!r} needs {error.args[0]!r}, which is not there") from None
        self._needs = [], [], []
        size = len(self)
        whole = [not one for one in each]
        first = Edges(size, list(compress(begins, whole)), list(compress(ends, whole)))
        return first, Edges(size, list(compress(begins, each)), list(compress(ends, each)))

    def unpacked(self) -> Graph:
        fields = {field: getattr(self.head, field) for field in Graph.__struct_fields__}
        return Graph(**{**fields, "tasks": list(self)})


def pack(graph: Graph) -> PackedGraph:
    return PackedGraph(_encode(graph))


def _rest(raw: bytes, named: _Named) -> bytes:
    """A task's bytes without its id and needs; all of them where they do not stand as `pack` writes them."""
    id, action, needs = b"\xa2id" + _encode(named.id), b"\xa6action" + bytes(named.action), bytes(named.needs)
    if needs:
        needs = b"\xa5needs" + needs
    if raw[:1] != _MAP or not raw.startswith(id + action + needs, _HEADER):
        return raw
    start = _HEADER + len(id)
    end = start + len(action)
    entries = int.from_bytes(raw[1:_HEADER], "big") - bool(needs)
    return entries.to_bytes(2, "big") + raw[start:end] + raw[end + len(needs) :]
