"""How a copy of the warden becomes a runner: in milliseconds, where a new Python with its imports takes a hundred.

The warden has loaded what a runner needs (`preload`), and a runner is a fork of it: a process of its own, whose memory
is shared with the warden's until one of them writes. What the copy must not keep is the warden's: descriptors, signals,
environment, name. Its objects it does keep, unseen, because they would close descriptors that are the runner's now.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import types
from collections.abc import Mapping, Sequence

from windlass_agent import heap

MARK = "WINDLASS_SPAWN"
"""The variable by which a process and what it starts are known to belong to a spawn."""
ROOM = "0" * 20
"""Its value in the warden's own environment: room for any number, as a fork shows the environment of its parent."""
_LAST = 1 << 20
"""Beyond any descriptor."""
_parked: list[object] = []


class Hatched(BaseException):
    """Raised in the copy, up and out of the warden's loop; to be caught where nothing of the warden goes on."""


def preload() -> None:
    """Load what runners need, once; then nothing of it is touched by the garbage collector, and so stays shared."""
    if not _parked:
        import cloudpickle  # most functions are its pickles

        from windlass_agent import runner

        _parked.extend((cloudpickle, runner))
        heap.give_back()


def settle(fds: Sequence[int], env: Mapping[str, str], cwd: str, keep: object) -> None:
    """In the copy: `fds` become the descriptors from 3 on, all others are closed. `keep` is what must not be destroyed.

    `fds` lie above those numbers. Raises `OSError`.
    """
    _parked.append(keep)
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    for place, fd in enumerate(fds, 3):
        os.dup2(fd, place, inheritable=False)
    os.closerange(3 + len(fds), _LAST)
    _rename(env.get(MARK, ""))
    os.environ.clear()
    os.environ.update(env)
    sys.argv = ["windlass-runner"]
    sys.dont_write_bytecode = True
    if not sys.flags.safe_path:
        sys.path[0] = cwd  # as `python -m` has it
    _parked.append(sys.modules["__main__"])
    sys.modules["__main__"] = types.ModuleType("__main__")  # user code must not find the warden there


def become_runner() -> None:
    """Where `Hatched` was caught. Returns when the agent wants no more of it."""
    from windlass_agent import runner

    runner.main()


def _rename(spawn: str) -> None:
    """What other processes see of us: our name, and in our environment which spawn we are."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        with open("/proc/self/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
        # man proc_pid_stat, fields 48 to 51; the first one here is field 3.
        arg_start, arg_end, env_start, env_end = (int(field) for field in fields[45:49])
        _overwrite(arg_start, arg_end - arg_start, b"windlass-runner")
        shown = ctypes.string_at(env_start, env_end - env_start)
        at = shown.find(f"\0{MARK}={ROOM}\0".encode())
        if at >= 0:
            _overwrite(env_start + at + 2 + len(MARK), len(ROOM), spawn.encode())


def _overwrite(address: int, size: int, text: bytes) -> None:
    ctypes.memmove(address, text[: size - 1].ljust(size, b"\0"), size)
