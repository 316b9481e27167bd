"""Values for `${{ }}`: the names that an expression may use, and how it is computed.

Computing is bounded: an expression has at most `syntax.MAX_TOKENS` parts, no loops, and no operation may make a
text or list larger than `MAX_RESULT`. Nothing here imports, opens or runs anything.

| name | value |
|---|---|
| `params.NAME` | a parameter of the run |
| `item` | the item's value; a text is also a path: `item.stem .name .suffix .parent .path` |
| `matrix.AXIS` | the item's value on an axis (also `item.AXIS`) |
| `index` | the item's position, from 0 |
| `run.id`, `run.name`, `task.id` | |
| `tasks.NAME.result`, `.outputs`, `.status` | of a task in `needs`; outputs are paths |
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import PurePosixPath
from typing import Any

from windlass.model.syntax import (
    STATUS_FUNCTIONS,
    Attribute,
    Binary,
    CallNode,
    ExprError,
    Index,
    ListNode,
    Literal,
    Name,
    Node,
    Reference,
    Unary,
    Uses,
    parse,
    uses,
)

__all__ = [
    "ExprError",
    "Opaque",
    "Reference",
    "Scope",
    "Uses",
    "condition",
    "evaluate",
    "parse",
    "to_text",
    "truthy",
    "uses",
    "uses_status",
]

MAX_RESULT = 1024 * 1024
"""Characters of a text, or elements of a list, that an operation may make."""
_MAX_BITS = 256

ROOTS = ("params", "item", "matrix", "index", "run", "task", "tasks")
PATH_ATTRIBUTES = ("stem", "name", "suffix", "parent", "path")
TASK_ATTRIBUTES = ("result", "outputs", "status")


class Opaque:
    """A value that this process must not decode (a pickled result): it can be passed on whole, not looked into."""

    __slots__ = ("payload",)

    def __init__(self, payload: bytes) -> None:
        self.payload = payload

    def __repr__(self) -> str:
        return f"<Opaque {len(self.payload)} bytes>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Opaque) and other.payload == self.payload

    def __hash__(self) -> int:
        return hash(self.payload)


_ABSENT: Any = object()


class Scope:
    """The values that names stand for in one place: a task before it has items, or one item of it."""

    __slots__ = ("index", "item", "outputs", "params", "results", "run_id", "run_name", "statuses", "task")

    def __init__(
        self,
        *,
        params: Mapping[str, Any] | None = None,
        item: Any = _ABSENT,
        index: int | None = None,
        run_id: int | None = None,
        run_name: str = "",
        task: str = "",
        results: Mapping[str, Any] | None = None,
        outputs: Mapping[str, Sequence[str]] | None = None,
        statuses: Mapping[str, str] | None = None,
    ) -> None:
        self.params = params or {}
        self.item = item
        self.index = index
        self.run_id = run_id
        self.run_name = run_name
        self.task = task
        self.results = results or {}
        self.outputs = outputs or {}
        self.statuses = statuses or {}

    def attribute(self, root: str, name: str, offset: int) -> Any:
        """`root.name` for the roots that are no values themselves."""
        if root == "params":
            return _member(self.params, name, "parameter", offset)
        if root == "matrix":
            if not isinstance(self.item, Mapping):
                raise ExprError("'matrix' is only known in a task with a matrix", offset)
            return _member(self.item, name, "axis", offset)
        if root == "run":
            return _member({"id": self.run_id, "name": self.run_name}, name, "field of run", offset)
        return _member({"id": self.task}, name, "field of task", offset)

    def value(self, name: str, offset: int) -> Any:
        """A name on its own."""
        if name == "item":
            if self.item is _ABSENT:
                raise ExprError("'item' is only known in a task with foreach or matrix", offset)
            return self.item
        if name == "index":
            return self.index or 0
        if name == "params":
            return dict(self.params)
        if name == "matrix" and isinstance(self.item, Mapping):
            return dict(self.item)
        if name in ROOTS:
            raise ExprError(f"'{name}' needs a name after a dot", offset)
        raise unknown_name(name, "name", ROOTS, offset)

    def of_task(self, task: str, field: str, offset: int) -> Any:
        known: Mapping[str, Any]
        if field == "result":
            known = self.results
        elif field == "outputs":
            known = self.outputs
        elif field == "status":
            known = self.statuses
        else:
            raise unknown_name(field, "field of a task", TASK_ATTRIBUTES, offset)
        if task not in known:
            raise ExprError(f"task '{task}' has no {field} here: is it in needs, and did it succeed?", offset)
        value = known[task]
        return list(value) if field == "outputs" else value


def unknown_name(name: str, what: str, known: Sequence[str], offset: int) -> ExprError:
    """The error for a misspelt name, with the closest known one."""
    close = get_close_matches(name, known, n=1)
    shown = ", ".join(known[:30]) if known else "none"
    return ExprError(
        f"unknown {what} '{name}'", offset, suggestion=close[0] if close else "", allowed=f"known: {shown}"
    )


def _member(values: Mapping[str, Any], name: str, what: str, offset: int) -> Any:
    if name in values:
        return values[name]
    raise unknown_name(name, what, [str(key) for key in values], offset)


def truthy(value: Any) -> bool:
    """Whether a condition holds: as in Python, except that the text "false" is false (a parameter may be a text)."""
    if isinstance(value, str):
        return value.lower() not in ("", "false")
    return bool(value)


def to_text(value: Any) -> str:
    """A value as it stands inside a text: true/false/null as in YAML, lists and mappings as JSON."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, Opaque):
        raise ExprError("a result that is not plain data has no text: pass it to a Python function as a whole argument")
    text = json.dumps(_plain(value), ensure_ascii=False)
    _bounded(text, 0)
    return text


