"""Two stories with a real core and a real agent: a bulk retry with its preview, and a huge log that is read.

Set WINDLASS_PICTURES to a folder to get a picture of each step in both themes.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QSettings, Qt
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from windlass_gui.bridge import Bridge, SubmitProgress
from windlass_gui.look.theme import apply_theme
from windlass_gui.panes.preview import Preview
from windlass_gui.window.main_window import MainWindow

LINES = 400_000
BULK = """
windlass: 1
name: bulk
tasks:
  encode:
    foreach: {range: 40}
    command: 'test -e "%s" || test $((${{ index }} %% 2)) = 0'
  join: {needs: [encode], command: 'echo joined'}
"""
LOG = """
windlass: 1
name: chatty
tasks:
  talk:
    script: |
      import sys
      for n in range(%d):
          more = " with a needle in it" if n %% 100_000 == 7 else ""
          sys.stdout.write(f"line {n} of what a long simulation says{more}\\n")
    shell: python3
"""


def snap(widget: QWidget, name: str) -> None:
    """A picture in each theme, for whoever wants to look."""
    folder = os.environ.get("WINDLASS_PICTURES")
    app = QApplication.instance()
    if folder and isinstance(app, QApplication):
        for theme in ("light", "dark"):
            apply_theme(app, theme)
            QApplication.processEvents()
            widget.grab().save(f"{folder}/{name}-{theme}.png")


@pytest.mark.slow
def test_a_bulk_retry_and_a_huge_log(qtbot: QtBot, own_core: Path) -> None:
    bridge = Bridge()
    window = MainWindow(bridge, QSettings(str(own_core / "app.ini"), QSettings.Format.IniFormat))
    qtbot.addWidget(window)
    window.resize(1440, 900)
    window.show()

    def until(condition: Callable[[], object]) -> None:
        qtbot.waitUntil(lambda: bool(condition()))

    def submit(document: str) -> int:
        progress: list[SubmitProgress] = []
        bridge.submit(document, None, {}, progress.append)
        until(lambda: progress and progress[-1].phase in ("submitted", "failed"))
        run = progress[-1].run
        assert run is not None, progress[-1].text
        window.runs.select_run(run)
        until(lambda: run in bridge.mirror.runs and bridge.mirror.runs[run].ended is not None)
        return run

    bridge.start_embedded()
    until(lambda: bridge.state == "up")
    until(lambda: any(agent.state == "up" for agent in bridge.mirror.agents.values()))
    try:
        _bulk_retry(qtbot, window, own_core, submit, until)
        _huge_log(qtbot, window, submit, until)
    finally:
        window.stop_core = True
        bridge.shutdown(stop_core=True)


def _bulk_retry(
    qtbot: QtBot, window: MainWindow, home: Path, submit: Callable[[str], int], until: Callable[..., None]
) -> None:
    mended = home / "mended"
    run = submit(BULK % mended)
    bridge, items = window.bridge, window.items
    assert bridge.mirror.runs[run].counts.failed == 20
    snap(window, "1-runs")
    window.leading.show_items(run, 0)
    qtbot.keyClicks(items.line.edit, "state:failed item>=10")
    qtbot.keyClick(items.line.edit, Qt.Key.Key_Return)
    until(lambda: items.items.rowCount() == 15)  # the run's items come after its counts
    window.activateWindow()
    items.table.setFocus()
    qtbot.keyClick(items.table, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    snap(window, "2-failed-items")
    mended.touch()
    items.deeds["retry"].trigger()
    until(lambda: window.findChild(Preview) is not None)
    preview = window.findChild(Preview)
    assert preview is not None
    until(lambda: preview.acted is not None and preview.yes.isEnabled())
    assert preview.model.rowCount() == 16, "fifteen, and what was skipped because of them"
    snap(preview, "3-preview")
    qtbot.mouseClick(preview.yes, Qt.MouseButton.LeftButton)
    strip = window.tabling.acting.strip
    until(lambda: "16 items run again" in strip.label.text())
    snap(window, "4-strip")
    # The five that were left out fail still, so what needs them all is skipped again.
    until(lambda: bridge.mirror.runs[run].counts.failed == 5 and bridge.mirror.runs[run].ended is not None)
    window.tabling.attempts.show_attempts(run)
    window.bottom.setCurrentWidget(window.tabling.attempts)
    until(lambda: window.tabling.attempts.model.rowCount() == 55)
    snap(window, "5-attempts")
    window.bottom.setCurrentWidget(window.tabling.agents)
    snap(window, "6-agents")


def _huge_log(qtbot: QtBot, window: MainWindow, submit: Callable[[str], int], until: Callable[..., None]) -> None:
    run = submit(LOG % LINES)
    log = window.log
    log.show_item(run, 0, 0)
    window.bottom.setCurrentWidget(log)
    until(lambda: log.view.toPlainText().endswith(f"line {LINES - 1} of what a long simulation says"))
    assert log.window_.size > 15_000_000
    until(lambda: log.bar.value() == log.bar.maximum())
    log.bar.setValue(log.bar.maximum() // 2)

    def top() -> int:
        words = log.view.firstVisibleBlock().text().split()
        return int(words[1]) if len(words) > 1 and words[1].isdecimal() else -1

    until(lambda: LINES * 0.45 < top() < LINES * 0.55)
    qtbot.keyClicks(log.query, "needle")
    until(lambda: log.found.text() == "4 found")
    found = []
    for _ in range(4):
        before = log.view.textCursor().block().text()
        qtbot.keyClick(log.query, Qt.Key.Key_Return)
        until(lambda: log.view.textCursor().selectedText() == "needle")
        until(lambda before=before: log.view.textCursor().block().text() != before)
        until(lambda: not log.view.busy)
        found.append(int(log.view.textCursor().block().text().split()[1]))
    assert sorted(found) == [7, 100_007, 200_007, 300_007]
    log.words.add("simulation")
    snap(window, "7-log")
