"""The runner: a warm Python process that executes the user's functions, one at a time. Only here is anything unpickled.

It gets items in batches, and each one's end is in shared memory as soon as it has ended, so a runner that dies loses at
most the one it was running. What the function writes to its standard descriptors, from Python or from below, goes to
the agent at once, before the item's end is told, so that the log of a function that hangs is there when it is killed.

A fork of the warden (see `hatch`) calls `main`, with the descriptors of `runnerwire`.
"""

from __future__ import annotations

import contextlib
import faulthandler
import importlib
import os
import pickle
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from windlass.wire.clock import epoch
from windlass.wire.results import ResultRef, decode_result, encode_error, encode_result
from windlass_agent import procs
from windlass_agent.channel import Channel
from windlass_agent.frames import READ_SIZE, FrameReader
from windlass_agent.runnerwire import IN, PICKLED, WAKE, Calls, Done, Item, decode_to_runner

SHORT = 50e-6
"""Seconds within which no process can have been started: an item that took less is not asked what it left or used."""
INLINE = 1024 * 1024
"""A result beyond this goes to a file instead of the pipe."""
ERROR_LIMIT = 64 * 1024
"""Characters of a traceback that is told."""


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

    def failure(self) -> tuple[bool, bytes, str]:
        """What each of its items ends with when it could not be loaded."""
        assert self.error is not None
        return False, encode_error(self.error), _describe(self.error, 1, self.where + ": ")


Results = Mapping[str, bytes | list[bytes]]


