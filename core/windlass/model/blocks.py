"""The source text of a YAML block mapping, cut at its keys, so that an edit rewrites only the lines it concerns."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import YAMLError
from ruamel.yaml.scalarstring import (
    DoubleQuotedScalarString,
    LiteralScalarString,
    PlainScalarString,
    ScalarString,
    SingleQuotedScalarString,
)

from windlass.model.problems import Report
from windlass.model.source import Source, Unreadable

_FLOW_WIDTH = 70


class Block:
    """A mapping's source: what stands before the first key, and for each key its lines with all that belongs to it."""

    def __init__(self, before: str, entries: dict[str, str], indent: int) -> None:
        self.before = before
        self.entries = entries
        self.indent = indent

    def text(self) -> str:
        return self.before + "".join(self.entries.values())

    def put(self, key: str, source: str) -> None:
        """Set a key's lines, given without indentation; a new key comes last."""
        lines = shift(source, self.indent)
        if key not in self.entries and self.entries:
            last = next(reversed(self.entries))
            if not self.entries[last].endswith("\n"):
                self.entries[last] += "\n"
        self.entries[key] = lines

    def rename(self, old: str, new: str, source: str) -> None:
        """Give a key's lines another name in the same place."""
        lines = shift(source, self.indent)
        self.entries = {new if key == old else key: lines if key == old else text for key, text in self.entries.items()}

    def source(self, key: str) -> str:
        """A key's lines without their indentation."""
        return shift(self.entries[key], -self.indent)


def shift(text: str, by: int) -> str:
    """Indent every line that is not empty, or take indentation away where it is."""
    lines = text.splitlines(keepends=True)
    if by >= 0:
        return "".join(" " * by + line if line.strip() else line for line in lines)
    return "".join(line[min(-by, len(line) - len(line.lstrip(" "))) :] for line in lines)


def split_block(text: str, places: Mapping[str, int], start: int, end: int) -> Block | None:
    """Cut `text[start:end]`, which holds a mapping; None when it is no plain block mapping.

    `places` says where each of its keys stands, in their order. Comments directly above a key belong to it.
    """
    if not places:
        return None
    starts = []
    indent = -1
    for at in places.values():
        begin = text.rfind("\n", 0, at) + 1
        indent = at - begin if indent < 0 else indent
        if at - begin != indent or text[begin:at].strip(" "):
            return None
        starts.append(begin)
    if starts != sorted(set(starts)) or starts[0] < start:
        return None
    cuts = [_with_comments(text, begin, floor, indent) for begin, floor in zip(starts, [start, *starts], strict=False)]
    entries = {key: text[a:b] for key, a, b in zip(places, cuts, [*cuts[1:], end], strict=True)}
    return Block(text[start : cuts[0]], entries, indent)


def _with_comments(text: str, begin: int, floor: int, indent: int) -> int:
    """Move the cut above the comment lines that stand directly over a key, at its own indentation."""
    while begin > floor:
        above = text.rfind("\n", 0, begin - 1) + 1
        line = text[above:begin]
        if above < floor or not line.lstrip(" ").startswith("#") or len(line) - len(line.lstrip(" ")) != indent:
            break
        begin = above
    return begin


_SCALAR = re.compile(r"(^|[:\-]\s+)(!\S*\s+)?[|>][-+0-9]*\s*(#.*)?$")
"""The end of a line after which a text block begins."""
_FIELD = re.compile(r"([A-Za-z_]\w*):(\s|$)")
_SIMPLE = re.compile(r"(\s*)(\[[^\[\]{}\"'#]*\]|\{[^\[\]{}\"'#]*\}|[\w.]+)(\s*(#.*)?\n?)$")
"""A value on one line that can be replaced as it stands: plain words or numbers, one, in brackets or in braces."""


def text_lines(lines: list[str]) -> list[bool]:
    """Which lines are inside a text block (`|`, `>`): there, a `#` begins no comment."""
    inside: list[bool] = []
    outer: int | None = None
    for line in lines:
        indent = len(line) - len(line.lstrip(" "))
        if outer is not None and line.strip() and indent <= outer:
            outer = None
        inside.append(outer is not None)
        if outer is None and not line.lstrip(" ").startswith("#") and _SCALAR.search(line.rstrip()):
            outer = indent
    return inside


def trailing(text: str) -> tuple[str, str]:
    """Lines of a piece, and the blank and comment lines at its end, which belong to what stands around it."""
    lines = text.splitlines(keepends=True)
    inside = text_lines(lines)
    end = len(lines)
    while end > 1:
        line = lines[end - 1].strip()
        if line and (not line.startswith("#") or inside[end - 1]):
            break
        end -= 1
    kept = "".join(lines[:end])
    return (kept if kept.endswith("\n") else kept + "\n"), "".join(lines[end:])


def drawn_out(text: str, indent: int) -> str:
    """Blank and comment lines, none further in than `indent`."""
    lines = text.splitlines(keepends=True)
    return "".join(line[max(0, len(line) - len(line.lstrip(" ")) - indent) :] for line in lines)


