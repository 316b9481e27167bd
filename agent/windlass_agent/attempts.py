"""What the agent knows of a task's items and of each attempt on its way from queue to end."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import msgspec

from windlass.model.graph import Call, FileRef, PythonCall
from windlass.wire.messages import AssignItem, Bundle, Key, StartedItem
from windlass_agent.files import Stamp
from windlass_agent.ledger import Grant, Shape, shape_of
from windlass_agent.logs import LogSink

if TYPE_CHECKING:
    from windlass.model.render import Rendered
    from windlass_agent.chains import Chain
    from windlass_agent.lanes import Lane

Id = tuple[int, int, int, int]
"""run, task, index, attempt: an attempt's name whatever the lease."""

WAITING, FETCHING, STAGING, RUNNING, COLLECTING = "waiting", "fetching", "staging", "running", "collecting"


def id_of(key: Key) -> Id:
    return key.run, key.task, key.index, key.attempt


Kind = tuple[int, Shape, bool]
"""run, what it asks for, whether it is pinned"""


def kind_of(bundle: Bundle) -> Kind | None:
    """Functions of a run that any of its runners can call, in any order: those of one kind share a group."""
    spec = bundle.spec
    if not isinstance(spec.action, Call) or bundle.files or spec.inputs or spec.outputs or spec.env:
        return None
    if spec.resources.gpus or spec.resources.gpu_memory:
        return None
    return bundle.run, shape_of(spec.resources), spec.pin


def _large(results: Mapping[str, bytes | list[bytes]]) -> bool:
    """Whether one of them is a blob."""
    return any(
        any(one[:1] == b"b" for one in found) if isinstance(found, list) else found[:1] == b"b"
        for found in results.values()
    )


class Group:
    """The attempts of one task, or of all tasks of one kind: a queue, and what is known of how long they take."""

    __slots__ = (
        "alone", "bundle", "chains", "devices", "function", "kind", "lanes", "light", "listed", "mean", "present",
        "queue", "rendered", "same", "taken",
    )  # fmt: skip

    def __init__(self, bundle: Bundle, alone: bool = False) -> None:
        self.bundle = bundle
        self.alone = alone
        """It is of one attempt, which may be what ends wardens, and so has one of its own."""
        self.queue: deque[Attempt] = deque()
        self.listed = False
        """It stands in the order in which tasks take turns."""
        self.lanes: list[Lane] = []
        self.chains: list[Chain] = []
        self.mean = -1.0
        """Seconds, of recent attempts; negative while unknown."""
        self.renew(bundle)

    def renew(self, bundle: Bundle) -> None:
        """A newer state of the task: a retry upstream changed what it gets."""
        self.bundle = bundle
        self.taken: Bundle | None = None
        """The last other state of it that was found to be served alike."""
        self.present: Bundle | None = None
        """The bundle, once all blobs that it names are here."""
        text = msgspec.msgpack.encode(bundle.spec)
        self.same = b"" if b"${{" in text else text
        """The task, if no value is put in anywhere, so that every item executes the same; else empty."""
        self.rendered: Rendered | None = None
        """What that is, once it is known."""
        action = bundle.spec.action
        self.function = isinstance(action, Call | PythonCall)
        spec = bundle.spec
        self.devices = bool(spec.resources.gpus or spec.resources.gpu_memory)
        """Each attempt has its own GPUs, so none follows another in the same place."""
        self.light = isinstance(action, Call) and not (bundle.files or spec.inputs or spec.outputs or spec.env)
        """Needs no work directory: the quick path."""
        self.kind = kind_of(bundle)

    def takes(self, bundle: Bundle) -> bool:
        """Its chains and runners may serve this state of the task too: what they run and hold is the same."""
        now = self.bundle
        if bundle is now or bundle is self.taken:
            return True
        if self.kind is not None:
            takes = self.kind == kind_of(bundle)
        else:
            same = not isinstance(now.spec.action, PythonCall) or bundle.files == now.files
            takes = same and bundle.spec == now.spec
        if takes:
            self.taken = bundle
        return takes

    def __repr__(self) -> str:
        return f"<Group {self.bundle.run}:{self.bundle.spec.id} {len(self.queue)} waiting, {len(self.lanes)} lanes>"

    def measured(self, duration: float) -> None:
        """A mean that forgets: a task's items often change their length along the array."""
        self.mean = duration if self.mean < 0 else 0.8 * self.mean + 0.2 * duration


class Attempt:
    """What is rarely set has its default here, so that one of the many that are over in no time is made quickly."""

    state = WAITING
    grant: Grant | None = None
    lane: Lane | None = None
    chain: Chain | None = None
    """Of a command: it shares the resources with others, one after the other."""
    place = 0
    """In its chain."""
    back = False
    """The core wants it back if it has not begun."""
    seq = 0
    """Its lane's number of it."""
    spawn = 0
    """The warden's number of it, while it is a command that runs."""
    pid = 0
    started = 0.0
    since = 0.0
    """When the step of its staging that is under way began, by `wardenwire.clock`."""
    staged_in = 0.0
    """Seconds in which its inputs were brought here and laid out."""
    reported = False
    """`Started` was sent."""
    cause = ""
    """Why we end it: cancelled, timeout, oom, lease, ..."""
    cwd: Path | None = None
    script = ""
    """The file that holds its script, if it is one."""
    staged: Mapping[str, Stamp] = MappingProxyType({})
    outputs: Sequence[str] = ()
    """Patterns, rendered."""
    pending: set[str]
    """Set where it is used: blobs that have to arrive (before it) or to be taken by the core (after it)."""
    peak = 0
    """Resident bytes seen by sampling."""
    usage_cpu = 0.0
    """CPU seconds seen by sampling."""
    log: LogSink | None = None
    """Of a function; a command's is the warden's."""

    def __init__(self, group: Group, bundle: Bundle, key: Key, item: AssignItem, payload: bytes) -> None:
        """`item` may be that of a whole range: its key is not this attempt's."""
        self.key = key
        self.id = key.run, key.task, key.index, key.attempt
        self.group = group
        self.bundle = bundle
        self.item = item
        self.payload = payload
        self.plain = group.light and not (item.files or bundle.results or (item.results and _large(item.results)))
        """A function that needs nothing but its arguments and results that came along."""

    def __repr__(self) -> str:
        k = self.key
        return f"<Attempt {self.bundle.spec.id}[{k.index}]#{k.attempt} of run {k.run} {self.state}>"

    @property
    def ahead(self) -> bool:
        """It was sent ahead and, as far as we know, has not begun."""
        return self.state == RUNNING and self.spawn > 0 and self.pid == 0

    @property
    def first(self) -> bool:
        """Nothing stands before it, so it may have begun without our knowing, and may be what killed the warden."""
        return self.chain is None or next(iter(self.chain.sent)) == self.place

    def report_started(self, pid: int) -> StartedItem:
        """That it runs; said once."""
        self.reported = True
        return StartedItem(self.key, self.started, pid)

    @property
    def timeout(self) -> float | None:
        return self.bundle.spec.timeout

    @property
    def files(self) -> list[FileRef]:
        return [*self.bundle.files, *self.item.files] if self.item.files else self.bundle.files
