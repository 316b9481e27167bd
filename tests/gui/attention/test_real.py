"""What needs attention, made by real processes: each condition is listed and told, and its button helps."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot
from tests.chaos.cluster import MARK, Cluster
from tests.system import disks
from tests.system.disks import Disk

from windlass.model.document import read_graph
from windlass_gui.attention.derive import Matter
from windlass_gui.bridge import Bridge
from windlass_gui.panes.why import WhyDialog
from windlass_gui.window.main_window import MainWindow

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

NOWHERE = """
windlass: 1
name: nowhere
tasks: {train: {command: echo trained, resources: {gpus: 8}}}
"""
FAILING = """
windlass: 1
name: failing
tasks:
  broken:
    command: case $WINDLASS_ATTEMPT in [1-6]) exit 3 ;; *) sleep 600 ;; esac
    retries: {max: 9, backoff: 10 ms}
    where: [role == well]
"""
"""Then it goes on, so that the run needs a person for as long as the test looks."""
LATE = """
windlass: 1
name: late
tasks: {slow: {command: sleep 600, deadline: 1 s, where: [role == well]}}
"""
LONG = """
windlass: 1
name: long
tasks: {watch: {command: sleep 600, where: [role == frozen]}}
"""
LEASE = 12.0
"""Seconds, where an agent is to be lost; elsewhere a busy machine must lose none."""
UNEVEN = """
windlass: 1
name: uneven
tasks:
  part:
    foreach: {range: 12}
    command: case "$PWD" in */bad/*) exit 7 ;; esac
    retries: {max: 9, backoff: 10 ms}
    where: ["role in [bad, well]"]
"""
"""Fails on the agent whose directory is called `bad`, and nowhere else."""


class Desk:
    """A window on a real core, and what it would have told the desktop."""

    def __init__(self, cluster: Cluster, place: Path, qtbot: QtBot) -> None:
        self.cluster = cluster
        self.qtbot = qtbot
        self.bridge = Bridge()
        self.window = MainWindow(self.bridge, QSettings(str(place / "app.ini"), QSettings.Format.IniFormat))
        self.notes: list[str] = []
        notifier = self.window.attention.notifier
        notifier.show = lambda title, text, _grave: self.notes.append(f"{title}\n{text}")
        notifier.in_front = lambda: False
        self.window.show()
        self.bridge.start_embedded()
        self.until(lambda: self.bridge.state == "up")
        self.window.attention.show()
        # What is there when it first looks at all that the core knows is no news.
        needs, looks = self.window.attention.needs, list[bool]()
        needs.looked.connect(lambda: looks.append(needs.known))
        self.until(lambda: any(looks))

    def until(self, condition: Callable[[], object]) -> None:
        self.qtbot.waitUntil(lambda: bool(condition()))

    def matter(self, kind: str) -> Matter | None:
        return next((each for each in self.window.attention.needs.matters if each.kind == kind), None)

    def listed(self, kind: str) -> Matter:
        self.until(lambda: self.matter(kind) is not None)
        found = self.matter(kind)
        assert found is not None
        return found

    def press(self, kind: str) -> str:
        """The one button of the matter's row; gives its words."""
        matter = self.listed(kind)
        tree = self.window.attention.pane.list
        self.window.bottom.setCurrentWidget(self.window.attention.pane)
        self.window.attention.pane.refresh()
        for place in range(tree.topLevelItemCount()):
            tree.setCurrentItem(tree.topLevelItem(place))
            if self.window.attention.pane.current() == matter:
                cell = tree.itemWidget(tree.topLevelItem(place), 3)
                button = cell.findChild(QPushButton) if cell is not None else None
                assert button is not None
                button.click()
                return button.text()
        raise AssertionError(f"{kind} is not in the list")

    def has(self, *names: str) -> None:
        """Wait until these agents are up; the app may have started one of its own beside them."""
        self.until(lambda: set(names) <= {row.name for row in self.bridge.mirror.agents.values() if row.state == "up"})

    def agent(self, name: str) -> str:
        return next(row.id for row in self.bridge.mirror.agents.values() if row.name == name)

    def told(self, words: str) -> bool:
        return any(words in note for note in self.notes)


@pytest.fixture
def cluster(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    lease = getattr(request, "param", 10 * LEASE)
    with Cluster(tmp_path / "c", core_options=("--lease", str(lease), "--heartbeat", "0.5")) as made:
        monkeypatch.setenv("WINDLASS_HOME", str(made.home))
        monkeypatch.setenv(MARK, made.mark)  # so that what the app starts ends with the cluster
        (made.home / "config").mkdir(parents=True)
        (made.home / "config" / "core.toml").write_text('[sick-agents]\npause = "1 h"\n')
        monkeypatch.delenv("WINDLASS_CORE", raising=False)
        made.start_core()
        yield made


@pytest.fixture
def desk(cluster: Cluster, tmp_path: Path, qtbot: QtBot) -> Iterator[Desk]:
    made = Desk(cluster, tmp_path, qtbot)
    yield made
    made.window.restarting = True  # so that closing asks nothing about what still runs
    made.window.close()
    made.bridge.shutdown(False)
    made.window.deleteLater()


def submit(desk: Desk, document: str) -> int:
    run = desk.cluster.submit(read_graph(document))
    desk.until(lambda: run in desk.bridge.mirror.runs)
    return run


def test_runs_that_need_a_person(desk: Desk) -> None:
    desk.cluster.start_agent("well", "--cpus", "4", "--label", "role=well")
    desk.has("well")
    nowhere = submit(desk, NOWHERE)
    assert desk.listed("unschedulable").run == nowhere
    assert desk.press("unschedulable") == "Why?"
    desk.until(lambda: desk.window.findChildren(WhyDialog))
    why = desk.window.findChildren(WhyDialog)[0]
    desk.until(lambda: "8 GPUs" in why.sentence.text())
    why.close()
    failing = submit(desk, FAILING)
    assert desk.listed("failing").run == failing
    assert desk.press("failing") == "Show failures"
    assert desk.window.bottom.currentWidget() is desk.window.failures
    assert desk.window.run_view.run == failing
    late = submit(desk, LATE)
    desk.until(lambda: (matter := desk.matter("deadline")) is not None and matter.level)
    assert desk.press("deadline") == "Go first"
    desk.until(lambda: desk.bridge.mirror.runs[late].priority > desk.bridge.mirror.runs[nowhere].priority)
    desk.until(lambda: all(desk.told(name) for name in ("nowhere", "failing", "late")))


@pytest.mark.skipif(bool(disks.unusable()), reason="needs root and mounts")
def test_a_disk_that_is_nearly_full(desk: Desk) -> None:
    with Disk(desk.cluster.root / "small", 16) as disk:
        desk.cluster.start_agent("small", "--cpus", "1")
        desk.has("small")
        assert desk.matter("disk") is None or desk.matter("disk").agent == ""  # type: ignore[union-attr]
        disk.fill()
        small = desk.agent("small")
        desk.until(lambda: (matter := desk.matter("disk")) is not None and matter.agent == small)
        desk.until(lambda: desk.told("almost full"))
        assert desk.press("disk") == "Drain"
        desk.until(lambda: desk.bridge.mirror.agents[small].draining)
        disk.empty()
        desk.until(lambda: (matter := desk.matter("disk")) is None or matter.agent != small)
        desk.cluster.kill_agent("small")


def test_a_sick_machine_is_listed_also_after_a_restart_of_the_core_until_it_is_forgiven(desk: Desk) -> None:
    desk.cluster.start_agent("bad", "--cpus", "3", "--label", "role=bad")
    desk.cluster.start_agent("well", "--cpus", "1", "--label", "role=well")
    desk.has("bad", "well")
    run = submit(desk, UNEVEN)
    bad = desk.agent("bad")
    assert desk.listed("sick").agent == bad
    desk.until(lambda: desk.told("different items failed there and succeeded elsewhere"))
    desk.until(lambda: desk.bridge.mirror.runs[run].state == "succeeded")
    desk.cluster.kill_core()
    desk.until(lambda: desk.bridge.state != "up")
    desk.until(lambda: desk.bridge.state == "up")  # the app has started it anew
    desk.has("bad", "well")
    assert desk.listed("sick").agent == bad
    assert desk.press("sick") == "Forgive"
    desk.until(lambda: not desk.bridge.mirror.agents[bad].aside)
    desk.until(lambda: desk.matter("sick") is None)


@pytest.mark.parametrize("cluster", [LEASE], indirect=True)
def test_a_stopped_machine_is_listed_while_it_may_come_back_and_told_when_it_is_lost(desk: Desk) -> None:
    desk.cluster.start_agent("frozen", "--cpus", "1", "--label", "role=frozen")
    desk.has("frozen")
    frozen, process = desk.agent("frozen"), desk.cluster.agents["frozen"]
    submit(desk, LONG)
    desk.until(lambda: desk.bridge.mirror.agents[frozen].running)
    process.send_signal(signal.SIGSTOP)
    try:
        assert desk.listed("lost").agent == frozen
        assert desk.press("lost") == "Open its page"
        assert desk.window.monitor is not None
        assert desk.window.monitor.isVisible()
        desk.until(lambda: desk.bridge.mirror.agents[frozen].state == "down")
        desk.until(lambda: desk.told("A machine went away"))
        desk.until(lambda: desk.matter("lost") is None)
    finally:
        process.send_signal(signal.SIGCONT)
    desk.until(lambda: desk.bridge.mirror.agents[frozen].state == "up")
    desk.until(lambda: desk.bridge.mirror.agents[frozen].running)
