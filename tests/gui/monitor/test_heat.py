"""The heat map, the strip of totals and an agent's page."""

from __future__ import annotations

from math import ceil
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication, QMessageBox
from pytestqt.qtbot import QtBot

from windlass.wire import messages as m
from windlass.wire.messages import Sample
from windlass.wire.rows import Counts
from windlass_gui.bridge import Bridge
from windlass_gui.bridge.recording import RecordingLink
from windlass_gui.look.theme import apply_theme, contrast, ink, load_theme, state_shape
from windlass_gui.mirror import AT, Mirror
from windlass_gui.models.tables import AGENT_STATES
from windlass_gui.monitor import MonitorWindow
from windlass_gui.monitor.cells import GAP, LEAST, LEVELS, MOST, fit, heat, natural
from windlass_gui.monitor.measures import MEASURES, readings
from windlass_gui.monitor.totals import PLACE, Totals


@pytest.fixture
def window(qtbot: QtBot, bridge: Bridge) -> MonitorWindow:
    made = MonitorWindow(bridge)
    qtbot.addWidget(made)
    made.resize(1100, 760)
    made.show()
    return made


def sample(time: float, cpu: float = 0.5, **more: Any) -> Sample:
    base: dict[str, Any] = {"memory": 4 << 30, "memory_total": 16 << 30, "disk_free": 30 << 30, "disk_total": 100 << 30}
    return Sample(time, cpu, **(base | more))


def tell(bridge: Bridge, link: RecordingLink, make: Any, count: int) -> None:
    agents = [make.agent(f"node{number}") for number in range(count)]
    link.tell(make.snapshot("agents", agents=agents, removed=[]))
    samples = {row.id: [sample(make.NOW, number / count)] for number, row in enumerate(agents)}
    link.tell(make.delta("samples", samples=samples, attempts=[]))
    bridge.frame()


