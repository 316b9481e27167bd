"""A chain: every task waits for the one before, so that nothing hides the way of one end to the next start."""

from __future__ import annotations

from bench.measure import Plan, Row, stopwatch
from bench.stage import chain, stage


def run(plan: Plan) -> list[Row]:
    length = plan.size(1000, 100)
    with stage(cpus=2) as ready:
        ready.finish(ready.submit(chain(10)))
        with stopwatch() as watch:
            ready.finish(ready.submit(chain(length)))
    return [Row(f"chain of {length:,}", watch.seconds, "s", f"{watch.seconds / length * 1000:.2f} ms a link")]
