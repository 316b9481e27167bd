"""How long the canvas takes to paint: 1,000 linked nodes, while it is panned and while a run colours them."""

from __future__ import annotations

import os

from bench.measure import Plan, Row, percentile, stopwatch

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

NODES = 1000
COLUMNS = 40
SIZE = (1600, 1000)


def document() -> str:
    """A grid of tasks, each needing its neighbour on the left and some the one above it."""
    lines = ["windlass: 1", "name: grid", "tasks:"]
    for place in range(NODES):
        row, column = divmod(place, COLUMNS)
        needs = [f"t{place - 1}"] if column else []
        if row and column % 5 == 4:
            needs.append(f"t{place - COLUMNS - 1}")
        lines.append(
            f"  t{place}: {{command: 'true', needs: [{', '.join(needs)}], position: [{column * 280}, {row * 140}]}}"
        )
    return "\n".join(lines) + "\n"


def run(plan: Plan) -> list[Row]:
    # Qt is loaded only for this measurement.
    from PySide6.QtWidgets import QApplication

    from windlass.wire.rows import Counts
    from windlass_gui.editor.live import NodeLive
    from windlass_gui.editor.session import EditorSession
    from windlass_gui.editor.view import GraphView
    from windlass_gui.theme import load_theme

    app = QApplication.instance() or QApplication([])
    session = EditorSession(document())
    view = GraphView(session, load_theme("dark"))
    view.resize(*SIZE)
    view.show()
    app.processEvents()
    view.fit()
    app.processEvents()
    running = NodeLive("active", Counts(active=1), 1)
    done = NodeLive("succeeded", Counts(succeeded=1), 1)
    frames = plan.size(200, 30)

    def painted(change: int | None) -> float:
        with stopwatch() as watch:
            if change is None:
                view.pan(3 if frame % 2 else -3, 2 if frame % 2 else -2)
            else:
                view.graph.show_live({f"t{(change * 10 + k) % NODES}": (running, done)[k % 2] for k in range(50)})
            view.viewport().repaint()
        return watch.seconds * 1000

    rows = []
    for words, zoomed in (("all in view", False), ("at full size", True)):
        if zoomed:
            view.zoom_reset()
            app.processEvents()
        panned, live = [], []
        for frame in range(frames):
            panned.append(painted(None))
            live.append(painted(frame))
        note = f"1,000 nodes, {words}, {SIZE[0]} x {SIZE[1]} pixels, raster; p99 {{:.1f}} ms"
        rows.append(
            Row(f"canvas frame, panning, {words}", percentile(panned, 0.5), "ms", note.format(percentile(panned, 0.99)))
        )
        rows.append(
            Row(
                f"canvas frame, 50 states change, {words}",
                percentile(live, 0.5),
                "ms",
                note.format(percentile(live, 0.99)),
            )
        )
    view.close()
    return rows
