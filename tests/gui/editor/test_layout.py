"""The layered layout: no overlaps, links go right, few crossings, and fast enough."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from windlass_gui.editor.layout import COLUMN_GAP, NODE_HEIGHT, NODE_WIDTH, _inversions, layout


@st.composite
def graphs(draw: st.DrawFn) -> dict[str, list[str]]:
    count = draw(st.integers(0, 18))
    return {
        f"t{i}": [f"t{j}" for j in draw(st.lists(st.integers(0, i - 1), max_size=3, unique=True))] if i else []
        for i in range(count)
    }


@given(graphs())
@settings(max_examples=80, deadline=None)
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
