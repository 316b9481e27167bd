"""What the machine is told (facts) and what it asks for (commands). Frozen, slotted, no behaviour.

Attempts come and go in batches: one event or effect holds a list, never one record an item where many can occur. Each
turn makes some ten of them, and a struct is made four times faster than a frozen dataclass.
"""

from __future__ import annotations

from abc import abstractmethod
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import NamedTuple

from msgspec import Struct

from windlass.model.edges import Edges
from windlass.model.graph import Gpu, Resources, RetryPolicy
from windlass.model.names import Names
from windlass.sched.states import AttemptState, ItemState, Outcome


class AttemptId(NamedTuple):
    """run, task position, item (position in the array), attempt number from 1."""

    run: int
    task: int
    item: int
    attempt: int


_new = tuple.__new__


@dataclass(frozen=True, slots=True)
class Rules:
    """What few tasks say about where and how many at once; those that say nothing share one object."""

    spread: bool = False
    """Onto the agent with the fewest of its like, instead of the one that it fills best."""
    apart: frozenset[int] = frozenset()
    """Positions of tasks whose attempts never share an agent with this one's; both sides say it (`plans.apart_of`)."""
    exclusive: bool = False
    """An agent runs nothing else beside an attempt of it."""
    limit: int | None = None
    """Most of its items that are active at once."""
    groups: tuple[str, ...] = ()
    place: int = -1
    """The task's own position where `limit` or `apart` makes it unlike all others; else -1."""


PLAIN = Rules()


@dataclass(frozen=True, slots=True)
class TaskPlan:
    """What the scheduler needs to know of a task. It never sees commands, files or results."""

    id: str
    needs: tuple[tuple[int, bool], ...] = ()
    """(task position, item by item)."""
    count: int | None = 1
    """Items; None until `TaskDecided` (a fan-out over outputs or results)."""
    ask: bool = False
    """Ask (`DecideTask`) before the items become ready: it has a condition, or its count is not known."""
    resources: Resources = Resources()
    where: tuple[str, ...] = ()
    priority: int = 0
    retries: RetryPolicy = RetryPolicy()
    timeout: float | None = None
    deadline: float | None = None
    continue_on_error: bool = False
    open: bool = False
    """More items may be appended; the task cannot end until it is closed."""
    judges: bool = False
    """Its condition says itself what is to be done when a task that it needs as a whole did not succeed, so it is asked
    (`ask`) then, too, instead of being skipped."""
    expected: float | None = None
    """Seconds that an attempt is expected to take, where that was declared or recorded."""
    rules: Rules = PLAIN


class TaskColumns(NamedTuple):
    """The plans of all tasks of a run, in columns."""

    plans: Sequence[TaskPlan]
    """One for all equal tasks; their ids, needs and expected seconds are not looked at."""
    kinds: array[int]
    """Of each task, which of the plans is its own."""
    whole: Edges
    """What each needs as a whole,"""
    each: Edges
    """and item by item."""
    expected: array[float] | None
    """Seconds that an attempt of each should take, not a number where nothing is expected; None: so everywhere."""


class PlansByKind(Sequence[TaskPlan]):
    """Plans that are also there as columns."""

    @abstractmethod
    def columns(self) -> TaskColumns: ...


@dataclass(frozen=True, slots=True)
class RunPlan:
    run: int
    owner: str
    priority: int
    submitted: float
    tasks: Sequence[TaskPlan]
    """Read once, in order, so that they need not all be there at a time."""
    names: Names | None = None
    """The tasks' ids, where somebody has them as `Names` already."""
    running: int | None = None
    """Most of its items that are active at once."""
    groups: Mapping[str, int] = field(default_factory=dict)
    """Sizes of its groups."""


# --- events ----------------------------------------------------------------------------------------------


class RunSubmitted(Struct, frozen=True):
    plan: RunPlan


class TaskDecided(Struct, frozen=True):
    """The answer to `DecideTask`: how many items, or why it is skipped or has failed."""

    run: int
    task: int
    count: int = 1
    skip: str = ""
    error: str = ""


