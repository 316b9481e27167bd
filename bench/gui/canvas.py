"""How many frames a second the canvas paints while it is panned, and while a run colours it."""

from __future__ import annotations

from math import isqrt

from bench.gui.figures import SIZE, Figure, a_second, application, frames, grid
from bench.measure import Plan, percentile


def run(plan: Plan) -> list[Figure]:
    from windlass.wire.rows import Counts
    from windlass_gui.editor.canvas.live import NodeLive
    from windlass_gui.editor.canvas.view import GraphView
    from windlass_gui.editor.document.session import EditorSession
    from windlass_gui.look.theme import load_theme

    app = application()
    states = [NodeLive("active", Counts(active=1), 1), NodeLive("succeeded", Counts(succeeded=1), 1)]
    figures = []
    sizes = ((1_000, None, ""), (10_000, 30, ""), (plan.size(100_000, 20_000), 10, ""))
    for count, target, _ in sizes:
        session = EditorSession(grid(count, isqrt(count * 8 // 5)))
        view = GraphView(session, load_theme("dark"))
        view.resize(*SIZE)
        view.show()
        app.processEvents()
        view.fit()
        app.processEvents()

        def pan(number: int, view: GraphView = view) -> None:
            view.pan(3 if number % 2 else -3, 2 if number % 2 else -2)
            view.viewport().repaint()

        def change(number: int, view: GraphView = view, count: int = count) -> None:
            view.graph.show_live({f"t{(number * 10 + k) % count}": states[k % 2] for k in range(50)})
            view.viewport().repaint()

        panned = frames(plan.size(60, 10), pan)
        live = frames(plan.size(60, 10), change)
        words = f"{count:,} nodes all in view"
        note = f"{SIZE[0]} x {SIZE[1]} pixels, raster; p99 {percentile(panned, 0.99):.0f} ms"
        figures.append(Figure(f"canvas, {words}, panning", a_second(panned), "frames/s", target, True, note))
        note = f"50 states change each frame; p99 {percentile(live, 0.99):.0f} ms"
        figures.append(Figure(f"canvas, {words}, a run's states", a_second(live), "frames/s", None, True, note))
        view.zoom_reset()
        app.processEvents()
        close = frames(plan.size(60, 10), pan)
        note = f"p99 {percentile(close, 0.99):.0f} ms"
        figures.append(Figure(f"canvas, {count:,} nodes, at full size", a_second(close), "frames/s", None, True, note))
        view.close()
        view.deleteLater()
        app.processEvents()
    return figures
