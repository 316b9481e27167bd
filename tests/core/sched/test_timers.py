"""Timers of attempts that have ended are taken out; those of others are not."""

from __future__ import annotations

import pytest
from turns import Bench

from windlass.sched import Config, book
from windlass.sched import events as e
from windlass.sched.events import TaskPlan


def test_timeouts_of_what_has_ended_do_not_gather(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a timeout of a day, a day's attempts would each leave one."""
    monkeypatch.setattr(book, "TIMERS", 20)
    bench = Bench()
    bench.submit(TaskPlan("t", count=300, timeout=86400.0))
    bench.agent(cpus=3)
    most = 0
    while ids := [view.id for view in bench.scheduler.live()]:
        bench.started(*ids)
        for id in ids:
            bench.exit(id)
        most = max(most, len(bench.scheduler._book.timers))
    assert bench.scheduler.run_view(1).state == "succeeded"
    assert most <= 50


def test_a_timeout_stays_while_its_attempt_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(book, "TIMERS", 1)
    bench = Bench(Config(timeout_slack=1.0))
    bench.submit(TaskPlan("t", count=4, timeout=2.0))
    bench.agent(cpus=4)
    gone, *rest = bench.ids()
    bench.started(gone, *rest)
    bench.exit(gone)
    seen = bench.wait(3.5)
    assert {id for effect in seen if isinstance(effect, e.StopAttempts) for id in effect.items} == set(rest)
