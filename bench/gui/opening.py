"""From a file to the drawn canvas, edits of what was opened, and what the check costs the window."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from math import isqrt
from pathlib import Path

from bench.gui.figures import SIZE, Figure, Heartbeat, application, grid, pump
from bench.measure import Plan, percentile, stopwatch

CHECKED_WITHIN = 120
"""Seconds after which a check counts as lost."""


def run(plan: Plan) -> list[Figure]:
    figures = []
    sizes = ((5_000, 2.0, 50.0), (50_000, 20.0, 300.0))
    for count, opened, edited in sizes[:1] if plan.quick else sizes:
        for placed in (True, False):
            figures.append(_opened(count, placed, opened, 1 if plan.quick or count > 10_000 else 5))
        figures += _edited(count, edited)
    return figures


def _opened(count: int, placed: bool, target: float, repeats: int) -> Figure:
    from windlass_gui.editor.canvas.view import GraphView
    from windlass_gui.editor.document.session import EditorSession
    from windlass_gui.look.theme import load_theme

    app = application()
    theme = load_theme("dark")
    times = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "graph.yaml"
        path.write_text(grid(count, isqrt(count), placed))
        for _ in range(repeats):
            with stopwatch() as watch:
                view = GraphView(EditorSession(path.read_text("utf-8-sig"), path), theme)
                view.resize(*SIZE)
                view.show()
                view.fit()
                app.processEvents()
                view.viewport().repaint()
            times.append(watch.seconds)
            view.close()
            view.deleteLater()
            app.processEvents()
    how = "with positions" if placed else "laid out anew"
    note = "from the file to the drawn canvas; checked meanwhile, in another process"
    return Figure(f"{count:,} tasks open, {how}", percentile(times, 0.5), "s", target, note=note)


def _edited(count: int, target: float) -> list[Figure]:
    from windlass_gui.editor.canvas.view import GraphView
    from windlass_gui.editor.document.session import EditorSession
    from windlass_gui.look.theme import load_theme

    app = application()
    columns = isqrt(count)
    session = EditorSession(grid(count, columns))
    view = GraphView(session, load_theme("dark"))
    view.resize(*SIZE)
    view.show()
    view.fit()
    app.processEvents()
    edits: list[tuple[str, Callable[[int], object]]] = [
        ("moving a node", lambda n: session.move({f"t{n * 17}": (n * 3.0 + 1, n * 5.0 + 1)})),
        ("a link", lambda n: session.link(f"t{n * 3}", f"t{count - 1 - n * 5}")),
        ("a field", lambda n: session.set_field(f"t{n * 19 + 1}", "command", f"echo {n}")),
        ("another id", lambda n: session.rename(f"t{n * 23 + 2}", f"renamed-{n}")),
        ("removing a task", lambda n: session.remove([f"t{n * 29 + 3 + columns}"])),
        ("undo", lambda _: session.undo.undo()),
    ]
    figures = []
    for words, edit in edits:
        times = []
        for number in range(1, 10):
            with stopwatch() as watch:
                edit(number)
                view.viewport().repaint()
            times.append(watch.seconds * 1000)
        note = f"with the frame that shows it; longest of 9: {max(times):.0f} ms"
        figures.append(Figure(f"{words} of {count:,}", percentile(times, 0.5), "ms", target, note=note))
    beats = Heartbeat()
    session.set_field("t1", "command", "echo again")
    app.processEvents()
    beats.begin()
    with stopwatch() as watch:
        while not session.document.checked and watch.seconds < CHECKED_WITHIN:
            pump(app)
    note = f"longest stall of the event loop; findings after {watch.seconds:.1f} s"
    figures.append(Figure(f"checking {count:,} tasks", beats.longest, "ms", 50.0, note=note))
    view.close()
    view.deleteLater()
    app.processEvents()
    return figures
