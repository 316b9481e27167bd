"""What an agent costs a machine while it has nothing to do."""

from __future__ import annotations

import time
from pathlib import Path

import psutil

from bench.measure import Plan, Row
from bench.stage import stage


def cpu_seconds(pid: int) -> float:
    """What all threads of a process have run, to the nanosecond (the usual counters have ticks of 10 ms)."""
    return sum(int((task / "schedstat").read_text().split()[0]) for task in Path(f"/proc/{pid}/task").iterdir()) / 1e9


def run(plan: Plan) -> list[Row]:
    seconds = plan.size(20, 5)
    with stage() as ready:
        agent = psutil.Process(ready.core.agent_processes[0].pid)
        time.sleep(3)  # starting up is over
        family = [agent, *agent.children(recursive=True)]
        before = sum(cpu_seconds(process.pid) for process in family)
        time.sleep(seconds)  # idleness itself is what is measured
        used = sum(cpu_seconds(process.pid) for process in family) - before
        each = [process.memory_full_info() for process in family]
    divided, summed, unique = (sum(getattr(one, name) for one in each) / 2**20 for name in ("pss", "rss", "uss"))
    note = f"{len(family)} processes, shared pages divided; summed {summed:.1f} (RSS), unique {unique:.1f} (USS)"
    return [
        Row("idle agent: memory", divided, "MiB", note),
        Row("idle agent: CPU", used / seconds * 100, "%", f"of one CPU, over {seconds} s"),
    ]
