"""What is left to say when a run has ended: a document for programs, a summary for people."""

from __future__ import annotations

import json as json_text
from pathlib import Path
from typing import Any

import msgspec
from rich.table import Table

from windlass.cli.common import cells, console, duration, show_path
from windlass.cli.progress import describe, done_of
from windlass.cli.report import incidents
from windlass.client.errors import WindlassError
from windlass.client.run import Run
from windlass.model.graph import Graph, PythonCall
from windlass.model.units import human_size
from windlass.model.words import counted
from windlass.wire import results
from windlass.wire.rows import AttemptRow, ItemRow, RunRow, TaskRow

FAILURES = 8
"""Failed items whose last lines are shown."""
TAIL = 15
"""Lines of each."""
RESULTS = 12
"""Results that a summary shows."""
WIDEST = 200
"""Characters of each."""


def document(run: Run, graph: Graph) -> dict[str, Any]:
    """Everything about a run: its row, tasks, results, and each item with its attempts (agents, times, exit codes)."""
    row, tasks = run.row(), run.tasks()
    names = {task.index: task.id for task in tasks}
    arrays = {task.index: task.array for task in tasks}
    attempts: dict[tuple[int, int], list[dict[str, Any]]] = {}
    for attempt in run.attempts():
        attempts.setdefault((attempt.task, attempt.index), []).append(attempt_document(attempt, names))
    items = [
        {
            "task": task.id,
            "index": item.index if arrays[task.index] else None,
            "state": item.state,
            "value": item.value,
            "error": item.error,
            "attempts": sorted(attempts.get((task.index, item.index), []), key=lambda each: each["attempt"]),
        }
        for task in tasks
        for item in run.items(task.index)
    ]
    return {
        "run": run.id,
        "name": row.name,
        "state": row.state,
        "submitted": row.submitted,
        "ended": row.ended,
        "seconds": None if row.ended is None else row.ended - row.submitted,
        "counts": msgspec.to_builtins(row.counts),
        "tasks": [msgspec.to_builtins(task) for task in tasks],
        "results": plain_results(run, graph, tasks)[0],
        "items": items,
    }


def plain_results(run: Run, graph: Graph, tasks: list[TaskRow]) -> tuple[dict[str, Any], list[str]]:
    """What the Python functions returned, by task, for tasks that are no arrays; and the tasks with other objects.

    Nothing is unpickled here: what a pickle does is the business of the program that asks for the value.
    """
    single = {task.id for task in graph.tasks if isinstance(task.action, PythonCall) and not task.is_array}
    plain: dict[str, Any] = {}
    objects: list[str] = []
    for row in tasks:
        if row.id in single and row.counts.succeeded:
            for payload in run.payloads(row.index):
                try:
                    plain[row.id] = results.to_json(payload)
                except results.NotPlainData:
                    objects.append(row.id)
    return plain, objects


def attempt_document(attempt: AttemptRow, names: dict[int, str]) -> dict[str, Any]:
    """An attempt's row with the task's name in it."""
    return {**msgspec.to_builtins(attempt), "task": names.get(attempt.task, str(attempt.task))}


def failed_items(run: Run, tasks: list[TaskRow], limit: int = FAILURES) -> list[tuple[TaskRow, ItemRow]]:
    """The first items that failed, in the order of the tasks."""
    found: list[tuple[TaskRow, ItemRow]] = []
    for task in tasks:
        if task.counts.failed:
            for item in run.items(task.index, ["failed"]):
                found.append((task, item))
                if len(found) >= limit:
                    return found
    return found


def last_lines(run: Run, task: TaskRow, index: int, lines: int = TAIL) -> list[str]:
    """The end of the last attempt's log; nothing when there is none."""
    try:
        return run.log(task.index, index).rstrip().splitlines()[-lines:]
    except WindlassError:
        return []


def item_name(task: TaskRow, index: int) -> str:
    return f"{task.id}[{index}]" if task.array else task.id


def shortened(value: Any) -> str:
    """A result in one line.

    >>> shortened({"pi": 3.14}), len(shortened("x" * 1000))
    ('{"pi": 3.14}', 200)
    """
    text = json_text.dumps(value, ensure_ascii=False)
    return text if len(text) <= WIDEST else text[: WIDEST - 1] + "…"


def print_results(run: Run, graph: Graph, tasks: list[TaskRow]) -> None:
    """A line for each result, on the standard output: they are what the run was for."""
    plain, objects = plain_results(run, graph, tasks)
    told = {name: shortened(value) for name, value in plain.items() if value is not None}
    told |= dict.fromkeys(objects, "(a Python object, which a Python client gets with run.result)")
    for name in [row.id for row in tasks if row.id in told][:RESULTS]:
        console().print(f"{name}: {told[name]}", markup=False)
    if len(told) > RESULTS:
        console(stderr=True).print(f"... and {counted(len(told) - RESULTS, 'more result')}; `--json` has them all")


def summarise(run: Run, graph: Graph, out: Path | None, files: list[Path]) -> None:
    """Print how it went: failures with their last lines, a line for each task, results, and where the files are."""
    row, tasks = run.row(), run.tasks()
    screen = console(stderr=True)
    for task, item in failed_items(run, tasks):
        screen.print(f"\n{item_name(task, item.index)} failed", style="bold red", markup=False, end="")
        screen.print(f": {item.error.splitlines()[0]}" if item.error else "", markup=False)
        for line in last_lines(run, task, item.index):
            screen.print(f"  | {line}", markup=False)
    more = sum(task.counts.failed for task in tasks) - FAILURES
    if more > 0:
        screen.print(f"\n... and {more} more failed; see `--json`, or `windlass run --keep`")
    screen.print()
    screen.print(task_table(tasks))
    print_results(run, graph, tasks)
    took = duration((row.ended or row.submitted) - row.submitted)
    colour = {"succeeded": "green", "failed": "red"}.get(row.state, "yellow")
    screen.print(f"[bold {colour}]{row.state}[/] in {took}: {counts_words(row)}")
    if files:
        total = sum(path.stat().st_size for path in files if path.exists())
        where = show_path(out) if out else "."
        screen.print(f"{counted(len(files), 'output file')} ({human_size(total)}) in {where}/", markup=False)
    if row.note and row.state != "succeeded":
        screen.print(row.note, markup=False)
    for line in incidents(run):
        screen.print(line, markup=False, style="yellow", soft_wrap=True)


def counts_words(row: RunRow) -> str:
    """`58 succeeded, 2 failed`."""
    counts = msgspec.to_builtins(row.counts)
    return ", ".join(f"{count} {state}" for state, count in counts.items() if count) or "no items"


def task_table(tasks: list[TaskRow]) -> Table:
    """A line for each task."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("task")
    table.add_column("items", justify="right")
    table.add_column("")
    for task in tasks:
        done = done_of(task)
        words = describe(task) or (
            "succeeded" if task.count is not None and done == task.count else task.note or "waiting"
        )
        table.add_row(*cells(task.id, f"{done}/{'?' if task.count is None else task.count}", words))
    return table
