"""What the core keeps of a run beside the scheduler's states: the graph, its parameters and its files."""

from __future__ import annotations

import math
from array import array
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import msgspec

from windlass.model import constraints, expand
from windlass.model.edges import topological
from windlass.model.expr import ExprError
from windlass.model.graph import Call, Command, FileRef, Graph, PythonCall, Resources, Script, Task
from windlass.model.names import Names
from windlass.model.packed import BadNames, PackedGraph, pack
from windlass.model.template import names
from windlass.model.wfformat import recorded
from windlass.sched.events import PlansByKind, RunPlan, TaskColumns, TaskPlan
from windlass.sched.plans import apart_of, task_plan
from windlass.server.owners import account
from windlass.store.replay import StoredRun
from windlass.wire import results

Values = list[Any]

_params = msgspec.msgpack.Decoder(dict[str, Any])
_files = msgspec.msgpack.Decoder(list[FileRef])
encode = msgspec.msgpack.Encoder().encode


@dataclass(slots=True, frozen=True)
class References:
    """What a task's texts name in other tasks, and whether its inputs differ from item to item."""

    results: frozenset[str]
    outputs: frozenset[str]
    item_inputs: bool


class Plans(PlansByKind):
    """What the scheduler needs to know of each task, made when it is asked for: as objects they would all be there
    while a graph is taken, and the memory of a hundred thousand small objects is never given back whole."""

    def __init__(
        self, graph: PackedGraph, params: Mapping[str, Any], open_tasks: frozenset[int], deadline: float = 0.0
    ) -> None:
        self._graph = graph
        self._deadline = deadline
        self._params = params
        self._open = open_tasks
        names = graph.names
        self.apart = apart_of((place, [names[other] for other in others]) for place, others in graph.apart)

    def __len__(self) -> int:
        return len(self._graph)

    def __getitem__(self, position: int) -> TaskPlan:  # type: ignore[override]
        return self._plan(position, self._graph[position])

    def __iter__(self) -> Iterator[TaskPlan]:
        return (self._plan(position, task) for position, task in enumerate(self._graph))

    def columns(self) -> TaskColumns:
        graph, kinds = self._graph, self._graph.kinds[:]
        alone = {*self._open, *self.apart}
        limited: set[int] = set()
        known: list[float | None] = []
        for kind, first in enumerate(graph.firsts):
            task = graph[first]
            known.append(recorded(task))
            if task.limit:
                limited.add(kind)
        if limited:
            alone.update(place for place, kind in enumerate(kinds) if kind in limited)
        firsts: Sequence[int] = graph.firsts
        if alone:  # these are unlike all others, whatever their kind
            places: dict[int, int] = {}
            firsts = []
            for place, kind in enumerate(kinds):
                kinds[place] = places.setdefault(-1 - place if place in alone else kind, len(places))
                if kinds[place] == len(firsts):
                    firsts.append(place)
        expected = None
        if any(seconds is not None for seconds in known):
            own = [math.nan if seconds is None else seconds for seconds in known]
            expected = array("d", [own[kind] for kind in graph.kinds])
        return TaskColumns(_At(self, firsts), kinds, *graph.edges, expected)

    def _plan(self, position: int, task: Task) -> TaskPlan:
        if self._deadline and (task.deadline is None or task.deadline > self._deadline):
            task = msgspec.structs.replace(task, deadline=self._deadline)
        apart = self.apart.get(position, frozenset())
        return task_plan(task, self._graph.names, self._params, position in self._open, apart)


class _At(Sequence[TaskPlan]):
    """The plans of some tasks."""

    def __init__(self, plans: Plans, positions: Sequence[int]) -> None:
        self._plans = plans
        self._positions = positions

    def __len__(self) -> int:
        return len(self._positions)

    def __getitem__(self, place: int) -> TaskPlan:  # type: ignore[override]
        return self._plans[self._positions[place]]


NOTHING = References(frozenset(), frozenset(), False)
"""What most tasks name; one object for all of them."""


class Late(NamedTuple):
    """What is wrong with a deadline."""

    state: str
    """endangered or missed."""
    words: str
    expected: float
    """When (epoch seconds) the task should end, by the forecast of when that was found; 0: not known."""


