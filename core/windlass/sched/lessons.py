"""What was learned of arrays, to be written down: how long their attempts take, and how much memory they need.

A core that comes back goes on with it: work is sent ahead at once as far as it pays off, and no item has to run out of
memory once more for what was known. It is told now and then, a bounded number of tasks at a time, and only of runs that
go on; a crash takes along what the last seconds taught. Single tasks teach nothing: when one has ended, nothing of it
is left.
"""

from __future__ import annotations

import math

from windlass.sched import memory, ranks
from windlass.sched.book import Book
from windlass.sched.events import Lesson, LessonsLearned
from windlass.sched.tasks import RunState, TaskState

MOST = 1000
"""Tasks that are told of at once; the others the next time."""


def learned(book: Book, task: TaskState) -> None:
    """Something about the task is known better than before."""
    if task.count == 1 and not task.open:
        return
    if not book.lessons:
        book.tell_lessons_later()
    book.lessons[task.run, task.pos] = None


def tell(book: Book, most: int = MOST) -> None:
    told: list[Lesson] = []
    while book.lessons and len(told) < most:
        run, pos = next(iter(book.lessons))
        del book.lessons[run, pos]
        if (found := _lesson(book, run, pos)) is not None:
            told.append(found)
    if told:
        book.emit(LessonsLearned(told))
    if book.lessons:
        book.tell_lessons_later()


def _lesson(book: Book, run: RunState, pos: int) -> Lesson | None:
    if run.over or book.runs.get(run.id) is not run:
        return None
    task, peak = run.tasks.get_hot(pos), run.peaks.get(pos)
    mean = 0.0 if task is None or task.mean is None else task.mean
    if peak is None:
        return Lesson(run.id, pos, mean, 0, 0, 0)
    return Lesson(run.id, pos, mean, peak.ends, peak.most, peak.want)


def restore(book: Book, run: RunState, lessons: list[Lesson]) -> None:
    """After a restart, when the run's tasks are there."""
    for lesson in lessons:
        if not 0 <= lesson.task < len(run.tasks) or run.tasks.get_hot(lesson.task) is None:
            continue
        task = run.tasks[lesson.task]
        if 0.0 < lesson.mean < math.inf:
            task.mean = lesson.mean
            run.mean = max(run.mean or 0.0, lesson.mean)  # of others nothing is known: rather too little ahead
            if ranks.surprising(task):
                book.relearn[run] = None
        if lesson.ends > 0 and memory.learns(book, task):
            memory.remember(book, task, lesson.ends, lesson.most, lesson.want)
