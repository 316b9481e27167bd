"""The whole path with a real core and a real agent: start, submit, watch, read the log, leave running, stop."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from pytestqt.qtbot import QtBot
from tests.patience import PATIENCE

from windlass.client.embedded import running_core
from windlass_gui.bridge import Bridge, SubmitProgress, local
from windlass_gui.monitor import MonitorWindow
from windlass_gui.panes import LogPane, RunsPane
from windlass_gui.timeline import TimelinePane

DOCUMENT = """
windlass: 1
name: demo
tasks:
  first: {command: 'cat in.txt', inputs: [in.txt]}
  many: {needs: [first], matrix: {n: [1, 2, 3, 4]}, command: 'echo item ${{ matrix.n }}'}
  bad: {needs: [many], command: 'echo about to fail; exit 3'}
"""


@pytest.mark.slow
def test_a_run_from_submit_to_log(qtbot: QtBot, own_core: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("graph")
    (folder / "in.txt").write_text("hello\n")
    bridge = Bridge()
    runs, log, timeline, monitor = RunsPane(bridge), LogPane(bridge), TimelinePane(bridge), MonitorWindow(bridge)
    for widget in (runs, log, timeline, monitor):
        qtbot.addWidget(widget)
        widget.show()

    def until(condition: Callable[[], object]) -> None:
        qtbot.waitUntil(lambda: bool(condition()))

    bridge.start_embedded()
    until(lambda: bridge.state != "starting")
    assert (bridge.state, bridge.text) == ("up", "Connected")
    until(lambda: any(agent.state == "up" for agent in bridge.mirror.agents.values()))
    progress: list[SubmitProgress] = []
    bridge.submit(DOCUMENT, folder, {}, progress.append)
    until(lambda: progress and progress[-1].phase in ("submitted", "failed"))
    assert progress[-1].phase == "submitted", progress[-1].text
    run = progress[-1].run
    assert run is not None
    runs.select_run(run)
    timeline.show_run(run)
    until(lambda: run in bridge.mirror.runs and bridge.mirror.runs[run].ended is not None)
    assert bridge.mirror.runs[run].state == "failed"
    until(lambda: timeline.bars.count == 6 and not timeline.bars.live)
    mirror = bridge.mirror.run(run)
    assert mirror is not None
    assert [bytes(states) for states in mirror.states.values()] == [b"\x04", b"\x04" * 4, b"\x05"]
    log.show_item(run, 2, 0)
    until(lambda: log.window_.complete)
    assert log.view.toPlainText() == "about to fail"
    assert "exit 3" in log.state.text()
    until(lambda: bridge.mirror.curves and next(iter(monitor.cards.values())).cpu.value.text() != "–")
    retried: list[int] = []
    bridge.control("retry", run, done=retried.append)
    until(lambda: retried)
    assert retried == [1]
    until(lambda: timeline.bars.count == 7 and not timeline.bars.live)

    # The window closes and the core goes on; the next window finds it, with its runs, and then stops it.
    monitor.close()
    processes = [psutil.Process(process.pid) for process in local._children]
    assert len(processes) == 2
    bridge.shutdown(stop_core=False)
    assert all(process.is_running() for process in processes)
    again = Bridge()
    again.start_embedded()
    until(lambda: again.state == "up" and run in again.mirror.runs)
    assert len(local._children) == 2, "nothing was started a second time"
    again.shutdown(stop_core=True)
    assert not any(psutil.pid_exists(process.pid) for process in processes)


@pytest.mark.slow
def test_a_core_that_was_killed_is_started_again(qtbot: QtBot, own_core: Path) -> None:
    bridge = Bridge()
    bridge.start_embedded()
    qtbot.waitUntil(lambda: bridge.state == "up")
    core = local._children[0]
    os.kill(core.pid, 9)
    core.wait()
    bridge.shutdown(stop_core=False)
    again = Bridge()
    again.start_embedded()
    qtbot.waitUntil(lambda: again.state == "up")
    assert len(local._children) == 3, "the agent went on; only the core was started anew"
    again.shutdown(stop_core=True)


@pytest.mark.slow
def test_an_open_window_gets_its_core_and_its_agent_back(qtbot: QtBot, own_core: Path) -> None:
    bridge = Bridge()
    said: list[str] = []
    bridge.connection_changed.connect(lambda state, _text: said.append(state))

    def up() -> bool:
        return bridge.state == "up" and any(agent.state == "up" for agent in bridge.mirror.agents.values())

    bridge.start_embedded()
    qtbot.waitUntil(up)
    core, agent = local._children
    os.kill(core.pid, 9)
    qtbot.waitUntil(lambda: bridge.state == "starting")
    qtbot.waitUntil(up)
    os.kill(agent.pid, 9)
    qtbot.waitUntil(lambda: len(local._children) == 4)
    qtbot.waitUntil(up)
    processes = [psutil.Process(process.pid) for process in local._children[2:]]

    # Another window ends both: that was meant, so nothing starts by itself, but a click does it.
    other = Bridge()
    other.start_embedded()
    qtbot.waitUntil(lambda: other.state == "up")
    other.shutdown(stop_core=True)
    assert not any(process.is_running() for process in processes)
    qtbot.waitUntil(lambda: bridge.state == "stopped")
    assert bridge.can_try_again
    bridge.try_again()
    qtbot.waitUntil(up)
    bridge.shutdown(stop_core=True)
    assert "refused" not in said


@pytest.mark.slow
def test_a_core_that_was_there_before_the_window_goes_on(qtbot: QtBot, own_core: Path) -> None:
    local._start_core()
    by_hand = local._children.pop()  # as if in a terminal
    try:
        (own_core / "data" / local.BOOK).unlink()
        bridge = Bridge()
        bridge.start_embedded()
        qtbot.waitUntil(lambda: bridge.state == "up")
        qtbot.waitUntil(lambda: len(local._children) == 1)
        (agent,) = (psutil.Process(process.pid) for process in local._children)
        bridge.shutdown(stop_core=True)
        assert by_hand.poll() is None
        assert not agent.is_running(), "the app's own agent ends with it"
    finally:
        by_hand.terminate()
        by_hand.wait(PATIENCE)


@pytest.mark.slow
def test_a_window_closed_at_once_leaves_nothing_behind(qtbot: QtBot, own_core: Path) -> None:
    bridge = Bridge()
    bridge.start_embedded()
    bridge.shutdown(stop_core=True)
    assert bridge.state == "off"
    assert running_core() is None
    assert not local._children


def test_a_core_that_cannot_start_says_why(qtbot: QtBot, own_core: Path) -> None:
    (own_core / "data").mkdir()
    (own_core / "data" / "core").write_text("a file where the core wants a folder")
    bridge = Bridge()
    bridge.start_embedded()
    qtbot.waitUntil(lambda: bridge.state == "refused")
    assert "File exists" in bridge.text
    assert "Traceback" not in bridge.text
    assert len(bridge.text.splitlines()) == 2
    assert bridge.can_try_again
    bridge.shutdown(stop_core=True)


def test_a_core_that_was_killed_before_it_was_ready_says_so(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has written nothing that could be shown."""
    monkeypatch.setattr(local, "_line", lambda _descriptor, process: process.kill() or b"")
    with pytest.raises(local.StartFailed, match="ended before it was ready"):
        local._start_core()
