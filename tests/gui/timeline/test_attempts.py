"""Attempts as columns: pages of the core's record and rows of the mirror make one complete whole."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

from windlass_gui.timeline import staging
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
    assert [lane[0] for lane in bars.lanes] == [2, 1, 1], "the newest first"
    assert [bars.row(bar) for bar in range(3)] == [1, 2, 0]


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


def with_staging(rows: list[tuple[int, int, int, int, float, float, str]], into: list[float], out: list[float]) -> Any:
    found = page(rows)
    found["columns"] |= {"staged_in": np.array(into, "f4"), "staged_out": np.array(out, "f4")}
    return found


def test_staging_comes_with_pages_and_with_the_mirror_and_costs_nothing_without(make: Any) -> None:
    known = Attempts()
    known.add_page(1, **page([(0, 9, 1, 0, 0.0, 1.0, "ok")]), last=1)
    assert known.column("staged_in").tolist() == [0.0]
    assert not len(known.staged)
    known.put([make.attempt(0, 1, started=10.0), make.attempt(0, 2, started=11.0)])
    rows = [(0, 0, 1, 0, 1.0, 2.0, "ok"), (0, 1, 1, 0, 10.0, 13.0, "ok")]
    known.add_page(1, **with_staging(rows, [0.5, 0.25], [0.0, 1.0]), last=3)
    told = {
        known.key(int(at))[2]: (known.column("staged_in")[at], known.column("staged_out")[at]) for at in known.staged
    }
    assert told == {0: (0.5, 0.0), 1: (0.25, 1.0)}
    known.keep_live(1, set())  # item 2 is forgotten: what stands behind it moves
    assert sorted(known.key(int(at))[2] for at in known.staged) == [0, 1]
    known.put([make.attempt(0, 3, started=30.0, ended=31.0, state="exited", seq=9, staged_in=2.0)])
    assert sorted(known.key(int(at))[2] for at in known.staged) == [0, 1, 3]


@pytest.mark.parametrize("folds", [False, True])
def test_of_many_stagings_those_are_drawn_that_can_be_seen(folds: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """However they came, sorted in or not: the same picture as each drawn by itself."""
    rng = random.Random(3)
    monkeypatch.setattr(staging, "TAIL", 20)
    bars = Bars()
    bars.show(folds=folds)
    every: list[tuple[int, float, float]] = []
    clock = 0.0
    for last in range(1, 9):
        rows, into, out = [], [], []
        for n in range(40):
            clock += 1.0 + rng.random() + (500.0 if rng.random() < 0.01 else 0.0)
            rows.append((0, 40 * last + n, 1, n % 3, clock, clock + 0.1, "ok"))
            into.append(rng.choice([0.0, 0.0, 0.3]))
            out.append(rng.choice([0.0, 0.6, 0.02]))
            every += [(n % 3, clock - into[-1], clock), (n % 3, clock + 0.1, clock + 0.1 + out[-1])]
        bars.attempts.add_page(1, **with_staging(rows, into, out), last=40 * last)
        span = bars.span(0.0)
        assert span is not None
        assert bars.real(span[0]) == pytest.approx(every[0][1], abs=1e-6)
        first, per_pixel = span[0] + 3.0, 0.05
        drawn = staging.raster(bars, first, per_pixel, 700, 0, 3)
        assert drawn is not None
        expected = np.zeros((3, 700), bool)
        for row, begin, end in every:
            if end - begin >= per_pixel / 2:
                left, right = ((bars.fold(at) - first) / per_pixel for at in (begin, end))
                expected[row, max(0, round(left)) : max(0, min(700, round(right)))] = True
        # The rounding of 32 bit seconds may shift an edge by a pixel.
        assert np.abs((drawn > 0).sum() - expected.sum()) <= 12 * last
        assert ((drawn > 0) & ~expected).sum() <= 12 * last
    assert staging.raster(Bars(), 0.0, 1.0, 10, 0, 1) is None


def test_of_very_many_staged_attempts_only_those_in_view_are_looked_at() -> None:
    bars, many = Bars(), 100_000
    columns = page([(0, 0, 1, 0, 0.0, 0.5, "ok")])
    for last in range(1, 4):
        values = {name: np.repeat(column, many) for name, column in columns["columns"].items()}
        values["started"] = np.arange(many) + float(many * last)
        values["ended"] = values["started"] + 0.5
        values |= {"staged_in": np.full(many, 0.2, "f4"), "staged_out": np.full(many, 0.2, "f4")}
        values["slot"] = (np.arange(many) % 8).astype("u4")
        bars.attempts.add_page(1, values, columns["agents"], columns["outcomes"], last)
    found = bars.staging.within(bars.attempts, 150_000.0, 150_010.0, 0.005)
    assert 18 <= len(found.begin) <= 24
    assert not len(bars.staging.within(bars.attempts, 0.0, 1e9, 1.0).begin)
