"""A task and a run as the scheduler keeps them: compact arrays, a few sparse dictionaries, no object an item.

A task of one item to which nothing happens is not even an object: see `table.py`.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, ClassVar

from windlass.sched import states as tables
from windlass.sched.events import AttemptId, RunPlan, TaskPlan
from windlass.sched.queues import ReadyQueue
from windlass.sched.states import ACTIVE, BACKOFF, PENDING, READY, SUCCEEDED, ItemState

if TYPE_CHECKING:
    from windlass.sched.agents import Agent
    from windlass.sched.limits import Limits
    from windlass.sched.locality import Files
    from windlass.sched.memory import Peak
    from windlass.sched.shapes import Shape
    from windlass.sched.table import Table

Order = tuple[float, ...]
"""What the criteria of the core's `Policy` say of the task, one after the other; smaller goes first."""

UNKNOWN = 1.0
"""Seconds that an attempt counts in a path of which nothing is expected: then the path is the number of levels."""
LARGE = 32 * 1024
"""Bytes of an empty dictionary that are worth to be given back."""
_FULL = 255
_new = tuple.__new__


class _Rare:
    """What most tasks never need."""

    __slots__ = ("backoff", "crashes", "failures", "held", "many")

    def __init__(self) -> None:
        self.backoff: dict[int, tuple[float, str]] = {}
        self.crashes: dict[int, int] = {}
        self.failures: dict[int, int] = {}
        self.held: set[int] = set()
        self.many: dict[int, int] = {}


