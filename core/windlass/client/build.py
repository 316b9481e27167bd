"""Graphs in code: functions and commands as tasks, and tasks as arguments of later ones.

    >>> from windlass import Graph
    >>> graph = Graph("squares")
    >>> squares = graph.map(lambda x: x * x, range(4))
    >>> total = graph.call(sum, squares)
    >>> [task.id for task in graph.build().graph.tasks]
    ['lambda', 'sum']

Functions travel by value (cloudpickle), each once; every item brings its own pickled arguments.
"""

from __future__ import annotations

import functools
import hashlib
import re
import threading
import types
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Generic, Literal, ParamSpec, TypeVar, overload

from msgspec import structs

from windlass.client.errors import SubmitError
from windlass.client.pickling import PLAIN, dumps, dumps_call
from windlass.client.submit import MAX_ARGUMENTS, Package, package
from windlass.model import graph as model
from windlass.model.units import parse_duration, parse_size
from windlass.wire.results import ResultRef

P = ParamSpec("P")
R = TypeVar("R")
_NAME = re.compile(r"[^A-Za-z0-9_-]+")
_pickling = threading.local()


@dataclass(frozen=True)
class Options:
    """What a task may be given besides its action. Sizes and durations as in a document: `"512 MiB"`, `"10 min"`."""

    id: str = ""
    needs: tuple[Any, ...] = ()
    resources: Mapping[str, Any] = field(default_factory=dict)
    retries: int = 0
    backoff: str | float = 1.0
    timeout: str | float | None = None
    where: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    placement: Literal["pack", "spread"] = "pack"
    apart: tuple[Any, ...] = ()
    exclusive: bool = False
    pin: bool = False
    limit: int | None = None
    groups: tuple[str, ...] = ()
    priority: int = 0
    continue_on_error: bool = False
    when: str | None = None
    title: str = ""
    description: str = ""


_NONE = Options()


