"""The process that reads or checks large documents: texts come in, findings go out, until its input ends.

A thread of the app would not do: both are Python from end to end, and the window would wait for it at every turn.
"""

from __future__ import annotations

import os
import struct
import sys
from contextlib import suppress
from typing import BinaryIO

import msgspec

from windlass.model.document import Problem, load_document
from windlass.model.reading import read_text

SIZE = struct.Struct("<Q")


class Findings(msgspec.Struct):
    """What the checker says of a text."""

    problems: list[Problem]
    graph: bytes | None
    """As MessagePack; None where there is any error."""


def check(text: str) -> bytes:
    """Encoded `Findings`."""
    loaded = load_document(text)
    graph = None if loaded.graph is None else msgspec.msgpack.encode(loaded.graph)
    return msgspec.msgpack.encode(Findings(loaded.problems, graph))


JOBS = {"check": check, "read": read_text}
"""What can be asked; each answers with bytes, in whatever process."""


def write_frame(pipe: BinaryIO, data: bytes) -> None:
    pipe.write(SIZE.pack(len(data)))
    pipe.write(data)
    pipe.flush()


def read_frame(pipe: BinaryIO) -> bytes:
    """Raises `EOFError` where the pipe ends."""
    head = pipe.read(SIZE.size)
    if len(head) < SIZE.size:
        raise EOFError
    size = SIZE.unpack(head)[0]
    data = pipe.read(size)
    if len(data) < size:
        raise EOFError
    return data


def main() -> None:
    with suppress(AttributeError, OSError):
        # Where the system knows it: this never takes a CPU away from the window that has just woken up.
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
    job, pipe_in, pipe_out = JOBS[sys.argv[1]], sys.stdin.buffer, sys.stdout.buffer
    while True:
        try:
            text = read_frame(pipe_in).decode("utf-8", "surrogatepass")
            write_frame(pipe_out, job(text))
        except (EOFError, BrokenPipeError, KeyboardInterrupt):
            return


if __name__ == "__main__":
    main()
