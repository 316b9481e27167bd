"""What may stand at the cursor, without Qt: names inside `${{ }}`, tasks, labels of agents, keys of the format.

An `Offer` says where the word begins that is being typed, and what may take its place.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from windlass.model.expr import PATH_ATTRIBUTES, TASK_ATTRIBUTES
from windlass.model.fitting import Machine
from windlass.model.schema import make_schema
from windlass.model.syntax import FUNCTIONS
from windlass_gui.editor.document.facts import needs_of
from windlass_gui.editor.form.fields import show_text
from windlass_gui.editor.text.code.offers import Offer, Suggestion

MOST = 200
"""Suggestions of one offer."""

_WORD = re.compile(r"[\w.*-]*$")
_BARE = re.compile(r"[\w./*-]*$")
_MEANINGS = {
    "params": "a parameter of the run", "item": "the item's value", "index": "the item's position, from 0",
    "matrix": "the item's values by axis", "run": "the run's id and name", "task": "this task's id",
    "tasks": "results, outputs and states of tasks before", "result": "what its function returned",
    "outputs": "the files that it made", "status": "how it ended", "stem": "the name without its ending",
    "name": "the file's name", "suffix": "the ending", "parent": "the folder", "path": "all of it", "id": "its id",
}  # fmt: skip
_SHELLS = ("sh -e", "bash", "bash -eu", "python3", "python3 -u")


@dataclass(frozen=True, slots=True)
class Known:
    """What can be named: the document as data, and the machines that are there."""

    raw: Mapping[str, Any] = field(default_factory=dict)
    machines: Sequence[Machine] = ()

    def mapping(self, key: str) -> Mapping[str, Any]:
        found = self.raw.get(key)
        return found if isinstance(found, Mapping) else {}

    def task(self, task: str) -> Mapping[str, Any]:
        found = self.mapping("tasks").get(task)
        return found if isinstance(found, Mapping) else {}


def _offer(word: str, at: int, found: Iterable[Suggestion]) -> Offer | None:
    """Those that begin so come first, then those that hold it; none where it is already whole."""
    low, first, rest = word.lower(), [], []
    for one in found:
        text = one.text.lower()
        if text.startswith(low):
            first.append(one)
        elif low and low in text:
            rest.append(one)
    fit = (first + rest)[:MOST]
    if not fit or [one.text for one in fit] == [word]:
        return None
    return Offer(at - len(word), word, tuple(fit))


# --- inside ${{ }} -------------------------------------------------------------------------------------------


def in_hole(text: str, at: int) -> bool:
    """The place is inside `${{ }}`, as far as the text before it says."""
    return text.rfind("${{", 0, at) > text.rfind("}}", 0, at)


def expression(text: str, at: int, task: str, known: Known) -> Offer | None:
    """Names of the expression that the place `at` is in; a quoted text inside it has none."""
    start = text.rfind("${{", 0, at)
    inside = text[start + 3 if start >= 0 else 0 : at]
    if (inside.count("'") | inside.count('"')) & 1:
        return None
    match = _WORD.search(text[:at])
    path = (match[0] if match else "").split(".")
    return _offer(path[-1], at, _names(tuple(path[:-1]), task, known))


def _names(base: tuple[str, ...], task: str, known: Known) -> Iterator[Suggestion]:
    raw = known.task(task)
    match base:
        case ():
            for name in ("params", "tasks", "run", "task"):
                yield Suggestion(name, _MEANINGS[name], ".")
            if raw.get("foreach") is not None or raw.get("matrix") is not None:
                yield Suggestion("item", _MEANINGS["item"])
                yield Suggestion("index", _MEANINGS["index"])
            if raw.get("matrix") is not None:
                yield Suggestion("matrix", _MEANINGS["matrix"], ".")
            for name, (fewest, _) in FUNCTIONS.items():
                yield Suggestion(name, "function", "()" if not fewest else "(")
        case ("params",):
            for name, value in known.mapping("params").items():
                yield Suggestion(str(name), f"is {show_text(value)[:40]}")
        case ("matrix",) | ("item",) if isinstance(raw.get("matrix"), Mapping):
            for name, values in raw["matrix"].items():
                yield Suggestion(str(name), show_text(values)[:40])
        case ("item",):
            for name in PATH_ATTRIBUTES:
                yield Suggestion(name, _MEANINGS[name])
        case ("run",):
            yield from (Suggestion("id", "the run's number"), Suggestion("name", "the graph's name"))
        case ("task",):
            yield Suggestion("id", "this task's id")
        case ("tasks",):
            yield from tasks(known, task, ".")
        case ("tasks", _):
            for name in TASK_ATTRIBUTES:
                yield Suggestion(name, _MEANINGS[name])


def tasks(known: Known, task: str = "", tail: str = "") -> Iterator[Suggestion]:
    """The other tasks, those first that this one needs."""
    needed = {need for need, _ in needs_of(known.task(task).get("needs"))}
    every = known.mapping("tasks")
    for name in (*(one for one in every if one in needed), *(one for one in every if one not in needed)):
        if name != task:
            yield Suggestion(str(name), _title(every[name]), tail)


def _title(raw: object) -> str:
    return str(raw.get("title") or raw.get("description") or "")[:60] if isinstance(raw, Mapping) else ""


# --- by field ------------------------------------------------------------------------------------------------


def in_field(key: str, text: str, at: int, task: str, known: Known) -> Offer | None:
    """At a place in the text of a field of the form, or of the value of a key in YAML."""
    if in_hole(text, at):
        return expression(text, at, task, known)
    bare = key.removeprefix("defaults.")
    if bare == "when":
        return expression(text, at, task, known)
    line = text[text.rfind("\n", 0, at) + 1 : at]
    match bare:
        case "where":
            return _condition(line, at, known)
        case "inputs" | "foreach":
            return _offer(_last(_BARE, line), at, _sources(known, task, bare == "foreach"))
        case "needs" | "apart":
            return _offer(_last(_WORD, line), at, tasks(known, "" if bare == "apart" else task))
        case "groups":
            sizes = known.mapping("limits").get("groups")
            groups = sizes if isinstance(sizes, Mapping) else {}
            return _offer(_last(_WORD, line), at, (Suggestion(str(n), f"{size} at once") for n, size in groups.items()))
        case "resources.named":
            return _offer(_last(_WORD, line), at, _counted(known)) if "=" not in line else None
        case "shell":
            return _offer(text[:at], at, (Suggestion(shell) for shell in _SHELLS))
    return None


def _last(pattern: re.Pattern[str], text: str) -> str:
    match = pattern.search(text)
    return match[0] if match else ""


def _sources(known: Known, task: str, results: bool) -> Iterator[Suggestion]:
    for other in tasks(known, task):
        raw = known.task(other.text)
        yield Suggestion(f"{other.text}.outputs", show_text(raw.get("outputs"))[:40] or other.detail)
        if results and "python" in raw:
            yield Suggestion(f"{other.text}.result", "an item for each element")


def _counted(known: Known) -> Iterator[Suggestion]:
    found: dict[str, float] = {}
    for machine in known.machines:
        for name, amount in machine.resources.named.items():
            found[name] = found.get(name, 0.0) + amount
    for name, total in sorted(found.items()):
        yield Suggestion(name, f"{total:g} on the agents", "=1")


def _condition(line: str, at: int, known: Known) -> Offer | None:
    """A label's name, or after a comparison its values, from the agents that are there."""
    word = _last(re.compile(r"[\w.*-]*$"), line)
    before = line[: len(line) - len(word)]
    values: dict[str, dict[str, int]] = {}
    for machine in known.machines:
        for label, value in machine.labels.items():
            counts = values.setdefault(label, {})
            counts[value] = counts.get(value, 0) + 1
    compared = re.search(r"([\w.-]+)\s*(?:==|!=|(?:not\s+)?in\s*\[(?:[^\]]*,)?)\s*$", before)
    if compared:
        of = values.get(compared[1], {})
        return _offer(word, at, (Suggestion(value, _agents(count)) for value, count in sorted(of.items())))
    if before.strip() and not re.search(r"(?:\band|\bor|\bnot|\(|,|\[)\s*$", before.strip()):
        return None
    return _offer(
        word, at, (Suggestion(label, ", ".join(sorted(of)[:4]), " == ") for label, of in sorted(values.items()))
    )