def set_line(piece: str, fields: list[str], field: str, value: str) -> str | None:
    """Set a field of a task's lines to a value on one line, without reading them as YAML.

    None when that is not safe: the lines are not plainly the task's key and below it these fields, one a line or more.
    """
    lines = piece.splitlines(keepends=True)
    inside = text_lines(lines)
    own = [place for place, line in enumerate(lines) if line.strip() and line.strip()[0] != "#" and not inside[place]]
    if len(own) < 2 or not lines[own[0]].split("#")[0].rstrip().endswith(":"):
        return None
    indent = len(lines[own[1]]) - len(lines[own[1]].lstrip(" "))
    found: dict[str, int] = {}
    for place in own[1:]:
        line = lines[place]
        depth = len(line) - len(line.lstrip(" "))
        if depth > indent or (depth == indent and line[depth:].startswith("- ")):
            continue
        match = _FIELD.match(line, depth)
        if depth < indent or match is None or match[1] in found:
            return None
        found[match[1]] = place
    if list(found) != fields:
        return None
    if field not in found:
        kept, rest = trailing(piece)
        return f"{kept}{' ' * indent}{field}: {value}\n{rest}"
    place = found[field]
    start = indent + len(field) + 1
    old = _SIMPLE.match(lines[place], start)
    below = next((after for after in own if after > place), len(lines))
    if old is None or (below < len(lines) and below not in found.values()):
        return None
    lines[place] = lines[place][:start] + old[1] + value + old[3]
    return "".join(lines)


def split_fields(text: str) -> Block | None:
    """Cut a task's lines (`id:` and below) at its fields; `before` is then the line with the id."""
    source = Source(text, "yaml", Report())
    try:
        data = source.read()
    except Unreadable:
        return None
    if not isinstance(data, dict) or len(data) != 1:
        return None
    task, body = next(iter(data.items()))
    if not isinstance(body, dict) or not body or any((task, field) not in source.keys for field in body):
        return None
    span = source.locate({(task,)})[(task,)]
    first = text.find("\n", span.key) + 1
    if not first or text[span.start : span.start + 1] == "{" or span.start < first:
        return None
    block = split_block(text, {field: source.keys[task, field] for field in body}, first, len(text))
    if block is not None:
        block.before = text[:first] + block.before
    return block


def yaml(sequence_offset: int = 0) -> YAML:
    """The round-trip reader and writer, set so that it changes as little as it can."""
    tool = YAML(typ="rt")
    tool.preserve_quotes = True
    tool.width = 100_000
    tool.indent(mapping=2, sequence=2 + sequence_offset, offset=sequence_offset)
    return tool


def load(text: str) -> Any:
    """A piece of source as a tree that keeps its comments. Raises `ValueError` where that reader is at a loss."""
    try:
        return yaml().load(text)
    except YAMLError as error:
        raise ValueError(f"this text can only be changed by hand: {str(error).splitlines()[0]}") from error


def dump(tree: Any, like: str = "") -> str:
    """The tree's source; lists are indented as they are in `like`."""
    out = io.StringIO()
    yaml(_sequence_offset(like)).dump(tree, out)
    return out.getvalue()


def _sequence_offset(text: str) -> int:
    """Whether dashes stand further in than their key, which most people do and some do not."""
    previous = ""
    for line in text.splitlines():
        stripped = line.lstrip(" ")
        if stripped.startswith("- ") and previous.rstrip().endswith(":"):
            return 2 if len(line) - len(stripped) > len(previous) - len(previous.lstrip(" ")) else 0
        if stripped and not stripped.startswith("#"):
            previous = line
    return 2


def assign(target: Any, key: Any, value: Any) -> None:
    """Set a value in a tree, keeping what has not changed in lists and mappings with its comments and quotes."""
    old = target[key] if isinstance(target, list) or key in target else None
    if isinstance(old, CommentedMap) and isinstance(value, dict) and value:
        for gone in [name for name in old if name not in value]:
            del old[gone]
        for name, inner in value.items():
            assign(old, name, inner)
    elif isinstance(old, CommentedSeq) and isinstance(value, list) and len(old) == len(value):
        for place, inner in enumerate(value):
            assign(old, place, inner)
    elif old == value and (type(old) is type(value) or (isinstance(old, str) and isinstance(value, str))):
        pass
    else:
        target[key] = _in_style_of(old, styled(value))


def _in_style_of(old: Any, new: Any) -> Any:
    if isinstance(old, CommentedSeq | CommentedMap) and isinstance(new, CommentedSeq | CommentedMap):
        if old.fa.flow_style():
            new.fa.set_flow_style()
    elif isinstance(old, SingleQuotedScalarString | DoubleQuotedScalarString) and type(new) is str:
        return type(old)(new)
    elif isinstance(old, ScalarString) and type(new) is str:
        # Said, as the tree would make a text block of it otherwise.
        return DoubleQuotedScalarString(new) if "\n" in new else PlainScalarString(new)
    return new


def styled(value: Any) -> Any:
    """A value as a person would write it: short lists and mappings on one line, long texts as blocks."""
    if isinstance(value, str):
        # With blank lines at its end it would be a block whose meaning depends on what stands below it.
        lines = "\n" in value.strip("\n") and not value.endswith("\n\n") and "\t" not in value
        lines = lines and not any(line.endswith((" ", "\t")) for line in value.splitlines())
        return LiteralScalarString(value) if lines else value
    if isinstance(value, dict):
        made = CommentedMap((key, styled(inner)) for key, inner in value.items())
        if _short(value):
            made.fa.set_flow_style()
        return made
    if isinstance(value, list | tuple):
        items = CommentedSeq(styled(inner) for inner in value)
        if _short(value):
            items.fa.set_flow_style()
        return items
    return value


def _short(value: Any) -> bool:
    inner = value.values() if isinstance(value, dict) else value
    if any(isinstance(one, str) and "\n" in one for one in inner):
        return False
    if any(isinstance(one, dict | list | tuple) and not _short(one) for one in inner):
        return False
    return len(str(value)) <= _FLOW_WIDTH
