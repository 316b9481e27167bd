"""Plain data of a document becomes a `Graph`; everything wrong on the way is reported, nothing raises.

Here each field is judged on its own; what concerns several tasks (needs, cycles, names in templates) is in
`checks.py`.
"""

from __future__ import annotations

import math
import re
import shlex
from collections.abc import Callable, Sequence
from typing import Any

from windlass.model import constraints, fields
from windlass.model.expand import MAX_ITEMS
from windlass.model.graph import (
    Action,
    Command,
    Foreach,
    Graph,
    Need,
    PythonCall,
    Resources,
    RetryPolicy,
    Script,
    Task,
)
from windlass.model.paths import PathError, check_relative
from windlass.model.problems import Path, Report, closest, shown
from windlass.model.syntax import ExprError
from windlass.model.template import split, whole
from windlass.model.units import UnitError, check_number, parse_duration, parse_size

MAX_TASKS = 200_000
ID = re.compile(r"[^\W\d][\w-]*")
PARAM = re.compile(r"[^\W\d]\w*(?:-[^\W\d]\w*)*")
TARGET = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*:[^\W\d]\w*(?:\.[^\W\d]\w*)*")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SOURCE = re.compile(r"([^\W\d][\w-]*)\.(\w+)(?:/(.*))?", re.DOTALL)
_INTEGER = 2**63
_NEEDS = "an id, a list of ids, or {task: ID, each: true}"
_FOREACH = "a list, a number, {range: [start, stop, step]}, TASK.outputs, TASK.outputs/PATTERN, TASK.result, ${{ ... }}"
_RANGE = "range: stop, range: [start, stop] or range: [start, stop, step], whole numbers"


