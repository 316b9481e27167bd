"""What every contestant is asked to do, and how its times are taken.

This file runs in each peer's own environment, so it knows nothing but the standard library. A contestant's script makes
a subclass of `Contestant` and hands it to `main`; it answers with one JSON line for each work on standard output.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any

SLOTS = 2
LAYER = 100
"""Tasks in each layer of the layered graph."""


def no_op(value: Any) -> Any:
    return value


def add(one: int, other: int) -> int:
    return (one + other) % 1_000_003


def total(values: list[int]) -> int:
    return sum(values)


def true_command(_: Any = None) -> int:
    """One external program from inside of a function, for those who have no other way."""
    done = subprocess.run(["/bin/true"], capture_output=True, check=False)
    return done.returncode


def layered_result(layers: int, width: int = LAYER) -> list[int]:
    """What the last layer's tasks must give: each adds two neighbours of the layer before."""
    values = list(range(width))
    for _ in range(layers - 1):
        values = [add(values[place], values[(place + 1) % width]) for place in range(width)]
    return values


def expect(found: Any, wanted: Any) -> None:
    """A fast wrong answer is no answer."""
    if found != wanted:
        raise RuntimeError(f"wrong result: {str(found)[:80]} instead of {str(wanted)[:80]}")


class Contestant:
    """Two slots, ready when `start` returns. A work that a contestant cannot do stays as it is here."""

    name = ""

    def start(self) -> None: ...
    def stop(self) -> None: ...

    def version(self) -> str:
        """Of what was installed."""
        from importlib.metadata import version

        return version(self.name)

    def functions(self, count: int) -> None:
        """`count` calls of a function that does nothing, the results back here."""
        raise NotImplementedError

    def commands(self, count: int) -> None:
        """`count` runs of `true` with their exit codes."""
        raise NotImplementedError

    def call(self, number: int) -> None:
        """One function, and wait for its result."""
        raise NotImplementedError

    def command(self, number: int) -> None:
        """One `true`, and wait for its end."""
        raise NotImplementedError

    def chain(self, length: int) -> None:
        """Functions in a row, each getting the result of the one before."""
        raise NotImplementedError

    def fan(self, width: int) -> None:
        """One, then `width` that need it, then one that needs them all."""
        raise NotImplementedError

    def layered(self, count: int) -> None:
        """Layers of `LAYER` functions, each adding two results of the layer before."""
        raise NotImplementedError

    def command_chain(self, length: int) -> None:
        raise NotImplementedError

    def command_fan(self, width: int) -> None:
        raise NotImplementedError

    def waiting(self, count: int) -> float:
        """Bytes that the scheduler's process holds for each of `count` tasks that nobody can run."""
        raise NotImplementedError


def _seconds(work: Callable[[int], None], size: int) -> float:
    began = time.perf_counter()
    work(size)
    return time.perf_counter() - began


def measure_size(work: Callable[[int], None], size: int, repeats: int, budget: float, smaller: bool) -> dict[str, Any]:
    """The median time of `work(size)`, in about `budget` seconds: who is slower gets fewer repeats.

    `smaller`: the size may shrink too, because what counts is the rate.
    """
    trial = max(size // 20, 1)
    work(min(trial, 50))  # what is started or compiled once is no part of it
    per_one = _seconds(work, trial) / trial
    if smaller and per_one * size > budget / 3:
        size = max(int(budget / 3 / per_one), trial)
    times = [_seconds(work, size)]
    while len(times) < repeats and sum(times) + times[0] < budget:
        times.append(_seconds(work, size))
    return {"size": size, "repeats": len(times), "seconds": statistics.median(times)}


def measure_each(work: Callable[[int], None], count: int, budget: float) -> dict[str, Any]:
    """One after another: the time of each."""
    for number in range(5):
        work(number)
    times: list[float] = []
    began = time.perf_counter()
    while len(times) < count and time.perf_counter() - began < budget:
        times.append(_seconds(work, len(times)))
    times.sort()
    rank = min(len(times) - 1, int(0.99 * len(times)))
    return {"size": len(times), "repeats": 1, "p50": statistics.median(times), "p99": times[rank]}


def main(contestant: Contestant) -> None:
    """Do what the JSON of the first argument asks for: {"repeats": 5, "budget": 20, "works": {"functions": 50000}}."""
    asked = json.loads(sys.argv[1])
    budget = asked["budget"]
    _say({"version": contestant.version()})
    contestant.start()
    try:
        for name, size in asked["works"].items():
            try:
                work = getattr(contestant, name)
                if name == "waiting":
                    found: dict[str, Any] = {"size": size, "repeats": 1, "bytes": work(size)}
                elif name in ("call", "command"):
                    found = measure_each(work, size, budget)
                else:
                    found = measure_size(work, size, asked["repeats"], budget, name in ("functions", "commands"))
            except NotImplementedError:
                continue
            except Exception as error:
                traceback.print_exc()
                found = {"error": f"{type(error).__name__}: {error}"[:200]}
            _say({"work": name, **found})
    finally:
        contestant.stop()


def _say(record: dict[str, Any]) -> None:
    print("bench " + json.dumps(record), flush=True)
