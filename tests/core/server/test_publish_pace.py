"""How often news is told, on virtual time."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from windlass.server.publish import BURST, BUSY_INTERVAL, INTERVAL, PLAIN, PROMPT, Publisher
from windlass.wire import codec
from windlass.wire.rows import Counts, RunRow


class Runs(dict[int, str]):
    """Runs by their state."""

    def told(self, run: int) -> str:
        return self[run]

    def row(self, run: int) -> RunRow:
        return RunRow(run, "r", "me", self[run], 0, 0.0, None, Counts())

    def newest(self, *, hidden: bool) -> list[RunRow]:
        return [self.row(run) for run in self]


class Rows(list[tuple[Any, ...]]):
    """Ends that count how often somebody looked at them."""

    looks = 0

    def first(self, most: int) -> list[tuple[Any, ...]]:
        self.looks += 1
        return self[:most]


class Follower:
    """A connection, as far as the publisher looks."""

    tells = False

    def __init__(self) -> None:
        self.topics, self.queue = set[str](), list[bytes]()


class World:
    """A publisher whose one follower of "runs" notes when it was told something."""

    def __init__(self) -> None:
        self.now, self.told = 100.0, list[float]()
        links = SimpleNamespace(send_frames=lambda _connection, frames: self._sent(frames))
        core = SimpleNamespace(runs=Runs({1: "running"}), links=links, when_durable=lambda send: send(), agents={})
        self.core = core
        self.publisher = Publisher(cast(Any, core))
        self.follower = Follower()
        self.publisher.subscribe(cast(Any, self.follower), ["runs"])
        self.told.clear()

    def _sent(self, frames: list[bytes]) -> None:
        assert codec.decode(frames)[0].topic == "runs"
        self.told.append(self.now)

    def go_on(self, seconds: float, rate: float) -> list[float]:
        """Items change at this rate, a thousand turns of the loop a second; when something was told."""
        self.told.clear()
        changed, end = 0.0, self.now + seconds
        while self.now < end:
            self.now += 0.001
            changed += rate / 1000
            if changed >= 1:
                self.publisher.items(1, 0, [(0, int(changed))])
                changed -= int(changed)
            self.publisher.tick(self.now)
        return list(self.told)


@pytest.mark.parametrize(("rate", "a_second"), [(100, 20), (400, 20), (1000, 2.5), (100_000, 2.5)])
def test_what_nobody_can_read_is_told_less_often(rate: int, a_second: float) -> None:
    world = World()
    world.go_on(1.0, rate)
    assert a_second * 2 * 0.9 <= len(world.go_on(2.0, rate)) <= a_second * 2 * 1.05


def test_it_is_quick_again_as_soon_as_the_rush_is_over() -> None:
    world = World()
    world.go_on(1.0, 50_000)
    world.go_on(2 * BUSY_INTERVAL, 100)  # one more pause may have begun with its last items
    assert len(world.go_on(1.0, 100)) >= 18


def test_the_first_news_after_a_quiet_time_waits_for_nothing() -> None:
    world = World()
    world.go_on(1.0, 50_000)
    world.go_on(1.0, 0)
    began = world.now
    world.publisher.items(1, 0, [(0, 50_000)])
    assert world.go_on(0.1, 0)[0] - began <= 0.0011


@pytest.mark.parametrize("how", ["ended", "asked"])
def test_an_end_and_what_somebody_asked_for_are_told_at_once_in_the_rush_too(how: str) -> None:
    world = World()
    world.go_on(1.0, 50_000)
    while not world.go_on(0.001, 50_000):
        pass
    assert not world.go_on(0.02, 50_000), "in the middle of a long pause"
    began = world.now
    if how == "ended":
        world.core.runs[1] = "succeeded"
        world.publisher.run(1)
    else:
        world.publisher.hurry()
    assert world.go_on(0.05, 50_000)[0] - began <= PROMPT
    assert BUSY_INTERVAL > 2 * INTERVAL


def test_of_a_short_run_all_successes_are_told_and_of_a_long_rush_some() -> None:
    world = World()
    world.go_on(1.0, 50_000)
    world.publisher._followed = frozenset({1})
    publisher = world.publisher
    row = cast(Any, Rows((0, 1, 0, n, 1, "a") for n in range(900)))
    publisher.packed(1, "a", row)
    assert (len(publisher._news[1].attempts), publisher._news[1].shed) == (900, 0)
    publisher.packed(1, "a", row)
    assert (len(publisher._news[1].attempts), publisher._news[1].shed) == (BURST, 800)
    looked = row.looks
    publisher.packed(1, "a", row)
    assert row.looks == looked, "what is only counted is not taken apart"
    publisher._news.clear()
    publisher._followed = frozenset()
    before = publisher._room
    world.go_on(0.5, 50_000)
    assert publisher._room - before == pytest.approx(PLAIN * 0.5, abs=PLAIN * BUSY_INTERVAL)


def test_of_commands_all_failures_are_told_and_successes_as_far_as_there_is_room() -> None:
    world = World()
    publisher = world.publisher
    publisher._followed = frozenset({1})
    ends = [(n, 1, 0, n, 1, "a", 2, "nonzero" if n % 10 == 0 else "ok") for n in range(2 * BURST)]
    publisher.attempts(cast(Any, ends))
    news = publisher._news[1]
    failed = [row for row in news.attempts if row[7] == "nonzero"]
    assert len(failed) == BURST // 5
    assert len(news.attempts) - len(failed) == BURST
    assert len(news.attempts) + news.shed == 2 * BURST
