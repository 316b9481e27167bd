"""The timeline as a person uses it: zoom, pan, point, click, both themes."""

from __future__ import annotations

import csv
import json
from array import array
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QMessageBox
from pytestqt.qtbot import QtBot

from windlass.wire import messages as m
from windlass.wire.rows import AttemptRow
from windlass_gui.bridge import Bridge
from windlass_gui.bridge.recording import RecordingLink
from windlass_gui.look.theme import apply_theme, current_theme
from windlass_gui.timeline import TimelinePane
from windlass_gui.timeline.picture import LABELS, LANE, RULER


def shown(qtbot: QtBot, bridge: Bridge, link: RecordingLink, make: Any) -> TimelinePane:
    pane = TimelinePane(bridge)
    qtbot.addWidget(pane)
    pane.resize(900, 300)
    pane.show()
    bridge.follow(1)
    pane.show_run(1)
    rows = [
        make.attempt(0, n, state="exited", started=make.NOW + n, ended=make.NOW + n + 0.9, slot=n % 2)
        for n in range(10)
    ]
    link.tell(make.snapshot("run:1", run=make.run(1), tasks=[make.task(0, 10)], states={0: bytes(10)}, attempts=rows))
    bridge.frame()
    return pane


def test_an_empty_timeline_says_what_will_be_there(qtbot: QtBot, bridge: Bridge) -> None:
    pane = TimelinePane(bridge)
    qtbot.addWidget(pane)
    assert pane.hinted.hinting
    assert pane.hinted.hint.title.text() == "No run selected"


def test_bars_come_with_the_run(qtbot: QtBot, bridge: Bridge, link: RecordingLink, make: Any) -> None:
    pane = shown(qtbot, bridge, link, make)
    assert not pane.hinted.hinting
    assert pane.bars.count == 10
    link.tell(make.delta("run:1", attempts=[make.attempt(0, 11, 2, started=make.NOW + 11)]))
    bridge.frame()
    assert pane.bars.count == 11
    assert "attempts" in pane.note.text()
    pane.show_run(None)
    assert pane.hinted.hinting


def answer(rows: list[AttemptRow], next: int | None = None) -> dict[str, Any]:
    """What the core says to GetColumns."""
    ends = [(row.task, row.index, row.attempt, row.slot, row.started, row.ended, row.memory) for row in rows]
    kinds = {"task": "I", "index": "I", "attempt": "I", "slot": "I", "started": "d", "ended": "d", "memory": "q"}
    data: dict[str, Any] = {
        name: array(kind, [end[at] for end in ends]).tobytes() for at, (name, kind) in enumerate(kinds.items())
    }
    last = max((row.seq for row in rows), default=next or 0)
    data |= {"agent": bytes(2 * len(rows)), "outcome": bytes(len(rows)), "agents": ["desk"], "outcomes": ["ok"]}
    return data | {"count": len(rows), "next": next, "last": last}


def test_older_attempts_come_page_by_page(qtbot: QtBot, bridge: Bridge, link: RecordingLink, make: Any) -> None:
    pane = TimelinePane(bridge)
    qtbot.addWidget(pane)
    bridge.follow(1)
    pane.show_run(1)
    link.tell(make.snapshot("run:1", run=make.run(1), tasks=[make.task(0, 6)], attempts=[]))
    bridge.frame()
    assert not link.of(m.GetColumns), "nobody looks"
    pane.show()
    rows = [make.attempt(0, n, state="exited", seq=n + 1, ended=make.NOW + 5) for n in range(6)]
    link.of(m.GetColumns)[0].answer(answer(rows[:3], next=3))
    bridge.frame()
    second = link.of(m.GetColumns)[1]
    assert second.message.after == 3
    second.answer(answer(rows[3:]))
    bridge.frame()
    assert pane.bars.count == 6
    # The snapshot came while the first page was on its way, so it was looked once more.
    for more in link.of(m.GetColumns)[2:]:
        more.answer(answer([]))
    bridge.frame()
    assert pane.bars.count == 6
    assert "6 attempts" in pane.note.text()


