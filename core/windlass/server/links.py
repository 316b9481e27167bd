"""The core's one socket, the connections behind it, and what waits to be sent to each.

Sends never block: what a peer does not take stands in its own bounded queue. A peer that lets its queue overflow
is forgotten and asked who it is when it reads again, so that it starts from a snapshot (a client) or a HELLO (an
agent); nothing of the overflow is silently missing from what it believes to be whole.
"""

from __future__ import annotations

import logging
import math
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable

import zmq

from windlass.server.zap import Zap
from windlass.wire import codec, keys, limits, local, multipart
from windlass.wire import messages as m

log = logging.getLogger("windlass.links")

QUEUE_BYTES = 96 * 1024 * 1024
"""What may wait for one peer."""
QUEUES_BYTES = 256 * 1024 * 1024
"""And for all of them together: beyond it, who has most starts anew."""
QUEUE_MESSAGES = 20_000
QUESTIONS = 1000
"""What one peer may wait for at a time: ends, logs, programs. Each look for who has waited long enough passes them."""
IDLE = 3600.0
"""Seconds after which a connection that says nothing and follows nothing is forgotten."""
STRANGER = 60.0
"""The same for one that never said HELLO."""
AGAIN = (0.003, 0.25)
"""Seconds until what a peer did not take is offered again: at first, and at most, while it goes on not to read."""
SOON = 0.005
"""Seconds that a message may wait for another one to the same peer: waking a process costs more than the message."""
COMPLAINT = 5.0
"""Seconds between two log lines about the same kind of refused frames."""
UNKNOWN = m.Refused(
    "unknown-key",
    "this key is not known to the core: join with a token (`windlass token` on the core's machine)",
)


class Connection:
    """One peer as long as its link lasts. After a reconnect it is another connection."""

    __slots__ = (
        "agent", "heard", "identity", "key", "kind", "name", "open", "overflowed", "queue", "queued", "soon", "tells",
        "topics",
    )  # fmt: skip

    def __init__(self, identity: bytes, key: str, now: float) -> None:
        self.identity = identity
        self.key = key
        self.kind = ""
        """agent or client, once it has said HELLO."""
        self.name = ""
        self.agent = ""
        """The agent's id."""
        self.heard = now
        self.queue: deque[list[bytes]] = deque()
        self.queued = 0
        """Bytes in the queue."""
        self.overflowed = False
        self.soon: list[list[bytes]] = []
        """What goes along with the next message, or a moment later by itself."""
        self.open = 0
        """Its questions that wait for something to happen."""
        self.topics: set[str] = set()
        self.tells = False
        """It says how much of the news it has read."""

    def __repr__(self) -> str:
        return f"<Connection {self.kind or 'unknown'} {self.name or self.key[:8]}>"


Received = tuple[Connection, m.Message, list[bytes]]
"""A message with its payload, and from whom."""


