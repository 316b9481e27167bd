"""Messages of several frames through a ZeroMQ socket that never waits.

pyzmq's own `send_multipart` and `recv_multipart` build an enum member for each frame's flags and ask the socket after
each frame whether more follow; for a message of four frames that is 12 us each way, as much as all else of a hop.
"""

from __future__ import annotations

from typing import Any

import zmq
from zmq.backend import Socket as _Socket

_NOW = int(zmq.NOBLOCK)
_MORE = _NOW | int(zmq.SNDMORE)
_EVENTS = int(zmq.EVENTS)
_IN = int(zmq.POLLIN)
_OUT = int(zmq.POLLOUT)
_get: Any = _Socket.get
_send: Any = _Socket.send
_recv: Any = _Socket.recv


def send(socket: zmq.Socket[bytes], frames: list[bytes]) -> None:
    """All of them, copied, or none: raises `zmq.Again` when the socket takes nothing now, and other `ZMQError`s."""
    for frame in frames[:-1]:
        _send(socket, frame, _MORE)
    _send(socket, frames[-1], _NOW)


def receive(socket: zmq.Socket[bytes]) -> list[zmq.Frame]:
    """The frames of the next message; raises `zmq.Again` when there is none."""
    frame = _recv(socket, _NOW, False)
    frames = [frame]
    while frame.more:
        frame = _recv(socket, _NOW, False)
        frames.append(frame)
    return frames


def waiting(socket: zmq.Socket[bytes]) -> bool:
    """Whether a message is there: asked first, because `Again` costs three times as much to raise."""
    return bool(_get(socket, _EVENTS) & _IN)


def events(socket: zmq.Socket[bytes]) -> tuple[bool, bool]:
    """Whether a message is there, and whether one can be sent. What comes later shows at the socket's descriptor."""
    found = _get(socket, _EVENTS)
    return bool(found & _IN), bool(found & _OUT)
