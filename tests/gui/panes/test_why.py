"""The panel that says why something waits."""

from __future__ import annotations

from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from windlass.client.errors import RequestFailed
from windlass.wire import messages as m
from windlass_gui.bridge import Bridge
from windlass_gui.bridge.recording import RecordingLink
from windlass_gui.look.theme import state_shape
from windlass_gui.models import STATE_ROLE
from windlass_gui.panes import ItemsPane
from windlass_gui.panes.why import CAUSES, KINDS, WhyDialog, headline


def explanation(sentence: str, *agents: tuple[str, str], **more: Any) -> dict[str, Any]:
    rows = [{"name": name, "text": text} for name, text in agents]
    return {"sentence": sentence, "agents": rows, "agents_known": len(rows), "because": None} | more


def test_an_item_says_why_it_waits_and_says_it_anew(
    qtbot: QtBot, bridge: Bridge, link: RecordingLink, make: Any
) -> None:
    bridge.follow(1)
    tasks = [make.task(0, 2, id="encode")]
    link.tell(make.snapshot("run:1", run=make.run(1), tasks=tasks, states={0: bytes([1, 4])}, attempts=[]))
    bridge.frame()
    pane = ItemsPane(bridge)
    qtbot.addWidget(pane)
    pane.show_task(1, 0)
    for index, waits in ((1, False), (0, True)):
        pane.select(index)
        menu = pane.table.context_menu()
        (why,) = [action for action in menu.actions() if action.text() == "Why does it wait?"]
        assert why.isEnabled() is waits
    why.trigger()
    dialog = pane.findChild(WhyDialog)
    assert dialog is not None
    assert "encode[0]" in dialog.windowTitle()
    assert link.asked[-1].message == m.Explain(0, 1, 0, 0)
    link.asked[-1].answer(explanation("can run on 1 of 2 agents", ("a", "busy"), ("b", "lacks a GPU")))
    bridge.frame()
    assert dialog.sentence.text() == "Can run on 1 of 2 agents"
    assert dialog.agents.item(1, 1).text() == "lacks a GPU"
    asked = len(link.asked)
    dialog._timer.timeout.emit()
    assert len(link.asked) == asked + 1
    below = explanation("can run on none", ("a", "drains"))
    link.asked[-1].answer(explanation("waits for split", because=below))
    bridge.frame()
    assert (dialog.agents.rowCount(), dialog.agents.item(0, 1).text()) == (1, "drains")
    dialog.ask()
    link.asked[-1].fail(RequestFailed("not-found", "there is no run 1"))
    bridge.frame()
    assert "no run 1" in dialog.sentence.text()
    dialog.ask()
    dialog.close()
    link.asked[-1].answer(explanation("too late"))
    bridge.frame()


@pytest.mark.parametrize(
    ("cause", "more", "words", "shape"),
    [
        ("limit", {"limits": ["licence maya: 4 of 4 in use"]}, "Every licence of maya is in use", "hourglass"),
        ("limit", {"limits": ["limit of group db: 2 of 2 run"]}, "The limit of group db is reached", "hourglass"),
        ("limit", {"limits": ["limit of the task: 2 of 2 run"]}, "The limit of the task is reached", "hourglass"),
        (
            "limit",
            {"limits": ["licence maya: 4 of 4 in use", "limit of the run: 9 of 9 run"]},
            "Several limits are reached",
            "hourglass",
        ),
        ("room", {"agents": [{"kind": "kept"}, {"kind": "lacks"}]}, "kept for a large request", "pause"),
        ("room", {"agents": [{"kind": "kept"}, {"kind": "busy"}]}, "No agent has room for it now", "dot"),
        ("nowhere", {"agents": [{"kind": "lacks"}]}, "No agent can run it as things are", "cross"),
        ("order", {"agents": [{"kind": "busy"}]}, "Others go first", "dot"),
        ("a cause of a later core", {}, "", "ring"),
    ],
)
def test_each_cause_has_a_headline_and_a_shape(cause: str, more: dict[str, Any], words: str, shape: str) -> None:
    state, said = headline({"cause": cause, "agents": [], "limits": []} | more)
    assert words in said
    assert state_shape(state) == shape


def test_causes_and_kinds_are_those_that_the_core_tells() -> None:
    from windlass.sched.reasons import ABLE, Explanation

    told = Explanation(1, 0, "a", None, "ready", "next", 0.0)
    assert headline(told.to_plain()) == CAUSES["next"]
    assert set(KINDS) >= ABLE


def test_the_panel_tells_cause_limits_agents_and_when(
    qtbot: QtBot, bridge: Bridge, link: RecordingLink, make: Any
) -> None:
    dialog = WhyDialog(bridge, 1, 0, 4, "render[4]")
    qtbot.addWidget(dialog)
    more = {"cause": "limit", "limits": ["licence maya: 4 of 4 in use"], "start": make.NOW + 200, "now": make.NOW}
    data = explanation("licence maya: 4 of 4 in use; can run on all 2 agents", **more)
    data["agents"] = [{"name": "a", "text": "has room", "kind": "free"}, {"name": "b", "text": "busy", "kind": "busy"}]
    data["agents_known"] = 7
    link.asked[-1].answer(data)
    bridge.frame()
    assert dialog.cause.text() == "Every licence of maya is in use"
    assert dialog.when.text() == "begins in about 3 min"
    assert dialog.sentence.text() == "Licence maya: 4 of 4 in use\nCan run on all 2 agents"
    assert [dialog.agents.item(row, 0).data(STATE_ROLE) for row in range(3)] == ["free", "busy", ""]
    assert dialog.agents.item(2, 1).text() == "and 5 more agents"
    assert "busy" in dialog.agents.item(1, 0).toolTip()
    dialog.close()
