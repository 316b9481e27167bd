"""A monkey at the window: nothing raises, Qt has nothing to say, and text and canvas say the same all the time.

`MONKEY_SEEDS="3 4 5" MONKEY_STEPS=2000` searches for longer.
"""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Any

import msgspec
import pytest
from PySide6.QtCore import QSettings
from pytestqt.qtbot import QtBot
from tests.gui.conftest import Make
from tests.gui.monkey import SAMPLES, Monkey, answer_file_dialogs
from tests.gui.windows import leave_nothing_to_ask

from windlass.wire.rows import Counts
from windlass_gui.bridge import Bridge
from windlass_gui.window.main_window import MainWindow

SEEDS = [int(seed) for seed in os.environ.get("MONKEY_SEEDS", "1 2").split()]
STEPS = int(os.environ.get("MONKEY_STEPS", "150"))
STATES = ("running", "paused", "succeeded", "failed", "cancelled")

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300 + STEPS)]


def _news(bridge: Bridge, make: Make, rng: random.Random) -> None:
    """What a core could say: runs, a run's tasks, agents."""
    runs = [make.run(number, rng.choice(STATES), name=rng.choice(SAMPLES)) for number in range(1, rng.randrange(2, 6))]
    bridge.inbox.put(make.snapshot("runs", runs=msgspec.to_builtins(runs), removed=[]))
    agents = [make.agent(f"a{number}", state=rng.choice(("up", "disconnected", "down"))) for number in range(4)]
    bridge.inbox.put(make.snapshot("agents", agents=agents))
    tasks = [
        make.task(number, counts=Counts(**{rng.choice(("active", "failed", "succeeded")): 10})) for number in (0, 1)
    ]
    states = {0: bytes(rng.randrange(8) for _ in range(10)), 1: bytes(10)}
    data: dict[str, Any] = {"run": runs[0], "tasks": tasks, "states": states, "attempts": [make.attempt()]}
    bridge.inbox.put(make.snapshot("run:1", **msgspec.to_builtins(data, builtin_types=(bytes,))))
    bridge.frame()


def _play(window: MainWindow, rng: random.Random, qtbot: QtBot, qt_words: list[str], **more: Any) -> None:
    window.open_sample(rng.choice(SAMPLES))
    with qtbot.captureExceptions() as raised:
        monkey = Monkey(window, rng, lambda: raised or qt_words, more)
        try:
            monkey.play(STEPS)
        finally:
            print("The last steps:", *monkey.told, sep="\n    ")
    assert not raised, "".join(repr(error) for _, error, _ in raised)


@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_is_clicked_and_typed(
    seed: int, window: MainWindow, bridge: Bridge, make: Make, qtbot: QtBot, qt_words: list[str], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    rng = random.Random(seed)
    answer_file_dialogs(monkeypatch, rng, tmp_path / "files")
    monkeypatch.chdir(tmp_path)
    _news(bridge, make, rng)
    _play(window, rng, qtbot, qt_words, news=lambda: _news(bridge, make, rng), frame=bridge.frame)


@pytest.mark.parametrize("seed", SEEDS[:1])
def test_on_a_real_core_that_comes_and_goes(
    seed: int, own_core: Path, settings: QSettings, qtbot: QtBot, qt_words: list[str], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    rng = random.Random(seed)
    answer_file_dialogs(monkeypatch, rng, tmp_path / "files")
    monkeypatch.chdir(tmp_path)
    bridge = Bridge()
    window = MainWindow(bridge, settings)
    window.show()
    bridge.start_embedded()
    qtbot.waitUntil(lambda: bridge.state == "up")
    try:
        _play(window, rng, qtbot, qt_words, reconnect=bridge.start_embedded)
    finally:
        leave_nothing_to_ask(window)
        window.restarting = True  # so that closing asks nothing about what still runs
        window.close()
        bridge.owns_core = True
        bridge.shutdown(stop_core=True)
        window.background.close()
        window.deleteLater()
