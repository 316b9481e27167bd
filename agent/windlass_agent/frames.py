"""Messages between the agent and its own helper processes: `[u32 length][msgpack]` over pipes and socket pairs.

Both ends are our own program of the same version, so a frame that does not decode means that the other end is
broken, and the connection is given up.
"""

from __future__ import annotations

import os
import struct
from collections import deque

LENGTH = struct.Struct("<I")
READ_SIZE = 64 * 1024
"""What a pipe holds at most; larger buffers are mapped and unmapped by each read."""


def pack(body: bytes) -> bytes:
    return LENGTH.pack(len(body)) + body


class FrameReader:
    """Cuts a stream of bytes into frames."""

    def __init__(self) -> None:
        self._rest = b""

    @property
    def torn(self) -> bool:
        """A frame has begun and not ended."""
        return bool(self._rest)

    def feed(self, data: bytes) -> list[bytes]:
        buffer = self._rest + data if self._rest else data
        frames: list[bytes] = []
        at, size = 0, len(buffer)
        while size - at >= 4:
            (length,) = LENGTH.unpack_from(buffer, at)
            end = at + 4 + length
            if end > size:
                break
            frames.append(buffer[at + 4 : end])
            at = end
        self._rest = buffer[at:]
        return frames


class FrameWriter:
    """Writes frames to a non-blocking descriptor and keeps what it did not take yet."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._queue: deque[bytes | memoryview] = deque()

    def put(self, body: bytes) -> None:
        self._queue.append(pack(body))

    @property
    def pending(self) -> bool:
        return bool(self._queue)

    def flush(self) -> bool:
        """Write what goes; True when nothing is left. `OSError` when the other end is gone."""
        while self._queue:
            data = b"".join(self._queue) if len(self._queue) > 1 else self._queue[0]
            self._queue.clear()
            try:
                written = os.write(self._fd, data)
            except BlockingIOError:
                written = 0
            if written < len(data):
                self._queue.append(memoryview(data)[written:])
                return False
        return True
