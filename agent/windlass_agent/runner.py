"""The runner: a warm Python process that executes the user's functions, one at a time. Only here is anything unpickled.

It gets items in batches and answers each as soon as it has ended, so a runner that dies loses at most the one it
was running. What the function writes to its standard descriptors, from Python or from below, goes to the agent at
once, before the item's end is told, so that the log of a function that hangs is there when it is killed.

    python -m windlass_agent.runner          with the descriptors of `runnerwire`, started by the warden
"""

from __future__ import annotations

import contextlib
import faulthandler
import importlib
import io
import mmap
import os
import pickle
import resource
import select
import signal
import sys
import tempfile
import threading
import traceback
from collections import deque
from collections.abc import Callable
from typing import Any

import msgspec

from windlass.wire.clock import anchor, epoch
from windlass.wire.results import ResultRef, decode_result, encode_error, encode_result
from windlass_agent import procs
from windlass_agent.frames import READ_SIZE, FrameReader, pack
from windlass_agent.runnerwire import (
    BEGUN,
    ERR_READ,
    ERR_WRITE,
    FLOOR,
    IN,
    OUT_READ,
    OUT_WRITE,
    PICKLED,
    RESULTS,
    SHARED,
    SHARED_SIZE,
    SINCE,
    STAMP,
    WORD,
    Done,
    Item,
    Load,
    Output,
    Refused,
    decode_to_runner,
    encode,
)

INLINE = 1024 * 1024
"""A result beyond this goes to a file instead of the pipe."""
ERROR_LIMIT = 64 * 1024
"""Characters of a traceback that is told."""


