"""python -m bench.cost WHAT COUNT [REPEATS]: wall time, and CPU time an item, of each process on the way.

CPU time an item says where the work is even while other programs use the machine, which wall time does not. WHAT is
commands, functions, chain or fan (of commands), calls-chain or calls-fan (graphs of functions) or layers. `user+system`
microseconds; of runners only those that outlive the run.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable

import psutil

from bench import graphs
from bench.functions import no_op
from bench.layers import layered, seconds
from bench.measure import stopwatch
from bench.stage import Stage, array, chain, fan, stage
from windlass.model.graph import Graph

CALLS = {"calls-chain": graphs.chain, "calls-fan": graphs.fan}
WHAT = ("commands", "functions", "chain", "fan", "layers", *CALLS)
Times = dict[str, tuple[float, float]]


def work(ready: Stage, what: str, count: int) -> None:
    if what == "functions":
        ready.client.map(no_op, range(count))
    elif what == "layers":
        seconds(ready, layered(count))
    elif what in CALLS:
        graphs.measure(ready, CALLS[what](count))
    else:
        make: dict[str, Callable[[int], Graph]] = {"commands": array, "chain": chain, "fan": fan}
        ready.finish(ready.submit(make[what](count)))


def family(ready: Stage) -> dict[str, psutil.Process]:
    core = ready.core.core_process
    assert core is not None
    agent = psutil.Process(ready.core.agent_processes[0].pid)
    found = {"client": psutil.Process(), "core": psutil.Process(core.pid), "agent": agent}
    for child in agent.children():
        found[f"warden {child.pid}"] = child
    return found


def times(processes: dict[str, psutil.Process]) -> Times:
    found: Times = {}
    for name, process in processes.items():
        used = process.cpu_times()
        found[name] = used.user, used.system
        if name.startswith("warden"):
            found[f"what {name} ran"] = used.children_user, used.children_system
    return found


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.cost", description=__doc__)
    parser.add_argument("what", choices=WHAT)
    parser.add_argument("count", type=int)
    parser.add_argument("repeats", type=int, nargs="?", default=3)
    options = parser.parse_args()
    with stage(cpus=2) as ready:
        work(ready, options.what, 200)  # finds cold caches, and starts what starts only then
        for _ in range(options.repeats):
            processes = family(ready)
            before = times(processes)
            with stopwatch() as watch:
                work(ready, options.what, options.count)
            after = times(processes)
            print(f"{options.what}: {options.count / watch.seconds:,.0f}/s, load {os.getloadavg()[0]:.1f}")
            for name, (user, system) in after.items():
                spent = [
                    (now - then) / options.count * 1e6 for now, then in zip((user, system), before[name], strict=True)
                ]
                print(f"    {name:24} {spent[0]:5.0f} + {spent[1]:.0f} us an item")


if __name__ == "__main__":
    main()
