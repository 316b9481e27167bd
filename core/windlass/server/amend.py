"""Changing the graph of a run that was submitted: what may change, and what did.

A run keeps its structure, on which its items, their states and their results stand: its parameters, its tasks in
their order, and what each needs and fans out over. All else may change, for attempts that are given from then on.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from windlass.blobs.store import is_hash
from windlass.model import expr, template
from windlass.model.expr import ExprError, Scope
from windlass.model.graph import Call, FileRef, Graph, PythonCall, Task
from windlass.sched import events as ev
from windlass.server import rundata
from windlass.server.bundles import matching, module_files
from windlass.server.rundata import RunData
from windlass.store import records

if TYPE_CHECKING:
    from windlass.server.core import Core

log = logging.getLogger("windlass.amend")

_FIXED = {
    "matrix": "has another matrix",
    "foreach": "fans out over something else",
    "when": "has another condition",
}


def amend(core: Core, run: RunData, graph: Graph, document: str, files: list[FileRef]) -> tuple[list[str], list[str]]:
    """Put the graph and all its files, which the core holds, in the place of the run's.

    Returns the tasks that work otherwise now, and the files that changed. `ValueError` says what may not be.
    """
    old = run.graph
    problem = difference(old, graph)
    if problem:
        raise ValueError(f"{problem}; that needs a new run: submit the graph")
    graph = merged(old, graph)
    problem = rundata.check_graph(graph, run.params)
    if problem:
        raise ValueError(problem)
    pairs = list(zip(old.tasks, graph.tasks, strict=True))
    functions = [now.action.function for was, now in pairs if isinstance(now.action, Call) and now.action != was.action]
    if not all(is_hash(hash) and core.blobs.has(hash) for hash in functions):
        raise ValueError("a function was not uploaded")
    changed = changed_files(run.files, files)
    otherwise = [
        place
        for place, (was, now) in enumerate(pairs)
        if works_otherwise(was, now) or takes_any(now, run.params, changed)
    ]
    run.amend(graph, files)
    core.store.write(records.RUN_AMEND, [(document, rundata.encode(graph), rundata.encode(files), run.id)])
    # What the run needed before stays: attempts that run may still fetch it.
    needed = {file.hash for file in files}.union(functions)
    core.store.write(records.REF, [(hash, run.id) for hash in sorted(needed)])
    for place in otherwise:
        core.bundles.renew(run, place)
        core.handle(ev.TaskAmended(run.id, place, run.task_plan(place)))
    for place, (was, now) in enumerate(pairs):
        if was != now:
            core.later(partial(core.publisher.task, run.id, place))
    log.info("run %d %s amended: %d tasks, %d files", run.id, run.name, len(otherwise), len(changed))
    return [graph.tasks[place].id for place in otherwise], [file.path for file in changed]


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
    if _opaque(was) and _opaque(now):
        return ""
    for field, words in _FIXED.items():
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


def changed_files(old: list[FileRef], new: list[FileRef]) -> list[FileRef]:
    """Files that came, went, or have another content or mode; one that went as it was."""
    before, after = {file.path: file for file in old}, {file.path: file for file in new}
    return [file for path, file in {**before, **after}.items() if before.get(path) != after.get(path)]


def takes_any(task: Task, params: Mapping[str, Any], files: list[FileRef]) -> bool:
    """Whether one of these files of the graph's folder may be among the task's inputs."""
    if not files:
        return False
    if isinstance(task.action, PythonCall) and module_files(task.action.target, files):
        return True
    for entry in task.inputs:
        try:
            rendered = template.render(entry, Scope(params=params))
        except ExprError:
            return True  # it depends on the item
        for one in rendered if isinstance(rendered, list) else [rendered]:
            if matching(expr.to_text(one), files):
                return True
    return False
