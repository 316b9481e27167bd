"""What a waiting item costs the core: its private memory before and after a large array, with no agent to take any."""

from __future__ import annotations

import psutil

from bench.measure import Plan, Row, stopwatch
from bench.stage import Stage, array, stage


def private_bytes(ready: Stage) -> int:
    process = ready.core.core_process
    assert process is not None
    return int(psutil.Process(process.pid).memory_full_info().uss)


def run(plan: Plan) -> list[Row]:
    count = plan.size(100_000, 10_000)
    with stage(agents=0) as ready:
        ready.submit(array(10))  # what the first submit allocates once is no cost of an item
        before = private_bytes(ready)
        with stopwatch() as watch:
            ready.submit(array(count))
        after = private_bytes(ready)
    note = f"{count:,} items; submitted in {watch.seconds * 1000:.0f} ms; the core then has {after / 2**20:.0f} MiB"
    return [Row("core memory per waiting item", (after - before) / count, "bytes", note)]
