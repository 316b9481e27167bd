"""The inspector's form, made from the format's schema, without Qt: every key of the format is reached by a field.

A key that is added to the format appears by itself: what it means and how it is typed follow from its schema, and
`forms.py` only says how it looks.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeAlias

from windlass.model.schema import make_schema
from windlass_gui.editor.form import fields as f
from windlass_gui.editor.form.fields import Choice, Field, Parse, Show, Tick, judged
from windlass_gui.editor.form.forms import FIXED, GRAPH_LOOK, LOOK, OWN, SCALAR, SECTIONS, VARIANTS, Look

Schema: TypeAlias = Mapping[str, Any]

WAYS: dict[str, tuple[Parse, Show]] = {
    "text": (f.parse_text, f.show_text),
    "command": (f.parse_text, f.show_command),
    "block": (f.parse_block, f.show_text),
    "value": (f.parse_yaml, f.show_value),
    "lines": (f.parse_lines, f.show_lines),
    "names": (f.parse_names, f.show_names),
    "pairs": (f.parse_pairs, f.show_pairs),
    "amounts": (f.parse_amounts, f.show_pairs),
    "list": (f.parse_yaml_list, f.show_yaml),
    "mapping": (f.parse_yaml_mapping, f.show_yaml),
    "condition": (f.parse_condition, f.show_text),
}
"""How a value is typed, and shown again."""

_WHOLE_CHECK = ("title", "description", "command", "script", "shell", "python", "args", "kwargs", "position")
"""Fields that only the check of the whole document judges."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A field with its place in the form."""

    field: Field | Choice | Tick
    section: str
    only: tuple[str, ...] = ()
    fixed: str = ""
    alone: str = ""

    @property
    def key(self) -> str:
        return self.field.key


@dataclass(slots=True)
class Seen:
    """What one or several tasks say of a key."""

    value: Any = None
    count: int = 0
    """How many say something."""
    mixed: bool = False
    """They do not say the same."""


@cache
def task_form() -> tuple[Entry, ...]:
    schema = make_schema()
    return tuple(_sorted(_entries(schema, schema["$defs"]["task"], "", LOOK)))


@cache
def graph_form() -> tuple[Entry, ...]:
    schema = make_schema()
    return tuple(_sorted(_entries(schema, schema, "", {**LOOK, **GRAPH_LOOK})))


def _sorted(entries: Iterable[Entry]) -> list[Entry]:
    order, looks = list(SECTIONS), list(LOOK)

    def place(entry: Entry) -> tuple[int, int]:
        key = entry.key.removeprefix("defaults.")
        return order.index(entry.section), looks.index(key) if key in looks else len(looks)

    return sorted(entries, key=place)


def _entries(schema: Schema, node: Schema, prefix: str, looks: Mapping[str, Look]) -> Iterator[Entry]:
    for name, raw in node.get("properties", {}).items():
        key = prefix + name
        if key in OWN:
            continue
        prop = _resolved(schema, raw)
        inside = _mapping_of(schema, name, prop)
        if inside is not None:
            yield from _entries(schema, inside, key + ".", looks)
            continue
        bare = key.removeprefix("defaults.")
        for look in VARIANTS.get(bare) or (looks.get(bare) or _plain_look(bare),):
            yield _entry(key, raw, prop, look)


def _resolved(schema: Schema, node: Schema) -> Schema:
    """With what its `$ref` stands for; what it says itself goes first."""
    reference = node.get("$ref")
    if not isinstance(reference, str):
        return node
    return {**schema["$defs"][reference.rpartition("/")[2]], **node}


def _mapping_of(schema: Schema, name: str, node: Schema) -> Schema | None:
    """The mapping with named keys that a field is, or may be written as."""
    if "properties" in node:
        return node
    if name in SCALAR:
        for way in node.get("anyOf", ()):
            found = _resolved(schema, way)
            if "properties" in found:
                return found
    return None


def _plain_look(key: str) -> Look:
    name = key.rpartition(".")[2]
    return Look(re.sub(r"[-_]+", " ", name).capitalize())


