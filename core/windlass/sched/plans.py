"""From a graph to what the scheduler needs to know of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any

from windlass.model import expand, expr
from windlass.model.graph import Graph, Task
from windlass.model.wfformat import recorded
from windlass.sched.events import PLAIN, Rules, RunPlan, TaskPlan


def task_plan(
    task: Task,
    position: Mapping[str, int],
    params: Mapping[str, Any],
    open: bool = False,
    apart: frozenset[int] = frozenset(),
) -> TaskPlan:
    """`position`: task id -> its place in the graph; `apart`: see `apart_of`.

    Raises `ExprError` when an array cannot be counted.
    """
    count = expand.count(task, params)
    return TaskPlan(
        id=task.id,
        needs=tuple((position[need.task], need.each) for need in task.needs),
        count=count,
        ask=task.when is not None or count is None,
        resources=task.resources,
        where=tuple(task.where),
        priority=task.priority,
        retries=task.retries,
        timeout=task.timeout,
        deadline=task.deadline,
        continue_on_error=task.continue_on_error,
        open=open,
        judges=task.when is not None and expr.uses_status(task.when),
        expected=recorded(task),
        rules=_rules(task, position, apart),
    )


def _rules(task: Task, position: Mapping[str, int], apart: frozenset[int]) -> Rules:
    if not (task.limit or task.groups or apart or task.exclusive or task.placement != "pack"):
        return PLAIN
    return Rules(
        spread=task.placement == "spread",
        apart=apart,
        exclusive=task.exclusive,
        limit=task.limit,
        groups=tuple(task.groups),
        place=position[task.id] if task.limit or apart else -1,
    )


def apart_of(said: Iterable[tuple[int, Iterable[int]]]) -> dict[int, frozenset[int]]:
    """Task position -> the positions that it is kept apart from, whichever of the two said so. Usually empty."""
    found: dict[int, set[int]] = {}
    for place, others in said:
        for other in others:
            found.setdefault(place, set()).add(other)
            found.setdefault(other, set()).add(place)
    return {place: frozenset(others) for place, others in found.items()}


def graph_plan(
    graph: Graph,
    params: Mapping[str, Any],
    *,
    run: int = 1,
    owner: str = "",
    priority: int = 0,
    submitted: float = 0.0,
    open_tasks: Collection[int] = (),
    expected: Callable[[int], float] | None = None,
) -> RunPlan:
    """A run of the graph. `expected`: how long a task's attempts take, known better than recorded.

    Raises `ExprError` when an array cannot be counted.
    """
    position = {task.id: place for place, task in enumerate(graph.tasks)}
    apart = apart_of((position[task.id], [position[other] for other in task.apart]) for task in graph.tasks)
    tasks = tuple(
        task_plan(task, position, params, place in open_tasks, apart.get(place, frozenset()))
        for place, task in enumerate(graph.tasks)
    )
    if expected is not None:
        tasks = tuple(replace(task, expected=expected(place)) for place, task in enumerate(tasks))
    limits = graph.limits
    return RunPlan(run, owner, priority, submitted, tasks, running=limits.running, groups=limits.groups)
