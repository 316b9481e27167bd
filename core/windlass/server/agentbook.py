"""What the core keeps of an agent and of the attempts on it, beside the scheduler's own view."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from windlass.wire.messages import AgentFacts, AttemptSample, Bundle, Exit, Key, Sample

if TYPE_CHECKING:
    from windlass.sched.events import AttemptId
    from windlass.server.links import Connection

BACKLOG = 300
"""Samples kept of each agent and of each long attempt."""
STEADY = 0.05
"""Seconds: clocks that differ by less are taken as equal (the difference is the link's delay)."""


class Ended(NamedTuple):
    """An end as the agent told it, times by our clock, and its result."""

    exit: Exit
    result: bytes
    started: float
    ended: float


class Given:
    """A row of `given`: it goes when no attempt stands by it any more."""

    __slots__ = ("id", "left")

    def __init__(self, id: int, left: int) -> None:
        self.id = id
        self.left = left


class Live:
    """An attempt that an agent has; or several that were given together, until they are said to run."""

    __slots__ = ("agent", "assigned", "epoch", "given", "samples", "slot", "started")

    def __init__(
        self,
        agent: str,
        epoch: int,
        assigned: float,
        started: float | None = None,
        slot: int = -1,
        given: Given | None = None,
    ) -> None:
        self.agent = agent
        self.epoch = epoch
        self.assigned = assigned
        self.started = started
        self.slot = slot
        """Lane of the agent's timeline; -1 while it has none."""
        self.samples: deque[AttemptSample] | None = None
        self.given = given
        """By which row of many it is kept; None: by one of its own."""

    def keep(self, sample: AttemptSample) -> None:
        """One more point of its curve."""
        if self.samples is None:
            self.samples = deque(maxlen=BACKLOG)
        self.samples.append(sample)


class Lanes:
    """Lanes of a timeline: an attempt takes the lowest one that is free when it begins."""

    __slots__ = ("_until",)

    def __init__(self) -> None:
        self._until: list[float] = []

    def begin(self, time: float) -> int:
        """The lane of an attempt that runs from now on."""
        return self._take(time, math.inf)

    def whole(self, started: float, ended: float) -> int:
        """The lane of an attempt that was short enough to be reported when it had ended."""
        return self._take(started, ended)

    def end(self, lane: int, time: float) -> None:
        if 0 <= lane < len(self._until):
            self._until[lane] = time

    def occupy(self, lane: int) -> None:
        """An attempt known from before a restart runs there."""
        while len(self._until) <= lane:
            self._until.append(0.0)
        if lane >= 0:
            self._until[lane] = math.inf

    def _take(self, start: float, until: float) -> int:
        for lane, busy in enumerate(self._until):
            if busy <= start:
                self._until[lane] = until
                return lane
        self._until.append(until)
        return len(self._until) - 1


class ClockOffset:
    """How far a machine's clock is behind ours. The least delayed of recent messages tells best."""

    __slots__ = ("_seen", "offset")

    def __init__(self) -> None:
        self._seen: deque[float] = deque(maxlen=20)
        self.offset = 0.0
        """To be added to its times."""

    def heard(self, theirs: float, ours: float) -> None:
        if not math.isfinite(theirs):
            return
        self._seen.append(ours - theirs)
        offset = min(self._seen)
        self.offset = offset if abs(offset) > STEADY else 0.0


@dataclass(eq=False, slots=True)
class AgentRecord:
    """One agent, known from its first HELLO until it is removed."""

    id: str
    key: str
    facts: AgentFacts
    epoch: int = 0
    draining: bool = False
    state: str = "new"
    note: str = ""
    since: float = 0.0
    """When it entered the state."""
    heard: float = 0.0
    connection: Connection | None = None
    clock: ClockOffset = field(default_factory=ClockOffset)
    lanes: Lanes = field(default_factory=Lanes)
    sent: dict[int, set[tuple[int, int]]] = field(default_factory=dict)
    """Run -> (task, version) of the bundles that it has."""
    over: set[int] = field(default_factory=set)
    """Runs among them that have ended, and that it is told of with its next heartbeat."""
    held: dict[AttemptId, Key] = field(default_factory=dict)
    """What its last HELLO named, until it is answered."""
    running: int = 0
    assigned: int = 0
    """Attempts that it has, running ones included."""
    told: tuple[int, int] = (0, 0)
    """Level of its disk and whole seconds of its clock's difference, as its row last said."""
    samples: deque[Sample] = field(default_factory=lambda: deque(maxlen=BACKLOG))

    def __repr__(self) -> str:
        return f"<AgentRecord {self.facts.name} {self.state} epoch {self.epoch}>"

    def lacks(self, bundle: Bundle) -> bool:
        """Whether it was never sent this one."""
        return (bundle.task, bundle.version) not in self.sent.get(bundle.run, ())

    def has(self, bundle: Bundle) -> None:
        """It is sent now."""
        self.sent.setdefault(bundle.run, set()).add((bundle.task, bundle.version))

    def has_not(self, bundle: Bundle) -> None:
        """It could not be sent."""
        self.sent.get(bundle.run, set()).discard((bundle.task, bundle.version))
