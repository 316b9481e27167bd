"""The order of ready work: small criteria, and the sequence of them that a core's configuration chooses.

The first criterion that tells two tasks apart decides. All but one look at the task alone, so their answers are
numbers that are put into one key when the task is made or changed (`TaskState.order`); only the fair share moves with
every attempt. A `Policy` therefore splits the sequence once, at the fair share: comparing two tasks costs two slices
of a tuple and one look at a number of each owner.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from windlass.sched.tasks import Order, Owner, TaskState

Term = Callable[["TaskState"], float]
"""A number of a task; smaller goes first."""


def _run_priority(task: TaskState) -> float:
    return -task.run.priority


def _task_priority(task: TaskState) -> float:
    return -task.plan.priority


def _deadline(task: TaskState) -> float:
    return math.inf if task.plan.deadline is None else task.run.submitted + task.plan.deadline


def _path(task: TaskState) -> float:
    return -task.path


def _run(task: TaskState) -> float:
    return task.run.id


def _place(task: TaskState) -> float:
    return task.pos


class Priority:
    """The run's priority, then the task's: larger numbers go first, whatever everything else says."""

    name: ClassVar[str] = "priority"
    terms: ClassVar[tuple[Term, ...]] = (_run_priority, _task_priority)


class FairShare:
    """Who has had less goes first: dominant resource fairness (Ghodsi et al. 2011) with weights and a history.

    The number is `Shares.standing`: the largest part of any one kind of resource that the owner's attempts hold now,
    plus the average of that over the past, by the owner's weight.
    """

    name: ClassVar[str] = "fair-share"
    terms: ClassVar[tuple[Term, ...]] = ()
    """None: it is a matter of the owner, and changes with every attempt."""


class EarliestDeadline:
    """What is due first goes first (earliest deadline first; Liu and Layland 1973); without a deadline: last."""

    name: ClassVar[str] = "deadline"
    terms: ClassVar[tuple[Term, ...]] = (_deadline,)


class LongestPath:
    """What the longest chain of further work hangs on goes first: the upward rank of HEFT (Topcuoglu et al. 2002),
    without transfers, in seconds as they were declared or, of arrays, learned meanwhile (`ranks.py`)."""

    name: ClassVar[str] = "longest-path"
    terms: ClassVar[tuple[Term, ...]] = (_path,)


class Age:
    """The run that was submitted first goes first."""

    name: ClassVar[str] = "age"
    terms: ClassVar[tuple[Term, ...]] = (_run,)


Criterion = type[Priority | FairShare | EarliestDeadline | LongestPath | Age]
CRITERIA: tuple[Criterion, ...] = (Priority, FairShare, EarliestDeadline, LongestPath, Age)
"""In the order that is the default."""
_BY_NAME: dict[str, Criterion] = {criterion.name: criterion for criterion in CRITERIA}
NAMES: tuple[str, ...] = tuple(_BY_NAME)
_LAST: tuple[Term, ...] = (_run, _place)
"""What decides when nothing else did: two tasks are never equal, so an order is always the same."""


class Policy:
    """A sequence of criteria, made ready to compare with."""

    __slots__ = ("_terms", "cut", "fair", "lead", "names")

    def __init__(self, names: Sequence[str] = NAMES) -> None:
        """Raises `ValueError` for a name that is no criterion, or that stands there twice."""
        if unknown := [name for name in names if name not in _BY_NAME]:
            raise ValueError(f"no criterion {unknown[0]!r}; there are {', '.join(NAMES)}")
        if len(set(names)) < len(names):
            raise ValueError(f"a criterion stands twice in {', '.join(names)}")
        self.names = tuple(names)
        self.fair = FairShare.name in names
        """Whether it looks at the owners at all."""
        chosen = [_BY_NAME[name] for name in names]
        self._terms = tuple(term for criterion in chosen for term in criterion.terms) + _LAST
        before = chosen[: names.index(FairShare.name)] if self.fair else chosen
        self.cut = sum(len(criterion.terms) for criterion in before)
        """So many numbers of a task's `order` go before the fair share."""
        self.lead = len(Priority.terms) if chosen[:1] == [Priority] else 0
        """So many of them say how urgent it is."""

    def static(self, task: TaskState) -> Order:
        """The task's part of the key; to be asked anew when its priority, deadline or path changed."""
        return tuple([term(task) for term in self._terms])

    def key(self, task: TaskState, standing: Callable[[Owner], float]) -> tuple[Order, float, Order]:
        """Smaller goes first. `standing`: an owner's fair share."""
        order = task.order
        cut = self.cut
        return order[:cut], standing(task.run.owner) if self.fair else 0.0, order[cut:]

    def first(self, tasks: Sequence[TaskState], standing: Callable[[Owner], float] | None) -> TaskState:
        """The task that goes first; without `standing` all are of one owner."""
        if len(tasks) == 1:
            return tasks[0]
        if standing is None or not self.fair:
            return min(tasks, key=_order)
        cut = self.cut
        return min(tasks, key=lambda task: (task.order[:cut], standing(task.run.owner), task.order[cut:]))

    def urgency(self, task: TaskState) -> Order:
        """Its priority where that is what decides first, else nothing: whom nobody may overtake."""
        return task.order[: self.lead]


def _order(task: TaskState) -> Order:
    return task.order
