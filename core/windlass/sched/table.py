"""All tasks of a run, a few bytes each; a `TaskState` exists only for those that something happens to.

What all tasks have (needs, children, plan, whether they are complete) stands in arrays, one entry a task. A task of one
item that waits or has ended needs no more than that: its state and its last attempt's number are one byte each. Whoever
asks for it (`run.tasks[position]`) gets an object, and after the event the book puts away (`cool`) what is quiet again.
Most that are ready or active are no objects either, but members of a crowd (`crowds.py`).
Arrays, and tasks whose number of items is not fixed, keep their objects.
"""

from __future__ import annotations

import math
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from operator import attrgetter
from typing import TYPE_CHECKING

import msgspec

from windlass.model.edges import Edges, topological
from windlass.model.names import Names
from windlass.sched import crowds
from windlass.sched.crowds import Crowd
from windlass.sched.events import PlansByKind, TaskColumns, TaskPlan
from windlass.sched.limits import Limits
from windlass.sched.shapes import Shape
from windlass.sched.states import ACTIVE, PENDING, READY, ItemState
from windlass.sched.tasks import UNKNOWN, RunState, TaskState, asks

if TYPE_CHECKING:
    from windlass.sched.agents import Agent
    from windlass.sched.book import Book

_values = attrgetter(*(field.name for field in fields(TaskPlan) if field.name not in ("id", "needs", "expected")))
_key: Callable[[object], bytes] = msgspec.msgpack.Encoder(order="sorted").encode
_DECIDED, _ASKED, _RELEASED = 1, 2, 4


class Spec:
    """What equal tasks of a run have in common."""

    __slots__ = ("key", "learned", "limits", "plan", "shape", "single", "sociable", "tasks")

    def __init__(self, key: bytes, plan: TaskPlan, shape: Shape, limits: Limits, learned: int) -> None:
        self.key = key
        self.plan = plan
        """Without id, needs and expected duration, which are each task's own."""
        self.shape = shape
        self.limits = limits
        self.learned = learned
        """Bytes of memory that the shape asks for and the plan does not (`memory.py`)."""
        self.single = plan.count == 1 and not plan.open
        self.sociable = self.single and not (asks(plan) or limits or shape.strict or shape.spread)
        """Its tasks may form crowds (`crowds.py`)."""
        self.tasks = 0


