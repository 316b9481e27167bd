"""Plain data of a document becomes a `Graph`; everything wrong on the way is reported, nothing raises.

Here each field is judged on its own; what concerns several tasks (needs, cycles, names in templates) is in
`checks.py`.
"""

from __future__ import annotations

import math
import re
from typing import Any

from windlass.model import fields, ids
from windlass.model.canvas import read_canvas
from windlass.model.expand import MAX_ITEMS
from windlass.model.graph import (
    Action,
    Command,
    Foreach,
    Graph,
    Need,
    PythonCall,
    Script,
    Task,
)
from windlass.model.ids import is_id
from windlass.model.problems import Path, closest, shown
from windlass.model.settings import SettingsReader
from windlass.model.syntax import ExprError
from windlass.model.template import split, whole
from windlass.model.values import LARGEST

MAX_TASKS = 200_000
PARAM = re.compile(r"[^\W\d]\w*(?:-[^\W\d]\w*)*")
TARGET = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*:[^\W\d]\w*(?:\.[^\W\d]\w*)*")
_SOURCE = re.compile(r"([^\W\d][\w-]*)\.(\w+)(?:/(.*))?", re.DOTALL)
_NEEDS = "an id, a list of ids, or {task: ID, each: true}"
_FOREACH = "a list, a number, {range: [start, stop, step]}, TASK.outputs, TASK.outputs/PATTERN, TASK.result, ${{ ... }}"
_RANGE = "range: stop, range: [start, stop] or range: [start, stop, step], whole numbers"