class TaskState:
    """One task of a run. Only `move`, `move_range` and `finish` write `states`."""

    part: ClassVar[int] = 2
    """The number of an attempt's id that says which of its items it is of."""

    __slots__ = (
        "_rare", "active", "asked", "board", "count", "counts", "decided", "limits", "mean", "numbers", "open", "order",
        "placeholder", "plan", "pos", "queue", "released", "run", "shape", "states",
    )  # fmt: skip

    def __init__(self, run: RunState, pos: int, plan: TaskPlan, shape: Shape, limits: Limits = ()) -> None:
        self.run = run
        self.pos = pos
        self.plan = plan
        """Shared with equal tasks, so without what is this one's own: `id`, needs and path are asked of the task."""
        self.shape = shape
        self.limits = limits
        """Never a new tuple while it stands on the board: `Supply` knows its line by it."""
        self.count = plan.count
        """Items; None while a fan-out is undecided."""
        self.open = plan.open
        self.decided = not asks(plan)
        self.asked = False
        """`DecideTask` is out and not answered."""
        self.released = False
        """Whole needs have ended well and the count is known: an item waits for its own (`each`) needs only."""
        self.placeholder = False
        """It ended before it was known how many items it has; one item stands for all."""
        size = plan.count or 0
        self.states = bytearray(size)
        self.numbers = bytearray(size)
        """The last attempt number given to each item; 255 means: look into `many`."""
        self.counts = [0] * 8
        self.counts[PENDING] = size
        self.queue = ReadyQueue()
        self.active: dict[int, Agent] = {}
        """Item -> agent of its live attempt, which may be one that is being stopped."""
        self._rare: _Rare | None = None
        self.board = False
        """The task stands in its shape's list of tasks with ready work."""
        self.order: Order = ()
        self.mean: float | None = None
        """Seconds that recent attempts took."""

    # Asked of few tasks: no `__getattr__`, which would make each look at anything else slower.

    @property
    def backoff(self) -> dict[int, tuple[float, str]]:
        """Item in BACKOFF -> (when it is READY again, agent to avoid)."""
        return self._rarely().backoff

    @property
    def crashes(self) -> dict[int, int]:
        return self._rarely().crashes

    @property
    def crashed(self) -> bool:
        """Whether any item was lost with its agent, or helper process: `crashes` is not empty."""
        return self._rare is not None and bool(self._rare.crashes)

    @property
    def failures(self) -> dict[int, int]:
        return self._rarely().failures

    @property
    def held(self) -> set[int]:
        """PENDING items that must not start before their old attempt has stopped."""
        return self._rarely().held

    @property
    def many(self) -> dict[int, int]:
        """Attempt numbers that a byte cannot hold."""
        return self._rarely().many

    def _rarely(self) -> _Rare:
        if self._rare is None:
            self._rare = _Rare()
        return self._rare

    @property
    def quiet(self) -> bool:
        """A task of one item of which nothing need be known but its state, its last attempt's number and its flags."""
        counts = self.counts
        if counts[READY] or counts[ACTIVE] or counts[BACKOFF]:
            return False
        rare = self._rare
        if self.active or (rare is not None and (rare.held or rare.many)):
            return False
        # What failures were counted is forgiven when a person brings an ended item back.
        return not counts[PENDING] or rare is None or not (rare.failures or rare.crashes)

    def slim(self) -> None:
        """Nothing is active: a dictionary that held many takes as much room when it is empty."""
        if sys.getsizeof(self.active) > LARGE:
            self.active = {}

    # --- what stands in the run's table ------------------------------------------------------------------

    @property
    def id(self) -> str:
        return self.run.tasks.names.name(self.pos)

    @property
    def path(self) -> float:
        """Seconds of the longest chain from here to the end of the graph, itself included."""
        return self.run.tasks.paths[self.pos]

    @property
    def complete(self) -> bool:
        """No item is left that is not terminal, and none will come."""
        return bool(self.run.tasks.done[self.pos])

    @property
    def waits(self) -> int:
        """Tasks of `whole` that are not complete."""
        return self.run.tasks.waits[self.pos]

    @property
    def whole(self) -> list[TaskState]:
        """The tasks that it needs as a whole. May be thousands: `run.tasks.whole` gives their positions."""
        tasks = self.run.tasks
        return [tasks[pos] for pos in tasks.whole(self.pos)]

    @property
    def each(self) -> list[TaskState]:
        """The tasks that it needs item by item."""
        tasks = self.run.tasks
        return [tasks[pos] for pos in tasks.each(self.pos)]

    @property
    def whole_children(self) -> list[TaskState]:
        tasks = self.run.tasks
        return [tasks[pos] for pos in tasks.whole_children(self.pos)]

    @property
    def each_children(self) -> list[TaskState]:
        tasks = self.run.tasks
        return [tasks[pos] for pos in tasks.each_children(self.pos)]

    # --- states ----------------------------------------------------------------------------------------

    def take_up(self, state: int, number: int) -> None:
        """A task of one item becomes an object again: what the run counts already, so without a transition."""
        self.counts[self.states[0]] -= 1
        self.counts[state] += 1
        self.states[0] = state
        self.numbers[0] = number

    def move(self, item: int, new: ItemState) -> None:
        old = self.states[item]
        tables.check_item(old, new)
        self.states[item] = new
        self._moved(old, new, 1)

    def _moved(self, old: int, new: int, size: int) -> None:
        self.counts[old] -= size
        self.counts[new] += size
        self.run.counts[old] -= size
        self.run.counts[new] += size

    def move_range(self, lo: int, hi: int, old: ItemState, new: ItemState) -> None:
        """All of [lo, hi) is in `old`."""
        size = hi - lo
        if self.states.count(old, lo, hi) != size:
            raise tables.IllegalTransition(f"{self.id}[{lo}:{hi}] is not all {old.name} on its way to {new.name}")
        tables.check_item(old, new)
        self.states[lo:hi] = bytes((new,)) * size
        counts, total = self.counts, self.run.counts
        counts[old] -= size
        counts[new] += size
        total[old] -= size
        total[new] += size

    def finish(self, items: list[int]) -> None:
        """ACTIVE items have succeeded."""
        tables.check_item(ACTIVE, SUCCEEDED)
        states = self.states
        for item in items:
            if states[item] != ACTIVE:
                raise tables.IllegalTransition(f"{self.id}[{item}] {ItemState(states[item]).name} -> SUCCEEDED")
            states[item] = SUCCEEDED
        self._moved(ACTIVE, SUCCEEDED, len(items))

    @property
    def unfinished(self) -> int:
        counts = self.counts
        return counts[0] + counts[1] + counts[2] + counts[3]

    @property
    def sized(self) -> bool:
        """The number of items is final."""
        return self.complete or (self.count is not None and self.decided and not self.open)

    def resize(self, count: int | None) -> None:
        """Set how many items there are, all PENDING where new; attempt numbers are never forgotten."""
        self.count = count
        size = count or 0
        old = len(self.states)
        if size < old:
            del self.states[size:]
        else:
            self.states.extend(bytes(size - old))
        if size > len(self.numbers):
            self.numbers.extend(bytes(size - len(self.numbers)))
        counts = [self.states.count(state) for state in range(8)]
        total = self.run.counts
        for state, count in enumerate(counts):
            total[state] += count - self.counts[state]
        self.counts = counts

    def grow(self, by: int) -> None:
        """So many more items, all PENDING; without a look at those that are there."""
        self.count = len(self.states) + by
        self.states.extend(bytes(by))
        self.numbers.extend(bytes(max(0, self.count - len(self.numbers))))
        self.counts[PENDING] += by
        self.run.counts[PENDING] += by

    # --- attempt numbers -------------------------------------------------------------------------------

    def number(self, item: int) -> int:
        """The last attempt number given, 0 if none."""
        if item >= len(self.numbers):
            return 0
        value = self.numbers[item]
        return self.many[item] if value == _FULL else value

    def set_number(self, item: int, number: int) -> None:
        if item >= len(self.numbers):
            self.numbers.extend(bytes(item + 1 - len(self.numbers)))
        if number >= _FULL:
            self.many[item] = number
            number = _FULL
        self.numbers[item] = number

    def next_number(self, item: int) -> int:
        number = self.number(item) + 1
        self.set_number(item, number)
        return number

    def next_ids(self, lo: int, hi: int) -> list[AttemptId]:
        """The next attempt of each of [lo, hi)."""
        run, pos = self.run.id, self.pos
        if self.numbers.count(0, lo, hi) == hi - lo:
            self.numbers[lo:hi] = b"\x01" * (hi - lo)
            return [_new(AttemptId, (run, pos, item, 1)) for item in range(lo, hi)]
        return [AttemptId(run, pos, item, self.next_number(item)) for item in range(lo, hi)]

    def __repr__(self) -> str:
        counts = " ".join(f"{s.name.lower()}={self.counts[s]}" for s in ItemState if self.counts[s])
        return f"<Task {self.id} of run {self.run.id}: {counts or 'no items'}>"


