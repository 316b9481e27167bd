"""What the core keeps of what is over: its memory while many items run through it, and over many ended runs."""

from __future__ import annotations

from bench.functions import no_op
from bench.measure import Plan, Row
from bench.memory import private_bytes
from bench.stage import array, stage

MIB = 2**20


def run(plan: Plan) -> list[Row]:
    items, batches, runs = plan.size(200_000, 10_000), 10, plan.size(200, 70)
    with stage(cpus=2) as ready:
        ready.client.map(no_op, range(items // batches))
        grown = [private_bytes(ready)]
        for _ in range(batches - 1):
            ready.client.map(no_op, range(items // batches))
            grown.append(private_bytes(ready))
        through = Row(
            f"core memory after {items:,} functions",
            grown[-1] / MIB,
            "MiB",
            f"in {batches} runs; {grown[0] / MIB:.0f} MiB after the first, at most {max(grown) / MIB:.0f}",
        )
        for _ in range(runs):
            ready.finish(ready.submit(array(10)))
        kept = private_bytes(ready)
        for _ in range(runs):
            ready.finish(ready.submit(array(10)))
        more = private_bytes(ready)
    note = f"of 10 commands each; {kept / MIB:.1f} MiB after {runs}, {more / MIB:.1f} after {2 * runs}"
    return [through, Row("core memory per ended run", max(0, more - kept) / runs, "bytes", note)]
