"""Blobs in and out. The core pulls what it is offered and serves what it is asked for, a piece a message."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from windlass.blobs.store import BlobError, BlobStore, is_hash
from windlass.blobs.transfer import Receiver, serve
from windlass.server.links import Connection, Links
from windlass.store import records
from windlass.store.store import Store
from windlass.wire import messages as m

log = logging.getLogger("windlass.transfers")

DISK_THREADS = 4
AT_ONCE = 8
"""Blobs pulled from one peer at the same time; further offers wait."""
MAX_OFFERS = 100_000
"""Offers of one peer that may wait."""


class _Peer:
    """The offers of one connection."""

    __slots__ = ("finishing", "pulls", "waiting")

    def __init__(self) -> None:
        self.finishing: set[str] = set()
        """Blobs whose last piece is with the threads that wait for the disk."""
        self.pulls: dict[str, Receiver] = {}
        self.waiting: deque[m.BlobOffer] = deque()


class Transfers:
    def __init__(
        self,
        blobs: BlobStore,
        links: Links,
        store: Store,
        later: Callable[[Callable[[], object]], None],
        wake: Callable[[], None],
    ) -> None:
        """`wake` is called from a thread when a blob is whole, so that `tick` tells its sender."""
        self._blobs = blobs
        self._links = links
        self._store = store
        self._later = later
        self.work: dict[Connection, _Peer] = {}
        """Those who have something for us that we do not have yet."""
        self._wake = wake
        self._threads = ThreadPoolExecutor(DISK_THREADS, "windlass-blobs")
        self._finished: deque[tuple[Connection, str]] = deque()
        self.sent = 0
        """Bytes of blobs that peers asked for and got, in all."""

    def close(self) -> None:
        self._threads.shutdown(cancel_futures=True)
        for connection in list(self.work):
            self.lost(connection)

    def offer(self, connection: Connection, msg: m.BlobOffer, now: float) -> None:
        if not is_hash(msg.hash) or msg.size < 0:
            self._links.send(connection, m.BlobMissing(msg.hash[:100], "not a blob's name or size"))
            return
        if self._blobs.has(msg.hash):
            self._blobs.touch(msg.hash)
            self._links.send(connection, m.BlobDone(msg.hash))
            return
        peer = self.work.setdefault(connection, _Peer())
        if msg.hash in peer.finishing:
            return
        if msg.hash in peer.pulls:
            peer.pulls[msg.hash].pull.restart()  # it offers again: it may have forgotten what we asked
        elif len(peer.waiting) >= MAX_OFFERS:
            self._links.send(connection, m.BlobMissing(msg.hash, "too many offers at a time"))
        else:
            peer.waiting.append(msg)
        self._go_on(connection, peer, now)

    def chunk(self, connection: Connection, msg: m.BlobChunk, payload: list[bytes], now: float) -> None:
        peer = self.work.get(connection)
        receiver = peer.pulls.get(msg.hash) if peer is not None else None
        if peer is None or receiver is None or len(payload) != 1:
            return  # late, or never asked for
        if msg.hash in peer.finishing:
            return
        if receiver.pull.received + len(payload[0]) >= receiver.pull.size:
            # The last piece brings the check of the hash and the wait for the disk: not in the loop.
            peer.finishing.add(msg.hash)
            self._threads.submit(self._finish, connection, receiver, msg, payload[0])
        else:
            _take(receiver, msg, payload[0])
            self._go_on(connection, peer, now)

    def _finish(self, connection: Connection, receiver: Receiver, msg: m.BlobChunk, data: bytes) -> None:
        """In a thread."""
        _take(receiver, msg, data)
        self._finished.append((connection, msg.hash))
        self._wake()

    def missing(self, connection: Connection, msg: m.BlobMissing, now: float) -> None:
        peer = self.work.get(connection)
        if peer is not None and msg.hash in peer.pulls and msg.hash not in peer.finishing:
            peer.pulls[msg.hash].missing(msg.reason)
            self._go_on(connection, peer, now)

    def want(self, connection: Connection, msg: m.BlobWant) -> None:
        try:
            answer, payload = serve(self._blobs, msg)
        except BlobError as error:
            answer, payload = m.BlobMissing(msg.hash[:100], str(error)), []
        self.sent += sum(map(len, payload))
        self._links.send(connection, answer, payload)

    def lost(self, connection: Connection) -> None:
        """The link broke; its peer offers again when it is back."""
        peer = self.work.pop(connection, None)
        if peer is not None:
            for hash, receiver in peer.pulls.items():
                if hash not in peer.finishing:
                    receiver.abort()

    def tick(self, now: float) -> None:
        while self._finished:
            connection, hash = self._finished.popleft()
            if connection in self.work:
                self.work[connection].finishing.discard(hash)
        for connection, peer in list(self.work.items()):
            self._go_on(connection, peer, now)

    def next_deadline(self) -> float | None:
        times = [
            receiver.pull.next_deadline()
            for peer in self.work.values()
            for hash, receiver in peer.pulls.items()
            if hash not in peer.finishing
        ]
        return min((time for time in times if time is not None), default=None)

    def _go_on(self, connection: Connection, peer: _Peer, now: float) -> None:
        """Ask for what is next, tell what has ended, begin what waits."""
        while True:
            for hash, receiver in list(peer.pulls.items()):
                if hash in peer.finishing:
                    continue
                for want in receiver.wants(now):
                    self._links.send(connection, want)
                if receiver.done or receiver.failed:
                    del peer.pulls[hash]
                    self._ended(connection, hash, receiver)
            if not peer.waiting or len(peer.pulls) >= AT_ONCE:
                break
            offer = peer.waiting.popleft()
            try:
                peer.pulls[offer.hash] = Receiver(self._blobs, offer.hash, offer.size)
            except (BlobError, OSError) as error:
                self._links.send(connection, m.BlobMissing(offer.hash, f"the core cannot store it: {error}"))
        if not peer.pulls and not peer.waiting:
            self.work.pop(connection, None)

    def _ended(self, connection: Connection, hash: str, receiver: Receiver) -> None:
        if receiver.done:
            self._store.write(records.BLOB, [(hash, "core", receiver.pull.size)])
            self._later(partial(self._links.send, connection, m.BlobDone(hash)))
        else:
            log.warning("blob %s from %r: %s", hash[:12], connection, receiver.failed)
            self._links.send(connection, m.BlobMissing(hash, receiver.failed))


def _take(receiver: Receiver, msg: m.BlobChunk, data: bytes) -> None:
    try:
        receiver.chunk(msg, data)
    except OSError as error:
        receiver.missing(f"the core cannot store it: {error}")
