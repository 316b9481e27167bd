"""What the app's UI thread pays for news: items of a run that change, merged by the inbox and shown by the models."""

from __future__ import annotations

import os

from bench.measure import Plan, Row, percentile, stopwatch

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

ITEMS = 1_000_000
CHANGES = 2000
"""Items that change in one delta; a core sends up to twenty a second."""


def run(plan: Plan) -> list[Row]:
    # Qt is loaded only for this measurement.
    from PySide6.QtWidgets import QApplication

    from windlass.wire.messages import Delta, Snapshot
    from windlass.wire.rows import Counts, RunRow, TaskRow
    from windlass_gui.bridge import Bridge
    from windlass_gui.bridge.recording import RecordingLink
    from windlass_gui.panes import ItemsPane

    app = QApplication.instance() or QApplication([])
    assert app is not None
    link, bridge = RecordingLink(), Bridge()
    bridge.use_link(link)
    pane = ItemsPane(bridge)
    pane.resize(700, 500)
    pane.show()
    bridge.follow(1)
    counts = Counts(pending=ITEMS)
    row = {"id": 1, "name": "r", "owner": "", "state": "running", "priority": 0, "submitted": 0.0, "ended": None}
    whole = {
        "run": RunRow(**row, counts=counts),
        "tasks": [TaskRow(0, "t", "", True, ITEMS, counts)],
        "states": {0: bytes(ITEMS)},
    }
    link.tell(Snapshot("run:1", 1, whole))
    with stopwatch() as first:
        bridge.frame()
        pane.show_task(1, 0)
    frames, parsing = [], []
    for number in range(plan.size(100, 20)):
        items = [[0, (number * 7919 + k * 499) % ITEMS, 4] for k in range(CHANGES)]
        with stopwatch() as watch:
            link.tell(Delta("run:1", number + 2, {"items": items}))
        parsing.append(watch.seconds * 1000)
        with stopwatch() as watch:
            bridge.frame()
            pane.table.viewport().repaint()
        frames.append(watch.seconds * 1000)
    pane.close()
    bridge.shutdown(stop_core=False)
    note = f"{CHANGES:,} changed items of {ITEMS:,}"
    return [
        Row("app, snapshot of a run", first.seconds * 1000, "ms", f"{ITEMS:,} items, UI thread"),
        Row("app, one delta in the network thread", percentile(parsing, 0.5), "ms", note),
        Row(
            "app, one delta in the UI thread",
            percentile(frames, 0.5),
            "ms",
            f"{note}; p99 {percentile(frames, 0.99):.1f} ms",
        ),
    ]
