"""Dragging in the queue: the priorities that come of it give the order that was wanted, and disturb nobody else."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from windlass_gui.models.queue import moved


@given(st.data())
def test_the_order_is_the_wanted_one(data: st.DataObject) -> None:
    priorities = data.draw(st.lists(st.integers(-3, 3), min_size=1, max_size=8))
    order = list(enumerate(sorted(priorities, reverse=True)))
    runs = data.draw(st.sets(st.integers(0, len(order) - 1), min_size=1))
    before = data.draw(st.none() | st.sampled_from([run for run, _ in order]))
    new = dict(order) | moved(order, runs, before)
    chosen = [run for run, _ in order if run in runs and run != before]
    rest = [run for run, _ in order if run not in chosen]
    place = rest.index(before) if before is not None else len(rest)
    if not chosen or not rest:
        return
    assert len({new[run] for run in chosen}) == 1
    level = new[chosen[0]]
    assert all(new[run] > level for run in rest[:place])
    assert all(new[run] < level for run in rest[place:])
    was = dict(order)
    assert all(new[run] == was[run] for run in rest[place:]), "who stands below is left alone"
    for first, second in pairwise(rest):
        if first in rest[:place] and second in rest[:place]:
            assert (new[first] > new[second]) == (was[first] > was[second])


def test_nothing_moves_where_nothing_should() -> None:
    assert moved([(1, 0)], {1}, None) == {}
    assert moved([(1, 5), (2, 0)], {1}, 1) == {}
    assert moved([(1, 5), (2, 3), (3, 0)], {3}, 2) == {3: 4}
    assert moved([(1, 0), (2, 0), (3, 0)], {3}, 2) == {3: 1, 1: 2}
