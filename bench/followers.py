"""python -m bench.followers [--followers 50]: what it costs the core that many follow one busy run, one being stalled.

The followers are processes that read the run's news and throw them away; the stalled one is stopped (SIGSTOP) in the
middle of it. All share this machine's CPUs with the work, so what the core spends is what to look at.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import signal
import time
from multiprocessing.connection import Connection
from pathlib import Path

from bench.fleet import core_pid, cpu_seconds, rss, table
from bench.functions import no_op
from bench.stage import stage
from windlass.client.api import Client
from windlass.client.build import Graph

EACH = 10
"""Followers in a process."""


def _follow(endpoint: str, public: str, home: Path, run: int, count: int, end: Connection) -> None:
    clients = [Client(endpoint, core_key=public, home=home) for _ in range(count)]
    for client in clients:
        client.link.subscribe([f"run:{run}"], lambda message: None)
    end.send("here")
    end.recv()
    for client in clients:
        client.close()


def measure(followers: int, stalled: bool, items: int) -> list[tuple[str, str]]:
    context = multiprocessing.get_context("spawn")
    with stage(cpus=2) as ready:
        core, pid = ready.core, core_pid(ready.core)
        ready.client.map(no_op, range(1000))  # the runners start
        array = Graph("array")
        array.map(no_op, range(items))
        run = ready.client.submit(array.build())
        run.pause()
        groups, ends = [], []
        counts = [min(EACH, followers - first) for first in range(0, followers, EACH)] + ([1] if stalled else [])
        for count in counts:
            ours, theirs = context.Pipe()
            target = (core.endpoint, core.public, core.home, run.id, count, theirs)
            groups.append(context.Process(target=_follow, args=target, daemon=True))
            groups[-1].start()
            ends.append(ours)
        for end in ends:
            end.recv()
        if stalled:
            os.kill(groups[-1].pid or 0, signal.SIGSTOP)
        before, used, began = rss(pid), cpu_seconds(pid), time.perf_counter()
        run.resume()
        most = before
        while run.row().state == "running":
            most = max(most, rss(pid))
            time.sleep(0.2)
        took, used = time.perf_counter() - began, cpu_seconds(pid) - used
        counters = ready.client.info()["counters"]
        if stalled:
            os.kill(groups[-1].pid or 0, signal.SIGCONT)
        for end in ends:
            end.send(None)
        for group in groups:
            group.join(10)
    return [
        ("followers", f"{followers}{' and one that is stopped' if stalled else ''}"),
        ("items", f"{items:,} in {took:.1f} s: {items / took:,.0f} a second"),
        ("core CPU", f"{used / took * 100:.0f} %, {used / items * 1e6:.1f} us an item"),
        ("core memory", f"{before / 2**20:.0f} MiB before, {most / 2**20:.0f} at most"),
        ("left out until they caught up", f"{counters.get('late followers', 0):,} times"),
        ("news not read at the end", f"{counters.get('news unread', 0) / 2**20:.1f} MiB"),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.followers", description=__doc__)
    parser.add_argument("--followers", type=int, default=50)
    parser.add_argument("--items", type=int, default=200_000)
    options = parser.parse_args()
    for followers, stalled in ((0, False), (1, False), (options.followers, True)):
        table(measure(followers, stalled, options.items))
        print()


if __name__ == "__main__":
    main()
