"""The agent's side of the lease, without sockets or a clock: when to dial, to say HELLO, to beat, to give up.

Times are seconds of a clock that also runs while the machine sleeps or this process is stopped: an agent that wakes
after its lease must first stop what it runs, before it says or hears anything.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from enum import Enum, auto, unique

SILENCE = 5.0
"""Seconds without any message after which the link is made anew."""
HELLO_PATIENCE = 5.0
"""Seconds from HELLO to its answer."""
BACKOFF = (0.05, 0.2, 0.5, 1.0, 2.0, 4.0, 8.0)
"""Seconds before dialling again, each multiplied by 0.5 to 1.5; the last one for ever."""


@unique
class State(Enum):
    APART = auto()
    """No link; it is dialled at `retry_at`."""
    GREETING = auto()
    """HELLO was said and not answered."""
    TOGETHER = auto()
    """The lease runs and is renewed."""


@unique
class Do(Enum):
    """What the loop is to do, in this order."""

    EXPIRE = auto()
    """The lease has ended: stop all attempts."""
    CLOSE = auto()
    OPEN = auto()
    HELLO = auto()
    BEAT = auto()


class Session:
    """`jitter` gives numbers from 0 to 1."""

    def __init__(self, now: float, jitter: Callable[[], float]) -> None:
        self.state = State.APART
        self.epoch = 0
        self.heartbeat = 1.0
        self.lease = 12.0
        self.lease_until: float | None = None
        self.retry_at = now
        self._jitter = jitter
        self._tries = 0
        self._heard = now
        self._greeted = now
        self._beat_at = now
        self._every = self.heartbeat
        """Seconds between heartbeats, as the core last wanted them."""
        self._beats: deque[float] = deque()
        """When the heartbeats were sent that are not answered: an answer renews the lease from then."""

    def __repr__(self) -> str:
        return f"<Session {self.state.name} epoch {self.epoch} tries {self._tries}>"

    def tick(self, now: float) -> list[Do]:
        """What is due."""
        todo: list[Do] = []
        if self.lease_until is not None and now >= self.lease_until:
            self.lease_until = None
            todo.append(Do.EXPIRE)
            if self.state is not State.APART:
                # The core has given us up, or will: begin anew instead of going on as if nothing had been.
                todo.append(Do.CLOSE)
                self._apart(now, soon=True)
        silence = max(SILENCE, 4 * self._every)
        greeting_late = self.state is State.GREETING and now >= self._greeted + HELLO_PATIENCE
        if greeting_late or (self.state is State.TOGETHER and now >= self._heard + silence):
            todo.append(Do.CLOSE)
            self._apart(now)
        if self.state is State.APART and now >= self.retry_at:
            todo += [Do.OPEN, Do.HELLO]
            self._greet(now)
        if self.state is State.TOGETHER and now >= self._beat_at:
            todo.append(Do.BEAT)
            self._beats.append(now)
            if len(self._beats) > 100:
                self._beats.popleft()
            self._beat_at = now + self.heartbeat
        return todo

    def next_deadline(self) -> float:
        if self.state is State.TOGETHER:
            at = min(self._beat_at, self._heard + max(SILENCE, 4 * self._every))
        else:
            at = self.retry_at if self.state is State.APART else self._greeted + HELLO_PATIENCE
        return at if self.lease_until is None or at < self.lease_until else self.lease_until

    def _apart(self, now: float, soon: bool = False) -> None:
        self.state = State.APART
        self._beats.clear()
        wait = BACKOFF[0] if soon else BACKOFF[min(self._tries, len(BACKOFF) - 1)]
        self._tries += 1
        self.retry_at = now + wait * (0.5 + self._jitter())

    def _greet(self, now: float) -> None:
        self.state = State.GREETING
        self._greeted = self._heard = now
        self._beats.clear()

    # --- what was heard ------------------------------------------------------------------------------------

    def heard(self, now: float) -> None:
        """Any message came."""
        self._heard = now

    def who_are_you(self, now: float) -> bool:
        """The core lost sight of us; whether to say HELLO (not again while one is on its way)."""
        if self.state is State.APART or (self.state is State.GREETING and now < self._greeted + 0.25):
            return False
        self._greet(now)
        return True

    def welcomed(self, epoch: int, heartbeat: float, lease: float, now: float) -> None:
        self.state = State.TOGETHER
        self.epoch = epoch
        self.heartbeat = min(max(heartbeat, 0.01), 60.0)
        self._every = self.heartbeat
        self.lease = max(lease, 0.1)
        self.lease_until = self._greeted + self.lease
        self._tries = 0
        self._beat_at = now
        self._beats.clear()

    def alive(self, now: float, beat: float = 0.0) -> bool:
        """A heartbeat was answered, and the next one is wanted in `beat` seconds; whether that renewed the lease."""
        if self.state is not State.TOGETHER or not self._beats:
            return False
        self._every = beat if 0 < beat <= self.lease / 3 else self.heartbeat
        if self._every == beat:
            self._beat_at = now + beat
        self.lease_until = self._beats.popleft() + self.lease
        return True

    def refused(self, now: float) -> None:
        """The core will not have us: try again later, it may have been told about us by then."""
        self._tries = len(BACKOFF)
        self._apart(now)
