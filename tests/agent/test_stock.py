"""Nothing of a run stays on the agent's disk or in its memory when the run is over."""

from __future__ import annotations

import os
import time

import cloudpickle
import pytest
from agent_bench import Bench

from windlass.model.graph import Command, Task
from windlass.wire import messages as m
from windlass_agent import stock
from windlass_agent.wardenwire import clock

LATER = stock.PATIENCE + 1


def kept(bench: Bench) -> list[str]:
    return sorted(bench.store.hashes())


def test_what_a_run_made_leaves_with_it(bench: Bench) -> None:
    files = bench.give(Task("t", Command("echo x > out.txt; seq 100000"), outputs=["out.txt"]))[0]
    large = bench.give(Task("f", bench.function(lambda: os.urandom(100_000))), [cloudpickle.dumps(((), {}))])[0]
    exit = bench.end_of(files)
    assert exit.outcome == bench.end_of(large).outcome == "ok"
    assert exit.log_ref is not None
    assert len(kept(bench)) == 4  # an output, a log, a result, and the function
    bench.executor.forget([1])
    assert kept(bench) == []


def test_a_run_that_is_over_before_its_attempts_have_ended_leaves_with_the_last_of_them(bench: Bench) -> None:
    task = Task("f", bench.function(abs))
    key = bench.command("sleep 1000")
    (other,) = bench.give(task, [cloudpickle.dumps(((-3,), {}))])
    assert bench.result_of(other) == b"j3"
    bench.executor.stop(m.Stop([key], 0.0))
    bench.executor.forget([1])
    bench.executor.tidy(clock())
    assert kept(bench) == [task.action.function]
    bench.end_of(key)
    bench.executor.tidy(clock())
    assert kept(bench) == []
    assert not bench.executor._groups
    assert not bench.executor._bundles


def test_a_run_that_goes_on_meanwhile_stays(bench: Bench) -> None:
    function = bench.function(abs)
    key = bench.command("sleep 1000")
    bench.executor.stop(m.Stop([key], 0.0))
    bench.executor.forget([1])
    again = bench.give(Task("f", function), [cloudpickle.dumps(((-3,), {}))])[0]
    bench.end_of(key)
    bench.end_of(again)
    bench.executor.tidy(clock())
    assert kept(bench) == [function.function]


def test_of_what_the_core_knows_nothing_any_more_goes_after_a_while(bench: Bench) -> None:
    """A welcome follows a HELLO, after which the core sends all bundles anew, and forgets who had them."""
    first, second = Task("a", bench.function(abs)), Task("b", bench.function(len))
    for run, task in ((1, first), (2, second)):
        (key,) = bench.give(task, [cloudpickle.dumps((([],) if run == 2 else (-3,), {}))], run=run)
        bench.end_of(key)
    bench.executor.welcome(m.Welcome(8, 1.0, 12.0, [], []))
    (key,) = bench.give(second, [cloudpickle.dumps((([1],), {}))], run=2)
    bench.end_of(key)
    bench.executor.tidy(clock())
    assert len(kept(bench)) == 2
    bench.executor.tidy(clock() + LATER)
    assert kept(bench) == [second.action.function]


def look(bench: Bench) -> None:
    """The look that comes after a while, in a thread."""
    bench.executor.tidy(clock())
    bench.executor.tidy(clock() + LATER)
    bench.until(lambda: not bench.executor._shop.worker.open)


def test_what_an_earlier_life_left_goes_when_no_run_asked_for_it(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    old, needed = (bench.store.add_bytes(data)[0] for data in (b"old", b"needed"))
    os.utime(bench.store.path(old), (0, 0))  # as a file may be that a task copied
    bench.executor._shop.stock.need(1, [needed])
    look(bench)
    bench.executor.tidy(clock() + LATER)
    assert kept(bench) == sorted([old, needed])  # both have only just become blobs
    monkeypatch.setattr(stock, "_now", lambda: time.time() + LATER)
    bench.executor.tidy(clock() + 2 * LATER)
    bench.until(lambda: not bench.executor._shop.worker.open)
    bench.executor.tidy(clock() + 2 * LATER)
    assert kept(bench) == [needed]


def test_many_go_some_at_a_time(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stock, "AT_ONCE", 2)
    monkeypatch.setattr(stock, "_now", lambda: time.time() + LATER)
    for number in range(5):
        bench.store.add_bytes(b"%d" % number)
    look(bench)
    left = []
    for _ in range(3):
        bench.executor.tidy(clock() + LATER)
        left.append(len(kept(bench)))
    assert left == [3, 1, 0]
