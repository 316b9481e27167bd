"""An agent as the scheduler keeps it: what it has, what is free, and which attempts are on it.

Of each shape an agent has a bucket: `lanes` attempts for which resources are held, and further ones that wait there.
It is the agent that starts a waiting attempt when one in a lane ends, so which attempt is in which lane is not kept:
only how many. Resources held = sum of lanes x request, and that never exceeds the capacity.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from windlass.model.graph import Gpu, Resources
from windlass.sched import states as tables
from windlass.sched.devices import NOTHING, Devices, offered
from windlass.sched.events import AttemptId, Doubt
from windlass.sched.shapes import Amounts, Shape, amounts
from windlass.sched.states import ASSIGNED, NEW, RUNNING, UP, AgentState, AttemptState

if TYPE_CHECKING:
    from windlass.sched.backfill import Reservation
    from windlass.sched.limits import Limits
    from windlass.sched.tasks import TaskState


_NONE: Mapping[AttemptId, tuple[int, ...]] = {}
RATE_WINDOW = 0.02
"""Seconds over which an agent's ends are counted: a graph of some thousand short tasks is over in a tenth of one."""


class Bucket:
    """The attempts of one shape on one agent."""

    __slots__ = ("lanes", "moved", "past", "shape", "size")

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self.size = 0
        """Attempts assigned and not ended, waiting ones included."""
        self.lanes = 0
        """For how many of them resources are held."""
        self.moved = 0.0
        """When the last one came or went."""
        self.past: list[AttemptId] = []
        """Those that were let past the waiting ones; some of them may have ended."""

    def __repr__(self) -> str:
        return f"<Bucket {self.lanes} lanes, {self.size - self.lanes} waiting of {self.shape!r}>"


class Grant:
    """What a batch of attempts has in common; one object a batch."""

    __slots__ = ("bucket", "epoch", "limits", "task", "time", "timeout")

    def __init__(self, task: TaskState, bucket: Bucket, epoch: int, time: float) -> None:
        self.task = task
        self.bucket = bucket
        self.epoch = epoch
        """The lease under which they were given."""
        self.time = time
        self.timeout = task.plan.timeout
        self.limits: Limits = task.limits
        """What each of them took; both of then: the task may be amended."""


class Stopping:
    """The desired status of an attempt is STOP."""

    __slots__ = ("again", "reason")

    def __init__(self, reason: str, again: float) -> None:
        self.reason = reason
        self.again = again
        """When to say it again."""


