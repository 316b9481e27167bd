"""The machine's curve: one point whenever it is asked, which is every second, so it is read with little work."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

from windlass.wire.clock import epoch
from windlass.wire.messages import Sample
from windlass_agent import machine
from windlass_agent.gpus import Gpus

SECTOR = 512
"""Bytes; the kernel's unit in these files, whatever the disk's own is (Documentation/block/stat.rst)."""
PORTION = 64
"""Blobs that are weighed at a time."""
REST = 60.0
"""Seconds between two rounds over all blobs."""


class Disks:
    """What all disks of the machine have read and written, from their own counters: partitions would count twice."""

    def __init__(self, root: Path = Path("/sys/block")) -> None:
        """Disks that come later are not seen; a loop or memory device has no `device`."""
        try:
            self._files = [disk / "stat" for disk in sorted(root.iterdir()) if (disk / "device").exists()]
        except OSError:
            self._files = []

    def bytes(self) -> tuple[int, int]:
        """(read, written) since the machine started."""
        read = written = 0
        for file in self._files:
            try:
                fields = file.read_bytes().split()
                read += int(fields[2])
                written += int(fields[6])
            except (OSError, ValueError, IndexError):
                continue  # it was taken out
        return read * SECTOR, written * SECTOR


class Weigher:
    """Bytes of all files in a blob store, counted a few at a time so that no heartbeat waits for a large store."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._walk: Iterator[os.DirEntry[str]] | None = None
        self._sum = 0
        self._next = 0.0
        self.total = -1
        """As of the last whole round; -1 before it."""

    def step(self, now: float) -> int:
        """Count on, and tell the total."""
        if self._walk is None:
            if now < self._next:
                return self.total
            self._walk, self._sum = _files(self._root), 0
        for _ in range(PORTION):
            entry = next(self._walk, None)
            if entry is None:
                self._walk, self.total, self._next = None, self._sum, now + REST
                break
            try:
                self._sum += entry.stat(follow_symlinks=False).st_size
            except OSError:
                continue  # removed meanwhile
        return self.total


def _files(root: Path | str) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(root) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    yield from _files(entry.path)
                else:
                    yield entry
    except OSError:
        return  # removed meanwhile


class Sampler:
    """`disk` is a directory on the disk whose free space is told, with the blobs in its folder `blobs`."""

    def __init__(self, disk: Path, gpus: Gpus) -> None:
        self._disk = disk
        self._gpus = gpus
        self._disks = Disks()
        self._weigher = Weigher(disk / "blobs")
        self._cpu = machine.cpu_times()
        self._moved = self._counted()
        self._at = time.monotonic()
        self._last_cpu = 0.0

    def _counted(self) -> tuple[int, int, int, int]:
        """Bytes (received, sent, read, written) since the machine started."""
        return *machine.network(), *self._disks.bytes()

    def sample(self) -> Sample:
        """What happened since the last call."""
        busy, total = machine.cpu_times()
        if total > self._cpu[1]:
            self._last_cpu = min(1.0, max(0.0, (busy - self._cpu[0]) / (total - self._cpu[1])))
            self._cpu = (busy, total)
        now = time.monotonic()
        span = max(now - self._at, 1e-3)
        moved = self._counted()
        rates = [int(max(0, new - old) / span) for new, old in zip(moved, self._moved, strict=True)]
        self._moved, self._at = moved, now
        memory, available = machine.memory()
        free = size = 0
        try:
            disk = os.statvfs(self._disk)
            # What only root may fill is not there for anybody else.
            free, size = disk.f_bavail * disk.f_frsize, (disk.f_blocks - disk.f_bfree + disk.f_bavail) * disk.f_frsize
        except OSError:
            pass
        return Sample(
            epoch(),
            self._last_cpu,
            memory - available,
            memory,
            free,
            rates[0],
            rates[1],
            self._gpus.load(),
            size,
            rates[2],
            rates[3],
            self._weigher.step(now),
        )
