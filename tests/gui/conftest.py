"""Qt without a screen, and no Qt message that nobody expected."""

from __future__ import annotations

import gc
import os
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QSettings, QtMsgType, qInstallMessageHandler
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from tests.gui.windows import main_window, recorded_bridge
from tests.patience import PATIENCE

from windlass.wire import codec, lan
from windlass.wire.messages import Delta, Snapshot
from windlass.wire.rows import AgentRow, AttemptRow, Counts, RunRow, TaskRow
from windlass_gui.bridge import Bridge, local
from windlass_gui.bridge.recording import RecordingLink
from windlass_gui.collecting import Collector, collect_due
from windlass_gui.look.motion import reduce_motion
from windlass_gui.look.theme import apply_theme, theme_switch
from windlass_gui.window.main_window import MainWindow

HARMLESS = (
    "This plugin does not support propagateSizeHints()",
    "This plugin does not support raise()",
    "This plugin does not support grabbing the keyboard",
)
"""What the offscreen platform says of itself."""


@pytest.fixture(scope="session")
def qt_words() -> Iterator[list[str]]:
    """Every warning that Qt gives, in a fixture of many tests too."""
    seen: list[str] = []

    def handler(kind: QtMsgType, _context: object, text: str | None) -> None:
        if kind not in (QtMsgType.QtDebugMsg, QtMsgType.QtInfoMsg) and (text or "") not in HARMLESS:
            seen.append(text or "")

    before = qInstallMessageHandler(handler)
    yield seen
    qInstallMessageHandler(before)


@pytest.fixture(autouse=True)
def no_qt_warnings(qt_words: list[str]) -> Iterator[list[str]]:
    """Fails the test at any Qt warning. A test that expects one removes it from the list."""
    yield qt_words
    seen = qt_words.copy()
    qt_words.clear()
    assert not seen, f"Qt said: {seen}"


class PatientBot(QtBot):
    """Waits as long as every test does."""

    def waitUntil(self, callback: Any, *, timeout: int = int(PATIENCE * 1000)) -> None:
        super().waitUntil(callback, timeout=timeout)

    def waitSignal(self, signal: Any, *, timeout: int = int(PATIENCE * 1000), **more: Any) -> Any:
        return super().waitSignal(signal, timeout=timeout, **more)

    def waitExposed(self, widget: Any, *, timeout: int = int(PATIENCE * 1000)) -> Any:
        return super().waitExposed(widget, timeout=timeout)


@pytest.fixture
def qtbot(qapp: QApplication, request: pytest.FixtureRequest) -> QtBot:
    return PatientBot(request)


@pytest.fixture(autouse=True)
def usual_look(qapp: QApplication) -> QApplication:
    """Each test begins in the dark theme with motion, whatever the one before it chose."""
    if theme_switch().choice != "dark":
        apply_theme(qapp, "dark")
    reduce_motion(False)
    return qapp


@pytest.fixture(scope="session", autouse=True)
def one_collector(qapp: QApplication) -> Iterator[None]:
    """As in the app: no thread of a test destroys what belongs to the UI thread."""
    collector = Collector(qapp)
    yield
    collector.deleteLater()
    gc.enable()


@pytest.fixture(autouse=True)
def widgets_go() -> Iterator[None]:
    """What a test deleted is really gone before the next one; themes would be put on all of it otherwise."""
    yield
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    collect_due()


