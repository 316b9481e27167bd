"""What the agent and a runner tell each other, one record a frame, and the words of memory they share.

The shared words let the agent take back what it has sent ahead without waiting for the runner, which may sit in
a long function: it raises `FLOOR`, and the runner, having written which item it begins, does not run one below
the floor. Whatever the timing, an item is either seen as begun by the agent or refused by the runner.
"""

from __future__ import annotations

import struct

import msgspec

WORD = struct.Struct("=Q")
STAMP = struct.Struct("=d")
BEGUN = 0
"""Offset of the number of the item that was begun last."""
FLOOR = 8
"""Offset of the lowest number that may still be begun."""
SINCE = 16
"""Offset of the time (epoch seconds) at which it began."""
SHARED_SIZE = 64

IN, RESULTS, SHARED, OUT_READ, OUT_WRITE, ERR_READ, ERR_WRITE = range(3, 10)
"""Descriptor numbers of a runner."""
DESCRIPTORS = 7

PICKLED = 1
"""msgpack extension in `Item.args`: a result that only the runner may decode."""


class Load(msgspec.Struct, array_like=True, tag=1):
    """The callable `id` is pickled in this file."""

    id: int
    path: str


class Item(msgspec.Struct, array_like=True, tag=2):
    """Run one: the loaded callable `function` with the pickled `payload`, or `target` with `args` (msgpack)."""

    seq: int
    function: int
    payload: bytes
    target: str = ""
    args: bytes = b""
    cwd: str = ""
    path: str = ""
    """Put first in sys.path."""
    env: dict[str, str] = {}
    results: dict[str, bytes | list[bytes]] = {}
    """For `ResultRef`s; a large one is a file's name after the byte `@`."""


class Done(msgspec.Struct, array_like=True, tag=3):
    """`payload` is the result or the exception as in `windlass.wire.results`; a large one stands in `file`."""

    seq: int
    ok: bool
    started: float
    ended: float
    cpu: float
    memory: int
    payload: bytes
    error: str = ""
    file: str = ""


class Output(msgspec.Struct, array_like=True, tag=4):
    """What was written to stdout (1) or stderr (2) while the item ran."""

    seq: int
    stream: int
    time: float
    data: bytes


class Refused(msgspec.Struct, array_like=True, tag=5):
    """Not run: the agent has taken it back."""

    seq: int


encode = msgspec.msgpack.Encoder().encode
decode_to_runner = msgspec.msgpack.Decoder(Load | Item).decode
decode_from_runner = msgspec.msgpack.Decoder(Done | Output | Refused).decode
