"""Counted limits: licences of the cluster, concurrency groups, and how many items of a task, run or owner are active.

One idea serves all of them. A task has limits, each with the amount that one of its attempts takes; an attempt takes
them when it is assigned and gives them back when it is live no more. What a task may be given is the least room of its
limits, so what is limited is assigned only where it can begin, and never sent ahead to wait with a licence in hand.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from windlass.sched.events import PLAIN

if TYPE_CHECKING:
    from windlass.sched.events import TaskPlan
    from windlass.sched.tasks import RunState

Key = tuple[str | int, ...]
"""("licence" | "group" | "owner", name); of one run: ("run", id), ("group", id, name), ("task", id, position)."""

SCALE = 1000
"""Licences are counted in thousandths, as all named things."""


class Limit:
    """How much of one thing there is, and how much is taken."""

    __slots__ = ("kind", "most", "name", "parked", "peak", "used")

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


def room(limits: Limits) -> int:
    """How many attempts may still begin. Only of a task that has limits."""
    return min(limit.room // amount for limit, amount in limits)


def blocking(limits: Limits) -> list[Limit]:
    """Those that have no room for one more."""
    return [limit for limit, amount in limits if limit.room < amount]


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
                found.append((licence, max(round(amount * SCALE), 1)))
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
