"""Mending the graph of a run that was submitted: what may change, and what did.

A run keeps its structure, on which its items, their states and their results stand: its parameters, its tasks in
their order, and what each needs and fans out over. All else may change, for attempts that are given from then on.
"""

from __future__ import annotations

import msgspec

from windlass.model.graph import Call, Graph, Task

_FIXED = {
    "matrix": "has another matrix",
    "foreach": "fans out over something else",
    "when": "has another condition",
}


def difference(old: Graph, new: Graph) -> str:
    """The first thing in which the two are built differently, in words; empty when there is none."""
    for name in {**old.params, **new.params}:
        if name not in old.params or name not in new.params:
            return f"the parameter {name!r} is {'new' if name in new.params else 'gone'}"
        if old.params[name] != new.params[name]:
            return f"the parameter {name!r} has another default"
    before, after = [task.id for task in old.tasks], [task.id for task in new.tasks]
    for ids, others, word in ((after, set(before), "new"), (before, set(after), "gone")):
        for id in ids:
            if id not in others:
                return f"task {id!r} is {word}"
    if old.limits != new.limits:
        return "the limits of the run are others"
    if len(before) != len(after):
        return "a task is there twice"
    for was, now in zip(old.tasks, new.tasks, strict=True):
        if was.id != now.id:
            return f"the tasks are in another order: {now.id!r} stands where {was.id!r} was"
        if problem := _task_difference(was, now):
            return f"task {now.id!r} {problem}"
    return ""


def _task_difference(was: Task, now: Task) -> str:
    if {need.task: need.each for need in was.needs} != {need.task: need.each for need in now.needs}:
        return "needs other tasks than before"
    if isinstance(was.action, Call) != isinstance(now.action, Call):
        return "was a function sent by value and is none now, or the other way round"
    for field, words in _FIXED.items():
        if field == "foreach" and _opaque(was) and _opaque(now):
            continue
        # Axes and items are counted in their order, so that counts too.
        if msgspec.msgpack.encode(getattr(was, field)) != msgspec.msgpack.encode(getattr(now, field)):
            return words
    return ""


def _opaque(task: Task) -> bool:
    """Its items were brought with their arguments, and stay."""
    return task.foreach is not None and task.foreach.opaque is not None


def merged(old: Graph, new: Graph) -> Graph:
    """The new graph on the structure of the old one."""
    tasks = [
        msgspec.structs.replace(now, needs=was.needs, foreach=was.foreach)
        for was, now in zip(old.tasks, new.tasks, strict=True)
    ]
    return msgspec.structs.replace(new, tasks=tasks)


def works_otherwise(was: Task, now: Task) -> bool:
    """More than what people see of it (title, description, place) has changed."""
    return msgspec.structs.replace(now, title=was.title, description=was.description, position=was.position) != was