def _entry(key: str, raw: Schema, prop: Schema, look: Look) -> Entry:
    bare = key.removeprefix("defaults.")
    hint = re.sub(r"`([^`]*)`", r"“\1”", str(raw.get("description", "")))
    section = look.section if bare == key else "defaults"
    only = look.only if bare == key else ()
    made: Field | Choice | Tick
    if "enum" in prop:
        words = look.words or tuple(str(value) for value in prop["enum"])
        made = Choice(key, look.label, hint, tuple(zip(map(str, prop["enum"]), words, strict=True)))
    elif prop.get("type") == "boolean":
        made = Tick(key, look.words[0] if look.words else look.label, hint, look.label)
    else:
        kind = look.kind or _kind(raw, prop)
        parse, show = WAYS[kind]
        if bare.partition(".")[0] not in _WHOLE_CHECK and (bare == key or key.startswith("defaults.")):
            parse = judged(bare, parse)
        rows = look.rows if look.rows > 1 or kind not in ("pairs", "amounts", "mapping") else 2
        made = Field(
            key, look.label, hint, parse, show, rows, look.mono, look.example, look.default, look.code, look.step
        )
    return Entry(made, section, only, FIXED.get(key, ""), look.alone)


def _kind(raw: Schema, prop: Schema) -> str:
    """How a value of this schema is typed."""
    kind = prop.get("type")
    ways = prop.get("anyOf", ())
    if raw.get("$ref") in ("#/$defs/size", "#/$defs/duration") or kind in ("integer", "number"):
        return "value"
    if any(way.get("type") == "array" and way.get("items", {}).get("type") == "string" for way in ways):
        return "lines"
    if kind == "string":
        return "text"
    if kind == "array":
        return "list"
    if kind == "object":
        inner = prop.get("additionalProperties")
        of = inner.get("type") if isinstance(inner, Mapping) else None
        return "amounts" if of in ("integer", "number") else "pairs" if isinstance(of, list) else "mapping"
    return "value"


# --- values --------------------------------------------------------------------------------------------------


def value_at(raw: object, key: str) -> Any:
    """What stands at a dotted key; a mapping that is written as one value has it at its main key."""
    for part in key.split("."):
        if not isinstance(raw, Mapping):
            return None
        inner = raw.get(part)
        main = SCALAR.get(part)
        raw = {main: inner} if main and inner is not None and not isinstance(inner, Mapping) and part != key else inner
    return raw


def with_value(raw: Mapping[str, Any], key: str, value: object) -> tuple[str, object]:
    """The field to set, and to what, so that the dotted `key` has this value (None: is not there)."""
    field, _, rest = key.partition(".")
    return field, value if not rest else _put(field, f.plain_data(raw.get(field)), rest, value)


def _put(name: str, before: Any, key: str, value: object) -> object:
    main = SCALAR.get(name)
    mapping: dict[str, Any] = before if isinstance(before, dict) else {}
    if main and before is not None and not isinstance(before, dict):
        mapping = {main: before}
    part, _, rest = key.partition(".")
    inner = _put(part, mapping.get(part), rest, value) if rest else value
    if inner is None:
        mapping.pop(part, None)
    else:
        mapping[part] = inner
    if main and set(mapping) == {main}:
        return mapping[main]
    return mapping or None


def gather(raws: Iterable[Mapping[str, Any]], entries: Iterable[Entry]) -> dict[str, Seen]:
    """What tasks say of each key, in one pass over what they hold."""
    by_top: dict[str, set[str]] = {}
    for entry in entries:
        by_top.setdefault(entry.key.partition(".")[0], set()).add(entry.key)
    found = {key: Seen() for keys in by_top.values() for key in keys}
    total = 0
    for raw in raws:
        total += 1
        for top, held in raw.items():
            for key in by_top.get(top, ()):
                value = held if key == top else value_at(raw, key)
                if value is None:
                    continue
                seen = found[key]
                if not seen.count:
                    seen.value = value
                elif not seen.mixed and (type(value) is not type(seen.value) or value != seen.value):
                    seen.mixed = True
                seen.count += 1
    for seen in found.values():
        seen.mixed = seen.mixed or 0 < seen.count < total
    return found
