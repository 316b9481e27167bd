"""A packed graph shows the same tasks as the one that it was made of."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from windlass.model.graph import Command, Foreach, Graph, Need, Script, Task
from windlass.model.packed import BadNames, PackedGraph, pack


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


def test_tasks_that_differ_by_id_and_needs_alone_are_of_one_kind() -> None:
    like = [Task(id=f"t{n}", action=Command(["x"]), needs=[Need("a", n == 2)] * bool(n)) for n in range(3)]
    graph = Graph("g", [Task(id="a", action=Script("y")), *like, Task(id="u", action=Command(["x"]), priority=1)])
    packed = pack(graph)
    assert list(packed.kinds) == [0, 1, 1, 1, 2]
    assert list(packed.firsts) == [0, 1, 4]
    whole, each = packed.edges
    assert [list(whole.of(place)) for place in range(5)] == [[], [], [0], [], []]
    assert [list(each.of(place)) for place in range(5)] == [[], [], [], [0], []]


def test_a_need_that_is_not_there_is_told() -> None:
    packed = pack(Graph("g", [Task(id="a", action=Script("y"), needs=[Need("b")])]))
    with pytest.raises(BadNames, match="'a' needs 'b'"):
        _ = packed.edges


_WORDS = st.sampled_from(["id", "needs", "action", "\x05needs", "x", "t1"])


@given(st.lists(st.tuples(_WORDS, _WORDS, st.integers(0, 2)), min_size=1, max_size=12), st.booleans())
def test_those_of_a_kind_are_equal_but_for_id_and_needs(drawn: list[tuple[str, str, int]], odd: bool) -> None:
    """Whatever the texts hold, and whatever order the entries of a task come in."""
    tasks = [
        Task(id=f"t{place}-{text}", action=Script(text, shell=other), title=other, needs=[Need("t1")] * needs)
        for place, (text, other, needs) in enumerate(drawn)
    ]
    raw = msgspec.to_builtins(Graph("g", tasks))
    if odd:
        raw["tasks"] = [dict(reversed(task.items())) for task in raw["tasks"]]
    packed = PackedGraph(msgspec.msgpack.encode(raw))
    assert list(packed) == tasks
    for place, kind in enumerate(packed.kinds):
        first = packed[packed.firsts[kind]]
        assert replace(packed[place], id=first.id, needs=first.needs) == first


def test_entries_that_come_twice_make_a_kind_of_their_own() -> None:
    """The last one counts, so what stands before it says nothing."""
    action = b"\xa6action\x82\xa4type\xa6script\xa4text\xa1%s"
    task = b"\xde\x00\x03\xa2id\xa1%s" + action % b"x" + action
    tasks = [task % (b"a", b"y"), task % (b"b", b"z")]
    packed = PackedGraph(b"\x82\xa4name\xa1g\xa5tasks\x92" + b"".join(tasks))
    assert [task.action for task in packed] == [Script("y"), Script("z")]
    assert list(packed.kinds) == [0, 1]
