"""How an attempt ended, in the words of the wire and of people."""

from __future__ import annotations

import os
import signal
from typing import NamedTuple

from windlass.model.units import human_size

TEXTS = {
    "cancelled": "it was cancelled",
    "lease": "the agent lost its link to the core and stopped what it ran",
    "shutdown": "the agent was shut down",
}


class End(NamedTuple):
    outcome: str
    code: int = 0
    error: str = ""


def signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def judge(status: int, cause: str, *, timeout: float | None, memory: int, declared: int, killed_by_kernel: bool) -> End:
    """The end of a process with this wait status. `cause` is why we ended it, if we did; `memory` its peak."""
    signalled = os.WIFSIGNALED(status)
    code = os.WTERMSIG(status) if signalled else os.WEXITSTATUS(status)
    if cause == "timeout":
        return End("timeout", code, f"it ran longer than its timeout of {timeout or 0:g} s")
    over = 0 < declared < memory
    if cause == "oom" or (not cause and signalled and code == signal.SIGKILL and (over or killed_by_kernel)):
        of = f" of the {_size(declared)} it asked for" if declared else ""
        by = "" if cause else ", and the kernel killed it"
        return End("oom", code, f"out of memory: it used {_size(memory)}{of}{by}")
    if cause == "crowd":
        return End("failed", code, "it started processes without end, so it was ended")
    if cause:
        return End("stopped", code, TEXTS.get(cause, cause))
    if signalled:
        return End("signal", code, f"killed by {signal_name(code)}")
    if code:
        return End("nonzero", code, f"exit status {code}")
    return End("ok")


def _size(size: int) -> str:
    return human_size(size).replace(".0 ", " ")


def kernel_kills() -> int:
    """How many processes the kernel has killed for want of memory since it started."""
    try:
        with open("/proc/vmstat", "rb") as file:
            for line in file:
                if line.startswith(b"oom_kill "):
                    return int(line.split()[1])
    except OSError:
        pass
    return 0
