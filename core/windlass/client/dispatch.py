"""The engine of an `Executor`: one thread that hands calls to the core in batches and brings their results home.

Calls wait here, where they can still be cancelled, until there is room in the window: as many as the workers will
do in the next quarter of a second. Whatever waits when the thread looks goes in one message, so an idle executor
answers at once and a busy one sends large batches.
"""

from __future__ import annotations

import contextlib
import hashlib
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, CancelledError, Future
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from windlass.client import submit, trampoline
from windlass.client.build import pickle_function
from windlass.client.errors import LinkBusy, RequestFailed, WindlassError
from windlass.client.link_state import Answer
from windlass.client.pickling import dumps
from windlass.client.run import ENDED, End, ends_of, exception_of, fetch_payload
from windlass.model.graph import Call, Foreach, Graph, Task
from windlass.wire import messages as m
from windlass.wire import results

if TYPE_CHECKING:
    from windlass.client.api import Client
    from windlass.client.link import Link

GENERIC = "call"
CHUNK = "chunk"
AHEAD = 0.25
"""Seconds of work that may be handed out before it is done."""
MAX_WINDOW = 20_000
APPENDS = 4
"""Messages with calls that may wait for the core's answer, for each task."""
FEW = 16
"""Ends up to which the network thread tells those who wait by itself."""
POLL = 30.0
"""Seconds that the core holds a question for results."""
CREDITS = 256
"""Answers with results that may come before they are asked for again."""


class BrokenWorkers(BrokenExecutor):
    """A worker process died, or the executor's core did: nothing that was submitted will end."""


class _Sealed:
    """A result as it came, until somebody asks for it."""

    __slots__ = ("error", "payload", "value")

    def __init__(self, payload: bytes) -> None:
        self.payload: bytes | None = payload
        self.value: Any = None
        self.error: Exception | None = None

    def open(self) -> None:
        if self.payload is None:
            return
        try:
            self.value = results.decode_result(self.payload) if self.payload else None
        except Exception as error:
            self.error = error
        self.payload = None


class CallFuture(Future[Any]):
    """A future whose result is taken apart by whoever asks for it first, so that no thread of ours runs user code.

    So the network thread may end it. Only callbacks are run by who ends a future, and they may take their time: those
    that have some are left to the executor's thread.
    """

    def __init__(self) -> None:
        super().__init__()
        self._guard = threading.Lock()
        self._watched = False
        """It has callbacks, or will have in a moment."""
        self._claimed = False
        """Some thread ends it."""
        self._link: Link | None = None

    def alone(self, link: Link) -> None:
        """Nothing else is under way on this link: who waits for the result may serve it meanwhile."""
        self._link = link

    def result(self, timeout: float | None = None) -> Any:
        link, self._link = self._link, None
        if link is not None:
            timeout = link.serve(self, timeout)
        value = super().result(timeout)
        if type(value) is not _Sealed:
            return value
        with self._guard:
            value.open()
        if value.error is not None:
            raise value.error
        return value.value

    def exception(self, timeout: float | None = None) -> BaseException | None:
        error = super().exception(timeout)
        if error is None and type(value := super().result()) is _Sealed:
            with self._guard:
                value.open()
            return value.error
        return error

    def add_done_callback(self, fn: Callable[[Future[Any]], object]) -> None:
        with self._guard:
            self._watched = True
        super().add_done_callback(fn)

    def claim(self) -> bool:
        """Whether the caller is the one to end it."""
        with self._guard:
            before, self._claimed = self._claimed, True
        return not before

    def end_quietly(self, payload: bytes) -> bool:
        """End it unless somebody's code would run, or another thread does; whether it is ended."""
        with self._guard:
            if self._watched or self._claimed:
                return False
            self._claimed = True
            self.set_result(_Sealed(payload))
        return True


class Waiting(NamedTuple):
    """A call that was not handed out yet."""

    future: CallFuture
    channel: str
    payload: bytes


@dataclass(eq=False)
class _Channel:
    """One open task of the core: a hidden run of one function."""

    key: str
    run: int
    next: int = 0
    after: int = 0
    appends: set[int] = field(default_factory=set)
    """First items of the messages with calls that the core has not taken yet."""
    polling: bool = False
    flying: dict[int, CallFuture] = field(default_factory=dict)
    """Index of the item -> its future."""


class _Results(NamedTuple):
    channel: _Channel
    rows: list[End]


class _NotAppended(NamedTuple):
    channel: _Channel
    first: int
    payloads: list[bytes]
    error: BaseException
    behind: bool
    """Others that go before them had not been taken then."""


