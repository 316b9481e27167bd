"""One task, many items of the next, one task that needs them all."""

from __future__ import annotations

from bench.measure import Plan, Row, stopwatch
from bench.stage import fan, stage


def run(plan: Plan) -> list[Row]:
    width = plan.size(5000, 500)
    with stage(cpus=2) as ready:
        ready.finish(ready.submit(fan(100)))
        with stopwatch() as watch:
            ready.finish(ready.submit(fan(width)))
    return [Row(f"1 to {width:,} to 1", watch.seconds, "s", f"{width / watch.seconds:,.0f} items/s, true, 2 slots")]
