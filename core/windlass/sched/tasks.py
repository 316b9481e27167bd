"""A task and a run as the scheduler keeps them: compact arrays, a few sparse dictionaries, no object an item."""

from __future__ import annotations

from typing import TYPE_CHECKING

from windlass.sched import states as tables
from windlass.sched.events import RunPlan, TaskPlan
from windlass.sched.queues import ReadyQueue
from windlass.sched.states import ItemState

if TYPE_CHECKING:
    from windlass.sched.agents import Agent
    from windlass.sched.order import Policy
    from windlass.sched.shapes import Shape

Order = tuple[float, ...]
"""What the criteria of the core's `Policy` say of the task, one after the other; smaller goes first."""

UNKNOWN = 1.0
"""Seconds that an attempt counts in a path of which nothing is expected: then the path is the number of levels."""
_FULL = 255


class TaskState:
    """One task of a run. Only `move`, `move_range` and `finish` write `states`."""

    __slots__ = (
        "active", "asked", "backoff", "board", "complete", "count", "counts", "crashes", "decided", "each",
        "each_children", "failures", "held", "id", "many", "mean", "numbers", "open", "order", "path", "placeholder",
        "plan", "pos", "queue", "released", "run", "shape", "states", "waits", "whole", "whole_children",
    )  # fmt: skip

    def __init__(self, run: RunState, pos: int, plan: TaskPlan, shape: Shape) -> None:
        self.run = run
        self.pos = pos
        self.plan = plan
        self.id = plan.id
        self.shape = shape
        self.count = plan.count
        """Items; None while a fan-out is undecided."""
        self.open = plan.open
        self.decided = not asks(plan)
        self.asked = False
        """`DecideTask` is out and not answered."""
        self.released = False
        """Whole needs have ended well and the count is known: an item waits for its own (`each`) needs only."""
        self.complete = False
        """No item is left that is not terminal, and none will come."""
        self.placeholder = False
        """It ended before it was known how many items it has; one item stands for all."""
        size = plan.count or 0
        self.states = bytearray(size)
        self.numbers = bytearray(size)
        """The last attempt number given to each item; 255 means: look into `many`."""
        self.many: dict[int, int] = {}
        self.counts = [0] * 8
        self.counts[ItemState.PENDING] = size
        self.failures: dict[int, int] = {}
        self.crashes: dict[int, int] = {}
        self.active: dict[int, Agent] = {}
        """Item -> agent of its live attempt, which may be one that is being stopped."""
        self.held: set[int] = set()
        """PENDING items that must not start before their old attempt has stopped."""
        self.backoff: dict[int, tuple[float, str]] = {}
        """Item in BACKOFF -> (when it is READY again, agent to avoid)."""
        self.queue = ReadyQueue()
        self.board = False
        """The task stands in its shape's list of tasks with ready work."""
        self.whole: list[TaskState] = []
        self.each: list[TaskState] = []
        self.waits = 0
        """Tasks of `whole` that are not complete."""
        self.whole_children: list[TaskState] = []
        self.each_children: list[TaskState] = []
        self.path = 0.0
        """Seconds of the longest chain from here to the end of the graph, itself included."""
        self.order: Order = ()
        self.mean: float | None = None
        """Seconds that recent attempts took."""

    # --- states ----------------------------------------------------------------------------------------

    def move(self, item: int, new: ItemState) -> None:
        old = self.states[item]
        tables.check_item(old, new)
        self.states[item] = new
        self.counts[old] -= 1
        self.counts[new] += 1

    def move_range(self, lo: int, hi: int, old: ItemState, new: ItemState) -> None:
        """All of [lo, hi) is in `old`."""
        size = hi - lo
        if self.states.count(old, lo, hi) != size:
            raise tables.IllegalTransition(f"{self.id}[{lo}:{hi}] is not all {old.name} on its way to {new.name}")
        tables.check_item(old, new)
        self.states[lo:hi] = bytes((new,)) * size
        self.counts[old] -= size
        self.counts[new] += size

    def finish(self, items: list[int]) -> None:
        """ACTIVE items have succeeded."""
        tables.check_item(ItemState.ACTIVE, ItemState.SUCCEEDED)
        states = self.states
        for item in items:
            if states[item] != ItemState.ACTIVE:
                raise tables.IllegalTransition(f"{self.id}[{item}] {ItemState(states[item]).name} -> SUCCEEDED")
            states[item] = ItemState.SUCCEEDED
        self.counts[ItemState.ACTIVE] -= len(items)
        self.counts[ItemState.SUCCEEDED] += len(items)

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
        self.counts = [self.states.count(state) for state in range(8)]

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

    def __repr__(self) -> str:
        counts = " ".join(f"{s.name.lower()}={self.counts[s]}" for s in ItemState if self.counts[s])
        return f"<Task {self.id} of run {self.run.id}: {counts or 'no items'}>"


class Owner:
    """Someone whose runs share the agents with others'."""

    __slots__ = ("live", "name", "weight")

    def __init__(self, name: str, weight: float) -> None:
        self.name = name
        self.weight = weight
        self.live: dict[Shape, int] = {}
        """Attempts assigned, by shape."""


class RunState:
    __slots__ = ("ended", "id", "left", "mean", "order", "owner", "paused", "plan", "priority", "state", "tasks")

    def __init__(self, plan: RunPlan, owner: Owner) -> None:
        self.plan = plan
        self.id = plan.run
        self.owner = owner
        self.priority = plan.priority
        self.paused = False
        self.tasks: list[TaskState] = []
        self.order: list[TaskState] = []
        """Topological."""
        self.left = 0
        """Tasks that are not complete."""
        self.state = "running"
        self.ended: float | None = None
        self.mean: float | None = None

    @property
    def over(self) -> bool:
        return self.ended is not None

    def __repr__(self) -> str:
        return f"<Run {self.id} {self.state}, {self.left} of {len(self.tasks)} tasks to go>"


def asks(plan: TaskPlan) -> bool:
    """It must be decided before its items can become ready."""
    return plan.ask or plan.count is None


def link(run: RunState, policy: Policy) -> None:
    """Connect the tasks along their needs; measure the longest path after each one."""
    for task in run.tasks:
        for pos, each in task.plan.needs:
            other = run.tasks[pos]
            (task.each if each else task.whole).append(other)
            (other.each_children if each else other.whole_children).append(task)
    for task in run.tasks:
        task.waits = len(task.whole)
    waits = [len(task.plan.needs) for task in run.tasks]
    run.order = [task for task in run.tasks if not waits[task.pos]]
    for task in run.order:  # grows while it is walked
        for child in (*task.whole_children, *task.each_children):
            waits[child.pos] -= 1
            if not waits[child.pos]:
                run.order.append(child)
    if len(run.order) != len(run.tasks):
        raise ValueError(f"run {run.id}: its tasks need each other in a circle")
    for task in reversed(run.order):
        after = max((child.path for child in (*task.whole_children, *task.each_children)), default=0.0)
        task.path = after + (UNKNOWN if task.plan.expected is None else task.plan.expected)
        task.order = policy.static(task)
