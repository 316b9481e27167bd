"""Scrolling a table of a million rows."""

from __future__ import annotations

from bench.gui.figures import Figure, a_second, application, frames
from bench.measure import Plan, percentile

ITEMS = 1_000_000


def run(plan: Plan) -> list[Figure]:
    from windlass.wire.messages import Snapshot
    from windlass.wire.rows import Counts, RunRow, TaskRow
    from windlass_gui.bridge import Bridge
    from windlass_gui.bridge.recording import RecordingLink
    from windlass_gui.panes import ItemsPane

    app = application()
    link, bridge = RecordingLink(), Bridge()
    bridge.use_link(link)
    bridge.link_phase("up")
    pane = ItemsPane(bridge)
    pane.resize(1000, 700)
    pane.show()
    bridge.follow(1)
    counts = Counts(pending=ITEMS)
    row = {"id": 1, "name": "r", "owner": "", "state": "running", "priority": 0, "submitted": 0.0, "ended": None}
    tasks = [TaskRow(0, "t", "", True, ITEMS, counts)]
    states = {0: bytes(place % 8 for place in range(ITEMS))}
    link.tell(Snapshot("run:1", 1, {"run": RunRow(**row, counts=counts), "tasks": tasks, "states": states}))
    bridge.frame()
    pane.show_task(1, 0)
    app.processEvents()
    bar = pane.table.verticalScrollBar()
    figures = []
    for words, step in (("line by line", 3), ("dragging the bar", 7919)):

        def scroll(number: int, step: int = step) -> None:
            bar.setValue((number * step) % max(1, bar.maximum()))
            pane.table.viewport().repaint()

        taken = frames(plan.size(300, 30), scroll)
        note = f"{bar.maximum():,} steps of the bar; p99 {percentile(taken, 0.99):.1f} ms"
        figures.append(Figure(f"table of 1,000,000 items, {words}", a_second(taken), "frames/s", 60.0, True, note))
    pane.close()
    bridge.shutdown(stop_core=False)
    return figures
