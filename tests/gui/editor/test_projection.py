"""What the canvas shows of a document with frames, without a window."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from windlass_gui.editor.canvas.projection import FOLDED, OPEN, path_to, project
from windlass_gui.editor.document.facts import NodeFacts
from windlass_gui.editor.document.frames import FrameFacts, frames_of, notes_of


def facts(**needs: str) -> dict[str, NodeFacts]:
    """Tasks by id with what they need: `b="a"`."""
    return {
        task: NodeFacts(task, needs=tuple((need, False) for need in names.split()), position=(100.0 * at, 10.0))
        for at, (task, names) in enumerate(needs.items())
    }


CHAIN = facts(a="", b="a", c="b", d="c")


def test_without_frames_the_tasks_themselves_are_shown() -> None:
    assert project(CHAIN, {}).facts is CHAIN


def test_a_folded_frame_is_one_node_with_the_links_of_its_tasks() -> None:
    shown = project(CHAIN, {"f": FrameFacts("f", "Middle", ("b", "c"), folded=True)})
    assert list(shown.facts) == ["a", "d", FOLDED + "f"]
    assert shown.facts[FOLDED + "f"].needs == (("a", False),)
    assert shown.facts[FOLDED + "f"].position == (100.0, 10.0)
    assert shown.facts["d"].needs == ((FOLDED + "f", False),)
    assert shown.tasks_of([FOLDED + "f", "a"]) == {"a", "b", "c"}
    assert shown.nodes_of({"b", "c", "d"}) == {"d", FOLDED + "f"}
    assert shown.nodes_of({"b"}) == set()


def test_the_inside_of_a_frame_shows_its_tasks_and_says_what_is_cut_off() -> None:
    frames = {"f": FrameFacts("f", "Middle", ("b",), folded=True), "g": FrameFacts("g", "", ("c",), within="f")}
    shown = project(CHAIN, frames, "f")
    assert list(shown.facts) == ["b", "c"]
    assert shown.facts["b"].needs == ()
    assert shown.cut == (1, 1)
    assert shown.outlines == {"g": ("c",)}
    assert shown.node_of("a") == ""
    assert path_to(frames, "g") == ["f", "g"]


def test_nested_frames_are_outlined_from_the_inner_to_the_outer() -> None:
    frames = {
        "outer": FrameFacts("outer", "", ("a",)),
        "inner": FrameFacts("inner", "", ("b",), within="outer"),
        "shut": FrameFacts("shut", "", ("c",), folded=True, within="inner"),
    }
    shown = project(CHAIN, frames)
    assert list(shown.outlines.items()) == [("inner", ("b", FOLDED + "shut")), ("outer", ("a", OPEN + "inner"))]


TASKS = "abcdefgh"
FRAMES = st.dictionaries(
    st.sampled_from(["f", "g", "h", "i"]),
    st.fixed_dictionaries(
        {"tasks": st.lists(st.sampled_from([*TASKS, "gone"]))},
        optional={
            "folded": st.booleans(),
            "within": st.sampled_from(["f", "g", "h", "i", "gone"]),
            "color": st.sampled_from(["blue", "bleu"]),
            "title": st.text(max_size=3),
        },
    ),
)


@given(FRAMES, st.sets(st.tuples(st.sampled_from(TASKS), st.sampled_from(TASKS))), st.sampled_from(["", "f", "g"]))
def test_every_task_and_link_is_shown_exactly_once(
    raw: dict[str, object], links: set[tuple[str, str]], inside: str
) -> None:
    needs = {task: " ".join(a for a, b in sorted(links) if b == task and a < b) for task in TASKS}
    document = facts(**needs)
    frames = frames_of({"frames": raw}, document)
    shown = project(document, frames, inside)
    standing = [task for node in shown.facts for task in shown.tasks_of([node])]
    assert sorted(standing) == sorted(task for task in TASKS if shown.node_of(task))
    if not inside or inside not in frames:
        assert sorted(standing) == list(TASKS)
    for task, node in document.items():
        for need, _ in node.needs:
            here, there = shown.node_of(task), shown.node_of(need)
            if here and there and here != there:
                assert there in [name for name, _ in shown.facts[here].needs]
    for node in shown.facts.values():
        assert all(need in shown.facts and need != node.id for need, _ in node.needs)


@given(st.recursive(st.none() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(
    st.sampled_from(["frames", "notes", "tasks", "within", "f", "text", "position", "size"]), inner)))  # fmt: skip
def test_whatever_stands_there_is_read(raw: object) -> None:
    frames = frames_of(raw, CHAIN)
    project(CHAIN, frames)
    notes_of(raw)
