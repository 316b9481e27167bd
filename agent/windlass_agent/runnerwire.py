"""What the agent and a runner tell each other, and the memory that they share.

To the runner go batches of records, one list a frame, through a pipe. Back come `Done` records through a ring in shared
memory: they are out the moment an item has ended, so a runner that dies takes no end with it, and writing one costs no
system call. The pipe back carries what is too large for the ring, output, and empty frames that say "look into the
ring"; a runner says so when it has nothing more to do, or when it last did a millisecond ago. All that was said in the
pipe before a record was put into the ring can be read there once the record is seen.

The shared words let the agent take back what it has sent ahead without waiting for the runner, which may sit in
a long function: it raises `FLOOR`, and the runner, having written which item it begins, does not run one below
the floor. Whatever the timing, an item is either seen as begun by the agent or refused by the runner. Only the first
one below the floor needs a word: those behind it were not begun, and the agent knows.
"""

from __future__ import annotations

import mmap
import struct

import msgspec

from windlass_agent.frames import pack

SINCE = 0
"""Which shared word is the time (epoch seconds) at which the last item began."""
BEGUN = 1
"""Its number; written after the time."""
FLOOR = 2
"""The lowest number that may still be begun."""
HEAD = 3
"""The ring's end: low 40 bits count the bytes ever written to it, high 24 bits the records."""
TAIL = 4
"""Its start: the bytes ever read (by the agent)."""
RING = 64
"""Offset of the ring itself, behind the words."""
RING_SIZE = 128 * 1024
SHARED_SIZE = RING + RING_SIZE
BYTES = (1 << 40) - 1
RECORDS = (1 << 24) - 1
LARGE = 16 * 1024
"""Bytes beyond which a record goes through the pipe."""
LOOK = pack(b"")
"""The frame that says so: look into the ring."""
WAKE = 0.001
"""Seconds between the runner's calls to look into the ring, while it has more to do."""

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


class Calls(msgspec.Struct, array_like=True, tag=6):
    """Items of the loaded callable `function`, numbered from `first`, that need only what is here.

    `payloads` are their pickled arguments, `results` what the `ResultRef`s in these stand for; empty: there are none.
    """

    function: int
    first: int
    payloads: list[bytes]
    results: list[dict[str, bytes | list[bytes]]] = []


class Done(msgspec.Struct, array_like=True, tag=3):
    """`payload` is the result or the exception as in `windlass.wire.results`; a large one stands in `file`.

    `cpu` of an item shorter than `runner.SHORT` is the time it took, and `memory` what was last known: asking the
    kernel would take longer than the item.
    """

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


class Words:
    """The shared words, each written and read as a whole.

    `struct.pack_into` would not do: it fills the place with zeros before it writes, and who reads meanwhile sees them.
    """

    def __init__(self, shared: mmap.mmap) -> None:
        self._view = memoryview(shared)[:RING]
        self.numbers = self._view.cast("Q")
        self.times = self._view.cast("d")

    def close(self) -> None:
        """Before the memory is given back."""
        for view in (self.numbers, self.times, self._view):
            view.release()


ToRunner = Load | Item | Calls
FromRunner = Done | Output | Refused

encode = msgspec.msgpack.Encoder().encode
decode_to_runner = msgspec.msgpack.Decoder(list[ToRunner]).decode
decode_from_runner = msgspec.msgpack.Decoder(FromRunner).decode
_decode_ring = msgspec.msgpack.Decoder(list[Done]).decode
_ARRAY = struct.Struct(">BI")


def decode_ring(data: bytes, count: int) -> list[Done]:
    """So many records, one after the other: with the head of a msgpack array before them they are one."""
    return _decode_ring(_ARRAY.pack(0xDD, count) + data)
