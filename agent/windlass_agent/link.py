"""The socket: a DEALER that speaks CURVE, never blocks, and is thrown away when it falls silent."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

import zmq

from windlass.wire import local, multipart
from windlass.wire.keys import KeyPair, secure

QUEUE = 2000
"""Messages that ZeroMQ may hold in each direction; ours, which is not limited, holds the rest."""


class Link:
    def __init__(self, context: zmq.Context[zmq.Socket[bytes]], own: KeyPair) -> None:
        self._context = context
        self._own = own
        self._queue: deque[list[bytes]] = deque()
        self.socket: zmq.Socket[bytes] | None = None
        self._fd = -1
        self._silent = False
        """Nothing was there when the socket was last asked, and nobody has touched it since."""
        self.dialled = 0
        """Rises whenever the socket is another one, or none."""

    def open(self, endpoint: str, core_public: str) -> None:
        """Dial; what was queued for an earlier link is forgotten. `zmq.ZMQError` for an address that is none."""
        self.close()
        socket = self._context.socket(zmq.DEALER)
        socket.linger = 0
        socket.sndhwm = socket.rcvhwm = QUEUE
        socket.setsockopt(zmq.RECONNECT_IVL, 100)
        socket.setsockopt(zmq.RECONNECT_IVL_MAX, 2000)
        socket.setsockopt(zmq.IPV6, 1)
        secure(socket, self._own, core_public)
        try:
            socket.connect(local.nearest(endpoint, core_public))
        except zmq.ZMQError:
            socket.close()
            raise
        self._use(socket)

    def _use(self, socket: zmq.Socket[bytes]) -> None:
        self.socket, self._fd = socket, int(socket.getsockopt(zmq.FD))
        self._silent = False
        self.dialled += 1

    def close(self, linger: int = 0) -> None:
        self._queue.clear()
        self.dialled += 1
        if self.socket is not None:
            self.socket.close(linger)
            self.socket, self._fd = None, -1

    def send(self, frames: list[bytes]) -> None:
        """Now, if it goes; else with the next `settle`, or later."""
        self._queue.append(frames)
        self.flush()

    def flush(self) -> bool:
        """Give ZeroMQ what it takes; True when nothing is left."""
        while self._queue and self.socket is not None:
            self._silent = False
            try:
                multipart.send(self.socket, self._queue[0])
            except zmq.Again:
                return False
            self._queue.popleft()
        return True

    def fileno(self) -> int:
        """Readable when `settle` has something to tell or to send; -1 without a link."""
        return self._fd

    def settle(self) -> bool:
        """Send what goes. Whether a message is there; if none is, the descriptor tells of the next one."""
        while self.socket is not None and (self._queue or not self._silent):
            waiting, room = multipart.events(self.socket)
            if waiting or not (room and self._queue):
                self._silent = not waiting
                return waiting
            self.flush()
        return False

    def receive(self, limit: int = 200) -> Iterable[list[bytes]]:
        """Messages that are there, at most `limit`. Where the descriptor told of one, it is not asked for first."""
        for place in range(limit):
            if self.socket is None:
                return
            if place and not multipart.waiting(self.socket):
                self._silent = True
                return
            self._silent = False
            try:
                frames = multipart.receive(self.socket)
            except zmq.Again:
                return  # the sign was of something else
            yield [frame.bytes for frame in frames]
