"""What is not saved outlives the app, however it ends; and what another program writes is not overlooked."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QSettings, Qt
from PySide6.QtWidgets import QMessageBox
from pytestqt.qtbot import QtBot
from tests.gui.windows import main_window, saved
from tests.patience import PATIENCE

from windlass_gui.bridge import Bridge
from windlass_gui.files.recovery import Recovery
from windlass_gui.files.recovery_dialog import RecoveryDialog
from windlass_gui.window.main_window import MainWindow

GRAPH = "windlass: 1\nname: one\ntasks:\n  first: {command: echo one, position: [0, 0]}\n"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "recovery"


Open = Callable[[], MainWindow]


@pytest.fixture
def open_window(bridge: Bridge, qtbot: QtBot, tmp_path: Path, place: Path) -> Iterator[Open]:
    with ExitStack() as opened:

        def make() -> MainWindow:
            settings = QSettings(str(tmp_path / "app.ini"), QSettings.Format.IniFormat)
            window = opened.enter_context(main_window(bridge, settings))
            window.keep_unsaved(place)
            _settle(window)
            return window

        yield make


def _settle(window: MainWindow) -> None:
    """Until the background has nothing left to do and the window has heard of it."""
    window.background.settle()
    QCoreApplication.sendPostedEvents()


def _recovery(window: MainWindow) -> Recovery:
    assert window.recovering is not None
    return window.recovering.recovery


def _edit(window: MainWindow, title: str) -> None:
    assert window.page.session is not None
    window.page.session.set_field("first", "title", title)


@pytest.fixture
def graph(tmp_path: Path) -> Path:
    path = tmp_path / "one.yaml"
    path.write_text(GRAPH)
    return path


def test_an_edit_is_written_aside_and_cleaned_away_when_saved(open_window: Open, graph: Path, place: Path) -> None:
    window = open_window()
    window.open_file(graph)
    recovery, made = _recovery(window), window.documents.current
    assert made is not None
    _edit(window, "One")
    timer = recovery._timers[made]
    assert timer.isActive()
    timer.timeout.emit()
    _settle(window)
    (kept,) = place.glob("*/*.json")
    assert "title: One" in kept.read_text()
    assert recovery.find() == [], "a running app's documents are its own"
    assert saved(window)
    _settle(window)
    assert not kept.exists()


def test_nothing_is_kept_of_what_was_discarded_or_undone(
    open_window: Open, graph: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = open_window()
    window.open_file(graph)
    _edit(window, "One")
    made = window.documents.current
    assert made is not None
    _recovery(window).keep(made)
    window.actions_["undo"].trigger()
    _settle(window)
    assert not list(place.glob("*/*.json"))
    _edit(window, "Two")
    _recovery(window).keep(made)
    monkeypatch.setattr(QMessageBox, "exec", lambda _: QMessageBox.StandardButton.Discard)
    window.close()
    _recovery(window).close()
    window.background.settle()
    assert not list(place.iterdir())


def test_an_end_by_a_signal_keeps_what_nobody_answered_for(open_window: Open, graph: Path, place: Path) -> None:
    window = open_window()
    window.open_file(graph)
    _edit(window, "One")
    _recovery(window).close()
    window.background.settle()
    assert len(list(place.glob("*/*.json"))) == 1
    assert len(_recovery(window).find()) == 0
    other = Recovery(window.documents, place, window.background)
    assert [lost.kept.path for lost in other.find()] == [str(graph)]


def test_what_was_open_before_is_followed_too(open_window: Open, graph: Path, place: Path) -> None:
    window = open_window()
    window.open_file(graph)
    made = window.documents.current
    assert made is not None
    late = Recovery(window.documents, place, window.background, delay=0)
    _edit(window, "One")
    late._timers[made].timeout.emit()
    _settle(window)
    assert len(list(late.own.glob("*.json"))) == 1
    late.close()


def test_a_failure_to_write_is_told_once(open_window: Open, graph: Path, place: Path) -> None:
    window = open_window()
    window.open_file(graph)
    place.write_text("a file in the way")
    told: list[str] = []
    _recovery(window).failed.connect(told.append)
    made = window.documents.current
    assert made is not None
    _edit(window, "One")
    for _ in range(3):
        _recovery(window).keep(made)
    _settle(window)
    assert len(told) == 1


CRASH = """
    import os, signal, sys
    from pathlib import Path
    from PySide6.QtCore import QTimer
    from windlass_gui.files import recovery
    from windlass_gui import app
    recovery.Recovery.__init__.__defaults__ = (True, 50)
    parts = app.start(app.parse([sys.argv[2], "--offline", "--home", sys.argv[1]]))
    window = parts.window
    window.page.session.set_field("first", "title", "Not lost")
    window.new()
    window.page.session.add_task("command", (0, 0))
    window.page.session.set_field("command", "command", "echo never saved")

    def kept():
        files = list((Path(sys.argv[1]) / "data" / "recovery").rglob("*.json"))
        texts = [file.read_text() for file in files]
        if any("Not lost" in text for text in texts) and any("never saved" in text for text in texts):
            print("written", flush=True)
    timer = QTimer()
    timer.timeout.connect(kept)
    timer.start(20)
    parts.app.exec()