@dataclass(eq=False)
class RunData:
    """One run. `values` and `notes` grow while it goes."""

    id: int
    name: str
    owner: str
    priority: int
    submitted: float
    graph: PackedGraph
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
    deadlines: dict[int, Late] = field(default_factory=dict)
    """Task -> what is wrong with its deadline."""
    last_end: int | None = None
    """The highest number given to an end of one of its items, 0 for none; None: of an earlier life, not known."""
    failures: Counter[int] = field(default_factory=Counter)
    """Task -> attempts of it that failed in this life of the core."""
    versions: dict[int, int] = field(default_factory=dict)
    """Task -> version of its bundle, where what it depends on was made anew."""
    deadline: float = 0.0
    """Seconds after the submit by which each task should have ended that has no earlier one of its own; 0: none."""
    first_version: int = 1
    """Of all others. After a restart, higher than any that an agent may hold."""
    silent: float = -1.0
    """Seconds, as of the last look at open runs (`abandoned.py`), since somebody asked for its results or appended to
    it; negative: somebody did since that look."""
    amended: int = 0
    """How many times it got another graph in this life of the core."""

    def __repr__(self) -> str:
        return f"<RunData {self.id} {self.name} {self.state}>"

    @property
    def position(self) -> Names:
        return self.graph.names

    @cached_property
    def _references(self) -> dict[int, References]:
        return {}

    def task(self, position: int) -> Task:
        return self.graph[position]

    def version(self, position: int) -> int:
        return self.versions.get(position, self.first_version)

    def references(self, position: int) -> References:
        """Found once for all tasks of a kind, where it names anything."""
        kind = self.graph.kinds[position]
        known = self._references.get(kind)
        if known is None:
            known = references_of(self.task(position))
            if known is not NOTHING:
                self._references[kind] = known
        return known

    def amend(self, graph: Graph, files: list[FileRef]) -> None:
        """Another graph of the same structure."""
        self.graph, self.files = pack(graph), files
        self.amended += 1
        self._references.clear()

    def plan(self) -> RunPlan:
        """What the scheduler needs of it. Raises `ExprError` when an array cannot be counted."""
        tasks = Plans(self.graph, self.params, self.open_tasks, self.deadline)
        limits = self.graph.head.limits
        owner, names = account(self.owner), self.position
        return RunPlan(
            self.id, owner, self.priority, self.submitted, tasks, names, limits.running, limits.groups
        )  # fmt: skip

    def due(self, position: int) -> float:
        """By when (epoch seconds) the task should have ended; 0: there is no such wish."""
        own = self.task(position).deadline
        wishes = [seconds for seconds in (own, self.deadline or None) if seconds is not None]
        return self.submitted + min(wishes) if wishes else 0.0

    def task_plan(self, position: int) -> TaskPlan:
        return Plans(self.graph, self.params, self.open_tasks, self.deadline)[position]

    def apart(self) -> dict[int, frozenset[int]]:
        """Who is kept apart from whom, by position, both ways."""
        return Plans(self.graph, self.params, self.open_tasks, self.deadline).apart


def from_store(stored: StoredRun) -> RunData:
    """The run as it was written."""
    return RunData(
        id=stored.id,
        name=stored.name,
        owner=stored.owner,
        priority=stored.priority,
        submitted=stored.submitted,
        graph=PackedGraph(stored.graph),
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
        deadline=stored.deadline,
        silent=stored.silent,
    )


def check_graph(graph: PackedGraph, params: Mapping[str, Any]) -> str:
    """What is wrong with a graph that came over the wire, in a line; empty when nothing is.

    The client has checked the document and told people where; this keeps a wrong or hostile client from
    breaking the core. Raises `MsgspecError`.
    """
    if not len(graph):
        return "the graph has no tasks"
    most = graph.head.limits
    if any(size < 1 for size in (*most.groups.values(), *(() if most.running is None else (most.running,)))):
        return "a limit of the run lets nothing begin"
    try:
        ups = graph.edges
    except BadNames as error:
        return str(error)
    sources: dict[int, str] = {}
    for kind, first in enumerate(graph.firsts):
        task = graph[first]
        if problem := _of_kind(task, graph, params):
            return f"task {task.id!r}{problem}"
        source = expand.source(task)
        if source is not None:
            sources[kind] = source
    if sources:
        for place, kind in enumerate(graph.kinds):
            source = sources.get(kind)
            if source is not None and source not in {need.task for need in graph[place].needs}:
                return f"task {graph[place].id!r} fans out over {source!r} but does not need it"
    if all(edges.falling for edges in ups):
        return ""
    downs = [edges.turned(len(graph)) for edges in ups]
    order = topological(ups, downs, len(graph))
    return "" if len(order) == len(graph) else "the tasks need each other in a circle"


def _of_kind(task: Task, graph: PackedGraph, params: Mapping[str, Any]) -> str:
    """What is wrong with a task, its needs left aside, as it goes on after its name; empty when nothing is."""
    unknown = next((other for other in task.apart if other not in graph.names), None)
    if unknown is not None:
        return f" is kept apart from {unknown!r}, which is not there"
    if task.limit is not None and task.limit < 1:
        return f" may run {task.limit} items at once"
    if problem := _amounts(task.resources):
        return f" asks for {problem}"
    if problem := _numbers(task):
        return f": {problem}"
    try:
        count = expand.count(task, params)
        for constraint in task.where:
            constraints.parse(constraint)
    except (ValueError, TypeError, OverflowError) as error:  # an ExprError is a ValueError
        return f": {error}"
    if count is not None and not 0 <= count <= expand.MAX_ITEMS:
        return f" has {count} items; {expand.MAX_ITEMS} are allowed"
    return ""


def _amounts(asked: Resources) -> str:
    """An amount that nothing can have."""
    amounts = (asked.cpus, asked.memory, asked.disk, asked.gpus, asked.gpu_memory, *asked.named.values())
    return next((f"{amount} of a resource" for amount in amounts if not 0 <= amount < 1e18), "")


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
    silent = task.when is None and not (task.env or task.inputs or task.outputs) and "${{" not in task.workdir
    if silent and type(task.action) is Call:
        return NOTHING
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
    if not results and not outputs and not item_inputs:
        return NOTHING
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


def size_of(result: bytes) -> int:
    """Bytes of the blob that holds a result; 0 if none does."""
    try:
        ref = results.blob_ref(result)
    except ValueError:
        return 0
    return ref.size if ref is not None else 0


def blob_of(result: bytes) -> str | None:
    """The blob that holds a result, if one does and is properly named."""
    try:
        ref = results.blob_ref(result)
    except ValueError:
        return None
    return ref.hash if ref is not None else None
