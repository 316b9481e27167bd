"""A TCP proxy of our own between agents or clients and the core: what networks do to connections, on demand.

One listening port a party, so that each has troubles of its own. All of them are troubles of connections, never of
bytes: CurveZMQ refuses changed, repeated and reordered frames by itself, and ends such a connection, which `cut` does
more directly. Repeated and reordered *messages* are played in the scheduler's World (`tests/core/sched/world.py`).

    delay       every piece arrives so much later (both ways, order kept)
    throttle    at most so many bytes a second each way
    blackhole   half-open: nothing passes and nobody is told; what was sent waits here. When it ends, what an old
                connection had sent still arrives, even though its owner has long dialled again: the stale connection
                that comes back
    cut         all connections are reset; new ones are welcome (several in a row are a reconnect storm)
    refuse      new connections are reset as soon as they are made
"""

from __future__ import annotations

import contextlib
import heapq
import os
import selectors
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Callable

PIECE = 64 * 1024
WITHIN = 30.0
"""Seconds within which the proxy's thread does what it is told, however busy the machine is."""
BACKLOG = 4 * 1024 * 1024
"""Bytes that wait here one way before we stop reading, so that a flood is held back and not kept."""
_RESET = struct.pack("ii", 1, 0)
"""SO_LINGER that turns `close` into a reset."""


class _Way:
    """One direction of a connection: bytes wait until their time has come."""

    def __init__(self, source: socket.socket, sink: socket.socket) -> None:
        self.source = source
        self.sink = sink
        self.waiting: deque[tuple[float, bytes]] = deque()
        self.size = 0
        self.ended = False
        """The source has ended; the sink is told after the last byte."""
        self.free_at = 0.0
        """When the throttle lets the next piece pass."""


class Wire:
    """One party's way to the core. All methods may be called from any thread."""

    def __init__(self, proxy: Proxy, name: str) -> None:
        self._proxy = proxy
        self.name = name
        self.delay = 0.0
        self.rate = 0.0
        """Bytes a second; 0: no limit."""
        self.hole = False
        self.refusing = False
        self.connections = 0
        """Made so far."""
        self.ways: list[_Way] = []
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.listener.setblocking(False)
        self.port: int = self.listener.getsockname()[1]

    @property
    def endpoint(self) -> str:
        return f"tcp://127.0.0.1:{self.port}"

    def cut(self) -> None:
        """Reset all connections."""
        self._proxy.call(lambda: self._proxy.drop(self))

    def set(self, **values: float | bool) -> None:
        """Change `delay`, `rate`, `hole` or `refusing`."""
        self._proxy.call(lambda: [setattr(self, name, value) for name, value in values.items()])

    def heal(self) -> None:
        self.set(delay=0.0, rate=0.0, hole=False, refusing=False)