class Builder:
    """Reads one document's data into records."""

    def __init__(self, report: Report) -> None:
        self.report = report

    # --- the graph ------------------------------------------------------------------------------------------

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

    # --- a task ---------------------------------------------------------------------------------------------

    def task(self, task_id: str, body: Any, defaults: dict[str, Any]) -> Task | None:
        path: Path = ("tasks", task_id)
        if not ID.fullmatch(task_id) or len(task_id) > 100:
            allowed = "a letter, then letters, digits, `-` and `_`, at most 100"
            self.report.add(path, "id", "not an id for a task", found=shown(task_id), allowed=allowed, at_key=True)
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
            title=self.text((*path, "title"), body.get("title", ""), limit=200) or "",
            description=self.text((*path, "description"), body.get("description", "")) or "",
            position=self.position((*path, "position"), body.get("position")),
            **values,
        )

    def fields(self, path: Path, body: dict[str, Any]) -> dict[str, Any]:
        """The fields that `defaults` may hold too, as arguments of `Task`."""
        made: dict[str, Any] = {}
        readers: dict[str, tuple[str, Callable[[Path, Any], Any]]] = {
            "env": ("env", self.env),
            "workdir": ("workdir", self.workdir),
            "resources": ("resources", self.resources),
            "where": ("where", self.where),
            "priority": ("priority", self.priority),
            "retries": ("retries", self.retries),
            "timeout": ("timeout", self.duration),
            "deadline": ("deadline", self.duration),
            "continue-on-error": ("continue_on_error", self.truth),
        }
        for name, (attribute, read) in readers.items():
            if body.get(name) is not None:
                value = read((*path, name), body[name])
                if value is not None:
                    made[attribute] = value
        if path == ("defaults",) and "shell" in body:
            self.shell((*path, "shell"), body["shell"])
        return made

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

    def shell(self, path: Path, raw: Any) -> str:
        text = self.text(path, raw, empty=False) if raw is not None else "sh -e"
        try:
            if text and not shlex.split(text):
                raise ValueError("it is empty")
        except ValueError as error:
            self.report.add(path, "shell", f"not an interpreter: {error}", found=shown(raw), allowed="bash, python3 -u")
        return text or "sh -e"

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

    # --- arrays ---------------------------------------------------------------------------------------------

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
        elif ID.fullmatch(raw.strip()):
            hint = f"{raw.strip()}.outputs"
        self.report.add(path, "foreach", "not a foreach", found=shown(raw), allowed=_FOREACH, suggestion=hint)
        return None

    def range(self, path: Path, raw: Any) -> Foreach | None:
        bounds = raw if isinstance(raw, list) else [raw]
        if not 1 <= len(bounds) <= 3 or any(isinstance(b, bool) or not isinstance(b, int) for b in bounds):
            self.report.add(path, "range", "not a range", found=shown(raw), allowed=_RANGE)
            return None
        if any(abs(bound) >= _INTEGER for bound in bounds):
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

    # --- single fields --------------------------------------------------------------------------------------

    def resources(self, path: Path, raw: Any) -> Resources:
        body = self.mapping(path, raw, "cpus, memory, disk, gpus, named")
        for name in body:
            if name not in fields.RESOURCES:
                allowed = ", ".join(fields.RESOURCES) + "; put other counted things under `named`"
                self.unknown((*path, name), name, tuple(fields.RESOURCES), "resource", allowed)
        named = self.mapping((*path, "named"), body.get("named"), "names with amounts")
        amounts = {name: self.number((*path, "named", name), value, most=1e9) for name, value in named.items()}
        return Resources(
            cpus=self.number((*path, "cpus"), body.get("cpus", 1.0), most=100_000),
            memory=self.size((*path, "memory"), body.get("memory", 0)),
            disk=self.size((*path, "disk"), body.get("disk", 0)),
            gpus=int(self.number((*path, "gpus"), body.get("gpus", 0), most=10_000, integer=True)),
            named={name: amount for name, amount in amounts.items() if amount},
        )

    def size(self, path: Path, raw: Any) -> int:
        try:
            size = parse_size(0 if raw is None else raw)
        except UnitError as error:
            self.unit(path, raw, error)
            return 0
        if 0 < size < 65536 and isinstance(raw, int):
            message = "this is so little that a unit may be missing"
            self.report.add(path, "unit", message, found=f"{raw} bytes", suggestion=f"{raw} MiB", severity="warning")
        return size

    def duration(self, path: Path, raw: Any) -> float | None:
        try:
            seconds = parse_duration(raw)
            if seconds == 0:
                raise UnitError("the duration is zero", "more than 0 s, or leave the field out")
        except UnitError as error:
            self.unit(path, raw, error)
            return None
        return seconds

    def unit(self, path: Path, raw: Any, error: UnitError) -> None:
        self.report.add(path, "unit", str(error), found=shown(raw), allowed=error.allowed, suggestion=error.suggestion)

    def number(self, path: Path, raw: Any, *, most: float, integer: bool = False) -> float:
        allowed = f"a {'whole ' if integer else ''}number from 0 to {most:g}"
        if isinstance(raw, bool) or not isinstance(raw, int | float):
            self.report.add(path, "number", "not a number", found=shown(raw), allowed=allowed)
            return 0
        try:
            check_number(raw, "the number", allowed)
            if raw > most:
                raise UnitError("more than any machine has", allowed)
            if integer and raw != int(raw):
                raise UnitError("not a whole number", allowed)
        except UnitError as error:
            self.report.add(path, "number", str(error), found=shown(raw), allowed=allowed)
            return 0
        return raw

    def whole(self, path: Path, raw: Any, least: int, most: int) -> int | None:
        if isinstance(raw, bool) or not isinstance(raw, int) or not least <= raw <= most:
            allowed = f"a whole number from {least} to {most}"
            self.report.add(path, "number", "not a whole number in range", found=shown(raw), allowed=allowed)
            return None
        return raw

    def priority(self, path: Path, raw: Any) -> int | None:
        return self.whole(path, raw, -1_000_000, 1_000_000)

    def retries(self, path: Path, raw: Any) -> RetryPolicy | None:
        if isinstance(raw, int) and not isinstance(raw, bool):
            most = self.whole(path, raw, 0, 10_000)
            return None if most is None else RetryPolicy(max=most)
        if not isinstance(raw, dict):
            allowed = "a whole number, or a mapping such as {max: 3, backoff: 10 s}"
            self.report.add(path, "number", "not a number of retries", found=shown(raw), allowed=allowed)
            return None
        self.known(path, raw, fields.RETRIES, "field of retries")
        base = RetryPolicy()
        factor = self.number((*path, "factor"), raw.get("factor", base.factor), most=1000)
        if "factor" in raw and 0 <= factor < 1:
            message = "waits cannot become shorter"
            self.report.add((*path, "factor"), "number", message, found=shown(factor), allowed="at least 1")
        codes = {name: self.codes((*path, name), raw.get(name)) for name in ("only-on", "never-on")}
        return RetryPolicy(
            max=self.whole((*path, "max"), raw.get("max", 1), 0, 10_000) or 0,
            backoff=self.wait((*path, "backoff"), raw.get("backoff"), base.backoff),
            factor=factor,
            max_backoff=self.wait((*path, "max-backoff"), raw.get("max-backoff"), base.max_backoff),
            only_on=codes["only-on"],
            never_on=codes["never-on"],
        )

    def wait(self, path: Path, raw: Any, default: float) -> float:
        """A duration that may be zero."""
        if raw is None:
            return default
        try:
            return parse_duration(raw)
        except UnitError as error:
            self.unit(path, raw, error)
            return default

    def codes(self, path: Path, raw: Any) -> tuple[int, ...]:
        if raw is None:
            return ()
        entries = raw if isinstance(raw, list) else [raw]
        found = [self.whole((*path, place), code, 0, 255) for place, code in enumerate(entries)]
        return tuple(code for code in found if code is not None)

    def truth(self, path: Path, raw: Any) -> bool | None:
        if isinstance(raw, bool):
            return raw
        hint = {"yes": "true", "on": "true", "no": "false", "off": "false"}.get(str(raw).lower(), "")
        self.report.add(path, "type", "not true or false", found=shown(raw), allowed="true, false", suggestion=hint)
        return None

    def env(self, path: Path, raw: Any) -> dict[str, str]:
        made: dict[str, str] = {}
        for name, value in self.mapping(path, raw, "names with values").items():
            if not _VARIABLE.fullmatch(name):
                allowed = "letters, digits and `_`, not beginning with a digit"
                self.report.add(
                    (*path, name), "name", "not a variable's name", found=shown(name), allowed=allowed, at_key=True
                )
            elif isinstance(value, str):
                made[name] = self.text((*path, name), value) or ""
            elif value is None or isinstance(value, int | float):
                made[name] = "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
            else:
                self.report.add((*path, name), "type", "a variable holds a text", found=shown(value), allowed="a text")
        return made

    def workdir(self, path: Path, raw: Any) -> str:
        text = self.text(path, raw) or "."
        self.inside(path, text, "the work directory")
        return text

    def where(self, path: Path, raw: Any) -> list[str]:
        if isinstance(raw, dict):
            found: list[str] = []
            for label, value in raw.items():
                if isinstance(value, dict | list) or value is None:
                    self.report.add((*path, label), "type", "a label's value is a text", found=shown(value))
                else:
                    text = str(value).lower() if isinstance(value, bool) else str(value)
                    found.append(f"{label} == {shlex.quote(text)}")
            return [text for text in found if self.constraint(path, text)]
        entries = raw if isinstance(raw, list) else [raw]
        kept: list[str] = []
        for place, entry in enumerate(entries):
            at: Path = (*path, place) if isinstance(raw, list) else path
            if not isinstance(entry, str):
                self.report.add(at, "type", "not a condition", found=shown(entry), allowed=constraints.ALLOWED)
            elif self.constraint(at, entry):
                kept.append(entry)
        return kept

    def constraint(self, path: Path, text: str) -> bool:
        try:
            constraints.parse(text)
        except constraints.ConstraintError as error:
            self.report.add(
                path, "where", str(error), found=shown(text), allowed=error.allowed, suggestion=error.suggestion,
                text=text, offset=error.offset,
            )  # fmt: skip
            return False
        return True

    def paths(self, path: Path, raw: Any, place: str) -> list[str]:
        if raw is None:
            return []
        entries = raw if isinstance(raw, list) else [raw]
        found: list[str] = []
        for position, entry in enumerate(entries):
            at: Path = (*path, position) if isinstance(raw, list) else path
            if not isinstance(entry, str):
                self.report.add(at, "type", "a path is a text", found=shown(entry), allowed="a path or pattern")
            elif self.inside(at, entry, place):
                found.append(entry)
        return found

    def inside(self, path: Path, text: str, place: str) -> bool:
        """Whether the path stays inside, as far as its literal parts tell; the rest is judged when it is rendered."""
        try:
            parts = split(text)
            check_relative("".join(part if isinstance(part, str) else "x" for part in parts))
        except ExprError as error:
            self.expression(path, text, error)
            return False
        except PathError as error:
            allowed = f"a path inside {place}"
            hint = text.lstrip("/") if text.startswith("/") and place == "the work directory" else ""
            self.report.add(path, "path", str(error), found=shown(text), allowed=allowed, suggestion=hint)
            return False
        return True

    def position(self, path: Path, raw: Any) -> tuple[float, float] | None:
        if raw is None:
            return None
        numbers = raw if isinstance(raw, list) else []
        good = [n for n in numbers if isinstance(n, int | float) and not isinstance(n, bool) and abs(n) < 1e9]
        if len(good) != 2 or len(numbers) != 2:
            self.report.add(path, "position", "not a position", found=shown(raw), allowed="[x, y], two numbers")
            return None
        return (float(good[0]), float(good[1]))

    # --- kinds of values ------------------------------------------------------------------------------------

    def text(self, path: Path, raw: Any, *, limit: int = 1_000_000, empty: bool = True) -> str | None:
        if not isinstance(raw, str):
            hint = f'"{raw}"' if isinstance(raw, int | float) and not isinstance(raw, bool) else ""
            self.report.add(path, "type", "not a text", found=shown(raw), allowed="a text", suggestion=hint)
            return None
        if not raw.strip() and not empty:
            self.report.add(path, "empty", "it is empty", found=shown(raw), allowed="a text")
        if len(raw) > limit:
            self.report.add(path, "too-large", f"longer than {limit} characters", found=str(len(raw)))
            return raw[:limit]
        if "\0" in raw:
            self.report.add(path, "character", "a NUL character is not allowed", found=shown(raw))
        return raw

    def mapping(self, path: Path, raw: Any, what: str) -> dict[str, Any]:
        if raw is None:
            return {}
        if not isinstance(raw, dict):
            self.report.add(path, "type", "not a mapping", found=shown(raw), allowed=f"a mapping: {what}")
            return {}
        return dict(raw)

    def plain(self, path: Path, value: Any) -> None:
        """Data that travels: no NaN, no infinities, no integers that a message cannot hold."""
        stack: list[tuple[Path, Any]] = [(path, value)]
        while stack:
            at, current = stack.pop()
            if isinstance(current, dict):
                stack.extend(((*at, key), element) for key, element in current.items())
            elif isinstance(current, list):
                stack.extend(((*at, place), element) for place, element in enumerate(current))
            elif isinstance(current, float) and not math.isfinite(current):
                message = "NaN and infinity are not allowed"
                self.report.add(at, "number", message, found=shown(current), allowed="a finite number")
            elif isinstance(current, int) and not -_INTEGER <= current < 2 * _INTEGER:
                message = "a whole number of more than 64 bits"
                self.report.add(at, "number", message, found=shown(current), allowed="write it as a text")

    def known(self, path: Path, body: dict[str, Any], names: dict[str, Any], what: str) -> None:
        for name in body:
            if name not in names:
                self.unknown((*path, name), name, tuple(names), what)

    def unknown(self, path: Path, name: str, names: Sequence[str], what: str, allowed: str = "") -> None:
        meant = fields.MEANT.get(name.lower(), "")
        hint = meant if meant in names else closest(name, names)
        self.report.add(
            path, "unknown-field", f"unknown {what} {shown(name)}", found=shown(name),
            allowed=allowed or ", ".join(names), suggestion=hint, at_key=True,
        )  # fmt: skip

    def expression(self, path: Path, text: str, error: ExprError) -> None:
        self.report.add(
            path, "expression", error.message, found=shown(text), allowed=error.allowed,
            suggestion=error.suggestion, text=text, offset=error.offset,
        )  # fmt: skip
