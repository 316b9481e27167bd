"""A part of a graph as a graph of its own: some tasks without the others that stand before and beside them.

What a task of the part needs from outside is of two kinds. A need that only orders can be dropped, if a person agrees.
Where a task takes files, results or states of another, it cannot do without that one, which then belongs to the part.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from windlass.model.edit import DocumentText
from windlass.model.expr import ExprError
from windlass.model.files import parse_input
from windlass.model.graph import Graph, Task
from windlass.model.template import names

MARK = "# A part of a graph: "
"""How the first line of such a document begins."""
_BY_TEXT = 400_000
"""Up to so many tasks looked at (removed times all) the text is edited, with its comments; beyond, written anew."""


@dataclass(frozen=True, slots=True)
class Outside:
    """A task of the part and one outside that it names; `how` says what it takes from it, empty: only the order."""

    task: str
    need: str
    how: str = ""


def downstream(graph: Graph, tasks: Iterable[str]) -> set[str]:
    """These tasks and all that comes after them."""
    after: dict[str, list[str]] = {}
    for task in graph.tasks:
        for need in task.needs:
            after.setdefault(need.task, []).append(task.id)
    return _reach(after, tasks)


def with_sources(graph: Graph, tasks: Iterable[str]) -> set[str]:
    """These tasks and those whose files, results or states they take, and those that these take from."""
    return _reach({task.id: list(taken_from(task)) for task in graph.tasks}, tasks)


def _reach(links: dict[str, list[str]], tasks: Iterable[str]) -> set[str]:
    found = set(tasks)
    left = list(found)
    while left:
        for other in links.get(left.pop(), ()):
            if other not in found:
                found.add(other)
                left.append(other)
    return found


def outside(graph: Graph, part: Collection[str]) -> list[Outside]:
    """What the part needs from outside, in the order of the graph."""
    inside = set(part)
    found: list[Outside] = []
    for task in graph.tasks:
        if task.id not in inside:
            continue
        taken = taken_from(task)
        for need in dict.fromkeys([*taken, *(need.task for need in task.needs)]):
            if need not in inside:
                found.append(Outside(task.id, need, taken.get(need, "")))
    return found


def taken_from(task: Task) -> dict[str, str]:
    """Other tasks that a task takes more from than the moment of their end, and what in words."""
    found: dict[str, str] = {}
    for entry in task.inputs:
        if (source := parse_input(entry).task) is not None:
            found.setdefault(source, "its files")
    if task.foreach is not None:
        if task.foreach.outputs_of:
            found.setdefault(task.foreach.outputs_of, "its files, an item each")
        if task.foreach.result_of:
            found.setdefault(task.foreach.result_of, "its result, an item an element")
    for text in _texts(task):
        try:
            paths = [reference.path for reference in names(text)]
        except ExprError:
            continue
        for path in paths:
            if path[0] == "tasks" and len(path) >= 2:
                found.setdefault(path[1], {"result": "its result", "outputs": "its files"}.get(path[-1], "its state"))
    found.pop(task.id, None)
    return found


def _texts(task: Task) -> Iterator[str]:
    """Whatever may hold `${{ }}`."""
    if task.when is not None:
        yield "${{" + task.when + "}}"
    yield from _strings(msgspec.to_builtins([task.action, task.env, task.workdir, task.inputs, task.outputs]))


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        if "${{" in value:
            yield value
    elif isinstance(value, dict):
        for element in value.values():
            yield from _strings(element)
    elif isinstance(value, list | tuple):
        for element in value:
            yield from _strings(element)


def part_text(text: str, part: Collection[str]) -> str:
    """The document with only these tasks, what they say of others in `needs` and `apart` dropped.

    Its first line says what it is. Raises `DocumentError` where the text cannot be read.
    """
    document = DocumentText(text)
    tasks = document.task_ids
    gone = [task for task in tasks if task not in part]
    if not gone:
        return text
    title = f"{MARK}{len(tasks) - len(gone)} of {len(tasks)} tasks\n"
    if document.fmt != "json" and len(gone) * len(tasks) <= _BY_TEXT:
        for task in gone:
            document.remove_task(task)
        return title + document.to_text()
    data = {key: value for key, value in document.data.items() if key not in ("frames", "notes")}
    data["tasks"] = {task: _without(body, set(gone)) for task, body in data["tasks"].items() if task in part}
    # A JSON document is YAML as well, and so may begin with a comment line.
    return title + json.dumps(data, ensure_ascii=False, indent=1, default=str) + "\n"


def _without(body: Any, gone: set[str]) -> Any:
    if not isinstance(body, dict):
        return body
    made = dict(body)
    for name in ("needs", "apart"):
        raw = made.get(name)
        entries = raw if isinstance(raw, list) else [] if raw is None else [raw]
        kept = [entry for entry in entries if (entry.get("task") if isinstance(entry, dict) else entry) not in gone]
        if len(kept) != len(entries):
            made[name] = kept
    return made
