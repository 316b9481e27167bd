"""The agent's end of a runner: feeding it ahead, hearing its ends, taking back what it has not begun.

A lane holds the resources of one attempt while it has any, and runs one after the other. What is fed ahead is only
there to hide the way between the two processes; it can be taken back at any time (see `runnerwire`).
"""

from __future__ import annotations

import contextlib
import mmap
import os
import threading
from collections import deque
from collections.abc import Sequence
from pathlib import Path

import msgspec

from windlass.blobs.store import BlobStore
from windlass.wire.logs import ERR, OUT
from windlass_agent.attempts import RUNNING, Attempt, Group
from windlass_agent.frames import READ_SIZE, FrameReader, FrameWriter
from windlass_agent.ledger import Grant
from windlass_agent.runnerwire import (
    BEGUN,
    BYTES,
    FLOOR,
    HEAD,
    LOOK,
    RECORDS,
    RING,
    RING_SIZE,
    SHARED_SIZE,
    SINCE,
    TAIL,
    Calls,
    Done,
    FromRunner,
    Item,
    Load,
    ToRunner,
    Words,
    decode_from_runner,
    decode_ring,
    encode,
)
from windlass_agent.wardenlink import WardenLink

Tag = tuple[int, str, tuple[int, ...], tuple[int, ...], float, int]
"""run, what code it imports, GPUs, CPUs of its own, CPUs asked for, memory that the kernel lets it use: a runner serves
only attempts of its tag, so no module, state or limit is another's."""


