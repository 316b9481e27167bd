"""The agent's end of the warden: starts it, batches orders to it, and notices when it dies."""

from __future__ import annotations

import array
import contextlib
import itertools
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence

import msgspec

from windlass.wire.clock import zero
from windlass_agent import procs
from windlass_agent.frames import READ_SIZE, FrameReader, pack
from windlass_agent.hatch import MARK, ROOM
from windlass_agent.wardenwire import (
    Ended,
    FromWarden,
    Recalled,
    Spawned,
    SpawnFailed,
    ToWarden,
    decode_from_warden,
    encode,
)

_numbers = itertools.count(1)


class WardenDied(Exception):
    """The warden is gone; its attempts have been killed."""


class WardenLink:
    """One warden process. Its descendants are marked, so that they are found even when it is dead."""

    def __init__(self, agent: str, hatches: bool = True, own: bool = False) -> None:
        """`hatches`: it should be ready to bring forth runners. `own`: it serves one attempt and no other."""
        self.own = own
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        with theirs:
            name = f"{agent}/{next(_numbers)}"
            self.mark = f"WINDLASS_WARDEN={name}".encode()
            self.process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "windlass_agent.warden",
                    str(theirs.fileno()),
                    repr(zero()),
                    "hatch" if hatches else "-",
                ],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                env={**os.environ, "WINDLASS_AGENT": agent, "WINDLASS_WARDEN": name, MARK: ROOM},
            )
        ours.setblocking(False)
        self._socket = ours
        self._reader = FrameReader()
        self._orders: list[ToWarden] = []
        self._queue: list[tuple[bytes, list[int]]] = []
        self.pids: dict[int, int] = {}
        """Spawn id -> process id of what runs."""
        self.held: set[int] = set()
        """Spawn ids that it was told of, until they have ended or come back."""
        self.lease = 0.0
        """As last told; 0 before that."""
        self.chains = 0
        """Chains whose commands it runs."""
        self.up = False
        """It has said something: it has started."""
        self.watched = select.EPOLLIN
        """What the agent waits for on it."""
        self.idle = True
        """There is nothing to send, and nothing but what it says to wait for."""

    def fileno(self) -> int:
        return self._socket.fileno()

    def send(self, order: ToWarden, fds: Sequence[int] = ()) -> None:
        """Put an order into the next batch. `fds` are passed to the warden and closed here once they are sent."""
        self.idle = False
        if fds:
            self._batch()
            self._queue.append((pack(encode([order])), list(fds)))
        else:
            self._orders.append(order)

    def _batch(self) -> None:
        if self._orders:
            self._queue.append((pack(encode(self._orders)), []))
            self._orders.clear()

    def flush(self) -> bool:
        """Write what goes; True when nothing is left to write."""
        self._batch()
        while self._queue:
            data, fds = self._queue[0]
            rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
            try:
                written = self._socket.sendmsg([data], rights)
            except BlockingIOError:
                return False
            except OSError as error:
                raise WardenDied(str(error)) from None
            for fd in fds:
                os.close(fd)
            if written < len(data):
                self._queue[0] = (data[written:], [])
            else:
                self._queue.pop(0)
        return True

    def receive(self) -> list[FromWarden]:
        """What came; `WardenDied` when the warden is gone."""
        messages: list[FromWarden] = []
        while True:
            try:
                data = self._socket.recv(READ_SIZE)
            except BlockingIOError:
                break
            except OSError as error:
                raise WardenDied(str(error)) from None
            if not data:
                if messages:
                    break  # what it said before it died counts; the next call tells of its death
                raise WardenDied("end of file")
            self.up = True
            for frame in self._reader.feed(data):
                try:
                    messages.extend(decode_from_warden(frame))
                except msgspec.MsgspecError as error:
                    raise WardenDied(f"it sent nonsense: {error}") from None
            if len(data) < READ_SIZE:
                break
        for message in messages:
            if isinstance(message, Spawned):
                self.pids[message.id] = message.pid
            elif isinstance(message, Ended | SpawnFailed):
                self.pids.pop(message.id, None)
                self.held.discard(message.id)
            elif isinstance(message, Recalled):
                self.held.difference_update(message.ids)
        return messages

    def wait(self, timeout: float) -> bool:
        """Whether there is something to receive within `timeout` seconds."""
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        return bool(poll.poll(timeout * 1000))

    def wake(self) -> None:
        """Go on, if an attempt stopped it: nobody else would."""
        if self.held:
            procs.kill(self.process.pid, signal.SIGCONT)

    def bury(self) -> None:
        """After its death, or to end it: kill it and all it had started."""
        with contextlib.suppress(OSError):
            self.process.kill()
        self.process.wait()
        for pid in self.pids.values():
            procs.kill_group(pid, signal.SIGKILL)
        end = time.monotonic() + 2.0
        while (left := procs.with_environ(self.mark)) or any(procs.runs(pid) for pid in self.pids.values()):
            for pid in left:
                procs.kill_tree(pid)
            if time.monotonic() > end:
                break  # in the kernel's hands (a dead network disk): they end when it lets go of them
            time.sleep(0.005)
        self.let_go()

    def close(self) -> None:
        """In order: the warden kills what it still has, and ends. Waits for that."""
        self.let_go()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.bury()

    def let_go(self) -> None:
        """It is not spoken with any more; it ends, if it has not yet."""
        for _, fds in self._queue:
            for fd in fds:
                os.close(fd)
        self._queue.clear()
        self._socket.close()


def kill_leftovers(agent: str) -> int:
    """Kill what an earlier life of this agent left running; how many processes."""
    found = procs.with_environ(f"WINDLASS_AGENT={agent}".encode())
    for pid in found:
        procs.kill_tree(pid)
    return len(found)
