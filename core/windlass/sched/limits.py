"""Counted limits: licences of the cluster, concurrency groups, and how many items of a task, run or owner are active.

One idea serves all of them. A task has limits, each with the amount that one of its attempts takes; an attempt takes
them when it is assigned and gives them back when it is live no more. What a task may be given is the least room of its
limits, so what is limited is assigned only where it can begin, and never sent ahead to wait with a licence in hand.

Who asks for more of a licence than others do would wait for ever where each one that is given back goes to a smaller
request. So whoever waited too long has a `Claim`: what others hold ends, and what the claimant needs is given to nobody
else before it has begun. It claims all of its limits at once, and there is one claim at a time, so that no two wait for
each other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from windlass.sched.events import PLAIN

if TYPE_CHECKING:
    from windlass.sched.events import TaskPlan
    from windlass.sched.race import Line
    from windlass.sched.tasks import Order, RunState, TaskState

Key = tuple[str | int, ...]
"""("licence" | "group" | "owner", name); of one run: ("run", id), ("group", id, name), ("task", id, position)."""

SCALE = 1000
"""Licences are counted in thousandths, as all named things."""


class Limit:
    """How much of one thing there is, and how much is taken."""

    __slots__ = ("beyond", "claim", "kind", "least", "most", "name", "parked", "peak", "used")

    def __init__(self, kind: str, name: str, most: int) -> None:
        self.kind = kind
        """licence, group, owner, run or task."""
        self.name = name
        self.most = most
        self.used = 0
        self.peak = 0
        """More than `most` is used only by what took it when there was more (before a restart, before an amend): then
        at most this much, which only falls."""
        self.parked: dict[Any, None] = {}
        """What waits until something is given back; `Supply` knows what these are."""
        self.least = 0
        """The smallest amount that was asked for so far; 0: none was."""
        self.beyond = False
        """More than there is was asked for."""
        self.claim: Claim | None = None

    def free(self, task: TaskState) -> int:
        """What there is for the task."""
        claim = self.claim
        if claim is None or claim.yields_to(task):
            return self.room
        return self.room - claim.amounts[self]

    @property
    def room(self) -> int:
        return self.most - self.used

    def take(self, amount: int) -> None:
        """Only what there is room for."""
        assert amount <= self.room, f"{self!r} has no room for {amount}"
        self.used += amount

    def hold(self, amount: int) -> None:
        """Something that is active already counts from now on, room or not."""
        self.used += amount
        self.peak = max(self.used, self.most)

    def give(self, amount: int) -> None:
        self.used -= amount
        if self.peak:
            self.peak = self.used if self.used > self.most else 0

    def words_for(self, task: TaskState) -> str:
        """As `words`, for one that has no room in it."""
        claim = self.claim
        kept = "" if claim is None or claim.yields_to(task) else ", the rest is kept for a larger request"
        return self.words() + kept

    def words(self) -> str:
        """For people: `licence maya: 4 of 4 in use`, `limit of the task: 2 of 2 run`."""
        scale = SCALE if self.kind == "licence" else 1
        used, most = f"{self.used / scale:g}", f"{self.most / scale:g}"
        match self.kind:
            case "licence":
                return f"licence {self.name}: {used} of {most} in use"
            case "group" | "owner":
                return f"limit of {self.kind} {self.name}: {used} of {most} run"
            case _:
                return f"limit of the {self.kind}: {used} of {most} run"

    def __repr__(self) -> str:
        return f"<Limit {self.words()}>"


Limits = tuple[tuple[Limit, int], ...]
"""What one attempt of a task takes."""


class Claim:
    """What is kept for the tasks of a line that waited too long, until one of their attempts has begun."""

    __slots__ = ("amounts", "lead", "line", "urgency")

    def __init__(self, line: Line, lead: int) -> None:
        self.line = line
        self.amounts = dict(line.limits)
        self.lead = lead
        head = line.head()
        self.urgency: Order = () if head is None else head.order[:lead]

    def of(self, task: TaskState) -> bool:
        line = self.line
        return task.run.owner is line.owner and task.shape is line.shape and task.limits == line.limits

    def yields_to(self, task: TaskState) -> bool:
        """It is the task's own, or the task is more urgent."""
        return self.of(task) or task.order[: self.lead] < self.urgency

    def __repr__(self) -> str:
        return f"<Claim of {self.line!r}>"


