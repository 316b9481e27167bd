"""What a client's link decides: pure, without sockets, threads or a clock.

The network thread (`link.py`) tells it what happened and carries out the effects it returns. It knows which
requests wait for an answer, which topics are followed and up to where, which files are on their way, and when
to dial again. After a lost connection everything that may be repeated is repeated; what may not be (it could
happen twice) fails with a text that says so.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from windlass.blobs.transfer import Pull
from windlass.client.errors import CoreRefused, LinkBusy, LinkClosed, RequestFailed, TransferFailed, WindlassError
from windlass.wire import messages as m

MAX_REQUESTS = 10_000
"""Requests that may wait for an answer at once."""
MAX_BYTES = 256 * 1024 * 1024
"""Payload bytes of requests that may wait for an answer at once."""
HELLO_TIMEOUT = 10.0
"""Seconds from dialling to the core's welcome."""
BACKOFF = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0)
"""Seconds before the next attempt to dial, each multiplied by 0.5 to 1.5."""
OFFERS = 8
"""Blobs on their way up at once."""
PULLS = 4
"""Blobs on their way down at once."""
TELL = 128 * 1024
"""Bytes of news after which the core is told that they were read."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply with its payload frames."""

    data: dict[str, Any]
    payload: list[bytes]


@dataclass(frozen=True, slots=True)
class Send:
    """Put this on the wire."""

    message: m.Message
    payload: Sequence[bytes] = ()


@dataclass(frozen=True, slots=True)
class Finish:
    """A request or a transfer is over: `result` is an `Answer`, None for a transfer, or an exception."""

    ticket: int
    result: Answer | WindlassError | None


@dataclass(frozen=True, slots=True)
class Part:
    """An answer to a request that stands: others will follow, and the last one is a `Finish`."""

    ticket: int
    answer: Answer


@dataclass(frozen=True, slots=True)
class Publish:
    """Hand a snapshot or a delta, in order and without gaps, to those who follow its topic."""

    message: m.Snapshot | m.Delta


@dataclass(frozen=True, slots=True)
class ReadChunk:
    """Send this piece of the file that is being uploaded under `ticket`."""

    ticket: int
    want: m.BlobWant
    size: int


@dataclass(frozen=True, slots=True)
class WriteChunk:
    """Write this piece of the file that is being downloaded under `ticket`; when `last`, check and finish it."""

    ticket: int
    offset: int
    data: bytes
    last: bool


@dataclass(frozen=True, slots=True)
class Phase:
    """The link's state changed: connecting, up, refused or closed; `reason` for people."""

    phase: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Redial:
    """Drop the connection and dial again when `retry_at` comes."""


Effect = Send | Finish | Part | Publish | ReadChunk | WriteChunk | Phase | Redial


@dataclass(slots=True)
class _Pending:
    message: m.Message
    payload: Sequence[bytes]
    size: int
    sent: bool = False


@dataclass(slots=True)
class _Upload:
    hash: str
    size: int
    tickets: list[int] = field(default_factory=list)


@dataclass(slots=True)
class _Download:
    pull: Pull
    ticket: int


def repeatable(message: m.Message) -> bool:
    """Whether the core may get this request twice without harm."""
    if isinstance(message, m.Control):
        return message.action != "retry-downstream" or message.dry
    if isinstance(message, m.Act):
        return not message.downstream or message.dry
    return not isinstance(message, m.StopCore)