"""


@pytest.mark.slow
def test_what_kill_nine_left_is_offered_and_comes_back(
    open_window: Open, graph: Path, tmp_path: Path, place: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    code = textwrap.dedent(CRASH)
    with subprocess.Popen(
        [sys.executable, "-c", code, str(home), str(graph)], env=environment, stdout=subprocess.PIPE, text=True
    ) as app:
        assert app.stdout is not None
        assert app.stdout.readline() == "written\n"
        app.send_signal(signal.SIGKILL)
        app.wait(PATIENCE)
    assert graph.read_text() == GRAPH
    (home / "data" / "recovery").rename(place)
    window = open_window()
    dialog = window.findChild(RecoveryDialog)
    assert dialog is not None
    assert {one.kept.path for one in dialog.lost} == {"", str(graph)}
    assert dialog.list.topLevelItem(0).text(1), "when it was written"  # type: ignore[union-attr]
    for row in range(2):
        dialog.list.topLevelItem(row).setCheckState(0, Qt.CheckState.Unchecked)  # type: ignore[union-attr]
    assert not dialog.recover.isEnabled()
    dialog.reject()
    _recovery(window).close()
    again = open_window()
    dialog = again.findChild(RecoveryDialog)
    assert dialog is not None
    dialog.recover.click()
    _settle(again)
    texts = {made.title: made.session.document.text for made in again.documents.all if made.session is not None}
    assert len(texts) == 2
    assert "title: Not lost" in texts["one.yaml"]
    assert any("never saved" in text for text in texts.values())
    assert all(made.modified for made in again.documents.all)
    kept = list(place.glob("*/*.json"))
    assert len(kept) == 2, "kept anew by the app that has them now"
    assert {file.parent for file in kept} == {_recovery(again).own}
    there = again.documents.of_path(graph)
    assert there is not None
    again.documents.show_document(there)
    again.actions_["undo"].trigger()
    assert there.session is not None
    assert there.session.document.text == GRAPH


def test_another_programs_changes_can_be_taken_or_left(
    open_window: Open, graph: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = open_window()
    window.open_file(graph)
    made, watching = window.documents.current, window.watching
    assert made is not None
    assert made.session is not None

    def written(text: str) -> None:
        graph.write_text(text)
        watching.look()
        _settle(window)

    written(GRAPH)
    assert made not in watching._notices, "the same text is no change"
    theirs = GRAPH.replace("echo one", "echo theirs")
    written(theirs)
    notice = watching._notices[made]
    assert "one.yaml" in notice.text
    notice.button("Reload").click()
    assert made.session.document.text == theirs
    assert not made.modified
    assert notice.isHidden()
    window.actions_["undo"].trigger()
    assert made.session.document.text == GRAPH
    window.actions_["redo"].trigger()
    written(GRAPH)
    notice.button("Keep mine").click()
    assert made.session.document.text == theirs
    assert made.modified, "it is not what the file says"
    watching.look()
    _settle(window)
    assert notice.isHidden(), "it was answered for"
    written(GRAPH + "# once more\n")
    answers = iter([False, True])
    monkeypatch.setattr(window.files, "ask_overwrite", lambda _: next(answers))
    assert not window.save()
    assert graph.read_text().endswith("more\n")
    assert saved(window)
    assert graph.read_text() == theirs
    assert notice.isHidden()
    graph.unlink()
    watching.look()
    _settle(window)
    assert "gone" in notice.text
    notice.button("Keep").click()
    assert saved(window)
    assert graph.read_text() == theirs


def test_the_file_system_tells_of_a_change(open_window: Open, graph: Path, qtbot: QtBot) -> None:
    window = open_window()
    window.open_file(graph)
    made = window.documents.current
    assert made is not None
    spare = graph.with_suffix(".spare")
    spare.write_text(GRAPH + "# replaced\n")
    spare.replace(graph)
    qtbot.waitUntil(lambda: made.on_disk is not None)
