"""The panel that says why something waits."""

from __future__ import annotations

from typing import Any

from PySide6.QtWidgets import QMenu
from pytestqt.qtbot import QtBot

from windlass.client.errors import RequestFailed
from windlass.wire import messages as m
from windlass_gui.bridge import Bridge
from windlass_gui.bridge.recording import RecordingLink
from windlass_gui.panes import ItemsPane
from windlass_gui.panes.why import WhyDialog


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
        menu = QMenu()
        pane._menu(menu)
        (why,) = [action for action in menu.actions() if action.text() == "Why does it wait?"]
        assert why.isEnabled() is waits
    why.trigger()
    dialog = pane.findChild(WhyDialog)
    assert dialog is not None
    assert "encode[0]" in dialog.windowTitle()
    assert link.asked[-1].message == m.Explain(0, 1, 0, 0)
    link.asked[-1].answer(explanation("can run on 1 of 2 agents", ("a", "busy"), ("b", "lacks a GPU")))
    bridge.frame()
    assert dialog.sentence.text() == "can run on 1 of 2 agents"
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