def _plain(value: Any) -> Any:
    if isinstance(value, range):
        return _listed(value, 0)
    if isinstance(value, Mapping):
        return {str(key): _plain(element) for key, element in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(element) for element in value]
    if value is None or isinstance(value, str | int | float):
        return value
    raise ExprError(f"a value of type {type(value).__name__} is not plain data")


def evaluate(source: str, scope: Scope) -> Any:
    """The value of an expression (without the `${{ }}`). Raises `ExprError` and nothing else."""
    return _compute(parse(source), scope)


def condition(source: str, scope: Scope) -> bool:
    """Whether a `when` holds."""
    return truthy(evaluate(source, scope))


def uses_status(source: str) -> bool:
    """Whether a `when` decides itself what to do after a failure upstream; otherwise success() is understood."""
    return bool(uses(source).functions & STATUS_FUNCTIONS)


def _compute(node: Node, scope: Scope) -> Any:
    match node:
        case Literal():
            return node.value
        case Name():
            return scope.value(node.name, node.offset)
        case Attribute() | Index():
            return _lookup(node, scope)
        case Unary():
            value = _compute(node.operand, scope)
            if node.operator == "not":
                return not truthy(value)
            return -_arithmetic(value, "-", node.offset)
        case Binary():
            return _binary(node, scope)
        case ListNode():
            return [_compute(item, scope) for item in node.items]
        case CallNode():
            return _call(node, scope)


def _lookup(node: Attribute | Index, scope: Scope) -> Any:
    base = node.base
    key = node.name if isinstance(node, Attribute) else _compute(node.index, scope)
    if isinstance(base, Name) and base.name in ("params", "matrix", "run", "task"):
        if not isinstance(key, str):
            raise ExprError("expected a name in quotes", node.offset)
        return scope.attribute(base.name, key, node.offset)
    if isinstance(base, Attribute | Index) and isinstance(base.base, Name) and base.base.name == "tasks":
        task = base.name if isinstance(base, Attribute) else _compute(base.index, scope)
        return scope.of_task(str(task), str(key), node.offset)
    if isinstance(base, Name) and base.name == "tasks":
        raise ExprError(f"say what of task '{key}': .result, .outputs or .status", node.offset)
    value = _compute(base, scope)
    if isinstance(value, Mapping):
        if key in value:
            return value[key]
        raise unknown_name(str(key), "key", [str(known) for known in value], node.offset)
    if isinstance(node, Attribute):
        if isinstance(value, str):
            return _path_attribute(value, node.name, node.offset)
        raise ExprError(f"{_kind(value)} has no '{node.name}'", node.offset)
    if isinstance(value, str | list | tuple | range) and isinstance(key, int) and not isinstance(key, bool):
        try:
            return value[key]
        except IndexError:
            raise ExprError(f"no element {key}: there are {len(value)}", node.offset) from None
    raise ExprError(f"{_kind(value)} cannot be indexed by {_kind(key)}", node.offset)


