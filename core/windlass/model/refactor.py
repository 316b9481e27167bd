"""What one task's fields say of another task, and the same with that task renamed or removed."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from windlass.model.files import parse_input
from windlass.model.syntax import ExprError, Reference, uses
from windlass.model.template import Hole, split

_RENDERED = ("command", "script", "args", "kwargs", "env", "workdir", "inputs", "outputs")


def drop_references(body: Mapping[str, Any], task: str, gone: bool = False) -> dict[str, Any]:
    """The new values of `needs` and `inputs` (where the task is `gone` altogether: and `apart`) without this task.

    None: the field is empty now.
    """
    changed: dict[str, Any] = {}
    fields: list[tuple[str, Callable[[Any], Any]]] = [("needs", _need_of), ("inputs", _input_of)]
    if gone:
        fields.append(("apart", _need_of))
    for field, refers in fields:
        value = body.get(field)
        entries = value if isinstance(value, list) else [] if value is None else [value]
        kept = [entry for entry in entries if refers(entry) != task]
        if len(kept) != len(entries):
            changed[field] = kept or None
    return changed


def _need_of(entry: Any) -> Any:
    return entry.get("task") if isinstance(entry, Mapping) else entry


def _input_of(entry: Any) -> Any:
    return parse_input(entry).task if isinstance(entry, str) else None


def rename_references(body: Mapping[str, Any], old: str, new: str) -> dict[str, Any]:
    """The fields that name the task, with its new name."""
    changed: dict[str, Any] = {}

    def need(entry: Any) -> Any:
        if isinstance(entry, Mapping) and entry.get("task") == old:
            return {**entry, "task": new}
        return new if entry == old else entry

    def outputs(entry: Any) -> Any:
        if isinstance(entry, str) and (entry.startswith(f"{old}.outputs") or entry == f"{old}.result"):
            return new + entry[len(old) :]
        return entry

    for field in body:
        before = after = body[field]
        if field in ("needs", "inputs", "apart"):
            rename: Callable[[Any], Any] = outputs if field == "inputs" else need
            after = [rename(entry) for entry in before] if isinstance(before, list) else rename(before)
        elif field == "foreach":
            after = outputs(before)
        elif field == "when" and isinstance(before, str) and "${{" not in before:
            after = _expression(before, old, new)
        if field in _RENDERED or (field == "when" and isinstance(after, str) and "${{" in after):
            after = _templates(after, old, new)
        if after != before:
            changed[field] = after
    return changed


def in_frames(canvas: Mapping[str, Any], old: str, new: str | None) -> dict[str, Any] | None:
    """The document's `canvas` with the task under another id in its frames (None: in none); None: it is in none now."""
    frames = canvas.get("frames")
    if not isinstance(frames, Mapping):
        return None
    changed = {}
    for name, frame in frames.items():
        tasks = frame.get("tasks") if isinstance(frame, Mapping) else None
        if isinstance(tasks, list) and old in tasks:
            kept = [new if task == old else task for task in tasks if task != old or new is not None]
            changed[name] = {**frame, "tasks": kept}
    return {**canvas, "frames": {**frames, **changed}} if changed else None


def _templates(value: Any, old: str, new: str) -> Any:
    if isinstance(value, str) and "${{" in value and old in value:
        return _template(value, old, new)
    if isinstance(value, Mapping):
        return {key: _templates(inner, old, new) for key, inner in value.items()}
    return [_templates(inner, old, new) for inner in value] if isinstance(value, list) else value


def _template(text: str, old: str, new: str) -> str:
    try:
        holes = [part for part in split(text) if isinstance(part, Hole)]
    except ExprError:
        # An expression that cannot be read is left as it is; the checker says what is wrong with it.
        return text
    for hole in reversed(holes):
        text = text[: hole.inner] + _expression(hole.source, old, new) + text[hole.end - 2 :]
    return text


def _expression(source: str, old: str, new: str) -> str:
    try:
        references = uses(source).references
    except ExprError:
        return source
    for reference in reversed(references):
        if reference.path[:2] == ("tasks", old):
            source = _at(source, reference, old, new)
    return source


def _at(source: str, reference: Reference, old: str, new: str) -> str:
    pattern = rf"(tasks\s*(?:\.\s*|\[\s*['\"])){re.escape(old)}(?![\w-])"
    match = re.compile(pattern).match(source, reference.offset)
    return source[: match.start()] + match[1] + new + source[match.end() :] if match else source
