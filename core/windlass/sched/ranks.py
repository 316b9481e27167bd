"""Longest paths learned: an array whose items take another time than was declared changes what hangs on what.

The upward rank (Topcuoglu et al. 2002) of a task is its own duration and the longest rank after it. It is known when
the run is submitted, from declared durations. When an array's items turn out to take less than half or more than
twice of that, the ranks of its run are computed anew, with the mean durations so far; not at each end but all at
once, and no more often than a hundredth of the time allows. A task of one item teaches nothing: when it has ended,
nothing of it is left to order.
"""

from __future__ import annotations

from windlass.sched.book import Book
from windlass.sched.tasks import RunState, TaskState

RATIO = 2.0
"""A mean that differs by more than this factor from what was assumed is news."""
EVERY = 1.0
"""Seconds between two updates of a run,"""
EVERY_TASK = 1e-4
"""and so many more for each of its tasks: about a hundred times what an update takes."""


def surprising(task: TaskState) -> bool:
    """The mean of its recent attempts is far from what its path was measured with."""
    if task.count == 1 or task.mean is None:
        return False
    run = task.run
    assumed = run.assumed.get(task.pos)
    if assumed is None:
        assumed = run.assumed[task.pos] = run.tasks.own(task.pos)
    return not assumed <= task.mean * RATIO <= assumed * RATIO * RATIO


def update(book: Book) -> None:
    """Of the runs in `book.relearn`, those whose time has come."""
    for run in list(book.relearn):
        if run.over:
            del book.relearn[run]
        elif book.now >= run.ranked + EVERY + EVERY_TASK * len(run.tasks):
            del book.relearn[run]
            run.ranked = book.now
            _update(book, run)


def _update(book: Book, run: RunState) -> None:
    learned = {task.pos: task.mean for task in run.tasks.hot if task.mean is not None and surprising(task)}
    run.assumed.update(learned)
    for pos in run.tasks.rerank(learned):
        task = run.tasks.get_hot(pos)
        if task is not None:
            task.order = book.policy.static(task)
            book.supply.reorder(task)