class Builder(SettingsReader):
    """Reads one document's data into records."""

    def graph(self, data: Any, name: str) -> Graph | None:
        """The graph as far as it can be read; None when there is nothing to look at."""
        if data is None:
            self.report.add(
                (), "empty", "the document is empty", allowed="windlass: 1, name and tasks", line=1, column=1
            )
            return None
        if not isinstance(data, dict):
            self.report.add(
                (),
                "type",
                "a graph document is a mapping",
                found=shown(data),
                allowed="windlass, name, tasks",
                line=1,
                column=1,
            )
            return None
        self.known((), data, fields.GRAPH, "field of a graph")
        self.version(data)
        title = self.text(("name",), data.get("name", name or "graph"), limit=200)
        params = self.params(data.get("params"))
        defaults = self.defaults(data.get("defaults"))
        tasks = self.tasks(data, defaults)
        return Graph(
            name=title or "graph",
            tasks=tasks,
            params=params,
            description=self.text(("description",), data.get("description", "")) or "",
            limits=self.limits(("limits",), data.get("limits")),
            canvas=read_canvas(self, data.get("canvas")),
        )

    def version(self, data: dict[str, Any]) -> None:
        if "windlass" not in data:
            message = "the version is missing"
            self.report.add((), "missing", message, allowed="windlass: 1 as the first line", line=1, column=1)
        elif data["windlass"] != 1 or isinstance(data["windlass"], bool):
            found = shown(data["windlass"])
            self.report.add(("windlass",), "version", "this version is not known", found=found, allowed="1")

    def params(self, raw: Any) -> dict[str, Any]:
        params = self.mapping(("params",), raw, "parameters with their default values")
        for name, value in params.items():
            if not PARAM.fullmatch(name):
                allowed = "a letter, then letters, digits, `_`; a dash only before a letter"
                self.report.add(
                    ("params", name), "name", "not a name for a parameter", found=shown(name), allowed=allowed,
                    at_key=True,
                )  # fmt: skip
            self.plain(("params", name), value)
        return params

    def defaults(self, raw: Any) -> dict[str, Any]:
        defaults = self.mapping(("defaults",), raw, "task fields")
        for name in list(defaults):
            if name not in fields.DEFAULTS:
                self.unknown(("defaults", name), name, fields.DEFAULTS, "field of defaults")
                del defaults[name]
        # Judged once here, so that a mistake is not told again for every task that takes it over.
        before = len(self.report.drafts)
        self.fields(("defaults",), defaults)
        if len(self.report.drafts) > before:
            return {name: value for name, value in defaults.items() if not self._reported(before, name)}
        return defaults

    def _reported(self, since: int, name: str) -> bool:
        return any(
            draft.problem.path[:2] == ("defaults", name) and draft.problem.severity == "error"
            for draft in self.report.drafts[since:]
        )

    def tasks(self, data: dict[str, Any], defaults: dict[str, Any]) -> list[Task]:
        raw = data.get("tasks")
        if "tasks" not in data:
            self.report.add(
                (), "missing", "there are no tasks", allowed="tasks: {ID: {command: ...}}", line=1, column=1
            )
            return []
        if not isinstance(raw, dict):
            allowed = "a mapping of ids to tasks, such as tasks: {hello: {command: echo hello}}"
            self.report.add(("tasks",), "type", "tasks is not a mapping", found=shown(raw), allowed=allowed)
            return []
        if not raw:
            self.report.add(("tasks",), "empty", "there are no tasks", found="an empty mapping", allowed="at least one")
        if len(raw) > MAX_TASKS:
            message = f"more than {MAX_TASKS} tasks; use matrix or foreach for many alike"
            self.report.add(("tasks",), "too-large", message, found=str(len(raw)))
            return []
        tasks = []
        for task_id, body in raw.items():
            if task := self.task(task_id, body, defaults):
                tasks.append(task)
        return tasks

    def task(self, task_id: str, body: Any, defaults: dict[str, Any]) -> Task | None:
        path: Path = ("tasks", task_id)
        if not is_id(task_id):
            self.report.add(path, "id", "not an id for a task", found=shown(task_id), allowed=ids.ALLOWED, at_key=True)
        if not isinstance(body, dict):
            allowed = "a mapping with command, script or python"
            self.report.add(path, "type", "a task is a mapping", found=shown(body), allowed=allowed)
            return None
        self.known(path, body, fields.TASK, "field of a task")
        merged = {**defaults, **body} if defaults else body
        for name in ("env", "resources"):
            if isinstance(defaults.get(name), dict) and isinstance(body.get(name), dict):
                merged[name] = {**defaults[name], **body[name]}
        values = self.fields(path, merged)
        return Task(
            id=task_id,
            action=self.action(path, merged, body),
            needs=self.needs((*path, "needs"), body.get("needs")),
            matrix=self.matrix(path, body),
            foreach=self.foreach((*path, "foreach"), body["foreach"]) if body.get("foreach") is not None else None,
            when=self.when((*path, "when"), body.get("when")),
            inputs=self.paths((*path, "inputs"), body.get("inputs"), "the graph's folder"),
            outputs=self.paths((*path, "outputs"), body.get("outputs"), "the work directory"),
            apart=self.names((*path, "apart"), body["apart"], "task") if body.get("apart") is not None else [],
            title=self.text((*path, "title"), body.get("title", ""), limit=200) or "",
            description=self.text((*path, "description"), body.get("description", "")) or "",
            position=self.position((*path, "position"), body.get("position")),
            **values,
        )

    def action(self, path: Path, body: dict[str, Any], own: dict[str, Any]) -> Action:
        """`own` is what stands at the task itself, without the defaults."""
        given = [name for name in fields.ACTIONS if body.get(name) is not None]
        if len(given) != 1:
            found = " and ".join(given) or "none of them"
            message = "a task has exactly one of command, script and python"
            self.report.add(path, "action", message, found=found, allowed="command, script or python", at_key=True)
            return Command([])
        kind = given[0]
        for name, owner in (("shell", "script"), ("args", "python"), ("kwargs", "python")):
            if name in own and owner != kind:
                self.report.add((*path, name), "action", f"'{name}' belongs to '{owner}'", found=kind, at_key=True)
        at = (*path, kind)
        if kind == "command":
            return self.command(at, body[kind])
        if kind == "script":
            text = self.text(at, body[kind], empty=False) or ""
            return Script(text, self.shell((*path, "shell"), body.get("shell")))
        target = self.text(at, body[kind]) or ""
        if target and (not TARGET.fullmatch(target) or ".py:" in target):
            allowed = "module:function, such as mypackage.work:render"
            hint = target.replace(".py", "") if ".py:" in target else ""
            if not hint and ":" not in target and "." in target and " " not in target:
                hint = ":".join(target.removesuffix("()").rsplit(".", 1))
            hint = hint if TARGET.fullmatch(hint) else ""
            self.report.add(
                at, "target", "not a function's name", found=shown(target), allowed=allowed, suggestion=hint
            )
        args = body.get("args")
        if args is not None and not isinstance(args, list):
            self.report.add((*path, "args"), "type", "args is a list", found=shown(args), allowed="[value, ...]")
            args = None
        kwargs = self.mapping((*path, "kwargs"), body.get("kwargs"), "named arguments")
        for name in kwargs:
            if not name.isidentifier():
                self.report.add(
                    (*path, "kwargs", name), "name", "not an argument's name", found=shown(name), at_key=True
                )
        self.plain((*path, "args"), args or [])
        self.plain((*path, "kwargs"), kwargs)
        return PythonCall(target, list(args or []), kwargs)

    def command(self, path: Path, raw: Any) -> Command:
        if isinstance(raw, str):
            return Command(self.text(path, raw, empty=False) or "")
        if not isinstance(raw, list) or not raw:
            allowed = "a text for the shell, or a list: the program and its arguments"
            self.report.add(path, "type", "not a command", found=shown(raw), allowed=allowed)
            return Command([])
        argv: list[str] = []
        for position, element in enumerate(raw):
            if isinstance(element, str):
                if "\0" in element:
                    self.report.add((*path, position), "character", "an argument cannot hold a NUL character")
                argv.append(element)
            elif isinstance(element, int | float):
                argv.append(str(element).lower() if isinstance(element, bool) else str(element))
            else:
                message, allowed = "an argument is a text or a number", "put it into quotes"
                self.report.add((*path, position), "type", message, found=shown(element), allowed=allowed)
        if argv and not argv[0].strip():
            self.report.add((*path, 0), "empty", "the name of the program is empty", found=shown(argv[0]))
        return Command(argv)

    def needs(self, path: Path, raw: Any) -> list[Need]:
        if raw is None:
            return []
        found: dict[str, Need] = {}
        for position, entry in enumerate(raw if isinstance(raw, list) else [raw]):
            at: Path = (*path, position) if isinstance(raw, list) else path
            if isinstance(entry, str):
                need = Need(entry)
            elif isinstance(entry, dict) and isinstance(entry.get("task"), str):
                self.known(at, entry, fields.NEED, "field of a need")
                each = self.truth((*at, "each"), entry["each"]) if "each" in entry else False
                need = Need(entry["task"], bool(each))
            else:
                self.report.add(at, "type", "not a need", found=shown(entry), allowed=_NEEDS)
                continue
            if need.task in found:
                self.report.add(at, "duplicate", f"'{need.task}' is needed twice", found=shown(need.task))
            found.setdefault(need.task, need)
        return list(found.values())

    def matrix(self, path: Path, body: dict[str, Any]) -> dict[str, list[Any]] | None:
        raw = body.get("matrix")
        if raw is None:
            return None
        at = (*path, "matrix")
        if body.get("foreach") is not None:
            message = "a task has either matrix or foreach"
            self.report.add(at, "array", message, found="both", allowed="matrix or foreach", at_key=True)
        axes = self.mapping(at, raw, "axes with their lists of values")
        if isinstance(raw, dict) and not raw:
            self.report.add(at, "empty", "a matrix without axes", allowed="{axis: [values]}")
        made: dict[str, list[Any]] = {}
        for name, values in axes.items():
            if not PARAM.fullmatch(name):
                self.report.add((*at, name), "name", "not a name for an axis", found=shown(name), at_key=True)
            if not isinstance(values, list) or not values:
                message = "an axis is a list with at least one value"
                self.report.add((*at, name), "type", message, found=shown(values), allowed="[value, ...]")
                continue
            self.plain((*at, name), values)
            made[name] = values
        total = math.prod(len(values) for values in made.values())
        if total > MAX_ITEMS:
            self.report.add(at, "too-many", "too many combinations", found=str(total), allowed=f"at most {MAX_ITEMS}")
            return {name: values[:1] for name, values in made.items()}
        return made or None

    def foreach(self, path: Path, raw: Any) -> Foreach | None:
        if isinstance(raw, list):
            self.plain(path, raw)
            if not raw:
                self.report.add(path, "empty", "an empty list makes no items", allowed=_FOREACH)
            self.items(path, len(raw))
            return Foreach(values=raw)
        if isinstance(raw, int) and not isinstance(raw, bool):
            return self.range(path, raw)
        if isinstance(raw, str):
            return self.foreach_text(path, raw)
        if isinstance(raw, dict) and len(raw) == 1:
            self.known(path, raw, fields.FOREACH, "field of foreach")
            if "range" in raw:
                return self.range((*path, "range"), raw["range"])
            if "values" in raw:
                values = raw["values"]
                if isinstance(values, list):
                    return self.foreach((*path, "values"), values)
                self.report.add((*path, "values"), "type", "values is a list", found=shown(values))
            return None
        self.report.add(path, "foreach", "not a foreach", found=shown(raw), allowed=_FOREACH)
        return None

    def foreach_text(self, path: Path, raw: str) -> Foreach | None:
        try:
            hole = whole(raw)
        except ExprError as error:
            self.expression(path, raw, error)
            return None
        if hole:
            return Foreach(expr=hole.source.strip())
        match = _SOURCE.fullmatch(raw.strip())
        if match and match[2] == "outputs":
            return Foreach(outputs_of=match[1], pattern=match[3] or None)
        if match and match[2] == "result" and match[3] is None:
            return Foreach(result_of=match[1])
        hint = ""
        if match:
            hint = f"{match[1]}.{closest(match[2], ('outputs', 'result')) or 'outputs'}"
        elif is_id(raw.strip()):
            hint = f"{raw.strip()}.outputs"
        self.report.add(path, "foreach", "not a foreach", found=shown(raw), allowed=_FOREACH, suggestion=hint)
        return None

    def range(self, path: Path, raw: Any) -> Foreach | None:
        bounds = raw if isinstance(raw, list) else [raw]
        if not 1 <= len(bounds) <= 3 or any(isinstance(b, bool) or not isinstance(b, int) for b in bounds):
            self.report.add(path, "range", "not a range", found=shown(raw), allowed=_RANGE)
            return None
        if any(abs(bound) >= LARGEST for bound in bounds):
            self.report.add(path, "range", "a bound is too large", found=shown(raw), allowed="up to 2^63")
            return None
        start, stop, step = (0, *bounds, 1) if len(bounds) == 1 else (*bounds, 1)[:3]
        if step == 0:
            self.report.add(path, "range", "the step of a range is zero", found=shown(step), allowed="any other number")
            return None
        if start == stop or (stop > start) != (step > 0):
            found = f"[{start}, {stop}, {step}]"
            self.report.add(path, "empty", "the range has no items", found=found, allowed=_RANGE)
            return None
        # Counted by hand, because len() of a longer range overflows.
        if not self.items(path, (abs(stop - start) + abs(step) - 1) // abs(step)):
            return None
        return Foreach(range=(start, stop, step))

    def items(self, path: Path, count: int) -> bool:
        if count > MAX_ITEMS:
            self.report.add(path, "too-many", "too many items", found=str(count), allowed=f"at most {MAX_ITEMS}")
        return count <= MAX_ITEMS

    def when(self, path: Path, raw: Any) -> str | None:
        if raw is None:
            return None
        if isinstance(raw, bool):
            return "true" if raw else "false"
        if not isinstance(raw, str) or not raw.strip():
            self.report.add(path, "type", "a condition is an expression", found=shown(raw), allowed="params.x == 1")
            return None
        try:
            hole = whole(raw)
            if hole is None and "${{" in raw:
                split(raw)
                message = "a condition is one expression, with or without ${{ }} around all of it"
                self.report.add(path, "when", message, found=shown(raw))
                return None
        except ExprError as error:
            self.expression(path, raw, error)
            return None
        return hole.source.strip() if hole else raw
