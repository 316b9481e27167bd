"""The panes as a person uses them, over a bridge whose link is a recording one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QSettings, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from windlass.client.errors import RequestFailed
from windlass.wire import messages as m
from windlass.wire.logs import ERR, NOTE, OUT, encode_record, records_at, resync
from windlass.wire.rows import Counts
from windlass_gui.bridge import Bridge
from windlass_gui.bridge.recording import RecordingLink
from windlass_gui.look.theme import ITEM_STATES, apply_theme
from windlass_gui.panes import ItemsPane, LogPane, RunsPane
from windlass_gui.panes.logwindow import PIECE


@pytest.fixture
def told(bridge: Bridge, link: RecordingLink, make: Any) -> RecordingLink:
    """Three runs; run 1 has two tasks, the second an array of 20."""
    bridge.follow(1)
    failed = Counts(succeeded=9, failed=1)
    runs = [make.run(1), make.run(2, "succeeded", counts=Counts(succeeded=4)), make.run(3, "failed", counts=failed)]
    link.tell(make.snapshot("runs", runs=runs, removed=[]))
    states = bytes([4] * 5 + [5] * 2 + [2] * 3 + [0] * 10)
    tasks = [make.task(0, 1, array=False, title="Split"), make.task(1, 20, id="encode")]
    attempts = [make.attempt(1, 5, n, state="exited", outcome="nonzero", code=3, error="No space") for n in (1, 2)]
    data = {"tasks": tasks, "states": {0: b"\x04", 1: states}, "attempts": attempts}
    link.tell(make.snapshot("run:1", run=make.run(1), **data))
    bridge.frame()
    return link


def log_of(*parts: tuple[int, bytes]) -> bytes:
    return b"".join(encode_record(1_800_000_000.25 + n, stream, data) for n, (stream, data) in enumerate(parts))


def answer(link: RecordingLink, data: bytes, offset: int = 0, size: int | None = None, **more: Any) -> None:
    whole = offset + len(data) if size is None else size
    base = {"attempt": 1, "offset": offset, "size": whole, "shed": 0, "ended": True, "state": "exited"}
    link.of(m.GetLog)[-1].answer(base | more, data)


# --- runs ------------------------------------------------------------------------------------------------------


def test_no_runs_yet(qtbot: QtBot, bridge: Bridge) -> None:
    pane = RunsPane(bridge)
    qtbot.addWidget(pane)
    assert pane.runs_part.hinted.hinting
    assert "Submit" in pane.runs_part.hinted.hint.text.text()
    assert not any(action.isEnabled() for action in pane.run_deeds.actions.values())


def test_without_a_core_nothing_can_be_done_to_runs(
    qtbot: QtBot, bridge: Bridge, link: RecordingLink, make: Any
) -> None:
    pane = RunsPane(bridge)
    qtbot.addWidget(pane)
    pane.show()

    def told(phase: str) -> str:
        bridge.link_phase(phase, "")
        bridge.frame()
        return pane.runs_part.hinted.hint.title.text()

    assert told("connecting") == "Connecting…"
    assert told("refused") == "No connection"
    assert told("up") == "No runs yet"
    link.tell(make.snapshot("runs", runs=[make.run(1)], removed=[]))
    bridge.frame()
    pane.select_run(1)
    link.tell(make.snapshot("run:1", run=make.run(1), tasks=[make.task(0)]))
    bridge.frame()
    pane.select_task(0)
    for phase, can in (("up", True), ("connecting", False), ("up", True)):
        told(phase)
        assert [pane.run_deeds["cancel"].isEnabled(), pane.task_deeds["log"].isEnabled()] == [can, can], phase


def test_a_run_that_was_just_submitted_is_selected_when_its_row_comes(
    qtbot: QtBot, bridge: Bridge, link: RecordingLink, make: Any
) -> None:
    pane = RunsPane(bridge)
    qtbot.addWidget(pane)
    pane.show()
    selected: list[int] = []
    pane.run_selected.connect(selected.append)
    link.tell(make.snapshot("runs", runs=[make.run(1)], removed=[]))
    bridge.frame()
    pane.select_run(1)
    pane.select_run(2)
    assert pane.runs_table.selected_keys() == []
    link.tell(make.snapshot("runs", runs=[make.run(1), make.run(3)], removed=[]))
    bridge.frame()
    assert (pane.current, selected) == (2, [])
    link.tell(make.delta("runs", runs=[make.run(2)], removed=[]))
    bridge.frame()
    assert (pane.current, pane.runs_table.selected_keys(), selected) == (2, [2], [])
    pane.select_run(9)
    pane.runs_table.selectRow(0)
    chosen = pane.current
    assert selected == [chosen]
    link.tell(make.delta("runs", runs=[make.run(9)], removed=[]))
    bridge.frame()
    assert pane.current == chosen, "somebody has chosen another meanwhile"


def test_that_there_are_older_runs_is_said(qtbot: QtBot, bridge: Bridge, link: RecordingLink, make: Any) -> None:
    pane = RunsPane(bridge)
    qtbot.addWidget(pane)
    pane.show()
    for more in (True, False):
        link.tell(make.snapshot("runs", runs=[make.run(501)], removed=[], more=more))
        bridge.frame()
        link.tell(make.delta("runs", runs=[make.run(502)], removed=[]))
        bridge.frame()
        assert pane.older.isVisible() is more


def test_selecting_a_run_follows_it(qtbot: QtBot, bridge: Bridge, link: RecordingLink, make: Any) -> None:
    pane = RunsPane(bridge)
    qtbot.addWidget(pane)
    link.tell(make.snapshot("runs", runs=[make.run(1), make.run(2)], removed=[]))
    bridge.frame()
    assert [pane.runs_table.model().index(row, 0).data() for row in range(2)] == ["2", "1"], "the newest first"
    pane.show()
    qtbot.waitUntil(lambda: pane.runs_table.columnViewportPosition(1) > 0)
    with qtbot.waitSignal(pane.run_selected) as selected:
        place = pane.runs_table.visualRect(pane.runs_table.model().index(0, 1)).center()
        qtbot.mouseClick(pane.runs_table.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert selected.args == [2]
    pane.runs_table.copy()
    assert QApplication.clipboard().text().startswith("2\tgraph-2\t")
    assert "run:2" in link.topics
    link.tell(make.snapshot("run:2", run=make.run(2), tasks=[make.task(0), make.task(1, title="Join")]))
    bridge.frame()
    assert pane.tasks.rowCount() == 2
    with qtbot.waitSignal(pane.task_selected) as task:
        pane.select_task(1)
    assert task.args == [2, 1]


def test_the_deadlines_column_is_there_when_one_is_in_danger(
    qtbot: QtBot, bridge: Bridge, link: RecordingLink, make: Any
) -> None:
    pane = RunsPane(bridge)
    qtbot.addWidget(pane)
    pane.resize(1100, 300)
    pane.show()
    link.tell(make.snapshot("runs", runs=[make.run(1)], removed=[]))
    bridge.frame()
    pane.select_run(1)
    link.tell(make.snapshot("run:1", run=make.run(1), tasks=[make.task(0), make.task(1)], attempts=[]))
    bridge.frame()
    table = pane.tasks_table
    assert table.isColumnHidden(4)
    late = make.task(1, deadline="missed", note="has missed its deadline")
    link.tell(make.delta("run:1", tasks=[late]))
    bridge.frame()
    assert not table.isColumnHidden(4)
    header = table.horizontalHeader()
    assert [header.logicalIndex(place) for place in range(5)] == [0, 1, 4, 2, 3], "seen in a narrow table too"
    assert table.model().index(1, 4).data() == "missed"


def test_names_stay_readable_in_a_narrow_table(qtbot: QtBot, bridge: Bridge) -> None:
    table = RunsPane(bridge).runs_table
    table.setParent(None)
    qtbot.addWidget(table)
    table.show()
    for width in (300, 2000):
        table.resize(width, 300)
        assert table.columnWidth(1) >= 90
    table.setColumnHidden(6, True)
    count = table.model().columnCount()
    assert sum(table.columnWidth(column) for column in range(count)) == table.viewport().width()


def test_actions_fit_the_run(qtbot: QtBot, bridge: Bridge, told: RecordingLink, make: Any) -> None:
    pane = RunsPane(bridge)
    qtbot.addWidget(pane)
    told.tell(make.delta("runs", runs=[make.run(n, s) for n, s in ((4, "paused"),)], removed=[]))
    told.tell(make.delta("runs", runs=[make.run(2, "succeeded", counts=Counts(succeeded=4))], removed=[]))
    told.tell(make.delta("runs", runs=[make.run(1), make.run(3, "failed", counts=Counts(failed=1))], removed=[]))
    bridge.frame()
    names = ("cancel", "retry", "pause", "resume", "up", "delete")
    possible = {run: [name for name in names if pane.possible(name, run)] for run in (1, 2, 3, 4)}
    assert possible == {
        1: ["cancel", "pause", "up"], 2: ["delete"], 3: ["retry", "delete"], 4: ["cancel", "resume", "up"],
    }  # fmt: skip
    pane.select_run(3)
    assert not pane.run_deeds["pause"].isEnabled()
    pane.run_deeds["retry"].trigger()
    assert told.asked[-1].message == m.Act(0, "retry", [m.Pick(3)], dry=True)


# --- items -----------------------------------------------------------------------------------------------------


def test_items_and_their_filter(qtbot: QtBot, bridge: Bridge, told: RecordingLink, make: Any) -> None:
    pane = ItemsPane(bridge)
    qtbot.addWidget(pane)
    assert pane.hinted.hinting
    pane.show_task(1, 1)
    assert pane.items.rowCount() == 20
    assert "encode" in pane.title.text()
    pane.presets.setCurrentIndex(2)
    assert [pane.items.item(row) for row in range(pane.items.rowCount())] == [5, 6]
    told.tell(make.delta("run:1", items=[[1, 5, 0], [1, 6, 4]]))
    bridge.frame()
    assert pane.hinted.hinting
    assert "fits the filter" in pane.hinted.hint.title.text()
    pane.presets.setCurrentIndex(0)
    with qtbot.waitSignal(pane.item_selected) as selected:
        pane.select(7)
    assert selected.args == [1, 1, 7]
    assert pane.items.index(5, 6).data() == "exit 3: No space"


def test_durations_that_did_not_come_are_asked_for_again(
    qtbot: QtBot, bridge: Bridge, told: RecordingLink, make: Any
) -> None:
    pane = ItemsPane(bridge)
    qtbot.addWidget(pane)
    pane.show()
    pane.show_task(1, 1)
    pane.line.set_text("time>5s")
    told.of(m.GetColumns)[-1].fail(RequestFailed("unavailable", "the core is going"))
    bridge.frame()
    assert "not known" in pane.told.text()
    asked = len(told.of(m.GetColumns))
    pane._tick()
    assert len(told.of(m.GetColumns)) == asked, "not again and again"
    for phase in ("connecting", "up"):
        bridge.link_phase(phase)
        bridge.frame()
    assert len(told.of(m.GetColumns)) == asked + 1


def test_what_can_be_done_to_an_item(qtbot: QtBot, bridge: Bridge, told: RecordingLink) -> None:
    pane = ItemsPane(bridge)
    qtbot.addWidget(pane)
    pane.show_task(1, 1)
    pane.select(5)
    actions = {action.text(): action for action in pane.table.context_menu().actions()}
    assert actions["Retry"].isEnabled()
    assert not actions["Cancel"].isEnabled()
    actions["Retry"].trigger()
    assert told.asked[-1].message == m.Act(0, "retry", [m.Pick(1, 1, [(5, 6)])], dry=True)


# --- logs ------------------------------------------------------------------------------------------------------


def log_pane(qtbot: QtBot, bridge: Bridge) -> LogPane:
    pane = LogPane(bridge)
    qtbot.addWidget(pane)
    pane.resize(700, 300)
    pane.show()
    return pane


def test_a_log_is_shown_as_text(qtbot: QtBot, bridge: Bridge, told: RecordingLink) -> None:
    pane = log_pane(qtbot, bridge)
    assert pane.hinted.hinting
    pane.show_item(1, 1, 5)
    assert told.of(m.GetLog)[-1].message.offset < 0
    answer(told, log_of((OUT, b"<b>hello</b>\n"), (ERR, b"\x1b[31mbad\x1b[0m\n"), (NOTE, b"killed")))
    bridge.frame()
    assert pane.view.toPlainText() == "<b>hello</b>\nbad\nkilled"
    assert pane.title.text() == "encode[5]"
    assert "exit 3" in pane.state.text()
    assert pane.error.text() == "No space"
    assert pane.top.attempts.count() == 3
    pane.times.setChecked(True)
    assert all(line.split("  ")[0].endswith(".250") for line in pane.view.toPlainText().splitlines())
    pane.query.setText("BAD")
    assert pane.found.text() == "1 found"
    assert pane.view.textCursor().selectedText() == "bad"
    pane.query.setText("nowhere")
    assert pane.found.text() == "nothing found"


def test_a_live_log_is_followed(qtbot: QtBot, bridge: Bridge, told: RecordingLink) -> None:
    pane = log_pane(qtbot, bridge)
    pane.show_item(1, 1, 5, 2)
    first = log_of((OUT, b"one\ntw"))
    answer(told, first, ended=False, attempt=2)
    bridge.frame()
    assert pane.view.toPlainText() == "one\ntw"
    pane._ask_later()
    asked = told.of(m.GetLog)[-1].message
    assert (asked.offset, asked.attempt) == (len(first), 2)
    assert asked.wait > 0
    answer(told, log_of((OUT, b"o\nthree\n")), offset=len(first), attempt=2)
    bridge.frame()
    assert pane.view.toPlainText() == "one\ntwo\nthree"
    assert pane.window_.complete
    number = len(told.asked)
    pane._ask_later()
    pane._timer.stop()
    assert pane.window_.complete
    assert len(told.asked) <= number + 1


def test_an_old_answer_does_not_reach_another_item(qtbot: QtBot, bridge: Bridge, told: RecordingLink) -> None:
    pane = log_pane(qtbot, bridge)
    pane.show_item(1, 1, 5)
    old = told.of(m.GetLog)[-1]
    pane.show_item(1, 1, 6)
    old.answer({"attempt": 1, "offset": 0, "size": 9, "ended": True}, log_of((OUT, b"of another\n")))
    bridge.frame()
    assert pane.view.toPlainText() == ""
    pane.show_item(None)
    assert pane.hinted.hint.title.text() == "No item selected"


def test_an_item_without_a_log_teaches(qtbot: QtBot, bridge: Bridge, told: RecordingLink, make: Any) -> None:
    pane = log_pane(qtbot, bridge)
    pane.show_item(1, 1, 15)
    told.of(m.GetLog)[-1].fail(RequestFailed("not-found", "this item has no such attempt"))
    bridge.frame()
    assert pane.hinted.hinting
    assert pane.hinted.hint.title.text() == "Not started yet"
    told.tell(make.delta("run:1", items=[(1, 15, ITEM_STATES.index("skipped"))]))
    bridge.frame()
    assert pane.hinted.hint.title.text() == "Skipped"
    pane.show_item(1, 1, 5)
    answer(told, b"")
    bridge.frame()
    assert pane.hinted.hint.title.text() == "No output"


def test_a_huge_log_loads_piece_by_piece(qtbot: QtBot, bridge: Bridge, told: RecordingLink) -> None:
    pane = log_pane(qtbot, bridge)
    pane.show_item(1, 1, 5)
    log = b"".join(encode_record(1_800_000_000.0, OUT, b"line %d\n" % n) for n in range(3000))
    cut = log.index(b"line 2000") - 13
    answer(told, log[cut:], offset=cut)
    bridge.frame()
    assert pane.view.toPlainText().startswith("line 2000")
    qtbot.waitUntil(lambda: not pane.view.busy)
    pane.view.verticalScrollBar().setValue(0)
    asked = told.of(m.GetLog)[-1].message
    assert (asked.offset, asked.limit) == (cut - PIECE, PIECE), "the piece before what is loaded"
    whole = log[asked.offset :]
    begin = resync(whole)
    answer(told, whole[begin : begin + PIECE], offset=asked.offset + begin, size=len(log))
    bridge.frame()
    qtbot.waitUntil(lambda: not pane.view.busy)
    lines = pane.view.toPlainText().splitlines()
    assert lines[-1] == "line 2999"
    assert lines == [f"line {n}" for n in range(3000 - len(lines), 3000)]
    assert len(lines) > 1500
    assert pane.view.firstVisibleBlock().text() == "line 2000", "what was read stays where it was"


@pytest.mark.slow
@pytest.mark.parametrize("together", [1, 3000])
def test_a_huge_log_is_jumped_into_and_searched_as_a_whole(
    qtbot: QtBot, bridge: Bridge, told: RecordingLink, together: int
) -> None:
    """A log far larger than what is held, of short or of long records; the answers are what a core gives."""
    pane = log_pane(qtbot, bridge)
    pane.show_item(1, 1, 5)
    lines = [b"line %d%s\n" % (n, b" needle" if n % 50_000 == 1 else b"") for n in range(200_000)]
    log = b"".join(
        encode_record(1_800_000_000.0, OUT, b"".join(lines[at : at + together]))
        for at in range(0, len(lines), together)
    )

    def core() -> None:
        for asked in told.of(m.GetLog):
            if not asked.future.done():
                message = asked.message
                at, data = records_at(
                    lambda at, size: log[at : at + size], len(log), message.offset, min(message.limit, 4 << 20)
                )
                asked.answer({"attempt": 1, "offset": at, "size": len(log), "shed": 0, "ended": True}, data)
        bridge.frame()

    core()
    qtbot.waitUntil(lambda: not pane.view.busy)
    assert pane.view.toPlainText().endswith("line 199999")
    assert pane.bar.value() == pane.bar.maximum()
    pane.bar.setValue(pane.bar.maximum() // 2)
    qtbot.waitUntil(lambda: not pane.window_.begun)
    core()
    qtbot.waitUntil(lambda: not pane.view.busy)
    middle = int(pane.view.firstVisibleBlock().text().split()[1])
    assert 90_000 < middle < 110_000
    assert len(pane.view.toPlainText()) < 400_000, "only a part is ever loaded"
    pane.query.setText("NEEDLE")
    pane.finder.search_all()
    assert pane.stop.isVisible()
    for _ in range(20):
        core()
    assert pane.found.text() == "4 found"
    assert len(pane.bar._marks) == 4
    assert not pane.stop.isVisible()
    seen = []
    for _ in range(4):
        pane.finder.go_on()
        for _ in range(4):
            core()
        qtbot.waitUntil(lambda: not pane.view.busy)
        assert pane.view.textCursor().selectedText() == "needle"
        seen.append(pane.view.textCursor().block().text())
    assert sorted(seen) == sorted(f"line {n} needle" for n in (1, 50_001, 100_001, 150_001))
    pane.bar.setValue(pane.bar.maximum() // 2)
    qtbot.waitUntil(lambda: not pane.window_.begun or pane.window_.start <= pane._target < pane.window_.end)
    core()
    for _ in range(4):
        before = int(pane.view.firstVisibleBlock().text().split()[1])

        def earlier(before: int = before) -> bool:
            core()
            if not pane.view.busy:
                pane.view.verticalScrollBar().setValue(0)
            words = pane.view.firstVisibleBlock().text().split()
            return len(words) > 1 and int(words[1]) < before - 100 and not pane.view.busy

        qtbot.waitUntil(earlier)


def test_a_search_can_be_stopped(qtbot: QtBot, bridge: Bridge, told: RecordingLink) -> None:
    pane = log_pane(qtbot, bridge)
    pane.show_item(1, 1, 5)
    answer(told, log_of((OUT, b"a\n")), offset=10_000_000, size=20_000_000)
    bridge.frame()
    pane.query.setText("x")
    pane.finder.search_all()
    answer(told, log_of((OUT, b"xx\n")), size=20_000_000)
    bridge.frame()
    assert "2 found, 0 %" in pane.found.text()
    count = len(told.of(m.GetLog))
    pane.stop.click()
    answer(told, log_of((OUT, b"x\n")), offset=99, size=20_000_000)
    bridge.frame()
    assert len(told.of(m.GetLog)) == count
    assert pane.found.text() == "2 found"


def test_a_log_is_saved_whole(qtbot: QtBot, bridge: Bridge, told: RecordingLink, tmp_path: Path) -> None:
    pane = log_pane(qtbot, bridge)
    pane.show_item(1, 1, 5)
    answer(told, log_of((OUT, b"end\n")), offset=100, size=200)
    bridge.frame()
    pane.save_to(tmp_path / "a.log")
    first = log_of((OUT, b"one\n"), (ERR, b"two\n"))
    answer(told, first, size=len(first) * 2)
    bridge.frame()
    answer(told, first, offset=len(first))
    bridge.frame()
    qtbot.waitUntil(lambda: pane.found.text() == "Saved a.log")
    assert (tmp_path / "a.log").read_bytes() == b"one\ntwo\none\ntwo\n"
    pane.save_to(tmp_path / "no" / "b.log")
    answer(told, first)
    bridge.frame()
    qtbot.waitUntil(lambda: "Not saved" in pane.found.text())


def test_words_are_tinted_and_kept(qtbot: QtBot, bridge: Bridge, told: RecordingLink, tmp_path: Path) -> None:
    settings = QSettings(str(tmp_path / "s.ini"), QSettings.Format.IniFormat)
    pane = log_pane(qtbot, bridge)
    pane.remember(settings)
    pane.words.add("warning")
    pane.words.add("Warning")
    pane.words.add("disk")
    pane.show_item(1, 1, 5)
    answer(told, log_of((OUT, b"a WARNING about <b>disk</b>\n")))
    bridge.frame()
    formats = pane.view.document().firstBlock().layout().formats()
    assert [(each.start, each.length) for each in formats] == [(2, 7), (19, 4)]
    assert len({each.format.background().color().name() for each in formats}) == 2
    again = log_pane(qtbot, bridge)
    again.remember(settings)
    assert again.words.words == ["warning", "disk"]
    again.words.set_words([])
    settings.setValue("log/highlights", "{broken")
    again.remember(settings)
    assert again.words.words == []


def test_long_lines_wrap_when_asked(qtbot: QtBot, bridge: Bridge, told: RecordingLink) -> None:
    pane = log_pane(qtbot, bridge)
    pane.show_item(1, 1, 5)
    answer(told, log_of((OUT, b"word " * 400 + b"\n")))
    bridge.frame()
    assert pane.view.horizontalScrollBar().maximum() > 0
    pane.wrap.setChecked(True)
    assert pane.view.horizontalScrollBar().maximum() == 0


def test_nothing_that_a_task_writes_is_obeyed(qtbot: QtBot, bridge: Bridge, told: RecordingLink) -> None:
    pane = log_pane(qtbot, bridge)
    pane.show_item(1, 1, 5)
    nasty = "<img src=x><b>\x07\x00\x1b]0;title\x07\u202egnp.exe\u2066\u200f\u2028\x9b31m\x08".encode() + b"\n"
    answer(told, log_of((OUT, nasty)))
    bridge.frame()
    text = pane.view.toPlainText()
    assert text == "<img src=x><b>^G^@<202E>gnp.exe<2066><200F><2028><9B>31m^H"
    assert not any(ord(char) < 32 or 0x7F <= ord(char) < 0xA0 or 0x2000 <= ord(char) < 0x2070 for char in text)
    direction = pane.view.document().defaultTextOption().textDirection()
    assert direction == Qt.LayoutDirection.LeftToRight


def test_a_new_attempt_takes_the_place_of_the_latest(
    qtbot: QtBot, bridge: Bridge, told: RecordingLink, make: Any
) -> None:
    pane = log_pane(qtbot, bridge)
    pane.show_item(1, 1, 5)
    answer(told, log_of((OUT, b"second try\n")), attempt=2)
    bridge.frame()
    asked = len(told.of(m.GetLog))
    told.tell(make.delta("run:1", attempts=[make.attempt(1, 5, 3)]))
    bridge.frame()
    assert len(told.of(m.GetLog)) == asked + 1
    assert pane.view.toPlainText() == ""


def test_stderr_is_tinted_in_both_themes(qtbot: QtBot, qapp: QApplication, bridge: Bridge, told: RecordingLink) -> None:
    pane = log_pane(qtbot, bridge)
    pane.show_item(1, 1, 5)
    answer(told, log_of((OUT, b"plain\n"), (ERR, b"warning\n")))
    bridge.frame()
    grounds: set[QColor] = set()
    for theme in ("dark", "light"):
        apply_theme(qapp, theme)
        block = pane.view.document().findBlockByNumber(1)
        form = block.begin().fragment().charFormat()
        assert form.background().style() == Qt.BrushStyle.SolidPattern
        grounds.add(form.background().color().name())  # type: ignore[arg-type]
        assert pane.view.document().findBlockByNumber(0).begin().fragment().charFormat().background().style() == (
            Qt.BrushStyle.NoBrush
        )
    assert len(grounds) == 2
