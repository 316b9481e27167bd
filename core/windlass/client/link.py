"""A client's connection to its core: one network thread, one DEALER, and the decisions of `LinkState`.

Any thread may call the methods of `Link`. Callbacks (of subscriptions, of the state) run on the network thread; those
of futures may also run on a thread that waits for an answer and serves the socket meanwhile (`helm.py`). They must be
quick and must not wait for another request.
"""

from __future__ import annotations

import contextlib
import math
import os
import random
import select
import socket as sockets
import struct
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import zmq

from windlass.client import link_state as s
from windlass.client.connect import Locate, remember
from windlass.client.errors import CoreRefused, CoreUnreachable, LinkClosed, TransferFailed, WindlassError
from windlass.client.files import Sink, Source
from windlass.client.helm import SERVE, Bell, Helm, Unbroken
from windlass.model.graph import FileRef
from windlass.wire import codec, keys, limits, local, multipart
from windlass.wire import messages as m

_LOST = (
    zmq.Event.DISCONNECTED
    | zmq.Event.CLOSED
    | zmq.Event.HANDSHAKE_FAILED_AUTH
    | zmq.Event.HANDSHAKE_FAILED_PROTOCOL
    | zmq.Event.HANDSHAKE_FAILED_NO_DETAIL
)
_EVENT = struct.Struct("=H")
"""The first field of libzmq's monitor messages: which event it is."""
_BURST = 200
"""Messages taken from the socket before other work gets a turn."""
_QUEUE = 100_000
"""Messages that may wait to be sent while the core does not read."""
SECOND_LOOK = 1.0
"""Seconds after which the network thread looks into the socket without a sign, while somebody waits to hear.

A sign that were lost between the threads that share the socket would cost this once, and not the answer."""

Subscriber = Callable[[m.Snapshot | m.Delta], None]


class Subscription:
    """Ends with `close`; from then on its callback is not called any more (one call may be under way).

    `change` follows other topics from now on; those that it followed before go on without a new snapshot.
    """

    def __init__(self, link: Link, topics: tuple[str, ...], callback: Subscriber) -> None:
        self.topics = topics
        self.callback = callback
        self._link = link

    def change(self, topics: Iterable[str]) -> None:
        self._link._resubscribe(self, tuple(topics))

    def close(self) -> None:
        self._link._unsubscribe(self)

    def __enter__(self) -> Subscription:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


