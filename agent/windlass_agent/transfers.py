"""Blobs on their way in and out, as this agent sees them: who waits for which, and what to do after a lost link."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable

from windlass.blobs.store import BlobError, BlobStore
from windlass.blobs.transfer import TIMEOUT, Receiver, serve
from windlass.wire import limits
from windlass.wire.messages import BlobChunk, BlobDone, BlobMissing, BlobOffer, BlobWant, Message
from windlass_agent.worker import Worker

log = logging.getLogger(__name__)
PULLS = 6
"""Blobs that arrive at the same time."""
LARGE = 4 * 1024 * 1024
"""Bytes from which the last piece, which brings the check of the whole hash, goes to a thread."""

OFFER_AGAIN = (1.0, 2.0, 5.0, 10.0, 30.0)
"""Seconds before a blob that the core could not take is offered again; the last one for ever."""

Waiter = Callable[[str, str], None]
"""Told the blob's hash, and why it failed (empty: it is there)."""
Send = Callable[[Message, list[bytes]], None]


class _Pull:
    def __init__(self, size: int | None) -> None:
        self.size = size
        self.receiver: Receiver | None = None
        self.waiters: list[Waiter] = []
        self.active = False
        self.asked = 0.0
        """When the size was asked for, while it is not known."""
        self.finishing = False


class _Offer:
    def __init__(self, size: int, waiter: Waiter) -> None:
        self.size = size
        self.waiters = [waiter]
        self.refusals = 0
        self.again_at: float | None = None
        """When it is offered again after a refusal."""


