"""A graph as a document again: plain data with units as people write them, or YAML text."""

from __future__ import annotations

from typing import Any

import msgspec

from windlass.model.blocks import dump as dump_tree
from windlass.model.blocks import styled
from windlass.model.graph import Call, Command, Foreach, Graph, Limits, PythonCall, Resources, RetryPolicy, Script, Task
from windlass.model.units import format_duration, format_size


def to_document(graph: Graph) -> dict[str, Any]:
    """The document that gives this graph when it is loaded. Raises `ValueError` for functions shipped by value."""
    document: dict[str, Any] = {"windlass": 1, "name": graph.name}
    if graph.description:
        document["description"] = graph.description
    if graph.params:
        document["params"] = graph.params
    if limits := _limits(graph.limits):
        document["limits"] = limits
    document["tasks"] = {task.id: task_document(task) for task in graph.tasks}
    if graph.canvas.frames or graph.canvas.notes:
        document["canvas"] = _whole_numbers(msgspec.to_builtins(graph.canvas))
    return document


def dump(graph: Graph) -> str:
    """The same as YAML."""
    document = to_document(graph)
    tree = styled(document)
    tree.fa.set_block_style()
    tree["tasks"].fa.set_block_style()
    for body in tree["tasks"].values():
        body.fa.set_block_style()
    return dump_tree(tree)


def task_document(task: Task) -> dict[str, Any]:
    """One task's fields, without those that have their default."""
    plain = Task(task.id, task.action)
    made: dict[str, Any] = {}
    for name in ("title", "description"):
        if value := getattr(task, name):
            made[name] = value
    made |= _action(task)
    if task.needs:
        made["needs"] = [{"task": need.task, "each": True} if need.each else need.task for need in task.needs]
    if task.matrix is not None:
        made["matrix"] = task.matrix
    if task.foreach is not None:
        made["foreach"] = _foreach(task.foreach)
    for name in ("when", "env", "workdir", "inputs", "outputs"):
        value = getattr(task, name)
        if value != getattr(plain, name):
            made[name] = value
    if task.resources != plain.resources:
        made["resources"] = _resources(task.resources)
    for name in ("where", "apart", "exclusive", "pin", "limit", "groups", "priority"):
        if value := getattr(task, name):
            made[name] = value
    if task.placement != plain.placement:
        made["placement"] = task.placement
    if task.retries != plain.retries:
        made["retries"] = _retries(task.retries)
    for name in ("timeout", "deadline"):
        seconds = getattr(task, name)
        if seconds is not None:
            made[name] = format_duration(seconds)
    if task.continue_on_error:
        made["continue-on-error"] = True
    if task.position is not None:
        made["position"] = _whole_numbers(list(task.position))
    return made


def _whole_numbers(value: Any) -> Any:
    """Places and sizes as people write them: 40, not 40.0."""
    if isinstance(value, float) and value == int(value):
        return int(value)
    if isinstance(value, dict):
        return {key: _whole_numbers(inner) for key, inner in value.items()}
    return [_whole_numbers(inner) for inner in value] if isinstance(value, list | tuple) else value


def _action(task: Task) -> dict[str, Any]:
    match task.action:
        case Command(argv=argv):
            return {"command": argv}
        case Script(text=text, shell=shell):
            return {"script": text} | ({"shell": shell} if shell != "sh -e" else {})
        case PythonCall(target=target, args=args, kwargs=kwargs):
            return {"python": target} | ({"args": args} if args else {}) | ({"kwargs": kwargs} if kwargs else {})
        case Call():
            raise ValueError(f"task '{task.id}' is a function shipped by value, which a document cannot hold")


def _foreach(foreach: Foreach) -> Any:
    if foreach.range is not None:
        start, stop, step = foreach.range
        short = stop if (start, step) == (0, 1) else [start, stop] if step == 1 else [start, stop, step]
        return {"range": short}
    if foreach.outputs_of is not None:
        return f"{foreach.outputs_of}.outputs" + (f"/{foreach.pattern}" if foreach.pattern else "")
    if foreach.result_of is not None:
        return f"{foreach.result_of}.result"
    if foreach.expr is not None:
        return f"${{{{ {foreach.expr} }}}}"
    if foreach.values is None:
        raise ValueError("items that a client brings have no place in a document")
    return foreach.values


def _resources(resources: Resources) -> dict[str, Any]:
    made: dict[str, Any] = {}
    if resources.cpus != 1:
        made["cpus"] = int(resources.cpus) if resources.cpus == int(resources.cpus) else resources.cpus
    for name in ("memory", "disk"):
        if size := getattr(resources, name):
            made[name] = format_size(size)
    if resources.gpus:
        made["gpus"] = resources.gpus
    if resources.gpu_memory:
        made["gpu-memory"] = format_size(resources.gpu_memory)
    if resources.named:
        made["named"] = dict(resources.named)
    return made


def _limits(limits: Limits) -> dict[str, Any]:
    made: dict[str, Any] = {}
    if limits.running is not None:
        made["running"] = limits.running
    if limits.groups:
        made["groups"] = dict(limits.groups)
    return made


def _retries(retries: RetryPolicy) -> Any:
    plain = RetryPolicy(max=retries.max)
    if retries == plain:
        return retries.max
    made: dict[str, Any] = {"max": retries.max}
    for attribute, name in (("backoff", "backoff"), ("max_backoff", "max-backoff")):
        seconds = getattr(retries, attribute)
        if seconds != getattr(plain, attribute):
            made[name] = format_duration(seconds)
    if retries.factor != plain.factor:
        made["factor"] = retries.factor
    for attribute, name in (("only_on", "only-on"), ("never_on", "never-on")):
        if codes := getattr(retries, attribute):
            made[name] = list(codes)
    return made
