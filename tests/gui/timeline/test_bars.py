"""The arrays behind the timeline: what falls on which pixel, for a few bars and for very many."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

from windlass_gui.timeline import Bars
from windlass_gui.timeline.bars import CODES
from windlass_gui.timeline.picture import stamp

OK, STOPPED, ACTIVE, FAILED = (CODES.index(name) for name in ("succeeded", "cancelled", "active", "failed"))


def ended(make: Any, index: int, start: float, end: float, slot: int = 0, **more: Any) -> Any:
    base = {"state": "exited", "started": start, "ended": end, "slot": slot}
    return make.attempt(0, index, **(base | more))


def test_lanes_stand_by_agent_and_slot(make: Any) -> None:
    bars = Bars()
    bars.put([ended(make, 0, 1, 2, 1), ended(make, 1, 1, 2, 0), ended(make, 2, 1, 2, 0, agent="b", agent_name="atlas")])
    assert [bars.row(bar) for bar in range(3)] == [2, 1, 0]
    lanes = [(bars.attempts.agents[agent], slot) for _, agent, slot in bars.lanes]
    assert lanes == [("atlas", 0), ("desk", 0), ("desk", 1)]
    bars.put([make.attempt(0, 9, started=None, state="assigned")])
    assert bars.count == 3, "what has not begun is no bar"


def test_a_running_bar_grows_and_then_ends(make: Any) -> None:
    bars = Bars()
    bars.put([make.attempt(0, 0, started=10.0)])
    assert bars.live
    assert bars.span(25.0) == (10.0, 25.0)
    codes, _ = bars.raster(0.0, 1.0, 40, 0, 1, now=25.0)
    assert set(codes[0, 11:25]) == {ACTIVE}
    assert not codes[0, 25:].any()
    bars.put([ended(make, 0, 10.0, 12.0, outcome="nonzero")])
    assert (bars.count, bars.live, bars.span(25.0)) == (1, False, (10.0, 12.0))
    assert bars.state(0) == "failed"


def test_a_failure_is_seen_among_thousands(make: Any) -> None:
    bars = Bars()
    rows = [ended(make, n, n * 0.01, n * 0.01 + 0.009) for n in range(5000)]
    rows[2500] = ended(make, 2500, 25.0, 25.009, outcome="nonzero", attempt=2)
    bars.put(rows)
    codes, retries = bars.raster(0.0, 1.0, 50, 0, 1, now=99.0)
    assert codes[0, 25] == FAILED
    assert set(codes[0, :25]) == {OK}
    assert retries[0].nonzero()[0].tolist() == [25]


def test_wide_bars_keep_a_gap(make: Any) -> None:
    bars = Bars()
    bars.put([ended(make, 0, 0, 10), ended(make, 1, 10, 20)])
    codes, _ = bars.raster(0.0, 1.0, 20, 0, 1, now=99.0)
    assert codes[0].tolist() == [0] + [OK] * 9 + [0] + [OK] * 9
    codes, _ = bars.raster(0.5, 1.0, 20, 0, 1, now=99.0)
    assert codes[0, 0] == OK, "what began before the picture has no gap"
    bars.put([ended(make, 2, 20.2, 30.7), ended(make, 3, 30.7001, 40)])
    codes, _ = bars.raster(0.0, 1.0, 40, 0, 1, now=99.0)
    assert codes[0].nonzero()[0].tolist() == [n for n in range(40) if n not in (0, 10, 20, 30)]


@pytest.mark.parametrize("seed", range(10))
def test_the_raster_is_what_one_bar_at_a_time_gives(make: Any, seed: int) -> None:
    rng = random.Random(seed)
    bars, rows, clock = Bars(), [], [0.0] * 4
    for n in range(300):
        slot = rng.randrange(4)
        length = rng.choice([0.001, 0.05, 0.4, 3.0])
        outcome = rng.choice(["ok", "ok", "stopped", "nonzero"])
        rows.append(ended(make, n, clock[slot], clock[slot] + length, slot, outcome=outcome))
        clock[slot] += length + rng.random() * 0.2
    bars.put(rows)
    first, per_pixel, width = rng.random() * 20, rng.choice([0.01, 0.1, 1.0]), 200
    codes, _ = bars.raster(first, per_pixel, width, 1, 4, now=999.0)
    painted = np.zeros((3, width), np.uint8)
    value_of = {"ok": OK, "stopped": STOPPED, "nonzero": FAILED}
    gaps = []
    for thin in (False, True):
        for at in gaps:
            painted[at] = 0
        for row in sorted(rows, key=lambda row: value_of[row.outcome]):
            if row.slot == 0 or row.ended < first or row.started > first + per_pixel * width:
                continue
            left = int(np.clip((row.started - first) / per_pixel, 0, width - 1))
            right = max(left + 1, int(np.clip(np.ceil((row.ended - first) / per_pixel), 1, width)))
            if (right - left <= 1) == thin:
                value = value_of[row.outcome]
                painted[row.slot - 1, left:right] = max(value, painted[row.slot - 1, left]) if thin else value
                if right - left >= 4 and row.started >= first:
                    gaps.append((row.slot - 1, left))
    assert (codes == painted).all()


def test_what_is_under_a_point(make: Any) -> None:
    bars = Bars()
    bars.put([ended(make, 0, 1, 2), ended(make, 1, 2.5, 3, outcome="nonzero"), ended(make, 2, 1, 9, slot=1)])
    assert bars.at(1.5, 0, 0.1, 99.0) == 0
    assert bars.at(2.45, 0, 0.1, 99.0) == 1
    assert bars.at(2.2, 0, 0.1, 99.0) is None
    assert bars.at(8.0, 1, 0.1, 99.0) == 2
    assert bars.at(8.0, 7, 0.1, 99.0) is None


def test_marks_of_the_axis_are_as_exact_as_their_step() -> None:
    moment = 1_800_000_000.0
    assert stamp(moment, 60).count(":") == 1
    assert stamp(moment, 1).count(":") == 2
    assert stamp(moment + 0.25, 0.01).endswith(".25")
    assert stamp(moment + 0.999999, 0.1) == stamp(moment + 1, 1)