class Transfers:
    """`send` puts a message on the link (or drops it while there is none: `connected` repeats what matters)."""

    def __init__(self, store: BlobStore, worker: Worker, send: Send) -> None:
        self.store = store
        self._worker = worker
        self._send = send
        self._present: set[str] = set()
        self._pulls: OrderedDict[str, _Pull] = OrderedDict()
        self._offers: dict[str, _Offer] = {}
        self._held: set[str] = set()
        """Blobs that the core is known to hold."""

    # --- in ------------------------------------------------------------------------------------------------

    def has(self, digest: str) -> bool:
        if digest in self._present:
            return True
        if self.store.has(digest):
            self._present.add(digest)
            return True
        return False

    def want(self, digest: str, size: int | None, waiter: Waiter, now: float) -> None:
        """Get this blob; `size` None when only the sender knows it."""
        pull = self._pulls.get(digest)
        if pull is None:
            pull = self._pulls[digest] = _Pull(size)
        pull.waiters.append(waiter)
        self._go(now)

    def _go(self, now: float) -> None:
        """Begin as many as may go at once."""
        active = sum(1 for pull in self._pulls.values() if pull.active)
        for digest, pull in list(self._pulls.items()):
            if active >= PULLS:
                return
            if not pull.active:
                active += 1
                pull.active = True
                self._ask(digest, pull, now)

    def _ask(self, digest: str, pull: _Pull, now: float, here: int = -1) -> None:
        """Ask for the pieces that are to come next, or else for the first one. `here`: this one has come."""
        try:
            if pull.receiver is None and pull.size is not None:
                pull.receiver = Receiver(self.store, digest, pull.size)
        except (BlobError, OSError) as error:
            self._arrived(digest, _text(error), now)
            return
        if pull.receiver is None:
            pull.asked = now
            self._send(BlobWant(digest, 0, limits.CHUNK), [])
            return
        for want in pull.receiver.wants(now):
            if want.offset != here:
                self._send(want, [])
        self._look(digest, pull, now)

    def _look(self, digest: str, pull: _Pull, now: float) -> None:
        assert pull.receiver is not None
        if pull.receiver.done:
            self._arrived(digest, "", now)
        elif pull.receiver.failed:
            self._arrived(digest, pull.receiver.failed, now)

    def chunk(self, message: BlobChunk, data: bytes, now: float) -> None:
        pull = self._pulls.get(message.hash)
        if pull is None or not pull.active or pull.finishing:
            return
        if pull.receiver is None:
            pull.size = message.size
            self._ask(message.hash, pull, now, message.offset)
            if pull.receiver is None or message.hash not in self._pulls:
                return
        receiver = pull.receiver
        assert receiver is not None
        if receiver.pull.size > LARGE and receiver.pull.received + len(data) >= receiver.pull.size:
            pull.finishing = True

            def finished(_: object, error: Exception | None) -> None:
                pull.finishing = False
                if error is not None:
                    self._arrived(message.hash, _text(error), now)
                else:
                    self._look(message.hash, pull, now)

            self._worker.submit(lambda: receiver.chunk(message, data), finished)
            return
        try:
            receiver.chunk(message, data)
        except (BlobError, OSError) as error:
            receiver.abort()
            self._arrived(message.hash, _text(error), now)
            return
        for want in receiver.wants(now):
            self._send(want, [])
        self._look(message.hash, pull, now)

    def missing(self, message: BlobMissing, now: float) -> None:
        """The core does not have what we want, or could not take what we offered."""
        offer = self._offers.get(message.hash)
        if offer is not None:
            self._refused(message, offer, now)
            return
        pull = self._pulls.get(message.hash)
        if pull is not None:
            if pull.receiver is not None:
                pull.receiver.missing(message.reason)
            self._arrived(message.hash, message.reason or "the core does not hold it", now)

    def _arrived(self, digest: str, error: str, now: float) -> None:
        pull = self._pulls.pop(digest, None)
        if pull is None:
            return
        if not error:
            self._present.add(digest)
            self._held.add(digest)
        self._go(now)
        for waiter in pull.waiters:
            waiter(digest, error)

    # --- out -----------------------------------------------------------------------------------------------

    def offer(self, digest: str, size: int, waiter: Waiter) -> bool:
        """Have the core take this blob; False (and no call) when it is known to hold it."""
        if digest in self._held:
            return False
        entry = self._offers.get(digest)
        if entry is not None:
            entry.waiters.append(waiter)
            return True
        self._offers[digest] = _Offer(size, waiter)
        self._send(BlobOffer(digest, size), [])
        return True

    def withdraw(self, digest: str, waiter: Waiter) -> None:
        """This one does not wait for the core any more."""
        entry = self._offers.get(digest)
        if entry is not None and waiter in entry.waiters:
            entry.waiters.remove(waiter)
            if not entry.waiters:
                del self._offers[digest]

    def _refused(self, message: BlobMissing, offer: _Offer, now: float) -> None:
        """Its disk may be full for a while: the work is done, so go on offering. Unless it is our copy that is bad."""
        if not offer.refusals:
            log.warning("the core could not take a file, offering it again: %s", message.reason)
        wait = OFFER_AGAIN[min(offer.refusals, len(OFFER_AGAIN) - 1)]
        offer.refusals += 1
        offer.again_at = now + wait

        def checked(good: bool | None, _: Exception | None) -> None:
            if not good:
                self._give_up(message.hash, "the agent's copy is gone or damaged")

        self._worker.submit(lambda: self.store.verify(message.hash), checked)

    def _give_up(self, digest: str, reason: str) -> None:
        entry = self._offers.pop(digest, None)
        for waiter in entry.waiters if entry is not None else []:
            waiter(digest, reason)

    def wanted(self, message: BlobWant) -> None:
        """Serve one piece."""
        try:
            answer, payload = serve(self.store, message)
        except OSError as error:
            answer, payload = BlobMissing(message.hash, _text(error)), []
        self._send(answer, payload)
        if isinstance(answer, BlobMissing):
            # What we offered is gone or damaged: waiting for the core to take it would never end.
            self._give_up(message.hash, answer.reason or "the file is gone")

    def taken(self, message: BlobDone) -> None:
        entry = self._offers.pop(message.hash, None)
        if entry is not None:
            self._held.add(message.hash)
            for waiter in entry.waiters:
                waiter(message.hash, "")

    # --- the link ------------------------------------------------------------------------------------------

    def connected(self, now: float) -> None:
        """A new link: whatever was on the old one may be lost. A new core may lack what the old one held."""
        self._held.clear()
        for digest, offer in self._offers.items():
            offer.again_at = None
            self._send(BlobOffer(digest, offer.size), [])
        for digest, pull in list(self._pulls.items()):
            if pull.active and not pull.finishing:
                if pull.receiver is not None:
                    pull.receiver.pull.restart()
                self._ask(digest, pull, now)

    def next_deadline(self) -> float | None:
        if not (self._offers or self._pulls):
            return None
        times = [offer.again_at for offer in self._offers.values() if offer.again_at is not None]
        for pull in self._pulls.values():
            if pull.active and pull.receiver is None:
                times.append(pull.asked + TIMEOUT)
            elif pull.receiver is not None and (at := pull.receiver.pull.next_deadline()) is not None:
                times.append(at)
        return min(times, default=None)

    def due(self, now: float) -> None:
        """Ask again for what did not come, offer again what was not taken."""
        for digest, offer in self._offers.items():
            if offer.again_at is not None and offer.again_at <= now:
                offer.again_at = None
                self._send(BlobOffer(digest, offer.size), [])
        for digest, pull in list(self._pulls.items()):
            if not pull.active or pull.finishing:
                continue
            late = pull.receiver is None and now - pull.asked >= TIMEOUT
            if late or (pull.receiver is not None and (pull.receiver.pull.next_deadline() or now + 1) <= now):
                self._ask(digest, pull, now)

    def forget(self, digest: str) -> None:
        """Nobody here needs this blob any more."""
        if digest not in self._pulls and digest not in self._offers:
            self._present.discard(digest)
            self._held.discard(digest)
            try:
                self.store.remove(digest)
            except (BlobError, OSError):
                pass  # it stays until someone clears the disk


def _text(error: Exception) -> str:
    return (error.strerror or str(error)) if isinstance(error, OSError) else str(error)
