"""`true` as a task: commands a second through core and two slots, beside what the machine can spawn at all."""

from __future__ import annotations

from bench.limits import spawns_per_second
from bench.measure import Plan, Row, median_of, stopwatch
from bench.stage import Stage, array, stage


def rate(ready: Stage, count: int) -> float:
    with stopwatch() as watch:
        ready.finish(ready.submit(array(count)))
    return count / watch.seconds


def run(plan: Plan) -> list[Row]:
    count = plan.size(5000, 500)
    with stage(cpus=2) as ready:
        rate(ready, 200)  # the first items find cold caches
        found = median_of(plan.repeats, lambda: rate(ready, count))
    limit = spawns_per_second(plan.size(1000, 300), plan.repeats)
    note = f"{count} items, 2 slots, from submit to the last end; {found / limit:.0%} of what the machine spawns"
    return [Row("true commands", found, "/s", note)]
