"""The story of `window_story.py`, on a screen of its own."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

STORY = Path(__file__).with_name("window_story.py")


@pytest.mark.slow
@pytest.mark.display
@pytest.mark.skipif(
    not (shutil.which("Xvfb") and shutil.which("xdotool")), reason="needs Xvfb and xdotool (Debian: xvfb, xdotool)"
)
def test_two_graphs_a_palette_a_layout_and_a_crash(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(STORY), "--pictures", str(tmp_path)], capture_output=True, text=True, timeout=400
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(list(tmp_path.glob("story-*.png"))) >= 8