class Links:
    def __init__(self, own: keys.KeyPair) -> None:
        self._public = own.public
        self.context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self.zap = Zap(self.context)
        self.socket = self.context.socket(zmq.ROUTER)
        self.socket.linger = 500
        self.socket.router_mandatory = True
        self.socket.sndhwm = 2000
        self.socket.rcvhwm = 2000
        self.socket.backlog = 1024
        self.socket.maxmsgsize = max(limits.HEADER, limits.PAYLOAD_FRAME)
        self.socket.heartbeat_ivl = 5_000
        self.socket.heartbeat_timeout = 15_000
        self.socket.heartbeat_ttl = 30_000
        self.socket.curve_server = True
        self.socket.curve_secretkey = own.secret.encode("ascii")
        self.socket.zap_domain = b"windlass"
        self.fd = int(self.socket.getsockopt(zmq.FD))
        """Readable when something has come since `waiting` was last asked, or a message sent."""
        self.known: Callable[[str], bool] = lambda key: True
        """Whether a key has a role; what others send is decoded only if it is small."""
        self.sure = False
        """A poll has just said that something has come, so that need not be asked."""
        self.counters: Counter[str] = Counter()
        self.connections: dict[bytes, Connection] = {}
        self.gone: list[Connection] = []
        """Connections found broken since the loop last looked."""
        self._behind: set[Connection] = set()
        self._soon: dict[Connection, float] = {}
        """Until when something may wait for company."""
        self._again = AGAIN[0]
        self._complained: dict[str, float] = {}

    def bind(self, endpoint: str) -> str:
        """Listen, for peers on this machine also on a local socket; the real endpoint (a `*` port becomes a number)."""
        self.socket.ipv6 = "[" in endpoint
        self.socket.bind(endpoint)
        found = str(self.socket.getsockopt_string(zmq.LAST_ENDPOINT)).rstrip("\0")
        twin = local.beside(found, self._public)
        if twin is not None:
            try:
                self.socket.bind(twin)
            except zmq.ZMQError as error:
                log.warning("peers on this machine will use TCP: cannot listen on %s: %s", twin, error)
        return found

    def close(self) -> None:
        self.tick(math.inf)
        self.flush()
        self.socket.close()
        self.zap.close()
        self.context.term()

    # --- receiving ---

    @property
    def waiting(self) -> bool:
        """Whether a message is there."""
        return multipart.waiting(self.socket)

    def receive(self, now: float) -> Received | None:
        """The next good message; None when there is none. Bad ones are counted on the way, and dropped."""
        while self.sure or multipart.waiting(self.socket):
            self.sure = False
            try:
                frames = multipart.receive(self.socket)
            except zmq.Again:
                return None
            try:
                key = frames[-1].get("User-Id")
            except zmq.ZMQError:
                key = ""
            identity = frames[0].bytes
            connection = self.connections.get(identity)
            if connection is None or connection.key != key:
                connection = self._new(identity, str(key), now)
            connection.heard = now
            try:
                sizes = [len(frame) for frame in frames[1:]]
                codec.check_sizes(sizes)
                if sum(sizes) > limits.STRANGER and not self.known(connection.key):
                    self.complain("unknown-key", f"{connection!r} is not known here", now)
                    self.send(connection, UNKNOWN)
                    continue
                message, payload = codec.decode_checked([frame.bytes for frame in frames[1:]])
            except codec.WireError as error:
                self.complain(error.code, f"{connection!r} sent a bad message: {error}", now)
                continue
            return connection, message, payload
        return None

    def _new(self, identity: bytes, key: str, now: float) -> Connection:
        old = self.connections.get(identity)
        if old is not None:
            self.drop(old)
        connection = self.connections[identity] = Connection(identity, key, now)
        return connection

    def complain(self, code: str, text: str, now: float) -> None:
        """Count something refused, and log it, but not faster than anybody can read."""
        self.counters[code] += 1
        if now - self._complained.get(code, 0.0) >= COMPLAINT:
            self._complained[code] = now
            log.warning("%s (%s: %d so far)", text, code, self.counters[code])

    # --- sending ---

    def send(self, connection: Connection, message: m.Message, payload: Iterable[bytes] = ()) -> bool:
        """Whether the message could be made at all; whether it arrives shows in the answer."""
        try:
            frames = codec.encode(message, payload)
        except codec.WireError as error:
            self.counters["unsendable"] += 1
            log.error("a %s to %r is too large to be sent: %s", type(message).__name__, connection, error)
            if isinstance(message, m.Reply):
                self.send(connection, m.Failure(message.req, "internal", f"the answer is too large: {error}"))
            return False
        self.send_frames(connection, frames)
        return True

    def send_frames(self, connection: Connection, frames: list[bytes]) -> None:
        """Send now if the peer keeps up, else queue. Encoded once, a message may go to many."""
        self._send_frames(connection, frames)
        if connection.soon:
            self._send_soon(connection)

    def send_soon(self, connection: Connection, message: m.Message, now: float) -> None:
        """Send what nobody waits for: behind the next message to this peer, or alone in a moment."""
        connection.soon.append(codec.encode(message))
        self._soon.setdefault(connection, now + SOON)

    def _send_soon(self, connection: Connection) -> None:
        self._soon.pop(connection, None)
        soon, connection.soon = connection.soon, []
        for frames in soon:
            self._send_frames(connection, frames)

    def tick(self, now: float) -> None:
        """Send what has waited long enough."""
        if self._soon:
            for connection in [one for one, until in self._soon.items() if now >= until]:
                self._send_soon(connection)

    def next_deadline(self) -> float | None:
        return min(self._soon.values(), default=None)

    def _send_frames(self, connection: Connection, frames: list[bytes]) -> None:
        if not connection.queue and self._try(connection, frames):
            return
        if connection.overflowed:
            return
        size = sum(map(len, frames))
        if connection.queued + size > QUEUE_BYTES or len(connection.queue) >= QUEUE_MESSAGES:
            self._overflow(connection)
            return
        if connection not in self._behind:
            self._behind.add(connection)
            self._again = AGAIN[0]
        connection.queue.append(frames)
        connection.queued += size
        if sum(one.queued for one in self._behind) > QUEUES_BYTES:
            # An agent's queue goes last: work hangs on it.
            self._overflow(max(self._behind, key=lambda one: (one.kind != "agent", one.queued)))

    def _overflow(self, connection: Connection) -> None:
        self.counters["overflows"] += 1
        log.warning("%r does not read: %d bytes for it were dropped; it will start anew", connection, connection.queued)
        connection.queue.clear()
        connection.queue.append(codec.encode(m.WhoAreYou()))
        connection.queued = 0
        connection.overflowed = True
        connection.topics.clear()
        connection.kind = ""
        self._behind.add(connection)

    def _try(self, connection: Connection, frames: list[bytes]) -> bool:
        """Whether it is gone from our hands (sent, or its peer is gone)."""
        if self.connections.get(connection.identity) is not connection:
            return True  # who has its identity now may be another, to whom this was not said
        try:
            multipart.send(self.socket, [connection.identity, *frames])
        except zmq.Again:
            return False
        except zmq.ZMQError as error:
            if error.errno != zmq.EHOSTUNREACH:
                log.warning("sending to %r: %s", connection, error)
            self.drop(connection)
        return True

    def flush(self) -> None:
        """Try again what waits."""
        moved = False
        for connection in list(self._behind):
            while connection.queue:
                frames = connection.queue[0]
                if not self._try(connection, frames):
                    break
                moved = True
                if connection.queue:
                    connection.queue.popleft()
                    connection.queued = max(0, connection.queued - sum(map(len, frames)))
            else:
                self._behind.discard(connection)
                connection.queued = 0
                connection.overflowed = False
        # One client that never reads must not keep the core awake for good.
        self._again = AGAIN[0] if moved else min(2 * self._again, AGAIN[1])

    @property
    def behind(self) -> bool:
        """Whether anything waits for a peer to read."""
        return bool(self._behind)

    @property
    def again(self) -> float | None:
        """Seconds until `flush` should be called; None: nothing waits."""
        return self._again if self._behind else None

    def drop(self, connection: Connection) -> None:
        """Forget a connection; what waited for it is lost, and its peer says HELLO when it comes back."""
        if self.connections.get(connection.identity) is connection:
            del self.connections[connection.identity]
        connection.queue.clear()
        connection.queued = 0
        self._behind.discard(connection)
        self._soon.pop(connection, None)
        self.gone.append(connection)

    def sweep(self, now: float | None = None) -> None:
        """Forget who has long said nothing."""
        now = time.time() if now is None else now
        for connection in list(self.connections.values()):
            patience = IDLE if connection.kind else STRANGER
            if now - connection.heard > patience and not connection.topics:
                self.drop(connection)
