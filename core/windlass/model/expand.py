"""How many items an array has and what each item's value is, without ever making the list.

A value is derived from the task, the item's index and the run's parameters; only a `foreach` over another
task's outputs or result has values that come from elsewhere.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

from windlass.model.expr import ExprError, Scope, evaluate
from windlass.model.graph import Foreach, Task
from windlass.model.paths import matches
from windlass.model.template import render_data

MAX_ITEMS = 1_000_000
"""Items of one task."""


def source(task: Task) -> str | None:
    """The task whose outputs or result decide the items, if any: the count is known once it has ended."""
    return (task.foreach.outputs_of or task.foreach.result_of) if task.foreach else None


def count(task: Task, params: Mapping[str, Any]) -> int | None:
    """The number of items: 1 for a task that is no array, None while another task decides it. Raises `ExprError`."""
    if task.matrix is not None:
        return math.prod(len(values) for values in task.matrix.values())
    each = task.foreach
    if each is None:
        return 1
    if each.range is not None:
        return len(range(*each.range))
    if each.values is not None:
        return len(each.values)
    if each.opaque is not None:
        return each.opaque
    if each.expr is not None:
        return len(_listed(each.expr, params))
    return None


def _listed(expr: str, params: Mapping[str, Any]) -> list[Any] | range:
    value = evaluate(expr, Scope(params=params))
    if isinstance(value, int) and not isinstance(value, bool):
        value = range(value)
    if not isinstance(value, list | tuple | range):
        raise ExprError("foreach needs a list, a range or a whole number")
    if len(value) > MAX_ITEMS:
        raise ExprError(f"foreach gives {len(value)} items; a task has at most {MAX_ITEMS}")
    return list(value) if isinstance(value, tuple) else value


def item_value(task: Task, index: int, params: Mapping[str, Any]) -> Any:
    """The value of one item; None for a task that is no array.

    Raises `LookupError` when it cannot be derived here (it comes from another task or from a client) or when there
    is no such item, and `ExprError` when a template in it fails.
    """
    total = count(task, params)
    if total is None or (task.foreach is not None and task.foreach.opaque is not None):
        raise LookupError(f"the items of task '{task.id}' are not known from the graph")
    if not 0 <= index < total:
        raise LookupError(f"task '{task.id}' has no item {index}: there are {total}")
    if task.matrix is not None:
        return render_data(_combination(task.matrix, index), Scope(params=params, index=index))
    each = task.foreach
    if each is None:
        return None
    if each.range is not None:
        return range(*each.range)[index]
    if each.expr is not None:
        return _listed(each.expr, params)[index]
    assert each.values is not None
    return render_data(each.values[index], Scope(params=params, index=index))


def _combination(matrix: Mapping[str, list[Any]], index: int) -> dict[str, Any]:
    chosen: dict[str, Any] = {}
    for axis, values in reversed(list(matrix.items())):
        index, position = divmod(index, len(values))
        chosen[axis] = values[position]
    return {axis: chosen[axis] for axis in matrix}


def fan_out(foreach: Foreach, paths: Iterable[str]) -> list[str]:
    """The items of a `foreach` over outputs: the source's files that match, in their order."""
    pattern = foreach.pattern
    return [path for path in paths if pattern is None or matches(pattern, path)]


def display(value: Any, limit: int = 60) -> str:
    """An item's value in a short line for people; cost does not follow the value's size.

    >>> display({"lr": 0.1, "batch": 32}), display("x" * 100, 10)
    ('lr=0.1 batch=32', 'xxxxxx...x')
    """
    if isinstance(value, str):
        text = value[: limit * 2] + value[-8:] if len(value) > limit * 3 else value
        tail = 8 if limit >= 24 else 1
        # A file's ending tells more than its middle.
        return text if len(text) <= limit else text[: limit - 3 - tail] + "..." + text[-tail:]
    if isinstance(value, Mapping):
        shown = " ".join(f"{key}={display(element, limit)}" for key, element in islice(value.items(), 10))
    elif isinstance(value, list | tuple):
        shown = "[" + ", ".join(display(element, limit) for element in islice(value, 10))
        shown += ", ...]" if len(value) > 10 else "]"
    elif isinstance(value, bool):
        shown = "true" if value else "false"
    else:
        shown = "" if value is None else str(value)
    return shown if len(shown) <= limit else shown[: limit - 3] + "..."