class LinkState:
    """One client's side of the conversation with a core. Times are any clock that only grows, in seconds."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.phase = "connecting"
        self.reason = ""
        self.welcome: m.ClientWelcome | None = None
        self.retry_at = 0.0
        """When to dial again (meaningful while connecting and not dialled)."""
        self.dialled = False
        self._secret: str | None = None
        """The one-time secret of a token, until the core has taken it."""
        self._attempts = 0
        self._read = 0
        """Bytes of news that the core was not told of yet."""
        self._hello_deadline = 0.0
        self._pending: dict[int, _Pending] = {}
        self._bytes = 0
        self._topics: dict[str, int | None] = {}
        """Topic -> the last seq delivered; None while a snapshot is due."""
        self._offers: dict[str, _Upload] = {}
        self._offer_queue: deque[_Upload] = deque()
        self._pulls: dict[str, list[_Download]] = {}
        self._pull_queue: deque[_Download] = deque()

    def __repr__(self) -> str:
        return f"<LinkState {self.phase} {len(self._pending)} waiting, topics {sorted(self._topics)}>"

    # --- the connection ------------------------------------------------------------------------------------

    def join(self, secret: str) -> None:
        """The next hello brings this one-time secret of a token, until the core has taken it."""
        self._secret = secret

    def dialling(self, now: float) -> list[Effect]:
        """A connection was begun; say hello (libzmq keeps it until the connection stands)."""
        self.dialled = True
        self._hello_deadline = now + HELLO_TIMEOUT
        self._read = 0
        return self._hello()

    def lost(self, now: float, jitter: float, reason: str) -> list[Effect]:
        """The connection broke or could not be made. `jitter` is a random number from 0 to 1."""
        if self.phase in ("closed", "refused"):
            return []
        wait = BACKOFF[min(self._attempts, len(BACKOFF) - 1)] * (0.5 + jitter)
        self._attempts += 1
        self.dialled = False
        self.retry_at = now + wait
        for topic in self._topics:
            self._topics[topic] = None
        effects: list[Effect] = (
            [Phase("connecting", reason)] if (self.phase, self.reason) != ("connecting", reason) else []
        )
        self.phase, self.reason, self.welcome = "connecting", reason, None
        for ticket, pending in list(self._pending.items()):
            if pending.sent and not repeatable(pending.message):
                text = "the connection was lost before the core answered; whether it was done is unknown"
                effects.append(self._finish(ticket, RequestFailed("unknown", text)))
        return effects

    def close(self) -> list[Effect]:
        """Nothing more will be sent; whatever waits fails."""
        return self._end("closed", "closed", lambda: LinkClosed("the client was closed"))

    def deadline(self) -> float | None:
        """When `tick` has something to do."""
        times: list[float] = []
        if self.phase == "connecting":
            times.append(self._hello_deadline if self.dialled else self.retry_at)
        elif self.phase == "up":
            for downloads in self._pulls.values():
                times.extend(due for each in downloads if (due := each.pull.next_deadline()) is not None)
        return min(times, default=None)

    def tick(self, now: float) -> list[Effect]:
        """Time passed."""
        if self.phase == "connecting" and self.dialled and now >= self._hello_deadline:
            return [Redial()]
        if self.phase == "up" and self._pulls:
            return self._pull_more(now)
        return []

    # --- requests ------------------------------------------------------------------------------------------

    def request(self, ticket: int, message: Any, payload: Sequence[bytes] = ()) -> list[Effect]:
        """Ask the core; `message.req` is replaced by the ticket. Kept until it is answered."""
        if (refusal := self._refusal()) is not None:
            return [Finish(ticket, refusal)]
        size = sum(map(len, payload))
        if len(self._pending) >= MAX_REQUESTS or (self._pending and self._bytes + size > MAX_BYTES):
            return [Finish(ticket, LinkBusy(f"{len(self._pending)} requests wait for the core"))]
        stamped = msgspec.structs.replace(message, req=ticket)
        pending = self._pending[ticket] = _Pending(stamped, payload, size)
        self._bytes += size
        return self._send_pending([pending]) if self.phase == "up" else []

    def refuse(self, ticket: int, reason: str) -> list[Effect]:
        """The request cannot be put on the wire at all."""
        return self._answered(ticket, RequestFailed("bad-request", reason))

    def forget(self, ticket: int) -> None:
        """Nobody waits for this answer any more."""
        pending = self._pending.pop(ticket, None)
        if pending is not None:
            self._bytes -= pending.size

    # --- topics --------------------------------------------------------------------------------------------

    def follow(self, topics: Iterable[str], fresh: Iterable[str] = ()) -> list[Effect]:
        """Follow exactly these topics; `fresh` ones get a snapshot anew, for a subscriber that has just come."""
        wanted = dict.fromkeys(topics)
        again = set(fresh)
        before = set(self._topics)
        self._topics = {topic: None if topic in again else self._topics.get(topic) for topic in wanted}
        if self.phase != "up" or (set(wanted) == before and not again):
            return []
        # A snapshot that is on its way comes all the same, as nothing overtakes it.
        return [Send(m.Subscribe(list(self._topics), [topic for topic in wanted if topic in before - again]))]

    # --- files ---------------------------------------------------------------------------------------------

    def upload(self, ticket: int, hash: str, size: int) -> list[Effect]:
        """Offer a blob to the core; finished when the core holds it durably."""
        if (refusal := self._refusal()) is not None:
            return [Finish(ticket, refusal)]
        for known in (*self._offers.values(), *self._offer_queue):
            if known.hash == hash:
                known.tickets.append(ticket)
                return []
        self._offer_queue.append(_Upload(hash, size, [ticket]))
        return self._offer_more()

    def download(self, ticket: int, hash: str, size: int, now: float) -> list[Effect]:
        """Pull a blob from the core."""
        if (refusal := self._refusal()) is not None:
            return [Finish(ticket, refusal)]
        if size == 0:
            return [WriteChunk(ticket, 0, b"", last=True)]
        self._pull_queue.append(_Download(Pull(hash, size), ticket))
        return self._pull_more(now)

    def transfer_failed(self, ticket: int, reason: str, now: float) -> list[Effect]:
        """A file could not be read or written here."""
        for hash, upload in list(self._offers.items()):
            if ticket in upload.tickets:
                effects = self._finish_offer(hash, TransferFailed(reason))
                return [Send(m.BlobMissing(hash, "the sender cannot read it")), *effects]
        for hash, downloads in list(self._pulls.items()):
            for each in downloads:
                if each.ticket == ticket:
                    downloads.remove(each)
                    if not downloads:
                        del self._pulls[hash]
        return [Finish(ticket, TransferFailed(reason)), *self._pull_more(now)]

    # --- what the core says --------------------------------------------------------------------------------

    def read(self, size: int) -> list[Effect]:
        """So many bytes of a snapshot or a delta were taken: the core hears of it now and then."""
        self._read += size
        if self._read < TELL or self.phase != "up":
            return []
        size, self._read = self._read, 0
        return [Send(m.Seen(size))]

    def received(self, message: Any, payload: list[bytes], now: float) -> list[Effect]:
        """One message from the core. What does not fit the moment is ignored: the core may be an older life's."""
        match message:
            case m.Reply() if "more" in message.data and (standing := self._standing(message, payload)) is not None:
                return [standing]
            case m.Reply():
                return self._answered(message.req, Answer(message.data, payload))
            case m.Failure():
                return self._answered(message.req, RequestFailed(message.code, message.reason))
            case m.Delta() | m.Snapshot():
                return self._topic(message)
            case m.ClientWelcome():
                return self._welcomed(message, now)
            case m.BlobWant():
                upload = self._offers.get(message.hash)
                return (
                    [ReadChunk(upload.tickets[0], message, upload.size)]
                    if upload
                    else [Send(m.BlobMissing(message.hash, "not on offer"))]
                )
            case m.BlobDone():
                return self._finish_offer(message.hash, None)
            case m.BlobChunk():
                return self._chunk(message, payload, now)
            case m.BlobMissing():
                return self._missing(message, now)
            case m.WhoAreYou():
                return self._unknown(now)
            case m.Enrolled():
                self._secret = None
                return [Send(m.ClientHello(self.name, tells=True))]
            case m.Refused():
                if message.code == "busy":
                    return [Redial()]
                refused = message
                return self._end("refused", message.reason, lambda: CoreRefused(refused.code, refused.reason))
        return []

    # --- inside --------------------------------------------------------------------------------------------

    def _hello(self) -> list[Effect]:
        if self._secret is not None:
            return [Send(m.Enrol(self._secret, self.name))]
        return [Send(m.ClientHello(self.name, tells=True))]

    def _unknown(self, now: float) -> list[Effect]:
        """The core does not know this connection (it restarted under it): begin again on the same one."""
        if self.phase != "up":
            return []  # the hello is on its way
        self.phase, self.reason, self.welcome = "connecting", "the core restarted", None
        self.dialled, self._hello_deadline = True, now + HELLO_TIMEOUT
        return [Phase(self.phase, self.reason), *self._hello()]

    def _welcomed(self, welcome: m.ClientWelcome, now: float) -> list[Effect]:
        self.welcome, self.phase, self.reason, self._attempts = welcome, "up", "", 0
        effects: list[Effect] = [Phase("up")]
        if self._topics:
            self._topics = dict.fromkeys(self._topics)
            effects.append(Send(m.Subscribe(list(self._topics))))
        effects += [Send(m.BlobOffer(each.hash, each.size)) for each in self._offers.values()]
        effects += self._offer_more()
        for downloads in self._pulls.values():
            for each in downloads:
                each.pull.restart()
        effects += self._pull_more(now)
        effects += self._send_pending(list(self._pending.values()))
        return effects

    def _send_pending(self, requests: list[_Pending]) -> list[Effect]:
        for pending in requests:
            pending.sent = True
        return [Send(pending.message, pending.payload) for pending in requests]

    def _standing(self, message: m.Reply, payload: list[bytes]) -> Part | None:
        """An answer after which the question goes on, and from where: should it be asked again, it is from there."""
        pending = self._pending.get(message.req)
        if pending is None or not isinstance(pending.message, m.GetResults) or not pending.message.credits:
            return None
        pending.message = msgspec.structs.replace(pending.message, after=message.data["more"])
        return Part(message.req, Answer(message.data, payload))

    def _answered(self, req: int, result: Answer | WindlassError) -> list[Effect]:
        return [self._finish(req, result)] if req in self._pending else []

    def _finish(self, ticket: int, result: Answer | WindlassError) -> Finish:
        self.forget(ticket)
        return Finish(ticket, result)

    def _topic(self, message: m.Snapshot | m.Delta) -> list[Effect]:
        topic = message.topic
        if topic not in self._topics:
            return []
        last = self._topics[topic]
        if isinstance(message, m.Snapshot):
            self._topics[topic] = message.seq
            return [Publish(message)]
        if last is None or message.seq <= last:
            return []  # older than the snapshot that comes, or that came
        if message.seq == last + 1:
            self._topics[topic] = message.seq
            return [Publish(message)]
        self._topics[topic] = None
        return [Send(m.Subscribe(list(self._topics), [other for other in self._topics if other != topic]))]

    def _offer_more(self) -> list[Effect]:
        effects: list[Effect] = []
        while self.phase == "up" and self._offer_queue and len(self._offers) < OFFERS:
            upload = self._offer_queue.popleft()
            self._offers[upload.hash] = upload
            effects.append(Send(m.BlobOffer(upload.hash, upload.size)))
        return effects

    def _finish_offer(self, hash: str, error: WindlassError | None) -> list[Effect]:
        upload = self._offers.pop(hash, None)
        if upload is None:
            return []
        done: list[Effect] = [Finish(ticket, error) for ticket in upload.tickets]
        return done + self._offer_more()

    def _pull_more(self, now: float) -> list[Effect]:
        effects: list[Effect] = []
        while self._pull_queue and len(self._pulls) < PULLS:
            download = self._pull_queue.popleft()
            self._pulls.setdefault(download.pull.hash, []).append(download)
        if self.phase != "up":
            return effects
        for hash, downloads in list(self._pulls.items()):
            effects += [Send(want) for each in downloads for want in each.pull.wants(now)]
            effects += self._reap(hash)
        return effects

    def _reap(self, hash: str) -> list[Effect]:
        """Take out the downloads of a blob that have failed."""
        downloads = self._pulls.get(hash, [])
        failed = [each for each in downloads if each.pull.failed]
        for each in failed:
            downloads.remove(each)
        if not downloads:
            self._pulls.pop(hash, None)
        return [Finish(each.ticket, TransferFailed(each.pull.failed)) for each in failed]

    def _chunk(self, chunk: m.BlobChunk, payload: list[bytes], now: float) -> list[Effect]:
        downloads = self._pulls.get(chunk.hash, [])
        if not downloads or len(payload) != 1:
            return []
        effects: list[Effect] = []
        for each in list(downloads):
            if each.pull.accept(chunk, payload[0]):
                done = each.pull.done
                effects.append(WriteChunk(each.ticket, chunk.offset, payload[0], last=done))
                if done:
                    downloads.remove(each)
        effects += self._reap(chunk.hash)
        return effects + self._pull_more(now)

    def _missing(self, message: m.BlobMissing, now: float) -> list[Effect]:
        if message.hash in self._offers:
            return self._finish_offer(
                message.hash, TransferFailed(message.reason or "the core could not take the file")
            )
        for each in self._pulls.get(message.hash, []):
            each.pull.failed = message.reason or "the core does not hold it any more"
        return [*self._reap(message.hash), *self._pull_more(now)]

    def _refusal(self) -> WindlassError | None:
        if self.phase == "closed":
            return LinkClosed("the client was closed")
        return CoreRefused("refused", self.reason) if self.phase == "refused" else None

    def _end(self, phase: str, reason: str, error: Callable[[], WindlassError]) -> list[Effect]:
        tickets = [*self._pending]
        for upload in (*self._offers.values(), *self._offer_queue):
            tickets += upload.tickets
        tickets += [each.ticket for downloads in self._pulls.values() for each in downloads]
        tickets += [each.ticket for each in self._pull_queue]
        for waiting in (self._pending, self._offers, self._offer_queue, self._pulls, self._pull_queue):
            waiting.clear()
        self._bytes = 0
        self.phase, self.reason, self.dialled = phase, reason, False
        return [Phase(phase, reason), *(Finish(ticket, error()) for ticket in tickets)]
