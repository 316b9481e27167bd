"""Control groups (version 2), where this agent may make them: a memory limit that the kernel keeps, and a kill that
reaches everything.

`delegated` finds out by trying, because rights, mounts and controllers differ from machine to machine. What it finds
is a directory below which each attempt that asks for it gets a group of its own. A group is plain files, so all of
this can be tried on any directory. The kernel's side: Documentation/admin-guide/cgroup-v2.rst.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

PREFIX = "windlass-"
WANTED = ("memory", "pids", "cpu")
"""Controllers that are of use here; each counts by itself."""
PIDS = 16384
"""Processes and threads of one attempt at most: far above what serves a purpose, far below what fills a machine."""
STALE = 60.0
"""Seconds after which an empty group of ours, of whatever agent, belongs to nobody."""


class ControlGroup:
    """One group: `make`, `join` (by the process that shall be in it), `kill` until not `populated`, `remove`."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    def __repr__(self) -> str:
        return f"<ControlGroup {self.path.name}>"

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
            fd = os.open(self.path / name, os.O_WRONLY | os.O_CLOEXEC)
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
            return (self.path / name).read_text()
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


class Groups:
    """What this agent may do with control groups: `top` is its own, under which each attempt's stands."""

    def __init__(self, top: Path, controllers: frozenset[str]) -> None:
        self.top = top
        self.controllers = controllers

    def __repr__(self) -> str:
        return f"<Groups {self.top} {' '.join(sorted(self.controllers))}>"

    @property
    def memory(self) -> bool:
        """Whether limits of memory are kept by the kernel."""
        return "memory" in self.controllers

    def path(self, spawn: int) -> str:
        """Of the group for this spawn."""
        return f"{self.top}/s{spawn}"

    def bury(self, spawns: Iterable[int]) -> None:
        """End those of a warden that died. Most have no group."""
        for spawn in spawns:
            group = ControlGroup(self.path(spawn))
            if group.path.exists():
                group.end(5.0)

    def close(self) -> None:
        ControlGroup(self.top).end(0.5)


def mounts() -> Iterator[tuple[str, Path]]:
    """Where hierarchies of version 2 are mounted: (which group is their root, mount point)."""
    try:
        with open("/proc/self/mountinfo") as file:
            lines = file.readlines()
    except OSError:
        return
    for line in lines:
        left, _, right = line.partition(" - ")
        if right.startswith("cgroup2 "):
            fields = left.split()
            yield fields[3], Path(fields[4].replace("\\040", " "))


def own_group() -> Path | None:
    """The directory of the group that this process is in; None where there is none to be seen."""
    try:
        with open("/proc/self/cgroup") as file:
            own = next(line[3:].rstrip("\n") for line in file if line.startswith("0::"))
    except (OSError, StopIteration):
        return None
    for root, point in mounts():
        if own == root or own.startswith(root.rstrip("/") + "/"):
            path = point / own[len(root.rstrip("/")) :].lstrip("/")
            if path.is_dir():
                return path
    return None


def delegated(agent: str, parent: Path | None = None) -> tuple[Groups | None, str]:
    """A place for this agent's groups, cleaned of what an earlier life left there; or None and why not.

    `parent` is where an administrator allows it; otherwise our own group, which is ours to divide if it was
    delegated (`Delegate=yes` of systemd, or root in a container).
    """
    base = parent if parent is not None else own_group()
    if base is None:
        return None, "no control groups of version 2 are mounted"
    top = ControlGroup(base / f"{PREFIX}{agent}")
    if top.path.exists() and not top.end():
        return None, f"{top.path} is left from an earlier life and does not end"
    _sweep(base)
    for controller in WANTED:
        _enable(base, agent, controller)
    try:
        os.mkdir(top.path)
    except OSError as error:
        return None, f"{base} is not ours to divide: {error.strerror}"
    for controller in WANTED:
        with contextlib.suppress(OSError):
            top._set("cgroup.subtree_control", f"+{controller}")
    problem = _try(top)
    if problem:
        top.remove()
        return None, problem
    enabled = top._get("cgroup.subtree_control").split()
    return Groups(top.path, frozenset(enabled).intersection(WANTED)), ""


def _sweep(base: Path) -> None:
    """Remove empty groups of agents that are gone. One that is young may be waiting for its first process."""
    for group in ControlGroup(base).below():
        with contextlib.suppress(OSError):
            if group.path.name.startswith(PREFIX) and time.time() - group.path.stat().st_mtime > STALE:
                for below in group.below():
                    below.remove()
                group.remove()  # refused by the kernel while anything runs in it


def _enable(base: Path, agent: str, controller: str) -> None:
    """Let groups below `base` have this controller, if it can be.

    A group with processes of its own cannot pass controllers on (the root excepted). When we alone are in it, we move
    one level down.
    """
    group = ControlGroup(base)
    if controller not in group._get("cgroup.controllers").split():
        return
    if controller in group._get("cgroup.subtree_control").split():
        return
    try:
        group._set("cgroup.subtree_control", f"+{controller}")
    except OSError:
        if group.members() != [os.getpid()]:
            return
        leaf = ControlGroup(base / f"{PREFIX}{agent}-self")
        with contextlib.suppress(OSError):
            leaf.path.mkdir(exist_ok=True)
            leaf.join()
            group._set("cgroup.subtree_control", f"+{controller}")


def _try(top: ControlGroup) -> str:
    """What is wrong with groups here, by making one with a process in it and killing that; empty when nothing is."""
    probe = ControlGroup(top.path / "probe")
    try:
        probe.make(memory=1 << 30)
    except OSError as error:
        return f"a group in {top.path} cannot be made: {error.strerror}"
    process = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    try:
        probe._set("cgroup.procs", str(process.pid))
        probe.kill()
        process.wait(2.0)
    except OSError as error:
        return f"processes cannot be moved into {top.path}: {error.strerror}"
    except subprocess.TimeoutExpired:
        return f"the kill of the group {probe.path} does not reach what is in it"
    finally:
        process.kill()
        process.communicate()
        probe.end(1.0)
    return ""
