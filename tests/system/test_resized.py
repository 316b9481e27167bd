"""Another interface size needs a new window: the run goes on, and the new window finds its core again."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

GRAPH = """\
windlass: 1
name: patient
tasks:
  wait: {{command: 'while [ ! -e {go} ]; do sleep 0.05; done; echo done'}}
"""
LONGEST = 120.0
"""Seconds."""


def _ended(pid: int) -> bool:
    """Soon. (It is nobody's child by then: where no process collects those, it stays in the list as a dead one.)"""
    with contextlib.suppress(psutil.NoSuchProcess):
        core = psutil.Process(pid)
        until = time.monotonic() + LONGEST
        while core.is_running() and core.status() != psutil.STATUS_ZOMBIE:
            if time.monotonic() > until:
                return False
            time.sleep(0.05)
    return True


@pytest.mark.slow
def test_the_run_goes_on_and_the_new_window_finds_its_core(tmp_path: Path) -> None:
    graph, go = tmp_path / "patient.yaml", tmp_path / "go"
    graph.write_text(GRAPH.format(go=go))
    environment = {**os.environ, "WINDLASS_HOME": str(tmp_path / "home"), "QT_QPA_PLATFORM": "offscreen"}
    for name in ("WINDLASS_CORE", "QT_SCALE_FACTOR"):
        environment.pop(name, None)
    command = [sys.executable, "-m", "tests.system.resized", "FIRST", str(graph)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        try:
            assert process.stdout is not None
            lines = process.stdout

            def said() -> dict[str, Any]:
                told: dict[str, Any] = json.loads(lines.readline())
                return told

            before = said()
            assert list(before["runs"].values()) == ["running"]
            assert before["scale"] == 1.0
            assert said() == {"ended": "FIRST"}
            after = said()
            assert after["scale"] == 1.5
            assert after["pid"] == before["pid"] == process.pid, "it took its own place"
            assert after["core"] == before["core"], "the same core"
            assert after["runs"] == before["runs"], "the run goes on"
            assert after["owns"], "closing the new window asks about its runs"
            assert after["tabs"] == ["patient.yaml"]
            assert not after["inherits"], "tasks do not get the size"
            go.touch()
            done = said()
            assert list(done["runs"].values()) == ["succeeded"]
            assert said() == {"ended": "SECOND"}
            assert process.wait(LONGEST) == 0
            assert _ended(before["core"]), "the last window takes its core along"
        finally:
            for child in psutil.Process(process.pid).children(recursive=True) if process.poll() is None else ():
                child.kill()
            process.kill()
