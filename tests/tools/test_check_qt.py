"""tools/check_qt.py: green here (these tests need Qt anyway), and precise where Qt cannot start."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "tools" / "check_qt.py"


def check(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, SCRIPT, *arguments], env={**os.environ, **environment}, capture_output=True, text=True
    )


def test_loads_offscreen() -> None:
    done = check()
    assert (done.returncode, done.stderr) == (0, "")


def test_a_display_that_is_not_there() -> None:
    done = check("--display", DISPLAY=":4242", QT_QPA_PLATFORM="xcb", WAYLAND_DISPLAY="")
    assert done.returncode == 1
    assert "Qt cannot load here." in done.stderr
    assert "Traceback" not in done.stderr
