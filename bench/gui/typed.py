"""Typing into the YAML of a large graph beside its canvas: the longest time for which the window did not answer."""

from __future__ import annotations

from math import isqrt
from typing import Any

from bench.gui.figures import SIZE, Figure, Heartbeat, application, grid, pump
from bench.measure import Plan, stopwatch

READ_WITHIN = 60
"""Seconds after which what was typed counts as lost."""
BETWEEN_KEYS = 0.02
"""Seconds from a key to the next."""
TYPED = (" more words", " [", "a, b", "]", "\n", "retries: 2", "\n", "  typed:\n", "command: x")
"""With a pause after each, in which it becomes the document: an edit of a field, a bracket left open and closed,
another field, another task at a wrong indentation."""


def run(plan: Plan) -> list[Figure]:
    from windlass_gui.app import spare_collector

    spare_collector()
    figures = [_typed(5_000, 50.0)]
    if not plan.quick:
        figures.append(_typed(50_000, None))
    return figures


def _typed(count: int, target: float | None) -> Figure:
    from PySide6.QtCore import Qt
    from PySide6.QtTest import QTest

    from windlass_gui.editor.document.session import EditorSession
    from windlass_gui.editor.page import EditorPage
    from windlass_gui.look.theme import load_theme

    app = application()
    session = EditorSession(grid(count, isqrt(count)))
    page = EditorPage(load_theme("dark"))
    page.resize(*SIZE)
    page.show()
    page.show_session(session)
    page.show_mode("both")
    edit = page.text.edit
    edit.setFocus()
    found = edit.document().find("--number 777")
    found.clearSelection()
    edit.setTextCursor(found)
    edit.centerCursor()
    beats = Heartbeat()
    _wait(app, 1.0)
    beats.begin()
    unread = 0.0
    for words in TYPED:
        for key in words:
            if key == "\n":
                QTest.keyClick(edit, Qt.Key.Key_Return)
            else:
                QTest.keyClicks(edit, key)
            _wait(app, BETWEEN_KEYS)
        steps = session.undo.count()
        with stopwatch() as watch:
            while session.undo.count() == steps and watch.seconds < READ_WITHIN:
                pump(app)
        with stopwatch() as watch:
            while session.document.unread and watch.seconds < READ_WITHIN:
                pump(app)
            unread = max(unread, watch.seconds)
        _wait(app, 0.3)
    note = f"longest stall, steps and checks included; what had to be read as a whole was read {unread:.1f} s later"
    figure = Figure(f"typing in {count:,} tasks", beats.longest, "ms", target, note=note)
    page.show_session(None)
    page.close()
    page.deleteLater()
    app.processEvents()
    return figure


def _wait(app: Any, seconds: float) -> None:
    with stopwatch() as watch:
        while watch.seconds < seconds:
            pump(app)
