"""Scrolling a table of a million rows."""

from __future__ import annotations

from bench.gui.figures import Figure, a_second, frames
from bench.gui.followed import ITEMS, follow
from bench.measure import Plan, percentile


def run(plan: Plan) -> list[Figure]:
    shown = follow(bytes(place % 8 for place in range(ITEMS)), 1000, 700)
    table = shown.pane.table
    bar = table.verticalScrollBar()
    figures = []
    for words, step in (("line by line", 3), ("dragging the bar", 7919)):

        def scroll(number: int, step: int = step) -> None:
            bar.setValue((number * step) % max(1, bar.maximum()))
            table.viewport().repaint()

        taken = frames(plan.size(300, 30), scroll)
        note = f"{bar.maximum():,} steps of the bar; p99 {percentile(taken, 0.99):.1f} ms"
        figures.append(Figure(f"table of 1,000,000 items, {words}", a_second(taken), "frames/s", 60.0, True, note))
    shown.close()
    return figures