class TaskFunction(Generic[P, R]):
    """A function with the options it has as a task. Called outside of a graph, it is just the function."""

    def __init__(self, function: Callable[P, R], options: Options) -> None:
        self.function = function
        self.options = options
        functools.update_wrapper(self, function)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        return self.function(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<task {getattr(self.function, '__name__', self.function)!s}>"

    def with_options(self, **options: Any) -> TaskFunction[P, R]:
        """The same function with some options changed."""
        return TaskFunction(self.function, _options(self.options, options))


@overload
def task(function: Callable[P, R], /, **options: Any) -> TaskFunction[P, R]: ...
@overload
def task(function: None = None, /, **options: Any) -> Callable[[Callable[P, R]], TaskFunction[P, R]]: ...
def task(function: Callable[P, R] | None = None, /, **options: Any) -> Any:
    """Give a function what it needs as a task (see `Options`); a decorator, or called on a function.

    >>> @task(retries=2, resources={"cpus": 1, "memory": "256 MiB"})
    ... def double(x):
    ...     return 2 * x
    >>> double(4)
    8
    """
    made = _options(Options(), options)
    if function is None:
        return lambda later: TaskFunction(later, made)
    return TaskFunction(function, made)


class Node:
    """A task of a `Graph`. Given as an argument to a later task it stands for its result, and orders the two."""

    def __init__(self, graph: Graph, id: str, position: int, array: bool) -> None:
        self.graph = graph
        self.id = id
        self.position = position
        self.array = array

    def __repr__(self) -> str:
        return f"<Node {self.id}>"

    def __reduce__(self) -> Any:
        """Pickled as an argument, a node becomes the reference that the agent replaces by the result."""
        seen: list[Node] | None = getattr(_pickling, "seen", None)
        if seen is None:
            raise TypeError(f"{self!r} can only be an argument of a task of its own graph, not be pickled")
        seen.append(self)
        return ResultRef, (self.id,)


_PLAIN: frozenset[type] = PLAIN | {Node}
"""A node becomes a reference."""


class Graph:
    """Collects tasks; `Client.submit` runs them. `folder` is where the input files of commands are looked for.

    `running`: most items of a run at once; `groups`: the sizes of the groups that tasks name.
    """

    def __init__(
        self,
        name: str = "graph",
        *,
        params: Mapping[str, Any] | None = None,
        description: str = "",
        folder: str | Path | None = None,
        running: int | None = None,
        groups: Mapping[str, int] | None = None,
    ) -> None:
        self.name = name
        self.limits = model.Limits(running, dict(groups or {}))
        self.params = dict(params or {})
        self.description = description
        self.folder = None if folder is None else Path(folder)
        self._tasks: list[model.Task] = []
        self._ids: set[str] = set()
        self._next: dict[str, int] = {}
        """Name -> the number that the next task of this name tries."""
        self._payloads: dict[int, list[bytes]] = {}
        self._functions: dict[str, bytes] = {}
        self._calls: dict[Any, model.Call] = {}
        """Functions that were pickled before, by themselves."""
        self._last: tuple[Options, model.Task] | None = None
        """The options of the latest task, and what they mean."""

    def __repr__(self) -> str:
        return f"<Graph {self.name!r} of {len(self._tasks)} tasks>"

    def __iter__(self) -> Iterator[str]:
        return (each.id for each in self._tasks)

    def call(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Node:
        """One call of a function; nodes among the arguments are replaced by their results (arrays by lists)."""
        inner, options = _unwrap(function)
        payload, needs = self._arguments(args, kwargs)
        return self._add(options, self._call(inner), _name_of(inner), needs, payloads=[payload])

    def map(self, function: Callable[..., Any], /, *iterables: Any, **kwargs: Any) -> Node:
        """An array: item i calls the function with the i-th element of each iterable.

        An array of this graph as an iterable pairs item by item: item i starts as soon as that one's item i is done.
        Keyword arguments are the same for all items.
        """
        inner, options = _unwrap(function)
        if not iterables:
            raise TypeError("map needs at least one iterable")
        arrays = [each for each in iterables if isinstance(each, Node)]
        lists = {n: list(each) for n, each in enumerate(iterables) if not isinstance(each, Node)}
        for each in arrays:
            if not each.array:
                raise TypeError(f"{each!r} is no array; only its whole result can be an argument (of `call`)")
        sizes = {len(each) for each in lists.values()} | {len(self._payloads[each.position]) for each in arrays}
        count = min(sizes)
        if arrays and len(sizes) > 1:
            raise ValueError(f"arrays that are paired item by item must have equal lengths, not {sorted(sizes)}")
        payloads: list[bytes] = []
        needs: dict[str, model.Need] = {}
        for index in range(count):
            row = [each if isinstance(each, Node) else lists[n][index] for n, each in enumerate(iterables)]
            payload, found = self._arguments(tuple(row), kwargs, {each.id for each in arrays})
            payloads.append(payload)
            needs.update(found)
        foreach = model.Foreach(opaque=count)
        return self._add(options, self._call(inner), _name_of(inner), needs, payloads=payloads, foreach=foreach)

    def command(self, argv: str | Sequence[str], /, **options: Any) -> Node:
        """An external program: a list is executed as it is, a string goes through the shell."""
        made = _options(Options(), options)
        action = model.Command(argv if isinstance(argv, str) else [str(each) for each in argv])
        first = (argv.split() or ["command"])[0] if isinstance(argv, str) else str(argv[0])
        return self._add(made, action, Path(first).name, {})

    def script(self, text: str, /, shell: str = "sh -e", **options: Any) -> Node:
        """A block of text, run by an interpreter."""
        return self._add(_options(Options(), options), model.Script(text, shell), "script", {})

    def build(self) -> Package:
        """The graph as the core takes it, with the functions and arguments it brings."""
        graph = model.Graph(self.name, list(self._tasks), self.params, self.description, self.limits)
        made = package(graph, "", self.folder, {}) if self.folder is not None else Package(graph)
        for hash, data in self._functions.items():
            made.add_bytes(hash, data)
        made.payloads = dict(self._payloads)
        return made

    # --- inside --------------------------------------------------------------------------------------------

    def _call(self, function: Callable[..., Any]) -> model.Call:
        known = self._calls.get(function) if isinstance(function, SAME) else None
        if known is None:
            hash, data = pickle_function(function)
            self._functions[hash] = data
            known = model.Call(hash)
            if isinstance(function, SAME):
                self._calls[function] = known
        return known

    def _arguments(
        self,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        each: Collection[str] = (),
    ) -> tuple[bytes, dict[str, model.Need]]:
        seen: list[Node] = []
        _pickling.seen = seen
        try:
            payload = dumps_call(args, kwargs, _PLAIN)
        finally:
            _pickling.seen = None
        if len(payload) > MAX_ARGUMENTS:
            raise SubmitError(f"the arguments of one call are {len(payload)} bytes; put such data into a file")
        for node in seen:
            if node.graph is not self:
                raise SubmitError(f"{node!r} belongs to another graph")
        return payload, {node.id: model.Need(node.id, each=node.id in each) for node in seen}

    def _add(
        self,
        options: Options,
        action: model.Action,
        name: str,
        needs: Mapping[str, model.Need],
        *,
        payloads: list[bytes] | None = None,
        foreach: model.Foreach | None = None,
    ) -> Node:
        id = self._unique(options.id or _NAME.sub("-", name).strip("-") or "task", given=bool(options.id))
        wanted = dict(needs)
        for need in options.needs:
            wanted.setdefault(name_of := need.id if isinstance(need, Node) else str(need), model.Need(name_of))
        for need in wanted:
            if need not in self._ids:
                raise SubmitError(f"task {id!r} needs {need!r}, which is not in the graph yet")
        position = len(self._tasks)
        self._ids.add(id)
        like = self._like(options)
        self._tasks.append(structs.replace(like, id=id, action=action, needs=list(wanted.values()), foreach=foreach))
        if payloads is not None:
            self._payloads[position] = payloads
        return Node(self, id, position, foreach is not None)

    def _like(self, options: Options) -> model.Task:
        """A task with these options; made once where many have the same."""
        known = self._last
        if known is None or known[0] is not options:
            task = model.Task(
                id="",
                action=model.Call(""),
                when=options.when,
                env=dict(options.env),
                inputs=list(options.inputs),
                outputs=list(options.outputs),
                resources=_resources(options.resources),
                where=list(options.where),
                placement=options.placement,
                apart=[each.id if isinstance(each, Node) else str(each) for each in options.apart],
                exclusive=options.exclusive,
                pin=options.pin,
                limit=options.limit,
                groups=list(options.groups),
                priority=options.priority,
                retries=model.RetryPolicy(max=options.retries, backoff=parse_duration(options.backoff)),
                timeout=None if options.timeout is None else parse_duration(options.timeout),
                continue_on_error=options.continue_on_error,
                title=options.title,
                description=options.description,
            )
            known = self._last = options, task
        return known[1]

    def _unique(self, id: str, given: bool) -> str:
        if id not in self._ids:
            return id
        if given:
            raise SubmitError(f"the graph has a task {id!r} already")
        number = self._next.get(id, 2)
        while (name := f"{id}-{number}") in self._ids:
            number += 1
        self._next[id] = number + 1
        return name


SAME = (types.FunctionType, types.BuiltinFunctionType, type)
"""Callables that are the same as long as they are the same object; others (methods, partials) may change."""


def pickle_function(function: Callable[..., Any]) -> tuple[str, bytes]:
    """A function's blob: by reference where the agent can import it, else by value; hash and bytes."""
    data = dumps(function)
    return hashlib.sha256(data).hexdigest(), data


def _unwrap(function: Callable[..., Any]) -> tuple[Callable[..., Any], Options]:
    if isinstance(function, TaskFunction):
        return function.function, function.options
    if not callable(function):
        raise TypeError(f"{function!r} is not callable")
    return function, _NONE


def _name_of(function: Callable[..., Any]) -> str:
    if isinstance(function, functools.partial):
        return _name_of(function.func)
    return str(getattr(function, "__name__", type(function).__name__)).strip("<>")


def _options(base: Options, changes: Mapping[str, Any]) -> Options:
    try:
        made = replace(base, **changes)
    except TypeError:
        known = ", ".join(Options.__dataclass_fields__)
        wrong = ", ".join(sorted(set(changes) - set(Options.__dataclass_fields__)))
        raise TypeError(f"a task has no option {wrong}; it has: {known}") from None
    return replace(
        made,
        needs=_tuple(made.needs),
        where=_tuple(made.where),
        inputs=_tuple(made.inputs),
        outputs=_tuple(made.outputs),
        apart=_tuple(made.apart),
        groups=_tuple(made.groups),
    )


def _tuple(value: Any) -> tuple[Any, ...]:
    """One name may be given without its list."""
    return (value,) if isinstance(value, str | Node) else tuple(value)


def _resources(given: Mapping[str, Any]) -> model.Resources:
    known = ("cpus", "memory", "disk", "gpus", "gpu_memory")
    named = {key: float(value) for key, value in given.items() if key not in known}
    return model.Resources(
        cpus=float(given.get("cpus", 1.0)),
        memory=parse_size(given.get("memory", 0)),
        disk=parse_size(given.get("disk", 0)),
        gpus=int(given.get("gpus", 0)),
        named=named,
        gpu_memory=parse_size(given.get("gpu_memory", 0)),
    )
