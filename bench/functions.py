"""Functions that do nothing: calls a second through client, core, two slots and back, with their results as values."""

from __future__ import annotations

from bench.measure import Plan, Row, median_of, stopwatch
from bench.stage import Stage, stage


def no_op(number: int) -> int:
    return number


def rate(ready: Stage, count: int) -> float:
    with stopwatch() as watch:
        results = ready.client.map(no_op, range(count))
    if results != list(range(count)):
        raise RuntimeError("the results are not the arguments")
    return count / watch.seconds


def run(plan: Plan) -> list[Row]:
    count = plan.size(10_000, 1000)
    with stage(cpus=2) as ready:
        rate(ready, 200)  # starts the runners
        found = median_of(plan.repeats, lambda: rate(ready, count))
    return [Row("no-op Python functions", found, "/s", f"Client.map of {count:,}, 2 slots, results checked")]