def _path_attribute(text: str, name: str, offset: int) -> str:
    path = PurePosixPath(text)
    if name == "path":
        return text
    if name == "parent":
        return str(path.parent)
    if name in PATH_ATTRIBUTES:
        return str(getattr(path, name))
    raise unknown_name(name, "part of a path", PATH_ATTRIBUTES, offset)


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "a truth value"
    for types, name in (
        (int | float, "a number"),
        (str, "a text"),
        (list | tuple | range, "a list"),
        (Mapping, "a mapping"),
    ):
        if isinstance(value, types):
            return name
    return "nothing (null)" if value is None else "a value that is not plain data"


def _arithmetic(value: Any, operator: str, offset: int) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ExprError(f"'{operator}' needs numbers, found {_kind(value)}", offset)
    return value


def _bounded(value: Any, offset: int) -> Any:
    if isinstance(value, str | list) and len(value) > MAX_RESULT:
        raise ExprError(f"the result is longer than {MAX_RESULT}", offset)
    if isinstance(value, int) and value.bit_length() > _MAX_BITS:
        raise ExprError("the number is too large", offset)
    return value


def _binary(node: Binary, scope: Scope) -> Any:
    left, operator, offset = _compute(node.left, scope), node.operator, node.offset
    if operator == "and":
        return _compute(node.right, scope) if truthy(left) else left
    if operator == "or":
        return left if truthy(left) else _compute(node.right, scope)
    right = _compute(node.right, scope)
    if operator == "==":
        return bool(left == right)
    if operator == "!=":
        return bool(left != right)
    if operator in ("in", "not in"):
        return _contains(right, left, offset) == (operator == "in")
    if operator in ("<", "<=", ">", ">="):
        return _ordered(left, right, operator, offset)
    if operator == "+" and isinstance(left, str) and isinstance(right, str):
        return _bounded(left + right, offset)
    if operator == "+" and isinstance(left, list | tuple | range) and isinstance(right, list | tuple | range):
        return _bounded(_listed(left, offset) + _listed(right, offset), offset)
    a, b = _arithmetic(left, operator, offset), _arithmetic(right, operator, offset)
    try:
        result = _ARITHMETIC[operator](a, b)
    except ZeroDivisionError:
        raise ExprError("division by zero", offset) from None
    except OverflowError:
        raise ExprError("the number is too large", offset) from None
    return _bounded(result, offset)


_ARITHMETIC: dict[str, Callable[[Any, Any], int | float]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "//": lambda a, b: a // b,
    "%": lambda a, b: a % b,
}


def _ordered(left: Any, right: Any, operator: str, offset: int) -> bool:
    numbers = all(isinstance(side, int | float) for side in (left, right))
    if not numbers and not (isinstance(left, str) and isinstance(right, str)):
        raise ExprError(f"'{operator}' cannot compare {_kind(left)} with {_kind(right)}", offset)
    if operator in ("<", "<="):
        return bool(left < right or (operator == "<=" and left == right))
    return bool(left > right or (operator == ">=" and left == right))


def _contains(container: Any, element: Any, offset: int) -> bool:
    if isinstance(container, str):
        return to_text(element) in container
    if isinstance(container, range) and not isinstance(element, int):
        # Python would walk the whole range to look for anything but an int.
        return isinstance(element, float) and element.is_integer() and int(element) in container
    if isinstance(container, list | tuple | range | Mapping):
        try:
            return element in container
        except TypeError:
            return False
    raise ExprError(f"{_kind(container)} contains nothing", offset)


def _listed(value: Any, offset: int) -> list[Any]:
    if isinstance(value, list | tuple | range):
        if len(value) > MAX_RESULT:
            raise ExprError(f"a list of more than {MAX_RESULT} elements", offset)
        return list(value)
    raise ExprError(f"expected a list, found {_kind(value)}", offset)


def _text(value: Any, offset: int) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int | float):
        return to_text(value)
    raise ExprError(f"expected a text, found {_kind(value)}", offset)


