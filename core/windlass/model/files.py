"""Which files a task takes: from the graph's folder, or from another task's outputs. Patterns only, no file is read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from windlass.model.expand import count, item_value, source
from windlass.model.expr import Scope, to_text
from windlass.model.graph import Graph, PythonCall, Task
from windlass.model.paths import check_relative, escape
from windlass.model.syntax import uses
from windlass.model.template import has_holes, names, split

_OUTPUTS = re.compile(r"([^\W\d][\w-]*)\.outputs(?:/(.*))?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class InputRef:
    """One entry of `inputs`. It appears in the attempt's work directory under the same relative path."""

    task: str | None
    """The task whose outputs it takes; None for the graph's folder."""
    pattern: str
    """A path or pattern; `**` for all outputs of a task."""
    optional: bool = False
    """Nothing matching is no error (a Python module that may be installed on the agent instead)."""


def parse_input(entry: str) -> InputRef:
    """What an entry refers to; write `./x.outputs` for a file that happens to have such a name.

    >>> parse_input("split.outputs"), parse_input("data/*.csv").task
    (InputRef(task='split', pattern='**', optional=False), None)
    """
    match = _OUTPUTS.fullmatch(entry)
    if match:
        return InputRef(match[1], match[2] or "**")
    return InputRef(None, entry)


def render_pattern(text: str, scope: Scope) -> str:
    """A path pattern. A parameter may hold a pattern itself; any other value stands for exactly its characters."""
    if "${{" not in text:
        return text
    parts: list[str] = []
    for part in split(text):
        if isinstance(part, str):
            parts.append(part)
            continue
        value = to_text(part.value(scope))
        only_params = all(reference.path[0] == "params" for reference in uses(part.source).references)
        parts.append(value if only_params else escape(value))
    return "".join(parts)


def task_inputs(task: Task, scope: Scope) -> list[InputRef]:
    """All files that one item takes: its `inputs`, the file it is made for, and its Python module.

    Raises `ExprError`, and `PathError` for a path that leaves the graph's folder.
    """
    refs: list[InputRef] = []
    for entry in task.inputs:
        ref = parse_input(entry)
        refs.append(InputRef(ref.task, check_relative(render_pattern(ref.pattern, scope))))
    if task.foreach is not None and task.foreach.outputs_of and isinstance(scope.item, str):
        refs.append(InputRef(task.foreach.outputs_of, escape(scope.item)))
    if isinstance(task.action, PythonCall):
        refs += [InputRef(None, pattern, optional=True) for pattern in module_patterns(task.action.target)]
    return list(dict.fromkeys(refs))


def module_patterns(target: str) -> list[str]:
    """Where in the graph's folder the module of `module:function` would lie.

    >>> module_patterns("sim.model:run")
    ['sim.py', 'sim/**']
    """
    top = target.split(":")[0].split(".")[0]
    return [f"{top}.py", f"{top}/**"]


def varies(task: Task) -> bool:
    """Whether the items of an array take different files of the graph's folder."""
    return any(
        reference.path[0] in ("item", "index", "matrix")
        for entry in task.inputs
        if parse_input(entry).task is None and has_holes(entry)
        for reference in names(entry)
    )


def folder_inputs(graph: Graph, params: Mapping[str, Any]) -> Iterator[tuple[str, InputRef]]:
    """Every pattern of the graph's folder that a run needs, with the task that asks for it; each pattern once a task.

    What the client uploads at submit. Raises as `task_inputs` does.
    """
    for task in graph.tasks:
        if not task.inputs and not isinstance(task.action, PythonCall):
            continue
        total = count(task, params) if varies(task) and source(task) is None else 1
        seen: set[InputRef] = set()
        for index in range(total or 0):
            value = item_value(task, index, params) if task.is_array and source(task) is None and total else None
            scope = Scope(params=params, item=value, index=index, task=task.id)
            for ref in _of_folder(task, scope):
                if ref not in seen:
                    seen.add(ref)
                    yield task.id, ref


def _of_folder(task: Task, scope: Scope) -> list[InputRef]:
    refs = [
        InputRef(None, check_relative(render_pattern(entry, scope)))
        for entry in task.inputs
        if parse_input(entry).task is None
    ]
    if isinstance(task.action, PythonCall):
        refs += [InputRef(None, pattern, optional=True) for pattern in module_patterns(task.action.target)]
    return refs
