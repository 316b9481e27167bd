"""Crowds: single tasks that go through their lives together, as the items of an array do.

Tasks of one run that ask for the same and stand in the same place of the order (a layer of a graph, the middle of a
fan) are one `Crowd` while they are ready or active: one queue, one entry in the order, one grant for all that are given
together. Only the common way is theirs: ready, given once, succeeded. Whatever else happens to a task, or is asked of
it, first takes it out of its crowd (`Table.__getitem__` does), and from then on it is a `TaskState` like any other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, ClassVar

from windlass.sched.agents import Agent, Grant
from windlass.sched.events import AttemptId
from windlass.sched.queues import ranges_of
from windlass.sched.states import ACTIVE, FAILED, PENDING, READY
from windlass.sched.tasks import RunState, TaskState

if TYPE_CHECKING:
    from windlass.sched.book import Book
    from windlass.sched.table import Table

_new = tuple.__new__


class Crowd(TaskState):
    """Its items are tasks, by position: it writes the states and numbers of the run's table."""

    part: ClassVar[int] = 1
    __slots__ = ("key",)

    def __init__(self, table: Table, first: int, key: tuple[int, float]) -> None:
        """For tasks like the one at `first`."""
        super().__init__(table.run, first, table.plan(first), table.shape(first))
        self.key = key
        self.states, self.numbers = table.arrays
        self.counts[PENDING] = 0
        self.released = True

    @property
    def empty(self) -> bool:
        return not self.queue.size and not self.active

    def enter(self, members: list[int]) -> list[tuple[int, int]]:
        """These PENDING tasks become READY; as ranges."""
        members.sort()
        self.counts[PENDING] += len(members)
        ranges = ranges_of(members)
        for lo, hi in ranges:
            self.move_range(lo, hi, PENDING, READY)
            self.queue.add(lo, hi)
        return ranges

    def next_ids(self, lo: int, hi: int) -> list[AttemptId]:
        """None of them had an attempt before."""
        self.numbers[lo:hi] = b"\x01" * (hi - lo)
        run = self.run.id
        return [_new(AttemptId, (run, pos, 0, 1)) for pos in range(lo, hi)]

    def members(self) -> Iterator[int]:
        yield from self.queue
        yield from list(self.active)

    def leave(self, task: TaskState) -> Agent | None:
        """The task is on its own from now on; the agent of its attempt, if it has one."""
        pos = task.pos
        state = self.states[pos]
        self.counts[state] -= 1
        if state == READY:
            self.queue.discard(pos, pos + 1)
            return None
        return self.active.pop(pos)

    def __repr__(self) -> str:
        return f"<Crowd of run {self.run.id}: {self.queue.size} ready, {len(self.active)} active>"


def begin(book: Book, run: RunState, opened: Iterable[int]) -> None:
    """These tasks wait for no other as a whole: those that may form crowds become ready, the others are looked at."""
    tasks = run.tasks
    if any(run.counts[FAILED:]) or run.files is not None:  # who is to blame, and where its files are: task by task
        for pos in opened:
            book.look(tasks[pos])
        return
    groups: dict[tuple[int, float], list[int]] = {}
    for pos in opened:
        key = tasks.crowd_key(pos)
        if key is None:
            book.look(tasks[pos])
        else:
            groups.setdefault(key, []).append(pos)
    for key, members in groups.items():
        crowd = tasks.crowds.get(key)
        if crowd is None:
            crowd = tasks.crowds[key] = Crowd(tasks, min(members), key)
            crowd.order = book.policy.static(crowd)
        book.tasks_changed(crowd, READY, crowd.enter(members))
        book.supply.push(crowd)


def take_out(book: Book, table: Table, task: TaskState) -> None:
    """A member of a crowd gets its own queue, or its own grant."""
    crowd = table.crowds[table.key(task.pos)]
    agent = crowd.leave(task)
    task.released = True
    book.apart(crowd)
    if agent is None:
        task.queue.add(0, 1)
        book.supply.push(task)
    else:
        id = AttemptId(task.run.id, task.pos, 0, task.number(0))
        was = agent.live[id]
        agent.live[id] = grant = Grant(task, was.bucket, was.epoch, was.time)
        grant.timeout = was.timeout
        task.active[0] = agent
    tidy(crowd)


def own(agent: Agent, id: AttemptId) -> TaskState:
    """The task of a live attempt, as an object of its own."""
    task = agent.live[id].task
    return task if type(task) is TaskState else task.run.tasks[id.task]


def tidy(crowd: Crowd) -> None:
    """Nothing is kept of a crowd that nobody is in."""
    if crowd.empty and crowd.run.tasks.crowds.get(crowd.key) is crowd:
        del crowd.run.tasks.crowds[crowd.key]


def succeeded(book: Book, crowd: Crowd, members: list[int]) -> bool:
    """These are complete, and others may begin; True if the run has ended with them."""
    run, tasks = crowd.run, crowd.run.tasks
    run.left -= len(members)
    begin(book, run, tasks.complete(members))
    tidy(crowd)
    return not run.left


def check(crowd: Crowd) -> None:
    """What must hold after every step; for `invariants.py`."""
    tasks, states = crowd.run.tasks, crowd.states
    ready, active = list(crowd.queue), list(crowd.active)
    assert not crowd.empty, f"{crowd!r} has nobody left"
    assert len(ready) == crowd.queue.size == len(set(ready)) == crowd.counts[READY], f"{crowd!r} miscounts"
    assert len(active) == crowd.counts[ACTIVE], f"{crowd!r} miscounts who is active"
    assert all(states[pos] == READY for pos in ready), f"{crowd!r}: somebody in the queue is not READY"
    assert all(states[pos] == ACTIVE for pos in active), f"{crowd!r}: somebody with an attempt is not ACTIVE"
    for pos in (*ready, *active):
        assert tasks.get_hot(pos) is None, f"{crowd!r}: {pos} is also an object"
        assert tasks.key(pos) == crowd.key, f"{crowd!r}: {pos} is unlike the others"
        assert not tasks.waits[pos], f"{crowd!r}: {pos} waits"
        assert not tasks.done[pos], f"{crowd!r}: {pos} is complete"
    assert not crowd.queue.size or crowd.run.paused or crowd.board, f"{crowd!r} has ready tasks, but nobody offers them"
    for pos, agent in crowd.active.items():
        ids = [id for id in agent.live if id[:2] == (crowd.run.id, pos)]
        assert ids == [(crowd.run.id, pos, 0, 1)], f"{crowd!r}: {pos} has {ids} on {agent}"
        assert ids[0] not in agent.stopping, f"{ids[0]} is being stopped, and still in {crowd!r}"
