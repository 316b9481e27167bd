"""What a busy run costs the event loop: items that change, told by the network thread, shown by the items' table."""

from __future__ import annotations

import struct
import threading
import time
from typing import Any

import msgspec

from bench.gui.figures import Figure, Heartbeat
from bench.gui.followed import ITEMS, follow
from bench.measure import Plan, percentile, stopwatch

RATE = 50_000
"""Changed items a second."""
TURNS = 20
"""Deltas a second, as many as a core sends at most."""
ENDS = 250
"""Rows of attempts in each, as many plain successes as a core tells at most."""


def run(plan: Plan) -> list[Figure]:
    from windlass.wire import codec
    from windlass.wire.messages import Delta

    shown = follow(bytes(ITEMS), 700, 500)
    seconds, changes = plan.size(8, 2), RATE // TURNS
    messages = [
        codec.encode(
            Delta(
                "run:1",
                number + 2,
                {
                    "spans": [_spans(number, changes)],
                    "attempts": [_ended((number * 7919 + k * 499) % ITEMS) for k in range(ENDS)],
                },
            )
        )
        for number in range(seconds * TURNS)
    ]
    told = 0

    def tell() -> None:
        nonlocal told
        due = time.perf_counter()
        for message in messages:
            shown.link.tell(codec.decode(message)[0])
            told += 1
            due += 1 / TURNS
            time.sleep(max(0.0, due - time.perf_counter()))

    network = threading.Thread(target=tell)
    beats = Heartbeat()
    shown.app.processEvents()
    beats.begin()
    with stopwatch() as watch:
        network.start()
        while network.is_alive():
            shown.app.processEvents()
    shown.close()
    rate = told * changes / watch.seconds
    note = (
        f"{rate:,.0f} changes/s of {ITEMS:,} items for {watch.seconds:.0f} s; p99 {percentile(beats.gaps, 0.99):.0f} ms"
    )
    return [
        Figure("a run with 50,000 changes a second", beats.longest, "ms", 50.0, note=f"longest stall; {note}"),
        Figure("a run of 1,000,000 items, first shown", shown.first * 1000, "ms", None, note="in the UI thread"),
    ]


def _spans(number: int, changes: int) -> list[Any]:
    """As many stretches as items, all over the task: the worst that can come."""
    firsts = [(number * 7919 + k * 499) % ITEMS for k in range(changes)]
    states = bytes(1 + (number + k) % 5 for k in range(changes))
    return [0, struct.pack(f"<{changes}I", *firsts), struct.pack("<I", 1) * changes, states]


def _ended(item: int) -> dict[str, Any]:
    from windlass.wire.rows import AttemptRow

    times = {"assigned": 1.0, "started": 2.0, "ended": 3.0}
    row = AttemptRow(item + 1, 1, 0, item, 1, "a1", "desk", state="exited", outcome="ok", **times)
    return msgspec.structs.asdict(row)
