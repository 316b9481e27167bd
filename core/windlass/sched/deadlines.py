"""Deadlines: which tasks will probably not make theirs, and which have missed it.

Looked at every few seconds while a run with deadlines lasts, and at the moment of each. The forecast is a plain one:
what is left of each task, in waves of as many items as the agents can take at once, after all that it needs. It is
optimistic where runs compete, so what it calls endangered needs somebody's attention.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from windlass.sched.backfill import expected
from windlass.sched.events import AttemptId, DeadlineChanged
from windlass.sched.states import ItemState

if TYPE_CHECKING:
    from windlass.sched.book import Book
    from windlass.sched.tasks import RunState, TaskState

LOOK = 5.0
"""Seconds between two forecasts of a run,"""
LOOK_TASK = 5e-4
"""but at least so many for each of its tasks: a forecast walks along all of them."""
CALM = 0.9
"""An endangered task is safe again when the forecast takes less than this part of the time that is left."""


@dataclass(slots=True)
class Watched:
    """One task's deadline, and what was last told of it."""

    due: float
    state: str = "open"
    """open, endangered, missed."""


class Deadlines:
    """The deadlines of living runs. One timer stands for the next look at all of them."""

    def __init__(self) -> None:
        self.runs: dict[int, dict[int, Watched]] = {}
        """Run -> task position -> its deadline, while the task is not complete."""
        self.looked: dict[int, float] = {}
        """Run -> when its forecast was made."""
        self.timer = math.inf


def watch(book: Book, run: RunState) -> None:
    """Look after the run's deadlines from now on: it was submitted, restored, amended, or has come to life again."""
    found: dict[int, Watched] = {}
    old = book.deadlines.runs.get(run.id, {})
    tasks = run.tasks
    for pos in tasks.with_deadline():
        if not tasks.done[pos]:
            due = run.submitted + (tasks.plan(pos).deadline or 0.0)
            known = old.get(pos)
            found[pos] = known if known is not None and known.due == due else Watched(due)
    if found:
        book.deadlines.runs[run.id] = found
        book.deadlines.looked.pop(run.id, None)
        _set_timer(book, book.now)
    else:
        forget(book, run.id)


def forget(book: Book, run: int) -> None:
    """The run has ended, or is gone."""
    book.deadlines.runs.pop(run, None)
    book.deadlines.looked.pop(run, None)


def _set_timer(book: Book, time: float) -> None:
    if time < book.deadlines.timer:
        book.deadlines.timer = time
        book.at(time, "deadlines")


def look(book: Book) -> None:
    """The timer: say what has changed, and set the next one."""
    deadlines = book.deadlines
    if book.now < deadlines.timer:
        return  # an earlier look replaced this one
    deadlines.timer = math.inf
    following = math.inf
    for number, watched in list(deadlines.runs.items()):
        run = book.runs.get(number)
        if run is None or run.over:
            forget(book, number)
            continue
        pause = max(LOOK, LOOK_TASK * len(run.tasks))
        looked = deadlines.looked.get(number, -math.inf)
        if book.now >= looked + pause or any(one.state != "missed" and book.now >= one.due for one in watched.values()):
            _judge(book, run, watched)
            looked = deadlines.looked[number] = book.now
        if not watched:
            forget(book, number)
            continue
        due = min((one.due for one in watched.values() if one.state != "missed"), default=math.inf)
        following = min(following, due, looked + pause)
    if following < math.inf:
        _set_timer(book, following)


def _judge(book: Book, run: RunState, watched: dict[int, Watched]) -> None:
    ends = forecast(book, run)
    for pos, one in list(watched.items()):
        if run.tasks.done[pos]:
            del watched[pos]
            if one.state == "endangered":
                book.emit(DeadlineChanged(run.id, pos, "met", one.due, None))
            continue
        end = ends[pos]
        state = _state(one, end, book.now)
        if state != one.state:
            one.state = state
            book.emit(DeadlineChanged(run.id, pos, state, one.due, end))
            book.story.note(book.now, f"run {run.id}: the deadline of {run.tasks.names.name(pos)} is {state}")


def _state(one: Watched, end: float | None, now: float) -> str:
    if now >= one.due:
        return "missed"
    if end is None:
        return one.state
    if end > one.due:
        return "endangered"
    if one.state == "endangered" and end - now > CALM * (one.due - now):
        return "endangered"
    return "open"


def forecast(book: Book, run: RunState) -> list[float | None]:
    """When each task of the run should have ended, at best; None where nothing is known of how long it takes.

    One walk along the graph. A task that is needed item by item overlaps with what follows: of it only the first wave
    counts before, and one more attempt after its end.
    """
    tasks, now = run.tasks, book.now
    ends: list[float | None] = [now] * len(tasks)
    first: list[float] = [now] * len(tasks)
    """When the first items of each task should have ended."""
    lanes: dict[object, int] = {}
    for pos in tasks.order():
        if tasks.done[pos]:
            continue
        seconds = _seconds(run, pos)
        wholes = [ends[up] for up in tasks.whole(pos)]
        eaches = [ends[up] for up in tasks.each(pos)]
        if seconds is None or None in wholes or None in eaches:
            ends[pos] = None
            continue
        begin = max([now, *(end for end in wholes if end is not None), *(first[up] for up in tasks.each(pos))])
        left, rest = _left(book, run, pos, seconds, lanes)
        first[pos] = begin + (seconds if left else 0.0)
        last = max((end + seconds for end in eaches if end is not None), default=now)
        ends[pos] = max(begin + rest, last)
    return ends


def _seconds(run: RunState, pos: int) -> float | None:
    task = run.tasks.get_hot(pos)
    return run.tasks.expected(pos) if task is None else expected(task)


def _left(book: Book, run: RunState, pos: int, seconds: float, lanes: dict[object, int]) -> tuple[int, float]:
    """Items that have not ended, and how long they take from when they may begin."""
    counts = run.tasks.counts(pos)
    left = counts[ItemState.PENDING] + counts[ItemState.READY] + counts[ItemState.ACTIVE] + counts[ItemState.BACKOFF]
    if not left:
        return 0, seconds  # how many items it has is not decided yet: at least one
    shape = run.tasks.shape(pos)
    if shape not in lanes:
        most = book.config.lanes_max
        agents = (agent for agent in book.agents.values() if agent.takes_work and shape.matches(agent.labels))
        lanes[shape] = sum(shape.lanes(agent.capacity, most) for agent in agents)
    waves = math.ceil(left / max(lanes[shape], 1))
    rest = waves * seconds
    task = run.tasks.get_hot(pos)
    if waves == 1 and task is not None and counts[ItemState.ACTIVE] == left:
        rest = max(_remains(task, item, seconds, book.now) for item in task.active)
    return left, rest


def _remains(task: TaskState, item: int, seconds: float, now: float) -> float:
    """Of an active item's attempt."""
    agent = task.active[item]
    began = agent.running.get(AttemptId(task.run.id, task.pos, item, task.number(item)))
    return seconds if began is None else max(seconds - (now - began), 0.0)
