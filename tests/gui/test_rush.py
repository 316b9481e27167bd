"""While a run ends more attempts than anybody could read, nobody reads its record; afterwards all of it comes."""

from __future__ import annotations

from array import array
from typing import Any

import numpy as np
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from windlass.wire import messages as m
from windlass_gui.bridge import Bridge
from windlass_gui.bridge.recording import RecordingLink
from windlass_gui.mirror.rush import MANY, Rush
from windlass_gui.panes import ItemsPane
from windlass_gui.timeline import TimelinePane

COUNT = 40


def answer(indexes: list[int], last: int) -> dict[str, Any]:
    """What the core says to GetColumns: successes of these items."""
    count = len(indexes)
    columns = {
        "task": array("I", [0] * count), "index": array("I", indexes), "attempt": array("I", [1] * count),
        "slot": array("I", [0] * count), "agent": array("H", [0] * count), "outcome": array("B", [0] * count),
        "started": array("d", [5.0] * count), "ended": array("d", [7.0] * count), "memory": array("q", [7] * count),
        "staging": array("d", [0.0] * count), "assigned": array("d", [4.0] * count),
    }  # fmt: skip
    data = {name: column.tobytes() for name, column in columns.items()}
    return {**data, "agents": ["desk"], "outcomes": ["ok"], "next": None, "last": last, "count": count}


def follow(bridge: Bridge, link: RecordingLink, make: Any) -> None:
    bridge.follow(1)
    states = {0: bytes([4] * COUNT)}
    link.tell(make.snapshot("run:1", run=make.run(1), tasks=[make.task(0, COUNT)], states=states, attempts=[]))
    bridge.frame()


def left_out(bridge: Bridge, link: RecordingLink, make: Any, count: int) -> None:
    link.tell(make.delta("run:1", attempts=[], shed=count))
    bridge.frame()


def test_a_rush_is_many_ends_between_two_looks_of_a_run_that_goes_on(
    bridge: Bridge, link: RecordingLink, make: Any
) -> None:
    rush = Rush()
    assert not rush.look(None)
    follow(bridge, link, make)
    mirror = bridge.mirror.run(1)
    assert not rush.look(mirror)
    left_out(bridge, link, make, MANY + 1)
    assert rush.look(mirror)
    assert rush.on
    left_out(bridge, link, make, 5)
    assert not rush.look(mirror)
    left_out(bridge, link, make, 9 * MANY)
    link.tell(make.delta("run:1", run=make.run(1, state="succeeded", ended=make.NOW)))
    bridge.frame()
    assert not rush.look(mirror), "it is over"


def test_the_timeline_reads_the_record_when_the_rush_is_over(
    qtbot: QtBot, bridge: Bridge, link: RecordingLink, make: Any
) -> None:
    pane = TimelinePane(bridge)
    qtbot.addWidget(pane)
    pane.show()
    pane.show_run(1)
    follow(bridge, link, make)
    while waiting := [asked for asked in link.of(m.GetColumns) if not asked.future.done()]:
        waiting[0].answer(answer([0, 1], 2))
        bridge.frame()
    asked = len(link.of(m.GetColumns))
    for _ in range(3):
        left_out(bridge, link, make, MANY + 1)
        pane.feed._look_again()
        assert len(link.of(m.GetColumns)) == asked
    assert "when fewer end at once" in pane.note.text()
    pane.feed._look_again()
    assert len(link.of(m.GetColumns)) == asked + 1
    assert link.of(m.GetColumns)[-1].message.after == 2
    link.of(m.GetColumns)[-1].answer(answer(list(range(2, COUNT)), COUNT))
    bridge.frame()
    assert pane.bars.count == COUNT
    assert "fewer" not in pane.note.text()


def test_the_items_table_asks_again_for_what_was_not_told(
    qtbot: QtBot, bridge: Bridge, link: RecordingLink, make: Any
) -> None:
    pane = ItemsPane(bridge)
    qtbot.addWidget(pane)
    pane.resize(900, 500)
    pane.show()
    follow(bridge, link, make)
    pane.show_task(1, 0)

    def seconds(item: int) -> Any:
        return pane.items.data(pane.items.index(item, 4), Qt.ItemDataRole.DisplayRole)

    assert seconds(3) == ""
    link.of(m.GetColumns)[-1].answer(answer([0, 1], 2))
    bridge.frame()
    assert pane.items.complete
    asked = len(link.of(m.GetColumns))
    left_out(bridge, link, make, MANY + 1)
    pane._tick()
    assert seconds(3) == ""
    assert len(link.of(m.GetColumns)) == asked, "not in the rush"
    pane._tick()
    assert seconds(3) == ""
    assert len(link.of(m.GetColumns)) == asked + 1
    assert link.of(m.GetColumns)[-1].message.after == 2, "from where it stopped"
    link.of(m.GetColumns)[-1].answer(answer(list(range(2, COUNT)), COUNT))
    bridge.frame()
    assert seconds(3) == "2.0 s"
    pane._tick()
    assert seconds(5) == "2.0 s"
    assert len(link.of(m.GetColumns)) == asked + 1, "all is known"
    assert np.isfinite(pane.items.facts.seconds[:COUNT]).all()
