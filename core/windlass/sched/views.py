"""What others may see of the scheduler's state: read only, and copies where it could change under them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from windlass.model.graph import Resources
from windlass.sched import control, memory
from windlass.sched.events import AttemptId, CancelRequested, RetryRequested
from windlass.sched.explain import explain, note, nowhere
from windlass.sched.reasons import Explanation
from windlass.sched.shapes import in_units
from windlass.sched.states import AgentState, AttemptState, ItemState

if TYPE_CHECKING:
    from windlass.sched.book import Book
    from windlass.sched.tasks import TaskState


@dataclass(frozen=True, slots=True)
class AgentView:
    agent: str
    state: AgentState
    draining: bool
    epoch: int
    resources: Resources
    labels: dict[str, str]
    used: dict[str, float]
    """What is held for running attempts: cpus, memory, disk, gpus and the named ones, in their units."""
    running: int
    """Attempts for which resources are held."""
    waiting: int
    """Attempts sent ahead."""
    heard: float
    aside: str = ""
    """Why it is set aside; empty: it is not."""
    aside_until: float | None = None
    probation: bool = False
    """It was set aside and has not shown yet that it is well."""


@dataclass(frozen=True, slots=True)
class TaskView:
    id: str
    count: int | None
    open: bool
    decided: bool
    complete: bool
    counts: tuple[int, ...]
    """By `ItemState`."""


@dataclass(frozen=True, slots=True)
class RunView:
    run: int
    state: str
    owner: str
    priority: int
    paused: bool
    ended: float | None
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class AttemptView:
    """A live attempt, for people."""

    id: AttemptId
    task: str
    state: AttemptState
    agent: str
    epoch: int
    stopping: str
    """Why it is being stopped; empty: it is not."""

    def __repr__(self) -> str:
        stopping = f", stopping ({self.stopping})" if self.stopping else ""
        return f"<Attempt {self.task}[{self.id.item}]#{self.id.attempt} {self.state.name} on {self.agent}{stopping}>"


class OwnerView(NamedTuple):
    """What the fair share is reckoned from, see `shares.py`."""

    owner: str
    weight: float
    share: float
    """The largest part of any kind of resource that its attempts hold now."""
    average: float
    """That over the past, faded."""
    standing: float
    """The smallest goes first."""


class Views:
    _book: Book

    @property
    def order(self) -> tuple[str, ...]:
        """The criteria that order ready work, the first one first."""
        return self._book.policy.names

    def owners(self, now: float) -> list[OwnerView]:
        """All who have runs or a past."""
        shares = self._book.shares
        return [
            OwnerView(one.name, one.weight, shares.held(one), shares.average(one, now), shares.standing(one, now))
            for one in self._book.owners.values()
        ]

    def runs(self) -> list[int]:
        return list(self._book.runs)

    def may_forget(self, run: int) -> bool:
        """Whether `RunForgotten` may be said of it."""
        return control.may_forget(self._book.runs[run])

    def agents(self) -> list[str]:
        return list(self._book.agents)

    def knows_agent(self, agent: str) -> bool:
        return agent in self._book.agents

    def _task(self, run: int, task: int) -> TaskState:
        return self._book.runs[run].tasks[task]

    def counts(self, run: int, task: int | None = None) -> tuple[int, ...]:
        """How many items are in each `ItemState`, by its value; of the whole run without `task`."""
        if task is None:
            return tuple(self._book.runs[run].counts)
        return tuple(self._book.runs[run].tasks.counts(task))

    def items(self, run: int, task: int) -> int | None:
        """How many items the task has; None while that is undecided."""
        return self._book.runs[run].tasks.count(task)

    def states(self, run: int, task: int) -> bytes:
        """One byte an item."""
        return self._book.runs[run].tasks.states(task)

    def state(self, run: int, task: int, item: int) -> ItemState:
        return ItemState(self._book.runs[run].tasks.states(task)[item])

    def attempt_number(self, run: int, task: int, item: int) -> int:
        """The last one given; 0: none."""
        return self._book.runs[run].tasks.number(task, item)

    def run_view(self, run: int) -> RunView:
        found = self._book.runs[run]
        return RunView(
            run, found.state, found.owner.name, found.priority, found.paused, found.ended, self.counts(run)
        )  # fmt: skip

    def task_view(self, run: int, task: int) -> TaskView:
        tasks = self._book.runs[run].tasks
        found = tasks.get_hot(task)
        return TaskView(
            tasks.names.name(task), tasks.count(task), found is not None and found.open, tasks.decided(task),
            bool(tasks.done[task]), tuple(tasks.counts(task)),
        )  # fmt: skip

    def item_count(self, run: int, task: int) -> int:
        """How many items the task has so far."""
        return self._book.runs[run].tasks.count(task) or 0

    def agent_view(self, agent: str) -> AgentView:
        found = self._book.agents[agent]
        used: dict[str, float] = {}
        for kind, capacity in found.capacity.items():
            amount = capacity - found.free[kind]
            used[kind.removeprefix("named:")] = in_units(kind, amount)
        lanes = sum(bucket.lanes for bucket in found.buckets.values())
        return AgentView(
            found.id, found.state, found.draining, found.epoch, found.resources, dict(found.labels), used,
            lanes, len(found.live) - lanes, found.heard, found.aside_why, found.aside_until, found.probation,
        )  # fmt: skip

    def live(self, agent: str | None = None) -> list[AttemptView]:
        """Attempts that have not ended, of one agent or of all."""
        book = self._book
        agents = list(book.agents.values()) if agent is None else [book.agents[agent]]
        return [
            AttemptView(
                id, grant.task.run.tasks.names.name(id.task), found.attempt_state(id), found.id, grant.epoch,
                found.stopping[id].reason if id in found.stopping else "",
            )
            for found in agents
            for id, grant in found.live.items()
        ]  # fmt: skip

    def agent_of(self, id: AttemptId) -> str | None:
        """Where this attempt is live, if it is."""
        run = self._book.runs.get(id.run)
        agent = run.tasks.agent_of(id.task, id.item) if run is not None else None
        return agent.id if agent is not None and id in agent.live else None

    def touched(self, event: CancelRequested | RetryRequested) -> int:
        """How many items a request would touch now; nothing changes."""
        return sum(hi - lo for ranges in self.chosen(event).values() for lo, hi in ranges)

    def chosen(self, event: CancelRequested | RetryRequested) -> dict[int, list[tuple[int, int]]]:
        """Which items a request would touch now: by task, first..last-1 of each stretch, in order."""
        run = self._book.runs.get(event.scope.run)
        if run is None:
            return {}
        if isinstance(event, CancelRequested):
            found = control.select_cancel(run, event.scope)
        else:
            found = control.select_retry(run, event)
        return {task.pos: ranges for task, ranges in found.items()}

    def why(self, run: int, task: int, index: int | None, now: float, names: Mapping[str, str]) -> Explanation:
        """Why an item (None: the task's next one) does not run; `names` are what people call the agents."""
        return explain(self._book, self._task(run, task), index, now, names)

    def memory_words(self, run: int, task: int) -> str:
        """What a task that has not ended asks for without having been told to; empty: nothing."""
        found = self._book.runs[run]
        return memory.words(found, task) if found.peaks and not found.tasks.done[task] else ""

    def why_waiting(self, run: int) -> str:
        """One line for people: why nothing of the run is active; empty if there is no reason to tell."""
        found = self._book.runs[run]
        counts = found.counts
        if found.ended is not None or counts[ItemState.ACTIVE]:
            return ""
        if found.paused:
            return "paused"
        if counts[ItemState.READY]:
            ready = (task for task in found.tasks.lively if task.counts[ItemState.READY])
            return note(self._book, min(ready, key=lambda task: task.pos), self._book.now)
        if counts[ItemState.BACKOFF]:
            return "waits before it tries again"
        return ""

    def nowhere(self, run: int) -> tuple[int, str] | None:
        """A task of the run with ready items that no agent which is up can take, and why."""
        found = self._book.runs[run]
        if found.ended is not None or found.paused or not found.counts[ItemState.READY]:
            return None
        stuck = nowhere(self._book, found.tasks.lively, self._book.now)
        return (stuck[0].pos, stuck[1]) if stuck else None

    def story(self, run: int | None = None, task: int | None = None, item: int | None = None) -> list[str]:
        """What happened lately to an item (or a task, a run, anything), oldest first."""
        return self._book.story.of(run, task, item)
