"""Putting a mended graph in the place of a run's, for attempts that are given from then on."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from windlass.blobs.store import is_hash
from windlass.model import expr, template
from windlass.model.amend import difference, merged, works_otherwise
from windlass.model.expr import ExprError, Scope
from windlass.model.graph import Call, FileRef, Graph, PythonCall, Task
from windlass.model.packed import pack
from windlass.sched import events as ev
from windlass.server import rundata
from windlass.server.bundles import matching, module_files
from windlass.server.rundata import RunData
from windlass.store import records

if TYPE_CHECKING:
    from windlass.server.core import Core

log = logging.getLogger("windlass.amend")


def amend(
    core: Core, run: RunData, graph: Graph, document: str, files: list[FileRef] | None
) -> tuple[list[str], list[str]]:
    """Put the graph and all its files (None: they stay), which the core holds, in the place of the run's.

    Returns the tasks that work otherwise now, and the files that changed. `ValueError` says what may not be.
    """
    old = run.graph.unpacked()
    problem = difference(old, graph)
    if problem:
        raise ValueError(f"{problem}; that needs a new run: submit the graph")
    graph = merged(old, graph)
    problem = rundata.check_graph(pack(graph), run.params)
    if problem:
        raise ValueError(problem)
    pairs = list(zip(old.tasks, graph.tasks, strict=True))
    functions = [now.action.function for was, now in pairs if isinstance(now.action, Call) and now.action != was.action]
    if not all(is_hash(hash) and core.blobs.has(hash) for hash in functions):
        raise ValueError("a function was not uploaded")
    files = run.files if files is None else files
    changed = changed_files(run.files, files)
    otherwise = [
        place
        for place, (was, now) in enumerate(pairs)
        if works_otherwise(was, now) or takes_any(now, run.params, changed)
    ]
    before = run.apart()
    run.amend(graph, files)
    after = run.apart()
    core.store.write(records.RUN_AMEND, [(document, rundata.encode(graph), rundata.encode(files), run.id)])
    # What the run needed before stays: attempts that run may still fetch it.
    needed = {file.hash for file in files}.union(functions)
    core.store.write(records.REF, [(hash, run.id) for hash in sorted(needed)])
    for place in otherwise:
        core.bundles.renew(run, place)
        core.handle(ev.TaskAmended(run.id, place, run.task_plan(place)))
    for place in before.keys() | after.keys():
        # Another task says of it now that it is to be kept apart, or does no more.
        if place not in otherwise and before.get(place) != after.get(place):
            core.handle(ev.TaskAmended(run.id, place, run.task_plan(place)))
    for place, (was, now) in enumerate(pairs):
        if was != now:
            core.later(partial(core.publisher.task, run.id, place))
    log.info("run %d %s amended: %d tasks, %d files", run.id, run.name, len(otherwise), len(changed))
    return [graph.tasks[place].id for place in otherwise], [file.path for file in changed]


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
