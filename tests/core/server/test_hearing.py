"""When agents beat, and that nobody's silence counts while the core could not hear. On a clock of the test's own."""

from __future__ import annotations

import pytest

from windlass.server.agents import BEATS, SLOT, next_beat
from windlass.server.hearing import SLACK, Hearing


def turn(hearing: Hearing, began: float, wait: float, woke: float, all: bool = True) -> float:
    hearing.waits(began, wait)
    hearing.woke(woke)
    return hearing.listened(woke, all)


def test_waiting_is_listening() -> None:
    hearing = Hearing(0.0)
    assert turn(hearing, 0.0, 30.0, 30.01) == 0.0
    assert turn(hearing, 30.1, 30.0, 31.0) == 0.0
    assert turn(hearing, 31.1, 0.0, 31.1) == 0.0


def test_who_sleeps_longer_than_it_wanted_was_stopped() -> None:
    hearing = Hearing(0.0)
    assert turn(hearing, 0.0, 1.0, 21.0) == pytest.approx(20.0, abs=0.1)
    assert turn(hearing, 21.0, 1.0, 22.0) == 0.0


def test_a_turn_that_takes_long_hears_nothing() -> None:
    hearing = Hearing(0.0)
    assert turn(hearing, 7.0, 1.0, 7.5) == pytest.approx(7.0)
    assert turn(hearing, 7.5, 1.0, 8.5) == 0.0


def test_while_messages_are_left_to_be_taken_their_senders_are_not_silent() -> None:
    hearing = Hearing(0.0)
    deaf = now = 0.0
    while now < 5.0:
        now += 0.02
        deaf += turn(hearing, now, 0.0, now, all=False)
    assert deaf >= 5.0 - SLACK - 0.03
    assert turn(hearing, now, 0.0, now) == 0.0


def test_few_agents_beat_as_they_were_told_to() -> None:
    assert {next_beat(f"agent{n}", 17.3 * n, 20, 1.0, 12.0) for n in range(20)} == {1.0}
    assert next_beat("a", 5.0, 100_000, 0.05, 0.3) == pytest.approx(0.05)


@pytest.mark.parametrize("agents", [50, 200, 1000])
def test_many_beat_rarely_and_together_but_not_all_at_once(agents: int) -> None:
    due = {f"agent{n}": n / agents for n in range(agents)}
    beats: list[float] = []
    for _ in range(20 * agents):
        name = min(due, key=due.__getitem__)
        now = due[name] + 0.003  # the way
        beats.append(now)
        wait = next_beat(name, now, agents, 1.0, 12.0)
        assert 0.5 <= wait <= 3.0  # three of them fit into the time after which an agent counts as silent
        due[name] = now + wait
    late = [beat for beat in beats if 10.0 <= beat < 20.0]
    assert len(late) <= 10 * max(BEATS, agents / 2.0) * 1.1
    moments = {round(beat / SLOT) for beat in late}
    assert len(moments) <= 101  # together
    crowd = max(sum(1 for beat in late if round(beat / SLOT) == moment) for moment in moments)
    assert crowd <= agents / 4  # but not all