def test_clicking_a_bar_asks_for_its_log(qtbot: QtBot, bridge: Bridge, link: RecordingLink, make: Any) -> None:
    pane = shown(qtbot, bridge, link, make)
    view = pane.view
    x = round(view.x_of(make.NOW + 3.4))
    with qtbot.waitSignal(pane.attempt_selected) as asked:
        qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=QPoint(x, RULER + LANE + LANE // 2))
    assert asked.args == [1, 0, 3, 1]
    assert "task-0[3]" in view.describe((1, 0, 3, 1))
    with qtbot.waitSignal(pane.attempt_opened) as opened:
        qtbot.mouseDClick(view, Qt.MouseButton.LeftButton, pos=QPoint(x, RULER + LANE + LANE // 2))
    assert opened.args == [1, 0, 3, 1]


def test_bars_are_reached_by_the_keyboard(qtbot: QtBot, bridge: Bridge, link: RecordingLink, make: Any) -> None:
    pane = shown(qtbot, bridge, link, make)
    view, control = pane.view, Qt.KeyboardModifier.ControlModifier
    keys = Qt.Key
    chosen = []
    for key in (keys.Key_Right, keys.Key_Right, keys.Key_Down, keys.Key_Left, keys.Key_Left, keys.Key_Left):
        qtbot.keyClick(view, key, control)
        assert view.selected is not None
        chosen.append(view.selected[2])
    assert chosen[:2] == [0, 2]
    assert chosen[2] in (1, 3)
    assert chosen[-1] == 1, "before the first bar of a lane there is none"
    with qtbot.waitSignal(pane.attempt_opened) as asked:
        qtbot.keyClick(view, keys.Key_Return)
    assert asked.args == [1, 0, 1, 1]
    for _ in range(30):
        qtbot.keyClick(view, keys.Key_W)  # so large that the others are far out of view
    qtbot.keyClick(view, keys.Key_Right, control)
    assert view.plot.contains(round(view.x_of(make.NOW + 3.45)), view.plot.center().y())


def test_zoom_keeps_the_point_and_fit_shows_all(qtbot: QtBot, bridge: Bridge, link: RecordingLink, make: Any) -> None:
    view = shown(qtbot, bridge, link, make).view
    before = view.time_at(LABELS + 200)
    qtbot.keyClick(view, Qt.Key.Key_W)
    view.zoom(0.1, LABELS + 200)
    assert abs(view.time_at(LABELS + 200) - before) < 2
    assert not view.fitting
    left = view.first
    qtbot.keyClick(view, Qt.Key.Key_D)
    assert view.first > left
    qtbot.keyClick(view, Qt.Key.Key_F)
    assert view.fitting
    assert view.first <= make.NOW
    assert view.time_at(view.width()) >= make.NOW + 9.9
    for _ in range(200):
        view.zoom(0.5)
    for _ in range(200):
        view.zoom(2.0)
    view.grab()


def test_dragging_pans_and_is_no_click(qtbot: QtBot, bridge: Bridge, link: RecordingLink, make: Any) -> None:
    pane = shown(qtbot, bridge, link, make)
    clicked: list[Any] = []
    pane.attempt_selected.connect(lambda *key: clicked.append(key))
    view, left = pane.view, pane.view.first
    start = QPoint(LABELS + 300, RULER + 10)
    qtbot.mousePress(view, Qt.MouseButton.LeftButton, pos=start)
    qtbot.mouseMove(view, start - QPoint(60, 0))
    qtbot.mouseMove(view, start - QPoint(100, 0))
    qtbot.mouseRelease(view, Qt.MouseButton.LeftButton, pos=start - QPoint(100, 0))
    assert view.first > left
    assert not clicked


def test_colours_follow_the_theme(
    qtbot: QtBot, qapp: QApplication, bridge: Bridge, link: RecordingLink, make: Any
) -> None:
    view = shown(qtbot, bridge, link, make).view
    for name in ("dark", "light"):
        apply_theme(qapp, name)
        image = view.grab().toImage()
        at = QPoint(round(view.x_of(make.NOW + 0.8)), RULER + 5)
        assert QColor(image.pixelColor(at)).name() == current_theme().state_color("succeeded").name()
        assert image.pixelColor(image.width() - 30, image.height() - 10).name() == current_theme().canvas


def test_what_a_delta_left_out_is_asked_for(qtbot: QtBot, bridge: Bridge, link: RecordingLink, make: Any) -> None:
    pane = shown(qtbot, bridge, link, make)
    while any(not asked.future.done() for asked in link.of(m.GetColumns)):
        next(asked for asked in link.of(m.GetColumns) if not asked.future.done()).answer(answer([]))
        bridge.frame()
    before = len(link.of(m.GetColumns))
    link.tell(make.delta("run:1", attempts=[], shed=40))
    bridge.frame()
    qtbot.waitUntil(lambda: len(link.of(m.GetColumns)) > before)
    row = make.attempt(0, 20, state="exited", seq=9, ended=make.NOW + 3)
    link.of(m.GetColumns)[-1].answer(answer([row]))
    bridge.frame()
    assert pane.bars.count == 11


def test_a_record_that_cannot_be_read_says_so(qtbot: QtBot, bridge: Bridge, link: RecordingLink, make: Any) -> None:
    pane = TimelinePane(bridge)
    qtbot.addWidget(pane)
    pane.show()
    pane.show_run(1)
    link.of(m.GetColumns)[0].fail(RuntimeError("no such run"))
    bridge.frame()
    assert pane.hinted.hinting
    assert "no such run" in pane.hinted.hint.text.text()


def test_lanes_colours_folding_and_the_path_are_chosen(
    qtbot: QtBot, bridge: Bridge, link: RecordingLink, make: Any
) -> None:
    pane = shown(qtbot, bridge, link, make)
    for box in (pane.lanes, pane.colors):
        for at in reversed(range(box.count())):
            box.setCurrentIndex(at)
            pane.grab()
    assert len(pane.bars.lanes) == 2
    pane.fold.trigger()
    pane.critical.trigger()
    assert [key[2] for key in pane.view.path] == [9]
    pane.grab()


def test_a_region_is_summed_up_zoomed_to_and_left(qtbot: QtBot, bridge: Bridge, link: RecordingLink, make: Any) -> None:
    pane = shown(qtbot, bridge, link, make)
    view, shift = pane.view, Qt.KeyboardModifier.ShiftModifier
    start = QPoint(round(view.x_of(make.NOW + 1.95)), RULER + 4)
    end = QPoint(round(view.x_of(make.NOW + 4.95)), RULER + 2 * LANE - 6)
    QTest.mousePress(view, Qt.MouseButton.LeftButton, shift, start)
    QTest.mouseMove(view, end)
    QTest.mouseRelease(view, Qt.MouseButton.LeftButton, shift, end)
    assert pane.region.isVisible()
    assert pane.region.table.item(0, 1).text() == "3"
    assert pane.region.words.text().startswith("3 attempts in 3.0 s")
    pane.region.copy()
    assert QApplication.clipboard().text().splitlines()[1].startswith('"task-0",1,3,0,2.7')
    QTest.keyClick(view, Qt.Key.Key_Z)
    assert view.first == pytest.approx(make.NOW + 1.9, abs=0.1)
    QTest.keyClick(view, Qt.Key.Key_Escape)
    assert not pane.region.isVisible()


def test_by_run_all_runs_can_be_reached_a_page_at_a_time(
    qtbot: QtBot, bridge: Bridge, link: RecordingLink, make: Any
) -> None:
    pane = shown(qtbot, bridge, link, make)
    link.tell(make.snapshot("runs", runs=[make.run(n) for n in range(1, 46)], removed=[]))
    bridge.frame()
    pane.resize(1300, 300)
    assert not pane.older.isVisible()
    pane.lanes.setCurrentIndex(pane.lanes.findData("run"))
    assert pane.feed.runs == [1, *range(45, 25, -1)]
    assert "21 runs · 1 to 20 of 45, newest first" in pane.note.text()
    assert (pane.newer.isEnabled(), pane.older.isEnabled()) == (False, True)
    pane.older.click()
    assert pane.feed.runs == [1, *range(25, 5, -1)]
    pane.older.click()
    assert pane.feed.runs == [1, 5, 4, 3, 2], "the followed run stands there once"
    assert "41 to 45 of 45" in pane.note.text()
    assert (pane.newer.isEnabled(), pane.older.isEnabled()) == (True, False)
    pane.newer.click()
    assert pane.feed.runs[1] == 25
    pane.lanes.setCurrentIndex(pane.lanes.findData("agent"))
    assert pane.feed.runs == [1]
    assert not pane.newer.isVisible()


def staged(qtbot: QtBot, bridge: Bridge, link: RecordingLink, make: Any) -> TimelinePane:
    """Bars of a second each: item 3 had its inputs staged for 0.5 s, item 8 what it left for 0.4 s."""
    pane = TimelinePane(bridge)
    qtbot.addWidget(pane)
    pane.resize(1100, 300)
    pane.show()
    bridge.follow(1)
    pane.show_run(1)
    rows = [
        make.attempt(
            0, n, state="exited", seq=n + 1, started=make.NOW + 2 * n, ended=make.NOW + 2 * n + 1,
            staged_in=0.5 if n == 3 else 0.0, staged_out=0.4 if n == 8 else 0.0,
        )
        for n in range(10)
    ]  # fmt: skip
    link.tell(make.snapshot("run:1", run=make.run(1), tasks=[make.task(0, 10)], states={0: bytes(10)}, attempts=rows))
    bridge.frame()
    return pane


def test_staging_is_a_thin_strip_beside_its_bar_where_it_can_be_seen(
    qtbot: QtBot, bridge: Bridge, link: RecordingLink, make: Any, each_theme: str
) -> None:
    pane = staged(qtbot, bridge, link, make)
    view = pane.view
    image, theme = view.grab().toImage(), current_theme()
    middle = RULER + LANE // 2

    def color(moment: float, y: int = middle) -> str:
        return QColor(image.pixelColor(round(view.x_of(make.NOW + moment)), y)).name()

    strip, nothing = theme.color("muted").name(), theme.color("canvas").name()
    assert color(5.75) == strip
    assert color(17.2) == strip
    assert color(5.75, middle - 6) == nothing
    assert {color(3.75), color(15.2)} == {nothing}
    assert color(6.5) == theme.state_color("succeeded").name()
    assert "its inputs were staged in 0.50 s before" in view.describe((1, 0, 3, 1))
    assert "what it left was taken in 0.40 s" in view.describe((1, 0, 8, 1))
    assert "staged" not in view.describe((1, 0, 4, 1))
    for _ in range(12):
        view.zoom(2.0)
    image = view.grab().toImage()
    assert theme.color("muted").name() not in {
        QColor(image.pixelColor(x, middle)).name() for x in range(LABELS, image.width())
    }


def test_staging_is_exported(qtbot: QtBot, bridge: Bridge, link: RecordingLink, make: Any, tmp_path: Path) -> None:
    pane = staged(qtbot, bridge, link, make)
    for kind in ("trace", "table"):
        pane.write(kind, tmp_path / kind)
        qtbot.waitUntil(lambda kind=kind: pane.note.text() == f"Written to {kind}")
    events = json.loads((tmp_path / "trace").read_text())["traceEvents"]
    parts = [event for event in events if event.get("cat") == "staging"]
    assert [(part["name"], part["dur"]) for part in parts] == [
        ("task-0[3]: in", pytest.approx(500_000, abs=2)), ("task-0[8]: out", pytest.approx(400_000, abs=2))
    ]  # fmt: skip
    (track,) = [event for event in events if event["name"] == "thread_name"]
    assert (track["tid"], track["args"]["name"]) == (parts[0]["tid"], "slot 1, staging")
    lines = list(csv.DictReader((tmp_path / "table").read_text().splitlines()))
    assert [(line["staged_in"], line["staged_out"]) for line in lines[3:5]] == [("0.5", "0.0"), ("0.0", "0.0")]


@pytest.mark.parametrize("kind", ["trace", "table", "picture"])
def test_it_is_written_to_a_file(
    qtbot: QtBot, bridge: Bridge, link: RecordingLink, make: Any, tmp_path: Path, kind: str
) -> None:
    pane = shown(qtbot, bridge, link, make)
    path = tmp_path / kind
    pane.write(kind, path)
    qtbot.waitUntil(lambda: "Written" in pane.note.text())
    if kind == "trace":
        events = json.loads(path.read_text())["traceEvents"]
        bars = [event for event in events if event["ph"] == "X"]
        assert len(bars) == 10
        assert (bars[3]["name"], bars[3]["dur"], bars[3]["tid"]) == ("task-0[3]", pytest.approx(900_000, abs=2), 2)
        assert events[0]["args"]["name"] == "desk"
    elif kind == "table":
        lines = list(csv.DictReader(path.read_text().splitlines()))
        assert [line["name"] for line in lines][:2] == ["task-0[0]", "task-0[1]"]
        assert float(lines[0]["seconds"]) == pytest.approx(0.9)
    else:
        assert path.read_bytes().startswith(b"\x89PNG")
    assert [entry.name for entry in tmp_path.iterdir()] == [kind]


def test_what_cannot_be_written_is_told(
    qtbot: QtBot, bridge: Bridge, link: RecordingLink, make: Any, tmp_path: Path
) -> None:
    pane = shown(qtbot, bridge, link, make)
    pane.write("table", tmp_path / "no" / "such" / "folder.csv")
    qtbot.waitUntil(lambda: pane.findChild(QMessageBox) is not None)
    box = pane.findChild(QMessageBox)
    assert box is not None
    assert "folder" in box.text()
    box.close()


def test_what_ended_while_nobody_looked_comes_when_somebody_does(
    qtbot: QtBot, bridge: Bridge, link: RecordingLink, make: Any
) -> None:
    pane = shown(qtbot, bridge, link, make)
    link.of(m.GetColumns)[0].answer(answer([]))
    bridge.frame()
    pane.hide()
    asked = len(link.of(m.GetColumns))
    link.tell(make.delta("run:1", attempts=[make.attempt(0, 12, state="exited", seq=12, ended=make.NOW + 9)]))
    bridge.frame()
    assert (pane.bars.count, len(link.of(m.GetColumns))) == (10, asked)
    pane.show()
    assert len(link.of(m.GetColumns)) == asked + 1
    assert pane.bars.count == 11


def test_what_failed_is_told_letter_by_letter(qtbot: QtBot, bridge: Bridge, link: RecordingLink, make: Any) -> None:
    pane = shown(qtbot, bridge, link, make)
    bad = make.attempt(0, 3, state="exited", outcome="nonzero", ended=make.NOW + 4, error="expected <b>, got <i>")
    link.tell(make.delta("run:1", attempts=[bad]))
    bridge.frame()
    assert pane.view.describe((1, 0, 3, 1)).endswith("expected <b>, got <i>")


def test_lanes_by_task_are_of_one_graph(qtbot: QtBot, bridge: Bridge, link: RecordingLink, make: Any) -> None:
    """The first task of another run is another task."""
    pane = shown(qtbot, bridge, link, make)
    link.tell(make.snapshot("runs", runs=[make.run(1), make.run(2)], removed=[]))
    bridge.frame()
    pane.colors.setCurrentIndex(pane.colors.findData("owner"))
    assert pane.feed.runs == [1, 2]
    pane.lanes.setCurrentIndex(pane.lanes.findData("task"))
    assert pane.feed.runs == [1]
    pane.lanes.setCurrentIndex(pane.lanes.findData("run"))
    assert pane.feed.runs == [1, 2]


def test_a_file_gets_the_ending_of_what_is_in_it(
    qtbot: QtBot, bridge: Bridge, link: RecordingLink, make: Any, tmp_path: Path
) -> None:
    pane = shown(qtbot, bridge, link, make)
    pane.ask_export("table")
    dialog = pane.findChild(QFileDialog)
    assert dialog is not None
    dialog.setDirectory(str(tmp_path))
    dialog.selectFile("mine")
    dialog.accept()
    qtbot.waitUntil(lambda: [entry.name for entry in tmp_path.iterdir()] == ["mine.csv"])
