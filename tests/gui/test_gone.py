"""A run that was deleted, a pane that was closed, an answer that comes too late: nothing of it stays on the screen."""

from __future__ import annotations

from typing import Any

import pytest

from windlass_gui.bridge import Bridge
from windlass_gui.bridge.recording import RecordingLink
from windlass_gui.window.main_window import MainWindow


@pytest.fixture
def told(bridge: Bridge, link: RecordingLink, make: Any) -> RecordingLink:
    """Two runs that have ended; the first is followed."""
    bridge.follow(1)
    link.tell(make.snapshot("runs", runs=[make.run(1, "failed"), make.run(2, "failed")], removed=[]))
    attempts = [make.attempt(0, 3, state="exited", outcome="nonzero", code=3)]
    whole = {"tasks": [make.task(0, 10)], "states": {0: bytes([5] * 10)}, "attempts": attempts}
    link.tell(make.snapshot("run:1", run=make.run(1, "failed"), **whole))
    bridge.frame()
    return link


def test_a_deleted_run_leaves_every_pane(window: MainWindow, bridge: Bridge, told: RecordingLink, make: Any) -> None:
    attempts = window.tabling.attempts
    window.runs.select_run(1)
    window.run_view.show_run(1)
    window.items.show_task(1, 0)
    window.log.show_item(1, 0, 3)
    window.timeline.show_run(1)
    attempts.show_attempts(1, 0)
    assert (window.runs.tasks.rowCount(), window.items.items.rowCount()) == (1, 10)
    told.tell(make.delta("runs", runs=[], removed=[1]))
    bridge.frame()
    assert window.runs.current is None
    assert window.runs.tasks.rowCount() == 0
    assert window.runs.tasks_part.hinted.hint.title.text() == "No run selected"
    assert (window.items.run, window.items.items.rowCount()) == (None, 0)
    assert (window.log.item, window.log.title.text()) == (None, "")
    assert (attempts.scope, window.timeline.run, window.failures.run, window.run_view.run) == (None,) * 4
    assert "run:1" not in told.topics


def test_another_runs_panes_stay(window: MainWindow, bridge: Bridge, told: RecordingLink, make: Any) -> None:
    window.runs.select_run(1)
    window.items.show_task(1, 0)
    window.log.show_item(1, 0, 3)
    told.tell(make.delta("runs", runs=[], removed=[2]))
    bridge.frame()
    assert (window.runs.current, window.items.run, window.log.item) == (1, 1, (1, 0, 3))


def test_a_run_that_was_deleted_behind_another_tab_does_not_come_back(
    window: MainWindow, bridge: Bridge, told: RecordingLink, make: Any
) -> None:
    window.new()
    first = window.documents.current
    assert first is not None
    window.run_view.show_run(1)
    window.new()
    told.tell(make.delta("runs", runs=[], removed=[1]))
    bridge.frame()
    window.documents.show_document(first)
    assert window.run_view.run is None
    assert not window.run_view.isVisible()
