"""The chaos scripts, as the suite runs them: real processes, seeded, killed for real."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent


def play(script: str, *options: str) -> dict[str, Any]:
    """Run a script as by hand; its summary, once it found no problem."""
    told = subprocess.run([sys.executable, HERE / script, *options], capture_output=True, text=True, timeout=280)
    assert told.stdout, told.stderr
    summary: dict[str, Any] = json.loads(told.stdout)
    assert summary["problems"] == [], "\n".join(summary["problems"])
    assert told.returncode == 0, told.stderr
    return summary


@pytest.mark.slow
def test_core_killed_in_a_run_of_2000_commands(tmp_path: Path) -> None:
    summary = play("kill_core.py", "--seed", "7", "--keep", str(tmp_path))
    assert summary["commands"] == 2000
    assert summary["running_when_killed"] > 0
    assert summary["ends_seen_before_kills"] > 0


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="needs ffmpeg (Debian: apt install ffmpeg)")
def test_agent_killed_while_it_encodes(tmp_path: Path) -> None:
    summary = play("kill_agent.py", "--seed", "3", "--lease", "4", "--keep", str(tmp_path))
    assert summary["lost"]