def _call(node: CallNode, scope: Scope) -> Any:
    values = [_compute(argument, scope) for argument in node.arguments]
    name, offset = node.function, node.offset
    if name in STATUS_FUNCTIONS:
        return _status(name, scope.statuses)
    try:
        return _bounded(_FUNCTIONS[name](offset, *values), offset)
    except ExprError:
        raise
    except (ValueError, TypeError, OverflowError) as error:
        raise ExprError(f"{name}(): {error}", offset) from None


def _status(name: str, statuses: Mapping[str, str]) -> bool:
    if name == "always":
        return True
    found = set(statuses.values())
    if name == "success":
        return found <= {"succeeded"}
    return ("cancelled" if name == "cancelled" else "failed") in found


_PLACEHOLDER = re.compile(r"\{\{|\}\}|\{(\d{0,2})(?::([<>^]?[+]?0?\d{0,3},?(?:\.\d{1,2})?[a-zA-Z%]?))?\}")


def _format(offset: int, template: Any, *values: Any) -> str:
    """`{}`, `{0}` and Python's simplest number formats (`{:04d}`, `{:.2f}`); nothing reaches into objects."""
    position = iter(range(len(values) + 1))

    def one(match: re.Match[str]) -> str:
        if match[0] in ("{{", "}}"):
            return match[0][0]
        which = int(match[1]) if match[1] else next(position)
        if which >= len(values):
            raise ExprError(f"format(): there is no value {which}", offset)
        value = values[which]
        return format(value, match[2]) if match[2] else to_text(value)

    return _PLACEHOLDER.sub(one, _text(template, offset))


def _length(offset: int, value: Any) -> int:
    if isinstance(value, str | list | tuple | range | Mapping):
        return len(value)
    raise ExprError(f"len(): {_kind(value)} has no length", offset)


def _extreme(pick: Callable[..., Any]) -> Callable[..., Any]:
    def function(offset: int, *values: Any) -> Any:
        candidates = _listed(values[0], offset) if len(values) == 1 else list(values)
        if not candidates:
            raise ExprError("the list is empty", offset)
        return pick(candidates)

    return function


def _range(offset: int, *bounds: Any) -> range:
    if not all(isinstance(bound, int) and not isinstance(bound, bool) for bound in bounds):
        raise ExprError("range(): needs whole numbers", offset)
    return range(*bounds)


def _integer(offset: int, value: Any) -> int:
    if isinstance(value, str) and len(value) > 80:
        raise ExprError("int(): the text is too long", offset)
    if isinstance(value, float) and not math.isfinite(value):
        raise ExprError(f"int(): {value} has no whole number", offset)
    return int(value)


def _join(offset: int, values: Any, separator: Any = " ") -> str:
    parts = [_text(value, offset) for value in _listed(values, offset)]
    glue = _text(separator, offset)
    if sum(map(len, parts)) + len(glue) * len(parts) > MAX_RESULT:
        raise ExprError(f"the result is longer than {MAX_RESULT}", offset)
    return glue.join(parts)


def _replace(offset: int, text: Any, old: Any, new: Any) -> str:
    where, what, by = _text(text, offset), _text(old, offset), _text(new, offset)
    if len(where) + where.count(what) * len(by) > MAX_RESULT:
        raise ExprError(f"the result is longer than {MAX_RESULT}", offset)
    return where.replace(what, by)


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "len": _length,
    "format": _format,
    "join": _join,
    "split": lambda o, text, separator=None: _text(text, o).split(separator),
    "range": _range,
    "basename": lambda o, path: PurePosixPath(_text(path, o)).name,
    "dirname": lambda o, path: str(PurePosixPath(_text(path, o)).parent),
    "min": _extreme(min),
    "max": _extreme(max),
    "int": _integer,
    "float": lambda o, value: float(value),
    "str": lambda o, value: to_text(value),
    "abs": lambda o, value: abs(_arithmetic(value, "abs", o)),
    "round": lambda o, value, digits=None: round(_arithmetic(value, "round", o), digits),
    "lower": lambda o, text: _text(text, o).lower(),
    "upper": lambda o, text: _text(text, o).upper(),
    "replace": _replace,
    "contains": lambda o, container, element: _contains(container, element, o),
    "startsWith": lambda o, text, start: _text(text, o).startswith(_text(start, o)),
    "endsWith": lambda o, text, end: _text(text, o).endswith(_text(end, o)),
    "json": lambda o, value: json.dumps(_plain(value), ensure_ascii=False),
}
