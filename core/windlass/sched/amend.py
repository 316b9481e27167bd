"""A task changes while its run lasts: what it asks for and how it is tried again, never what it needs.

Attempts that run go on with what they were given. Those that only wait on an agent are asked back, so that they are
given anew; items that are READY or in BACKOFF are placed by the new plan.
"""

from __future__ import annotations

from dataclasses import replace

from windlass.sched import attempts, control, deadlines, memory
from windlass.sched.book import Book
from windlass.sched.events import TaskPlan
from windlass.sched.tasks import TaskState


def amend(book: Book, task: TaskState, plan: TaskPlan) -> None:
    """The task's structure stays as it is, whatever the plan says of it."""
    old = task.plan
    shape = task.shape
    task.run.tasks.set_plan(task, replace(plan, count=old.count, ask=old.ask, open=old.open, judges=old.judges))
    memory.move_live(task, shape)
    task.order = book.policy.static(task)
    book.supply.reorder(task)
    for agent in dict.fromkeys(task.active.values()):
        for bucket in agent.buckets.values():
            ids = [id for id in attempts.waiting(agent, bucket) if agent.live[id].task is task]
            attempts.recall(book, agent, ids, "amended")
    if task.plan.deadline != old.deadline:
        deadlines.watch(book, task.run)
    if task.plan.continue_on_error != old.continue_on_error:
        control.look_again_after(book, task)
