"""How long a frame of the timeline takes with 100,000 attempts in 64 lanes: everything in view, and zoomed in."""

from __future__ import annotations

import os
import random

from bench.measure import Plan, Row, percentile, stopwatch

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

LANES = 64
SIZE = (1600, 900)


def run(plan: Plan) -> list[Row]:
    # Qt is loaded only for this measurement.
    from PySide6.QtWidgets import QApplication

    from windlass.wire.rows import AttemptRow
    from windlass_gui.timeline import Bars, TimelineView

    app = QApplication.instance() or QApplication([])
    count = plan.size(100_000, 20_000)
    rng, clocks = random.Random(7), [1_800_000_000.0] * LANES
    attempts: list[AttemptRow] = []
    for n in range(count):
        lane = n % LANES
        length = rng.expovariate(2.0)
        outcome = "nonzero" if rng.random() < 0.02 else "ok"
        base = {"state": "exited", "outcome": outcome, "started": clocks[lane], "ended": clocks[lane] + length}
        agent = f"agent-{lane // 8}"
        attempts.append(AttemptRow(n + 1, 1, 0, n, 1 + (n % 50 == 0), agent, agent, slot=lane % 8, **base))
        clocks[lane] += length + 0.01
    bars = Bars()
    with stopwatch() as adding:
        bars.put(attempts)
    view = TimelineView(bars)
    view.resize(*SIZE)
    view.show()
    view.fit()
    app.processEvents()
    rows = [Row("timeline, adding attempts", count / adding.seconds, "1/s", f"{count:,} rows at once")]
    for words, factor in (("all in view", 1.0), ("a hundredth in view", 0.01)):
        view.zoom(factor)
        frames = []
        for frame in range(plan.size(100, 20)):
            with stopwatch() as watch:
                view.pan(5 if frame % 2 else -5)
                view.repaint()
            frames.append(watch.seconds * 1000)
        note = (
            f"{count:,} attempts in {LANES} lanes, {SIZE[0]} x {SIZE[1]} pixels; p99 {percentile(frames, 0.99):.1f} ms"
        )
        rows.append(Row(f"timeline frame, panning, {words}", percentile(frames, 0.5), "ms", note))
    view.close()
    return rows
