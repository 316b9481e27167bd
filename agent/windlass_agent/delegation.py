"""Where this agent may make control groups: found out by trying, as rights, mounts and controllers differ from machine
to machine.

What is found is a directory below which each attempt that asks for it gets a group of its own.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import subprocess
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from windlass_agent.cgroup import ControlGroup

PREFIX = "windlass-"
WANTED = ("memory", "pids", "cpu")
"""Controllers that are of use here; each counts by itself."""
STALE = 60.0
"""Seconds after which an empty group of ours, of whatever agent, belongs to nobody."""


class Groups:
    """What this agent may do with control groups: `top` is its own, under which each attempt's stands.

    `lock`: a descriptor that says to other agents of this machine, while it is open, that the group has an owner.
    """

    def __init__(self, top: Path, controllers: frozenset[str], lock: int) -> None:
        self.top = top
        self.controllers = controllers
        self._lock = lock

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
            if os.path.exists(group.path):
                group.end(5.0)

    def close(self) -> None:
        """May be called again."""
        ControlGroup(self.top).end(0.5)
        lock, self._lock = self._lock, -1
        if lock >= 0:
            os.close(lock)


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
    if os.path.exists(top.path) and not top.end():
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
    lock = _locked(top)
    if lock is None:
        return None, f"{top.path} is somebody else's"
    enabled = top._get("cgroup.subtree_control").split()
    return Groups(Path(top.path), frozenset(enabled).intersection(WANTED), lock), ""


def _locked(group: ControlGroup) -> int | None:
    """A descriptor that holds the group's lock, which ends with its process; None: another process has it."""
    descriptor = os.open(group.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def _sweep(base: Path) -> None:
    """Remove empty groups of agents that are gone. One that is young may be waiting for its first process."""
    for group in ControlGroup(base).below():
        with contextlib.suppress(OSError):
            if os.path.basename(group.path).startswith(PREFIX) and time.time() - os.stat(group.path).st_mtime > STALE:
                lock = _locked(group)
                if lock is None:
                    continue  # its agent lives, and has nothing to run
                for below in group.below():
                    below.remove()
                group.remove()  # refused by the kernel while anything runs in it
                os.close(lock)


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
            os.makedirs(leaf.path, exist_ok=True)
            leaf.join()
            group._set("cgroup.subtree_control", f"+{controller}")


def _try(top: ControlGroup) -> str:
    """What is wrong with groups here, by making one with a process in it and killing that; empty when nothing is."""
    probe = ControlGroup(f"{top.path}/probe")
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