class ItemsAppended(Struct, frozen=True):
    run: int
    task: int
    count: int


class TaskClosed(Struct, frozen=True):
    run: int
    task: int


class TaskAmended(Struct, frozen=True):
    """A person changed the task: from now on attempts are given by `plan`, of which the needs, the items and the
    condition are the task's own."""

    run: int
    task: int
    plan: TaskPlan


class AgentHello(Struct, frozen=True):
    """An agent said HELLO. `held` are the attempts it still has under `epoch` (its last lease; 0: none)."""

    agent: str
    resources: Resources
    labels: dict[str, str]
    epoch: int
    held: tuple[tuple[AttemptId, str], ...] = ()
    """(attempt, "waiting" | "running" | "exited" | "stopped"): the last one ended because the agent stopped it."""
    gpus: tuple[Gpu, ...] = ()
    """The GPUs that it offers."""
    devices: Mapping[AttemptId, tuple[int, ...]] = {}
    """Which of them held attempts were given."""


class AgentHeard(Struct, frozen=True):
    agent: str


class CoreDeaf(Struct, frozen=True):
    """The core itself did not get to listen for so long; nobody's silence in that time counts."""

    seconds: float


class AgentLinkLost(Struct, frozen=True):
    """The server cannot route to it; the lease still runs."""

    agent: str


class AgentLeft(Struct, frozen=True):
    """It said goodbye."""

    agent: str
    reason: str


class AgentDrain(Struct, frozen=True):
    agent: str
    on: bool


class AgentForgiven(Struct, frozen=True):
    """A person says that an agent that was set aside, or is suspected, is well; not `on`: takes that back."""

    agent: str
    on: bool = True


class AgentRemoved(Struct, frozen=True):
    agent: str


class AttemptsStarted(Struct, frozen=True):
    agent: str
    epoch: int
    items: list[tuple[AttemptId, float]]
    """(attempt, start time)."""


class ExitFact(Struct, frozen=True):
    id: AttemptId
    outcome: Outcome
    code: int
    started: float
    ended: float
    memory: int = 0
    """Peak bytes of its processes; 0: not known."""
    files: int = 0
    """Bytes of files that it left on its agent."""


class AttemptsExited(Struct, frozen=True):
    agent: str
    epoch: int
    items: list[ExitFact]


class AttemptsSucceeded(Struct, frozen=True):
    """Ends of one run's items that all went well, as columns: `AttemptsExited` with outcome ok and code 0."""

    agent: str
    epoch: int
    run: int
    task: int
    items: list[int]
    attempts: list[int]
    started: list[float]
    ended: list[float]
    memory: Sequence[int] = ()
    """The peak of each, in bytes; 0, or nothing: not known."""
    tasks: Sequence[int] = ()
    """The task of each; empty: all are of `task`."""

    @property
    def ids(self) -> list[AttemptId]:
        run = self.run
        if self.tasks:
            ends = zip(self.tasks, self.items, self.attempts, strict=True)
            return [_new(AttemptId, (run, *one)) for one in ends]
        task = self.task
        return [_new(AttemptId, (run, task, *one)) for one in zip(self.items, self.attempts, strict=True)]


class AttemptsRejected(Struct, frozen=True):
    agent: str
    epoch: int
    items: list[AttemptId]


class Scope(Struct, frozen=True):
    """A run; with `task`, that task; with `index` too, that item. With `picks`, those parts of the run together."""

    run: int
    task: int | None = None
    index: int | None = None
    picks: tuple[tuple[int, tuple[tuple[int, int], ...] | None], ...] = ()
    """Tasks, each with its items as first..last-1, apart and in order, or None for all of them."""


class CancelRequested(Struct, frozen=True):
    scope: Scope
    reason: str = "cancelled"
    """What its items say of it."""


class RetryRequested(Struct, frozen=True):
    """Items of the scope that failed or were cancelled, and what was skipped because of them, go back to PENDING.

    With `downstream`: the scope's items in any terminal state, and everything after them; with `only_failed` too, of
    the scope only those that failed or were cancelled. With `upstream` the scope grows by all that it needs.
    """

    scope: Scope
    downstream: bool = False
    upstream: bool = False
    only_failed: bool = False


