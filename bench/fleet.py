"""Many real agents on one machine, and what a process has used: for the measurements of how cost grows."""

from __future__ import annotations

import multiprocessing
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from types import FrameType
from typing import Any

import psutil

from bench.measure import percentile
from windlass.client.api import Client
from windlass.client.embedded import EmbeddedCore
from windlass.wire import messages as m

GROUP = 10
"""Agents that are started at a time."""
AGENT_MEMORY = 70 * 2**20
"""Bytes that an agent, its warden and a runner take together, at most."""
NICE = 10


def cpu_seconds(pid: int) -> float:
    """CPU time of all threads of a process, system time included, to the nanosecond."""
    return sum(int((task / "schedstat").read_text().split()[0]) for task in Path(f"/proc/{pid}/task").iterdir()) / 1e9


def rss(pid: int) -> int:
    return int(psutil.Process(pid).memory_info().rss)


class Census:
    """The states of all agents as the core tells them, and each time one was not up."""

    def __init__(self, client: Client) -> None:
        self._changed = threading.Condition()
        self.up: set[str] = set()
        self.lapses = 0
        """How many times an agent was told to be anything but up since the last `forget`."""
        client.link.subscribe(["agents"], self._follow)

    def _follow(self, message: m.Snapshot | m.Delta) -> None:
        with self._changed:
            if isinstance(message, m.Snapshot):
                self.up.clear()
            for row in message.data.get("agents", ()):
                if row["state"] == "up":
                    self.up.add(row["id"])
                else:
                    self.up.discard(row["id"])
                    self.lapses += 1
            self._changed.notify_all()

    def wait(self, count: int, seconds: float) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: len(self.up) >= count, seconds)

    def forget(self) -> None:
        with self._changed:
            self.up.clear()
            self.lapses = 0


class Probe:
    """A program of its own that asks the core for GetInfo ten times a second, as a person who looks would."""

    def __init__(self, core: EmbeddedCore, every: float = 0.1) -> None:
        self.took: list[float] = []
        """Seconds until each answer."""
        context = multiprocessing.get_context("spawn")
        self._ours, theirs = context.Pipe()
        self._process = context.Process(target=_ask, args=(core.endpoint, core.public, core.home, every, theirs))

    def __enter__(self) -> Probe:
        self._process.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._ours.send(None)
        self.took = self._ours.recv() if self._ours.poll(60) else []
        self._process.join(10)
        self._process.kill()

    def __str__(self) -> str:
        ms = [1000 * took for took in self.took] or [0.0]
        return f"p50 {percentile(ms, 0.5):.1f}, p99 {percentile(ms, 0.99):.1f}, worst {max(ms):.0f} ms"


def _ask(endpoint: str, public: str, home: Path, every: float, end: Connection) -> None:
    took = []
    with Client(endpoint, core_key=public, home=home) as client:
        while not end.poll(every):
            began = time.perf_counter()
            client.info()
            took.append(time.perf_counter() - began)
    end.send(took)


@contextmanager
def fleet(*, cpus: float) -> Iterator[EmbeddedCore]:
    """A core without agents, and every process gone afterwards, on Ctrl-C and SIGTERM too."""

    def end(number: int, frame: FrameType | None) -> None:
        sys.exit(128 + number)

    before = signal.signal(signal.SIGTERM, end)
    try:
        with EmbeddedCore(agents=0, cpus=cpus, memory=2**30) as core:
            yield core
    finally:
        signal.signal(signal.SIGTERM, before)


def gather(core: EmbeddedCore, census: Census, count: int) -> float:
    """Start so many agents, in groups and after everything else (nice); seconds until all are up."""
    free = psutil.virtual_memory().available
    if free < count * AGENT_MEMORY:
        raise SystemExit(f"{count} agents want {count * AGENT_MEMORY / 2**30:.1f} GiB, {free / 2**30:.1f} are free")
    began = time.perf_counter()
    for first in range(0, count, GROUP):
        for number in range(first, min(first + GROUP, count)):
            psutil.Process(core.start_agent(number + 1).pid).nice(NICE)
        if not census.wait(min(first + GROUP, count), 120):
            raise RuntimeError(f"{len(census.up)} of {count} agents came: {core.check() or ''}")
    return time.perf_counter() - began


def core_pid(core: EmbeddedCore) -> int:
    assert core.core_process is not None
    return core.core_process.pid


def table(rows: list[tuple[str, Any]]) -> None:
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        print(f"{name:<{width}}  {value}", flush=True)