@pytest.fixture(scope="session", autouse=True)
def no_local_network() -> Iterator[None]:
    """Nobody listens to the real one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lan, "available", lambda: False)
        yield


@pytest.fixture(params=["dark", "light"])
def each_theme(usual_look: QApplication, request: pytest.FixtureRequest) -> str:
    apply_theme(usual_look, request.param)
    return str(request.param)


_four = struct.Struct("<I").pack


class Make:
    """Rows and messages as a core would send them: the real structs, through the real encoding."""

    NOW = 1_800_000_000.0

    def __init__(self) -> None:
        self.seq: dict[str, int] = {}

    def run(self, number: int = 1, state: str = "running", **more: Any) -> RunRow:
        counts = more.pop("counts", Counts(ready=2, active=1, succeeded=3))
        ended = self.NOW + 60 if state in ("succeeded", "failed", "cancelled") else None
        base: dict[str, Any] = {"name": f"graph-{number}", "owner": "ada", "priority": 0, "submitted": self.NOW}
        return RunRow(**({"id": number, "state": state, "ended": ended, "counts": counts} | base | more))

    def task(self, index: int = 0, count: int | None = 10, **more: Any) -> TaskRow:
        counts = more.pop("counts", Counts(pending=count or 0))
        base: dict[str, Any] = {"index": index, "id": f"task-{index}", "title": "", "array": True}
        return TaskRow(**(base | {"count": count, "counts": counts} | more))

    def attempt(self, task: int = 0, index: int = 0, attempt: int = 1, run: int = 1, **more: Any) -> AttemptRow:
        base: dict[str, Any] = {"seq": 0, "agent": "a1", "agent_name": "desk", "state": "running"}
        base |= {"assigned": self.NOW, "started": self.NOW + 1}
        if more.get("state") == "exited":
            base |= {"outcome": "ok", "ended": self.NOW + 3, "seq": 1}
        return AttemptRow(**(base | {"run": run, "task": task, "index": index, "attempt": attempt} | more))

    def agent(self, id: str = "a1", **more: Any) -> AgentRow:
        base: dict[str, Any] = {"id": id, "name": id, "state": "up", "draining": False, "running": 1, "waiting": 0}
        base |= {"labels": {"os": "linux", "arch": "x86_64", "hostname": id}, "last_heard": self.NOW, "since": self.NOW}
        base |= {"resources": {"cpus": 4.0, "memory": 16 << 30}, "used": {"cpus": 1.0, "memory": 2 << 30}}
        return AgentRow(**(base | more))

    def snapshot(self, topic: str, **data: Any) -> Snapshot:
        self.seq[topic] = 1
        return self._travel(Snapshot(topic, 1, data))

    def delta(self, topic: str, items: Sequence[Sequence[int]] | None = None, **data: Any) -> Delta:
        """`items` are changed ones as task, index and state; each travels as a stretch of its own."""
        self.seq[topic] = self.seq.get(topic, 0) + 1
        if items is not None:
            data["spans"] = [
                (task, *(b"".join(column) for column in zip(*columns, strict=True)))
                for task in dict.fromkeys(task for task, _, _ in items)
                if (columns := [(_four(i), _four(1), bytes((state,))) for of, i, state in items if of == task])
            ]
        return self._travel(Delta(topic, self.seq[topic], data))

    def _travel(self, message: Any) -> Any:
        return codec.decode(codec.encode(message))[0]


@pytest.fixture(autouse=True)
def unpaced(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """What news leads to is done at once; tests of the pace itself are marked `paced`."""
    if request.node.get_closest_marker("paced") is None:
        monkeypatch.setattr("windlass_gui.paced.Paced.pause", 0.0)


@pytest.fixture
def make() -> Make:
    return Make()


@pytest.fixture
def link() -> RecordingLink:
    return RecordingLink()


@pytest.fixture
def bridge(qapp: QApplication, link: RecordingLink) -> Iterator[Bridge]:
    with recorded_bridge(link) as made:
        yield made


@pytest.fixture
def own_core(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The app may start a core and an agent of its own, in this home: they end with the test."""
    monkeypatch.delenv("WINDLASS_CORE", raising=False)
    yield home
    for process in local._children:
        process.kill()
        process.wait()
    local._children.clear()


@pytest.fixture
def settings(tmp_path: Path) -> QSettings:
    return QSettings(str(tmp_path / "app.ini"), QSettings.Format.IniFormat)


@pytest.fixture
def window(bridge: Bridge, settings: QSettings) -> Iterator[MainWindow]:
    """The app's window as it is at its first start, for this test alone."""
    with main_window(bridge, settings) as made:
        yield made


@pytest.fixture(scope="module")
def shared_window(
    qapp: QApplication, qt_words: list[str], no_local_network: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[MainWindow]:
    """One for all tests of a module that need none of their own: each leaves it without documents again."""
    apply_theme(qapp, "dark")
    place = tmp_path_factory.mktemp("config")
    settings = QSettings(str(place / "app.ini"), QSettings.Format.IniFormat)
    with recorded_bridge(RecordingLink()) as bridge, main_window(bridge, settings) as made:
        yield made