class Link:
    """A conversation with one core that lasts until `close`, however often the connection breaks."""

    def __init__(
        self,
        locate: Locate,
        *,
        name: str = "client",
        on_phase: Callable[[str, str], None] | None = None,
        home: Path | None = None,
    ) -> None:
        self._locate = locate
        self._name = name
        self._home = home
        self._on_phase = on_phase
        self._state = s.LinkState(name)
        self._random = random.Random()  # not the module's: a program's own seeded numbers must stay its own
        self._target_secret: str | None = None
        self._commands: deque[Callable[[], Iterable[s.Effect]]] = deque()
        self._lock = threading.Lock()
        self._awake = False
        self._closing = False
        self._ended = False
        """The network thread carries out no more commands; whoever gives one does it, and is refused."""
        self._tickets = 0
        self._futures: dict[int, Future[Any]] = {}
        self._parts: dict[int, Callable[[s.Answer], None]] = {}
        """Who takes the answers of a request that stands."""
        self._enders: dict[int, Callable[[s.Answer | WindlassError], None]] = {}
        """Who takes the answer of a request without a future."""
        self._sources: dict[int, tuple[Source, Callable[[int], None] | None]] = {}
        self._sinks: dict[int, tuple[Sink, Callable[[int], None] | None]] = {}
        self._subscriptions: list[Subscription] = []
        self._outbox: deque[list[bytes]] = deque()
        self._socket: zmq.Socket[bytes] | None = None
        self._monitor: zmq.Socket[bytes] | None = None
        self._endpoint = ""
        self._public = ""
        self._phase_changed = threading.Condition()
        self._phase = ("connecting", "")
        self._bell, self._guests_bell = Bell(), Bell()
        self._helm = Helm()
        self._own: deque[Callable[[], None]] = deque()
        """What a guest at the helm leaves to the network thread."""
        self._descriptors = (-1, -1)
        """Of the socket and its monitor: readable when these should be looked at; -1 without them."""
        self._guests_poll = (-2, select.poll())
        """What a guest sleeps on, and the socket's descriptor that it is for."""
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._thread = threading.Thread(target=self._run, name=f"windlass-link-{name}", daemon=True)
        self._thread.start()

    def __repr__(self) -> str:
        return f"<Link {self._phase[0]} {self._endpoint}>"

    # --- for any thread ------------------------------------------------------------------------------------

    @property
    def phase(self) -> str:
        """connecting, up, refused or closed."""
        return self._phase[0]

    @property
    def reason(self) -> str:
        """Why it is not up, for people."""
        return self._phase[1]

    @property
    def endpoint(self) -> str:
        """Where it last dialled."""
        return self._endpoint

    @property
    def welcome(self) -> m.ClientWelcome | None:
        """What the core said of itself, while the link is up."""
        return self._state.welcome

    def wait_up(self, timeout: float | None = 10.0) -> None:
        """Return once the core has welcomed us; `CoreUnreachable` when it does not in time, `CoreRefused` if never."""
        with self._phase_changed:
            self._phase_changed.wait_for(lambda: self._phase[0] != "connecting", timeout)
            phase, reason = self._phase
        if phase == "refused":
            raise CoreRefused("refused", reason)
        if phase == "closed":
            raise LinkClosed("the client was closed")
        if phase != "up":
            raise CoreUnreachable(reason or f"no answer from {self._endpoint or 'the core'} within {timeout:g} s")

    def request(
        self,
        message: m.Message,
        payload: Sequence[bytes] = (),
        *,
        at_once: bool = False,
        on_part: Callable[[s.Answer], None] | None = None,
    ) -> Future[s.Answer]:
        """Ask the core. The future waits through lost connections; `message.req` is filled in here.

        `at_once`: this thread sends it, if it can. `on_part` gets the answers before the last one of a request that
        stands.
        """
        future: Future[s.Answer] = Future()
        ticket = self._ticket(future)
        if on_part is not None:
            self._parts[ticket] = on_part
        self._do(lambda: self._state.request(ticket, message, payload), at_once)
        return future

    def post(
        self, message: m.Message, payload: Sequence[bytes], ended: Callable[[s.Answer | WindlassError], None]
    ) -> None:
        """`request`, at once and without a future: `ended` gets what comes of it. It must not raise anything."""
        with self._lock:
            self._tickets += 1
            ticket = self._tickets
        self._enders[ticket] = ended
        self._do(lambda: self._state.request(ticket, message, payload), at_once=True)

    def ask(self, message: m.Message, payload: Sequence[bytes] = (), timeout: float | None = 30.0) -> s.Answer:
        """`request`, waited for. `CoreUnreachable` when no answer came in time. Not from a callback."""
        if threading.current_thread() is self._thread or self._helm.mine:
            raise RuntimeError("a callback of the link must not wait for the link")
        future = self.request(message, payload, at_once=True)
        try:
            return future.result(self.serve(future, timeout))
        except TimeoutError:
            self._forget(future)
            detail = f" ({self.reason})" if self.reason else ""
            raise CoreUnreachable(f"the core did not answer within {timeout:g} s{detail}") from None

    def serve(self, future: Future[Any], timeout: float | None = None) -> float | None:
        """Listen in this thread until the future is done, but not for long; what is left of the timeout then.

        For a thread that waits for an answer of the core, in place of the network thread.
        """
        began = time.monotonic()
        if future.done() or self._helm.mine:
            return timeout
        with Unbroken() as unbroken:
            until = began + (SERVE if timeout is None else min(SERVE, timeout))
            if not unbroken.allowed or not self._helm.come(until):
                return timeout
            try:
                while (left := self._serve_once(future, until)) > 0:
                    self._rest(left)
            except BaseException:
                with self._helm:
                    self._helm.leave(False, True)
                self._ring()
                raise
        return None if timeout is None else max(0.0, timeout - (time.monotonic() - began))

    def _serve_once(self, future: Future[Any], until: float) -> float:
        """Take what came, but nothing after the answer. Seconds to wait for more; 0: the guest has left."""
        left, unread = 0.0, True
        with self._helm:
            if self._commands:
                self._drain()
            done = future.done()
            while not done and (unread := self._look()):
                self._take()
                done = future.done()
            if not done and self._socket is not None and not self._own and self._helm.left:
                left = until - time.monotonic()
            if left > 0:
                return left
            # Parked, the network thread will look by itself.
            unread = bool(self._own) or (unread and not self._helm.parked and self._look())
            rings = self._helm.leave(done, unread)
        if rings:
            self._ring(leased=done)
        return 0.0

    def _rest(self, left: float) -> None:
        """Sleep as a guest until something comes or somebody has touched the socket, or so many seconds."""
        socket, bell = self._descriptors[0], self._guests_bell.fileno()
        if self._guests_poll[0] != socket:
            self._guests_poll = socket, select.poll()
            for fd in (socket, bell):
                if fd >= 0:
                    self._guests_poll[1].register(fd, select.POLLIN)
        for fd, _ in self._guests_poll[1].poll(left * 1000 if socket >= 0 else 0):
            if fd == bell:
                self._guests_bell.clear()

    def subscribe(self, topics: Iterable[str], callback: Subscriber) -> Subscription:
        """Follow topics: the callback gets a snapshot of each, then its deltas, on the network thread.

        A snapshot may come again at any time (after a lost connection, or for another subscriber) and replaces all.
        """
        subscription = Subscription(self, tuple(topics), callback)

        def follow() -> Iterable[s.Effect]:
            self._subscriptions.append(subscription)
            return self._state.follow(self._followed(), subscription.topics)

        self._do(follow)
        return subscription

    def upload(
        self, content: Path | bytes, hash: str, size: int, progress: Callable[[int], None] | None = None
    ) -> Future[None]:
        """Bring a blob to the core; `progress` gets the number of bytes of each piece that was sent."""
        future: Future[None] = Future()
        ticket = self._ticket(future)
        self._sources[ticket] = (Source(content), progress)
        self._do(lambda: self._state.upload(ticket, hash, size))
        return future

    def download(
        self, ref: FileRef, target: Path | None = None, progress: Callable[[int], None] | None = None
    ) -> Future[bytes]:
        """Fetch a blob into a file (the future's result is then empty) or, without a target, into memory."""
        future: Future[bytes] = Future()
        ticket = self._ticket(future)
        self._sinks[ticket] = (Sink(ref, target), progress)
        self._do(lambda: self._state.download(ticket, ref.hash, ref.size, time.monotonic()))
        return future

    def close(self, timeout: float = 5.0) -> None:
        """End the conversation; what waits for an answer fails with `LinkClosed`."""
        self._closing = True
        self._ring()
        if threading.current_thread() is not self._thread:
            self._thread.join(timeout)

    def __enter__(self) -> Link:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    # --- between the threads -------------------------------------------------------------------------------

    def _ticket(self, future: Future[Any]) -> int:
        with self._lock:
            self._tickets += 1
            ticket = self._tickets
            self._futures[ticket] = future
        return ticket

    def _do(self, command: Callable[[], Iterable[s.Effect]], at_once: bool = False) -> None:
        """Have this run at the helm, in the order of the calls: by the network thread, unless it is to be at once."""
        self._commands.append(command)
        if self._ended:
            self._drain()
        elif self._helm.mine:
            pass  # whoever holds it looks before letting go
        elif at_once and self._do_now():
            pass
        elif not self._awake:
            self._ring()

    def _do_now(self) -> bool:
        """Run what waits in this thread; False where that cannot be."""
        with Unbroken() as unbroken:
            if not unbroken.allowed or not self._helm.take():
                return False
            guest = rings = False
            try:
                self._drain()
                guest = self._helm.visited
                rings = bool(self._own) or not (guest or self._helm.parked or not self._look())
            finally:
                self._helm.__exit__()
            if guest:
                self._guests_bell.ring()
            if rings:
                self._ring()
        return True

    def _ring(self, leased: bool = False) -> None:
        """Wake the network thread: to listen, or with `leased` to park, if it still may."""
        if not leased:
            self._helm.end_lease()
            if self._helm.visited:
                self._guests_bell.ring()  # it goes, and lets the network thread listen
        self._awake = True
        self._bell.ring()

    def _forget(self, future: Future[Any]) -> None:
        def forget() -> Iterable[s.Effect]:
            for ticket, known in list(self._futures.items()):
                if known is future:
                    del self._futures[ticket]
                    self._state.forget(ticket)
            return ()

        self._do(forget)

    def _resubscribe(self, subscription: Subscription, topics: tuple[str, ...]) -> None:
        def follow() -> Iterable[s.Effect]:
            fresh = set(topics).difference(subscription.topics)
            subscription.topics = topics
            return self._state.follow(self._followed(), fresh)

        self._do(follow)

    def _unsubscribe(self, subscription: Subscription) -> None:
        def unfollow() -> Iterable[s.Effect]:
            with contextlib.suppress(ValueError):
                self._subscriptions.remove(subscription)
            return self._state.follow(self._followed())

        self._do(unfollow)

    def _followed(self) -> list[str]:
        return list(dict.fromkeys(topic for each in self._subscriptions for topic in each.topics))

    # --- the network thread --------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            while not self._closing:
                self._turn()
        finally:
            with self._helm:
                self._carry_out(self._state.close())
                self._ended = True
                self._drain()
                self._hang_up()
            self._context.term()
            self._bell.close()
            self._guests_bell.close()

    def _turn(self) -> None:
        state = self._state
        with self._helm:
            now = time.monotonic()
            if state.phase == "connecting" and not state.dialled and now >= state.retry_at:
                self._dial()
            due = state.deadline()
            lease = self._helm.park()
            busy = bool(self._commands or self._own) or not (lease or self._all_read())
            descriptors = self._descriptors
        wait = None if due is None else max(0.0, due - now)
        most = lease or (SECOND_LOOK if self._futures or self._subscriptions else math.inf)
        wait = most if wait is None else min(wait, most)
        self._sleep(descriptors, lease > 0, 0.0 if busy else wait)
        self._awake = False
        with self._helm:
            listens, socket = not self._helm.left, self._socket
            touched = listens or bool(self._commands or self._own or self._outbox)
            while self._own:
                self._own.popleft()()
            self._drain()
            if listens:
                self._receive()
            self._carry_out(state.tick(time.monotonic()))
            self._watch()
            self._drain()
            self._flush()
            guest = self._helm.visited and (touched or self._socket is not socket)
        if guest:
            self._guests_bell.ring()

    def _all_read(self) -> bool:
        """Whether nothing waits in the sockets. Only after such a look do their descriptors tell of what comes."""
        return not (self._monitor is not None and multipart.waiting(self._monitor)) and not self._look()

    def _look(self) -> bool:
        """Whether a message waits, after all was sent that can be. If none does, the descriptor tells of what comes."""
        while self._socket is not None:
            unread, room = multipart.events(self._socket)
            if unread or not (room and self._outbox):
                return unread
            self._flush()
        return False

    def _sleep(self, descriptors: tuple[int, int], leased: bool, wait: float) -> None:
        """Until somebody rings or something comes, or so many seconds."""
        bell = self._bell.fileno()
        poll = select.poll()
        poll.register(bell, select.POLLIN)
        for fd in descriptors[leased:]:
            if fd >= 0:
                poll.register(fd, select.POLLIN)
        for fd, _ in poll.poll(None if wait == math.inf else wait * 1000 + 0.5):
            if fd == bell:
                self._bell.clear()

    def _drain(self) -> None:
        while True:
            try:
                command = self._commands.popleft()
            except IndexError:
                return
            self._carry_out(command())

    def _dial(self) -> None:
        try:
            target = self._locate()
        except (WindlassError, keys.KeyFileError) as error:
            self._carry_out(self._state.lost(time.monotonic(), self._random.random(), str(error)))
            return
        if target.secret is not None and target.secret != self._target_secret:
            self._target_secret = target.secret
            self._state.join(target.secret)
        self._endpoint, self._public = target.endpoint, target.public
        socket = self._context.socket(zmq.DEALER)
        try:
            socket.linger = 0
            socket.reconnect_ivl = -1  # we dial anew ourselves, so that no stale message waits in a pipe
            socket.heartbeat_ivl = 5_000
            socket.heartbeat_timeout = 15_000
            socket.maxmsgsize = max(limits.PAYLOAD_FRAME, limits.HEADER)
            socket.sndhwm = 10_000
            socket.rcvhwm = 100_000
            keys.secure(socket, target.own, target.public)
            self._monitor = socket.get_monitor_socket(int(_LOST))
            self._socket = socket
            self._descriptors = int(socket.getsockopt(zmq.FD)), int(self._monitor.getsockopt(zmq.FD))
            socket.connect(local.nearest(target.endpoint, target.public))
        except zmq.ZMQError as error:
            self._socket = socket
            self._lose(f"cannot dial {target.endpoint}: {error}")
            return
        self._carry_out(self._state.dialling(time.monotonic()))

    def _lose(self, reason: str) -> None:
        if threading.get_ident() != self._thread.ident:
            self._own.append(lambda: self._lose(reason))
            return
        self._hang_up()
        self._carry_out(self._state.lost(time.monotonic(), self._random.random(), reason))

    def _hang_up(self) -> None:
        self._outbox.clear()
        self._descriptors = (-1, -1)
        if self._socket is not None:
            self._socket.disable_monitor()
            self._socket.close()
        if self._monitor is not None:
            self._monitor.close()
        self._socket = self._monitor = None

    def _receive(self) -> None:
        """Take what came, at most `_BURST` messages; a malformed one is dropped."""
        for _ in range(_BURST):
            if self._socket is None or not multipart.waiting(self._socket):
                return
            self._take()

    def _take(self) -> None:
        assert self._socket is not None
        try:
            frames = multipart.receive(self._socket)
        except zmq.ZMQError:
            self._lose("the connection failed")
            return
        try:
            message, payload = codec.decode([frame.bytes for frame in frames])
        except codec.WireError:
            return
        self._carry_out(self._state.received(message, payload, time.monotonic()))
        if isinstance(message, m.Delta | m.Snapshot):
            self._carry_out(self._state.read(sum(map(len, frames))))

    def _watch(self) -> None:
        while self._monitor is not None:
            try:
                frames = self._monitor.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return
            except zmq.ZMQError:
                return
            if _EVENT.unpack_from(frames[0])[0] & _LOST:
                self._receive()  # what came before it broke
                if self._monitor is not None:
                    self._lose(f"nobody answers at {self._endpoint}")

    def _flush(self) -> None:
        while self._outbox and self._socket is not None:
            try:
                multipart.send(self._socket, self._outbox[0])
            except zmq.Again:
                return
            except zmq.ZMQError:
                self._lose("the connection failed")
                return
            self._outbox.popleft()

    def _carry_out(self, effects: Iterable[s.Effect]) -> None:
        for effect in effects:
            match effect:
                case s.Send():
                    self._send(effect)
                case s.Finish():
                    self._finish(effect)
                case s.Part():
                    if (take := self._parts.get(effect.ticket)) is not None:
                        take(effect.answer)
                case _ if threading.get_ident() != self._thread.ident and not self._ended:
                    self._own.append(lambda effect=effect: self._carry_out([effect]))  # type: ignore[misc]
                case s.Publish():
                    for each in list(self._subscriptions):
                        if effect.message.topic in each.topics:
                            each.callback(effect.message)
                case s.ReadChunk():
                    self._read_chunk(effect)
                case s.WriteChunk():
                    self._write_chunk(effect)
                case s.Phase():
                    self._tell(effect)
                case s.Redial():
                    self._lose(f"no answer from {self._endpoint}")

    def _send(self, effect: s.Send) -> None:
        try:
            frames = codec.encode(effect.message, effect.payload)
        except codec.WireError as error:
            req = getattr(effect.message, "req", 0)
            self._carry_out(self._state.refuse(req, f"too large for one message: {error}"))
            return
        self._outbox.append(frames)
        if len(self._outbox) > _QUEUE:
            self._lose("the core does not read")
            return
        self._flush()

    def _finish(self, effect: s.Finish) -> None:
        ended = self._enders.pop(effect.ticket, None)
        if ended is not None:
            assert effect.result is not None  # that is the end of a transfer
            ended(effect.result)
            return
        future = self._futures.pop(effect.ticket, None)
        self._parts.pop(effect.ticket, None)
        source, sink = self._sources.pop(effect.ticket, None), self._sinks.pop(effect.ticket, None)
        if source is not None:
            source[0].close()
        result: Any = effect.result
        if sink is not None:
            sink[0].abort()
            result = sink[0].data if result is None else result
        if future is None or not future.set_running_or_notify_cancel():
            return
        if isinstance(result, BaseException):
            future.set_exception(result)
        else:
            future.set_result(result)

    def _read_chunk(self, effect: s.ReadChunk) -> None:
        source, progress = self._sources[effect.ticket]
        want = effect.want
        try:
            if not 0 <= want.length <= limits.CHUNK or want.offset < 0:
                raise TransferFailed(f"a piece of {want.length} bytes was asked for")
            data = source.read(want.offset, want.length)
            if len(data) != min(want.length, max(0, effect.size - want.offset)):
                raise TransferFailed("the file changed while it was uploaded")
        except (OSError, TransferFailed) as error:
            self._carry_out([s.Send(m.BlobMissing(want.hash, "the sender cannot read it"))])
            self._carry_out(self._state.transfer_failed(effect.ticket, str(error), time.monotonic()))
            return
        self._carry_out([s.Send(m.BlobChunk(want.hash, want.offset, effect.size), (data,))])
        if progress is not None:
            progress(len(data))

    def _write_chunk(self, effect: s.WriteChunk) -> None:
        entry = self._sinks.get(effect.ticket)
        if entry is None:
            return
        sink, progress = entry
        try:
            sink.write(effect.offset, effect.data)
            if effect.last:
                sink.finish()
        except (OSError, TransferFailed) as error:
            self._carry_out(self._state.transfer_failed(effect.ticket, str(error), time.monotonic()))
            return
        if progress is not None:
            progress(len(effect.data))
        if effect.last:
            self._finish(s.Finish(effect.ticket, None))

    def _tell(self, effect: s.Phase) -> None:
        if effect.phase == "up" and self._target_secret is not None:
            with contextlib.suppress(OSError):
                remember(self._endpoint, self._public, self._home)
        with self._phase_changed:
            self._phase = (effect.phase, effect.reason)
            self._phase_changed.notify_all()
        if effect.phase in ("refused", "closed"):
            self._hang_up()
        if self._on_phase is not None:
            self._on_phase(effect.phase, effect.reason)


def client_name() -> str:
    """How this process introduces itself: for people who look at who is connected."""
    return f"{sockets.gethostname()}:{os.getpid()}"
