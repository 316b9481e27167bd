"""A layered graph of functions: tasks that each add the numbers of two tasks of the layer before."""

from __future__ import annotations

from bench.measure import Plan, Row, stopwatch
from bench.stage import Stage, stage
from windlass import Graph

LAYERS = 100


def one() -> int:
    return 1


def either(left: int, right: int) -> int:
    return (left + right) // 2


def layered(tasks: int) -> Graph:
    """Layers of equal width; each task needs its own place and the next one of the layer before."""
    width = tasks // LAYERS
    graph = Graph(f"layered-{tasks}")
    layer = [graph.call(one) for _ in range(width)]
    for _ in range(LAYERS - 1):
        layer = [graph.call(either, layer[place], layer[(place + 1) % width]) for place in range(width)]
    return graph


def seconds(ready: Stage, graph: Graph) -> float:
    """From the submit of a graph that is built to its last result being durable."""
    with stopwatch() as watch:
        run = ready.client.submit(graph)
        ready.finish(run.id)
    return watch.seconds


def run(plan: Plan) -> list[Row]:
    tasks = plan.size(10_000, 1000)
    with stage(cpus=2) as ready:
        seconds(ready, layered(200))  # starts the runners
        with stopwatch() as building:
            graph = layered(tasks)
        found = seconds(ready, graph)
    note = f"functions, {LAYERS} layers, 2 slots; building it in Python took {building.seconds * 1000:,.0f} ms"
    return [Row(f"layered graph, {tasks:,} tasks, two inputs each", found, "s", note)]
