"""The layered layout: no overlaps, links go right, few crossings, and fast enough."""

from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.depth import examples

from windlass_gui.editor.canvas.geometry import Geometry
from windlass_gui.editor.canvas.layout import COLUMN_GAP, NODE_HEIGHT, NODE_WIDTH, _inversions, layout
from windlass_gui.editor.canvas.link_item import link_path
from windlass_gui.editor.document.document import Document
from windlass_resources.samples import get_sample, list_samples


@st.composite
def graphs(draw: st.DrawFn) -> dict[str, list[str]]:
    count = draw(st.integers(0, 18))
    return {
        f"t{i}": [f"t{j}" for j in draw(st.lists(st.integers(0, i - 1), max_size=3, unique=True))] if i else []
        for i in range(count)
    }


@given(graphs())
@settings(max_examples=examples(80), deadline=None)
def test_nodes_never_overlap_and_links_go_right(needs: dict[str, list[str]]) -> None:
    points = layout(needs)
    assert set(points) == set(needs)
    for (x1, y1), (x2, y2) in combinations(points.values(), 2):
        assert abs(x1 - x2) >= NODE_WIDTH or abs(y1 - y2) >= NODE_HEIGHT
    for task, sources in needs.items():
        for source in sources:
            assert points[task][0] - points[source][0] >= NODE_WIDTH + COLUMN_GAP


@given(st.lists(st.integers(0, 9), max_size=60))
def test_inversions_are_counted_right(values: list[int]) -> None:
    wanted = sum(a > b for i, a in enumerate(values) for b in values[i + 1 :])
    assert _inversions(np.array(values, dtype=float)) == wanted


def test_crossings_that_can_be_avoided_are() -> None:
    points = layout({"a": [], "b": [], "c": [], "x": ["c"], "y": ["b"], "z": ["a"]})
    order = [points[task][1] for task in ("a", "b", "c")]
    assert sorted(order) == order or sorted(order, reverse=True) == order
    rising = order[0] < order[2]
    assert (points["z"][1] < points["x"][1]) == rising


def test_a_chain_is_a_straight_line() -> None:
    points = layout({"a": [], "b": ["a"], "c": ["b"]})
    assert len({y for _, y in points.values()}) == 1


def test_cycles_and_unknown_names_do_no_harm() -> None:
    assert set(layout({"a": ["b"], "b": ["a"], "c": ["c", "ghost"]})) == {"a", "b", "c"}


def test_wide_and_long_graphs_are_laid_out_in_a_moment() -> None:
    wide = {"a": [], **{f"m{i}": ["a"] for i in range(2000)}, "z": [f"m{i}" for i in range(2000)]}
    assert len(layout(wide)) == 2002
    long = {f"t{i}": [f"t{i - 1}"] if i else [] for i in range(1000)}
    assert len(layout(long)) == 1000


def _behind(needs: dict[str, list[str]]) -> list[tuple[str, str, str]]:
    """(source, target, node): the links whose curve passes behind a node that is not its own."""
    geometry = Geometry()
    for task, point in layout(needs).items():
        geometry.place(task, point)
    found = []
    for target, sources in needs.items():
        for source in sources:
            path = link_path(geometry.out_port(source), geometry.in_port(target))
            for share in np.linspace(0.02, 0.98, 80):
                at = path.pointAtPercent(float(share))
                node = geometry.node_at(at.x(), at.y())
                if node is not None and node not in (source, target):
                    found.append((source, target, node))
    return found


@pytest.mark.parametrize(
    "needs",
    [
        {"split": [], **{f"m{i}": ["split"] for i in range(7)}, "join": [f"m{i}" for i in range(7)] + ["split"]},
        {"a": [], "b": ["a"], "c": ["a"], "d": ["b", "c"], "e": ["a", "d"], "f": ["e"]},
        {"a": [], **{f"m{i}": ["a"] for i in range(4)}, **{f"n{i}": [f"m{i}"] for i in range(4)},
         "z": [*(f"n{i}" for i in range(4)), "a"]},
    ],
)  # fmt: skip
def test_nodes_make_way_for_long_links(needs: dict[str, list[str]]) -> None:
    assert not _behind(needs)


@pytest.mark.parametrize("sample", [sample.name for sample in list_samples()])
def test_no_link_of_a_sample_lies_behind_a_node(sample: str) -> None:
    facts = Document(get_sample(sample).path.read_text("utf-8")).facts
    assert not _behind({task: [need for need, _ in own.needs] for task, own in facts.items()})


def test_what_is_needed_late_stands_near_to_where() -> None:
    needs = {"a": [], **{f"s{i}": [f"s{i - 1}" if i else "a"] for i in range(6)}, "config": [], "end": ["s5", "config"]}
    points = layout(needs)
    assert points["config"][0] == points["s5"][0]


def test_parts_that_no_link_joins_lie_one_below_the_other() -> None:
    needs = {f"{part}{i}": [f"{part}{i - 1}"] * (i > 0) for i in range(3) for part in "abc"}
    needs |= {f"{part}x": [f"{part}0"] for part in "abc"}
    points = layout(needs)
    spans = []
    for part in "abc":
        ys = [y for task, (_, y) in points.items() if task[0] == part]
        spans.append((min(ys), max(ys) + NODE_HEIGHT))
    spans.sort()
    assert all(above[1] < below[0] for above, below in pairwise(spans))
