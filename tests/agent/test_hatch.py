"""Runners are copies of the warden: they must have nothing of it, and be there at once."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import cloudpickle
from agent_bench import Bench

from windlass.model.graph import Task
from windlass.wire.results import decode_result
from windlass_agent import procs


def ask(bench: Bench, function: Any, run: int = 1) -> Any:
    key = bench.give(Task("f", bench.function(function)), [cloudpickle.dumps(((), {}))], run=run)[0]
    return decode_result(bench.result_of(key))


def test_it_has_its_own_descriptors_and_no_others(bench: Bench) -> None:
    def look() -> list[str]:
        found = []
        for fd in os.listdir("/proc/self/fd"):
            with contextlib.suppress(FileNotFoundError):  # that of the listing itself
                found.append(os.readlink(f"/proc/self/fd/{fd}").split(":")[0])
        return sorted(found)

    # The standard ones among the pipes are held twice; the shared memory is held by its mapping too.
    expected = ["/dev/null", *["/memfd"] * 2, *["pipe"] * 8]
    assert ask(bench, look) == expected


def test_it_looks_like_a_fresh_python(bench: Bench) -> None:
    def look() -> dict[str, Any]:
        import __main__

        return {
            "main": [name for name in vars(__main__) if not name.startswith("__")],
            "signals": [str(signal.getsignal(n)) for n in (signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD)],
            "masked": sorted(signal.pthread_sigmask(signal.SIG_BLOCK, [])),
            "cwd": os.getcwd() == sys.path[0] and os.getcwd() == os.path.realpath(os.getcwd()),
            "session": os.getsid(0) == os.getpid(),
            "argv": sys.argv,
        }

    seen = ask(bench, look)
    assert (
        seen
        == {
            "main": [],
            "signals": ["Handlers.SIG_DFL"] * 3,
            "masked": [],
            "cwd": True,
            "session": True,
            "argv": ["windlass-runner"],
        }
        or seen["signals"] == ["0"] * 3
    )


def test_it_is_named_and_known_by_its_spawn(bench: Bench) -> None:
    pid, spawn = ask(bench, lambda: (os.getpid(), os.environ["WINDLASS_SPAWN"]))
    assert Path(f"/proc/{pid}/cmdline").read_bytes().rstrip(b"\0") == b"windlass-runner"
    assert procs.environ_has(pid, b"WINDLASS_SPAWN=" + spawn.encode())
    assert not procs.environ_has(pid, b"WINDLASS_SPAWN=" + spawn.encode() + b"0")


def test_runs_do_not_see_each_others_state(bench: Bench) -> None:
    def leave() -> int:
        sys.modules["left_behind"] = sys
        os.environ["LEFT_BEHIND"] = "1"
        return os.getpid()

    def look() -> tuple[int, bool, bool]:
        return os.getpid(), "left_behind" in sys.modules, "LEFT_BEHIND" in os.environ

    first = ask(bench, leave, run=1)
    second, module, variable = ask(bench, look, run=2)
    assert (first != second, module, variable) == (True, False, False)


def test_random_numbers_differ_between_runners(bench: Bench) -> None:
    def draw() -> float:
        import random

        return random.random()

    assert len({ask(bench, draw, run=run) for run in range(1, 5)}) == 4


def test_a_successor_of_a_dead_runner_is_there_at_once(bench: Bench) -> None:
    def work(n: int) -> tuple[int, str]:
        if n == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        return os.getpid(), subprocess.check_output(["echo", "works"]).decode()

    task = Task("f", bench.function(work))
    keys = bench.give(task, [cloudpickle.dumps(((n,), {})) for n in range(12)])
    exits = [bench.end_of(key) for key in keys]
    assert [exit.outcome for exit in exits] == ["ok", "signal"] + ["ok"] * 10
    after = [exit.started for exit in exits if exit.started > exits[1].ended]
    took = min(after, default=time.time()) - exits[1].ended
    assert took < 5.0, "far more than it takes, for a busy machine: bench.agent_micro measures"