class Owner:
    """Someone whose runs share the agents with others'."""

    __slots__ = ("at", "average", "live", "name", "weight")

    def __init__(self, name: str, weight: float) -> None:
        self.name = name
        self.weight = weight
        self.live: dict[Shape, int] = {}
        """Attempts assigned, by shape."""
        self.average = 0.0
        """The faded average of the share it held, as of `at`; see `shares.py`."""
        self.at = 0.0


class RunState:
    __slots__ = (
        "assumed", "counts", "ended", "files", "groups", "id", "left", "mean", "owner", "paused", "peaks", "priority",
        "ranked", "running", "state", "submitted", "tasks",
    )  # fmt: skip

    tasks: Table
    """Sets itself."""

    def __init__(self, plan: RunPlan, owner: Owner) -> None:
        self.id = plan.run
        self.submitted = plan.submitted
        self.running = plan.running
        """Most of its items that are active at once."""
        self.groups = plan.groups
        """Sizes of its groups."""
        self.owner = owner
        self.priority = plan.priority
        self.paused = False
        self.counts = [0] * 8
        """How many items of all tasks are in each state."""
        self.left = len(plan.tasks)
        """Tasks that are not complete."""
        self.state = "running"
        self.ended: float | None = None
        self.mean: float | None = None
        self.assumed: dict[int, float] = {}
        """Position of a task that ran -> seconds that its attempts count in the longest paths."""
        self.files: Files | None = None
        """Which agents hold them; None: attempts left none."""
        self.peaks: dict[int, Peak] = {}
        """Position of a task that declares no memory -> what its attempts used."""
        self.ranked = plan.submitted
        """When those were last measured."""

    @property
    def over(self) -> bool:
        return self.ended is not None

    def __repr__(self) -> str:
        return f"<Run {self.id} {self.state}, {self.left} of {len(self.tasks)} tasks to go>"


def asks(plan: TaskPlan) -> bool:
    """It must be decided before its items can become ready."""
    return plan.ask or plan.count is None
