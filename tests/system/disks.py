"""Small disks for tests: a tmpfs that can be filled, emptied and made read-only. Needs root and the right to mount."""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path


def unusable() -> str:
    """Why disks cannot be made here; empty when they can."""
    if os.geteuid() != 0:
        return "needs root to mount a small disk"
    with tempfile.TemporaryDirectory() as probe:
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", probe], capture_output=True).returncode:
            return "the kernel or the container does not allow mounts"
        subprocess.run(["umount", probe], check=True)
    return ""


class Disk:
    """A disk of some MiB at `path`; a context manager."""

    def __init__(self, path: Path, size: int) -> None:
        self.path = path
        self._size = size
        self._filler = path / "filler"

    def __enter__(self) -> Disk:
        self.path.mkdir(parents=True)
        options = f"size={self._size}m,mode=700"
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", str(self.path)], check=True)
        return self

    def __exit__(self, *exc: object) -> None:
        # Lazily: a process that is just ending may still hold a file.
        subprocess.run(["umount", "-l", str(self.path)], check=True)

    def fill(self) -> None:
        """Not a byte is left."""
        with contextlib.suppress(OSError), open(self._filler, "ab", buffering=0) as file:
            while True:
                file.write(bytes(65536))
        with contextlib.suppress(OSError), open(self._filler, "ab", buffering=0) as file:
            while True:
                file.write(b"x")

    def empty(self) -> None:
        self._filler.unlink()

    def writable(self, yes: bool) -> None:
        subprocess.run(["mount", "-o", f"remount,{'rw' if yes else 'ro'}", str(self.path)], check=True)

    @contextlib.contextmanager
    def read_only(self) -> Iterator[None]:
        self.writable(False)
        try:
            yield
        finally:
            self.writable(True)
