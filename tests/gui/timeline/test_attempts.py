"""Attempts as columns: pages of the core's record and rows of the mirror make one complete whole."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

from windlass_gui.timeline.attempts import Attempts
from windlass_gui.timeline.bars import CODES, Bars
from windlass_gui.timeline.folding import Folding


def page(rows: list[tuple[int, int, int, int, float, float, str]]) -> dict[str, Any]:
    """(task, index, attempt, slot, start, end, outcome) as the core answers."""
    columns = list(zip(*rows, strict=True))
    outcomes = sorted({row[6] for row in rows})
    return {
        "columns": {
            **{name: np.array(columns[place], "u4") for place, name in enumerate(("task", "index", "attempt", "slot"))},
            "agent": np.zeros(len(rows), "u2"),
            "outcome": np.array([outcomes.index(row[6]) for row in rows], "u1"),
            "started": np.array(columns[4]),
            "ended": np.array(columns[5]),
            "memory": np.full(len(rows), 7, "i8"),
        },
        "agents": ["desk"],
        "outcomes": outcomes,
    }


def test_a_page_takes_the_place_of_what_the_mirror_told(make: Any) -> None:
    known = Attempts()
    known.put([
        make.attempt(0, 1, started=10.0),
        make.attempt(0, 2, started=11.0, ended=12.0, state="exited", seq=8),
    ])  # fmt: skip
    known.add_page(
        1,
        **page([(0, 0, 1, 0, 1.0, 2.0, "ok"), (0, 1, 1, 0, 10.0, 13.0, "nonzero"), (0, 2, 1, 1, 11.0, 12.0, "ok")]),
        last=9,
    )
    assert known.count == 3
    at = known.find((1, 0, 1, 1))
    assert at is not None
    assert (known.column("end")[at], CODES[known.column("state")[at]]) == (13.0, "failed")
    assert not len(known.live)
    known.put([make.attempt(0, 2, started=11.0, ended=12.0, state="exited", seq=8)])
    assert known.count == 3, "what has come by a page is not told again"
    known.put([make.attempt(0, 3, started=20.0)])
    known.keep_live(1, {(0, 3, 1)})
    assert known.count == 4
    known.keep_live(1, set())
    assert known.count == 3
    assert known.find((1, 0, 0, 1)) is not None


def test_attempts_that_never_began_are_no_bars() -> None:
    known = Attempts()
    known.add_page(1, **page([(0, 0, 1, 0, np.nan, np.nan, "lost"), (0, 1, 1, 0, 3.0, np.nan, "lost")]), last=2)
    assert known.count == 1
    assert known.column("end")[0] == 3.0


@pytest.mark.parametrize("seed", range(4))
def test_the_coarse_picture_loses_no_failure(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where very many bars are in view, the picture is made of the coarse raster, and shows what the exact one does."""
    rng = random.Random(seed)
    rows, clocks = [], [0.0] * 6
    for n in range(4000):
        slot = rng.randrange(6)
        length = rng.expovariate(20.0)
        outcome = "nonzero" if rng.random() < 0.003 else "ok"
        rows.append((n % 3, n, 1, slot, clocks[slot], clocks[slot] + length, outcome))
        clocks[slot] += length + rng.random() * 0.02
    pages = page(rows)
    bars = Bars()
    bars.attempts.add_page(1, **pages, last=4000)
    span = bars.span(0.0)
    assert span is not None
    exact, _ = bars.raster(span[0], (span[1] - span[0]) / 300, 300, 0, 6, 0.0)
    monkeypatch.setattr("windlass_gui.timeline.bars.COARSE_FROM", 100)
    coarse, _ = bars.raster(span[0], (span[1] - span[0]) / 300, 300, 0, 6, 0.0)
    failed = CODES.index("failed")
    assert (exact == failed).sum() > 3
    # A pixel may hold the edge of what its neighbour holds, but nothing comes or goes.
    for row in range(6):
        for one, other in ((exact, coarse), (coarse, exact)):
            for pixel in np.flatnonzero(one[row] == failed):
                assert (other[row, max(0, pixel - 1) : pixel + 2] == failed).any()
    assert abs(int((exact > 0).sum()) - int((coarse > 0).sum())) < 120


def test_lanes_by_task_and_by_run() -> None:
    bars = Bars()
    bars.attempts.add_page(1, **page([(1, 0, 1, 0, 0.0, 1.0, "ok"), (0, 0, 1, 1, 0.0, 1.0, "ok")]), last=2)
    bars.attempts.add_page(2, **page([(0, 0, 1, 0, 2.0, 3.0, "ok")]), last=3)
    bars.show(mode="task")
    assert [bars.row(bar) for bar in range(3)] == [2, 1, 0]
    assert [lane[0] for lane in bars.lanes] == [0, 0, 1]
    bars.show(mode="run")
    assert [lane[0] for lane in bars.lanes] == [1, 1, 2]
    assert [bars.row(bar) for bar in range(3)] == [0, 1, 2]


@pytest.mark.parametrize("way", ["task", "owner", "duration", "memory"])
def test_every_way_to_colour_draws_every_bar(way: str) -> None:
    bars = Bars()
    rows = [(n % 13, n, 1, 0, float(n), n + 0.5 * (n % 4 + 1) / 4, "ok") for n in range(40)]
    bars.attempts.add_page(1, **page(rows), last=40)
    bars.owners = {1: 3}
    bars.show(way=way)
    codes, _ = bars.raster(0.0, 0.1, 400, 0, 1, 0.0)
    assert (codes > 0).sum() == (bars_drawn(rows)).sum()


def bars_drawn(rows: list[tuple[int, int, int, int, float, float, str]]) -> Any:
    bars = Bars()
    bars.attempts.add_page(1, **page(rows), last=40)
    codes, _ = bars.raster(0.0, 0.1, 400, 0, 1, 0.0)
    return codes > 0


def test_long_pauses_are_folded_and_times_stay_readable() -> None:
    bars = Bars()
    bars.attempts.add_page(
        1, **page([(0, 0, 1, 0, 0.0, 10.0, "ok"), (0, 1, 1, 0, 12.0, 20.0, "ok"), (0, 2, 1, 0, 5000.0, 5010.0, "ok")]),
        last=3,
    )  # fmt: skip
    assert bars.span(0.0) == (0.0, 5010.0)
    bars.show(folds=True)
    assert bars.pauses == [(20.0, 5000.0)]
    span = bars.span(0.0)
    assert span is not None
    assert 30.0 < span[1] < 31.0
    for moment in (0.0, 15.0, 20.0, 5000.0, 5005.0):
        assert bars.real(bars.fold(moment)) == pytest.approx(moment)
    folded = [bars.fold(moment) for moment in np.linspace(-5, 5020, 400)]
    assert (np.diff(folded) > -1e-9).all()
    assert Folding().fold(4.0) == 4.0


def test_a_million_attempts_take_some_forty_megabytes() -> None:
    known = Attempts()
    columns = page([(0, 0, 1, 0, 0.0, 1.0, "ok")])
    many = {name: np.repeat(column, 100_000) for name, column in columns["columns"].items()}
    for last in range(1, 11):
        known.add_page(1, many, columns["agents"], columns["outcomes"], last)
    assert known.count == 1_000_000
    assert sum(known.column(name).nbytes for name in known._columns) < 50e6
