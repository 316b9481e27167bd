"""Reading a configuration file by a declaration: which tables and keys there are, what each may be, its default.

A wrong file is refused with every problem in it: file, line, key, what was found, what is allowed, what may be meant.
`settings.py` holds the declaration of the core's own file; this module knows no key by name.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from windlass.model import units
from windlass.model.problems import Path as Place
from windlass.model.problems import Report, closest, shown

Read = Callable[[Any], Any]
"""From a value of the file to what the program uses; raises `Wrong`."""

MAX_FILE = 1024 * 1024
"""Bytes; a settings file that is larger is not one."""


class Wrong(ValueError):
    """A value that is not allowed."""

    def __init__(self, message: str, allowed: str = "", suggestion: str = "", found: str | None = None) -> None:
        super().__init__(message)
        self.allowed = allowed
        self.suggestion = suggestion
        self.found = found
        """The part that is wrong, where that is not the whole value."""


class ConfigError(Exception):
    """The file cannot be used; the text names every problem, a line each."""


@dataclass(frozen=True, slots=True)
class ConfigKey:
    """One key of a table, with the value that it has when the file does not name it."""

    table: str
    """With dots for a table in a table: `fair-share.weights`."""
    name: str
    read: Read
    default: Any
    """As `read` gives it."""
    help: str
    show: Callable[[Any], object] = lambda value: value
    """From the value to what a person would write in the file."""


@dataclass(frozen=True, slots=True)
class ConfigTable:
    """A table whose keys the user chooses: owners, licences. Its value is a dictionary, empty by default."""

    table: str
    read: Read
    """Of each value."""
    help: str
    show: Callable[[Any], object] = lambda value: value
    check: Callable[[str], None] | None = None
    """Raises `Wrong` for a name that cannot be."""


@dataclass(frozen=True, slots=True)
class Values:
    """What is in force."""

    path: Path | None
    """The file that it was read from; None: there was none."""
    values: Mapping[tuple[str, str], Any]
    """(table, key) -> value; a `ConfigTable` as a whole under (table, "")."""
    said: frozenset[tuple[str, str]]
    """What the file names; the rest are defaults."""

    def get(self, table: str, name: str = "") -> Any:
        """One value; without `name` the dictionary of a `ConfigTable`. Raises `KeyError` for what is not declared."""
        return self.values[table, name]


# --- what a value may be ---------------------------------------------------------------------------------


def flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise Wrong("is neither true nor false", "true, false")
    return value


def whole(least: int, most: int) -> Read:
    def read(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise Wrong("is not such a number", f"a whole number from {least} to {most}")
        return value

    return read


def number(least: float, most: float) -> Read:
    """NaN is in no range."""

    def read(value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
            raise Wrong("is not such a number", f"a number from {least:g} to {most:g}")
        return float(value)

    return read


def duration(least: float = 0.0, most: float = units.MAX_DURATION) -> Read:
    """Seconds."""

    def read(value: Any) -> float:
        try:
            seconds = units.parse_duration(value)
        except units.UnitError as error:
            raise Wrong(str(error), error.allowed, error.suggestion) from None
        if not least <= seconds <= most:
            span = f"{units.format_duration(least)} to {units.format_duration(most)}"
            raise Wrong("is too short" if seconds < least else "is too long", span)
        return seconds

    return read


def one_of(known: Sequence[str]) -> Read:
    def read(value: Any) -> str:
        if not isinstance(value, str) or value not in known:
            hint = closest(value, known) if isinstance(value, str) else ""
            raise Wrong("is not known", ", ".join(known), hint, shown(value))
        return value

    return read


def list_of(read_one: Read, least: int = 0, what: str = "a list") -> Read:
    """A tuple, nothing twice."""

    def read(value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise Wrong("is not a list", what)
        result = tuple(read_one(one) for one in value)
        twice = next((one for one in result if result.count(one) > 1), None)
        if twice is not None:
            raise Wrong("names something twice", "each once", found=shown(twice))
        if len(result) < least:
            raise Wrong("is too short", what)
        return result

    return read


# --- reading ---------------------------------------------------------------------------------------------


def load(path: Path, declared: Sequence[ConfigKey | ConfigTable]) -> Values:
    """What the file says; all defaults where there is none. Raises `ConfigError`."""
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_FILE + 1)
    except FileNotFoundError:
        return parse("", declared)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror or error}") from None
    if len(raw) > MAX_FILE:
        raise ConfigError(f"{path}: is larger than {units.format_size(MAX_FILE)}: that is no settings file")
    try:
        source = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{path}:{line}: is not UTF-8 text") from None
    return parse(source, declared, path)


def parse(source: str, declared: Sequence[ConfigKey | ConfigTable], path: Path | None = None) -> Values:
    """As `load`, from text; `path` only names it."""
    values: dict[tuple[str, str], Any] = {}
    for entry in declared:
        values[_place(entry)] = entry.default if isinstance(entry, ConfigKey) else {}
    try:
        document = tomllib.loads(source)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(_syntax(path, str(error))) from None
    report = Report()
    said: set[tuple[str, str]] = set()
    _table(document, "", _Declared(declared), values, said, report)
    if report.drafts:
        lines = _lines(source)
        found = [draft.problem for draft in report.drafts]
        told = []
        for problem in sorted(found, key=lambda problem: _line(lines, problem.path)):
            at = _line(lines, problem.path)
            told.append(f"{path or 'settings'}{f':{at}' if at else ''}: {str(problem).removeprefix('error: ')}")
        raise ConfigError("\n".join(told))
    return Values(path, values, frozenset(said))


class _Declared:
    """The declaration, by table."""

    def __init__(self, declared: Sequence[ConfigKey | ConfigTable]) -> None:
        self.keys: dict[str, dict[str, ConfigKey]] = {}
        self.names = {entry.table: entry for entry in declared if isinstance(entry, ConfigTable)}
        self.tables: dict[str, None] = {}
        for entry in declared:
            if isinstance(entry, ConfigKey):
                self.keys.setdefault(entry.table, {})[entry.name] = entry
            parts = entry.table.split(".")
            self.tables.update(dict.fromkeys(".".join(parts[: end + 1]) for end in range(len(parts))))

    def inside(self, table: str) -> list[str]:
        """The tables right below this one, by their own names."""
        start = f"{table}." if table else ""
        return [one[len(start) :] for one in self.tables if one.startswith(start) and "." not in one[len(start) :]]


def _place(entry: ConfigKey | ConfigTable) -> tuple[str, str]:
    return (entry.table, entry.name) if isinstance(entry, ConfigKey) else (entry.table, "")


def _table(
    content: Mapping[str, Any],
    table: str,
    declared: _Declared,
    values: dict[tuple[str, str], Any],
    said: set[tuple[str, str]],
    report: Report,
) -> None:
    keys, names, inside = declared.keys.get(table, {}), declared.names.get(table), declared.inside(table)
    path: Place = tuple(table.split(".")) if table else ()
    chosen: dict[str, Any] = {}
    for name, value in content.items():
        below = f"{table}.{name}" if table else name
        if name in inside:
            if isinstance(value, dict):
                _table(value, below, declared, values, said, report)
            else:
                report.add((*path, name), "table", "is a table", found=shown(value), allowed=f"[{below}]")
        elif name in keys:
            entry = keys[name]
            if _take(entry.read, value, (*path, name), report, values, (table, name)):
                said.add((table, name))
        elif names is not None:
            _chosen(names, name, value, (*path, name), report, chosen)
        else:
            known = [*keys, *inside]
            allowed = ", ".join([*keys, *(f"[{f'{table}.{one}' if table else one}]" for one in inside)])
            what = "unknown table" if isinstance(value, dict) else "unknown key"
            report.add((*path, name), "unknown", what, found=shown(name), allowed=allowed,
                       suggestion=closest(name, known))  # fmt: skip
    if names is not None:
        values[table, ""] = chosen
        if chosen:
            said.add((table, ""))


def _chosen(names: ConfigTable, name: str, value: Any, path: Place, report: Report, chosen: dict[str, Any]) -> None:
    try:
        if names.check is not None:
            names.check(name)
    except Wrong as error:
        report.add(path, "name", str(error), found=shown(name), allowed=error.allowed)
        return
    _take(names.read, value, path, report, chosen, name)


def _take(read: Read, value: Any, path: Place, report: Report, into: dict[Any, Any], key: Any) -> bool:
    try:
        into[key] = read(value)
    except Wrong as error:
        found = shown(value) if error.found is None else error.found
        report.add(path, "value", str(error), found=found, allowed=error.allowed, suggestion=error.suggestion)
        return False
    return True


# --- places ----------------------------------------------------------------------------------------------

_SYNTAX = re.compile(r"(.*) \(at (?:line (\d+), column (\d+)|end of document)\)", re.DOTALL)
_HEADER = re.compile(r"\s*\[\[?\s*([^\]#]+?)\s*\]\]?\s*(?:#.*)?")
_KEY = re.compile(r"""\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*=""")
_PART = re.compile(r"""[\w-]+|"([^"]*)"|'([^']*)'""")


