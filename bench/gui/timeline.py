"""How long a frame of the timeline takes with 100,000 attempts in 64 lanes: everything in view, and zoomed in."""

from __future__ import annotations

import random

from bench.gui.figures import Figure, a_second, application, frames
from bench.measure import Plan, percentile, stopwatch

LANES = 64
SIZE = (1600, 900)


def run(plan: Plan) -> list[Figure]:
    from windlass.wire.rows import AttemptRow
    from windlass_gui.timeline import Bars, TimelineView

    app = application()
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
    figures = [
        Figure("timeline, adding attempts", count / adding.seconds, "1/s", None, True, f"{count:,} rows at once")
    ]
    for words, factor in (("all in view", 1.0), ("a hundredth in view", 0.01)):
        view.zoom(factor)

        def pan(number: int) -> None:
            view.pan(5 if number % 2 else -5)
            view.repaint()

        taken = frames(plan.size(100, 20), pan)
        note = (
            f"{count:,} attempts in {LANES} lanes, {SIZE[0]} x {SIZE[1]} pixels; p99 {percentile(taken, 0.99):.1f} ms"
        )
        figures.append(Figure(f"timeline, panning, {words}", a_second(taken), "frames/s", None, True, note))
    view.close()
    return figures
