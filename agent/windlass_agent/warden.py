"""The warden: a small process that starts the agent's commands and sees to it that nothing survives its attempt.

It is apart from the agent because a small process without threads spawns faster, because it can adopt orphans
(child subreaper) without mixing them with the agent's own children, and because it outlives the agent long enough
to kill what the agent left. It decides nothing: it starts, pumps output, kills when told or when a time is up,
and reports. Without its agent (end of file on the socket) it kills everything and ends.

    python -m windlass_agent.warden FD ZERO hatch|-        FD: its end of a socket pair, ZERO: see `clock.anchor`
"""

from __future__ import annotations

import array
import contextlib
import fcntl
import os
import resource
import select
import signal
import socket
import sys
import time
from collections import deque

from windlass.wire.clock import anchor, epoch
from windlass.wire.logs import ERR, OUT
from windlass_agent import confine, hatch, procs
from windlass_agent.cgroup import ControlGroup
from windlass_agent.frames import READ_SIZE, FrameReader, FrameWriter
from windlass_agent.logs import LogSink
from windlass_agent.wardenwire import (
    Ended,
    FromWarden,
    Kill,
    Lease,
    Recall,
    Recalled,
    Spawn,
    Spawned,
    SpawnFailed,
    Tail,
    TailData,
    ToWarden,
    clock,
    decode_to_warden,
    encode,
)

KEPT = 0.01
"""Seconds for which the news of a start is kept back, to go with the end of a short command."""
LOOK = 0.02
"""Seconds between looks at an attempt whose leader has ended and whose other processes are being killed."""
CROWD = 500
"""Orphans from which on somebody is taken to start processes without end. Those that have parents are counted by the
agent, which looks at trees."""
CROWD_LOOK = 0.25
"""Seconds between counts, while something runs."""
MOST = 32768
"""Processes and threads of this user beyond which attempts cannot start more (root is exempt from that)."""
REAP_PATIENCE = 10.0
"""Seconds to wait for killed leftovers to disappear before an attempt is reported all the same."""
_IGNORED = [
    signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2, signal.SIGALRM,
    signal.SIGVTALRM, signal.SIGPROF, signal.SIGIO, signal.SIGPWR, signal.SIGSTKFLT, signal.SIGTSTP, signal.SIGTTIN,
    signal.SIGTTOU, signal.SIGXCPU, *range(signal.SIGRTMIN, signal.SIGRTMAX + 1),
]  # fmt: skip
"""What an attempt may send to its parent without more coming of it; KILL and STOP are the agent's to notice."""
_RESET = [signal.SIGPIPE, signal.SIGXFSZ, signal.SIGCHLD, *_IGNORED]
_FD_LIMIT = 64


class Proc:
    """One attempt's leader, and what becomes of it."""

    __slots__ = (
        "cause",
        "cpu",
        "deadline",
        "grace",
        "group",
        "id",
        "kill_at",
        "lane",
        "memory",
        "pid",
        "pipes",
        "read",
        "reap_until",
        "sink",
        "started",
        "status",
        "written",
    )

    def __init__(self, id: int, pid: int, started: float, sink: LogSink | None, grace: float) -> None:
        self.id = id
        self.pid = pid
        self.started = started
        self.sink = sink
        self.grace = grace
        self.lane = 0
        self.group: ControlGroup | None = None
        """Its control group, if it has one."""
        self.pipes: dict[int, int] = {}
        """descriptor -> stream"""
        self.deadline: float | None = None
        self.kill_at: float | None = None
        self.reap_until: float | None = None
        self.cause = ""
        self.status: int | None = None
        self.cpu = 0.0
        self.memory = self.read = self.written = 0

    def __repr__(self) -> str:
        return f"<Proc {self.id} pid {self.pid} {'ended' if self.status is not None else self.cause or 'running'}>"