def _syntax(path: Path | None, message: str) -> str:
    found = _SYNTAX.fullmatch(message)
    if found is None:
        return f"{path or 'settings'}: {message}"
    place = f":{found[2]}:{found[3]}" if found[2] else ""
    return f"{path or 'settings'}{place}: is not TOML: {found[1]}{'' if found[2] else ' at the end of the file'}"


def _lines(source: str) -> dict[Place, int]:
    """Where each table and key begins. A look at the lines, because `tomllib` does not tell; the first one counts."""
    result: dict[Place, int] = {}
    table: Place = ()
    for line, content in enumerate(source.splitlines(), 1):
        if header := _HEADER.fullmatch(content):
            table = _parts(header[1])
            result.setdefault(table, line)
        elif key := _KEY.match(content):
            path: Place = table
            for part in _parts(key[1]):
                path = (*path, part)
                result.setdefault(path, line)
    return result


def _parts(dotted: str) -> Place:
    return tuple(part[1] or part[2] or part[0] for part in _PART.finditer(dotted))


def _line(lines: Mapping[Place, int], path: Place) -> int:
    """Of the key, or else of the table it is in; 0: nowhere."""
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path, 0)


# --- showing ---------------------------------------------------------------------------------------------


def show(values: Values, declared: Sequence[ConfigKey | ConfigTable]) -> str:
    """What is in force, as a file that says the same: what is a default stands in comments."""
    lines: list[str] = []
    tables: dict[str, list[ConfigKey | ConfigTable]] = {}
    for entry in declared:
        tables.setdefault(entry.table, []).append(entry)
    for table, entries in tables.items():
        lines += ["", f"[{table}]"]
        for entry in entries:
            lines.append(f"# {entry.help}")
            value = values.values[_place(entry)]
            if isinstance(entry, ConfigTable):
                lines += [f"{_bare(name)} = {_toml(entry.show(one))}" for name, one in value.items()]
            else:
                mark = "" if (table, entry.name) in values.said else "# "
                lines.append(f"{mark}{entry.name} = {_toml(entry.show(value))}")
    return "\n".join(lines[1:]) + "\n"


def _bare(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _toml(name)


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple | list):
        return "[" + ", ".join(_toml(one) for one in value) + "]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)
