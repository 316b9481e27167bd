"""What the core keeps of a run beside the scheduler's states: the graph, its parameters and its files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import msgspec

from windlass.model import constraints, expand
from windlass.model.expr import ExprError
from windlass.model.graph import Call, Command, FileRef, Graph, PythonCall, Script, Task
from windlass.model.template import names
from windlass.sched.events import RunPlan, TaskPlan
from windlass.sched.plans import task_plan
from windlass.store.replay import StoredRun
from windlass.wire import results

Values = list[Any]

_graph = msgspec.msgpack.Decoder(Graph)
_params = msgspec.msgpack.Decoder(dict[str, Any])
_files = msgspec.msgpack.Decoder(list[FileRef])
encode = msgspec.msgpack.Encoder().encode


@dataclass(slots=True, frozen=True)
class References:
    """What a task's texts name in other tasks, and whether its inputs differ from item to item."""

    results: frozenset[str]
    outputs: frozenset[str]
    item_inputs: bool


@dataclass(eq=False)
class RunData:
    """One run. `values` and `notes` grow while it goes."""

    id: int
    name: str
    owner: str
    priority: int
    submitted: float
    graph: Graph
    params: dict[str, Any]
    files: list[FileRef]
    hidden: bool = False
    state: str = "running"
    ended: float | None = None
    told: str = "running"
    """The state as far as it is durable: what may be said to who waits for the end."""
    note: str = ""
    open_tasks: frozenset[int] = frozenset()
    values: dict[int, Values] = field(default_factory=dict)
    """Task -> the values of a decided fan-out: file entries [path, hash, size, mode], or a result's elements."""
    notes: dict[int, str] = field(default_factory=dict)
    versions: dict[int, int] = field(default_factory=dict)
    """Task -> version of its bundle; rises when what it depends on was made anew."""

    def __repr__(self) -> str:
        return f"<RunData {self.id} {self.name} {self.state}>"

    @cached_property
    def position(self) -> dict[str, int]:
        return {task.id: position for position, task in enumerate(self.graph.tasks)}

    @cached_property
    def _references(self) -> dict[int, References]:
        return {}

    def task(self, position: int) -> Task:
        return self.graph.tasks[position]

    def references(self, position: int) -> References:
        """Found once a task."""
        known = self._references.get(position)
        if known is None:
            known = self._references[position] = references_of(self.task(position))
        return known

    def amend(self, graph: Graph, files: list[FileRef]) -> None:
        """Another graph of the same structure."""
        self.graph, self.files = graph, files
        self._references.clear()

    def plan(self) -> RunPlan:
        """What the scheduler needs of it. Raises `ExprError` when an array cannot be counted."""
        tasks = tuple(self.task_plan(position) for position in range(len(self.graph.tasks)))
        return RunPlan(self.id, self.owner, self.priority, self.submitted, tasks)

    def task_plan(self, position: int) -> TaskPlan:
        return task_plan(self.task(position), self.position, self.params, position in self.open_tasks)


def from_store(stored: StoredRun) -> RunData:
    """The run as it was written."""
    return RunData(
        id=stored.id,
        name=stored.name,
        owner=stored.owner,
        priority=stored.priority,
        submitted=stored.submitted,
        graph=decode_graph(stored.graph),
        params=_params.decode(stored.params),
        files=_files.decode(stored.files),
        hidden=stored.hidden,
        state=stored.state,
        told=stored.state,
        ended=stored.ended,
        note=stored.note,
        open_tasks=frozenset(place for place, task in stored.tasks.items() if task.open),
        values={
            place: msgspec.msgpack.decode(task.values)
            for place, task in stored.tasks.items()
            if task.values is not None
        },
        notes={place: task.note for place, task in stored.tasks.items() if task.note},
    )


def decode_graph(raw: bytes) -> Graph:
    return _graph.decode(raw)


