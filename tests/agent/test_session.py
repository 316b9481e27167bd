"""The lease, on a clock of the test's own."""

from __future__ import annotations

from itertools import pairwise

import pytest

from windlass_agent.session import SILENCE, Do, Session, State


def up(now: float = 0.0) -> Session:
    session = Session(now, lambda: 0.5)
    assert session.tick(now) == [Do.OPEN, Do.HELLO]
    session.heard(now)
    session.welcomed(3, 1.0, 12.0, now)
    return session


def test_it_beats_once_a_second_and_sleeps_between() -> None:
    session = up()
    beats = 0
    now = 0.0
    for _ in range(10):
        todo = session.tick(now)
        assert todo in ([], [Do.BEAT])
        if todo:
            beats += 1
            session.heard(now)
            assert session.alive(now)
        now = session.next_deadline()
    assert beats == 10
    assert now == pytest.approx(10.0)


def test_the_lease_counts_from_the_heartbeat_not_from_its_answer() -> None:
    session = up()
    session.tick(0.0)
    session.tick(1.0)
    session.heard(4.0)
    session.alive(4.0)
    assert session.lease_until == 12.0
    session.alive(4.0)
    assert session.lease_until == 13.0
    assert not session.alive(4.0)  # nothing was asked


def test_a_silent_link_is_made_anew_while_the_lease_runs() -> None:
    session = up()
    session.tick(0.0)
    assert session.tick(SILENCE + 0.1) == [Do.CLOSE]
    assert session.state is State.APART
    assert session.lease_until == 12.0
    assert session.tick(session.next_deadline()) == [Do.OPEN, Do.HELLO]


def test_one_that_slept_through_its_lease_stops_everything_first() -> None:
    session = up()
    session.tick(0.0)
    todo = session.tick(1000.0)
    assert todo[0] is Do.EXPIRE
    assert Do.BEAT not in todo
    assert session.lease_until is None


def test_it_tries_for_ever_and_ever_more_rarely() -> None:
    session = Session(0.0, lambda: 0.5)
    now, opens = 0.0, []
    for _ in range(60):
        todo = session.tick(now)
        if Do.OPEN in todo:
            opens.append(now)
        now = session.next_deadline()
    gaps = [b - a for a, b in pairwise(opens)]
    assert gaps == sorted(gaps)
    assert gaps[-1] <= 8 + 5 + 1e-6
    assert len(opens) > 20


def test_who_are_you_is_answered_but_not_twice_at_once() -> None:
    session = up()
    assert session.who_are_you(5.0)
    assert not session.who_are_you(5.1)
    assert session.who_are_you(6.0)


def test_refused_waits_long() -> None:
    session = up()
    session.refused(1.0)
    assert session.tick(2.0) == []
    assert session.next_deadline() == pytest.approx(9.0)


def test_the_core_says_when_it_wants_the_next_heartbeat() -> None:
    session = up()
    assert session.tick(0.0) == [Do.BEAT]
    session.heard(0.1)
    assert session.alive(0.1, 2.5)
    assert session.next_deadline() == pytest.approx(2.6)
    assert session.tick(2.6) == [Do.BEAT]
    session.heard(2.7)
    assert session.alive(2.7)  # and if it says nothing, all is as before
    assert session.tick(3.6) == [Do.BEAT]


def test_a_heartbeat_that_would_endanger_the_lease_is_not_put_off() -> None:
    session = up()
    session.tick(0.0)
    session.heard(0.0)
    assert session.alive(0.0, 8.0)
    assert session.next_deadline() == pytest.approx(1.0)


def test_who_beats_less_often_is_patient_in_proportion() -> None:
    session = up()
    session.tick(0.0)
    session.heard(0.0)
    session.alive(0.0, 2.0)
    assert session.tick(2.0) == [Do.BEAT]
    assert session.tick(6.0) == [Do.BEAT]
    assert session.state is State.TOGETHER
