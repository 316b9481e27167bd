"""The runner's way to the agent: its standard descriptors, which lead there too, the pipe, and the ring."""

from __future__ import annotations

import contextlib
import io
import mmap
import os
import select
import sys
import threading

from windlass.wire.clock import epoch
from windlass_agent.frames import pack
from windlass_agent.runnerwire import (
    BEGUN,
    BYTES,
    ERR_READ,
    ERR_WRITE,
    FLOOR,
    HEAD,
    LARGE,
    LOOK,
    OUT_READ,
    OUT_WRITE,
    RECORDS,
    RESULTS,
    RING,
    RING_SIZE,
    SHARED,
    SHARED_SIZE,
    SINCE,
    TAIL,
    Done,
    Output,
    Refused,
    Words,
    encode,
)


class Channel:
    """Its lock keeps what two threads write into the pipe apart; only the main thread ends items."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._fence = threading.Lock()
        self._shared = mmap.mmap(SHARED, SHARED_SIZE)
        self._words = Words(self._shared)
        self._bytes = self._records = 0
        """Ever put into the ring."""
        self.news = False
        """Something is in the ring that the agent was not told to look at."""
        self.seq = 0
        self._streams = {OUT_READ: 1, ERR_READ: 2}
        self._writers = {1: OUT_WRITE, 2: ERR_WRITE}
        """Our own copies of what the standard descriptors are."""
        self._inodes: dict[int, int] = {}
        for number, fd in self._writers.items():
            os.dup2(fd, number)
            self._inodes[number] = os.fstat(fd).st_ino
        self._poll = select.poll()
        """The main thread's own: an object of this kind refuses to be asked by two at once."""
        for fd in self._streams:
            os.set_blocking(fd, False)
            self._poll.register(fd, select.POLLIN)
        self._out, self._err = _text(1), _text(2)
        sys.stdout, sys.stderr = self._out, self._err
        os.register_at_fork(after_in_child=self._forked)
        threading.Thread(target=self._pump, name="windlass-output", daemon=True).start()

    def _forked(self) -> None:
        """A forked child must not hold the output lock that some thread of the parent may have held."""
        self._lock = threading.Lock()

    # --- output --------------------------------------------------------------------------------------------

    def _pump(self) -> None:
        """Carry output away while a function runs. Sleeps in poll, so it costs nothing without output."""
        poll = select.poll()
        for fd in self._streams:
            poll.register(fd, select.POLLIN)
        while True:
            ready = poll.poll()
            with self._lock:
                self._drain(ready)

    def _drain(self, ready: list[tuple[int, int]]) -> None:
        """The other thread may have been there first."""
        for fd, _ in ready:
            with contextlib.suppress(BlockingIOError):
                data = os.read(fd, 65536)
                _write(encode(Output(self.seq, self._streams[fd], epoch(), data)))

    def finish_output(self) -> None:
        """All that the item wrote is told."""
        if sys.stdout is not self._out or sys.stderr is not self._err:
            self._put_back()
        try:
            self._out.flush()
            self._err.flush()
        except Exception:
            self.mend()
        poll = self._poll.poll
        # In this order: what the poll does not see any more, the other thread tells while it holds the lock.
        if poll(0) or self._lock.locked():
            with self._lock:
                while ready := poll(0):
                    self._drain(ready)

    def _put_back(self) -> None:
        """The function replaced them, and the next one has nothing to do with that."""
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(Exception):
                stream.flush()
        sys.stdout, sys.stderr = self._out, self._err

    def mend(self) -> None:
        """A function may also have closed the streams or the descriptors, and opened files under their numbers."""
        for number, fd in self._writers.items():
            try:
                whole = os.fstat(number).st_ino == self._inodes[number]
            except OSError:
                whole = False
            if not whole:
                os.dup2(fd, number)
        if self._out.closed:
            sys.stdout = self._out = _text(1)
        if self._err.closed:
            sys.stderr = self._err = _text(2)

    # --- items ---------------------------------------------------------------------------------------------

    def may_begin(self, seq: int, now: float) -> bool:
        """Say that it begins now; whether it may. Output belongs to it from here on."""
        self.seq = seq
        numbers = self._words.numbers
        self._words.times[SINCE] = now
        numbers[BEGUN] = seq
        with self._fence:  # a full memory barrier: our word is out before we look at the agent's
            pass
        return seq >= numbers[FLOOR]

    @property
    def floor(self) -> int:
        """After an item was refused: what is below this was taken back too: the agent saw nothing begun after it."""
        return self._words.numbers[FLOOR]

    def done(self, message: Done) -> None:
        """Its end is out when this returns. The agent looks at it after the next `look`."""
        body = encode(message)
        size = len(body)
        shared, before = self._shared, self._bytes
        if size > LARGE or before + size - self._words.numbers[TAIL] > RING_SIZE:
            with self._lock:
                _write(body)
            return
        at = before % RING_SIZE
        if at + size <= RING_SIZE:
            shared[RING + at : RING + at + size] = body
        else:
            here = RING_SIZE - at
            shared[RING + at : SHARED_SIZE] = body[:here]
            shared[RING : RING + size - here] = body[here:]
        self._bytes = before + size
        self._records += 1
        with self._fence:  # the record is out before the word that says so
            pass
        self._words.numbers[HEAD] = (self._records & RECORDS) << 40 | (self._bytes & BYTES)
        self.news = True

    def refuse(self, seq: int) -> None:
        with self._lock:
            _write(encode(Refused(seq)))

    def look(self) -> None:
        """Have the agent look into the ring."""
        self.news = False
        with self._lock:
            os.write(RESULTS, LOOK)


def _write(body: bytes) -> None:
    view = memoryview(pack(body))
    while view:
        view = view[os.write(RESULTS, view) :]


def _text(fd: int) -> io.TextIOWrapper:
    raw = io.FileIO(fd, "w", closefd=False)
    return io.TextIOWrapper(raw, encoding="utf-8", errors="backslashreplace", line_buffering=True)
