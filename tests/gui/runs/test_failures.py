"""What failed: the same errors together, one item's card, retrying them all."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QItemSelectionModel, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QAbstractItemModelTester
from tests.gui.choosing import choose

from windlass.model.graph import Command, Resources, Task
from windlass.wire import logs
from windlass.wire import messages as m
from windlass.wire.rows import Counts
from windlass_gui.bridge import Bridge
from windlass_gui.bridge.recording import RecordingLink
from windlass_gui.look.theme import ITEM_STATES
from windlass_gui.models import KEY_ROLE
from windlass_gui.panes.doing import WHOLE
from windlass_gui.panes.failures import FailuresPane, ItemList
from windlass_gui.runs import failed
from windlass_gui.runs.attempt_column import AttemptColumn

FAILED, READY = ITEM_STATES.index("failed"), ITEM_STATES.index("ready")


def tell(bridge: Bridge, link: RecordingLink, make: Any, failures: int, count: int = 10, **counts: int) -> None:
    states = bytes([FAILED] * failures + [READY] * (count - failures))
    row = make.run(7, state="running", counts=Counts(failed=failures, ready=count - failures, **counts))
    task = make.task(0, count, id="render", counts=row.counts)
    bridge.follow(7)
    link.tell(make.snapshot("runs", runs=[row]), make.snapshot("run:7", run=row, tasks=[task], states={0: states}))
    bridge.frame()


def group(key: str, items: range, line: str, outcome: str = "nonzero", code: int = 3) -> dict[str, Any]:
    told = [[0, index, 1, "desk" if index % 2 else "gpu1"] for index in items]
    return {"key": key, "outcome": outcome, "code": code, "line": line, "items": told}


@pytest.fixture
def pane(bridge: Bridge, link: RecordingLink, make: Any, qtbot: Any) -> FailuresPane:
    made = FailuresPane(bridge)
    qtbot.addWidget(made)
    made.resize(1100, 260)
    tell(bridge, link, make, 6)
    made.show_run(7)
    made.show()
    return made


def answer(
    pane: FailuresPane, link: RecordingLink, bridge: Bridge, *groups: dict[str, Any], last: int, next: Any
) -> None:
    link.of(m.GetFailures)[-1].answer({"groups": list(groups), "last": last, "next": next})
    bridge.frame()
    pane.refresh()


def test_pages_join_into_groups_and_the_worst_is_shown_first(
    pane: FailuresPane, link: RecordingLink, bridge: Bridge
) -> None:
    assert link.of(m.GetFailures)[0].message == m.GetFailures(0, 7, 0, 250)
    answer(pane, link, bridge, group("a", range(2), "cannot open /in/0.png"), last=2, next=2)
    assert "reading on" in pane.say.text()
    assert link.of(m.GetFailures)[1].message.after == 2
    others = group("a", range(2, 5), "cannot open /in/2.png"), group("b", range(5, 6), "", "signal", 9)
    answer(pane, link, bridge, *others, last=6, next=None)
    assert pane.say.text() == "6 items failed: 2 different errors"
    model = pane.table.model()
    shown = [[model.index(row, column).data() for column in range(4)] for row in range(model.rowCount())]
    assert shown == [
        ["× 5", "cannot open PATH", "exit code 3", "gpu1 3, desk 2"],
        [
            "× 1",
            "killed (signal 9, SIGKILL): often out of memory",
            "killed (signal 9, SIGKILL): often out of memory",
            "desk",
        ],
    ]
    assert pane.items.items == [(0, n) for n in range(5)]
    assert len(link.of(m.GetFailures)) == 2
    assert link.of(m.GetAttempts)[-1].message == m.GetAttempts(0, 7, 0, 0)  # the first item's card is opened


def test_the_card_that_was_asked_for_stays_open(pane: FailuresPane, link: RecordingLink, bridge: Bridge) -> None:
    pane.show_item(7, 0, 5)
    answer(pane, link, bridge, group("a", range(5), "no"), group("b", range(5, 6), "other"), last=6, next=None)
    assert pane.card.item == (7, 0, 5)
    assert pane.items.items == [(0, 5)]
    assert len(link.of(m.GetAttempts)) == 1
    choose(pane.table, [0])
    assert pane.card.item == (7, 0, 0)


def test_what_runs_again_leaves_and_what_fails_again_comes_back(
    pane: FailuresPane, link: RecordingLink, bridge: Bridge, make: Any
) -> None:
    answer(pane, link, bridge, group("a", range(6), "no"), last=6, next=None)
    tell(bridge, link, make, 4)
    pane.failed.look()
    pane.refresh()
    assert pane.failed.count == 4
    assert len(link.of(m.GetFailures)) == 1
    tell(bridge, link, make, 5)
    pane.failed.look()
    assert link.of(m.GetFailures)[-1].message.after == 6
    answer(pane, link, bridge, group("b", range(4, 5), "other"), last=9, next=None)
    assert {key: len(one.items) for key, one in pane.failed.groups.items()} == {"a": 4, "b": 1}
    tell(bridge, link, make, 0)
    pane.failed.look()
    pane.refresh()
    assert pane.all.hinting
    assert pane.groups.rowCount() == 0


def test_more_than_are_held_are_asked_for_when_those_have_gone(
    pane: FailuresPane, link: RecordingLink, bridge: Bridge, make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(failed, "MOST", 4)
    answer(pane, link, bridge, group("a", range(4), "cannot open"), last=4, next=4)
    assert pane.failed.cut
    asked = len(link.of(m.GetFailures))
    tell(bridge, link, make, 0)
    pane.failed.look()
    assert not pane.failed.cut
    assert len(link.of(m.GetFailures)) == asked, "nothing has failed"
    tell(bridge, link, make, 2)
    pane.failed.look()
    assert link.of(m.GetFailures)[asked].message.after == 4


def test_retrying_takes_what_is_chosen_in_as_few_parts_as_do(
    pane: FailuresPane, link: RecordingLink, bridge: Bridge, make: Any
) -> None:
    done: list[Any] = []
    pane.retry = lambda run, targets, downstream: done.append((run, targets, downstream))
    answer(pane, link, bridge, group("a", range(5), "no"), group("b", range(5, 6), "other"), last=6, next=None)
    pane.again.click()
    assert done.pop() == (7, [(0, n) for n in range(5)], False)
    pane.table.selectAll()
    pane.again.click()
    assert done.pop() == (7, WHOLE, False)
    tell(bridge, link, make, 6, count=11, cancelled=1)
    pane.again.click()  # a cancelled item would run again with the whole run: not asked for
    assert done.pop()[1] == [(0, n) for n in range(6)]


@pytest.mark.slow
def test_a_hundred_thousand_failures(pane: FailuresPane, link: RecordingLink, bridge: Bridge, make: Any) -> None:
    count = 100_000
    tell(bridge, link, make, count, count)
    pane.failed.look()
    for first in range(0, count, 10_000):
        last = first + 10_000
        more = last if last < count else None
        answer(pane, link, bridge, group("a", range(first, last), "no"), last=last, next=more)
    assert pane.failed.count == count
    assert len(pane.items.items) == count
    assert pane.list.model().rowCount() == count


def test_the_list_of_items_is_a_good_model(qtmodeltester: Any) -> None:
    from windlass_gui.runs.failed import Group

    model = ItemList(str)
    tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    for size in (0, 3, 1, 7, 0):
        model.show(Group("a", "nonzero", 1, "", {(0, n): (1, "desk") for n in range(size)}))
        assert model.rowCount() == size
    del tester


def test_the_card_tells_ends_logs_and_curves_side_by_side(
    pane: FailuresPane, link: RecordingLink, bridge: Bridge, make: Any
) -> None:
    task = Task("render", Command(["render"]), resources=Resources(memory=1 << 30), timeout=60.0)
    pane.card.task_of = lambda name: task if name == "render" else None
    pane.show_item(7, 0, 3)
    card = pane.card
    assert card.title.text() == "render[3]"
    assert card.limits.text() == "1 CPU · 1.0 GiB memory · timeout 1:00 · no retries"
    rows = [
        make.attempt(0, 3, 1, 7, state="exited", outcome="signal", code=9, ended=make.NOW + 100, memory=900 << 20),
        make.attempt(0, 3, 2, 7, state="exited", outcome="nonzero", code=127, ended=make.NOW + 1.5),
        make.attempt(0, 3, 3, 7, state="rejected"),
    ]
    link.of(m.GetAttempts)[-1].answer({"attempts": rows, "next": None})
    bridge.frame()
    assert card.end.text() == "Exit code 127: program not found"
    assert [column.row.attempt for column in card.columns] == [2, 1]
    curves, tails = link.of(m.GetCurve), link.of(m.GetLog)
    assert [(c.message.attempt, t.message.attempt) for c, t in zip(curves, tails, strict=True)] == [(2, 2), (1, 1)]
    curves[0].answer({"time": [], "cpu": [], "memory": []})
    curves[1].answer({"time": [1.0, 2.0, 3.0], "cpu": [1.0] * 3, "memory": [1 << 20, 800 << 20, 900 << 20]})
    text = b"\x1b[31mreading\x1b[0m\nsh: render: not found\n"
    tails[0].answer(
        {"attempt": 2}, logs.encode_record(1.0, logs.OUT, b"hello\n") + logs.encode_record(1.0, logs.ERR, text)
    )
    tails[1].answer({"attempt": 1}, logs.encode_record(1.0, logs.OUT, b"only output\n"))
    bridge.frame()
    newest, first = card.columns
    assert newest.tail.toPlainText() == "reading\nsh: render: not found"
    assert "shorter than 3 s" in newest.curve.words
    assert first.stream.text() == "No error output; its output, last lines"
    assert first.curve.words == ""
    assert np.array_equal(first.curve.memory, [1 << 20, 800 << 20, 900 << 20])
    pane.grab()
    card.copy.click()
    copied = QGuiApplication.clipboard().text()
    assert "render[3] of run 7: Exit code 127: program not found" in copied
    assert "sh: render: not found" in copied


def test_the_card_s_buttons(pane: FailuresPane, link: RecordingLink, bridge: Bridge, qtbot: Any) -> None:
    done: list[Any] = []
    pane.retry = lambda *what: done.append(what)
    pane.card.log_asked.connect(lambda *what: done.append(what))
    pane.card.edit_asked.connect(done.append)
    pane.show_item(7, 0, 3)
    for button in (pane.card.retry, pane.card.log, pane.card.edit):
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert done == [(7, [(0, 3)], False), (7, 0, 3), "render"]


def test_an_item_that_failed_without_an_attempt_says_why(
    pane: FailuresPane, link: RecordingLink, bridge: Bridge
) -> None:
    pane.show_item(7, 0, 3)
    link.of(m.GetAttempts)[-1].answer({"attempts": [], "next": None})
    bridge.frame()
    link.of(m.GetItems)[-1].answer({"items": [{"note": "its agents were lost 3 times"}], "next": None})
    bridge.frame()
    assert pane.card.end.text() == "its agents were lost 3 times"


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"state": "lost", "ended": 1_800_000_100.0}, "its agent was lost"),
        ({"state": "exited", "outcome": "oom", "ended": 1_800_000_100.0}, "more memory than it asked for"),
    ],
)
def test_ends_in_words(qtbot: Any, make: Any, row: dict[str, Any], words: str) -> None:
    column = AttemptColumn(make.attempt(0, 0, 1, 7, **row), 0, True)
    qtbot.addWidget(column)
    assert words in column.end.text()
    column.show_curve({})
    assert column.curve.words == "No memory curve was kept of it"


def test_an_item_that_fails_otherwise_at_once_is_told_anew(
    pane: FailuresPane, link: RecordingLink, bridge: Bridge, make: Any
) -> None:
    """Mended in one way, it fails in another before anybody has looked: as many have failed as before."""
    answer(pane, link, bridge, group("a", range(6), "no such file"), last=6, next=None)
    pane.show_item(7, 0, 0)
    asked = len(link.of(m.GetFailures))
    again = make.attempt(0, 0, 2, run=7, state="exited", outcome="nonzero", code=1)
    link.tell(make.delta("run:7", attempts=[again]))
    bridge.frame()
    pane.failed.look()
    assert link.of(m.GetFailures)[asked].message.after == 6
    other = group("b", range(1), "no such key") | {"items": [[0, 0, 2, "desk"]]}
    answer(pane, link, bridge, other, last=7, next=None)
    assert {key: len(one.items) for key, one in pane.failed.groups.items()} == {"a": 5, "b": 1}
    pane.failed.look()
    assert len(link.of(m.GetFailures)) == asked + 1, "it is known by now"


def test_chosen_items_stay_chosen_while_others_fail(
    pane: FailuresPane, link: RecordingLink, bridge: Bridge, make: Any
) -> None:
    """Otherwise "Retry these" would mean all of them a moment later."""
    done: list[Any] = []
    pane.retry = lambda run, targets, downstream: done.append(targets)
    answer(pane, link, bridge, group("a", range(1, 6), "no"), last=6, next=None)
    flags = QItemSelectionModel.SelectionFlag
    for row in (1, 3):
        pane.list.selectionModel().select(pane.items.index(row), flags.Select if row > 1 else flags.ClearAndSelect)
    assert pane.targets() == [(0, 2), (0, 4)]
    tell(bridge, link, make, 8)
    pane.failed.look()
    answer(pane, link, bridge, group("a", range(1), "no"), group("a", range(6, 8), "no"), last=9, next=None)
    assert pane.items.items == [(0, n) for n in range(8)]
    pane.again.click()
    assert done == [[(0, 2), (0, 4)]]
    moved = group("a", range(2, 3), "no") | {"items": [[0, 2, 4, "gpu9"]]}
    tell(bridge, link, make, 8)
    pane.failed._take({"groups": [moved], "last": 10}, True)
    pane.refresh()
    assert pane.items.index(2).data(Qt.ItemDataRole.ToolTipRole) == "attempt 4 on gpu9"


def test_the_card_says_nothing_of_the_item_before(
    pane: FailuresPane, link: RecordingLink, bridge: Bridge, make: Any
) -> None:
    task = Task("render", Command(["x"]), resources=Resources(2.0, 1 << 30))
    pane.card.task_of = lambda id: task if id == "render" else None
    pane.show_item(7, 0, 0)
    assert "2 CPUs" in pane.card.limits.toolTip()
    bad = make.attempt(0, 0, run=7, state="exited", outcome="signal", code=9)
    link.of(m.GetAttempts)[-1].answer({"attempts": [bad]})
    bridge.frame()
    assert pane.card.mark.state == "signal"
    pane.card.task_of = lambda _: None
    pane.show_item(7, 0, 1)
    assert (pane.card.mark.state, pane.card.limits.toolTip()) == ("failed", "")


def test_the_tables_go_to_the_item_that_is_asked_for(
    pane: FailuresPane, link: RecordingLink, bridge: Bridge, qtbot: Any
) -> None:
    answer(pane, link, bridge, group("a", range(4), "no"), group("b", range(4, 6), "other"), last=6, next=None)
    assert pane.items.items == [(0, 0), (0, 1), (0, 2), (0, 3)]
    pane.show_item(7, 0, 5)
    assert pane.items.items == [(0, 4), (0, 5)]
    assert pane.list.currentIndex().data(KEY_ROLE) == (0, 5)
    assert pane.card.item == (7, 0, 5)
    pane.show_item(7, 0, 9)  # of no group that is known
    assert pane.card.item == (7, 0, 9)