def check_graph(graph: Graph, params: Mapping[str, Any]) -> str:
    """What is wrong with a graph that came over the wire, in a line; empty when nothing is.

    The client has checked the document and told people where; this keeps a wrong or hostile client from
    breaking the core.
    """
    position = {task.id: place for place, task in enumerate(graph.tasks)}
    if not graph.tasks:
        return "the graph has no tasks"
    if len(position) != len(graph.tasks):
        return "two tasks have the same id"
    waits = []
    for task in graph.tasks:
        for need in task.needs:
            if need.task not in position:
                return f"task {task.id!r} needs {need.task!r}, which is not there"
        source = expand.source(task)
        if source is not None and source not in {need.task for need in task.needs}:
            return f"task {task.id!r} fans out over {source!r} but does not need it"
        amounts = (task.resources.cpus, task.resources.memory, task.resources.disk, task.resources.gpus)
        for amount in (*amounts, *task.resources.named.values()):
            if not 0 <= amount < 1e18:
                return f"task {task.id!r} asks for {amount} of a resource"
        problem = _numbers(task)
        if problem:
            return f"task {task.id!r}: {problem}"
        try:
            count = expand.count(task, params)
            for constraint in task.where:
                constraints.parse(constraint)
        except (ValueError, TypeError, OverflowError) as error:  # an ExprError is a ValueError
            return f"task {task.id!r}: {error}"
        if count is not None and not 0 <= count <= expand.MAX_ITEMS:
            return f"task {task.id!r} has {count} items; {expand.MAX_ITEMS} are allowed"
        waits.append(len(task.needs))
    children: dict[str, list[int]] = {}
    for place, task in enumerate(graph.tasks):
        for need in task.needs:
            children.setdefault(need.task, []).append(place)
    free = [task.id for task, wait in zip(graph.tasks, waits, strict=True) if not wait]
    for name in free:  # grows while it is walked
        for child in children.get(name, ()):
            waits[child] -= 1
            if not waits[child]:
                free.append(graph.tasks[child].id)
    return "" if len(free) == len(graph.tasks) else "the tasks need each other in a circle"


def _numbers(task: Task) -> str:
    """Times and counts that a clock can be set to."""
    retries = task.retries
    times = [retries.backoff, retries.factor, retries.max_backoff, task.timeout or 0.0, task.deadline or 0.0]
    if not all(0 <= time < 1e10 for time in times):
        return "a time is negative, or no number"
    if not 0 <= retries.max <= 1_000_000:
        return f"{retries.max} retries"
    if not -(2**31) < task.priority < 2**31:
        return "a priority has at most 31 bits"
    return ""


def references_of(task: Task) -> References:
    """What its texts name. A text that cannot be read names nothing: it fails where it is rendered."""
    results: set[str] = set()
    outputs: set[str] = set()
    texts = list(_texts(task))
    if task.when is not None:
        texts.append("${{" + task.when + "}}")
    for text in texts:
        for path in _paths(text):
            if path[0] == "tasks" and len(path) >= 3:
                if path[2] == "result":
                    results.add(path[1])
                elif path[2] == "outputs":
                    outputs.add(path[1])
    item_inputs = any(path[0] in ("item", "index", "matrix") for text in task.inputs for path in _paths(text))
    return References(frozenset(results), frozenset(outputs), item_inputs)


def _paths(text: str) -> list[tuple[str, ...]]:
    try:
        return [reference.path for reference in names(text)]
    except ExprError:
        return []


def _texts(task: Task) -> list[str]:
    found: list[str] = [*task.env.values(), task.workdir, *task.inputs, *task.outputs]
    match task.action:
        case Command(argv=str() as argv):
            found.append(argv)
        case Command(argv=argv):
            found.extend(argv)
        case Script(text=text, shell=shell):
            found += [text, shell]
        case PythonCall(args=args, kwargs=kwargs):
            _strings([args, kwargs], found)
        case Call():
            pass
    return found


def _strings(value: Any, found: list[str]) -> None:
    if isinstance(value, str):
        found.append(value)
    elif isinstance(value, dict):
        for element in value.values():
            _strings(element, found)
    elif isinstance(value, list | tuple):
        for element in value:
            _strings(element, found)


def is_call(task: Task) -> bool:
    """Whether its items come with pickled arguments."""
    return isinstance(task.action, Call)


def blob_of(result: bytes) -> str | None:
    """The blob that holds a result, if one does and is properly named."""
    try:
        ref = results.blob_ref(result)
    except ValueError:
        return None
    return ref.hash if ref is not None else None