class Agent:
    __slots__ = (
        "aside_last",
        "aside_times",
        "aside_until",
        "aside_why",
        "buckets",
        "capacity",
        "counted",
        "devices",
        "draining",
        "epoch",
        "forgiven",
        "free",
        "heard",
        "id",
        "labels",
        "linked",
        "live",
        "lost",
        "probation",
        "rate",
        "recalled",
        "rejects",
        "reserved",
        "resources",
        "running",
        "seq",
        "shun_until",
        "since",
        "sole",
        "state",
        "stopping",
        "suspects",
        "timed",
        "version",
    )  # fmt: skip

    def __init__(self, id: str, seq: int) -> None:
        self.id = id
        self.seq = seq
        self.state = NEW
        self.draining = False
        self.epoch = 0
        self.resources = Resources(cpus=0)
        self.labels: dict[str, str] = {}
        self.capacity: Amounts = {}
        self.free: Amounts = {}
        self.devices = Devices()
        """Its GPUs; what is free of them also stands in `free`."""
        self.sole: Shape | None = None
        """What has the agent for itself."""
        self.live: dict[AttemptId, Grant] = {}
        """In the order of their assignment."""
        self.running: dict[AttemptId, float] = {}
        """Those that it said have begun -> when."""
        self.stopping: dict[AttemptId, Stopping] = {}
        self.recalled: set[AttemptId] = set()
        """Waiting ones that were asked back."""
        self.suspects: set[AttemptId] = set()
        """Live ones of items that may be what ends agents (`suspects.py`): at most one."""
        self.buckets: dict[Shape, Bucket] = {}
        self.heard = 0.0
        self.rate = 0.0
        """Ends a second, of late: what it really does, with all that is on the way."""
        self.counted = 0
        self.since: float | None = None
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
        self.forgiven: Doubt | None = None
        """What a person forgave it last; it can be taken back."""
        self.probation = False
        """Back from being set aside, and has not shown yet that it is well: it gets one attempt at a time."""
        self.reserved: Reservation | None = None
        """It is kept for a large request; others get what `Reservation.room` says."""
        self.timed = False
        """A timer for its silence is set."""
        self.version = 0
        """Rises with every change that placing looks at."""

    def count(self, ends: int, now: float) -> None:
        """So many attempts have ended."""
        if self.since is None:
            self.since = now
        self.counted += ends
        if now - self.since >= RATE_WINDOW:
            self.rate = self.counted / (now - self.since)
            self.counted, self.since = 0, now

    @property
    def well(self) -> bool:
        """It is heard of in time: one more sign of life is no news."""
        return self.state is UP and self.linked

    @property
    def doubt(self) -> Doubt:
        return Doubt(self.aside_until, self.aside_why, self.aside_times, self.aside_last, self.probation)

    @property
    def takes_work(self) -> bool:
        return self.aside_until is None and self.linked and not self.draining and self.state is UP

    @property
    def would_work(self) -> bool:
        """It takes work, or would if it were not set aside."""
        return self.state is UP and self.linked and not self.draining

    def become(self, new: AgentState) -> None:
        tables.check_agent(self.state, new)
        self.state = new
        self.version += 1

    def attempt_state(self, id: AttemptId) -> AttemptState:
        return RUNNING if id in self.running else ASSIGNED

    def set_resources(
        self,
        resources: Resources,
        labels: dict[str, str],
        gpus: Sequence[Gpu] = (),
        told: Mapping[AttemptId, tuple[int, ...]] = _NONE,
    ) -> None:
        """New facts; lanes that no longer fit are taken back (what runs in them goes on: the agent minds its own).

        `told`: the devices that it says its attempts have.
        """
        self.resources = resources
        self.labels = labels
        self.capacity = amounts(resources)
        self.capacity.pop("gpu_memory", None)
        self.free = dict(self.capacity)
        if self.capacity.get("gpus") or len(self.devices):
            asks = {id: shape.gpu for id, grant in self.live.items() if (shape := grant.bucket.shape).gpu != NOTHING}
            self.devices = self.devices.renewed(offered(gpus, self.capacity.get("gpus", 0)), asks, told)
            if self.devices.memory:
                self.capacity["gpu_memory"] = self.devices.memory
            self._count_devices()
        for bucket in self.buckets.values():
            bucket.lanes = bucket.shape.lanes_held(self.free, bucket.lanes)
            self._take(bucket.shape, bucket.lanes)
        self.version += 1

    def _count_devices(self) -> None:
        self.free["gpus"] = self.devices.idle
        if "gpu_memory" in self.capacity:
            self.free["gpu_memory"] = self.devices.memory_left

    def _take(self, shape: Shape, lanes: int) -> None:
        for kind, amount in shape.on_lanes:
            self.free[kind] = self.free.get(kind, 0) - lanes * amount

    def take_devices(self, id: AttemptId, shape: Shape) -> tuple[int, ...]:
        """GPUs for an attempt of the shape; there is room for it."""
        indices = self.devices.take(id, shape.gpu)
        self._count_devices()
        return indices

    def give_devices(self, ids: Iterable[AttemptId]) -> bool:
        """What these had is free; True if it was anything."""
        if not self.devices.held or not sum(self.devices.give(id) for id in ids):
            return False
        self._count_devices()
        self.version += 1
        return True

    def bucket(self, shape: Shape) -> Bucket:
        bucket = self.buckets.get(shape)
        if bucket is None:
            bucket = self.buckets[shape] = Bucket(shape)
        return bucket

    def able(self, shape: Shape) -> bool:
        """Whether one of the shape would fit if nothing else ran here."""
        return shape.lanes(self.capacity, 1) > 0 and (shape.gpu == NOTHING or self.devices.able(shape.gpu))

    def room(self, shape: Shape, at_most: int) -> int:
        """How many more lanes of this shape fit now, if the agent is not kept for another."""
        if self.sole is not None:
            return 0
        if self.probation:
            at_most = min(at_most, 1 - len(self.live))
        room = shape.lanes(self.free, at_most)
        return self._strict_room(shape, room) if room and shape.strict else room

    def _strict_room(self, shape: Shape, room: int) -> int:
        if shape.exclusive:
            if self.live:
                return 0
            room = 1
        if shape.apart:
            if self.apart_from(shape) is not None:
                return 0
            if shape.mark in shape.apart:
                room = 1
        return room if shape.gpu == NOTHING else min(room, self.devices.room(shape.gpu))

    def apart_from(self, shape: Shape) -> Shape | None:
        """Something here that the shape is kept apart from."""
        return next((other for other in self.buckets if other.mark in shape.apart), None)

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
                return self.drop(bucket)
            return False
        bucket.lanes -= spare
        self._take(bucket.shape, -spare)
        if not bucket.size:
            self.drop(bucket)
        self.version += 1
        return True

    def drop(self, bucket: Bucket) -> bool:
        """The bucket is empty; True if others had to keep off because of it."""
        shape = bucket.shape
        del self.buckets[shape]
        if self.sole is shape:
            self.sole = None
        if shape.mark is None and self.live:
            return False
        self.version += 1
        return True

    def __repr__(self) -> str:
        flag = " draining" if self.draining else ""
        return f"<Agent {self.id} {self.state.name}{flag} lease {self.epoch}, {len(self.live)} attempts>"
