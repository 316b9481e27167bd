"""python -m bench.scale [--agents 200] [--items 1000000]: a core with many real agents on this machine.

The agents are real processes with a runner each; the items are functions that do nothing, so that the core and not the
machine's CPUs would be the limit if each agent had a machine of its own. What the core spends on an item and on an idle
agent is therefore what to look at; the rate is bound by the CPUs that all the agents share. Then the core is killed
and started again, while all the agents look for it.
"""

from __future__ import annotations

import argparse
import resource
import time

from bench.fleet import Census, Probe, core_pid, cpu_seconds, fleet, gather, rss, table
from bench.functions import no_op
from windlass.client.api import Client
from windlass.client.embedded import EmbeddedCore

BACK = 60.0
"""Seconds after which a fleet that did not come back counts as lost."""


def idle(core: EmbeddedCore, seconds: float) -> str:
    pid = core_pid(core)
    before = cpu_seconds(pid)
    time.sleep(seconds)  # idleness itself is what is measured
    return f"{(cpu_seconds(pid) - before) / seconds * 100:.2f} % of a CPU"


def work(client: Client, core: EmbeddedCore, items: int, chunk: int, patience: float) -> tuple[int, float, float, int]:
    """(items done, seconds, CPU seconds of the core, results that were not what they should be)."""
    pid = core_pid(core)
    began, used, wrong, done = time.perf_counter(), cpu_seconds(pid), 0, 0
    while done < items and time.perf_counter() - began < patience:
        count = min(chunk, items - done)
        results = client.map(no_op, range(done, done + count))
        wrong += abs(count - len(results)) + sum(
            a != b for a, b in zip(results, range(done, done + count), strict=False)
        )
        done += count
    return done, time.perf_counter() - began, cpu_seconds(pid) - used, wrong


def kill_and_return(core: EmbeddedCore, census: Census, agents: int) -> tuple[float, float]:
    """(seconds until the killed core accepts connections, and until all agents are back)."""
    assert core.core_process is not None
    core.core_process.kill()
    core.core_process.wait()
    census.forget()
    began = time.perf_counter()
    core.start_core()
    listens = time.perf_counter() - began
    if not census.wait(agents, BACK):
        raise RuntimeError(f"only {len(census.up)} of {agents} agents came back within {BACK:.0f} s")
    return listens, time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.scale", description=__doc__)
    parser.add_argument("--agents", type=int, default=200)
    parser.add_argument("--items", type=int, default=1_000_000)
    parser.add_argument("--chunk", type=int, default=100_000, help="items of one run")
    parser.add_argument("--seconds", type=float, default=300.0, help="begin no further run after so long")
    parser.add_argument("--idle", type=float, default=20.0, help="seconds of looking at an idle fleet")
    options = parser.parse_args()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    print(f"descriptors allowed: {soft} ({hard} at most)")
    with fleet(cpus=1) as core, Client(core.endpoint, core_key=core.public, home=core.home) as client:
        census, pid = Census(client), core_pid(core)
        table([("agents", options.agents), ("all up after", f"{gather(core, census, options.agents):.1f} s")])
        table([("idle core, first", idle(core, options.idle))])
        client.map(no_op, range(options.agents))  # the runners start
        ends = client.info()["counters"].get("ends", 0)
        small, census.lapses = rss(pid), 0
        with Probe(core) as probe:
            done, seconds, used, wrong = work(client, core, options.items, options.chunk, options.seconds)
        info = client.info()
        counters = info["counters"]
        table(
            [
                ("items", f"{done:,} in {seconds:.0f} s: {done / seconds:,.0f} a second"),
                ("core CPU an item", f"{used / done * 1e6:.1f} us"),
                ("wrong or missing results", wrong),
                ("ends taken", f"{counters.get('ends', 0) - ends:,}, stale {counters.get('stale ends', 0):,}"),
                ("core memory", f"{small / 2**20:.0f} MiB before, {rss(pid) / 2**20:.0f} after"),
                ("GetInfo meanwhile", probe),
                ("agents not up meanwhile", census.lapses),
                ("idle core, after", idle(core, options.idle)),
            ]
        )
        for attempt in ("first", "second"):
            listens, back = kill_and_return(core, census, options.agents)
            table([(f"{attempt} kill of the core", f"listens after {listens:.1f} s, all agents up after {back:.1f} s")])


if __name__ == "__main__":
    main()