class Proxy:
    """All wires, in one thread. A context manager."""

    def __init__(self, target: Callable[[], int]) -> None:
        self._target = target
        """The core's port."""
        self.wires: dict[str, Wire] = {}
        self.passed = 0
        """Bytes."""
        self._selector = selectors.DefaultSelector()
        self._calls: deque[Callable[[], object]] = deque()
        self._wake, self._waker = os.pipe()
        os.set_blocking(self._wake, False)
        self._selector.register(self._wake, selectors.EVENT_READ, None)
        self._events: dict[socket.socket, int] = {}
        self._by_socket: dict[socket.socket, tuple[Wire, _Way, _Way]] = {}
        """Socket -> (wire, the way that it feeds, the way that ends in it)."""
        self._timers: list[float] = []
        self._going = True
        self._thread = threading.Thread(target=self._run, name="proxy", daemon=True)
        self._thread.start()

    def __enter__(self) -> Proxy:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def wire(self, name: str) -> Wire:
        """A new party."""
        wire = self.wires[name] = Wire(self, name)
        self.call(lambda: self._selector.register(wire.listener, selectors.EVENT_READ, wire))
        return wire

    def call(self, what: Callable[[], object]) -> None:
        """Do it in the proxy's thread. It is done when this returns, so that what is sent next feels it."""
        done = threading.Event()
        self._calls.append(lambda: (what(), done.set()))
        os.write(self._waker, b"!")
        assert done.wait(WITHIN), "the proxy hangs"

    def close(self) -> None:
        self.call(lambda: setattr(self, "_going", False))
        self._thread.join()
        for wire in self.wires.values():
            self.drop(wire)
            wire.listener.close()
        self._selector.close()
        os.close(self._wake)
        os.close(self._waker)

    # --- the thread ------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while self._going:
            now = time.monotonic()
            while self._timers and self._timers[0] <= now:
                heapq.heappop(self._timers)
            timeout = max(0.0, self._timers[0] - now) if self._timers else None
            for key, events in self._selector.select(timeout):
                if key.fd == self._wake:
                    with contextlib.suppress(BlockingIOError):
                        os.read(self._wake, 4096)
                elif isinstance(key.data, Wire):
                    self._accept(key.data)
                elif events & selectors.EVENT_READ and isinstance(key.fileobj, socket.socket):
                    self._read(key.fileobj)
            while self._calls:
                self._calls.popleft()()
            for wire in self.wires.values():
                for way in list(wire.ways):
                    self._push(wire, way)

    def _accept(self, wire: Wire) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = wire.listener.accept()
                if wire.refusing:
                    _reset(near)
                    continue
                try:
                    far = socket.create_connection(("127.0.0.1", self._target()), timeout=1.0)
                except OSError:
                    _reset(near)  # the core is away, and so it would be without us
                    continue
                wire.connections += 1
                up, down = _Way(near, far), _Way(far, near)
                for sock, feeds, drains in ((near, up, down), (far, down, up)):
                    sock.setblocking(False)
                    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    self._by_socket[sock] = (wire, feeds, drains)
                    self._watch(sock)
                wire.ways += [up, down]

    def _watch(self, sock: socket.socket) -> None:
        """Read where there is room, write where something could not be written."""
        wire, feeds, drains = self._by_socket[sock]
        events = selectors.EVENT_READ if not feeds.ended and feeds.size < BACKLOG else 0
        now = time.monotonic()
        if drains.waiting and not wire.hole and drains.waiting[0][0] <= now and drains.free_at <= now:
            events |= selectors.EVENT_WRITE
        if events == self._events.get(sock, 0):
            return
        if not self._events.get(sock, 0):
            self._selector.register(sock, events)
        elif events:
            self._selector.modify(sock, events)
        else:
            self._selector.unregister(sock)
        self._events[sock] = events

    def _read(self, sock: socket.socket) -> None:
        found = self._by_socket.get(sock)
        if found is None:
            return
        wire, feeds, _ = found
        try:
            data = sock.recv(PIECE)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if data:
            due = time.monotonic() + wire.delay
            feeds.waiting.append((due, data))
            feeds.size += len(data)
            if wire.delay:
                heapq.heappush(self._timers, due)
        else:
            feeds.ended = True

    def _push(self, wire: Wire, way: _Way) -> None:
        """Send what is due; close what has ended."""
        now = time.monotonic()
        while way.waiting and not wire.hole and way.waiting[0][0] <= now:
            if way.free_at > now:
                heapq.heappush(self._timers, way.free_at)
                break
            due, data = way.waiting[0]
            piece = data[: max(1, int(wire.rate / 20))] if wire.rate else data
            try:
                sent = way.sink.send(piece)
            except BlockingIOError:
                break
            except OSError:
                self._close(wire, way)
                return
            self.passed += sent
            way.size -= sent
            if sent < len(data):
                way.waiting[0] = (due, data[sent:])
            else:
                way.waiting.popleft()
            if wire.rate:
                way.free_at = now + sent / wire.rate
        if way.ended and not way.waiting and not wire.hole:
            self._close(wire, way)
            return
        for sock in (way.source, way.sink):
            if sock in self._by_socket:
                self._watch(sock)

    def _close(self, wire: Wire, way: _Way) -> None:
        """Both ends of the connection that this way belongs to."""
        for sock in (way.source, way.sink):
            if self._by_socket.pop(sock, None) is not None:
                if self._events.pop(sock, 0):
                    self._selector.unregister(sock)
                sock.close()
        wire.ways = [other for other in wire.ways if other.source not in (way.source, way.sink)]

    def drop(self, wire: Wire) -> None:
        for way in list(wire.ways):
            for sock in (way.source, way.sink):
                with contextlib.suppress(OSError):
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            if way in wire.ways:
                self._close(wire, way)


def _reset(sock: socket.socket) -> None:
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    sock.close()
