"""From a graph to what the scheduler needs to know of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any

from windlass.model import expand, expr
from windlass.model.graph import Graph, Task
from windlass.model.wfformat import recorded
from windlass.sched.events import RunPlan, TaskPlan


def task_plan(task: Task, position: Mapping[str, int], params: Mapping[str, Any], open: bool = False) -> TaskPlan:
    """`position`: task id -> its place in the graph. Raises `ExprError` when an array cannot be counted."""
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
    )


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
    tasks = tuple(task_plan(task, position, params, place in open_tasks) for place, task in enumerate(graph.tasks))
    if expected is not None:
        tasks = tuple(replace(task, expected=expected(place)) for place, task in enumerate(tasks))
    return RunPlan(run, owner, priority, submitted, tasks)
