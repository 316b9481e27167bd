"""Memory learned: what a task that declares none is placed by, from what its attempts were seen to use.

After a few ends the task asks for the largest peak and a fifth more; after one that ran out of memory, for at least
twice that one's peak. It asks in coarse steps and never for less than before, so that even a million items are asked
for otherwise only now and then, and never for more than the largest agent has that could take it: what is learned is
a guess, and a guess must not keep a task from running. It is for placing only. The agents are told nothing of it and
end no attempt because of it, and where a person declared the memory nothing is learned.

Peaks are those of this run. They are written down (`lessons.py`), so that a core that comes back knows them.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from windlass.model.units import human_size
from windlass.model.words import counted
from windlass.sched.events import MemoryLearned
from windlass.sched.shapes import Shape, ShapeKey
from windlass.sched.states import AgentState

if TYPE_CHECKING:
    from windlass.sched.agents import Agent
    from windlass.sched.book import Book
    from windlass.sched.tasks import RunState, TaskState

ENDS = 3
"""So many attempts must have told their peaks, or one have run out of memory."""
MARGIN = 1.2
LEAST = 64 << 20
"""Bytes; less is not worth a reservation."""


class Peak:
    """What is known of one task."""

    __slots__ = ("ends", "most", "want")

    def __init__(self) -> None:
        self.ends = 0
        """Attempts that told how much they used."""
        self.most = 0
        """The largest peak, in bytes."""
        self.want = 0
        """What is asked for where an agent has so much; never falls. 0: nothing yet."""


def rounded(need: float) -> int:
    """Up to the next of eight steps between two powers of two, so that few shapes arise; 0 where it is too little.

    >>> [rounded(mib << 20) >> 20 for mib in (1, 64, 65, 72, 100, 1000, 1025)]
    [0, 64, 72, 72, 104, 1024, 1152]
    """
    whole = math.ceil(need)
    if whole < LEAST:
        return 0
    unit = 1 << ((whole - 1).bit_length() - 4)
    return -(-whole // unit) * unit


def learns(book: Book, task: TaskState) -> bool:
    """Only where nobody declared anything."""
    return book.config.learn_memory and not task.plan.resources.memory


def seen(book: Book, task: TaskState, ends: int, peak: int) -> None:
    """So many attempts of a task that declares no memory have ended; the largest used `peak` bytes (more than 0)."""
    peaks = task.run.peaks
    known = peaks.get(task.pos)
    if known is None:
        if task.count == 1 and not task.open:
            return  # nothing of it is left to be placed
        known = peaks[task.pos] = Peak()
    before = known.ends
    known.ends = before + ends
    if peak <= known.most and before >= ENDS:
        return
    known.most = max(known.most, peak)
    if known.ends >= ENDS:
        _want(book, task, known, known.most * MARGIN)


def exhausted(book: Book, task: TaskState, peak: int) -> None:
    """An attempt of such a task ran out of memory when it had used `peak` bytes."""
    known = task.run.peaks.setdefault(task.pos, Peak())
    known.ends += 1
    known.most = max(known.most, peak)
    _want(book, task, known, max(peak * 2.0, known.most * MARGIN))


def remember(book: Book, task: TaskState, ends: int, most: int, want: int) -> None:
    """What was written down before a restart."""
    known = task.run.peaks[task.pos] = Peak()
    known.ends, known.most, known.want = ends, most, want
    if want:
        book.learned[task.run, task.pos] = None


def _want(book: Book, task: TaskState, known: Peak, need: float) -> None:
    need = rounded(need)
    if need > known.want:
        known.want = need
        book.learned[task.run, task.pos] = None


def settle(book: Book) -> None:
    """At the end of an event: have the tasks ask for what was learned, as far as there are agents for it.

    Attempts that are on an agent keep their lanes. Those that only wait there are not asked back: work is sent ahead
    for moments.
    """
    learned, book.learned = book.learned, {}
    if book.fleet_moved:
        book.fleet_moved = False
        for run in book.runs.values():
            learned.update(dict.fromkeys((run, pos) for pos, known in run.peaks.items() if known.want))
    largest: dict[ShapeKey, int | None] = {}
    for run, pos in learned:
        if book.runs.get(run.id) is run:
            _settle(book, run, pos, largest)


def _settle(book: Book, run: RunState, pos: int, largest: dict[ShapeKey, int | None]) -> None:
    plan = run.tasks.plan(pos)
    want = 0 if plan.resources.memory else run.peaks[pos].want
    key = book.key_of(plan, run.id)
    if want:
        if key not in largest:
            largest[key] = _largest(book, Shape(*key))
        most = largest[key]
        want = want if most is None else min(want, most)
    if want == run.tasks.learned(pos):
        return
    task = run.tasks[pos]
    old = task.shape
    run.tasks.set_learned(task, want)
    move_live(task, old)
    task.order = book.policy.static(task)
    book.supply.reorder(task)
    book.emit(MemoryLearned(run.id, pos, want, run.peaks[pos].ends))
    book.story.note(book.now, f"run {run.id}: {task.id} {words(run, pos) or 'asks for no memory any more'}")


def move_live(task: TaskState, old: Shape) -> None:
    """The task has another shape now: its live attempts keep their lanes, but its owner's share counts them anew."""
    if task.shape is not old and task.active:
        live, count = task.run.owner.live, len(task.active)
        live[old] = live.get(old, 0) - count
        live[task.shape] = live.get(task.shape, 0) + count


def _largest(book: Book, shape: Shape) -> int | None:
    """Bytes of the largest agent that could take one of the shape but for its memory; None: there is no such agent.

    One that is gone for good, or for long, does not count: the task runs on those that are there.
    """
    found = [
        agent.capacity.get("memory", 0)
        for agent in book.agents.values()
        if agent.state in (AgentState.UP, AgentState.DISCONNECTED)
        and not agent.draining
        and agent.able(shape)
        and shape.matches(agent.labels)
    ]
    return max(found) if found else None


def words(run: RunState, pos: int) -> str:
    """What a task asks for without having been told to; empty: nothing."""
    learned = run.tasks.learned(pos)
    if not learned:
        return ""
    ends = run.peaks[pos].ends
    size = human_size(learned).replace(".0 ", " ")
    return f"asks for {size}, learned from {counted(ends, 'attempt')}"


def would_wait(shape: Shape, agent: Agent) -> bool:
    """Whether the agent lets attempts of the shape wait when those before them use up what was learned.

    It is not told of it, so only where something that it is told of runs out no later, and has run out now.
    """
    told = [(kind, amount) for kind, amount in shape.need if kind != "memory"]
    lanes = agent.capacity.get("memory", 0) // dict(shape.need)["memory"]
    runs_out = any(agent.capacity.get(kind, 0) // amount <= lanes for kind, amount in told)
    return runs_out and any(agent.free.get(kind, 0) < amount for kind, amount in told)