class PauseRequested(Struct, frozen=True):
    run: int
    on: bool


class PriorityChanged(Struct, frozen=True):
    run: int
    priority: int


class RunDeleted(Struct, frozen=True):
    """Only a run that has ended."""

    run: int


class RunForgotten(Struct, frozen=True):
    """The server keeps an ended run elsewhere; nothing is said of it, and nothing may be asked before `RunLoaded`."""

    run: int


class RunLoaded(Struct, frozen=True):
    """A run that was forgotten, as the store has it."""

    run: RestoredRun


class Tick(Struct, frozen=True):
    """Time passed; `next_deadline()` said when this is due."""


Event = (
    RunSubmitted | TaskDecided | ItemsAppended | TaskClosed | TaskAmended
    | AgentHello | AgentHeard | CoreDeaf | AgentLinkLost | AgentLeft | AgentDrain | AgentForgiven | AgentRemoved
    | AttemptsStarted | AttemptsExited | AttemptsSucceeded | AttemptsRejected
    | CancelRequested | RetryRequested | PauseRequested | PriorityChanged | RunDeleted | RunForgotten | RunLoaded | Tick
)  # fmt: skip


# --- effects ---------------------------------------------------------------------------------------------


class DecideTask(Struct, frozen=True):
    """Upstream has ended: evaluate the condition, count the items, answer with `TaskDecided`."""

    run: int
    task: int


class AssignAttempts(Struct, frozen=True):
    """Give these to the agent. Persist first."""

    agent: str
    epoch: int
    items: list[AttemptId]
    gpus: Mapping[AttemptId, tuple[int, ...]] = {}
    """The devices of those that asked for any."""
    alone: Sequence[AttemptId] = ()
    """Those that get a helper process of their own, so that what they may do to it hurts nobody else."""


class StopAttempts(Struct, frozen=True):
    agent: str
    epoch: int
    items: list[AttemptId]
    reason: str
    """cancelled, timeout, stale, run ended, ..."""
    if_waiting: bool = False


class WelcomeAgent(Struct, frozen=True):
    """The answer to HELLO: the lease's epoch, and which of the held attempts go on."""

    agent: str
    epoch: int
    keep: list[AttemptId]
    stop: list[AttemptId]


class AcceptExits(Struct, frozen=True):
    """These ends count: commit them with their results, then acknowledge."""

    agent: str
    epoch: int
    items: list[AttemptId]


class RefuseExits(Struct, frozen=True):
    """These are stale (an older attempt, another lease, ended already): acknowledge and drop."""

    agent: str
    epoch: int
    items: list[AttemptId]


class AttemptsChanged(Struct, frozen=True):
    """Attempts that entered a state other than EXITED through `AcceptExits`: ASSIGNED, RUNNING, LOST, REJECTED."""

    state: AttemptState
    agent: str
    items: list[AttemptId]
    time: float


class LossesForgiven(Struct, frozen=True):
    """These were LOST; now their agent has returned and says that it had stopped them in order. They do not count."""

    agent: str
    items: list[AttemptId]


class ItemsChanged(Struct, frozen=True):
    """Items of one task that entered `state`. `ranges` are (first, one past the last); `reason` for people."""

    run: int
    task: int
    state: ItemState
    ranges: list[tuple[int, int]]
    reason: str = ""


class TasksChanged(Struct, frozen=True):
    """Single tasks of a run that entered `state`: `ItemsChanged` of many. `ranges` are of their positions."""

    run: int
    state: ItemState
    ranges: list[tuple[int, int]]

    @property
    def positions(self) -> Iterator[int]:
        return chain.from_iterable(range(first, last) for first, last in self.ranges)

    def apart(self) -> list[ItemsChanged]:
        """The same with a record for each task."""
        return [ItemsChanged(self.run, pos, self.state, [(0, 1)]) for pos in self.positions]


class TaskChanged(Struct, frozen=True):
    """The number of a task's items is now known or has grown, it was closed, or it was decided (again)."""

    run: int
    task: int
    count: int | None
    open: bool
    decided: bool
    note: str = ""


