"""A packed graph shows the same tasks as the one that it was made of."""

from __future__ import annotations

import msgspec
import pytest

from windlass.model.graph import Command, Foreach, Graph, Need, Script, Task
from windlass.model.packed import PackedGraph, pack


def large(tasks: int) -> Graph:
    first = Task(id="först", action=Script("x" * 5000), foreach=Foreach(values=list(range(100))))
    rest = [Task(id=f"t{place}", action=Command(["echo", str(place)]), needs=[Need("först")]) for place in range(tasks)]
    return Graph(name="large", tasks=[first, *rest], params={"a": 1}, description="of many tasks")


def test_it_is_the_same_graph() -> None:
    graph = large(200)
    packed = pack(graph)
    assert packed.unpacked() == graph
    assert [packed[place] for place in range(len(packed))] == graph.tasks == list(packed)
    assert packed.names["t150"] == 151
    assert packed.head.params == {"a": 1}


def test_what_is_looked_at_again_is_decoded_once_and_few_are_kept() -> None:
    packed = pack(large(200))
    first, third = packed[0], packed[3]
    assert packed[3] is third
    for place in range(1, 201):
        packed[place]
    assert packed[0] is first  # large, so decoding it again and again would cost
    assert len(packed._kept) < 100


def test_there_is_no_task_outside() -> None:
    packed = pack(large(2))
    for position in (-1, 3):
        with pytest.raises(IndexError):
            packed[position]


@pytest.mark.parametrize("raw", [b"", b"\x90", msgspec.msgpack.encode({"name": "x", "tasks": [{"title": "no id"}]})])
def test_what_is_no_graph_is_refused(raw: bytes) -> None:
    with pytest.raises(msgspec.MsgspecError):
        PackedGraph(raw)