class Warden:
    def __init__(self, link: socket.socket, hatches: bool) -> None:
        self._link = link
        self._hatches = hatches
        """It is the one that will be asked for runners, and had better be ready."""
        self._reader = FrameReader()
        self._writer = FrameWriter(link.fileno())
        self._out: list[FromWarden] = []
        self._begun: list[Spawned] = []
        """Starts that the agent does not know of yet."""
        self._tell_at: float | None = None
        """When it must."""
        self._fds: deque[int] = deque()
        self._poll = select.epoll()
        self._poll.register(link.fileno(), select.EPOLLIN)
        self._by_id: dict[int, Proc] = {}
        self._by_pid: dict[int, Proc] = {}
        self._ending: list[Proc] = []
        """Their leader has exited, but something they started is still being killed."""
        self._look_at: float | None = None
        """When to look at those again: not every end of theirs is told to us."""
        self._count_at = 0.0
        """From when on orphans are counted again."""
        self._hurried = False
        self._nice = os.getpriority(os.PRIO_PROCESS, 0)
        self._empty: list[ControlGroup] = []
        """Control groups whose attempt has ended, and that the kernel did not let go yet."""
        self._pipes: dict[int, Proc] = {}
        self._lanes: dict[int, deque[Spawn]] = {}
        """Lanes in which something runs, with what comes after it."""
        self._strays: dict[int, set[int]] = {}
        """Orphans that do not say whose they are, with the spawns that may have started them."""
        self._lease: float | None = None
        self._env = dict(os.environ)
        self._null = os.open(os.devnull, os.O_RDWR)
        self._children = os.open(f"/proc/self/task/{os.getpid()}/children", os.O_RDONLY)
        self._which: dict[tuple[str, str], str] = {}
        self._writing = False
        wake_read, wake_write = os.pipe()
        os.set_blocking(wake_read, False)
        os.set_blocking(wake_write, False)
        self._wake = wake_read
        signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self._poll.register(wake_read, select.EPOLLIN)

    # --- the loop ------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Until the agent is gone."""
        self._writer.put(encode([]))  # it is up
        self._flush()
        if self._hatches:
            hatch.preload()
        while True:
            for fd, event in self._poll.poll(self._wait()):
                if fd == self._wake:
                    with contextlib.suppress(BlockingIOError):
                        os.read(self._wake, 4096)
                    self._reap()
                elif fd == self._link.fileno():
                    if event & (select.EPOLLIN | select.EPOLLHUP | select.EPOLLERR) and not self._receive():
                        self._end_all()
                        return
                elif fd in self._pipes:
                    self._pump(fd)
            self._due()
            if not self._flush():
                self._end_all()
                return

    def _wait(self) -> float | None:
        times = [t for p in self._by_id.values() for t in (p.deadline, p.kill_at, p.reap_until) if t is not None]
        if self._lease is not None and self._by_id:
            times.append(self._lease)
        if self._tell_at is not None:
            times.append(self._tell_at)
        if self._look_at is not None:
            times.append(self._look_at)
        if self._by_id:
            times.append(self._count_at)
        return max(0.0, min(times) - clock()) if times else None

    def _due(self) -> None:
        now = clock()
        if self._lease is not None and now >= self._lease:
            self._lease = None
            self._recall(None)
            for proc in list(self._by_id.values()):
                self._stop(proc, min(proc.grace, 1.0), "lease")
        for proc in list(self._by_id.values()):
            if proc.deadline is not None and now >= proc.deadline:
                self._stop(proc, proc.grace, "timeout")
            if proc.kill_at is not None and now >= proc.kill_at:
                proc.kill_at = None
                if proc.group is not None:
                    proc.group.kill()
                procs.kill_tree(proc.pid)
                procs.kill_group(proc.pid, signal.SIGKILL)
            if proc.reap_until is not None and now >= proc.reap_until:
                self._finish(proc)
        if self._look_at is not None and now >= self._look_at:
            self._look()
        if self._by_id and now >= self._count_at:
            self._count_at = now + CROWD_LOOK
            orphans = [pid for pid in self._own_children() if pid not in self._by_pid]
            self._hurry(len(orphans) > CROWD)
            if len(orphans) > CROWD:
                self._thin(orphans)

    def _receive(self) -> bool:
        try:
            data, ancillary, _, _ = self._link.recvmsg(
                READ_SIZE, socket.CMSG_SPACE(_FD_LIMIT * 4), socket.MSG_CMSG_CLOEXEC
            )
        except BlockingIOError:
            return True
        except OSError:
            return False
        for level, kind, body in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                fds = array.array("i")
                fds.frombytes(body[: len(body) - len(body) % fds.itemsize])
                self._fds.extend(fds)
        if not data:
            return False
        for frame in self._reader.feed(data):
            for message in decode_to_warden(frame):
                self._handle(message)
        return True

    def _handle(self, message: ToWarden) -> None:
        if isinstance(message, Spawn):
            waiting = self._lanes.get(message.lane) if message.lane else None
            if waiting is not None:
                waiting.append(message)
            else:
                self._begin(message)
        elif isinstance(message, Recall):
            self._recall(set(message.ids))
        elif isinstance(message, Lease):
            self._lease = message.until
        elif isinstance(message, Kill):
            proc = self._by_id.get(message.id)
            if proc is not None:
                self._stop(proc, message.grace, message.cause)
        elif isinstance(message, Tail):
            proc = self._by_id.get(message.id)
            if proc is not None and proc.sink is not None:
                offset, data = proc.sink.tail(message.offset, message.limit)
                self._out.append(TailData(message.id, message.token, offset, proc.sink.size, proc.sink.shed, data))

    def _flush(self) -> bool:
        if self._out or (self._tell_at is not None and clock() >= self._tell_at):
            self._writer.put(encode([*self._begun, *self._out]))
            self._begun.clear()
            self._out.clear()
            self._tell_at = None
        try:
            done = self._writer.flush()
        except OSError:
            return False
        if self._writing == done:
            self._writing = not done
            self._poll.modify(self._link.fileno(), select.EPOLLIN | (0 if done else select.EPOLLOUT))
        return True

    def _begin(self, spawn: Spawn) -> None:
        """Start it; if that fails, the next one of its lane."""
        lane = spawn.lane
        if lane:
            self._lanes.setdefault(lane, deque())
        while not self._spawn(spawn):
            if not lane or not self._lanes[lane]:
                self._lanes.pop(lane, None)
                return
            spawn = self._lanes[lane].popleft()

    def _lane_free(self, lane: int) -> None:
        """What ran in it has ended: the next one, or none."""
        waiting = self._lanes.get(lane)
        if waiting:
            self._begin(waiting.popleft())
        else:
            self._lanes.pop(lane, None)

    def _recall(self, ids: set[int] | None) -> None:
        """Forget these (None: all) that have not begun."""
        gone: list[int] = []
        for waiting in self._lanes.values():
            out = [spawn for spawn in waiting if ids is None or spawn.id in ids]
            for spawn in out:
                waiting.remove(spawn)
                gone.append(spawn.id)
        if gone:
            self._out.append(Recalled(gone))

    # --- starting ------------------------------------------------------------------------------------------

    def _spawn(self, spawn: Spawn) -> bool:
        """Whether it runs now; told either way."""
        self._hurry(False)  # it would inherit that
        passed = [self._fds.popleft() for _ in range(min(spawn.fds, len(self._fds)))]
        mine: list[int] = []
        theirs: list[int] = list(passed)
        started = epoch()
        group: ControlGroup | None = None
        try:
            env = {**self._env, **spawn.env}
            os.chdir(spawn.cwd)
            actions: list[tuple[int, int, int]] = [(os.POSIX_SPAWN_DUP2, self._null, 0)]
            high: list[int] = []
            if spawn.fds:
                # First above all target numbers, so that no dup2 overwrites one that is still to be passed.
                high += [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, _FD_LIMIT) for fd in passed]
                theirs.extend(high)
            else:
                for number in (1, 2):
                    read_end, write_end = os.pipe()
                    mine.append(read_end)
                    theirs.append(write_end)
                    actions.append((os.POSIX_SPAWN_DUP2, write_end, number))
            if spawn.fds:
                hatch.preload()
                pid, group = confine.start(lambda: hatch.settle(high, env, spawn.cwd, self), spawn.limits)
                if pid == 0:
                    theirs.clear()  # closed, and other descriptors have these numbers
                    raise hatch.Hatched
            else:
                program = self._find(spawn.argv[0], spawn.cwd, env.get("PATH", os.defpath))
                if spawn.limits is None:
                    pid = os.posix_spawn(
                        program,
                        spawn.argv,
                        env,
                        file_actions=actions,
                        setsid=True,
                        setsigmask=[],
                        setsigdef=_RESET,
                    )
                else:
                    dup = [(source, number) for _, source, number in actions]
                    pid, group = confine.start(confine.program(program, spawn.argv, env, dup, _RESET), spawn.limits)
        except (OSError, ValueError, IndexError) as error:
            for fd in mine:
                os.close(fd)
            text = (error.strerror if isinstance(error, OSError) else None) or str(error)
            name = spawn.argv[0] if spawn.argv else "nothing"
            errno = error.errno if isinstance(error, OSError) else None
            self._out.append(SpawnFailed(spawn.id, f"cannot start {name}: {text}", started, errno))
            return False
        finally:
            for fd in theirs:
                os.close(fd)
        sink = None if spawn.fds else LogSink(spawn.log, spawn.cap)
        proc = Proc(spawn.id, pid, started, sink, spawn.grace)
        proc.group = group
        for fd, stream in zip(mine, (OUT, ERR), strict=False):
            os.set_blocking(fd, False)
            proc.pipes[fd] = stream
            self._pipes[fd] = proc
            self._poll.register(fd, select.EPOLLIN)
        if spawn.timeout is not None:
            proc.deadline = clock() + spawn.timeout
        self._by_id[spawn.id] = proc
        self._by_pid[pid] = proc
        proc.lane = spawn.lane
        self._begun.append(Spawned(spawn.id, pid, started))
        if self._tell_at is None:
            self._tell_at = clock() + (0.0 if spawn.fds else KEPT)
        return True

    def _find(self, name: str, cwd: str, path: str) -> str:
        """The program's file, as a shell would find it."""
        if "/" in name:
            return os.path.join(cwd, name)
        found = self._which.get((name, path))
        if found is not None and os.access(found, os.X_OK):
            return found
        for directory in path.split(":"):
            candidate = os.path.join(cwd, directory, name)
            if os.access(candidate, os.X_OK) and not os.path.isdir(candidate):
                if os.path.isabs(directory):
                    self._which[name, path] = candidate
                return candidate
        raise FileNotFoundError(2, "no such program in PATH", name)

    # --- output --------------------------------------------------------------------------------------------

    def _pump(self, fd: int) -> bool:
        """Read once; whether there may be more."""
        proc = self._pipes[fd]
        try:
            data = os.read(fd, READ_SIZE)
        except BlockingIOError:
            return False
        except OSError:
            data = b""
        if not data:
            self._close_pipe(fd)
            return False
        assert proc.sink is not None
        proc.sink.write(epoch(), proc.pipes[fd], data)
        return True

    def _close_pipe(self, fd: int) -> None:
        proc = self._pipes.pop(fd)
        del proc.pipes[fd]
        # A child that is just being started may still hold a copy, so closing alone would not end the events.
        self._poll.unregister(fd)
        os.close(fd)

    # --- ending --------------------------------------------------------------------------------------------

    def _stop(self, proc: Proc, grace: float, cause: str) -> None:
        """TERM now, KILL after `grace`; a second, shorter order shortens the wait. The first cause stands."""
        proc.deadline = None
        if not proc.cause:
            proc.cause = cause
            if proc.status is None and grace > 0:
                procs.kill_group(proc.pid, signal.SIGTERM)
                procs.kill_group(proc.pid, signal.SIGCONT)  # a stopped process would not see the TERM
        if proc.status is None:
            at = clock() + max(0.0, grace)
            proc.kill_at = at if proc.kill_at is None else min(at, proc.kill_at)

    def _reap(self) -> None:
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                break
            if pid == 0:
                break
            self._strays.pop(pid, None)
            proc = self._by_pid.pop(pid, None)
            if proc is None:
                continue
            proc.status = status
            proc.cpu = usage.ru_utime + usage.ru_stime
            proc.memory = usage.ru_maxrss * 1024
            proc.read, proc.written = usage.ru_inblock * 512, usage.ru_oublock * 512
            proc.deadline = proc.kill_at = None
            self._ending.append(proc)
        if self._ending or self._empty:
            self._look()

    def _hurry(self, hurry: bool) -> None:
        """Go before all that is to be killed, if we may: among thousands it would be long until our turn."""
        if hurry != self._hurried:
            self._hurried = hurry
            with contextlib.suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, 0, -20 if hurry else self._nice)

    def _thin(self, orphans: list[int]) -> None:
        """End the attempt that most of them are of, now: every moment there are more."""
        running = [proc for proc in self._by_id.values() if proc.status is None]
        some = orphans[:: max(1, len(orphans) // 50)]
        for proc in running:
            if len(running) == 1 or sum(self._marked(pid, proc) for pid in some) > len(some) // 2:
                self._stop(proc, 0.0, "crowd")

    def _look(self) -> None:
        """Whether those that are ending have ended."""
        for proc in list(self._ending):
            if not self._leftovers(proc):
                self._finish(proc)
        if self._empty:
            self._empty = [group for group in self._empty if not group.remove()]
        self._look_at = clock() + LOOK if self._ending else clock() + 1.0 if self._empty else None

    def _leftovers(self, proc: Proc) -> int:
        """Kill what the attempt left behind; how many processes are still to disappear."""
        if proc.group is not None and proc.group.populated():
            proc.group.kill()
            proc.reap_until = proc.reap_until or clock() + REAP_PATIENCE
        survivors = procs.kill_group(proc.pid, signal.SIGKILL)
        orphans = [pid for pid in self._own_children() if pid not in self._by_pid]
        mine = [pid for pid in orphans if self._belongs(pid, proc)]
        for pid in mine:
            procs.kill_tree(pid)
        if (mine or survivors) and proc.reap_until is None:
            proc.reap_until = clock() + REAP_PATIENCE
        grouped = len(proc.group.members()) if proc.group is not None and proc.reap_until is not None else 0
        return max(len(mine), grouped)

    def _own_children(self) -> list[int]:
        return [int(part) for part in os.pread(self._children, 1 << 20, 0).split()]

    def _belongs(self, pid: int, proc: Proc) -> bool:
        """Whether an orphan was started by this attempt: by its session, its environment, or for want of others."""
        if self._marked(pid, proc):
            return True
        if pid not in self._strays:
            self._strays[pid] = {proc.id, *self._by_id}
        suspects = self._strays[pid]
        suspects.intersection_update(self._by_id)
        return suspects <= {proc.id}

    @staticmethod
    def _marked(pid: int, proc: Proc) -> bool:
        """Whether the process itself shows that this attempt started it."""
        with contextlib.suppress(OSError):
            if os.getsid(pid) == proc.pid:
                return True
        return procs.environ_has(pid, b"WINDLASS_SPAWN=%d" % proc.id)

    def _finish(self, proc: Proc) -> None:
        """Take the last output and report."""
        left = 0
        if proc.reap_until is not None:
            left = sum(1 for pid in self._own_children() if pid not in self._by_pid and self._belongs(pid, proc))
        if proc.group is not None:
            self._account(proc, proc.group)
        for fd in list(proc.pipes):
            for _ in range(64):  # a pipe holds less; more means that a stranger writes to it
                if not self._pump(fd):
                    break
            if fd in proc.pipes:
                self._close_pipe(fd)
        now = epoch()
        log, file, shed = b"", "", 0
        if proc.sink is not None:
            if left:
                proc.sink.note(now, f"{left} processes of this attempt could not be killed yet")
            log, file = proc.sink.finish(now)
            shed = proc.sink.shed
        del self._by_id[proc.id]
        self._ending.remove(proc)
        assert proc.status is not None
        self._out.append(
            Ended(
                proc.id, proc.status, proc.started, now, proc.cpu, proc.memory, proc.read, proc.written,
                proc.cause, log, file, shed, left,
            )
        )  # fmt: skip
        if proc.lane:
            self._lane_free(proc.lane)

    def _account(self, proc: Proc, group: ControlGroup) -> None:
        """What the group knows of it; then the group may go.

        Its peak counts what the kernel cached for the attempt, which gives way when it must. So it is told only where
        the limit was reached; the usage of all others is what was resident.
        """
        proc.cpu = max(proc.cpu, group.cpu())
        if group.out_of_memory():
            proc.cause = proc.cause or "oom"
            proc.memory = max(proc.memory, group.peak())
        if not group.remove():
            self._empty.append(group)

    def _end_all(self) -> None:
        """The agent is gone: nothing of it may go on. Repeated, because a process may fork while it is killed."""
        for _ in range(100):
            for proc in self._by_id.values():
                if proc.group is not None:
                    proc.group.kill()
            for proc in self._by_pid.values():
                procs.kill_group(proc.pid, signal.SIGKILL)
            for pid in self._own_children():
                procs.kill_tree(pid)
            with contextlib.suppress(ChildProcessError):
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass
            if not self._own_children():
                for proc in self._by_id.values():
                    if proc.group is not None:
                        proc.group.end(0.5)
                return
            time.sleep(0.02)


def main() -> None:
    for number in _IGNORED:
        signal.signal(number, signal.SIG_IGN)
    anchor(float(sys.argv[2]))
    procs.become_subreaper()
    soft, hard = resource.getrlimit(resource.RLIMIT_NPROC)
    resource.setrlimit(resource.RLIMIT_NPROC, (MOST if soft < 0 else min(soft, MOST), hard))
    link = socket.socket(fileno=int(sys.argv[1]))
    link.setblocking(False)
    os.set_inheritable(link.fileno(), False)
    try:
        Warden(link, sys.argv[3] == "hatch").run()
        return
    except hatch.Hatched:
        pass
    hatch.become_runner()


if __name__ == "__main__":
    main()
