"""Virtual environments of their own for what is measured beside Windlass, made once and kept."""

from __future__ import annotations

import subprocess
import venv
from pathlib import Path

HOME = Path(".bench-peers")
"""Where they are kept when nothing else is said."""


def environment(folder: Path, requires: str) -> Path:
    """The Python of an environment that has `requires`. Raises CalledProcessError when that cannot be installed."""
    python = folder / "bin" / "python"
    stamp = folder / "installed"
    if not stamp.exists():
        venv.create(folder, with_pip=True, clear=True)
        install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", requires]
        subprocess.run(install, check=True, capture_output=True, text=True)
        stamp.touch()
    return python
