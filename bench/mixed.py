"""Short calls while others work: an array of 100,000 functions, and commands that take long and hold their slots.

Calls are made one at a time. What they wait for is the work that was sent ahead of them, so this shows what batches
cost those who do not come in batches.
"""

from __future__ import annotations

import time

from bench.functions import no_op
from bench.measure import Plan, Row, percentile
from bench.stage import stage
from windlass.client.build import Graph
from windlass.client.executor import Executor

LONG = 2
"""Slots that are held by long commands, of four."""


def run(plan: Plan) -> list[Row]:
    count, size = plan.size(300, 30), plan.size(100_000, 5000)
    alone: list[float] = []
    beside: list[float] = []
    with stage(cpus=4) as ready, Executor(2, core=ready.client) as executor:

        def call(times: list[float]) -> None:
            began = time.perf_counter()
            executor.submit(no_op, len(times)).result()
            times.append(time.perf_counter() - began)

        long = Graph("long")
        for _ in range(LONG):
            long.command(["sleep", "3600"])
        held = ready.client.submit(long)
        while len(alone) < count:
            call(alone)
        array = Graph("array")
        array.map(no_op, range(size))
        made = array.build()
        running = ready.client.submit(made)
        done, began = 0, time.perf_counter()
        while len(beside) < count:
            call(beside)
            if running.row().counts.succeeded == size:
                running = ready.client.submit(made)
                done += size
        rate = (done + running.row().counts.succeeded) / (time.perf_counter() - began)
        running.cancel()
        held.cancel()
    rows = []
    for name, values in (("with long commands", alone), (f"with an array of {size:,} as well", beside)):
        for share in (0.5, 0.99):
            note = f"{len(values)} one after another, 4 slots, {LONG} of them held by long commands"
            rows.append(Row(f"short call {name}, p{share * 100:.0f}", percentile(values, share) * 1000, "ms", note))
    rows.append(Row("the array meanwhile", rate, "/s", "functions, in the two slots that it shares with the calls"))
    return rows
