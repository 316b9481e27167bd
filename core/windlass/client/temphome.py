"""Temporary homes: directories that go away with the program that made them, or, if it was killed, with the next one.

A home is marked by a file that its owner keeps locked. The lock goes with the owner's life however that ends, so a home
whose lock is free is nobody's. Its core and agents may still be ending: they keep locks of their own in it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import stat
import tempfile
import time
from pathlib import Path

PREFIX = "windlass-"
MARK = "owner.lock"
YOUNG = 60.0
"""Seconds for which a home is left alone whatever its locks say: it may be just being made."""


class TemporaryHome:
    """A new home. What killed programs left of theirs is removed first."""

    def __init__(self) -> None:
        sweep()
        self.path = Path(tempfile.mkdtemp(prefix=PREFIX))
        self._lock = os.open(self.path / MARK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX)

    def close(self, *, remove: bool) -> None:
        """It is not needed any more. One that is kept loses its mark, so that it is kept for good."""
        if remove:
            shutil.rmtree(self.path, ignore_errors=True)
        else:
            (self.path / MARK).unlink(missing_ok=True)
        os.close(self._lock)


def sweep(now: float | None = None) -> list[Path]:
    """Remove homes of this user that are nobody's; those that were removed."""
    now = time.time() if now is None else now
    gone = []
    for home in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            info, own = os.lstat(home / MARK), os.lstat(home)
            ours = stat.S_ISDIR(own.st_mode) and own.st_uid == info.st_uid == os.getuid()
            if ours and now - info.st_mtime > YOUNG and _free(home):
                shutil.rmtree(home, ignore_errors=True)
                gone.append(home)
    return gone


def _free(home: Path) -> bool:
    """Whether neither its owner lives nor anything that the owner started in it."""
    locks = [home / MARK, *home.glob("data/*/*lock")]
    return all(_unlocked(lock) for lock in locks)


def _unlocked(path: Path) -> bool:
    fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(fd)
    return True
