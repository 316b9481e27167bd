"""A task's fields as text that a person edits, and back, without Qt.

Each `Field` turns what stands in the document into text and typed text into the value to set. It refuses, in the
checker's own words, what `windlass check` would refuse; what only the whole document can tell (an unknown task, a
cycle) comes from the check a moment later. A `Choice` and a `Tick` cannot be wrong. The fields themselves are in
`schema_form.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from io import StringIO
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from windlass.model import syntax
from windlass.model.mistakes import yaml_mistake
from windlass.model.problems import Problem
from windlass.model.single import field_problems

Parse = Callable[[str], object]
Show = Callable[[Any], str]


@dataclass(frozen=True, slots=True)
class Field:
    """`key` is the document's field, or `group.key` inside a mapping such as `resources`."""

    key: str
    label: str
    hint: str
    parse: Parse
    """Text that is not empty -> value; raises ValueError with a sentence."""
    show: Show
    rows: int = 1
    """More than one: a text box of about this many lines."""
    mono: bool = False
    example: str = ""
    """Shown faintly where nothing stands."""
    default: str = ""
    """What counts then."""
    code: str = ""
    """The language of a box of source text."""
    step: str = ""
    """What up and down do in a line."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few values; the first is what counts when the document says nothing."""

    key: str
    label: str
    hint: str
    options: tuple[tuple[str, str], ...]
    """(value in the document, words)."""


@dataclass(frozen=True, slots=True)
class Tick:
    """Yes or no; no when the document says nothing."""

    key: str
    words: str
    """Stand beside the box."""
    hint: str
    label: str


def show_text(value: Any) -> str:
    """A scalar as people write it; anything else as one line of YAML."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (str, int, float)):
        return str(value)
    return _short(plain_data(value))


def show_value(value: Any) -> str:
    """A scalar as people write it, a mapping a line for each key."""
    return show_yaml(value) if isinstance(value, Mapping) else show_text(value)


def show_yaml(value: Any) -> str:
    """Data as YAML: of a mapping a line for each key; what is long in a block."""
    if value is None:
        return ""
    plain = plain_data(value)
    if isinstance(plain, dict) and plain:
        lines = [_dump({key: entry}, flow=True)[1:-1] for key, entry in plain.items()]
        return "\n".join(lines) if max(map(len, lines)) <= 60 else _dump(plain, flow=False)
    return _short(plain)


def _short(plain: Any) -> str:
    """Plain data as one line of YAML where that is short, else in a block."""
    text = _dump(plain, flow=True)
    return text if len(text) <= 60 else _dump(plain, flow=False)


def show_lines(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return "\n".join(show_text(entry) for entry in value)
    return show_text(value)


def show_names(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else show_text(value)


def show_pairs(value: Any) -> str:
    if isinstance(value, Mapping):
        return "\n".join(f"{key}={show_text(entry)}" for key, entry in value.items())
    return show_text(value)


def show_command(value: Any) -> str:
    """A list has an argument a line, a string is as it is."""
    return show_lines(value)


def parse_text(text: str) -> object:
    return text.strip()


def parse_block(text: str) -> object:
    """A script keeps its lines and ends with one line feed, which YAML writes most readably."""
    return text.rstrip("\n") + "\n" if "\n" in text.strip("\n") else text


def parse_lines(text: str) -> object:
    return [line.strip() for line in text.splitlines() if line.strip()]


def parse_pairs(text: str) -> object:
    """NAME=TEXT, one a line."""
    return dict(_pairs(text, "=value"))


def parse_amounts(text: str) -> object:
    """NAME=NUMBER, one a line."""
    return {name: parse_yaml(value) for name, value in _pairs(text, "=number")}


def _pairs(text: str, what: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        if not line.strip():
            continue
        name, equals, value = line.partition("=")
        if not equals or not name.strip():
            raise ValueError(f"“{line.strip()}”: write NAME{what}, one a line")
        yield name.strip(), value.strip()


def parse_names(text: str) -> object:
    """Names with commas or blanks between them."""
    return text.replace(",", " ").split()


def judged(key: str, parse: Parse) -> Parse:
    """Refuse what the checker would refuse of this field alone, in its words."""
    field, _, inner = key.partition(".")

    def judge(text: str) -> object:
        value = parse(text)
        problems = field_problems(field, {inner: value} if inner else value)
        if problems:
            raise ValueError(told(problems[0], 2 if inner else 1))
        return value

    return judge


def told(problem: Problem, depth: int) -> str:
    """A problem in words; `depth` is how much of its path everybody sees who reads it."""
    where = "".join(f"{part}: " for part in problem.path[depth:] if isinstance(part, str))
    found = f", found {problem.found}" if problem.found else ""
    allowed = f"; allowed: {problem.allowed}" if problem.allowed else ""
    hint = f"; did you mean “{problem.suggestion}”?" if problem.suggestion else ""
    return f"{where}{problem.message}{found}{allowed}{hint}"


def parse_condition(text: str) -> object:
    """With or without `${{ }}` around all of it. Raises what the expression's own parser says."""
    source = text.strip()
    inner = source[3:-2] if source.startswith("${{") and source.endswith("}}") else source
    syntax.parse(inner.strip())
    return source


def parse_yaml(text: str) -> object:
    """As it would stand in a document: a number where it is one."""
    try:
        return YAML(typ="safe", pure=True).load(text)
    except MarkedYAMLError as error:
        words, at = yaml_mistake(error, text)
        where = f" (line {text.count(chr(10), 0, at) + 1})" if at is not None and "\n" in text else ""
        raise ValueError(words + where) from None
    except YAMLError as error:
        raise ValueError((str(error).splitlines() or ["not valid YAML"])[0]) from None


def parse_yaml_list(text: str) -> object:
    value = parse_yaml(text)
    if not isinstance(value, list):
        raise ValueError("write a list, such as [1, 2, 3]")
    return value


def parse_yaml_mapping(text: str) -> object:
    value = parse_yaml(text)
    if not isinstance(value, dict):
        raise ValueError("write names and values, such as size: 4")
    return value


def plain_data(value: Any) -> Any:
    """The tree's own mappings, sequences and scalars as plain Python data."""
    if isinstance(value, Mapping):
        return {str(key): plain_data(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain_data(entry) for entry in value]
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value)
    return str(value)


def _dump(value: Any, flow: bool) -> str:
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = flow
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]  # in the document's order
    yaml.width = 10_000 if flow else 80
    stream = StringIO()
    yaml.dump(value, stream)
    return stream.getvalue().removesuffix("\n...\n").removesuffix("\n")
