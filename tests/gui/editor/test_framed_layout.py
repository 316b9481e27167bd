"""A layout keeps frames apart: nothing overlaps, what is inside lies inside, and links still lead to the right."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QRectF

from windlass_gui.editor.canvas.framed_layout import framed_layout
from windlass_gui.editor.canvas.layout import NODE_HEIGHT, NODE_WIDTH, layout
from windlass_gui.editor.canvas.projection import FOLDED, project
from windlass_gui.editor.canvas.view import GraphView
from windlass_gui.editor.document.document import Document
from windlass_gui.editor.document.facts import NodeFacts
from windlass_gui.editor.document.frames import FrameFacts
from windlass_gui.editor.document.session import EditorSession
from windlass_gui.look.motion import reduce_motion

NEEDS = {"a": [], "b": ["a"], "c": ["b"], "d": ["a"], "e": ["c", "d"], "f": []}


def _rect(point: tuple[float, float]) -> QRectF:
    return QRectF(point[0], point[1], NODE_WIDTH, NODE_HEIGHT)


def test_without_frames_it_is_the_plain_layout() -> None:
    assert framed_layout(NEEDS, {}) == layout(NEEDS)
    assert framed_layout(NEEDS, {"empty": ()}) == layout(NEEDS)


def test_what_stands_before_a_frame_lies_left_of_all_of_it() -> None:
    points = framed_layout(NEEDS, {"frame": ("b", "c")})
    assert points["a"][0] + NODE_WIDTH < points["b"][0] < points["c"][0]
    assert points["c"][0] + NODE_WIDTH < points["e"][0]
    around = _rect(points["b"]).united(_rect(points["c"])).adjusted(-20, -50, 20, 20)
    assert not any(around.intersects(_rect(points[node])) for node in "adef")


def test_a_frame_of_which_only_a_part_is_laid_out_is_not_kept_together() -> None:
    some = {node: NEEDS[node] for node in "abd"}
    assert framed_layout(some, {"frame": ("b", "c")}) == layout(some)


@st.composite
def documents(draw: st.DrawFn) -> tuple[dict[str, list[str]], dict[str, FrameFacts]]:
    """Tasks with links in any direction, and frames around some of them, in frames."""
    tasks = [f"t{at}" for at in range(draw(st.integers(1, 14)))]
    needs = {task: draw(st.lists(st.sampled_from(tasks), max_size=3)) for task in tasks}
    count = draw(st.integers(0, 4))
    home = {task: draw(st.integers(0, count)) for task in tasks}
    frames = {}
    for number in range(1, count + 1):
        within = draw(st.integers(0, number - 1))
        frames[f"t{number}"] = FrameFacts(  # a frame may bear the name of a task
            f"t{number}",
            tasks=tuple(task for task in tasks if home[task] == number),
            within=f"t{within}" if within else "",
            folded=draw(st.booleans()),
        )
    return needs, frames


@settings(max_examples=150, deadline=None)
@given(documents())
def test_nothing_overlaps(document: tuple[dict[str, list[str]], dict[str, FrameFacts]]) -> None:
    needs, frames = document
    facts = {task: NodeFacts(task, needs=tuple((need, False) for need in own)) for task, own in needs.items()}
    shown = project(facts, frames)
    points = framed_layout({node: [need for need, _ in own.needs] for node, own in shown.facts.items()}, shown.outlines)
    assert points.keys() == shown.facts.keys()
    rects = {node: _rect(point) for node, point in points.items()}
    for node, rect in rects.items():
        assert not any(other != node and rect.intersects(rects[other]) for other in rects)
    boxes: dict[str, QRectF] = {}
    nodes: dict[str, set[str]] = {}
    for frame, inside in shown.outlines.items():
        box, within = QRectF(), set()
        for id in inside:
            inner = id.removeprefix("open:")
            if id.startswith("open:"):
                box, within = box.united(boxes[inner]), within | nodes[inner]
            else:
                box, within = box.united(rects[id]), within | {id}
        nodes[frame] = within
        boxes[frame] = box.adjusted(-20, -50, 20, 20) if not box.isEmpty() else QRectF()
        assert not any(boxes[frame].intersects(rects[node]) for node in rects.keys() - within)
    for one, box in boxes.items():
        for other, inside in nodes.items():
            if not (nodes[one] <= inside or inside <= nodes[one]):
                assert not box.intersects(boxes[other])


FRAMED = """\
windlass: 1
name: framed
tasks:
  a: {command: x}
  b: {command: x, needs: [a]}
  c: {command: x, needs: [b]}
  d: {command: x, needs: [a]}
  e: {command: x, needs: [c, d]}
canvas:
  frames:
    one: {title: One, tasks: [b, d]}
    two: {title: Two, tasks: [c, e]}
"""


def test_laying_out_is_one_step_and_moves_frames_apart(view: GraphView) -> None:
    reduce_motion(True)
    session: EditorSession = view.session
    session.apply_text(FRAMED)
    rects = view.graph.frames.rects
    assert not rects["one"].intersects(rects["two"]), "a graph without positions opens so"
    session.move(dict.fromkeys("abcde", (0.0, 0.0)))
    steps = session.undo.count()
    view.arranging.lay_out()
    assert session.undo.count() == steps + 1
    assert session.undo.undoText() == "lay out"
    rects = view.graph.frames.rects
    assert not rects["one"].intersects(rects["two"])
    assert rects["one"].right() < rects["two"].left()
    session.canvas.fold(["one"], True)
    view.arranging.lay_out()
    assert not view.graph.node_rect(FOLDED + "one").intersects(view.graph.frames.rects["two"])
    inside = [session.document.facts[task].position for task in "bd"]
    assert len(set(inside)) == 2, "what a folded frame holds keeps its places among itself"
    assert Document(session.document.text).facts == session.document.facts
