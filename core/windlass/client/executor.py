"""`Executor`: a `concurrent.futures.Executor` whose workers are agents, here or on other machines.

    >>> from windlass import Executor
    >>> with Executor(max_workers=2) as executor:           # doctest: +SKIP
    ...     list(executor.map(lambda x: x * x, range(4)))
    [0, 1, 4, 9]

Differences from the standard library's pools, all on the side of promising more:

* functions, lambdas and closures travel by value; a function is pickled at its first submit;
* an agent that is lost (its machine went away) does not break the executor: its calls run again elsewhere, so a
  function with outside effects should be harmless when repeated. A worker process that dies under a call
  (`os._exit`, a crash, the memory killer) does break it, as the standard library promises: that call and all that
  had not ended raise `BrokenWorkers`, and so does every later submit.
"""

from __future__ import annotations

import atexit
import contextlib
import hashlib
import itertools
import os
import time
import weakref
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor as BaseExecutor
from concurrent.futures import Future
from typing import Any, ParamSpec, TypeVar

from windlass.client import trampoline
from windlass.client.api import Client
from windlass.client.build import SAME, TaskFunction
from windlass.client.dispatch import GENERIC, BrokenWorkers, CallFuture, Dispatcher, Waiting
from windlass.client.pickling import dumps, dumps_call
from windlass.client.submit import MAX_ARGUMENTS

__all__ = ["BrokenWorkers", "Executor"]

P = ParamSpec("P")
T = TypeVar("T")

PROMOTE = 32
"""Submits of one function after which it gets a task of its own, so that it no longer travels with each call."""
OWN_TASKS = 8
"""Functions of one executor that may have a task of their own."""


class _Known:
    """A function that was submitted before."""

    __slots__ = ("data", "hash", "key", "uses")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.key = hashlib.sha256(data).digest()[:16]
        self.hash = ""
        self.uses = 0


