"""Starting a program inside limits: in a control group of its own, on CPUs of its own.

Both have to hold before the program's first instruction, so they are set between fork and exec. That costs a
millisecond more than `posix_spawn`, so it is only for attempts that ask for it.
"""

from __future__ import annotations

import contextlib
import errno
import os
import signal
from collections.abc import Iterable, Sequence

from windlass_agent.cgroup import Group
from windlass_agent.wardenwire import Bounds


def start(
    path: str,
    argv: list[str],
    env: dict[str, str],
    dup: Iterable[tuple[int, int]],
    reset: Iterable[int],
    limits: Bounds,
) -> tuple[int, Group | None]:
    """The new process, a session leader in the caller's directory, and the group that was made for it.

    `dup` are (descriptor, its number in the program), `reset` the signals that get their default action. Raises
    `OSError` of whatever failed, the exec included. The caller has one thread only.
    """
    group = Group(limits.group) if limits.group else None
    if group is not None:
        try:
            group.make(limits.memory, limits.cpus)
        except OSError as error:
            # Whatever the reason: not the program's fault, so another agent may run it, or this one later.
            raise OSError(errno.EAGAIN, f"no control group for it: {error.strerror}") from None
    try:
        return _start(path, argv, env, dup, reset, group, limits.pins), group
    except BaseException:
        if group is not None:
            group.remove()
        raise


def _start(
    path: str,
    argv: list[str],
    env: dict[str, str],
    dup: Iterable[tuple[int, int]],
    reset: Iterable[int],
    group: Group | None,
    cpus: Sequence[int],
) -> int:
    told, tell = os.pipe()
    try:
        pid = os.fork()
    except OSError:
        os.close(told)
        os.close(tell)
        raise
    if pid == 0:
        try:
            if group is not None:
                group.join()
            os.setsid()
            if cpus:
                os.sched_setaffinity(0, cpus)
            for source, number in dup:
                os.dup2(source, number)
            signal.set_wakeup_fd(-1)
            for number in reset:
                signal.signal(number, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_SETMASK, [])
            os.execve(path, argv, env)
        except OSError as error:
            with contextlib.suppress(OSError):
                os.write(tell, b"%d" % (error.errno or 0))
        finally:
            os._exit(127)
    os.close(tell)
    with open(told, "rb") as pipe:
        said = pipe.read()  # ends with the exec: `tell` is not passed on
    if said:
        os.waitpid(pid, 0)
        number = int(said)
        raise OSError(number, os.strerror(number), path)
    return pid
