"""The timeline of a run of a million attempts: opened from a real core's record, then panned all in view and close up.

The record is written row by row as a core would have left it, so that nobody has to run a million items first.
"""

from __future__ import annotations

import os
import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bench.gui.figures import Figure, a_second, application, frames
from bench.measure import Plan, percentile
from bench.recovery import write_run
from bench.stage import array
from windlass.store import packs, records
from windlass.store.store import Store

LANES = 64
SIZE = (1600, 900)
PATIENCE = 120.0
_PACK = 1000


def run(plan: Plan) -> list[Figure]:
    count = plan.size(1_000_000, 100_000)
    with tempfile.TemporaryDirectory(prefix="windlass-bench-") as folder:
        os.environ["WINDLASS_HOME"] = folder
        store = Store(Path(folder) / "data" / "core")
        _write(store, count)
        store.close()
        return _measure(plan, count)


def _write(store: Store, count: int) -> None:
    """Plain successes, and one in fifty that failed, in lanes of eight agents with eight slots each."""
    write_run(store, 1, array(count), ended=True)
    rng, clocks, seq = random.Random(7), [1.7e9] * LANES, 1
    for first in range(0, count, _PACK):
        agent = (first // _PACK) % (LANES // 8)
        items = list(range(first, first + _PACK))
        slots = [place % 8 for place in range(_PACK)]
        starts, ends = [], []
        for slot in slots:
            lane = agent * 8 + slot
            starts.append(clocks[lane])
            ends.append(clocks[lane] + rng.expovariate(2.0))
            clocks[lane] = ends[-1] + 0.01
        zeros, ones = [0] * _PACK, [1] * _PACK
        columns = packs.Columns(
            items, ones, starts, starts, ends, [0.1] * _PACK, [4096] * _PACK, zeros, list(zeros), slots
        )
        store.write(records.PACK, packs.rows_of(seq, 1, 0, f"agent-{agent}", columns, [b"j1"] * _PACK))
        seq += _PACK
        if first % (_PACK * 50) == 0:
            store.flush()


def _measure(plan: Plan, count: int) -> list[Figure]:
    import psutil

    from windlass_gui.bridge import Bridge
    from windlass_gui.timeline import TimelinePane

    app = application()
    bridge = Bridge()
    bridge.start_embedded()

    def until(done: Callable[[], bool]) -> None:
        end = time.monotonic() + PATIENCE
        while not done():
            if time.monotonic() > end:
                raise TimeoutError(bridge.text)
            app.processEvents()
            time.sleep(0.001)

    try:
        until(lambda: bridge.state == "up" and 1 in bridge.mirror.runs)
        pane = TimelinePane(bridge)
        pane.resize(*SIZE)
        pane.show()
        app.processEvents()
        before = psutil.Process().memory_info().rss
        began = time.perf_counter()
        pane.show_run(1)
        until(lambda: pane.bars.count == count and not pane.feed.loading and not pane.hinted.hinting)
        pane.view.repaint()
        opened = time.perf_counter() - began
        grown = (psutil.Process().memory_info().rss - before) / 2**20
        note = f"{count:,} attempts in {LANES} lanes from the core's record; {grown:.0f} MiB more in the app"
        figures = [Figure("timeline opens, complete", opened, "s", 2.0, note=note)]
        view = pane.view
        for words, factor in (("all in view", 1.0), ("a hundredth in view", 0.01), ("a thousandth", 0.1)):
            view.zoom(factor)

            def pan(number: int) -> None:
                view.pan(5 if number % 2 else -5)
                view.repaint()

            taken = frames(plan.size(100, 20), pan)
            note = f"{SIZE[0]} x {SIZE[1]} pixels; p99 {percentile(taken, 0.99):.1f} ms"
            figures.append(Figure(f"timeline, panning, {words}", a_second(taken), "frames/s", 60.0, True, note))
        pane.close()
        return figures
    finally:
        bridge.shutdown(True)
