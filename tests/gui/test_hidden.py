"""What nobody sees costs nothing while a run goes on, and is right as soon as somebody sees it."""

from __future__ import annotations

from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from windlass.wire.rows import Counts
from windlass_gui.bridge import Bridge
from windlass_gui.bridge.recording import RecordingLink
from windlass_gui.editor.canvas.minimap import Minimap
from windlass_gui.editor.canvas.view import GraphView
from windlass_gui.editor.document.session import EditorSession
from windlass_gui.look.theme import load_theme
from windlass_gui.panes import RunsPane
from windlass_gui.runs.run_view import RunView


def go_on(bridge: Bridge, link: RecordingLink, make: Any, **counts: int) -> None:
    row = make.run(1, counts=Counts(**counts))
    link.tell(make.delta("runs", runs=[row], removed=[]))
    link.tell(make.delta("run:1", run=row, tasks=[make.task(0, 9)]))
    bridge.frame()


def test_deeds_of_a_hidden_table_are_looked_at_when_it_is_shown(
    qtbot: QtBot, bridge: Bridge, link: RecordingLink, make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[str] = []
    possible = RunsPane.possible
    monkeypatch.setattr(RunsPane, "possible", lambda *args: looks.append("look") or possible(*args))
    pane = RunsPane(bridge)
    qtbot.addWidget(pane)
    link.tell(make.snapshot("runs", runs=[make.run(1)], removed=[]))
    bridge.frame()
    pane.select_run(1)
    looks.clear()
    for succeeded in range(5):
        go_on(bridge, link, make, succeeded=succeeded, failed=3, active=1)
    assert not looks
    action = pane.run_deeds.actions["retry"]
    pane.show()
    assert looks
    assert action.isEnabled()
    looks.clear()
    go_on(bridge, link, make, succeeded=9)
    assert looks
    assert not action.isEnabled()
    pane.hide()
    go_on(bridge, link, make, succeeded=9, failed=1)
    assert pane.run_deeds["retry"].isEnabled(), "whoever asks for it gets it as it is"


def test_a_hidden_overview_is_not_drawn(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[str] = []
    draw = Minimap._draw
    monkeypatch.setattr(Minimap, "_draw", lambda minimap: (drawn.append("draw"), draw(minimap)))
    tasks = "".join(f"  t{i}: {{command: x, position: [{i * 290}, 0]}}\n" for i in range(30))
    view = GraphView(EditorSession(f"windlass: 1\nname: many\ntasks:\n{tasks}"), load_theme("dark"))
    qtbot.addWidget(view)
    view.resize(900, 600)
    view.show()
    view.fit()
    assert not view.minimap.isVisible()
    drawn.clear()
    view.graph.redrawn.emit()
    assert not view.minimap._timer.isActive()
    view.zoom_to(1.0)
    assert view.minimap.isVisible()
    assert drawn
    drawn.clear()
    view.hide()
    view.graph.redrawn.emit()
    assert not view.minimap._timer.isActive()
    assert not drawn
    view.show()
    assert drawn


def test_others_hear_of_a_run_when_it_means_something_else_to_them(
    qtbot: QtBot, bridge: Bridge, link: RecordingLink, make: Any
) -> None:
    view = RunView(bridge)
    qtbot.addWidget(view)
    link.tell(make.snapshot("runs", runs=[make.run(1)], removed=[]))
    bridge.frame()
    view.show_run(1)
    go_on(bridge, link, make, active=9)
    told: list[str] = []
    view.run_changed.connect(lambda: told.append("told"))
    for succeeded in range(6):
        go_on(bridge, link, make, active=9 - succeeded, succeeded=succeeded)
    assert not told
    assert "5 of 9 ended" in view._label.toolTip() + view._label.text()
    go_on(bridge, link, make, active=2, succeeded=6, failed=1)
    assert len(told) == 1, "something failed"
    go_on(bridge, link, make, succeeded=8, failed=1)
    assert len(told) == 2, "nothing is left to cancel"