def room(task: TaskState) -> int:
    """How many attempts may still begin. Only of a task that has limits."""
    return max(0, min(limit.free(task) // amount for limit, amount in task.limits))


def blocking(task: TaskState) -> list[Limit]:
    """Those of its limits that have no room for one more."""
    return [limit for limit, amount in task.limits if limit.free(task) < amount]


def beyond(task: TaskState) -> str:
    """The licence of which one attempt asks for more than there is, in words; empty: there is none, it can begin."""
    for limit, amount in task.limits:
        if limit.kind == "licence" and amount > limit.most:
            return f"asks {amount / SCALE:g} of licence {limit.name}, there are {limit.most / SCALE:g}"
    return ""


class LimitBook:
    """All limits: those of the cluster for good, those of a run while it is known."""

    def __init__(
        self,
        licences: Mapping[str, float],
        groups: Mapping[str, int],
        owners: Mapping[str, int],
        owner: int | None,
    ) -> None:
        """`owner`: of each owner that is not among `owners`."""
        self._groups, self._owners, self._owner = groups, owners, owner
        self._all = bool(owners) or owner is not None
        self._limits: dict[Key, Limit] = {
            ("licence", name): Limit("licence", name, round(amount * SCALE)) for name, amount in licences.items()
        }
        self._of_run: dict[int, list[Key]] = {}
        self.licences = list(self._limits.values())
        self.claim: Claim | None = None

    def stake(self, claim: Claim | None) -> list[Limit]:
        """Let this claim stand in the place of the one before; the limits that are free of that one now."""
        before = [] if self.claim is None else list(self.claim.amounts)
        for limit in before:
            limit.claim = None
        self.claim = claim
        for limit in () if claim is None else claim.amounts:
            limit.claim = claim
        return before

    def __iter__(self) -> Iterator[Limit]:
        return iter(self._limits.values())

    def is_licence(self, name: str) -> bool:
        return ("licence", name) in self._limits

    def of(self, run: RunState, task: TaskPlan) -> Limits:
        """The limits of a task; equal ones for tasks that are limited alike."""
        rules = task.rules
        if rules is PLAIN and not self._all and run.running is None and not task.resources.named:
            return ()
        found: list[tuple[Limit, int]] = []
        for name, amount in task.resources.named.items():
            if licence := self._limits.get(("licence", name)):
                asked = max(round(amount * SCALE), 1)
                licence.least = min(licence.least, asked) if licence.least else asked
                licence.beyond |= asked > licence.most
                found.append((licence, asked))
        if rules.limit is not None:
            found.append((self._run_limit(run.id, ("task", run.id, rules.place), "task", "", rules.limit), 1))
        for group in rules.groups:
            if (size := run.groups.get(group)) is not None:
                found.append((self._run_limit(run.id, ("group", run.id, group), "group", group, size), 1))
            if (size := self._groups.get(group)) is not None:
                found.append((self._limit(("group", group), "group", group, size), 1))
        if run.running is not None:
            found.append((self._run_limit(run.id, ("run", run.id), "run", str(run.id), run.running), 1))
        most = self._owners.get(run.owner.name, self._owner)
        if most is not None:
            found.append((self._limit(("owner", run.owner.name), "owner", run.owner.name, most), 1))
        return tuple(found)

    def _run_limit(self, run: int, key: Key, kind: str, name: str, most: int) -> Limit:
        if key not in self._limits:
            self._of_run.setdefault(run, []).append(key)
        return self._limit(key, kind, name, most)

    def _limit(self, key: Key, kind: str, name: str, most: int) -> Limit:
        limit = self._limits.get(key)
        if limit is None:
            limit = self._limits[key] = Limit(kind, name, most)
        elif limit.most != most:
            limit.most = most
            limit.hold(0)
        return limit

    def drop_run(self, run: int) -> None:
        """Attempts of it that still stop keep their limits alive by themselves."""
        for key in self._of_run.pop(run, ()):
            del self._limits[key]
