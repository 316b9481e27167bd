"""What the canvas and the inspector need to know of a task as it stands in the text, right or wrong.

A document that is being written is often not valid: a task has no action yet, a need names nothing. The checked
`Graph` does not exist then, but the canvas still has to show what is there. So these facts are read from the raw
data, forgivingly, and never raise.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

KINDS = ("command", "script", "python")


@dataclass(frozen=True, slots=True)
class NodeFacts:
    """One task as drawn."""

    id: str
    title: str = ""
    kind: str = ""
    """command, script, python, or empty when the task has no action (yet)."""
    summary: str = ""
    """The first line of what it runs."""
    needs: tuple[tuple[str, bool], ...] = ()
    """(task, each) in the text's order, without repetitions."""
    array: str = ""
    """matrix, foreach or empty."""
    position: tuple[float, float] | None = None
    description: str = ""
    color: str = ""
    """Of a folded frame."""

    @property
    def label(self) -> str:
        return self.title or self.id


def node_facts(task: str, raw: object) -> NodeFacts:
    """The facts of one task from its raw mapping."""
    data: Mapping[Any, Any] = raw if isinstance(raw, Mapping) else {}
    kind = next((kind for kind in KINDS if kind in data), "")
    array = next((key for key in ("matrix", "foreach") if data.get(key) is not None), "")
    return NodeFacts(
        id=task,
        title=text_of(data.get("title")),
        kind=kind,
        summary=_summary(data.get(kind)) if kind else "",
        needs=needs_of(data.get("needs")),
        array=array,
        position=position_of(data.get("position")),
        description=text_of(data.get("description")),
    )


def needs_of(raw: object) -> tuple[tuple[str, bool], ...]:
    """Needs in any of their spellings: a name, `{task: NAME, each: true}`, or a list of these."""
    if isinstance(raw, (str, Mapping)):
        raw = [raw]
    found: dict[str, bool] = {}
    for entry in raw if isinstance(raw, Iterable) else []:
        if isinstance(entry, Mapping):
            if isinstance(entry.get("task"), str):
                found.setdefault(entry["task"], bool(entry.get("each", False)))
        elif isinstance(entry, str):
            found.setdefault(entry, False)
    return tuple((str(task), each) for task, each in found.items())


def text_of(raw: object) -> str:
    return str(raw).strip() if isinstance(raw, (str, int, float)) and not isinstance(raw, bool) else ""


def _summary(raw: object) -> str:
    if isinstance(raw, (list, tuple)):
        return " ".join(str(part) for part in raw)
    lines = text_of(raw).splitlines()
    return lines[0] if lines else ""


def position_of(raw: object) -> tuple[float, float] | None:
    if isinstance(raw, (list, tuple)) and len(raw) == 2:
        x, y = raw
        if all(isinstance(v, (int, float)) and not isinstance(v, bool) and abs(v) < 1e7 for v in (x, y)):
            return float(x), float(y)
    return None
