"""Large documents are checked elsewhere: the same findings, and the window does not wait."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QTimer
from pytestqt.qtbot import QtBot

from windlass.model.document import check_text
from windlass_gui.editor.document import late_work
from windlass_gui.editor.document.session import EditorSession

LARGE = "windlass: 1\nname: large\ntasks:\n" + "".join(
    f"  t{at}:\n    command: echo {at}\n" + (f"    needs: [t{at - 1}]\n" if at else "") for at in range(2000)
)


def test_findings_of_a_large_document_come_later_and_are_the_same(qtbot: QtBot) -> None:
    session = EditorSession(LARGE)
    assert session.document.large
    assert not session.document.checked
    with qtbot.waitSignal(session.checked):
        pass
    assert session.document.checked
    assert session.document.problems == []
    assert session.document.graph == check_text(LARGE).graph
    with qtbot.waitSignal(session.checked):
        session.set_field("t7", "command", None)
        session.set_field("t8", "retires", 3)
    assert session.document.graph is None
    assert session.document.problems == check_text(session.document.text).problems
    assert {problem.task for problem in session.document.problems} == {"t7", "t8"}


def test_who_waits_for_the_findings_hears_of_the_newest_text_only(qtbot: QtBot) -> None:
    session = EditorSession(LARGE)
    heard: list[int] = []
    session.when_checked(lambda: heard.append(len(session.document.problems)))
    assert heard == []
    session.set_field("t7", "command", None)
    with qtbot.waitSignal(session.checked):
        pass
    assert heard == [1]
    session.when_checked(lambda: heard.append(-1))
    assert heard == [1, -1]


def test_a_small_document_is_checked_at_once(qapp: object) -> None:
    session = EditorSession("windlass: 1\ntasks: {a: {command: x}}\n")
    heard: list[bool] = []
    session.set_field("a", "command", None)
    session.when_checked(lambda: heard.append(session.document.checked))
    assert heard == [True]


def test_a_process_that_is_killed_costs_no_findings(qtbot: QtBot) -> None:
    checks = late_work.LateWork("check")
    with qtbot.waitSignal(checks.done) as first:
        checks.ask(1, LARGE)
    process = checks._desk._process
    assert process is not None
    process.kill()
    process.wait()
    with qtbot.waitSignal(checks.done) as second:
        checks.ask(2, "windlass: 1\ntasks: {a: {}}\n")
    assert first.args[0] == 1
    assert first.args[1].problems == []
    assert [second.args[0], second.args[1].graph] == [2, None]
    assert second.args[1].problems == check_text("windlass: 1\ntasks: {a: {}}\n").problems
    checks.close()


def test_process_and_thread_end_when_nothing_is_asked(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(late_work, "IDLE", 0.01)
    checks = late_work.LateWork("check")
    for number in (1, 2):
        with qtbot.waitSignal(checks.done) as told:
            checks.ask(number, LARGE)
        assert told.args[0] == number
        qtbot.waitUntil(lambda: checks._desk._process is None and checks._desk._thread is None)


def test_the_window_goes_on_while_a_document_is_checked(qtbot: QtBot) -> None:
    session = EditorSession(LARGE)
    ticks: list[int] = []
    timer = QTimer()
    timer.timeout.connect(lambda: ticks.append(1))
    timer.start(1)
    with qtbot.waitSignal(session.checked):
        pass
    # A check that held up the loop would let the timer fire once before it and once after it.
    assert len(ticks) > 20