class Runner:
    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._functions: dict[int, Function] = {}
        self._paths: dict[int, str] = {}
        self._targets: dict[str, Callable[..., Any]] = {}
        self._pid = os.getpid()
        self._home = os.getcwd()
        self._keep: set[int] = set()
        """Children that an initializer started: they live as long as the runner."""
        self._env = dict(os.environ)
        self._cpu = 0.0
        """CPU seconds of this process that no item to come has used."""
        self._memory = 0
        """Most resident bytes of what it executes now, when last asked."""
        self._serves: int | str = 0
        """Which function that is."""
        self._looked = 0.0
        """When the agent was last told to look (by `epoch`)."""

    def run(self) -> None:
        """Until the agent closes its end."""
        reader = FrameReader()
        while True:
            data = os.read(IN, READ_SIZE)
            if not data:
                return
            self._cpu = time.process_time()
            for frame in reader.feed(data):
                for message in decode_to_runner(frame):
                    if isinstance(message, Calls):
                        self._calls(message)
                    elif isinstance(message, Item):
                        self._item(message)
                    else:
                        self._paths[message.id] = message.path
            if self._channel.news:
                self._look(epoch())

    def _look(self, now: float) -> None:
        self._looked = now
        self._channel.look()  # first: somebody may wait, and what took long has left nothing
        self._end_children()

    def _calls(self, batch: Calls) -> None:
        """The quick path. Reading the clock is all that it asks of the kernel for an item that is quick."""
        channel = self._channel
        function = self._functions.get(batch.function)
        self._serve(batch.function)
        started = epoch()
        floor = 0
        for seq, payload in enumerate(batch.payloads, batch.first):
            if seq < floor:
                continue
            if not channel.may_begin(seq, started):
                channel.refuse(seq)
                floor = channel.floor
                continue
            if function is None:
                function = self._function(batch.function)
            results = batch.results[seq - batch.first] if batch.results else None
            ok, data, error = self._call(function, payload, results)
            if os.getpid() != self._pid:
                os._exit(0)  # a child that the function forked came back out of it: the parent answers
            channel.finish_output()
            ended = epoch()
            took = ended - started
            if took < SHORT and len(data) <= INLINE:
                self._cpu += took
                channel.done(Done(seq, ok, started, ended, took, self._memory, data, error))
                if ended - self._looked > WAKE:
                    self._look(ended)
                started = ended
            else:
                self._finish(seq, started, ok, data, error)
                started = epoch()

    def _item(self, item: Item) -> None:
        started = epoch()
        if not self._channel.may_begin(item.seq, started):
            self._channel.refuse(item.seq)
            return
        self._serve(item.target or item.function)
        ok, payload, error = self._execute(item)
        if os.getpid() != self._pid:
            os._exit(0)
        self._channel.finish_output()
        self._finish(item.seq, started, ok, payload, error)

    def _serve(self, function: int | str) -> None:
        """Another function than before: what that one used and gave back is not this one's peak."""
        if function == self._serves:
            return
        if self._serves:
            with contextlib.suppress(OSError), open("/proc/self/clear_refs", "wb", 0) as file:
                file.write(b"5")
                self._memory = 0
        self._serves = function

    def _finish(self, seq: int, started: float, ok: bool, payload: bytes, error: str) -> None:
        """End one that took long enough to be looked at closely."""
        cpu_children = self._end_children()
        self._channel.mend()
        self._channel.finish_output()
        ended = epoch()
        usage = resource.getrusage(resource.RUSAGE_SELF)
        spent = usage.ru_utime + usage.ru_stime
        cpu, self._cpu = max(0.0, spent - self._cpu) + cpu_children, spent
        self._memory = usage.ru_maxrss * 1024
        file = ""
        if len(payload) > INLINE:
            payload, file, problem = self._to_file(payload)
            if problem:
                ok, error = False, problem
        self._channel.done(Done(seq, ok, started, ended, cpu, self._memory, payload, error, file))
        if ended - self._looked > WAKE:
            self._look(ended)

    def _to_file(self, payload: bytes) -> tuple[bytes, str, str]:
        try:
            path = f"{self._home}/result-{os.urandom(8).hex()}"
            with open(path, "xb") as out:
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
                function = self._function(item.function)
                if function.call is None:
                    return function.failure()
                args, kwargs = pickle.loads(item.payload)
                if item.results:
                    args = [_resolve(value, item.results) for value in args]
                    kwargs = {name: _resolve(value, item.results) for name, value in kwargs.items()}
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

    def _call(self, function: Function, payload: bytes, results: Results | None) -> tuple[bool, bytes, str]:
        """The same for an item that is nothing but its arguments, and results that these name."""
        if function.call is None:
            return function.failure()
        try:
            args, kwargs = pickle.loads(payload)
            if results:
                args = [_resolve(value, results) for value in args]
                kwargs = {name: _resolve(value, results) for name, value in kwargs.items()}
            value = function.call(*args, **kwargs)
        except BaseException as error:
            return False, encode_error(error), _describe(error, 1)
        try:
            return True, encode_result(value), ""
        except BaseException as error:
            return False, encode_error(error), _describe(error, 1, "the result cannot be sent: ")

    def _function(self, number: int) -> Function:
        function = self._functions.get(number)
        if function is None:
            function = self._functions[number] = Function(self._paths[number])
            self._keep.update(procs.children(self._pid))
        return function

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


def _resolve(value: Any, results: Results) -> Any:
    """Put results where the arguments name them: at any depth of plain containers."""
    kind = type(value)
    if kind is ResultRef:
        found = results[value.task]
        return [_load_result(one) for one in found] if isinstance(found, list) else _load_result(found)
    if kind is list or kind is tuple:
        return kind(_resolve(one, results) for one in value)
    if kind is dict:
        return {key: _resolve(one, results) for key, one in value.items()}
    return value


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
    except BaseException:
        first = text = type(error).__name__  # its __str__ raised
    if len(text) > ERROR_LIMIT:
        text = text[: ERROR_LIMIT // 2] + "\n[...]\n" + text[-ERROR_LIMIT // 2 :]
    told = f"{prefix}{first.splitlines()[0][:ERROR_LIMIT] if first else type(error).__name__}\n{text}"
    return told.encode("utf-8", "backslashreplace").decode()  # what no message can carry: halves of characters


def main() -> None:
    parent = os.getppid()
    procs.become_subreaper()
    procs.die_with_parent(parent)
    channel = Channel()
    faulthandler.enable()
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    Runner(channel).run()
    # Not through the interpreter's end, which waits for threads that a function may have left running for ever.
    os._exit(0)
