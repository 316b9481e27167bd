"""The page of one machine: it is about that one and no other, and asks as long as it is seen."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from pytestqt.qtbot import QtBot

from windlass.wire import messages as m
from windlass.wire.messages import Sample
from windlass_gui.bridge import Bridge
from windlass_gui.bridge.recording import RecordingLink
from windlass_gui.monitor import MonitorWindow

NOTHING: dict[str, Any] = {"attempts": [], "titles": [], "events": [], "whole": True, "searched": 0}


@pytest.fixture
def window(qtbot: QtBot, bridge: Bridge, link: RecordingLink, make: Any) -> MonitorWindow:
    """Two machines, of which only the first has measured anything."""
    made = MonitorWindow(bridge)
    qtbot.addWidget(made)
    made.show()
    link.tell(make.snapshot("agents", agents=[make.agent("a"), make.agent("b")], removed=[]))
    samples = [Sample(make.NOW + n, 0.25, 4 << 30, 16 << 30, 0, kept=7 << 20) for n in range(5)]
    link.tell(make.delta("samples", samples={"a": samples}, attempts=[]))
    bridge.frame()
    return made


def questions(link: RecordingLink) -> list[str]:
    return [asked.message.agent for asked in link.of(m.GetAgent)]


def test_one_machines_curves_are_not_shown_for_another(window: MonitorWindow) -> None:
    page = window.page
    for curve in page.curves.values():
        curve.clock = lambda: 1_800_000_005.0
    window.show_agent("a")
    assert (page.curves["cpu"].value.text(), page.facts["kept"].text()) == ("25%", "7.0 MiB")
    window.show_agent("b")
    assert {name: curve.value.text() for name, curve in page.curves.items() if curve.isVisibleTo(page)} == {
        "cpu": "–", "memory": "–", "net": "–", "disk": "–", "full": "–",
    }  # fmt: skip
    times, _ = page.curves["cpu"]._line.getData()
    assert times is None or not len(times)
    assert page.facts["kept"].text() == "–"


def test_a_late_answer_is_not_taken_for_another_machines(
    window: MonitorWindow, bridge: Bridge, link: RecordingLink, make: Any
) -> None:
    window.show_agent("a")
    late = link.of(m.GetAgent)[-1]
    bridge.link_phase("connecting")
    bridge.link_phase("up")
    bridge.frame()
    window.show_agent("b")
    ended = msgspec.to_builtins(make.attempt(0, 3, state="exited"))
    late.answer(NOTHING | {"attempts": [ended]})
    bridge.frame()
    assert window.page.attempts.rowCount() == 0
    assert questions(link)[-1] == "b"


def test_it_asks_on_when_the_window_is_shown_again(window: MonitorWindow, bridge: Bridge, link: RecordingLink) -> None:
    window.show_agent("a")
    link.of(m.GetAgent)[-1].answer(NOTHING)
    bridge.frame()
    window.close()
    assert not window.page._timer.isActive()
    window.show()
    assert questions(link) == ["a", "a"]


def test_a_machine_that_is_gone_is_called_by_no_others_name(window: MonitorWindow) -> None:
    window.show_agent("a")
    window.show_agent("gone")
    assert (window.page.name.text(), window.page.note.text()) == ("gone", "It was removed.")


def test_single_tasks_have_no_number(window: MonitorWindow, bridge: Bridge, link: RecordingLink, make: Any) -> None:
    window.show_agent("a")
    rows = [msgspec.to_builtins(make.attempt(task, 0, state="exited")) for task in (0, 1)]
    titles = [[1, 0, "g · split"], [1, 1, "g · encode"]]
    link.of(m.GetAgent)[-1].answer(NOTHING | {"attempts": rows, "titles": titles, "singles": [[1, 0]]})
    bridge.frame()
    attempts = window.page.attempts
    assert {attempts.index(row, 0).data() for row in range(2)} == {"g · split", "g · encode[0]"}


def test_what_machines_say_is_text_in_tips(
    window: MonitorWindow, bridge: Bridge, link: RecordingLink, make: Any
) -> None:
    link.tell(make.delta("agents", agents=[make.agent("a", cpu_model="<img src=/etc/passwd> CPU")]))
    bridge.frame()
    assert "<img" not in window.cards["a"].facts.toolTip()
    assert "&lt;img" in window.cards["a"].facts.toolTip()


def test_of_many_runs_those_at_work_are_followed_and_the_rest_is_said(
    window: MonitorWindow, bridge: Bridge, link: RecordingLink, make: Any
) -> None:
    """First come, first served: it is the oldest of a long queue that runs."""
    waiting = make.run(1).counts.__class__(ready=5)
    queue = [make.run(number, counts=waiting) for number in range(3, 20)]
    link.tell(make.snapshot("runs", runs=[make.run(1), make.run(2), *queue], removed=[]))
    bridge.frame()
    followed = {topic for topic in link.topics if topic.startswith("run:")}
    assert {"run:1", "run:2"} <= followed
    assert len(followed) == 8
    assert window.left_out.text() == ""
    at_work = [make.run(number) for number in range(1, 13)]
    link.tell(make.delta("runs", runs=at_work, removed=[]))
    bridge.frame()
    assert "4 more runs" in window.left_out.text(), "12 are at work, and the table has the attempts of 8"
    assert {"run:1", "run:2"} <= set(link.topics), "those that were followed stay so"
