"""What is left to say when a run has ended: a document for programs, a summary for people."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
from rich.table import Table

from windlass.cli.common import cells, console, duration, show_path, size
from windlass.cli.progress import describe, done_of
from windlass.client.errors import WindlassError
from windlass.client.run import Run
from windlass.wire.rows import AttemptRow, ItemRow, RunRow, TaskRow

FAILURES = 8
"""Failed items whose last lines are shown."""
TAIL = 15
"""Lines of each."""


def document(run: Run) -> dict[str, Any]:
    """Everything about a run: its row, tasks, and each item with its attempts (agents, times, exit codes)."""
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
        "items": items,
    }


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


def summarise(run: Run, row: RunRow, tasks: list[TaskRow], out: Path | None, files: list[Path]) -> None:
    """Print how it went: failures first with their last lines, then a line for each task, then where the files are."""
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
    took = duration((row.ended or row.submitted) - row.submitted)
    colour = {"succeeded": "green", "failed": "red"}.get(row.state, "yellow")
    screen.print(f"[bold {colour}]{row.state}[/] in {took}: {counts_words(row)}")
    if files:
        total = sum(path.stat().st_size for path in files if path.exists())
        where = show_path(out) if out else "."
        screen.print(
            f"{len(files)} output file{'s' if len(files) != 1 else ''} ({size(total)}) in {where}/", markup=False
        )
    if row.note and row.state != "succeeded":
        screen.print(row.note, markup=False)


def counts_words(row: RunRow) -> str:
    """`58 succeeded, 2 failed`."""
    counts = msgspec.to_builtins(row.counts)
    return ", ".join(f"{count} {state}" for state, count in counts.items() if count) or "no items"


def task_table(tasks: list[TaskRow]) -> Table:
    """A line for each task."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading, justify in (("task", "left"), ("items", "right"), ("", "left")):
        table.add_column(heading, justify="right" if justify == "right" else "left")
    for task in tasks:
        done = done_of(task)
        words = describe(task) or (
            "succeeded" if task.count is not None and done == task.count else task.note or "waiting"
        )
        table.add_row(*cells(task.id, f"{done}/{'?' if task.count is None else task.count}", words))
    return table