class Executor(BaseExecutor):
    """Run functions on agents.

    With `core=None` a core and an agent with `max_workers` slots are started at the first submit, in a temporary
    place, and end with the executor. With a `Client` or an address, the agents of that core do the work; then
    `max_workers` is the most calls that are handed out at once (default: as many as the agents take).
    """

    def __init__(
        self,
        max_workers: int | None = None,
        core: Client | str | None = None,
        *,
        initializer: Callable[..., object] | None = None,
        initargs: tuple[Any, ...] = (),
    ) -> None:
        if max_workers is not None and max_workers <= 0:
            raise ValueError("max_workers must be greater than 0")
        if initializer is not None and not callable(initializer):
            raise TypeError("initializer must be a callable")
        if core is None and max_workers is None:
            max_workers = os.cpu_count() or 1
        self._max_workers = max_workers
        self._known: weakref.WeakKeyDictionary[Any, _Known] = weakref.WeakKeyDictionary()
        self._last: tuple[Any, _Known] = (object(), _Known(b""))
        """The function of the latest submit: most loops submit the same one."""
        self._own_tasks = 0
        prepared = None
        if initializer is not None:
            name = os.urandom(8).hex()
            prepared = {"initializer": trampoline.initialise, "initargs": (name, initializer, tuple(initargs))}
        self._dispatcher = Dispatcher(core, max_workers, prepared)
        _live.add(self._dispatcher)
        # The dispatcher never refers to the executor: one that is dropped is shut down without waiting.
        weakref.finalize(self, Dispatcher.shut_down, self._dispatcher, False).atexit = False

    def __repr__(self) -> str:
        return f"<Executor {self._dispatcher!r}>"

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Call `fn(*args, **kwargs)` on an agent."""
        self._dispatcher.check_open()
        future = CallFuture()
        try:
            channel, payload = self._payload(fn, args, kwargs)
        except Exception as error:
            # As with the standard pools, a call that cannot be sent fails by its future.
            future.set_running_or_notify_cancel()
            future.set_exception(error)
            return future
        self._dispatcher.put(Waiting(future, channel, payload))
        return future

    def map(  # type: ignore[override, unused-ignore]
        self,
        fn: Callable[..., T],
        /,
        *iterables: Iterable[Any],
        timeout: float | None = None,
        chunksize: int = 1,
        buffersize: int | None = None,
    ) -> Iterator[T]:
        """As the built-in `map`, with the calls made on the agents and the results in order.

        The iterables are consumed at once, unless `buffersize` says how many results may wait to be taken.
        """
        if chunksize < 1:
            raise ValueError("chunksize must be >= 1.")
        if buffersize is not None and not isinstance(buffersize, int):
            raise TypeError("buffersize must be an integer or None")
        if buffersize is not None and buffersize < 1:
            raise ValueError("buffersize must be None or > 0")
        until = None if timeout is None else time.monotonic() + timeout
        self._dispatcher.check_open()
        rows = zip(*iterables, strict=False)
        calls: Iterator[Future[Any]]
        if chunksize == 1:
            calls = (self.submit(fn, *row) for row in rows)
            return _ordered(calls, until, buffersize)
        pieces = iter(lambda: list(itertools.islice(rows, chunksize)), [])
        calls = (self._submit_chunk(fn, piece) for piece in pieces)
        ahead = None if buffersize is None else max(1, -(-buffersize // chunksize))
        return itertools.chain.from_iterable(_ordered(calls, until, ahead))

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take no more calls; what was submitted still runs, unless it has not begun and `cancel_futures` is set."""
        self._dispatcher.shut_down(cancel_futures)
        if wait:
            self._dispatcher.join()

    # --- inside --------------------------------------------------------------------------------------------

    def _submit_chunk(self, fn: Callable[..., Any], piece: list[tuple[Any, ...]]) -> Future[list[Any]]:
        self._dispatcher.check_open()
        future = CallFuture()
        try:
            known = self._function(fn)
            payload = _pickle((known.key, known.data, piece), {})
        except Exception as error:
            future.set_running_or_notify_cancel()
            future.set_exception(error)
            return future
        self._dispatcher.put(Waiting(future, "chunk", payload))
        return future

    def _payload(self, fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[str, bytes]:
        known = self._function(fn)
        known.uses += 1
        if not known.hash and known.uses == PROMOTE and self._own_tasks < OWN_TASKS:
            self._own_tasks += 1
            known.hash = self._dispatcher.add_function(_inner(fn))
        if known.hash:
            return known.hash, _pickle(args, kwargs)
        return GENERIC, _pickle((known.key, known.data, *args), kwargs)

    def _function(self, fn: Callable[..., Any]) -> _Known:
        last = self._last
        if fn is last[0]:
            return last[1]
        fn = _inner(fn)
        if not isinstance(fn, SAME):
            return _Known(dumps(fn))
        known = self._known.get(fn)
        if known is None:
            known = self._known[fn] = _Known(dumps(fn))
        self._last = (fn, known)
        return known


def _inner(fn: Callable[..., Any]) -> Callable[..., Any]:
    return fn.function if isinstance(fn, TaskFunction) else fn


def _pickle(args: tuple[Any, ...], kwargs: dict[str, Any]) -> bytes:
    payload = dumps_call(args, kwargs)
    if len(payload) > MAX_ARGUMENTS:
        raise ValueError(f"the arguments of one call are {len(payload)} bytes; at most {MAX_ARGUMENTS} can be sent")
    return payload


def _ordered(calls: Iterator[Future[Any]], until: float | None, ahead: int | None) -> Iterator[Any]:
    """The results in the order of the calls, all made at once or at most `ahead` before they are taken."""
    futures: deque[Future[Any]] = deque(calls if ahead is None else itertools.islice(calls, ahead))

    def results() -> Iterator[Any]:
        try:
            while futures:
                result = _result(futures, until)
                if ahead is not None:
                    futures.extend(itertools.islice(calls, 1))
                yield result
        finally:
            for future in futures:
                future.cancel()

    return results()


def _result(futures: deque[Future[Any]], until: float | None) -> Any:
    """Take the first future's result; a call that timed out is cancelled if it can be."""
    future = futures.popleft()
    try:
        return future.result(None if until is None else until - time.monotonic())
    finally:
        future.cancel()


_live: weakref.WeakSet[Dispatcher] = weakref.WeakSet()


@atexit.register
def _at_exit() -> None:
    """The interpreter's exit waits for what was submitted, as with the standard library's pools."""
    dispatchers = list(_live)
    for dispatcher in dispatchers:
        dispatcher.shut_down(False, exiting=True)
    for dispatcher in dispatchers:
        with contextlib.suppress(KeyboardInterrupt):
            dispatcher.join()
