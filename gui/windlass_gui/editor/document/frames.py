"""Frames and notes as they stand in the text, right or wrong, without Qt: read forgivingly, like `facts.py`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from windlass.model import fields
from windlass_gui.editor.document.facts import position_of, text_of

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class FrameFacts:
    """A named box around tasks."""

    id: str
    title: str = ""
    tasks: tuple[str, ...] = ()
    """Those directly inside; each task lies in at most one frame."""
    color: str = ""
    folded: bool = False
    within: str = ""
    """The frame around it; empty on the canvas itself. Never leads in a circle."""

    @property
    def label(self) -> str:
        return self.title or self.id


@dataclass(frozen=True, slots=True)
class NoteFacts:
    """A text on the canvas."""

    text: str = ""
    position: Point = (0.0, 0.0)
    size: Point | None = None
    color: str = ""


def frames_of(canvas: object, tasks: Collection[str]) -> dict[str, FrameFacts]:
    """The frames of a document's `canvas`, by id, around those of `tasks` that exist."""
    raw = canvas.get("frames") if isinstance(canvas, Mapping) else None
    if not isinstance(raw, Mapping):
        return {}
    framed: set[str] = set()
    found: dict[str, FrameFacts] = {}
    for key, body in raw.items():
        frame: Mapping[Any, Any] = body if isinstance(body, Mapping) else {}
        listed = frame.get("tasks")
        inside = [task for task in listed if isinstance(task, str)] if isinstance(listed, list) else []
        mine = tuple(dict.fromkeys(task for task in inside if task in tasks and task not in framed))
        framed.update(mine)
        within = frame.get("within")
        found[str(key)] = FrameFacts(
            id=str(key),
            title=text_of(frame.get("title")),
            tasks=mine,
            color=_color(frame),
            folded=frame.get("folded") is True,
            within=within if isinstance(within, str) and within in raw and _leads_out(raw, str(key)) else "",
        )
    return found


def _leads_out(frames: Mapping[Any, Any], name: str) -> bool:
    seen = set()
    at: object = name
    while isinstance(at, str) and at in frames:
        if at in seen:
            return False
        seen.add(at)
        body = frames[at]
        at = body.get("within") if isinstance(body, Mapping) else None
    return True


def notes_of(canvas: object) -> tuple[NoteFacts, ...]:
    """The notes of a document's `canvas`, in the text's order; what is no note is an empty one."""
    raw = canvas.get("notes") if isinstance(canvas, Mapping) else None
    notes = []
    for body in raw if isinstance(raw, list) else ():
        note: Mapping[Any, Any] = body if isinstance(body, Mapping) else {}
        size = position_of(note.get("size"))
        notes.append(
            NoteFacts(
                text=note["text"] if isinstance(note.get("text"), str) else "",
                position=position_of(note.get("position")) or (0.0, 0.0),
                size=size if size is not None and min(size) > 0 else None,
                color=_color(note),
            )
        )
    return tuple(notes)


def _color(body: Mapping[Any, Any]) -> str:
    color = body.get("color")
    return color if color in fields.COLORS else ""
