"""The monitor window: machines, their curves, what runs, and how another machine joins."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from windlass.wire import messages as m
from windlass.wire.keys import new_pair
from windlass.wire.messages import AttemptSample, Key, Sample
from windlass.wire.tokens import JoinToken, format_token
from windlass_gui.bridge import Bridge
from windlass_gui.bridge.recording import RecordingLink
from windlass_gui.look.theme import apply_theme
from windlass_gui.monitor import MonitorWindow
from windlass_gui.monitor.card import SlotBar


@pytest.fixture
def window(qtbot: QtBot, bridge: Bridge) -> MonitorWindow:
    made = MonitorWindow(bridge)
    qtbot.addWidget(made)
    made.show()
    return made


def test_without_machines_it_teaches(window: MonitorWindow) -> None:
    assert window.machines.hinting
    assert "windlass agent" in window.machines.hint.text.text()
    assert window.running.hinting


def test_a_card_for_each_agent(window: MonitorWindow, bridge: Bridge, link: RecordingLink, make: Any) -> None:
    agents = [make.agent("a"), make.agent("b", state="down", note="lease ended"), make.agent("c", draining=True)]
    link.tell(make.snapshot("agents", agents=agents, removed=[]))
    bridge.frame()
    assert set(window.cards) == {"a", "b", "c"}
    assert window.summary.text() == "2 of 3 machines up"
    assert [window.cards[name].drain.text() for name in "abc"] == ["Drain", "Remove", "Take work again"]
    assert window.cards["b"].badge.state == "down"
    assert window.cards["c"].badge.state == "draining"
    window.cards["a"].drain.click()
    assert link.asked[-1].message == m.AgentControl(0, "drain", "a")
    link.tell(make.delta("agents", agents=[], removed=["b"]))
    bridge.frame()
    assert set(window.cards) == {"a", "c"}


def test_a_sick_machine_says_why_for_how_long_and_can_be_forgiven(
    window: MonitorWindow, bridge: Bridge, link: RecordingLink, make: Any
) -> None:
    sick = make.agent("a", aside="4 different items failed there and succeeded elsewhere", aside_until=make.NOW + 60)
    link.tell(make.snapshot("agents", agents=[sick], removed=[]))
    bridge.frame()
    card = window.cards["a"]
    assert card.badge.state == "aside"
    told = "set aside: 4 different items failed there and succeeded elsewhere"
    card.tell(make.NOW)
    assert card.note.text() == f"{told}; back in 60 s"
    card.tell(make.NOW + 20)
    assert card.note.text() == f"{told}; back in 40 s", "the time goes on although nothing was heard"
    card.tell(make.NOW + 61)
    assert card.note.text() == told
    assert card.forgive.isVisibleTo(card)
    card.forgive.click()
    assert link.asked[-1].message == m.AgentControl(0, "forgive", "a")
    link.tell(make.delta("agents", agents=[make.agent("a", probation=True)]))
    bridge.frame()
    assert card.badge.state == "probation"
    assert card.state.text() == "on probation"
    assert "one attempt at a time" in card.note.text()
    assert not card.forgive.isVisibleTo(card)
    link.tell(make.delta("agents", agents=[make.agent("a")]))
    bridge.frame()
    assert not card.note.text()
    assert not card.note.isVisibleTo(card)


def test_a_card_tells_gpus_licences_and_how_limits_hold(
    window: MonitorWindow, bridge: Bridge, link: RecordingLink, make: Any
) -> None:
    labels = {"os": "linux", "arch": "x86_64", "limits": "cgroup"}
    resources = {"cpus": 4.0, "memory": 16 << 30, "gpus": 2, "named": {"maya": 4}}
    used = {"cpus": 1.0, "gpus": 1, "maya": 3.0}
    rich = make.agent("a", labels=labels, resources=resources, used=used, gpus=["H100", "H100"])
    plain = make.agent("b", labels={"os": "linux", "limits": "sampling"})
    link.tell(make.snapshot("agents", agents=[rich, plain, make.agent("c")], removed=[]))
    bridge.frame()
    told = {name: card.holds.text() for name, card in window.cards.items()}
    assert told["a"] == "GPUs: 1 of 2 in use (H100) · maya: 3 of 4 · limits held by the kernel"
    assert told["b"] == "limits by sampling"
    assert "kernel" in window.cards["b"].holds.toolTip()
    assert not window.cards["c"].holds.isVisibleTo(window.cards["c"]), "an older agent does not say"


def test_shares_by_owner_the_next_one_on_top(
    qtbot: QtBot, window: MonitorWindow, bridge: Bridge, link: RecordingLink
) -> None:
    pane = window.shares
    assert pane.hinted.hinting

    def answer(*owners: dict[str, Any]) -> None:
        link.of(m.GetInfo)[-1].answer({"owners": list(owners), "order": ["priority", "fair-share"]})
        bridge.frame()

    ada = {"owner": "ada", "weight": 1.0, "share": 0.5, "average": 0.1, "standing": 0.6}
    bob = {"owner": "bob", "weight": 2.0, "share": 0.25, "average": 0.15, "standing": 0.2}
    answer(ada, bob)
    assert not pane.hinted.hinting
    rows = pane.table.model()
    shown = [[rows.index(row, column).data() for column in range(5)] for row in range(2)]
    assert shown == [["bob", "25.0%", "15.0%", "2", "0.200"], ["ada", "50.0%", "10.0%", "1", "0.600"]]
    assert pane.order.text() == "Ready work goes by priority, fair-share"
    asked = len(link.of(m.GetInfo))
    pane._timer.timeout.emit()
    assert len(link.of(m.GetInfo)) == asked + 1
    pane.ask()
    assert len(link.of(m.GetInfo)) == asked + 1, "not asked again before the answer"
    answer(bob)
    assert pane.model.keys() == ["bob"]
    pane._timer.timeout.emit()
    answer()
    assert pane.hinted.hinting
    window.hide()
    assert not pane._timer.isActive()


def test_curves_move_with_the_samples(window: MonitorWindow, bridge: Bridge, link: RecordingLink, make: Any) -> None:
    assert "samples" in link.topics
    link.tell(make.snapshot("agents", agents=[make.agent("a")], removed=[]))
    samples = [Sample(make.NOW + n, 0.25, 4 << 30, 16 << 30, 0) for n in range(10)]
    link.tell(make.delta("samples", samples={"a": samples}, attempts=[]))
    bridge.frame()
    card = window.cards["a"]
    assert card.cpu.value.text() == "25%"
    assert card.memory.value.text() == "4.0 of 16.0 GiB"
    card.cpu.clock = lambda: make.NOW + 10
    card.show_curve(bridge.mirror.curves["a"])
    x, y = card.cpu._line.getData()
    assert x.tolist() == [-10.0 + n for n in range(10)]
    assert set(y) == {0.25}
    link.tell(make.delta("agents", agents=[make.agent("a", state="down")]))
    bridge.frame()
    assert card.cpu.value.text() == "–", "what it measured before it went says nothing of now"
    assert card.memory.value.text() == "– of 16.0 GiB"
    card.cpu.clock = lambda: make.NOW + 1000
    card.show_curve(bridge.mirror.curves["a"])
    assert card.cpu._line.getData()[0] is None or not len(card.cpu._line.getData()[0])


def test_running_attempts_of_all_runs(
    qtbot: QtBot, window: MonitorWindow, bridge: Bridge, link: RecordingLink, make: Any
) -> None:
    link.tell(make.snapshot("runs", runs=[make.run(1), make.run(2), make.run(3, "succeeded")], removed=[]))
    bridge.frame()
    assert [topic for topic in link.topics if topic.startswith("run:")] == ["run:1", "run:2"]
    for run in (1, 2):
        rows = [make.attempt(0, 4, run=run), make.attempt(0, 5, run=run, state="assigned", started=None)]
        link.tell(make.snapshot(f"run:{run}", run=make.run(run), tasks=[make.task(0)], attempts=rows))
    bridge.frame()
    assert window.attempts.keys() == [(1, 0, 4, 1), (2, 0, 4, 1)]
    assert window.attempts.index(0, 0).data() == "graph-1 · task-0[4]"
    with qtbot.waitSignal(window.attempt_selected) as chosen:
        window.table.setCurrentIndex(window.table.model().index(0, 0))
        window.table.activated.emit(window.table.model().index(0, 0))
    assert len(chosen.args) == 4
    point = AttemptSample(Key(1, 0, 4, 1, 1), make.NOW, 1.5, 300 << 20)
    link.tell(make.delta("samples", samples={}, attempts=[point]))
    bridge.frame()
    assert [window.attempts.index(0, column).data() for column in (6, 7)] == ["1.50 CPUs", "300 MiB"]
    link.tell(make.delta("run:1", attempts=[make.attempt(0, 4, state="exited")]))
    bridge.frame()
    assert window.attempts.keys() == [(2, 0, 4, 1)]
    link.tell(make.delta("runs", runs=[make.run(2, "cancelled")], removed=[]))
    bridge.frame()
    bridge.frame()
    assert window.running.hinting


def test_closed_it_follows_nothing(window: MonitorWindow, link: RecordingLink) -> None:
    window.close()
    assert link.topics == ("runs", "agents")
    window.show()
    assert "samples" in link.topics


def test_adding_a_machine(qtbot: QtBot, window: MonitorWindow, bridge: Bridge, link: RecordingLink) -> None:
    dialog = window.add_machine()
    asked = link.of(m.MakeToken)[-1]
    assert asked.message.role == "agent"
    token = format_token(JoinToken(("tcp://127.0.0.1:7077",), new_pair().public, "secret" * 6, "agent"))
    asked.answer({"token": token})
    bridge.frame()
    assert dialog.line.toPlainText() == f"windlass agent --join {token}"
    assert "--bind" in dialog.warning.text()
    assert not dialog.line.geometry().intersects(dialog.warning.geometry())
    dialog.copy.click()
    assert QApplication.clipboard().text() == f"windlass agent --join {token}"
    dialog.close()


def test_a_closed_dialog_is_not_told(window: MonitorWindow, bridge: Bridge, link: RecordingLink) -> None:
    dialog = window.add_machine()
    dialog.close()
    QApplication.processEvents()
    link.of(m.MakeToken)[-1].answer({"token": "wl1.late"})
    bridge.frame()


def test_every_number_of_slots_can_be_drawn(qtbot: QtBot, qapp: QApplication) -> None:
    bar = SlotBar()
    qtbot.addWidget(bar)
    for theme in ("dark", "light"):
        apply_theme(qapp, theme)
        for total, used in ((1, 0.5), (8, 8), (256, 100.0), (64, 64)):
            bar.show_slots(total, used, 0)
            bar.grab()