class _PollFailed(NamedTuple):
    channel: _Channel
    error: BaseException


class Dispatcher:
    """Never refers to its executor. All methods may be called from any thread."""

    def __init__(self, core: Client | str | None, workers: int | None, prepared: dict[str, Any] | None) -> None:
        self._core = core
        self._max_workers = workers
        self._prepared = prepared
        """The initializer's part of each function's blob."""
        self._lock = threading.Lock()
        self._handing = threading.Lock()
        """Held by the thread that gives calls their numbers and sends them."""
        self._waiting: deque[Waiting] = deque()
        self._events: SimpleQueue[_Results | _NotAppended | _PollFailed | None] = SimpleQueue()
        self._awake = False
        self._shut_down = False
        self._exiting = False
        self._left = False
        self._broken: str | None = None
        self._thread: threading.Thread | None = None
        self._functions: dict[str, bytes] = {}
        self._channels: dict[str, _Channel] = {}
        self._client: Client | None = None
        self._window = (workers or 1) + 1
        self._floor = self._window
        self._rate_since = 0.0
        self._rate_count = 0

    def __repr__(self) -> str:
        flying = self._flying()
        state = "broken" if self._broken else "shut down" if self._shut_down else "open"
        return f"{state}, {len(self._waiting)} waiting, {flying} handed out"

    # --- for the executor ----------------------------------------------------------------------------------

    def check_open(self) -> None:
        """Raise what a submit has to raise."""
        if self._broken is not None:
            raise BrokenWorkers(self._broken)
        if self._exiting:
            raise RuntimeError("cannot schedule new futures after interpreter shutdown")
        if self._shut_down:
            raise RuntimeError("cannot schedule new futures after shutdown")

    def put(self, call: Waiting) -> None:
        with self._lock:
            self.check_open()
            self._waiting.append(call)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="windlass-executor", daemon=True)
                self._thread.start()
            idle = len(self._waiting) == 1 and call.channel in self._channels and not self._flying()
        # With nothing else under way the caller sends it: to wake another thread for that takes longer.
        if idle and self._handing.acquire(blocking=False):
            try:
                if self._broken is None:
                    self._hand_out(opening=False)
                    if self._client is not None and not self._waiting:
                        call.future.alone(self._client.link)
            finally:
                self._handing.release()
            if not self._waiting:
                return
        self._ring()

    def _flying(self) -> int:
        return sum([len(channel.flying) for channel in list(self._channels.values())])

    def add_function(self, function: Any) -> str:
        """Make a function known that gets a task of its own; the channel's name."""
        hash, data = self._blob(function)
        self._functions[hash] = data
        return hash

    def shut_down(self, cancel: bool, exiting: bool = False) -> None:
        with self._lock:
            self._shut_down = True
            self._exiting = self._exiting or exiting
            cancelled = list(self._waiting) if cancel else []
            if cancel:
                self._waiting.clear()
        for call in cancelled:
            if call.future.cancel():
                call.future.set_running_or_notify_cancel()  # tells those who wait in `as_completed`
        self._ring()

    def join(self) -> None:
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join()

    def _ring(self) -> None:
        if not self._awake:
            self._awake = True
            self._events.put(None)

    # --- the thread ----------------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            self._client = self._connect()
            while not self._finished():
                self._turn()
        except Exception as error:
            self._break(f"the executor's core failed: {error}")
        finally:
            self._leave()

    def _finished(self) -> bool:
        with self._lock:
            if self._broken is not None:
                return True
            return self._shut_down and not self._waiting and not any(each.flying for each in self._channels.values())

    def _turn(self) -> None:
        try:
            events = [self._events.get(timeout=1.0)]
        except Empty:
            events = [None]
            self._look_after_core()
        with contextlib.suppress(Empty):
            while True:
                events.append(self._events.get_nowait())
        self._awake = False
        for event in events:
            match event:
                case _Results():
                    self._take(event.channel, event.rows)
                case _NotAppended():
                    self._not_appended(event)
                case _PollFailed():
                    raise event.error
        if self._broken is None:
            with self._handing:
                self._hand_out()

    def _connect(self) -> Client:
        from windlass.client.api import Client

        if isinstance(self._core, Client):
            client = self._core
        elif self._core is not None:
            client = Client(self._core)
        else:
            client = Client.embedded(1, cpus=self._max_workers, wait_agents=False)
        if self._core is not None and self._max_workers is None:
            cpus = sum(float(row.resources.get("cpus", 1)) for row in client.agents() if row.state == "up")
            self._floor = self._window = max(2, int(cpus) + 1)
        elif self._core is not None:
            self._floor = self._window = self._max_workers or 1
        return client

    def _look_after_core(self) -> None:
        """Nothing came for a second: is our own core still there?"""
        core = self._client.core if self._client is not None and self._core is None else None
        if core is not None and (ended := core.fatal()):
            self._break(ended)

    def _hand_out(self, opening: bool = True) -> None:
        """Send what waits as far as there is room. Without `opening`, nothing that has to wait for an answer first."""
        room = self._window - self._flying()
        batches: dict[str, list[Waiting]] = {}
        while room > 0:
            with self._lock:
                if not self._waiting:
                    break
                key = self._waiting[0].channel
                channel = self._channels.get(key)
                if (channel is None and not opening) or (channel is not None and len(channel.appends) >= APPENDS):
                    break
                call = self._waiting.popleft()
            if call.future.set_running_or_notify_cancel():
                batches.setdefault(key, []).append(call)
                room -= 1
        for key, calls in batches.items():
            opened = self._channels.get(key) or self._open(key, calls)
            if opened is not None:
                self._append(opened, calls)

    def _open(self, key: str, calls: list[Waiting]) -> _Channel | None:
        """Start the hidden run of one function."""
        assert self._client is not None
        if key in (GENERIC, CHUNK):
            hash, data = self._blob(trampoline.call if key == GENERIC else trampoline.call_chunk)
        else:
            hash, data = key, self._functions[key]
        task = Task(id="calls", action=Call(hash), foreach=Foreach(opaque=0))
        package = submit.Package(Graph("executor", [task]), sources={hash: data})
        try:
            run = submit.send(self._client.link, package, name="executor", hidden=True, open_tasks=[0])
        except WindlassError as error:
            for call in calls:
                call.future.set_exception(error)
            return None
        channel = self._channels[key] = _Channel(key, run)
        return channel

    def _append(self, channel: _Channel, calls: list[Waiting]) -> None:
        for call in calls:
            channel.flying[channel.next] = call.future
            channel.next += 1
        first = channel.next - len(calls)
        if len(calls) == 1:
            self._send(channel, first, [calls[0].payload])
        else:
            for batch in submit.batches(call.payload for call in calls):
                self._send(channel, first, batch)
                first += len(batch)
        self._poll(channel)

    def _send(self, channel: _Channel, first: int, payloads: list[bytes]) -> None:
        assert self._client is not None
        with self._lock:
            channel.appends.add(first)
        message = m.AppendItems(0, channel.run, 0, first, len(payloads))

        def answered(result: Answer | WindlassError) -> None:
            """On the network thread. Nobody need wake where nothing waits for the answer."""
            if isinstance(result, WindlassError):
                with self._lock:
                    behind = min(channel.appends) < first
                self._events.put(_NotAppended(channel, first, payloads, result, behind))
                return
            with self._lock:
                channel.appends.discard(first)
                waits = bool(self._waiting)
            if waits:
                self._ring()

        self._client.link.post(message, [msgspec.msgpack.encode(payloads)], answered)

    def _not_appended(self, event: _NotAppended) -> None:
        channel, error = event.channel, event.error
        code = error.code if isinstance(error, RequestFailed) else ""
        # The core takes calls in their order: who stood behind some that found it busy has to come again, too.
        if not (isinstance(error, LinkBusy) or code == "busy" or (code == "bad-request" and event.behind)):
            raise error
        time.sleep(0.05)  # the core asks for patience; nothing else can go to it anyway
        self._send(channel, event.first, event.payloads)

    def _poll(self, channel: _Channel) -> None:
        """Ask for ends, unless the question stands already."""
        if not channel.polling:
            channel.polling = True
            self._ask(channel)

    def _ask(self, channel: _Channel) -> None:
        assert self._client is not None
        question = m.GetResults(0, channel.run, channel.after, wait=POLL, packed=True, credits=CREDITS)
        future = self._client.link.request(question, on_part=lambda answer: self._told(channel, answer))
        future.add_done_callback(lambda done: self._answered(channel, done))

    def _answered(self, channel: _Channel, done: Future[Answer]) -> None:
        """The question has its last answer; the link calls. Ask again at once, while these ends are digested."""
        error = done.exception()
        if error is not None:
            self._events.put(_PollFailed(channel, error))
            return
        answer = done.result()
        state = answer.data.get("run_state")
        if state in ENDED and not ends_of(answer):
            reason = f"the executor's run {channel.run} was ended: {state}"
            self._events.put(_PollFailed(channel, BrokenWorkers(reason)))
            return
        self._told(channel, answer)
        if not self._left:
            self._ask(channel)

    def _told(self, channel: _Channel, answer: Answer) -> None:
        """Ends have come; the link calls."""
        rows = ends_of(answer)
        last = rows[-1].seq if rows else 0
        if len(rows) <= FEW:
            rows = self._end_quietly(channel, rows)
        channel.after = max(channel.after, last)
        if rows or self._waiting or self._shut_down:
            self._events.put(_Results(channel, rows))

    def _end_quietly(self, channel: _Channel, rows: list[End]) -> list[End]:
        """Tell who waits at once, without waking the other thread; those for which that does not do."""
        left = []
        for end in rows:
            future = channel.flying.get(end.index)
            if future is None or end.state != "succeeded" or end.payload[:1] == b"b":
                left.append(end)
            elif future.end_quietly(end.payload):
                channel.flying.pop(end.index, None)
            else:
                left.append(end)
        self._adapt(time.monotonic(), len(rows) - len(left))
        return left

    def _take(self, channel: _Channel, rows: list[End]) -> None:
        now = time.monotonic()
        flying = channel.flying
        for end in rows:
            future = flying.pop(end.index, None)
            if future is None or not future.claim():
                continue
            payload = end.payload
            if end.state == "succeeded" and payload[:1] != b"b":
                future.set_result(_Sealed(payload))
            else:
                self._end(future, end.state, end.error, payload)
                if self._broken is not None:
                    return
        self._adapt(now, len(rows))

    def _end(self, future: CallFuture, state: str, error: str, payload: bytes) -> None:
        """An end that is no plain result."""
        assert self._client is not None
        try:
            payload = fetch_payload(self._client.link, payload)
            if state == "succeeded":
                future.set_result(results.decode_result(payload))
                return
        except Exception as problem:
            future.set_exception(problem)
            return
        if state in ("cancelled", "skipped"):
            future.set_exception(CancelledError(f"the call was {state} in the core"))
        elif error.startswith("the initializer failed"):
            broken = self._break(f"a worker could not be initialised: {error.splitlines()[0]}")
            broken.__cause__ = exception_of(payload, error, "the initializer failed")
            future.set_exception(broken)
        elif results.is_error(payload):
            future.set_exception(exception_of(payload, error, "the call failed"))
        else:
            future.set_exception(self._break(f"a worker process died: {error or 'no reason is known'}"))

    def _adapt(self, now: float, count: int) -> None:
        """Measure how fast calls end, and set the window to what will be done soon."""
        if self._core is not None and self._max_workers is not None:
            return
        with self._lock:
            self._adapt_now(now, count)

    def _adapt_now(self, now: float, count: int) -> None:
        self._rate_count += count
        elapsed = now - self._rate_since
        if elapsed < 0.02:
            return
        if elapsed < 2.0:
            self._window = int(min(MAX_WINDOW, max(self._floor, self._rate_count / elapsed * AHEAD, self._window / 2)))
        self._rate_since, self._rate_count = now, 0

    def _break(self, reason: str) -> BrokenWorkers:
        """Fail everything, now and later."""
        with self._lock:
            self._broken = reason
            waiting = list(self._waiting)
            self._waiting.clear()
        for call in waiting:
            if call.future.set_running_or_notify_cancel():
                call.future.set_exception(BrokenWorkers(reason))
        for channel in self._channels.values():
            flying, channel.flying = list(channel.flying.values()), {}
            for future in flying:
                if future.claim():
                    future.set_exception(BrokenWorkers(reason))
        return BrokenWorkers(reason)

    def _leave(self) -> None:
        """Close the hidden runs and let the core go."""
        self._left = True
        client = self._client
        if client is None:
            return
        if self._core is not None:
            for channel in self._channels.values():
                with contextlib.suppress(WindlassError):
                    if self._broken is not None:
                        client.link.ask(m.Control(0, "cancel", channel.run), timeout=5.0)
                    client.link.ask(m.CloseTask(0, channel.run, 0), timeout=5.0)
                    client.link.ask(m.Control(0, "delete", channel.run), timeout=5.0)
        if client is not self._core:
            client.close()

    def _blob(self, function: Any) -> tuple[str, bytes]:
        if self._prepared is None:
            return pickle_function(function)
        data = dumps({**self._prepared, "function": function})
        return hashlib.sha256(data).hexdigest(), data
