"""A task's fields as text that a person edits, and back, without Qt.

Each `Field` turns what stands in the document into text and typed text into the value to set. It refuses, with
a sentence, what the model's own parsers refuse; what only the whole document can tell (an unknown task, a cycle)
comes from the check a moment later.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import StringIO
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from windlass.model import constraints, syntax, units

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
    """Shown faintly in an empty line; a box shows the hint."""


def show_text(value: Any) -> str:
    """A scalar as people write it; anything else as one line of YAML."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (str, int, float)):
        return str(value)
    return show_yaml(value)


def show_yaml(value: Any) -> str:
    """Data as YAML in one line where it is short, else in a block."""
    if value is None:
        return ""
    plain = plain_data(value)
    text = _dump(plain, flow=True)
    return text if len(text) <= 60 else _dump(plain, flow=False)


def show_lines(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return "\n".join(show_text(entry) for entry in value)
    return show_text(value)


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
    pairs: dict[str, str] = {}
    for line in text.splitlines():
        if not line.strip():
            continue
        name, equals, value = line.partition("=")
        if not equals or not name.strip():
            raise ValueError(f"“{line.strip()}”: write NAME=value, one a line")
        pairs[name.strip()] = value.strip()
    return pairs


def parse_whole(text: str) -> object:
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"“{text}” is no whole number") from None


def parse_count(text: str) -> object:
    value = parse_whole(text)
    if isinstance(value, int) and value < 0:
        raise ValueError("must not be negative")
    return value


def parse_number(text: str) -> object:
    try:
        value = float(text)
    except ValueError:
        raise ValueError(f"“{text}” is no number") from None
    units.check_number(value, "the value", "a number from 0")
    return int(value) if value.is_integer() else value


def parse_size(text: str) -> object:
    units.parse_size(int(text) if text.isdecimal() else text)
    return int(text) if text.isdecimal() else text.strip()


def parse_duration(text: str) -> object:
    units.parse_duration(float(text) if text.isdecimal() else text)
    return int(text) if text.isdecimal() else text.strip()


def parse_condition(text: str) -> object:
    source = text.strip()
    inner = source[3:-2] if source.startswith("${{") and source.endswith("}}") else source
    syntax.parse(inner.strip())
    return source


def parse_where(text: str) -> object:
    lines = parse_lines(text)
    for line in lines if isinstance(lines, list) else []:
        constraints.parse(line)
    return lines


def parse_yaml(text: str) -> object:
    try:
        return YAML(typ="safe", pure=True).load(text)
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" (line {mark.line + 1})" if mark is not None else ""
        raise ValueError(f"{getattr(error, 'problem', None) or 'no YAML'}{where}") from None


def parse_yaml_list(text: str) -> object:
    value = parse_yaml(text)
    if not isinstance(value, list):
        raise ValueError("write a list, such as [1, 2, 3]")
    return value


def parse_yaml_mapping(text: str) -> object:
    value = parse_yaml(text)
    if not isinstance(value, dict):
        raise ValueError("write names and values, such as {size: 4}")
    return value


def parse_retries(text: str) -> object:
    value = parse_yaml(text)
    if isinstance(value, bool) or not isinstance(value, (int, dict)) or (isinstance(value, int) and value < 0):
        raise ValueError("write how often, such as 2, or {max: 2, backoff: 5 s}")
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
    yaml.width = 10_000 if flow else 80
    stream = StringIO()
    yaml.dump(value, stream)
    return stream.getvalue().removesuffix("\n...\n").removesuffix("\n")


FILES = (
    Field(
        "inputs", "Inputs", "Files it reads, one a line: a path or pattern beside the graph, or TASK.outputs",
        parse_lines, show_lines, rows=2, mono=True,
    ),
    Field(
        "outputs", "Outputs", "Files it makes and that are kept, one path or pattern a line",
        parse_lines, show_lines, rows=2, mono=True,
    ),
)  # fmt: skip
RESOURCES = (
    Field(
        "resources.cpus", "CPUs", "How many CPUs it keeps busy; 0.5 shares one", parse_number, show_text, example="1"
    ),
    Field("resources.memory", "Memory", "What to reserve, such as 512 MiB", parse_size, show_text, example="512 MiB"),
    Field("resources.disk", "Disk", "Room for its files, such as 2 GiB", parse_size, show_text, example="2 GiB"),
    Field("resources.gpus", "GPUs", "Whole GPUs for itself", parse_count, show_text, example="0"),
)
FAILURE = (
    Field("retries", "Retries", "How often a failure is tried again: 2, or {max: 2, backoff: 5 s}", parse_retries,
          show_text, example="0"),
    Field("timeout", "Timeout", "How long one attempt may take, such as 10 min", parse_duration,
          show_text, example="10 min"),
)  # fmt: skip
MORE = (
    Field("when", "Condition", "Runs only if this is true, such as params.crf > 20", parse_condition, show_text,
          mono=True, example="params.size > 2"),
    Field("priority", "Priority", "Higher goes first; 0 is usual", parse_whole, show_text, example="0"),
    Field("where", "Only on", "Constraints on the agents' labels, one a line, such as os == linux", parse_where,
          show_lines, rows=2, mono=True),
    Field("env", "Environment", "Variables, one NAME=value a line", parse_pairs, show_pairs, rows=2, mono=True),
    Field("workdir", "Directory", "Where it runs, below its work directory", parse_text, show_text, mono=True,
          example="."),
)  # fmt: skip
TITLE = Field("title", "Title", "What people read on the node", parse_text, show_text)
DESCRIPTION = Field("description", "Description", "What it is for", parse_text, show_text, rows=2)
COMMAND = Field("command", "Shell line", "Goes through the shell: pipes and quotes work", parse_text, show_command,
                rows=3, mono=True)  # fmt: skip
ARGUMENTS = Field("command", "Arguments", "The program and its arguments, one a line, run as they are", parse_lines,
                  show_command, rows=4, mono=True)  # fmt: skip
SCRIPT = Field("script", "Script", "A block of text for the interpreter", parse_block, show_text, rows=6, mono=True)
SHELL = Field(
    "shell", "Interpreter", "sh -e if empty; or bash, python3, ...", parse_text, show_text, mono=True, example="sh -e"
)
PYTHON = Field("python", "Function", "module:function, found beside the graph or on the agent", parse_text, show_text,
               mono=True, example="module:function")  # fmt: skip
ARGS = Field("args", "Arguments", "A list, such as [1, fast]", parse_yaml_list, show_yaml, rows=2, mono=True)
KWARGS = Field("kwargs", "Named", "Names and values, such as {size: 4}", parse_yaml_mapping, show_yaml, rows=2,
               mono=True)  # fmt: skip
FOREACH = Field("foreach", "For each", "A list, {range: 10}, or TASK.outputs", parse_yaml, show_text, rows=2, mono=True)
MATRIX = Field("matrix", "Matrix", "Names with lists: every combination is one item", parse_yaml_mapping, show_yaml,
               rows=3, mono=True)  # fmt: skip