class RunChanged(Struct, frozen=True):
    run: int
    state: str
    """running, paused, succeeded, failed, cancelled, deleted."""
    priority: int
    ended: float | None = None


class Doubt(NamedTuple):
    """What an agent has to live down; see `aside.py`."""

    until: float | None = None
    """Until when it is set aside; None: it is not."""
    why: str = ""
    times: int = 0
    """How many times it was, of late."""
    last: float = 0.0
    """When that last ended, or will."""
    probation: bool = False


NO_DOUBT = Doubt()


class AgentChanged(Struct, frozen=True):
    agent: str
    state: str
    """AgentState's name in lower case, or "removed"."""
    draining: bool
    epoch: int
    note: str = ""
    doubt: Doubt = NO_DOUBT
    """To be written down, and told to `restore`."""


class OwnerUsage(NamedTuple):
    """What an owner had of the machines until then, see `shares.py`; an average of 0: forget it."""

    owner: str
    average: float
    at: float


class UsageChanged(Struct, frozen=True):
    """To be written down, and told to `restore`."""

    owners: list[OwnerUsage]


class Lesson(NamedTuple):
    """What was learned of an array's attempts; see `lessons.py`."""

    run: int
    task: int
    mean: float
    """Seconds that recent ones took; 0: not known."""
    ends: int
    """So many told how much memory they used,"""
    most: int
    """the largest of them so many bytes;"""
    want: int
    """and so many are asked for where an agent has them. 0: nothing yet."""


class LessonsLearned(Struct, frozen=True):
    """To be written down, and told to `restore` with their runs."""

    lessons: list[Lesson]


class DeadlineChanged(Struct, frozen=True):
    """What is to be expected of a task's deadline has changed."""

    run: int
    task: int
    state: str
    """endangered (by the forecast), open (no longer endangered), missed, met (after it was endangered)."""
    due: float
    forecast: float | None
    """When the task should have ended, at best; None: unknown, or it has ended."""


class MemoryLearned(Struct, frozen=True):
    """A task that declares no memory is placed by what its attempts were seen to use, from now on so much."""

    run: int
    task: int
    memory: int
    """Bytes; 0: nothing any more."""
    attempts: int
    """From so many."""


Effect = (
    DecideTask | AssignAttempts | StopAttempts | WelcomeAgent | AcceptExits | RefuseExits
    | AttemptsChanged | LossesForgiven | ItemsChanged | TasksChanged | TaskChanged | RunChanged | AgentChanged
    | UsageChanged | LessonsLearned | DeadlineChanged | MemoryLearned
)  # fmt: skip


# --- restoring -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RestoredTask:
    """A task as the store has it. `states` is one byte an item; READY and ACTIVE may be stale and are derived anew."""

    count: int | None
    open: bool
    decided: bool
    states: bytearray
    attempts: dict[int, int] = field(default_factory=dict)
    """index -> last attempt number given (absent: 0)."""
    failures: dict[int, int] = field(default_factory=dict)
    """index -> failures counted against `retries` since the last manual retry."""
    crashes: dict[int, int] = field(default_factory=dict)
    """index -> attempts LOST."""
    lost: list[tuple[int, int, str]] = field(default_factory=list)
    """(index, attempt, agent) of those among them that may still be forgiven."""


@dataclass(frozen=True, slots=True)
class RestoredRun:
    plan: RunPlan
    state: str
    tasks: list[RestoredTask]
    lessons: list[Lesson] = field(default_factory=list)
    ended: float | None = None
    """When, of one that has."""


@dataclass(frozen=True, slots=True)
class RestoredAgent:
    """An agent known before the restart, DISCONNECTED until it says HELLO; its lease counts anew from the restart."""

    agent: str
    epoch: int
    draining: bool
    resources: Resources
    labels: dict[str, str]
    live: list[tuple[AttemptId, AttemptState]] = field(default_factory=list)
    gpus: tuple[Gpu, ...] = ()
    doubt: Doubt = NO_DOUBT
