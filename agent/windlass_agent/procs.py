"""Processes as the kernel shows them: trees, what they use, who they belong to. Linux only, through /proc."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
from collections.abc import Iterable
from typing import NamedTuple

PAGE = os.sysconf("SC_PAGE_SIZE")
TICK = os.sysconf("SC_CLK_TCK")
ROUNDS = 20
"""Looks at a tree that goes on growing before what is known of it is killed."""
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36


class Use(NamedTuple):
    """What a tree of processes uses: CPU seconds since it began, and resident bytes now."""

    cpu: float
    memory: int


def become_subreaper() -> None:
    """Orphans among our descendants become our children, so that none gets away by being daemonised."""
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER)")


def die_with_parent(parent: int) -> None:
    """Be killed when the parent dies; at once if it is dead already."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)


def children(pid: int) -> list[int]:
    """Direct children, of all the process's threads."""
    found: list[int] = []
    try:
        threads = os.listdir(f"/proc/{pid}/task")
    except OSError:
        return found
    for thread in threads:
        with contextlib.suppress(OSError), open(f"/proc/{pid}/task/{thread}/children", "rb") as file:
            found.extend(int(part) for part in file.read().split())
    return found


def tree(pid: int) -> list[int]:
    """The process and all its descendants, parents first. A picture of one moment that is no more."""
    found = [pid]
    for member in found:
        found.extend(children(member))
    return found


def use_of(pids: Iterable[int]) -> Use:
    """CPU (with that of children that were waited for) and resident memory of these processes together."""
    ticks = pages = 0
    for pid in pids:
        try:
            with open(f"/proc/{pid}/stat", "rb") as file:
                fields = file.read().rpartition(b")")[2].split()
        except OSError:
            continue
        ticks += int(fields[11]) + int(fields[12]) + int(fields[13]) + int(fields[14])
        pages += int(fields[21])
    return Use(ticks / TICK, pages * PAGE)


def environ_has(pid: int, entry: bytes) -> bool:
    """Whether the process was started with this `NAME=value`."""
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            return entry in file.read().split(b"\0")
    except OSError:
        return False


def with_environ(entry: bytes) -> list[int]:
    """All processes started with this `NAME=value`, ourselves left out."""
    own = os.getpid()
    pids = (int(name) for name in os.listdir("/proc") if name.isdigit())
    return [pid for pid in pids if pid != own and environ_has(pid, entry)]


def runs(pid: int) -> bool:
    """Whether the process is there and not merely waiting to be reaped."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return file.read().rpartition(b")")[2].split()[0] not in (b"Z", b"X")
    except OSError:
        return False


def kill(pid: int, number: int) -> bool:
    """Signal one process; whether it was there."""
    try:
        os.kill(pid, number)
    except OSError:
        return False
    return True


def kill_group(group: int, number: int) -> bool:
    """Signal a process group; whether it had a member."""
    try:
        os.killpg(group, number)
    except OSError:
        return False
    return True


def kill_tree(pid: int) -> None:
    """KILL a process and its descendants.

    All are stopped before the first is killed, and looked at again until nobody new is there: a stop takes effect a
    moment after it was sent, and until then they may go on forking.
    """
    members = [pid]
    known = {pid}
    kill(pid, signal.SIGSTOP)
    for _ in range(ROUNDS):
        before = len(members)
        for member in members:
            for child in children(member):
                if child not in known:
                    known.add(child)
                    kill(child, signal.SIGSTOP)
                    members.append(child)
        if len(members) == before:
            break
    for member in members:
        kill(member, signal.SIGKILL)
