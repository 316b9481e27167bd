"""How often things are done while news comes, on a clock of the test's own."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QApplication

from windlass_gui.paced import SHARE, Paced

pytestmark = pytest.mark.paced


class World:
    def __init__(self, cost: float) -> None:
        self.time, self.cost, self.done = 50.0, cost, list[float]()
        self.paced = Paced(lambda: self.done.append(self.time), lambda: self.cost, 0.1, 0.5, clock=lambda: self.time)

    def news(self, seconds: float) -> None:
        """News each 10 ms, and the timer goes off when it is due by this clock."""
        end, due = self.time + seconds, None
        while self.time < end:
            self.paced.soon()
            if self.paced.waiting and due is None:
                due = self.time + self.paced._timer.interval() / 1000
            if due is not None and self.time >= due - 1e-9:
                due = None
                self.paced.now()
            self.time += 0.01


@pytest.mark.parametrize(("cost", "a_second"), [(0.0, 10), (0.002, 10), (0.004, 5), (1.0, 2)])
def test_what_costs_more_is_done_less_often(qapp: QApplication, cost: float, a_second: int) -> None:
    world = World(cost)
    world.news(4.0)
    assert 4 * a_second * 0.85 <= len(world.done) <= 4 * a_second + 1
    if cost / SHARE < 0.5:
        assert cost * len(world.done) <= SHARE * 4.0 * 1.3 or cost == 0.0


def test_after_a_quiet_time_it_is_done_at_once(qapp: QApplication) -> None:
    world = World(1.0)
    world.paced.soon()
    assert world.done == [50.0]
    world.time += 0.6
    world.paced.soon()
    assert world.done == [50.0, 50.6]
    world.paced.soon()
    assert world.paced.waiting
    assert len(world.done) == 2
    world.paced.stop()
    assert not world.paced.waiting


def test_what_goes_on_without_news_is_never_done_at_once(qapp: QApplication) -> None:
    world = World(0.0)
    world.paced.again()
    assert world.paced.waiting
    assert not world.done
