"""One control group (version 2): a memory limit that the kernel keeps, and a kill that reaches everything.

A group is plain files, so all of this can be tried on any directory. Where an agent may make some, `delegation.py`
finds out. The kernel's side: Documentation/admin-guide/cgroup-v2.rst.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time

PIDS = 16384
"""Processes and threads of one attempt at most: far above what serves a purpose, far below what fills a machine."""


class ControlGroup:
    """One group: `make`, `join` (by the process that shall be in it), `kill` until not `populated`, `remove`."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = os.fspath(path)

    def __repr__(self) -> str:
        return f"<ControlGroup {os.path.basename(self.path)}>"

    def make(self, memory: int = 0, cpus: float = 0.0) -> None:
        """Raises `OSError`. `memory` in bytes (0: no limit); `cpus` weigh it against its neighbours (0: as usual).

        Swap is no way out of the limit, and when the kernel has to kill, it kills all of the group: half an attempt
        is of no use, and its leader's end would not say why.
        """
        os.mkdir(self.path)
        try:
            self._set("pids.max", str(PIDS), needed=False)
            if memory:
                self._set("memory.oom.group", "1", needed=False)
                self._set("memory.swap.max", "0", needed=False)
                self._set("memory.max", str(memory), needed=False)
            if cpus:
                self._set("cpu.weight", str(max(1, min(10_000, round(100 * cpus)))), needed=False)
        except OSError:
            with contextlib.suppress(OSError):
                os.rmdir(self.path)
            raise

    def _set(self, name: str, value: str, *, needed: bool = True) -> None:
        """Write one file; without `needed`, one that is not there (its controller is not in use) is left out."""
        try:
            fd = os.open(f"{self.path}/{name}", os.O_WRONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            if needed:
                raise
            return
        try:
            os.write(fd, value.encode())
        finally:
            os.close(fd)

    def _get(self, name: str) -> str:
        try:
            with open(f"{self.path}/{name}") as file:
                return file.read()
        except OSError:
            return ""

    def _count(self, name: str, key: str) -> int:
        """A number of a file of `key number` lines; 0 when there is none."""
        for line in self._get(name).splitlines():
            found, _, value = line.partition(" ")
            if found == key and value.isdigit():
                return int(value)
        return 0

    def join(self) -> None:
        """The calling process (with all that it will start) goes into the group. Raises `OSError`."""
        self._set("cgroup.procs", "0")

    def kill(self) -> None:
        """KILL to all that is in it, at once, so that nothing can fork its way out. Older kernels: one by one."""
        try:
            self._set("cgroup.kill", "1")
        except OSError:
            for pid in self.members():
                with contextlib.suppress(OSError):
                    os.kill(pid, signal.SIGKILL)

    def members(self) -> list[int]:
        """Of this group alone, not of those below."""
        return [int(text) for text in self._get("cgroup.procs").split() if text.isdigit()]

    def populated(self) -> bool:
        """Whether anything runs in it, or below."""
        return self._count("cgroup.events", "populated") > 0

    def peak(self) -> int:
        """The most memory that it used, in bytes, with what the kernel cached for it; 0 when nobody counted."""
        text = self._get("memory.peak").strip()  # since Linux 5.19
        return int(text) if text.isdigit() else 0

    def cpu(self) -> float:
        """CPU seconds of all that ever ran in it."""
        return self._count("cpu.stat", "usage_usec") / 1e6

    def out_of_memory(self) -> bool:
        """Whether the kernel killed in it because its limit was reached."""
        return self._count("memory.events", "oom_kill") > 0

    def remove(self) -> bool:
        """Whether it is gone."""
        try:
            os.rmdir(self.path)
        except FileNotFoundError:
            return True
        except OSError:
            return False
        return True

    def end(self, patience: float = 2.0) -> bool:
        """Kill and remove it with all groups below; whether it is gone. For leftovers: this waits."""
        until = time.monotonic() + patience
        while True:
            self.kill()
            for below in self.below():
                below.end(0.0)
            if self.remove():
                return True
            if time.monotonic() >= until:
                return False
            time.sleep(0.005)

    def below(self) -> list[ControlGroup]:
        try:
            return [ControlGroup(entry.path) for entry in os.scandir(self.path) if entry.is_dir(follow_symlinks=False)]
        except OSError:
            return []
