"""tools/find_python.sh: it chooses an interpreter by running it, and says exactly what is missing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "tools" / "find_python.sh"


def fake(folder: Path, name: str, version: str, *, venv: bool = True) -> Path:
    """A program that answers the script's three questions as a Python of that version would."""
    new = tuple(map(int, version.split("."))) >= (3, 11)
    text = f"""#!/bin/sh
case "$2" in
    *ensurepip*) exit {0 if venv else 1} ;;
    *sys.exit*) exit {0 if new else 1} ;;
    *) echo {version} ;;
esac
"""
    path = folder / name
    path.write_text(text)
    path.chmod(0o755)
    return path


def find(path: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["/bin/sh", SCRIPT, *arguments], env={"PATH": path}, capture_output=True, text=True)


def test_takes_this_interpreter() -> None:
    done = find("", sys.executable)
    assert (done.returncode, done.stdout.strip()) == (0, sys.executable)


def test_prefers_the_newest_that_works(tmp_path: Path) -> None:
    fake(tmp_path, "python3", "3.9")
    good = fake(tmp_path, "python3.11", "3.11")
    (tmp_path / "python3.13").write_text("#!/bin/sh\nexit 127\n")  # a version manager's empty promise
    (tmp_path / "python3.13").chmod(0o755)
    assert find(str(tmp_path)).stdout.strip() == str(good)


def test_too_old(tmp_path: Path) -> None:
    fake(tmp_path, "python3", "3.9")
    done = find(str(tmp_path))
    assert done.returncode == 1
    assert "needs Python 3.11 or newer" in done.stderr
    assert "(3.9)" in done.stderr


def test_without_venv_names_the_package(tmp_path: Path) -> None:
    fake(tmp_path, "python3", "3.12", venv=False)
    done = find(str(tmp_path))
    assert done.returncode == 1
    assert "apt install python3.12-venv" in done.stderr


def test_nothing_at_all(tmp_path: Path) -> None:
    done = find(str(tmp_path))
    assert done.returncode == 1
    assert "apt install python3 python3-venv" in done.stderr
