"""The clock that is never set: what happens to the wall clock changes nothing that is counted."""

from __future__ import annotations

import pytest

from windlass.wire import clock
from windlass.wire.clock import RATE, Clock


class Machine:
    """A wall clock that people set, and a steady one that they cannot."""

    def __init__(self) -> None:
        self.wall = 1_700_000_000.0
        self.steady = 5_000.0

    def passes(self, seconds: float) -> None:
        self.wall += seconds
        self.steady += seconds

    def clock(self) -> Clock:
        return Clock(lambda: self.wall, lambda: self.steady)


def test_it_goes_with_the_wall_clock() -> None:
    machine = Machine()
    ours = machine.clock()
    for _ in range(100):
        machine.passes(0.37)
        assert ours.now() == pytest.approx(machine.wall, abs=1e-6)
    assert ours.take_step() == 0.0


@pytest.mark.parametrize("set_by", [3 * 3600.0, -3 * 3600.0, 86400.0 * 365])
def test_a_step_is_told_once_and_moves_nothing(set_by: float) -> None:
    machine = Machine()
    ours = machine.clock()
    machine.passes(1.0)
    before = ours.now()
    machine.wall += set_by
    assert ours.now() == before
    machine.passes(10.0)
    after = ours.now()
    assert after - before == pytest.approx(10.0, abs=10.0 * RATE + 1e-6)
    assert ours.take_step() == pytest.approx(set_by)
    for _ in range(50):
        machine.passes(1.0)
        ours.now()
    assert ours.take_step() == 0.0
    machine.wall -= set_by
    machine.passes(1.0)
    ours.now()
    assert ours.take_step() == pytest.approx(-set_by, abs=1.0)


def test_it_follows_slowly_until_both_agree() -> None:
    machine = Machine()
    ours = machine.clock()
    machine.wall += 60.0
    last = ours.now()
    seconds = 0
    while abs(machine.wall - ours.now()) > 1e-6:
        machine.passes(1.0)
        now = ours.now()
        assert 1 - RATE - 1e-9 <= now - last <= 1 + RATE + 1e-6
        last, seconds = now, seconds + 1
    assert seconds == pytest.approx(60 / RATE, rel=0.02)
    assert abs(ours.behind) < 1e-6


def test_it_never_goes_back_even_with_a_steady_clock_that_does() -> None:
    machine = Machine()
    ours = machine.clock()
    machine.passes(5.0)
    before = ours.now()
    machine.steady -= 3.0
    assert ours.now() == before


def test_a_child_counts_as_its_parent_does(monkeypatch: pytest.MonkeyPatch) -> None:
    before = clock.zero()
    monkeypatch.setattr(clock, "_zero", before)
    clock.anchor(before - 3600.0)
    early = clock.epoch()
    clock.anchor(float(repr(before)))
    assert clock.epoch() - early == pytest.approx(3600.0, abs=5.0)
