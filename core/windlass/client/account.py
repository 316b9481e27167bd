"""What happened to a run, from its record: who was lost and what of it was made anew where, deadlines that were
missed, retries, waiting, extremes.

A pure function of the rows that the core keeps, so it says the same a year later. Times are epoch seconds.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from windlass.model.units import human_size
from windlass.model.words import counted, span
from windlass.wire.rows import AttemptRow, RunRow, TaskRow

if TYPE_CHECKING:
    from windlass.client.run import Run

TOGETHER = 2.0
"""Seconds within which attempts that are lost with one agent are one event."""
SLOWEST = 5
"""Items named as the slowest."""
NAMED = 12
"""Attempts of one loss that are named one by one."""
CAUSES = {
    "room": "for room on an agent",
    "agent": "on its agent: for its turn, or for its inputs",
    "again": "between a bad end and the next attempt",
}
"""What items waited for, in words; the keys of `Account.waiting`."""

_NEVER = ("rejected",)
_STOPPED = "stopped"


@dataclass(slots=True)
class Anew:
    """An attempt that was lost, and what became of its item."""

    item: str
    attempt: int
    agent: str = ""
    """Where it was made anew; empty: it was not."""
    at: float | None = None
    state: str = ""
    """How that attempt ended: ok, nonzero, lost, ..., running."""


@dataclass(slots=True)
class Loss:
    """One time that an agent took attempts with it."""

    agent: str
    at: float
    """When the core gave it up."""
    attempts: list[Anew]
    returned: float | None = None
    """When it next began something of this run."""
    in_order: bool = False
    """It had only been cut off, and said later that it had stopped them in order."""


@dataclass(slots=True)
class Overdue:
    """A deadline that was missed, or will probably be."""

    task: str
    due: float
    state: str
    """missed, endangered."""
    ended: float | None = None
    """When the task did; None: it goes on."""
    late: float | None = None
    """Seconds between the two: of one that goes on so far, or by the forecast if that is more; None: not known."""


@dataclass(slots=True)
class Account:
    """All about one run. Waiting and lost time are seconds, summed over items."""

    run: int
    name: str
    state: str
    submitted: float
    ended: float | None
    items: int
    attempts: dict[str, int] = field(default_factory=dict)
    """Outcome (ok, nonzero, timeout, ..., lost, rejected, running) -> how many."""
    losses: list[Loss] = field(default_factory=list)
    deadlines: list[Overdue] = field(default_factory=list)
    """Those that were missed or are endangered, in the order of their times."""
    retried: dict[str, int] = field(default_factory=dict)
    """Why an item was tried again (nonzero, timeout, lost, ...) -> how often."""
    waiting: dict[str, float] = field(default_factory=dict)
    """room (ready, and no agent had any), agent (given to one, its turn or its inputs not there yet), again (between a
    bad end and the next attempt)."""
    spent: dict[str, float] = field(default_factory=dict)
    """Outcome -> seconds that attempts with it ran: all but ok is lost time."""
    agents: dict[str, dict[str, int]] = field(default_factory=dict)
    """Agent -> outcome -> attempts."""
    memory: int = 0
    """Peak of any attempt, bytes, and whose."""
    memory_of: str = ""
    slowest: list[tuple[str, float]] = field(default_factory=list)
    """(item, seconds) of the successful attempts that took longest."""

    def to_plain(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "run": self.run, "name": self.name, "state": self.state, "submitted": self.submitted, "ended": self.ended,
            "seconds": None if self.ended is None else self.ended - self.submitted, "items": self.items,
            "attempts": self.attempts,
            "losses": [
                {
                    "agent": loss.agent, "at": loss.at, "returned": loss.returned, "in_order": loss.in_order,
                    "attempts": [
                        {"item": one.item, "attempt": one.attempt, "anew_on": one.agent, "anew_at": one.at,
                         "anew_state": one.state}
                        for one in loss.attempts
                    ],
                }
                for loss in self.losses
            ],
            "deadlines": [
                {"task": one.task, "due": one.due, "state": one.state, "ended": one.ended, "late": one.late}
                for one in self.deadlines
            ],
            "retried": self.retried, "waiting": self.waiting, "spent": self.spent, "agents": self.agents,
            "memory": {"bytes": self.memory, "item": self.memory_of},
            "slowest": [{"item": item, "seconds": seconds} for item, seconds in self.slowest],
        }  # fmt: skip

    def headline(self, duration: Callable[[float], str]) -> str:
        """The run in a line; `duration` says seconds as its reader does elsewhere."""
        took = "so far" if self.ended is None else duration(self.ended - self.submitted)
        return f"run {self.run} ({self.name}): {self.state}, {counted(self.items, 'item')}, {took}"

    def facts(self, duration: Callable[[float], str]) -> list[tuple[str, str]]:
        """What is to be known of its attempts, time and memory: a heading and words."""
        lost = sum(seconds for how, seconds in self.spent.items() if how not in ("ok", "running"))
        good = self.spent.get("ok", 0.0)
        found = [
            ("attempts", counts_words(self.attempts) or "none"),
            ("tried again", counts_words(self.retried) or "nothing"),
            ("time", f"{duration(good)} in good attempts, {duration(lost)} in others"),
        ]
        if self.memory:
            found.append(("peak memory", f"{human_size(self.memory)} ({self.memory_of})"))
        return found

    def loss_words(self) -> list[str]:
        """A sentence for each loss."""
        return [_words(loss) for loss in self.losses]

    def deadline_words(self) -> list[str]:
        """A sentence for each deadline that was missed or is endangered."""
        return [_late_words(one) for one in self.deadlines]


def account_of(run: Run) -> Account:
    """Asks the core for all that is needed: a page of requests for each few thousand attempts."""
    return account(run.row(), run.tasks(), run.attempts())


def counts_words(counts: dict[str, int]) -> str:
    """`7 ok, 2 lost`."""
    return ", ".join(f"{count:,} {how}" for how, count in counts.items())


def account(run: RunRow, tasks: list[TaskRow], rows: Iterable[AttemptRow]) -> Account:
    """`rows` are all attempts of the run, in any order."""
    names = {task.index: task for task in tasks}
    found = Account(run.id, run.name, run.state, run.submitted, run.ended, run.counts.total)
    by_item: dict[tuple[int, int], list[AttemptRow]] = defaultdict(list)
    attempts: Counter[str] = Counter()
    spent: defaultdict[str, float] = defaultdict(float)
    agents: dict[str, Counter[str]] = defaultdict(Counter)
    slowest: list[tuple[float, str]] = []
    for row in rows:
        how = _how(row)
        item = _item(names, row)
        by_item[row.task, row.index].append(row)
        attempts[how] += 1
        agents[row.agent_name][how] += 1
        if row.started is not None and row.ended is not None:
            took = max(row.ended - row.started, 0.0)
            spent[how] += took
            if how == "ok":
                slowest = sorted([*slowest, (-took, item)])[:SLOWEST]
        if row.memory > found.memory:
            found.memory, found.memory_of = row.memory, item
    for of in by_item.values():
        of.sort(key=lambda row: row.attempt)
    found.attempts = dict(attempts.most_common())
    found.spent = dict(spent)
    found.agents = {agent: dict(counts) for agent, counts in sorted(agents.items())}
    found.slowest = [(item, -took) for took, item in slowest]
    found.retried = dict(Counter(_how(row) for of in by_item.values() for row in of[:-1]).most_common())
    found.waiting = _waiting(run, tasks, by_item)
    found.losses = _losses(names, by_item)
    found.deadlines = _overdue(run, tasks, by_item)
    return found


def _how(row: AttemptRow) -> str:
    if row.state == "exited":
        return row.outcome
    return row.state if row.state in ("lost", "rejected") else "running"


def _item(names: dict[int, TaskRow], row: AttemptRow) -> str:
    task = names.get(row.task)
    if task is None:
        return f"{row.task}[{row.index}]"
    return f"{task.id}[{row.index}]" if task.array else task.id


def _waiting(run: RunRow, tasks: list[TaskRow], by_item: dict[tuple[int, int], list[AttemptRow]]) -> dict[str, float]:
    """Where a task needs others item by item, its wait for room is told too small rather than too large."""
    last: dict[int, float] = {}
    for (at, _), of in by_item.items():
        last[at] = max([last.get(at, run.submitted), *(row.ended for row in of if row.ended is not None)])
    done = {task.id: last.get(task.index, run.submitted) for task in tasks}
    ready = {task.index: max([run.submitted, *(done.get(need, 0.0) for need in task.needs)]) for task in tasks}
    waits: defaultdict[str, float] = defaultdict(float)
    now = run.ended or time.time()
    for (task_at, _), of in by_item.items():
        before: float | None = None
        for row in of:
            if before is None:
                waits["room"] += max(row.assigned - ready.get(task_at, run.submitted), 0.0)
            else:
                waits["again"] += max(row.assigned - before, 0.0)
            begun = row.started if row.started is not None else (row.ended or now)
            waits["agent"] += max(begun - row.assigned, 0.0)
            before = row.ended or now
    return dict(waits)


def _overdue(run: RunRow, tasks: list[TaskRow], by_item: dict[tuple[int, int], list[AttemptRow]]) -> list[Overdue]:
    dated = {task.index: task for task in tasks if task.due}
    last: dict[int, float] = {}
    for (task_at, _), of in by_item.items():
        if task_at in dated:
            last[task_at] = max([last.get(task_at, 0.0), *(row.ended for row in of if row.ended is not None)])
    now = run.ended or time.time()
    found = []
    for task in dated.values():
        counts = task.counts
        left = task.count is None or counts.pending or counts.ready or counts.active or counts.backoff
        if run.ended is None and left:
            late = max(now, task.expected) - task.due
            if now >= task.due:
                found.append(Overdue(task.id, task.due, "missed", None, late))
            elif task.deadline == "endangered":
                found.append(Overdue(task.id, task.due, "endangered", None, late if late > 0 else None))
        elif last.get(task.index, 0.0) > task.due:
            found.append(Overdue(task.id, task.due, "missed", last[task.index], last[task.index] - task.due))
    return sorted(found, key=lambda one: one.due)


def _late_words(one: Overdue) -> str:
    by = "" if one.late is None else f" by about {span(one.late)}"
    if one.state == "endangered":
        return f"{clock(one.due)}: {one.task} will probably miss this deadline{by}."
    if one.ended is None:
        return f"{clock(one.due)}: {one.task} missed this deadline{by}, and goes on."
    return f"{clock(one.due)}: {one.task} missed this deadline{by}: it ended at {clock(one.ended)}."


def _losses(names: dict[int, TaskRow], by_item: dict[tuple[int, int], list[AttemptRow]]) -> list[Loss]:
    begun: dict[str, list[float]] = defaultdict(list)
    lost: list[tuple[float, AttemptRow, AttemptRow | None]] = []
    for of in by_item.values():
        for at, row in enumerate(of):
            if row.started is not None:
                begun[row.agent_name].append(row.started)
            if row.state == "lost":
                after = next((other for other in of[at + 1 :] if other.state not in _NEVER), None)
                lost.append((row.ended or row.assigned, row, after))
    losses: list[Loss] = []
    for when, row, after in sorted(lost, key=lambda entry: (entry[1].agent_name, entry[0])):
        anew = Anew(_item(names, row), row.attempt)
        if after is not None:
            anew.agent, anew.state = after.agent_name, _how(after)
            anew.at = after.started if after.started is not None else after.assigned
        last = losses[-1] if losses else None
        if last is None or last.agent != row.agent_name or when > last.at + TOGETHER:
            back = min((start for start in begun[row.agent_name] if start > when), default=None)
            losses.append(Loss(row.agent_name, when, [anew], back, row.outcome == _STOPPED))
        else:
            last.attempts.append(anew)
    return sorted(losses, key=lambda loss: loss.at)


def _words(loss: Loss) -> str:
    count = len(loss.attempts)
    what = "was cut off and stopped" if loss.in_order else "was lost with"
    anew = "; ".join(map(_anew_words, loss.attempts[:NAMED])) + (f"; and {count - NAMED} more" if count > NAMED else "")
    back = "It did nothing more of this run." if loss.returned is None else f"It was back at {clock(loss.returned)}."
    attempts = f"{counted(count, 'attempt')}"
    return f"{clock(loss.at)}: agent {loss.agent} {what} {attempts}. {anew}. {back}"


def _anew_words(one: Anew) -> str:
    if not one.agent:
        return f"{one.item} was not made anew"
    again = f"{one.item} was made anew on {one.agent}"
    return again if one.state == "ok" else f"{again} ({one.state})"


def clock(moment: float) -> str:
    """Local time of day."""
    return time.strftime("%H:%M:%S", time.localtime(moment))
