"""Starting a process inside limits: in a control group of its own, on CPUs of its own; a program, or a copy of us.

Limits have to hold before the program's first instruction, so they are set between fork and exec. That costs a
millisecond more than `posix_spawn`, so for programs it is only for attempts that ask for it.
"""

from __future__ import annotations

import contextlib
import errno
import os
import signal
from collections.abc import Callable, Iterable, Sequence

from windlass_agent.cgroup import ControlGroup
from windlass_agent.wardenwire import Bounds


def program(
    path: str, argv: list[str], env: dict[str, str], dup: Iterable[tuple[int, int]], reset: Iterable[int]
) -> Callable[[], None]:
    """What the new process does to become this program, for `start`.

    `dup` are (descriptor, its number in the program), `reset` the signals that get their default action.
    """

    def become() -> None:
        for source, number in dup:
            os.dup2(source, number)
        signal.set_wakeup_fd(-1)
        for number in reset:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, [])
        os.execve(path, argv, env)

    return become


def start(become: Callable[[], None], limits: Bounds | None) -> tuple[int, ControlGroup | None]:
    """The new process, a session leader in the caller's directory, and the group that was made for it.

    It calls `become`, which executes a program, or closes all descriptors that are not its own and returns: then this
    returns in the new process too, with 0. Raises `OSError` of whatever failed, the exec included. The caller has one
    thread only.
    """
    limits = limits or Bounds()
    group = ControlGroup(limits.group) if limits.group else None
    if group is not None:
        try:
            group.make(limits.memory, limits.cpus)
        except OSError as error:
            # Whatever the reason: not the program's fault, so another agent may run it, or this one later.
            raise OSError(errno.EAGAIN, f"no control group for it: {error.strerror}") from None
    try:
        return _start(become, group, limits.pins), group
    except BaseException:
        if group is not None:
            group.remove()
        raise


def _start(become: Callable[[], None], group: ControlGroup | None, cpus: Sequence[int]) -> int:
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
            become()
        except BaseException as error:
            with contextlib.suppress(OSError):
                os.write(tell, b"%d" % (getattr(error, "errno", None) or errno.EINVAL))
            os._exit(127)
        return 0
    os.close(tell)
    with open(told, "rb") as pipe:
        said = pipe.read()  # ends with the exec: `tell` is not passed on
    if said:
        os.waitpid(pid, 0)
        number = int(said)
        raise OSError(number, os.strerror(number))
    return pid