def _agents(count: int) -> str:
    return "1 agent" if count == 1 else f"{count:,} agents"


# --- YAML ----------------------------------------------------------------------------------------------------

NEAR = 100
"""Lines around the cursor that are looked at one by one."""
_KEY = re.compile(r"( *)((?:- )?)([\w$-]+)\s*:(?:\s|$)")
_TYPED = re.compile(r"( *)((?:- )?)([\w$-]*)$")
_VALUE = re.compile(r"( *)(?:- )?([\w$-]+):\s+(.*)$|( *)- (.*)$")


def in_yaml(lines: Sequence[str], line: int, column: int, known: Known) -> Offer | None:
    """At a place (from 0) of a document's text. `start` counts in the line."""
    text = lines[line][:column]
    if re.search(r"(?:^|\s)#", text) and not in_hole(text, len(text)):
        return None
    typed = _TYPED.match(text)
    indent = len(text) - len(text.lstrip(" "))
    path = path_above(lines, line, indent)
    task = path[1] if path[:1] == ("tasks",) and len(path) > 1 else ""
    value = _VALUE.match(text)
    if value is not None:
        key = value[2] or ""
        inside = (*path, key) if key else path
        if key and not task and path == ("tasks",):
            task = key
        dotted = ".".join(inside[2:] if task else inside)
        offer = in_field(dotted, text, len(text), task, known)
        return offer or _values(inside, text)
    if in_hole(text, len(text)):
        return expression(text, len(text), task, known)
    if typed is not None and not typed[2]:
        keys = list(_keys(path))
        there = _siblings(lines, line, indent) if keys else set()
        return _offer(typed[3], len(text), (one for one in keys if one.text not in there))
    return None


