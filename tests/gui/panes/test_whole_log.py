"""A log as a whole: found in before all of it was read, and saved to a disk that takes its time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QToolButton
from pytestqt.qtbot import QtBot

from windlass.wire import messages as m
from windlass.wire.logs import OUT, encode_record, records_at
from windlass_gui.bridge import Bridge
from windlass_gui.bridge.recording import RecordingLink
from windlass_gui.panes import LogPane, logreading, logsaving

PIECE = 64 * 1024
"""Smaller than in truth, so that a log of many pieces is made quickly."""
LINE = b"x" * 1023 + b"\n"
LOG = b"".join(
    encode_record(1_800_000_000.0, OUT, b"first needle\n" if n == 0 else b"second needle\n" if n == 200 else LINE)
    for n in range(750)
)
"""Some twelve pieces."""


class Core:
    """Answers for one log, as many questions as it is told to."""

    def __init__(self, bridge: Bridge, link: RecordingLink) -> None:
        self.bridge, self.link = bridge, link

    @property
    def open(self) -> list[Any]:
        return [asked for asked in self.link.of(m.GetLog) if not asked.future.done()]

    @property
    def pieces(self) -> list[Any]:
        """Questions for the whole log; the pane itself asks for smaller parts."""
        return [asked for asked in self.link.of(m.GetLog) if asked.message.limit == PIECE]

    def answer(self) -> None:
        """The questions there are now."""
        for asked in self.open:
            message = asked.message
            at, data = records_at(lambda at, size: LOG[at : at + size], len(LOG), message.offset, message.limit)
            asked.answer({"attempt": 1, "offset": at, "size": len(LOG), "shed": 0, "ended": True}, data)
        self.bridge.frame()


@pytest.fixture
def core(bridge: Bridge, link: RecordingLink, monkeypatch: pytest.MonkeyPatch) -> Core:
    monkeypatch.setattr(logreading, "PIECE", PIECE)
    return Core(bridge, link)


@pytest.fixture
def pane(qtbot: QtBot, bridge: Bridge, link: RecordingLink, core: Core, make: Any) -> LogPane:
    made = LogPane(bridge)
    qtbot.addWidget(made)
    made.resize(1000, 300)
    made.show()
    bridge.follow(1)
    rows = [make.attempt(0, 3, number, state="exited", seq=number) for number in (1, 2)]
    task = make.task(0, 9, id="encode")
    link.tell(make.snapshot("run:1", run=make.run(1), tasks=[task], states={0: bytes(9)}, attempts=rows))
    bridge.frame()
    made.show_item(1, 0, 3)
    core.answer()
    qtbot.waitUntil(lambda: not made.view.busy)
    return made


class SlowDisk:
    """What is written waits until the test lets it."""

    def __init__(self) -> None:
        self.pieces = threading.Semaphore(0)
        self.written = 0
        self.left = False

    def write(self, data: bytes) -> int:
        self.pieces.acquire()
        self.written += len(data)
        return len(data)

    @contextmanager
    def replacing(self, path: Path) -> Iterator[BinaryIO]:
        try:
            yield self  # type: ignore[misc]
        except InterruptedError:
            self.left = True
            raise
        path.write_text("whole")


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> SlowDisk:
    made = SlowDisk()
    monkeypatch.setattr(logsaving, "replacing", made.replacing)
    return made


def test_saving_waits_for_the_disk_and_says_how_far_it_is(
    pane: LogPane, core: Core, disk: SlowDisk, qtbot: QtBot, tmp_path: Path
) -> None:
    pane.save_to(tmp_path / "a.log")
    assert pane.stop.isVisible()
    for _ in range(20):
        core.answer()
    assert len(core.pieces) == logsaving.AHEAD, "no more is read than may wait"
    assert pane.found.text() == "Saving a.log, 0 %"
    disk.pieces.release()
    qtbot.waitUntil(lambda: len(core.pieces) == logsaving.AHEAD + 1)
    assert pane.found.text() == "Saving a.log, 8 %"
    for _ in range(5):
        core.answer()
    assert len(core.pieces) == logsaving.AHEAD + 1
    disk.pieces.release(100)

    def saved() -> bool:
        core.answer()
        return pane.found.text() == "Saved a.log"

    qtbot.waitUntil(saved)
    assert disk.written == 748 * len(LINE) + len(b"first needle\nsecond needle\n")
    assert (tmp_path / "a.log").read_text() == "whole"
    assert not pane.stop.isVisible()


def test_saving_is_stopped_at_once_whatever_the_disk_does(
    pane: LogPane, core: Core, disk: SlowDisk, qtbot: QtBot, tmp_path: Path
) -> None:
    pane.save_to(tmp_path / "a.log")
    core.answer()
    core.answer()
    pane.stop.click()
    assert pane.found.text() == "Not saved: stopped"
    assert not pane.stop.isVisible()
    asked = len(core.pieces)
    core.answer()
    core.answer()
    assert len(core.pieces) == asked
    disk.pieces.release(9)  # now the disk has taken the piece it was busy with
    qtbot.waitUntil(lambda: disk.left)
    assert disk.written <= PIECE, "nothing more is written"
    assert not (tmp_path / "a.log").exists()


def test_saving_goes_on_when_the_pane_turns_elsewhere(
    pane: LogPane, core: Core, disk: SlowDisk, qtbot: QtBot, tmp_path: Path
) -> None:
    """To the end of the same log, and to another one: who wants it ended presses Stop."""
    pane.query.setText("second needle")
    pane.finder.search_all()
    for _ in range(20):
        core.answer()
    assert pane.found.text() == "1 found"
    pane.save_to(tmp_path / "a.log")
    pane._bar_asked(0.0)
    pane._jump_now()
    core.answer()
    qtbot.waitUntil(lambda: not pane.view.busy)
    assert not pane.window_.at_end
    pane._follow()
    core.answer()
    assert pane.window_.at_end
    assert pane.finder._search is not None, "what was found in this log is known yet"
    pane.show_item(1, 0, 4)
    core.answer()
    assert pane.stop.isVisible()
    disk.pieces.release(100)

    def saved() -> bool:
        core.answer()
        return pane.found.text() == "Saved a.log"

    qtbot.waitUntil(saved)
    assert not pane.stop.isVisible()
    assert disk.written == 748 * len(LINE) + len(b"first needle\nsecond needle\n")


def test_a_full_disk_ends_it_with_the_reason(
    pane: LogPane, core: Core, disk: SlowDisk, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(disk, "write", full)
    pane.save_to(tmp_path / "a.log")
    core.answer()
    qtbot.waitUntil(lambda: "No space left" in pane.found.text())
    asked = len(core.pieces)
    core.answer()
    core.answer()
    assert len(core.pieces) == asked


def test_enter_goes_to_the_first_match_as_soon_as_there_is_one(pane: LogPane, core: Core, qtbot: QtBot) -> None:
    QTest.keyClicks(pane.query, "needle")
    assert pane.found.text() == "nothing found"
    QTest.keyClick(pane.query, Qt.Key.Key_Return)
    assert len(core.pieces) == 1, "nobody waits for the pause in the typing"
    core.answer()
    assert "1 found" in pane.found.text()

    def there() -> bool:
        core.answer()
        return pane.view.textCursor().block().text() == "first needle"

    qtbot.waitUntil(there)
    assert pane.view.textCursor().selectedText() == "needle"
    qtbot.waitUntil(lambda: core.answer() or pane.found.text() == "2 found")
    QTest.keyClick(pane.query, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: core.answer() or pane.view.textCursor().block().text() == "second needle")


def test_enter_finds_nothing_where_there_is_nothing(pane: LogPane, core: Core, qtbot: QtBot) -> None:
    QTest.keyClicks(pane.query, "nowhere")
    QTest.keyClick(pane.query, Qt.Key.Key_Return)
    assert "searching" in pane.found.text() or pane.found.text() == "nothing found"
    qtbot.waitUntil(lambda: core.answer() or not pane.stop.isVisible())
    assert pane.found.text() == "nothing found"
    assert not pane.view.textCursor().hasSelection()


def test_in_a_narrow_pane_the_switches_give_way_to_the_words(pane: LogPane, qtbot: QtBot) -> None:
    for width, wide in ((1400, True), (700, False), (1400, True)):
        pane.resize(width, 300)
        qtbot.waitUntil(lambda wide=wide: pane.top.more.isVisible() != wide)
        assert pane.state.width() >= (180 if wide else 90)
        buttons = [button for button in pane.top.findChildren(QToolButton) if button.defaultAction() is pane.times]
        assert [button.isVisible() for button in buttons] == [wide]
        assert pane.times in pane.top.more.menu().actions()
    pane.show_item(None)
    assert not pane.top.more.isVisible()
    assert not any(button.isVisible() for button in pane.top.findChildren(QToolButton))
