"""From handing over one call to having its result, one at a time; and the same for a graph of one command."""

from __future__ import annotations

import time

from bench import prototype
from bench.functions import no_op
from bench.measure import Plan, Row, percentile
from bench.stage import PATIENCE, array, stage
from windlass.client.executor import Executor
from windlass.wire import messages

CALL = "function call to result"


def run(plan: Plan) -> list[Row]:
    count = plan.size(500, 50)
    calls: list[float] = []
    commands: list[float] = []
    prototype.limits(plan)  # before, so that nothing of ours is there
    with stage(cpus=2) as ready:
        with Executor(2, core=ready.client) as executor:
            for number in range(count + 10):
                began = time.perf_counter()
                executor.submit(no_op, number).result()
                calls.append(time.perf_counter() - began)
        graph = array(1)
        for _ in range(count // 5 + 10):
            began = time.perf_counter()
            run_id = ready.submit(graph)
            ready.client.link.ask(messages.GetResults(0, run_id, 0), timeout=PATIENCE)
            commands.append(time.perf_counter() - began)
    rows = []
    for name, values in ((CALL, calls[10:]), ("submit of a command to its result", commands[10:])):
        for share in (0.5, 0.99):
            found = percentile(values, share)
            note = f"{len(values)} one after another, 2 slots"
            if name == CALL:
                note += f", {prototype.times_of(plan, share, found)}"
            rows.append(Row(f"{name}, p{share * 100:.0f}", found * 1000, "ms", note))
    return rows
