"""Graphs of Python functions through the API: a chain, and one to many to one.

Each begins with the first `Graph.call` and ends when the last task's result is a value at the client.
"""

from __future__ import annotations

from bench import prototype
from bench.measure import Plan, Row, stopwatch
from bench.stage import Stage, stage
from windlass.client.build import Graph, Node


def start(value: int = 1) -> int:
    return value


def add(*values: int) -> int:
    return sum(values)


def chain(length: int) -> tuple[Graph, Node, int]:
    """Each task adds one to the result of the one before; the graph, its last task, and what that should give."""
    graph = Graph("chain")
    node = graph.call(start, 1)
    for _ in range(length - 1):
        node = graph.call(add, node, 1)
    return graph, node, length


def fan(width: int) -> tuple[Graph, Node, int]:
    """One task, a task for each of `width` that takes its result, and one that takes all of theirs."""
    graph = Graph("fan")
    first = graph.call(start, 1)
    middle = [graph.call(add, first, number) for number in range(width)]
    return graph, graph.call(add, *middle), width + width * (width - 1) // 2


def measure(ready: Stage, made: tuple[Graph, Node, int]) -> None:
    """Run it; its value has to be right."""
    graph, node, value = made
    found = ready.client.submit(graph).result(node)
    if found != value:
        raise RuntimeError(f"the graph {graph.name} gave {found}, not {value}")


def run(plan: Plan) -> list[Row]:
    rows = []
    link = prototype.limits(plan)[1]
    sizes = (
        ("chain of {} functions", chain, plan.size(1000, 100)),
        ("1 to {} to 1, functions", fan, plan.size(5000, 300)),
    )
    with stage(cpus=2) as ready:
        for name, make, size in sizes:
            measure(ready, make(100))
            with stopwatch() as watch:
                measure(ready, make(size))
            note = f"{watch.seconds / size * 1e6:,.0f} us a task, from building the graph to the last value"
            if make is chain:
                note += f", {watch.seconds / size / link:.1f} times the prototype's"
            rows.append(Row(name.format(f"{size:,}"), watch.seconds, "s", note))
    return rows