class Channel:
    """The way to the agent, and the standard descriptors that lead there. Its lock orders output before ends."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.seq = 0
        self._streams = {OUT_READ: 1, ERR_READ: 2}
        os.dup2(OUT_WRITE, 1)
        os.dup2(ERR_WRITE, 2)
        os.close(OUT_WRITE)
        os.close(ERR_WRITE)
        for fd in self._streams:
            os.set_blocking(fd, False)
        self._poll = select.poll()
        for fd in self._streams:
            self._poll.register(fd, select.POLLIN)
        sys.stdout = io.TextIOWrapper(io.FileIO(1, "w", closefd=False), encoding="utf-8", errors="backslashreplace",
                                      line_buffering=True)  # fmt: skip
        sys.stderr = io.TextIOWrapper(io.FileIO(2, "w", closefd=False), encoding="utf-8", errors="backslashreplace",
                                      line_buffering=True)  # fmt: skip
        threading.Thread(target=self._pump, name="windlass-output", daemon=True).start()

    def _pump(self) -> None:
        """Carry output away while a function runs. Sleeps in poll, so it costs nothing without output."""
        poll = select.poll()
        for fd in self._streams:
            poll.register(fd, select.POLLIN)
        while True:
            poll.poll()
            with self._lock:
                self._drain()

    def _drain(self) -> None:
        for fd, _ in self._poll.poll(0):
            with contextlib.suppress(BlockingIOError):
                data = os.read(fd, 65536)
                self._write(encode(Output(self.seq, self._streams[fd], epoch(), data)))

    def finish_output(self) -> None:
        """All that the item wrote is told."""
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(Exception):  # the function may have replaced or closed it
                stream.flush()
        with self._lock:
            while self._poll.poll(0):
                self._drain()

    def send(self, message: Done | Refused) -> None:
        with self._lock:
            self._write(encode(message))

    @staticmethod
    def _write(body: bytes) -> None:
        view = memoryview(pack(body))
        while view:
            view = view[os.write(RESULTS, view) :]


class Function:
    """A loaded callable, or why it could not be loaded or initialised."""

    def __init__(self, path: str) -> None:
        self.call: Callable[..., Any] | None = None
        self.error: BaseException | None = None
        self.where = "the function could not be loaded"
        try:
            with open(path, "rb") as file:
                loaded = pickle.load(file)
            if isinstance(loaded, dict):
                initializer = loaded.get("initializer")
                if initializer is not None:
                    self.where = "the initializer failed"
                    initializer(*loaded.get("initargs", ()))
                loaded = loaded["function"]
            self.call = loaded
        except BaseException as error:
            self.error = error


class Runner:
    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._shared = mmap.mmap(SHARED, SHARED_SIZE)
        self._fence = threading.Lock()
        self._functions: dict[int, Function] = {}
        self._paths: dict[int, str] = {}
        self._targets: dict[str, Callable[..., Any]] = {}
        self._pid = os.getpid()
        self._home = os.getcwd()
        self._keep: set[int] = set()
        """Children that an initializer started: they live as long as the runner."""
        self._env = dict(os.environ)
        self._usage: resource.struct_rusage | None = None
        """As the item before left it, if this one follows at once."""

    def run(self) -> None:
        """Until the agent closes its end."""
        reader = FrameReader()
        queue: deque[Load | Item] = deque()
        while True:
            while queue:
                message = queue.popleft()
                if isinstance(message, Load):
                    self._paths[message.id] = message.path
                else:
                    self._item(message)
            data = os.read(IN, READ_SIZE)
            if not data:
                return
            self._usage = None
            queue.extend(decode_to_runner(frame) for frame in reader.feed(data))

    def _may_begin(self, seq: int, now: float) -> bool:
        shared = self._shared
        STAMP.pack_into(shared, SINCE, now)
        WORD.pack_into(shared, BEGUN, seq)
        with self._fence:  # a full memory barrier: our word is out before we look at the agent's
            pass
        floor: int = WORD.unpack_from(shared, FLOOR)[0]
        return seq >= floor

    def _item(self, item: Item) -> None:
        started = epoch()
        self._channel.seq = item.seq
        if not self._may_begin(item.seq, started):
            self._channel.send(Refused(item.seq))
            return
        before = self._usage or resource.getrusage(resource.RUSAGE_SELF)
        ok, payload, error = self._execute(item)
        if os.getpid() != self._pid:
            os._exit(0)  # a child that the function forked came back out of it: the parent answers
        cpu_children = self._end_children()
        self._channel.finish_output()
        self._usage = after = resource.getrusage(resource.RUSAGE_SELF)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime + cpu_children
        file = ""
        if len(payload) > INLINE:
            payload, file, problem = self._to_file(payload)
            if problem:
                ok, error = False, problem
        self._channel.send(Done(item.seq, ok, started, epoch(), cpu, after.ru_maxrss * 1024, payload, error, file))

    def _to_file(self, payload: bytes) -> tuple[bytes, str, str]:
        try:
            fd, path = tempfile.mkstemp(prefix="result-", dir=self._home)
            with os.fdopen(fd, "wb") as out:
                out.write(payload)
        except OSError as error:
            return b"", "", f"the result of {len(payload)} bytes could not be written: {error.strerror}"
        return b"", path, ""

    # --- one item ------------------------------------------------------------------------------------------

    def _execute(self, item: Item) -> tuple[bool, bytes, str]:
        """(whether it succeeded, result or exception, text of the error)."""
        moved = bool(item.cwd)
        try:
            if moved:
                self._enter(item)
            if item.target:
                value = self._call_target(item)
            else:
                function = self._functions.get(item.function)
                if function is None:
                    function = self._functions[item.function] = Function(self._paths[item.function])
                    self._keep.update(procs.children(self._pid))
                if function.call is None:
                    assert function.error is not None
                    return False, encode_error(function.error), _describe(function.error, 1, function.where + ": ")
                args, kwargs = pickle.loads(item.payload)
                if item.results:
                    args = [self._resolve(value, item) for value in args]
                    kwargs = {name: self._resolve(value, item) for name, value in kwargs.items()}
                value = function.call(*args, **kwargs)
        except BaseException as error:
            return False, encode_error(error), _describe(error, 2 if item.target else 1)
        finally:
            if moved:
                self._leave()
        try:
            return True, encode_result(value), ""
        except BaseException as error:
            return False, encode_error(error), _describe(error, 1, "the result cannot be sent: ")

    def _enter(self, item: Item) -> None:
        os.chdir(item.cwd)
        os.environ.update(item.env)
        if item.path and (not sys.path or sys.path[0] != item.path):
            sys.path.insert(0, item.path)
            importlib.invalidate_caches()

    def _leave(self) -> None:
        os.chdir(self._home)
        if os.environ != self._env:
            os.environ.clear()
            os.environ.update(self._env)

    def _call_target(self, item: Item) -> Any:
        call = self._targets.get(item.target)
        if call is None:
            module, _, name = item.target.partition(":")
            found: Any = importlib.import_module(module)
            for part in name.split("."):
                found = getattr(found, part)
            call = self._targets[item.target] = found
            self._keep.update(procs.children(self._pid))
        args, kwargs = msgspec.msgpack.decode(item.args, ext_hook=_argument)
        return call(*args, **kwargs)

    def _resolve(self, value: Any, item: Item) -> Any:
        """Put results where the arguments name them: at any depth of plain containers."""
        kind = type(value)
        if kind is ResultRef:
            found = item.results[value.task]
            return [_load_result(one) for one in found] if isinstance(found, list) else _load_result(found)
        if kind is list or kind is tuple:
            return kind(self._resolve(one, item) for one in value)
        if kind is dict:
            return {key: self._resolve(one, item) for key, one in value.items()}
        return value

    def _end_children(self) -> float:
        """Kill what the function left running; CPU seconds of those that were reaped."""
        try:
            os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return 0.0
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        while left := [pid for pid in procs.children(self._pid) if pid not in self._keep]:
            for pid in left:
                procs.kill_tree(pid)
            for pid in left:
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(pid, 0)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _argument(code: int, data: memoryview) -> Any:
    if code != PICKLED:
        raise ValueError(f"unknown kind of argument {code}")
    return decode_result(bytes(data))


def _load_result(data: bytes) -> Any:
    if data[:1] == b"@":
        with open(data[1:], "rb") as file:
            data = file.read()
    return decode_result(data)


def _describe(error: BaseException, own_frames: int, prefix: str = "") -> str:
    """One line for people, then the traceback without our own frames."""
    trace = error.__traceback__
    for _ in range(own_frames):
        trace = trace.tb_next if trace is not None and trace.tb_next is not None else trace
    try:
        first = traceback.format_exception_only(type(error), error)[-1].strip()
        text = "".join(traceback.format_exception(type(error), error, trace))
    except Exception:
        first = text = type(error).__name__  # its __str__ raised
    if len(text) > ERROR_LIMIT:
        text = text[: ERROR_LIMIT // 2] + "\n[...]\n" + text[-ERROR_LIMIT // 2 :]
    return f"{prefix}{first.splitlines()[0] if first else type(error).__name__}\n{text}"


def main() -> None:
    parent = os.getppid()
    procs.become_subreaper()
    procs.die_with_parent(parent)
    for fd in range(IN, ERR_WRITE + 1):
        os.set_inheritable(fd, False)
    channel = Channel()
    faulthandler.enable()
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if len(sys.argv) > 1:
        anchor(float(sys.argv[1]))
    sys.argv = ["windlass-runner"]
    runner = Runner(channel)
    _guard_forks(channel)
    runner.run()


def _guard_forks(channel: Channel) -> None:
    """A forked child must not hold the output lock that some thread of the parent may have held."""

    def fresh() -> None:
        channel._lock = threading.Lock()

    os.register_at_fork(after_in_child=fresh)


if __name__ == "__main__":
    main()
