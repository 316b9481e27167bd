"""Attempts that may be what ends helper processes run under one of their own."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import cloudpickle
import pytest
from agent_bench import Bench

from windlass.model.graph import Command, Resources, Task
from windlass.wire import messages as m
from windlass.wire.logs import to_text
from windlass_agent import procs
from windlass_agent.wardenlink import WardenLink
from windlass_agent.wardens import PATIENCE

pytestmark = pytest.mark.slow


def alone(bench: Bench, code: str) -> m.Key:
    return bench.give(Task("t", Command([sys.executable, "-c", code])), alone=True)[0]


def beside(bench: Bench, mark: Path) -> m.Key:
    """One that runs until the mark is there."""
    key = bench.command(f"touch {mark}.begun; until test -e {mark}; do sleep 0.01; done")
    bench.until(mark.with_name(mark.name + ".begun").exists)
    return key


KILL = "import os, signal, time; os.kill(os.getppid(), signal.SIGKILL); time.sleep(1000)"


@pytest.mark.parametrize("kind", ["command", "function"])
def test_one_that_ends_its_warden_hurts_nobody_else(bench: Bench, tmp_path: Path, kind: str) -> None:
    mark = tmp_path / "mark"
    other = beside(bench, mark)
    if kind == "command":
        key = alone(bench, KILL)
    else:
        function = bench.function(lambda: os.kill(os.getppid(), signal.SIGKILL) or time.sleep(1000))
        key = bench.give(Task("f", function), [cloudpickle.dumps(((), {}))], alone=True)[0]
    assert bench.end_of(key).outcome == "crashed"
    mark.touch()
    assert bench.end_of(other).outcome == "ok"
    assert len(bench.executor._shop.wardens.links) == 1
    assert bench.result_of(bench.call(lambda: 7)) == b"j7"


def test_others_that_end_their_warden_do_not_hurt_it(bench: Bench, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    key = alone(bench, f"import os, time\nwhile not os.path.exists({str(mark)!r}): time.sleep(0.01)")
    assert bench.end_of(bench.command([sys.executable, "-c", KILL])).outcome == "crashed"
    mark.touch()
    assert bench.end_of(key).outcome == "ok"


@pytest.mark.parametrize("kind", ["command", "function"])
def test_nothing_of_it_stays_and_nobody_waits_for_that(bench: Bench, kind: str) -> None:
    wardens = bench.executor._shop.wardens
    if kind == "command":
        key = alone(bench, "import os; print(os.getppid())")
        parent = int(to_text(bench.end_of(key).log))
    else:
        key = bench.give(Task("f", bench.function(os.getppid)), [cloudpickle.dumps(((), {}))], alone=True)[0]
        parent = int(bench.result_of(key)[1:])
    assert parent != wardens.first.process.pid
    bench.until(lambda: len(wardens.links) == 1)
    [link] = wardens._leaving
    assert link.process.pid == parent

    def gone() -> bool:
        bench.executor.sample()  # as with every heartbeat
        return not wardens._leaving

    bench.until(gone)
    assert not procs.runs(parent)


def test_one_that_never_ends_is_killed_after_a_while(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """And the agent does not wait for it."""
    wardens = bench.executor._shop.wardens
    leave = wardens.leave

    def stop_and_leave(link: WardenLink) -> None:
        link.process.send_signal(signal.SIGSTOP)
        leave(link)

    monkeypatch.setattr(wardens, "leave", stop_and_leave)
    bench.end_of(alone(bench, ""))
    [link] = wardens._leaving
    for _ in range(PATIENCE + 1):
        assert wardens._leaving
        bench.executor.sample()
    assert not wardens._leaving
    assert link.process.returncode == -signal.SIGKILL


def test_it_ends_with_the_agent(tmp_path: Path) -> None:
    bench = Bench(tmp_path, Resources(cpus=2))
    pid = tmp_path / "pid"
    alone(bench, f"import os, time\nos.symlink(str(os.getpid()), {str(pid)!r})\ntime.sleep(1000)")
    bench.until(pid.is_symlink)
    own = bench.executor._shop.wardens.links[1].process
    bench.executor.close()
    assert own.returncode is not None
    assert not procs.runs(int(pid.readlink().name))