@given(st.integers(1, 3000), st.integers(50, 4000), st.integers(50, 3000))
def test_cells_fit_and_are_as_large_as_they_can_be(count: int, width: int, height: int) -> None:
    columns, side = fit(count, width, height)
    assert LEAST <= side <= MOST
    assert columns == 1 or columns * (side + GAP) - GAP <= width
    rows = ceil(count / columns)
    assert side == LEAST or rows * (side + GAP) - GAP <= height
    if side < MOST:
        wider = max(1, (width + GAP) // (side + 1 + GAP))
        assert ceil(count / wider) * (side + 1 + GAP) - GAP > height


@pytest.mark.parametrize("name", ["dark", "light"])
def test_names_read_on_every_colour(qapp: QApplication, name: str) -> None:
    theme = load_theme(name)
    for step in range(LEVELS):
        back = heat(theme, step)
        assert contrast(ink(back.name()), back.name()) >= 4.5


def test_names_are_sorted_as_people_count() -> None:
    assert sorted(["node10", "node9", "alpha", "node1b"], key=natural) == ["alpha", "node1b", "node9", "node10"]


def test_many_machines_are_a_map_and_few_are_cards(
    window: MonitorWindow, bridge: Bridge, link: RecordingLink, make: Any
) -> None:
    tell(bridge, link, make, 3)
    assert not window.shows_map
    assert len(window.cards) == 3
    window.view.click()
    assert window.shows_map
    assert not window.cards
    assert [cell.agent for cell in window.map.cells] == ["node0", "node1", "node2"]
    window.view.click()
    assert len(window.cards) == 3
    window._view = ""
    for count, as_map in ((11, False), (12, True)):
        tell(bridge, link, make, count)
        assert window.shows_map is as_map, "from twelve on, unless a person chose"
    tell(bridge, link, make, 200)
    assert window.shows_map
    assert not window.view.isEnabled()
    assert len(window.map.cells) == 200
    window.order.setCurrentIndex(1)
    assert window.map.cells[0].agent == "node199", "the busiest first"
    window.grab()


def test_a_cell_is_hovered_clicked_and_reached_by_keys(
    qtbot: QtBot, window: MonitorWindow, bridge: Bridge, link: RecordingLink, make: Any
) -> None:
    tell(bridge, link, make, 30)
    heat_map = window.map
    place = 7
    center = heat_map.rect_of(place).center()
    assert heat_map.at(center) == place
    assert heat_map.at(QPoint(1, 1)) == -1
    assert "CPU load: 23%" in heat_map.tip(place)
    assert "30.0 GiB free of 100 GiB" in heat_map.tip(place)
    with qtbot.waitSignal(heat_map.chosen) as chosen:
        qtbot.mouseClick(heat_map, Qt.MouseButton.LeftButton, pos=center)
    assert chosen.args == ["node7"]
    assert window.stack.currentWidget() is window.page
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert window.stack.currentIndex() == 0
    qtbot.keyClick(heat_map, Qt.Key.Key_Right)
    qtbot.keyClick(heat_map, Qt.Key.Key_Right)
    assert heat_map.accessibleDescription() == "node9, up, CPU load 30%"
    qtbot.keyClick(heat_map, Qt.Key.Key_Return)
    assert window.page.agent == "node9"


@pytest.mark.slow
def test_what_is_away_has_no_colour(window: MonitorWindow, bridge: Bridge, link: RecordingLink, make: Any) -> None:
    tell(bridge, link, make, 20)
    link.tell(
        make.delta("agents", agents=[make.agent("node3", state="disconnected"), make.agent("node4", draining=True)])
    )
    bridge.frame()
    cells = {cell.agent: cell for cell in window.map.cells}
    assert cells["node3"].share is None
    assert (cells["node4"].state, cells["node4"].share) == ("draining", 0.2)
    for theme in ("dark", "light"):
        apply_theme(QApplication.instance(), theme)  # type: ignore[arg-type]
        window.grab()


def test_every_measure_reads_what_is_known_and_nothing_else(make: Any) -> None:
    row = make.agent("a")
    assert [title for title, _ in readings(row, None)] == ["CPUs given out"]
    mirror = Mirror()
    mirror.feed(make.snapshot("agents", agents=[row], removed=[]))
    point = sample(make.NOW, 0.5, gpu=0.25, net_in=1000, net_out=10**9, disk_read=5, disk_written=0)
    mirror.feed(make.snapshot("samples", samples={"a": [point]}, attempts=[]))
    told = dict(readings(row, mirror.curves["a"].last))
    assert set(told) == {each.title for each in MEASURES}
    assert told["GPU load"] == "25%"
    for each in MEASURES:
        share = each.read(row, mirror.curves["a"].last).share
        assert share is not None
        assert 0 <= share <= 1


def test_totals_add_up_and_count_ends(make: Any) -> None:
    mirror, totals = Mirror(), Totals()
    big = make.agent("a", resources={"cpus": 12.0, "memory": 1}, used={"cpus": 6.0})
    mirror.feed(make.snapshot("agents", agents=[big, make.agent("b", running=2)], removed=[]))
    history = [sample(make.NOW - n, 0.25, net_in=100) for n in range(30, 0, -1)]
    mirror.feed(make.snapshot("samples", samples={"a": history, "b": [sample(make.NOW, 1.0)]}, attempts=[]))
    mirror.feed(make.snapshot("runs", runs=[make.run(1, counts=Counts(ready=5, succeeded=10))], removed=[]))
    totals.begin(mirror, make.NOW)
    assert len(totals.curve) >= 29, "what was before the first look comes from the agents' own curves"
    totals.tick(mirror, make.NOW)
    last = totals.curve.last
    assert last is not None
    assert last[PLACE["cpu"]] == pytest.approx((12 * 0.25 + 4 * 1.0) / 16)
    assert last[PLACE["slots"]] == pytest.approx(7 / 16)
    assert (last[PLACE["running"]], last[PLACE["ready"]], last[PLACE["ended"]]) == (3, 5, 0)
    mirror.feed(make.delta("runs", runs=[make.run(1, counts=Counts(succeeded=12, failed=3))]))
    totals.tick(mirror, make.NOW + 1)
    assert totals.curve.last is not None
    assert totals.curve.last[PLACE["ended"]] == 1.0, "five in five seconds"
    mirror.feed(make.delta("runs", runs=[make.run(1, counts=Counts(ready=3, succeeded=12))]))
    totals.tick(mirror, make.NOW + 2)
    assert totals.curve.last[PLACE["ended"]] == 1.0, "a retry takes none back"


def test_agents_of_one_machine_are_not_counted_twice(make: Any) -> None:
    """Each of them sees all of its memory, network and disk."""
    mirror, totals = Mirror(), Totals()
    there = {"hostname": "big"}
    agents = [make.agent("a", labels=there), make.agent("b", labels=there), make.agent("c")]
    mirror.feed(make.snapshot("agents", agents=agents, removed=[]))
    moved = {"net_in": 100, "disk_read": 10}
    points = [sample(make.NOW - n, 0.5, **moved) for n in range(30, -1, -1)]
    mirror.feed(make.snapshot("samples", samples=dict.fromkeys("abc", points), attempts=[]))
    totals.begin(mirror, make.NOW)
    totals.tick(mirror, make.NOW)
    total = 2 * mirror.curves["a"].view[AT["memory_total"], -1]
    assert total > 0
    view = totals.curve.view
    for name, value in (("memory_total", total), ("net", 200), ("disk", 20), ("cpu", 0.5)):
        assert view[PLACE[name], 1:] == pytest.approx(value), name


def test_an_agents_page(
    qtbot: QtBot, window: MonitorWindow, bridge: Bridge, link: RecordingLink, make: Any, monkeypatch: Any
) -> None:
    rows = [make.agent("a", labels={"os": "linux", "room": "3"}, cpu_model="Z80", fingerprint="aa bb")]
    link.tell(make.snapshot("agents", agents=rows, removed=[]))
    link.tell(make.delta("samples", samples={"a": [sample(make.NOW, kept=5 << 20)]}, attempts=[]))
    bridge.frame()
    window.cards["a"].open.click()
    page = window.page
    asked = link.of(m.GetAgent)
    assert [question.message.agent for question in asked] == ["a"]
    ended = make.attempt(0, 3, state="exited", outcome="nonzero", code=3)
    event = {"time": make.NOW, "kind": "aside", "text": "4 items failed"}
    asked[-1].answer(
        {"attempts": [msgspec.to_builtins(ended)], "titles": [[1, 0, "g · t"]], "events": [event], "whole": False,
         "searched": 10_000}
    )  # fmt: skip
    bridge.frame()
    assert page.attempts.index(0, 0).data() == "g · t[3]"
    assert page.events.index(0, 1).data() == "was set aside"
    assert "10,000" in page.searched.text()
    assert page.facts["labels"].text() == "room=3"
    assert page.facts["kept"].text() == "5.0 MiB"
    assert "Z80" in page.facts["hardware"].text()
    shown = {name for name, button in page.buttons.items() if button.isVisibleTo(page)}
    assert shown == {"drain"}
    page.buttons["drain"].click()
    assert link.asked[-1].message == m.AgentControl(0, "drain", "a")
    link.tell(make.delta("agents", agents=[make.agent("a", state="down", note="lease ended")]))
    bridge.frame()
    assert page.note.text() == "lease ended"
    page.buttons["remove"].click()
    QApplication.processEvents()
    box = window.findChild(QMessageBox)
    assert box is not None
    assert len(link.of(m.AgentControl)) == 1, "it asks first"
    next(button for button in box.buttons() if button.text() == "Forget it").click()
    assert link.asked[-1].message == m.AgentControl(0, "remove", "a")
    link.tell(make.delta("agents", agents=[], removed=["a"]))
    bridge.frame()
    assert page.note.text() == "It was removed."
    qtbot.mouseClick(page.leave_button, Qt.MouseButton.LeftButton)
    assert window.stack.currentIndex() == 0


def test_no_two_states_of_a_machine_have_one_shape() -> None:
    shapes = [state_shape(state) for state in AGENT_STATES]
    assert len(set(shapes)) == len(shapes), dict(zip(AGENT_STATES, shapes, strict=True))
