"""The page about the scheduler shows the tables as they are."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

DOCS = Path(__file__).resolve().parents[3] / "docs"


def test_the_diagrams_are_current() -> None:
    done = subprocess.run([sys.executable, str(DOCS / "make_diagrams.py"), "--check"], check=False, timeout=60)
    assert done.returncode == 0, "run: python docs/make_diagrams.py"
