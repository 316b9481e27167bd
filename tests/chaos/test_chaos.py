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
def test_core_killed_again_and_again(tmp_path: Path) -> None:
    summary = play("kill_core.py", "--rapid", "--kills", "8", "--seed", "3", "--keep", str(tmp_path))
    assert summary["kills"] == 8
    assert summary["commands"] > 0


@pytest.mark.slow
def test_everything_at_once(tmp_path: Path) -> None:
    """One short seed; `make chaos SEED="1 2 3"` plays more, longer."""
    options = ("--seed", "4", "--seconds", "9", "--scale", "0.5", "--lease", "3")
    summary = play("chaos.py", *options, "--keep", str(tmp_path), "--json")
    assert sum(summary["injected"].values()) >= 5, summary
    assert summary["attempts"]["ok"] > 20, summary


@pytest.mark.slow
def test_a_sweep_and_a_build_with_one_agent_killed_and_one_stopped(tmp_path: Path) -> None:
    options = ("--stop", "8", "--lease", "3", "--seconds", "0.4")
    summary = play("two_agents.py", *options, "--keep", str(tmp_path))
    assert summary["killed"] != summary["stopped"]


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="needs ffmpeg (Debian: apt install ffmpeg)")
def test_agent_killed_while_it_encodes(tmp_path: Path) -> None:
    summary = play("kill_agent.py", "--seed", "3", "--lease", "4", "--keep", str(tmp_path))
    assert summary["lost"]
