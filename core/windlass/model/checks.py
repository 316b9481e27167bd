"""What can only be judged of the whole graph: who needs whom, cycles, and the names in templates.

Needs that follow from other fields (`foreach: split.outputs`, `inputs: [split.outputs]`, `${{ tasks.split.result }}`)
are added to the tasks here, so that nobody has to write them twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from typing import Any

from windlass.model.build import Builder
from windlass.model.canvas import check_canvas
from windlass.model.expand import count
from windlass.model.expr import PATH_ATTRIBUTES, ROOTS, TASK_ATTRIBUTES
from windlass.model.files import parse_input
from windlass.model.graph import Command, Graph, Need, PythonCall, Script, Task
from windlass.model.problems import Path, Report, closest, shown
from windlass.model.quoting import check_script, check_shell, second_reading
from windlass.model.syntax import ExprError, Reference, uses
from windlass.model.template import names

_ITEM = ("item", "index", "matrix")


class Checker:
    """Judges one graph; the builder's report takes the problems."""

    def __init__(self, graph: Graph, report: Report) -> None:
        self.graph = graph
        self.report = report
        self.tasks = {task.id: task for task in graph.tasks}
        self.expression = Builder(report).expression

    def run(self) -> None:
        for task in self.graph.tasks:
            self.needs(task)
            self.placing(task)
            self.sources(task)
            self.templates(task)
        self.cycles()
        for task in self.graph.tasks:
            self.counts(task)
        check_canvas(self.graph, self.report)

    # --- needs ----------------------------------------------------------------------------------------------

    def needs(self, task: Task) -> None:
        kept = []
        for position, need in enumerate(task.needs):
            path: Path = ("tasks", task.id, "needs", position)
            if need.task == task.id:
                message = f"task '{task.id}' needs itself"
                self.report.add(path, "self-loop", message, found=shown(need.task), allowed="another task")
            elif self.exists(path, need.task, "needs"):
                kept.append(need)
        task.needs = kept

    def placing(self, task: Task) -> None:
        """Who is kept apart, and whose groups have a size."""
        base: Path = ("tasks", task.id)
        task.apart = [
            other for place, other in enumerate(task.apart) if self.exists((*base, "apart", place), other, "apart")
        ]
        sizes = self.graph.limits.groups
        for place, group in enumerate(task.groups):
            if group not in sizes:
                message = (
                    f"the group {shown(group)} has no size here: it limits only if the core's configuration has one"
                )
                self.report.add(
                    (*base, "groups", place), "no-size", message, found=shown(group), severity="warning",
                    allowed=f"limits: {{groups: {{{group}: 4}}}} at the graph", suggestion=closest(group, list(sizes)),
                )  # fmt: skip

    def exists(self, path: Path, name: str, what: str, text: str | None = None, offset: int = 0) -> bool:
        if name in self.tasks:
            return True
        known = list(self.tasks)
        hint = closest(name, known)
        allowed = ", ".join(known[:20]) + (", ..." if len(known) > 20 else "")
        self.report.add(
            path, "unknown-task", f"{what}: there is no task {shown(name)}", found=shown(name),
            allowed=f"the tasks: {allowed}", suggestion=hint, text=text, offset=offset,
        )  # fmt: skip
        return False

    def infer(self, task: Task, path: Path, other: str) -> None:
        """`task` uses something of `other`, so it needs it."""
        if other == task.id:
            message = f"task '{task.id}' uses what it makes itself"
            self.report.add(path, "self-loop", message, found=shown(other), allowed="another task")
        elif all(need.task != other for need in task.needs):
            task.needs.append(Need(other))

    # --- where arrays and files come from ---------------------------------------------------------------------

    def sources(self, task: Task) -> None:
        path: Path = ("tasks", task.id, "foreach")
        if task.foreach is not None:
            if (other := task.foreach.outputs_of) and self.exists(path, other, "foreach"):
                self.infer(task, path, other)
                self.has_outputs(path, other)
            if (other := task.foreach.result_of) and self.exists(path, other, "foreach"):
                self.infer(task, path, other)
                self.has_result(path, other)
        for position, entry in enumerate(task.inputs):
            at: Path = ("tasks", task.id, "inputs", position)
            ref = parse_input(entry)
            if ref.task is None:
                self.folder_input(task, at, entry)
            elif self.exists(at, ref.task, "inputs"):
                self.infer(task, at, ref.task)
                self.has_outputs(at, ref.task)

    def has_outputs(self, path: Path, other: str) -> None:
        if not self.tasks[other].outputs:
            message = f"task '{other}' declares no outputs"
            self.report.add(path, "no-outputs", message, allowed=f"add `outputs` to '{other}'")

    def has_result(self, path: Path, other: str, **place: Any) -> None:
        if isinstance(self.tasks[other].action, Command | Script):
            message = f"task '{other}' has no result: only a Python function gives one"
            self.report.add(path, "no-result", message, allowed=f"'{other}' with `python`, or its outputs", **place)

    def folder_input(self, task: Task, path: Path, entry: str) -> None:
        """A file of the graph's folder is uploaded at submit, so its name must be known by then."""
        for reference in self.names_in(path, entry):
            late = reference.path[0] == "tasks" or (
                reference.path[0] in _ITEM and task.foreach and (task.foreach.outputs_of or task.foreach.result_of)
            )
            if late:
                message = "this name is known only while the run goes, but files of the folder are uploaded before"
                other = (task.foreach and (task.foreach.outputs_of or task.foreach.result_of)) or "TASK"
                self.report.add(
                    path, "late-input", message, found=shown(entry),
                    allowed=f"{other}.outputs or {other}.outputs/PATTERN", text=entry, offset=reference.offset,
                )  # fmt: skip
                return

    # --- templates ----------------------------------------------------------------------------------------------

    def templates(self, task: Task) -> None:
        base: Path = ("tasks", task.id)
        for path, text in _texts(task):
            if "${{" in text:
                for reference in self.names_in(path, text):
                    self.reference(task, path, text, reference)
        self.values(task)
        action = task.action
        try:
            if isinstance(action, Command) and isinstance(action.argv, str):
                path, text = (*base, "command"), action.argv
                check_shell(text)
                self.twice(path, text)
            elif isinstance(action, Script):
                path, text = (*base, "script"), action.text
                check_script(text, action.shell)
                self.twice(path, text)
        except ExprError as error:
            if not self.reported(path):
                self.report.add(
                    path, "quoting", error.message, allowed="see docs/graph.md: values inside commands",
                    text=text, offset=error.offset,
                )  # fmt: skip
        if task.when is not None:
            self.condition(task, (*base, "when"), task.when)

    def reported(self, path: Path) -> bool:
        return any(draft.problem.path == path for draft in self.report.drafts)

    def twice(self, path: Path, text: str) -> None:
        if "${{" not in text:
            return
        again = second_reading(text)
        if again:
            message = (
                f"'{again[0]}' reads its text as shell source a second time, where the value is not quoted any more"
            )
            self.report.add(
                path, "second-reading", message, allowed="pass the value as an argument or through `env`",
                severity="warning", text=text, offset=again[1],
            )  # fmt: skip

    def values(self, task: Task) -> None:
        """The values of an array may use parameters only."""
        base: Path = ("tasks", task.id)
        if task.foreach is not None and task.foreach.expr is not None:
            path = (*base, "foreach")
            for reference in self.references(path, task.foreach.expr):
                self.only_params(path, task.foreach.expr, reference)
        places: list[tuple[Path, Any]] = []
        if task.foreach is not None and task.foreach.values:
            places.append(((*base, "foreach"), task.foreach.values))
        if task.matrix is not None:
            places.append(((*base, "matrix"), task.matrix))
        for start, values in places:
            for path, text in _inside(start, values):
                if "${{" in text:
                    for reference in self.names_in(path, text):
                        self.only_params(path, text, reference)

    def only_params(self, path: Path, text: str, reference: Reference) -> None:
        if reference.path[0] != "params":
            message = f"'{reference.path[0]}' is not known here: items are made from parameters only"
            self.report.add(path, "name", message, allowed="params.NAME", text=text, offset=reference.offset)
        else:
            self.param(path, text, reference)

    def condition(self, task: Task, path: Path, text: str) -> None:
        for reference in self.references(path, text):
            if reference.path[0] in _ITEM:
                message = f"'{reference.path[0]}' is not known here: a condition is decided once for the whole task"
                self.report.add(path, "name", message, allowed="params, tasks, run", text=text, offset=reference.offset)
            else:
                self.reference(task, path, text, reference)

    def references(self, path: Path, text: str) -> list[Reference]:
        try:
            return list(uses(text).references)
        except ExprError as error:
            self.expression(path, text, error)
            return []

    def names_in(self, path: Path, text: str) -> list[Reference]:
        try:
            return names(text)
        except ExprError as error:
            if not self.reported(path):
                self.expression(path, text, error)
            return []

    def reference(self, task: Task, path: Path, text: str, reference: Reference) -> None:
        root = reference.path[0]
        if root not in ROOTS:
            self.name(path, text, reference, "name", root, ROOTS)
        elif root == "params":
            self.param(path, text, reference)
        elif root == "tasks":
            self.of_task(task, path, text, reference)
        elif root in ("run", "task") and len(reference.path) > 1:
            fields = ("id", "name") if root == "run" else ("id",)
            if reference.path[1] not in fields:
                self.name(path, text, reference, f"field of {root}", reference.path[1], fields)
        elif root in ("item", "matrix"):
            self.item(task, path, text, reference)

    def name(self, path: Path, text: str, reference: Reference, what: str, name: str, known: tuple[str, ...]) -> None:
        self.report.add(
            path, "name", f"unknown {what} {shown(name)}", found=shown(name),
            allowed=", ".join(known[:30]) or "there are none", suggestion=closest(name, known),
            text=text, offset=reference.offset,
        )  # fmt: skip

    def param(self, path: Path, text: str, reference: Reference) -> None:
        if len(reference.path) > 1 and reference.path[1] not in self.graph.params:
            self.name(path, text, reference, "parameter", reference.path[1], tuple(self.graph.params))

    def item(self, task: Task, path: Path, text: str, reference: Reference) -> None:
        root, rest = reference.path[0], reference.path[1:]
        if not task.is_array:
            message = f"'{root}' is known only in a task with foreach or matrix"
            self.report.add(path, "name", message, found=shown(root), text=text, offset=reference.offset)
        elif root == "matrix" and task.matrix is None:
            message = "'matrix' is known only in a task with a matrix"
            self.report.add(
                path, "name", message, found="matrix", suggestion="item", text=text, offset=reference.offset
            )
        elif rest and task.matrix is not None and rest[0] not in task.matrix:
            self.name(path, text, reference, "axis", rest[0], tuple(task.matrix))
        elif rest and task.foreach is not None and task.foreach.outputs_of and rest[0] not in PATH_ATTRIBUTES:
            self.name(path, text, reference, "part of a path", rest[0], PATH_ATTRIBUTES)

    def of_task(self, task: Task, path: Path, text: str, reference: Reference) -> None:
        if len(reference.path) < 3:
            if len(reference.path) == 1 or self.exists(path, reference.path[1], "tasks", text, reference.offset):
                message, allowed = "say what of the task is meant", "tasks.NAME.result, .outputs or .status"
                self.report.add(path, "name", message, allowed=allowed, text=text, offset=reference.offset)
            return
        other, field = reference.path[1:3]
        if not self.exists(path, other, "tasks", text, reference.offset):
            return
        if field not in TASK_ATTRIBUTES:
            self.name(path, text, reference, "field of a task", field, TASK_ATTRIBUTES)
            return
        self.infer(task, path, other)
        if field == "result":
            self.has_result(path, other, text=text, offset=reference.offset)
        elif field == "outputs":
            self.has_outputs(path, other)

    # --- the graph as a whole -----------------------------------------------------------------------------------

    def cycles(self) -> None:
        edges = [(need.task, task.id) for task in self.graph.tasks for need in task.needs if need.task in self.tasks]
        sorter: TopologicalSorter[str] = TopologicalSorter()
        for source, target in edges:
            sorter.add(target, source)
        try:
            sorter.prepare()
        except CycleError:
            self._name_cycles(edges)

    def _name_cycles(self, edges: list[tuple[str, str]]) -> None:
        """There is one at least."""
        import networkx as nx  # takes longer to import than all of us

        graph: nx.DiGraph[str] = nx.DiGraph()
        graph.add_nodes_from(self.tasks)
        graph.add_edges_from(edges)
        for component in nx.strongly_connected_components(graph):
            if len(component) > 1:
                self.cycle(graph.subgraph(component))

    def cycle(self, component: Any) -> None:
        """Name one cycle of the knot, beginning with the task that stands first in the document."""
        import networkx as nx

        ring = [source for source, _ in nx.find_cycle(component)]
        order = {task.id: position for position, task in enumerate(self.graph.tasks)}
        first = min(range(len(ring)), key=lambda place: order[ring[place]])
        ring = ring[first:] + ring[:first] + [ring[first]]
        arrows = " -> ".join(ring if len(ring) <= 12 else [*ring[:6], f"... {len(ring) - 11} more ...", *ring[-5:]])
        self.report.add(
            ("tasks", ring[0], "needs"), "cycle", f"these tasks wait for each other: {arrows}", found="a cycle",
            allowed="remove one of these needs",
        )  # fmt: skip

    def counts(self, task: Task) -> None:
        own = self.count(task, told=True)
        for position, need in enumerate(task.needs):
            other = self.tasks.get(need.task)
            if not need.each or other is None:
                continue
            path: Path = ("tasks", task.id, "needs", position)
            theirs = self.count(other)
            if not task.is_array or not other.is_array:
                message = f"each: both '{task.id}' and '{other.id}' must have foreach or matrix"
                self.report.add(path, "each", message, allowed="`each` only between arrays")
            elif own is not None and theirs is not None and own != theirs:
                message = f"each: '{task.id}' has {own} items, '{other.id}' has {theirs}"
                self.report.add(path, "each", message, found=f"{own} and {theirs}", allowed="the same number")

    def count(self, task: Task, told: bool = False) -> int | None:
        if task.foreach is None or task.foreach.expr is None:
            return count(task, self.graph.params)
        try:
            total = count(task, self.graph.params)
        except ExprError as error:
            path: Path = ("tasks", task.id, "foreach")
            if told and not self.reported(path):
                self.expression(path, task.foreach.expr, error)
            return None
        return total


def _texts(task: Task) -> Iterator[tuple[Path, str]]:
    """Every text of a task that is rendered for its items."""
    base: Path = ("tasks", task.id)
    match task.action:
        case Command(argv=str(text)):
            yield (*base, "command"), text
        case Command(argv=list(elements)):
            for position, element in enumerate(elements):
                yield (*base, "command", position), element
        case Script(text=text):
            yield (*base, "script"), text
        case PythonCall(args=args, kwargs=kwargs):
            yield from _inside((*base, "args"), args)
            yield from _inside((*base, "kwargs"), kwargs)
    for name, text in task.env.items():
        yield (*base, "env", name), text
    yield (*base, "workdir"), task.workdir
    for field in ("inputs", "outputs"):
        for position, text in enumerate(getattr(task, field)):
            yield (*base, field, position), text


def _inside(path: Path, value: Any) -> Iterator[tuple[Path, str]]:
    stack: list[tuple[Path, Any]] = [(path, value)]
    while stack:
        at, current = stack.pop()
        if isinstance(current, str):
            yield at, current
        elif isinstance(current, dict):
            stack.extend(((*at, key), element) for key, element in current.items())
        elif isinstance(current, list):
            stack.extend(((*at, place), element) for place, element in enumerate(current))
