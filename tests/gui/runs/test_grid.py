"""Grids, badges and the critical path: plain arrays in, plain answers out."""

from __future__ import annotations

import doctest

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from windlass_gui.look.theme import ITEM_STATES
from windlass_gui.runs import badges, grid
from windlass_gui.runs.critical import critical_path
from windlass_gui.runs.ends import TaskEnds

FAILED, OK, ACTIVE = (ITEM_STATES.index(state) for state in ("failed", "succeeded", "active"))


@given(st.integers(1, 3_000_000), st.integers(1, 40))
def test_a_grid_has_room_for_every_item_and_no_more_rows_than_allowed(items: int, rows: int) -> None:
    shape = grid.shape(items, 196, rows)
    assert shape.rows <= rows
    assert shape.columns * shape.rows >= shape.cells
    assert shape.cells * shape.each >= items > (shape.cells - 1) * shape.each


@given(st.lists(st.sampled_from(range(len(ITEM_STATES))), min_size=1, max_size=300), st.integers(1, 20))
def test_a_cell_never_hides_the_worst_of_its_items(states: list[int], each: int) -> None:
    array = np.array(states, np.uint8)
    cells = grid.cell_states(array, None, each)
    for cell, state in enumerate(cells.tolist()):
        of = array[cell * each : (cell + 1) * each]
        assert state in of
        assert grid.RANK[state] == grid.RANK[of].min()


def test_orders() -> None:
    states = np.array([OK, FAILED, ACTIVE, OK], np.uint8)
    assert grid.arrange("index", states) is None
    by_state = grid.arrange("state", states)
    assert by_state is not None
    assert by_state.tolist() == [1, 2, 0, 3]
    by_time = grid.arrange("duration", states, np.array([1.0, np.nan, 5.0]))
    assert by_time is not None
    assert by_time.tolist()[:2] == [2, 0]  # the longest first, what is not known last
    assert grid.arrange("duration", states, None) is None


def test_what_lies_under_a_point_is_what_a_click_opens() -> None:
    states = np.full(1000, OK, np.uint8)
    states[777] = FAILED
    shape = grid.shape(1000, 196, 3)
    assert shape.each > 1
    cells = grid.cell_states(states, None, shape.each)
    cell = int(np.flatnonzero(cells == FAILED)[0])
    x, y = cell % shape.columns * grid.CELL + 2, cell // shape.columns * grid.CELL + 2
    assert grid.cell_at(shape, x, y) == cell
    assert grid.telling_item(grid.items_of(shape, None, cell), states) == 777
    assert grid.cell_at(shape, -1, 0) is None
    assert grid.cell_at(shape, 0, shape.height + 1) is None
    last = shape.cells  # the last row may have room for more cells than there are
    if last < shape.columns * shape.rows:
        assert grid.cell_at(shape, last % shape.columns * grid.CELL, last // shape.columns * grid.CELL) is None


def test_the_picture_has_gaps_and_lights_one_cell() -> None:
    palette = np.arange(1, len(ITEM_STATES) + 2, dtype=np.uint32)
    cells = np.array([OK, FAILED, ACTIVE], np.uint8)
    pixels = grid.picture(cells, 2, 2, palette, mark=2)
    assert pixels.shape == (14, 14)
    assert (pixels[0, 0], pixels[0, 7], pixels[7, 0], pixels[7, 7]) == (palette[OK], palette[FAILED], palette[-1], 0)
    assert not pixels[6].any()
    assert not pixels[:, 6].any()


def test_badges_that_would_cover_each_other_become_one() -> None:
    assert doctest.testmod(badges).failed == 0
    points = np.array([[10.0, 10.0], [12.0, 11.0], [400.0, 10.0]])
    joined = sorted(badges.join(points, np.array([1, 2, 4])), key=lambda badge: badge.x)
    assert [(badge.items, badge.tasks) for badge in joined] == [(3, 2), (4, 1)]
    many = np.random.default_rng(1).uniform(0, 1000, (100_000, 2))
    found = badges.join(many, np.ones(100_000, np.int64))
    assert sum(badge.items for badge in found) == 100_000
    assert len(found) < 700
    assert badges.join(np.zeros((0, 2)), np.zeros(0, np.int64)) == []


def ends(*rows: tuple[float, float]) -> TaskEnds:
    made = TaskEnds.empty()
    times = np.array(rows)
    made.take(np.arange(len(rows)), times[:, 0], times[:, 1], np.zeros(len(rows)))
    return made


def test_the_path_goes_back_to_what_ended_last_item_by_item() -> None:
    needs = {1: [(0, False)], 2: [(1, True)], 3: [(0, False), (2, False)]}
    of = {0: ends((1, 2)), 1: ends((2, 9), (3, 5)), 2: ends((9, 10), (5, 20)), 3: ends((21, 22))}
    path = critical_path(needs, of, {}, 0.0, 99.0)
    assert [(step.task, step.index) for step in path] == [(0, 0), (1, 1), (2, 1), (3, 0)]
    assert [step.waited for step in path] == pytest.approx([1, 1, 0, 1])
    running = critical_path(needs, {0: of[0]}, {1: [(1, 3.0), (0, 2.5)]}, 0.0, 50.0)
    assert [(step.task, step.index, step.ended) for step in running] == [(0, 0, 2.0), (1, 0, 50.0)]
    assert critical_path(needs, {}, {}, 0.0, 1.0) == []


def test_of_several_attempts_the_first_begin_and_the_last_end_count() -> None:
    made = TaskEnds.empty()
    made.take(np.array([0, 0]), np.array([1.0, 5.0]), np.array([2.0, 9.0]), np.array([10, 30]))
    made.take(np.array([2]), np.array([3.0]), np.array([4.0]), np.array([1]))
    assert (made.first[0], made.last[0], made.seconds[0], made.memory[0]) == (1.0, 9.0, 4.0, 30.0)
    assert np.isnan(made.first[1])
