"""An agent as the scheduler keeps it: what it has, what is free, and which attempts are on it.

Of each shape an agent has a bucket: `lanes` attempts for which resources are held, and further ones that wait there.
It is the agent that starts a waiting attempt when one in a lane ends, so which attempt is in which lane is not kept:
only how many. Resources held = sum of lanes x request, and that never exceeds the capacity.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from windlass.model.graph import Resources
from windlass.sched import states as tables
from windlass.sched.events import AttemptId
from windlass.sched.shapes import Amounts, Shape, amounts
from windlass.sched.states import AgentState, AttemptState

if TYPE_CHECKING:
    from windlass.sched.backfill import Reservation
    from windlass.sched.tasks import TaskState


class Bucket:
    """The attempts of one shape on one agent."""

    __slots__ = ("lanes", "moved", "shape", "size")

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self.size = 0
        """Attempts assigned and not ended, waiting ones included."""
        self.lanes = 0
        """For how many of them resources are held."""
        self.moved = 0.0
        """When the last one came or went."""

    def __repr__(self) -> str:
        return f"<Bucket {self.lanes} lanes, {self.size - self.lanes} waiting of {self.shape!r}>"


class Grant:
    """What a batch of attempts has in common; one object a batch."""

    __slots__ = ("bucket", "epoch", "task", "time", "timeout")

    def __init__(self, task: TaskState, bucket: Bucket, epoch: int, time: float) -> None:
        self.task = task
        self.bucket = bucket
        self.epoch = epoch
        """The lease under which they were given."""
        self.time = time
        self.timeout = task.plan.timeout
        """Of then: the task may be amended."""


class Stopping:
    """The desired status of an attempt is STOP."""

    __slots__ = ("again", "reason")

    def __init__(self, reason: str, again: float) -> None:
        self.reason = reason
        self.again = again
        """When to say it again."""


class Agent:
    __slots__ = (
        "aside_last", "aside_times", "aside_until", "aside_why", "buckets", "capacity", "draining", "epoch", "free",
        "heard", "id", "labels", "linked", "live", "lost", "probation", "recalled", "rejects", "reserved", "resources",
        "running", "seq", "shun_until", "state", "stopping", "timed", "version",
    )  # fmt: skip

    def __init__(self, id: str, seq: int) -> None:
        self.id = id
        self.seq = seq
        self.state = AgentState.NEW
        self.draining = False
        self.epoch = 0
        self.resources = Resources(cpus=0)
        self.labels: dict[str, str] = {}
        self.capacity: Amounts = {}
        self.free: Amounts = {}
        self.live: dict[AttemptId, Grant] = {}
        """In the order of their assignment."""
        self.running: dict[AttemptId, float] = {}
        """Those that it said have begun -> when."""
        self.stopping: dict[AttemptId, Stopping] = {}
        self.recalled: set[AttemptId] = set()
        """Waiting ones that were asked back."""
        self.buckets: dict[Shape, Bucket] = {}
        self.heard = 0.0
        self.linked = False
        """The server can route to it."""
        self.shun_until = 0.0
        self.rejects = 0
        """How many times in a row it gave attempts back unasked."""
        self.lost: dict[AttemptId, None] = {}
        """Attempts lost with it that counted as crashes: if it returns and had stopped them, that is forgiven."""
        self.aside_until: float | None = None
        """Until when it is set aside because it is sick; None: it is not."""
        self.aside_why = ""
        self.aside_times = 0
        """How many times it was, of late."""
        self.aside_last = 0.0
        """When that last ended, or will."""
        self.probation = False
        """Back from being set aside, and has not shown yet that it is well: it gets one attempt at a time."""
        self.reserved: Reservation | None = None
        """It is kept for a large request; others get what `Reservation.room` says."""
        self.timed = False
        """A timer for its silence is set."""
        self.version = 0
        """Rises with every change that placing looks at."""

    @property
    def takes_work(self) -> bool:
        return self.aside_until is None and self.would_work

    @property
    def would_work(self) -> bool:
        """It takes work, or would if it were not set aside."""
        return self.state is AgentState.UP and self.linked and not self.draining

    def become(self, new: AgentState) -> None:
        tables.check_agent(self.state, new)
        self.state = new
        self.version += 1

    def attempt_state(self, id: AttemptId) -> AttemptState:
        return AttemptState.RUNNING if id in self.running else AttemptState.ASSIGNED

    def set_resources(self, resources: Resources, labels: dict[str, str]) -> None:
        """New facts; lanes that no longer fit are taken back (what runs in them goes on: the agent minds its own)."""
        self.resources = resources
        self.labels = labels
        self.capacity = amounts(resources)
        self.free = dict(self.capacity)
        for bucket in self.buckets.values():
            bucket.lanes = bucket.shape.lanes(self.free, bucket.lanes)
            self._take(bucket.shape, bucket.lanes)
        self.version += 1

    def _take(self, shape: Shape, lanes: int) -> None:
        for kind, amount in shape.need:
            self.free[kind] = self.free.get(kind, 0) - lanes * amount

    def bucket(self, shape: Shape) -> Bucket:
        bucket = self.buckets.get(shape)
        if bucket is None:
            bucket = self.buckets[shape] = Bucket(shape)
        return bucket

    def room(self, shape: Shape, at_most: int) -> int:
        """How many more lanes of this shape fit now, if the agent is not kept for another."""
        if self.probation:
            at_most = min(at_most, 1 - len(self.live))
        return shape.lanes(self.free, at_most)

    def widen(self, bucket: Bucket, lanes: int) -> None:
        """Hold resources for so many more."""
        bucket.lanes += lanes
        self._take(bucket.shape, lanes)
        self.version += 1

    def shrink(self, bucket: Bucket) -> bool:
        """Give back what no attempt needs any more; True if that freed something."""
        spare = bucket.lanes - bucket.size
        if spare <= 0:
            if not bucket.size:
                del self.buckets[bucket.shape]
            return False
        bucket.lanes -= spare
        self._take(bucket.shape, -spare)
        if not bucket.size:
            del self.buckets[bucket.shape]
        self.version += 1
        return True

    def __repr__(self) -> str:
        flag = " draining" if self.draining else ""
        return f"<Agent {self.id} {self.state.name}{flag} lease {self.epoch}, {len(self.live)} attempts>"
