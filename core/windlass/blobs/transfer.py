"""How a blob moves: the receiver pulls pieces, a few in flight; the sender keeps no state at all.

`Pull` decides what to ask next and never touches a socket, a file or a clock: a loop feeds it the pieces that came
and sends the wants it returns. `serve` answers one want. `Receiver` joins a pull with the store it fills.
"""

from __future__ import annotations

from windlass.blobs.store import BlobError, BlobStore, BlobWriter
from windlass.wire import limits
from windlass.wire.messages import BlobChunk, BlobMissing, BlobWant

TIMEOUT = 15.0
"""Seconds after which a piece that was asked for is asked for again."""
PATIENCE = 4
"""How many times in a row that may happen with nothing arriving before the pull gives up."""


class Pull:
    """One blob on its way in. Pieces are asked for in order, and may arrive in any."""

    def __init__(self, hash: str, size: int, *, chunk: int = limits.CHUNK, window: int = limits.WINDOW) -> None:
        self.hash = hash
        self.size = size
        self.received = 0
        """Bytes that have arrived."""
        self.failed = ""
        """Why it was given up; empty while it goes on."""
        self._chunk = chunk
        self._window = window
        self._next = 0
        self._asked: dict[int, float] = {}
        self._again: list[int] = []
        self._stalls = 0

    def __repr__(self) -> str:
        state = self.failed or ("done" if self.done else f"{len(self._asked)} asked")
        return f"<Pull {self.hash[:8]} {self.received}/{self.size} {state}>"

    @property
    def done(self) -> bool:
        """All pieces are here (a blob of no bytes from the start)."""
        return not self.failed and self.received == self.size

    def wants(self, now: float) -> list[BlobWant]:
        """What to send now: as many pieces as the window has room for, and those that did not come in time."""
        if self.failed or self.done:
            return []
        late = [offset for offset, asked in self._asked.items() if now - asked >= TIMEOUT]
        if late:
            self._stalls += 1
            if self._stalls > PATIENCE:
                self.failed = f"no data for {TIMEOUT * self._stalls:.0f} s"
                return []
            for offset in late:
                del self._asked[offset]
            self._again.extend(late)
        wants = []
        while len(self._asked) < self._window:
            if self._again:
                offset = self._again.pop(0)
            elif self._next < self.size:
                offset, self._next = self._next, self._next + self._chunk
            else:
                break
            self._asked[offset] = now
            wants.append(BlobWant(self.hash, offset, min(self._chunk, self.size - offset)))
        return wants

    def accept(self, chunk: BlobChunk, data: bytes) -> bool:
        """Whether this piece was asked for and is to be written; a repeated or a strange one is not."""
        if self.failed or chunk.hash != self.hash or chunk.offset not in self._asked:
            return False
        if chunk.size != self.size:
            self.failed = f"the sender's copy has {chunk.size} bytes instead of {self.size}"
            return False
        if len(data) != min(self._chunk, self.size - chunk.offset):
            self.failed = "the sender's copy is damaged (a piece of the wrong length)"
            return False
        del self._asked[chunk.offset]
        self.received += len(data)
        self._stalls = 0
        return True

    def restart(self) -> None:
        """The link was made anew: what was asked for may never come, ask again at once."""
        self._again.extend(self._asked)
        self._asked.clear()

    def next_deadline(self) -> float | None:
        """When `wants` has something to say without a piece arriving."""
        return min(self._asked.values()) + TIMEOUT if self._asked and not self.failed else None


class Receiver:
    """A pull and the file it fills. `done` only once the blob is in the store, its hash checked."""

    def __init__(self, store: BlobStore, hash: str, size: int) -> None:
        self.pull = Pull(hash, size)
        self.done = store.has(hash)
        self._writer: BlobWriter | None = None if self.done else store.writer(hash, size)
        if size == 0:
            self._finish()

    def __repr__(self) -> str:
        return f"<Receiver {'done' if self.done else self.pull!r}>"

    @property
    def failed(self) -> str:
        return self.pull.failed

    def wants(self, now: float) -> list[BlobWant]:
        wants = [] if self.done else self.pull.wants(now)
        if self.failed:
            self.abort()
        return wants

    def chunk(self, chunk: BlobChunk, data: bytes) -> None:
        """Take a piece; the last one finishes the blob. An `OSError` (a full disk) is the caller's to tell."""
        if self.done or self._writer is None:
            return
        if self.pull.accept(chunk, data):
            self._writer.write(chunk.offset, data)
            if self.pull.done:
                self._finish()
        elif self.failed:
            self.abort()

    def missing(self, reason: str) -> None:
        """The sender does not have it."""
        if not self.done:
            self.pull.failed = reason or "the sender does not have it"
            self.abort()

    def abort(self) -> None:
        if self._writer is not None:
            self._writer.abort()
            self._writer = None

    def _finish(self) -> None:
        if self._writer is None:
            return
        try:
            self._writer.commit()
            self.done = True
        except BlobError as error:
            self.pull.failed = str(error)
        finally:
            self._writer = None


def serve(store: BlobStore, want: BlobWant) -> tuple[BlobChunk | BlobMissing, list[bytes]]:
    """The answer to a want, with its payload frames."""
    if not 0 <= want.length <= limits.CHUNK or want.offset < 0:
        return BlobMissing(want.hash, f"a piece is at most {limits.CHUNK} bytes long"), []
    try:
        size = store.size(want.hash)
        data = store.read(want.hash, want.offset, want.length)
    except BlobError as error:
        return BlobMissing(want.hash, str(error)), []
    return BlobChunk(want.hash, want.offset, size), [data]
