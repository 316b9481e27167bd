"""Temporary homes: gone with their owner, or with the next program when the owner was killed."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from windlass.client import temphome
from windlass.client.temphome import MARK, TemporaryHome, sweep


@pytest.fixture(autouse=True)
def tmp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def later() -> float:
    return time.time() + temphome.YOUNG + 1


def owner(tmp: Path, tail: str = "pass") -> tuple[subprocess.Popen[str], Path]:
    """Another program with a home of its own."""
    code = "import sys; from windlass.client.temphome import TemporaryHome; home = TemporaryHome();" \
           f"{tail}; print(home.path, flush=True); sys.stdin.read()"  # fmt: skip
    process = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                               env={**os.environ, "TMPDIR": str(tmp)})  # fmt: skip
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


def test_a_killed_programs_home_goes_with_the_next_start(tmp: Path) -> None:
    process, home = owner(tmp)
    (home / "data").mkdir()
    (home / "data" / "big").write_text("x")
    assert sweep(later()) == []  # it lives
    process.kill()
    process.communicate()
    assert sweep() == []  # too young to be sure
    assert sweep(later()) == [home]
    assert not home.exists()


def test_a_home_in_which_an_agent_still_ends_is_left_alone(tmp: Path) -> None:
    lock = "import os, fcntl; (home.path / 'data/agent-1').mkdir(parents=True);" \
           "fd = os.open(home.path / 'data/agent-1/lock', os.O_CREAT | os.O_RDWR);" \
           "fcntl.flock(fd, fcntl.LOCK_EX); os.close(home._lock)"  # fmt: skip
    process, home = owner(tmp, lock)
    assert sweep(later()) == []
    process.kill()
    process.communicate()
    assert sweep(later()) == [home]


def test_what_is_not_ours_is_left_alone(tmp: Path) -> None:
    (tmp / "windlass-notes").mkdir()
    (tmp / "windlass-file").touch()
    kept = TemporaryHome()
    kept.close(remove=False)  # somebody asked to keep it
    other = tmp / "other"
    other.mkdir()
    (other / MARK).touch()
    (tmp / "windlass-link").symlink_to(other)
    assert sweep(later()) == []
    assert kept.path.is_dir()
    assert other.is_dir()
    assert (other / MARK).exists()
    assert {path.name for path in tmp.iterdir()} >= {"windlass-notes", "windlass-file", "windlass-link"}


def test_a_home_goes_when_it_is_closed(tmp: Path) -> None:
    home = TemporaryHome()
    assert home.path.parent == tmp
    home.close(remove=True)
    assert not home.path.exists()
