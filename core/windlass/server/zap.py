"""The answer to "may this key connect?": yes, to any proper CURVE key, and its name goes with every frame.

Who may do what is decided later, by role, in the open (`wire/roles.py`): a new agent must be able to knock before
it is known. Anything that is not CURVE is turned away here.
"""

from __future__ import annotations

import logging

import zmq
from zmq.utils import z85

log = logging.getLogger("windlass.zap")

ENDPOINT = "inproc://zeromq.zap.01"


class Zap:
    """libzmq asks here before it lets a connection through; it must exist before the ROUTER binds."""

    def __init__(self, context: zmq.Context[zmq.Socket[bytes]]) -> None:
        self.socket = context.socket(zmq.REP)
        self.socket.linger = 0
        self.socket.bind(ENDPOINT)
        self.fd = int(self.socket.getsockopt(zmq.FD))
        """Readable when there is something to answer, once all before was answered."""
        self.refused = 0

    def answer(self) -> None:
        """Answer all questions that wait."""
        while True:
            try:
                frames = self.socket.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return
            self.socket.send_multipart(self._verdict(frames))

    def _verdict(self, frames: list[bytes]) -> list[bytes]:
        request = frames[1] if len(frames) > 1 else b""
        if len(frames) == 7 and frames[0] == b"1.0" and frames[5] == b"CURVE" and len(frames[6]) == 32:
            return [b"1.0", request, b"200", b"OK", z85.encode(frames[6]), b""]
        self.refused += 1
        log.warning("turned away a connection without a CURVE key")
        return [b"1.0", request, b"400", b"CURVE only", b"", b""]

    def close(self) -> None:
        self.socket.close()