class Table:
    """A sequence of `TaskState`; what has a method here can be asked without making one."""

    __slots__ = (
        "_book", "_each_down", "_each_up", "_flags", "_hot", "_numbers", "_spec_of", "_specs", "_states", "_whole_down",
        "_whole_up", "crowds", "done", "expect", "names", "paths", "run", "waits",
    )  # fmt: skip

    def __init__(self, book: Book, run: RunState, plans: Sequence[TaskPlan], names: Names | None = None) -> None:
        """Raises `ValueError` when tasks need each other in a circle."""
        size = len(plans)
        self._book = book
        self.run = run
        run.tasks = self
        self.names = names if names is not None else Names(plan.id for plan in plans)
        columns = plans.columns() if isinstance(plans, PlansByKind) else columns_of(plans)
        self.expect = columns.expected
        """Seconds that an attempt should take, not a number where nothing is expected; None: that is so everywhere."""
        self.done = bytearray(size)
        """1: no item is left that is not terminal, and none will come."""
        self._states = bytearray(size)
        self._numbers = bytearray(size)
        self._hot: dict[int, TaskState] = {}
        self.crowds: dict[tuple[int, float], Crowd] = {}
        """Ready and active tasks that are no objects of their own, by `key`."""
        self.paths = array("d", [UNKNOWN]) * size
        """Seconds of the longest chain from each task to the end of the graph, itself included."""
        specs: dict[bytes, int] = {}
        places: list[int] = []
        plain: list[TaskPlan] = []
        for plan in columns.plans:
            places.append(specs.setdefault(_key(_values(plan)), len(specs)))
            if len(specs) > len(plain):
                plain.append(_common(plan))
        same = len(specs) == len(places)
        self._spec_of = columns.kinds if same else array("I", [places[kind] for kind in columns.kinds])
        if self.expect is not None:
            self.paths = array("d", [UNKNOWN if math.isnan(own) else own for own in self.expect])
        self._whole_up, self._each_up = columns.whole, columns.each
        self._whole_down, self._each_down = (edges.turned(size) for edges in (columns.whole, columns.each))
        self.waits = self._whole_up.degrees(size)
        """Tasks that each needs as a whole and that are not complete."""
        self._measure()
        self._specs = [self._spec(key, plan) for key, plan in zip(specs, plain, strict=True)]
        for place, tasks in Counter(self._spec_of).items():
            spec = self._specs[place]
            spec.tasks = tasks
            self.run.counts[PENDING] += tasks * (spec.plan.count or 0)
        flags = [0 if asks(spec.plan) else _DECIDED for spec in self._specs]
        self._flags = bytearray([flags[place] for place in self._spec_of])
        lively = frozenset(place for place, spec in enumerate(self._specs) if not spec.single)
        if lively:
            for pos, place in enumerate(self._spec_of):
                if place in lively:
                    self._wake(pos)

    def _spec(self, key: bytes, plan: TaskPlan, learned: int = 0) -> Spec:
        book, run = self._book, self.run
        return Spec(key, plan, book.shape_of(plan, run.id, learned), book.limits.of(run, plan), learned)

    def _measure(self) -> None:
        """From each task's own seconds in `paths` to those of the longest chain from it."""
        order, paths = self.order(), self.paths
        if len(order) != len(paths):
            raise ValueError(f"run {self.run.id}: its tasks need each other in a circle")
        downs = [edges for edges in (self._whole_down, self._each_down) if edges]
        for pos in reversed(order):
            longest = 0.0
            for edges in downs:
                for child in edges.of(pos):
                    if paths[child] > longest:
                        longest = paths[child]
            paths[pos] += longest

    def own(self, pos: int) -> float:
        """Seconds that an attempt of the task counts in the paths."""
        return self.paths[pos] - self._after(pos, self.paths)

    def _after(self, pos: int, paths: array[float]) -> float:
        return max(
            (paths[child] for edges in (self._whole_down, self._each_down) for child in edges.of(pos)), default=0.0
        )

    def rerank(self, learned: Mapping[int, float]) -> list[int]:
        """Measure the paths anew with these tasks' seconds; the positions of those whose path has changed."""
        old, self.paths = self.paths, self.paths[:]
        changed = []
        for pos in reversed(self.order()):
            own = learned[pos] if pos in learned else old[pos] - self._after(pos, old)
            self.paths[pos] = own + self._after(pos, self.paths)
            if self.paths[pos] != old[pos]:
                changed.append(pos)
        return changed

    def order(self) -> list[int]:
        """All positions, each after those that it needs."""
        return topological(
            (self._whole_up, self._each_up), (self._whole_down, self._each_down), len(self.waits)
        )  # fmt: skip

    # --- objects -----------------------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self.done)

    def __getitem__(self, pos: int) -> TaskState:
        task = self._hot.get(pos)
        return task if task is not None else self._wake(pos)

    def __iter__(self) -> Iterator[TaskState]:
        """Makes an object of every task: rather ask for those in a state (`having`), or for the `hot` ones."""
        return (self[pos] for pos in range(len(self)))

    def __repr__(self) -> str:
        return f"<Table of {len(self)} tasks, {len(self._hot)} as objects>"

    def _wake(self, pos: int) -> TaskState:
        spec = self._specs[self._spec_of[pos]]
        task = TaskState(self.run, pos, spec.plan, spec.shape, spec.limits)
        flags = self._flags[pos]
        task.decided, task.asked, task.released = bool(flags & _DECIDED), bool(flags & _ASKED), bool(flags & _RELEASED)
        state = self._states[pos]
        if spec.single:
            task.take_up(state, self._numbers[pos])
            self._book.woken[task] = None
        self._hot[pos] = task
        task.order = self._book.policy.static(task)
        if state in (READY, ACTIVE):
            crowds.take_out(self._book, self, task)
        return task

    def cool(self, task: TaskState) -> None:
        """Keep of a quiet task what its bytes can hold."""
        pos = task.pos
        if self._hot.get(pos) is not task or not self._specs[self._spec_of[pos]].single or not task.quiet:
            return
        del self._hot[pos]
        self._states[pos] = task.states[0]
        self._numbers[pos] = task.numbers[0]
        self._flags[pos] = _DECIDED * task.decided | _ASKED * task.asked | _RELEASED * task.released

    @property
    def hot(self) -> list[TaskState]:
        """As objects, all that have ready or active items, and some others. Crowds are dissolved for that."""
        for crowd in list(self.crowds.values()):
            for pos in list(crowd.members()):
                self._wake(pos)
        return list(self._hot.values())

    @property
    def lively(self) -> list[TaskState]:
        """The same with crowds as one: only to look at."""
        return [*self._hot.values(), *self.crowds.values()]

    def get_hot(self, pos: int) -> TaskState | None:
        return self._hot.get(pos)

    # --- asked without an object -------------------------------------------------------------------------

    def plan(self, pos: int) -> TaskPlan:
        """Without id, needs and expected duration."""
        return self._specs[self._spec_of[pos]].plan

    def shape(self, pos: int) -> Shape:
        return self._specs[self._spec_of[pos]].shape

    def learned(self, pos: int) -> int:
        """Bytes of memory that it asks for though none are declared; 0: none."""
        return self._specs[self._spec_of[pos]].learned

    def expected(self, pos: int) -> float | None:
        """Seconds that an attempt should take, where that was declared or recorded."""
        if self.expect is None or math.isnan(seconds := self.expect[pos]):
            return None
        return seconds

    def with_deadline(self) -> list[int]:
        """The positions of tasks that have a deadline."""
        having = {place for place, spec in enumerate(self._specs) if spec.plan.deadline is not None}
        return [pos for pos, place in enumerate(self._spec_of) if place in having] if having else []

    def count(self, pos: int) -> int | None:
        task = self._hot.get(pos)
        return 1 if task is None else task.count

    def counts(self, pos: int) -> list[int]:
        """How many items are in each state."""
        task = self._hot.get(pos)
        if task is not None:
            return task.counts
        counts = [0] * 8
        counts[self._states[pos]] = 1
        return counts

    def states(self, pos: int) -> bytes:
        task = self._hot.get(pos)
        return bytes(self._states[pos : pos + 1] if task is None else task.states)

    def number(self, pos: int, item: int) -> int:
        """The last attempt number given, 0 if none."""
        task = self._hot.get(pos)
        if task is not None:
            return task.number(item)
        return self._numbers[pos] if item == 0 else 0

    def decided(self, pos: int) -> bool:
        task = self._hot.get(pos)
        return task.decided if task is not None else bool(self._flags[pos] & _DECIDED)

    def has(self, pos: int, state: ItemState) -> bool:
        """Whether an item of the task is in this state."""
        task = self._hot.get(pos)
        return self._states[pos] == state if task is None else task.counts[state] > 0

    def having(self, states: frozenset[ItemState]) -> list[int]:
        """The positions of tasks with items in any of these states, in order."""
        if not any(self.run.counts[state] for state in states):
            return []
        hot = self._hot
        found = [pos for pos, state in enumerate(self._states) if state in states and pos not in hot]
        warm = [pos for pos, task in hot.items() if any(task.counts[state] for state in states)]
        return sorted(found + warm) if warm else found

    # --- crowds ------------------------------------------------------------------------------------------

    @property
    def arrays(self) -> tuple[bytearray, bytearray]:
        """States and attempt numbers of single tasks that are no objects, for crowds to write."""
        return self._states, self._numbers

    def key(self, pos: int) -> tuple[int, float]:
        """Tasks with one key ask for the same and stand in one place of the order."""
        return self._spec_of[pos], self.paths[pos]

    def crowd_key(self, pos: int) -> tuple[int, float] | None:
        """The same of a task that may be of a crowd when it becomes ready."""
        place = self._spec_of[pos]
        if (
            pos in self._hot
            or not self._specs[place].sociable
            or self._states[pos]
            or self._numbers[pos]
            or self.expect is not None
            or self._each_up.of(pos)
            or self._each_down.of(pos)
        ):
            return None
        return place, self.paths[pos]

    def agent_of(self, pos: int, item: int) -> Agent | None:
        """Where the item's attempt is live."""
        task = self._hot.get(pos)
        if task is not None:
            return task.active.get(item)
        crowd = self.crowds.get(self.key(pos))
        return crowd.active.get(pos) if crowd is not None else None

    # --- along the edges ---------------------------------------------------------------------------------

    def whole(self, pos: int) -> Sequence[int]:
        """What it needs as a whole."""
        return self._whole_up.of(pos)

    def each(self, pos: int) -> Sequence[int]:
        """What it needs item by item."""
        return self._each_up.of(pos)

    def whole_children(self, pos: int) -> Sequence[int]:
        return self._whole_down.of(pos)

    def each_children(self, pos: int) -> Sequence[int]:
        return self._each_down.of(pos)

    def complete(self, positions: Iterable[int]) -> list[int]:
        """These tasks are complete: mark them, and give those that waited for nothing else."""
        done, waits, opened = self.done, self.waits, []
        of = self._whole_down.of
        for pos in positions:
            done[pos] = 1
            for child in of(pos):
                left = waits[child] - 1
                waits[child] = left
                if not left:
                    opened.append(child)
        return opened

    def uncomplete(self, pos: int) -> None:
        self.done[pos] = 0
        for child in self._whole_down.of(pos):
            self.waits[child] += 1

    # --- changing ----------------------------------------------------------------------------------------

    def set_plan(self, task: TaskState, plan: TaskPlan) -> None:
        """The task goes on by this plan; its structure must be what it was."""
        book, pos = self._book, task.pos
        self._change(task, _key(_values(plan)), plan, 0 if plan.resources.memory else self.learned(pos))
        if pos in self.run.peaks:
            book.learned[self.run, pos] = None

    def set_learned(self, task: TaskState, learned: int) -> None:
        """The task, which declares no memory, asks for so much from now on."""
        spec = self._specs[self._spec_of[task.pos]]
        self._change(task, spec.key, spec.plan, learned)

    def _change(self, task: TaskState, key: bytes, plan: TaskPlan, learned: int) -> None:
        book, pos = self._book, task.pos
        old = self._specs[self._spec_of[pos]]
        if key == old.key and learned == old.learned:
            return
        same = (s for s, spec in enumerate(self._specs) if spec.key == key and spec.learned == learned and spec.tasks)
        place = next(same, None)
        if place is None:
            place = len(self._specs)
            self._specs.append(self._spec(key, _common(plan), learned))
        spec = self._specs[place]
        spec.tasks += 1
        self._spec_of[pos] = place
        task.plan, task.shape, task.limits = spec.plan, spec.shape, spec.limits
        old.tasks -= 1
        if not old.tasks:
            book.drop_shape(old.shape)

    def settle(self, pos: int, state: ItemState, number: int, decided: bool) -> bool:
        """After a restart: a task of one item in a state that its bytes can hold; False where they cannot."""
        if not self._specs[self._spec_of[pos]].single or number >= 255:
            return False
        self._states[pos] = state
        self._numbers[pos] = number
        if decided:
            self._flags[pos] |= _DECIDED
        counts = self.run.counts
        counts[PENDING] -= 1
        counts[state] += 1
        return True

    def drop(self) -> None:
        """The run is gone."""
        for spec in self._specs:
            if spec.tasks:
                self._book.drop_shape(spec.shape)
        self._book.limits.drop_run(self.run.id)


def _common(plan: TaskPlan) -> TaskPlan:
    return replace(plan, id="", needs=(), expected=None)


def columns_of(plans: Sequence[TaskPlan]) -> TaskColumns:
    """Plans that stand one by one, as columns."""
    size = len(plans)
    known: dict[bytes, int] = {}
    firsts: list[TaskPlan] = []
    kinds = array("I")
    expected = array("d")
    begins: tuple[array[int], array[int]] = array("I"), array("I")
    ends: tuple[array[int], array[int]] = array("I"), array("I")
    for pos, plan in enumerate(plans):
        for up, each in plan.needs:
            begins[each].append(pos)
            ends[each].append(up)
        kind = known.setdefault(_key(_values(plan)), len(known))
        if kind == len(firsts):
            firsts.append(_common(plan))
        kinds.append(kind)
        expected.append(math.nan if plan.expected is None else plan.expected)
    whole, each_item = (Edges(size, begins[each], ends[each]) for each in (0, 1))
    return TaskColumns(firsts, kinds, whole, each_item, None if all(map(math.isnan, expected)) else expected)
