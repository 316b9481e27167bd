"""Paths over bars: item by item where items belong together, and the same as on the canvas."""

from __future__ import annotations

import random
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from windlass_gui.runs.critical import Needs, critical_path, needs_of
from windlass_gui.runs.ends import TaskEnds, take_ends
from windlass_gui.timeline.attempts import Attempts
from windlass_gui.timeline.paths import path_bars, predecessors

Row = tuple[int, int, int, float, float]
"""Task, index, attempt, start, end."""


def columns(rows: list[Row]) -> dict[str, Any]:
    kinds = {"task": "u4", "index": "u4", "attempt": "u4", "started": "f8", "ended": "f8"}
    made = {name: np.array([row[at] for row in rows], kind) for at, (name, kind) in enumerate(kinds.items())}
    zeros = {"slot": "u4", "agent": "u2", "outcome": "u1", "memory": "i8"}
    return made | {name: np.zeros(len(rows), kind) for name, kind in zeros.items()}


def attempts(rows: list[Row], run: int = 1) -> Attempts:
    known = Attempts()
    known.add_page(run, columns(rows), ["desk"], ["ok"], len(rows))
    return known


EACH: list[Row] = [(0, 0, 1, 0, 9), (0, 1, 1, 0, 2), (1, 0, 1, 9, 10), (1, 1, 1, 2, 20)]
"""Item 1 of the second task waited for item 1 of the first only, though item 0 ended later."""


def test_an_item_waited_for_its_own_item_only_where_they_belong_together() -> None:
    known = attempts(EACH)
    last = known.find((1, 1, 1, 1))
    assert last is not None
    assert [known.key(bar)[2] for bar in predecessors(known, last, {1: [(0, True)]})] == [1]
    path = path_bars(known, 1, {1: [(0, True)]}, 99.0)
    assert [known.key(bar)[1:3] for bar in path] == [(0, 1), (1, 1)]
    whole = path_bars(known, 1, {1: [(0, False)]}, 99.0)
    assert [known.key(bar)[1:3] for bar in whole] == [(0, 0), (1, 1)]


def test_of_an_item_s_attempts_the_one_that_ended_last_is_on_the_path(make: Any) -> None:
    known = attempts([(0, 0, 1, 0, 3), (0, 0, 2, 4, 6), (1, 0, 1, 7, 8)])
    known.put([make.attempt(1, 0, 2, started=9.0), make.attempt(1, 0, 1, 2, started=1.0)])
    path = path_bars(known, 1, {1: [(0, False)]}, 20.0)
    assert [known.key(bar) for bar in path] == [(1, 0, 0, 2), (1, 1, 0, 2)]
    assert path_bars(known, 7, {}, 20.0) == []


def test_what_the_core_tells_of_needs(make: Any) -> None:
    rows = [make.task(0, id="a"), make.task(1, id="b", needs=["a"]), make.task(2, id="c", needs=["a", "b"], each=["b"])]
    assert needs_of(rows) == {0: [], 1: [(0, False)], 2: [(0, False), (1, True)]}


@given(st.integers(0, 10_000))
def test_canvas_and_timeline_show_the_same_path(seed: int) -> None:
    """The canvas has the ends as they come by pages, the timeline its bars: in any graph of arrays the same items."""
    rng = random.Random(seed)
    sizes = [rng.randint(1, 4) for _ in range(rng.randint(1, 6))]
    needs: Needs = {
        task: [
            (other, sizes[other] == size and rng.random() < 0.7) for other in range(task) if rng.random() < 0.6
        ]
        for task, size in enumerate(sizes)
    }  # fmt: skip
    rows: list[Row] = []
    clock = 0.0
    for task, size in enumerate(sizes):
        for index in range(size):
            for attempt in range(1, rng.randint(2, 4)):
                clock += rng.random()
                rows.append((task, index, attempt, clock, clock + rng.random() * 5))
    rows.sort(key=lambda row: row[4])
    ends: dict[int, TaskEnds] = {}
    for half in (rows[: len(rows) // 2], rows[len(rows) // 2 :]):
        take_ends(ends, columns(half))
    canvas = [(step.task, step.index) for step in critical_path(needs, ends, {}, 0.0, 99.0)]
    rng.shuffle(rows)
    known = attempts(rows)
    assert [known.key(bar)[1:3] for bar in path_bars(known, 1, needs, 99.0)] == canvas
    for before, after in pairwise(canvas):
        each = dict(needs[after[0]])[before[0]]
        assert not each or before[1] == after[1]


def test_a_lost_attempt_without_an_end_counts_the_same_for_both() -> None:
    rows: list[Row] = [(0, 0, 1, 5.0, np.nan), (0, 1, 1, 1.0, 2.0)]
    ends: dict[int, TaskEnds] = {}
    take_ends(ends, columns(rows))
    assert ends[0].last == pytest.approx([5.0, 2.0])
    known = attempts(rows)
    assert [known.key(bar)[2] for bar in path_bars(known, 1, {}, 9.0)] == [0]
