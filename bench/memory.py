"""What waiting work costs the core: its private memory before and after, with no agent to take any of it."""

from __future__ import annotations

import psutil

from bench.measure import Plan, Row, stopwatch
from bench.stage import TRUE, Stage, array, stage
from windlass.model.graph import Graph, Need, Task


def private_bytes(ready: Stage) -> int:
    process = ready.core.core_process
    assert process is not None
    return int(psutil.Process(process.pid).memory_full_info().uss)


def singles(count: int) -> Graph:
    """Tasks of one item each that all wait for the first."""
    rest = [Task(id=f"t{place}", action=TRUE, needs=[Need("first")]) for place in range(count)]
    return Graph(name=f"singles-{count}", tasks=[Task(id="first", action=TRUE), *rest])


def cost(graph: Graph, count: int) -> tuple[float, str]:
    """Bytes for each of `count`, and how the core took the graph."""
    with stage(agents=0) as ready:
        ready.submit(singles(10))  # what the first submit allocates once is no cost of an item
        before = private_bytes(ready)
        with stopwatch() as watch:
            ready.submit(graph)
        after = private_bytes(ready)
    note = f"{count:,} submitted in {watch.seconds * 1000:,.0f} ms; the core then has {after / 2**20:.0f} MiB"
    return (after - before) / count, note


def run(plan: Plan) -> list[Row]:
    rows = []
    items, tasks = plan.size(1_000_000, 200_000), plan.size(10_000, 2_000)
    for name, graph, count in (("item of an array", array(items), items), ("single task", singles(tasks), tasks)):
        found, note = cost(graph, count)
        rows.append(Row(f"core memory per waiting {name}", found, "bytes", note))
    return rows