def path_above(lines: Sequence[str], line: int, indent: int) -> tuple[str, ...]:
    """The keys that a line of this indent stands below."""
    found: list[str] = []
    for text in _walk(lines, line, -1):
        if not indent:
            break
        if text.startswith(" " * indent):
            continue
        match = _KEY.match(text)
        if match is not None and len(match[1]) < indent:
            found.append(match[3])
            indent = len(match[1])
    return tuple(reversed(found))


def _siblings(lines: Sequence[str], line: int, indent: int) -> set[str]:
    """Keys that stand at the same level already."""
    found, deeper = set(), " " * (indent + 1)
    for step in (-1, 1):
        for text in _walk(lines, line, step):
            if text.startswith(deeper):
                continue
            bare = text.lstrip(" ")
            depth = len(text) - len(bare)
            if bare and depth < indent:
                break
            match = _KEY.match(text)
            if match is not None and depth == indent:
                found.add(match[3])
    return found


def _walk(lines: Sequence[str], line: int, step: int) -> Iterator[str]:
    """The lines after one (step 1) or before it (-1). Far ones are fetched at once: one by one they cost much more."""
    for at in range(line + step, line + step * (NEAR + 1), step):
        if not 0 <= at < len(lines):
            return
        yield lines[at]
    yield from lines[line + NEAR + 1 :] if step > 0 else reversed(lines[: max(0, line - NEAR)])


@cache
def _schema() -> dict[str, Any]:
    return make_schema()


def _nodes(path: Sequence[str]) -> list[Mapping[str, Any]]:
    """The schema at a path, in all its ways."""
    nodes = _ways(_schema())
    for key in path:
        inner = []
        for node in nodes:
            prop = node.get("properties", {}).get(key, node.get("additionalProperties"))
            if isinstance(prop, Mapping):
                inner.extend(_ways(prop))
        nodes = inner
    return nodes


def _ways(node: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    reference = node.get("$ref")
    if isinstance(reference, str):
        node = {**_schema()["$defs"][reference.rpartition("/")[2]], **node}
    return [node, *(way for inner in node.get("anyOf", ()) for way in _ways(inner))]


def _keys(path: Sequence[str]) -> Iterator[Suggestion]:
    for node in _nodes(path):
        for name, prop in node.get("properties", {}).items():
            yield Suggestion(name, str(prop.get("description", "")).replace("`", ""), ": ")


def _values(path: Sequence[str], text: str) -> Offer | None:
    word = _last(_WORD, text)
    found: list[Suggestion] = []
    for node in _nodes(path):
        found.extend(Suggestion(str(value)) for value in node.get("enum", ()))
        if node.get("type") == "boolean":
            found.extend((Suggestion("true"), Suggestion("false")))
    return _offer(word, len(text), found)