class Lane:
    """One runner process. `passed` are the descriptors that the warden hands to it."""

    def __init__(self, spawn: int, tag: Tag, home: Path) -> None:
        self.spawn = spawn
        self.tag = tag
        self.home = home
        self.warden: WardenLink | None = None
        """Its own; None: it shares one."""
        self.group: Group | None = None
        self.grant: Grant | None = None
        self.sent: deque[Attempt] = deque()
        """Fed and not ended, in order."""
        self.pid = 0
        self.idle_since = 0.0
        self.check_at: float | None = None
        """When to look at what it is doing (by the executor's clock)."""
        self.ending = False
        """It was told to end, or is being killed."""
        self.dead = False
        self.finished = False
        """Nothing more can come from it."""
        self.drained = False
        """All that it had said was read by the last `receive`."""
        self.stuck = False
        """It runs a long one: nothing is put behind it."""
        self._seq = 0
        self._bytes = self._records = 0
        """Ever read from the ring."""
        self._fresh: list[ToRunner] = []
        """Fed and not written."""
        self._functions: dict[str, int] = {}
        self._reader = FrameReader()
        in_read, in_write = os.pipe()
        result_read, result_write = os.pipe()
        out_read, out_write = os.pipe()
        err_read, err_write = os.pipe()
        shared = os.memfd_create("windlass-lane")
        os.ftruncate(shared, SHARED_SIZE)
        self._fence = threading.Lock()
        self._shared = mmap.mmap(shared, SHARED_SIZE)
        self._words = Words(self._shared)
        self._input = in_write
        self.results = result_read
        self._rest = {os.dup(out_read): OUT, os.dup(err_read): ERR}
        """Read only after its death: the last words that the runner could not carry away itself."""
        self.passed = [in_read, result_write, shared, out_read, out_write, err_read, err_write]
        os.set_blocking(in_write, False)
        os.set_blocking(result_read, False)
        self._writer = FrameWriter(in_write)

    def __repr__(self) -> str:
        return f"<Lane {self.spawn} run {self.tag[0]} pid {self.pid} {len(self.sent)} sent>"

    # --- feeding -------------------------------------------------------------------------------------------

    def feed(self, attempt: Attempt, item: Item) -> None:
        """Queue one; `flush` writes. `item.seq` is set here."""
        self._seq += 1
        item.seq = attempt.seq = self._seq
        attempt.lane = self
        self.sent.append(attempt)
        self._fresh.append(item)

    def feed_calls(self, attempts: Sequence[Attempt], function: int) -> None:
        """Queue many that need nothing but their arguments and what came along with them."""
        first = seq = self._seq + 1
        for attempt in attempts:
            attempt.state = RUNNING
            attempt.lane = self
            attempt.seq = seq
            seq += 1
        self._seq = seq - 1
        self.sent.extend(attempts)
        results = [attempt.item.results for attempt in attempts]
        payloads = [attempt.payload for attempt in attempts]
        self._fresh.append(Calls(function, first, payloads, results if any(results) else []))

    def function(self, digest: str, store: BlobStore) -> int:
        """The runner's number of a callable, which is sent before its first use."""
        number = self._functions.get(digest)
        if number is None:
            path = store.path(digest)
            number = self._functions[digest] = len(self._functions) + 1
            self._fresh.append(Load(number, str(path)))
        return number

    def flush(self) -> bool:
        """Write what goes; True when nothing is left. A dead runner swallows everything: its end comes anyway."""
        if self._fresh:
            self._writer.put(encode(self._fresh))
            self._fresh.clear()
        try:
            return self._writer.flush()
        except OSError:
            return True

    @property
    def input_fd(self) -> int:
        return self._input

    # --- looking -------------------------------------------------------------------------------------------

    def current(self) -> tuple[Attempt, float] | None:
        """What it is running, and since when (epoch seconds)."""
        if not self.sent:
            return None
        head = self.sent[0]
        if self._words.numbers[BEGUN] != head.seq:
            return None
        return head, self._words.times[SINCE]

    def take_back(self) -> list[Attempt]:
        """All that it has not begun, in order; it will never run them."""
        self._words.numbers[FLOOR] = self._seq + 1
        with self._fence:  # a full memory barrier, as the runner has one: our word is out before we look at its
            pass
        begun = self._words.numbers[BEGUN]
        back = [attempt for attempt in self.sent if attempt.seq > begun]
        for attempt in back:
            attempt.lane = None
        self.sent = deque(attempt for attempt in self.sent if attempt.seq <= begun)
        return back

    # --- hearing -------------------------------------------------------------------------------------------

    @property
    def news(self) -> bool:
        """The ring holds something that was not read."""
        return self._words.numbers[HEAD] >> 40 != self._records & RECORDS

    def receive(self) -> list[FromRunner]:
        """What the runner said since the last call; nothing more after its death."""
        messages: list[FromRunner] = []
        self.drained = False
        while not (self.drained or self.finished or len(messages) > 2000):
            # The ring's end before the pipe: what was said in the pipe before one of its records is read then, too.
            head = self._words.numbers[HEAD]
            size = self._pipe(messages)
            if count := ((head >> 40) - self._records) & RECORDS:
                messages.extend(self._ring(head & BYTES, count))
            # What is said in the pipe from now on shows at its descriptor.
            self.drained = size < READ_SIZE and head == self._words.numbers[HEAD]
        return messages

    def _pipe(self, messages: list[FromRunner]) -> int:
        """How many bytes were there: all of them, as a pipe holds no more than are read."""
        try:
            data = os.read(self.results, READ_SIZE)
            if data != LOOK or self._reader.torn:
                messages.extend([decode_from_runner(frame) for frame in self._reader.feed(data) if frame])
        except BlockingIOError:
            return 0
        except msgspec.MsgspecError:
            self.finished = True  # user code wrote into our pipe: what is lost shows when the runner ends
            return 0
        self.finished = not data
        return len(data)

    def _ring(self, head: int, count: int) -> list[Done]:
        """The records up to there."""
        size = (head - self._bytes) & BYTES
        at, shared = self._bytes % RING_SIZE, self._shared
        end = RING + at + size
        data = shared[RING + at : end] if end <= SHARED_SIZE else shared[RING + at :] + shared[RING : end - RING_SIZE]
        self._bytes += size
        self._records += count
        self._words.numbers[TAIL] = self._bytes
        try:
            return decode_ring(data, count)
        except msgspec.MsgspecError:
            self.finished = True  # user code wrote into our memory
            return []

    def last_words(self) -> list[tuple[int, bytes]]:
        """Output that was on its way when the runner died: (stream, bytes)."""
        words = []
        for fd, stream in self._rest.items():
            os.set_blocking(fd, False)
            with contextlib.suppress(OSError):
                if data := os.read(fd, 65536):
                    words.append((stream, data))
        return words

    def end(self) -> None:
        """Let it end: it reads end of file when it has done what it was fed."""
        if not self.ending:
            self.ending = True
            os.close(self._input)

    def close(self) -> None:
        """After its death, and `end`."""
        os.close(self.results)
        for fd in self._rest:
            os.close(fd)
        self._words.close()
        self._shared.close()
