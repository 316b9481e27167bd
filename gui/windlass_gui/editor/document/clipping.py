"""Tasks as a piece of YAML: what copy, paste, templates and dragging pass around. Without Qt.

A piece is `tasks:` as in a document, with the frames that hold nothing else, so a whole document is one as well.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from windlass.model.blocks import dump, styled
from windlass.model.document import DocumentError
from windlass.model.edit import DocumentText
from windlass.model.ids import ALLOWED, is_id
from windlass.model.refactor import rename_references
from windlass_gui.editor.canvas.layout import layout
from windlass_gui.editor.document.document import Document
from windlass_gui.editor.document.facts import needs_of, position_of
from windlass_gui.editor.document.frames import Point
from windlass_gui.editor.form.fields import plain_data

_WORD = re.compile(r"[\w-]+")
_TASKS = re.compile(r"^\s*['\"]?tasks['\"]?\s*:", re.MULTILINE)


@dataclass(slots=True)
class Clipping:
    """Tasks and frames as plain data, by id."""

    tasks: dict[str, dict[str, Any]] = field(default_factory=dict)
    frames: dict[str, dict[str, Any]] = field(default_factory=dict)

    def corner(self) -> Point | None:
        """The top left corner of those that have a place."""
        places = [place for body in self.tasks.values() if (place := position_of(body.get("position"))) is not None]
        return (min(x for x, _ in places), min(y for _, y in places)) if places else None

    def lay_out(self) -> None:
        """Give each task a place, from (0, 0) on."""
        needs = {task: [need for need, _ in needs_of(body.get("needs"))] for task, body in self.tasks.items()}
        for task, place in layout(needs).items():
            self.tasks[task]["position"] = list(place)


def clip(document: Document, tasks: Iterable[str]) -> str:
    """These tasks of a document as a piece of YAML; empty without any."""
    chosen = set(tasks)
    picked = {task: plain_data(document.task(task)) for task in document.facts if task in chosen}
    if not picked:
        return ""
    made: dict[str, Any] = {"tasks": picked}
    frames = {
        name: _frame(document, name)
        for name, frame in document.frames.items()
        if frame.tasks and set(frame.tasks) <= chosen
    }
    if frames:
        for body in frames.values():
            if body.get("within") not in frames:
                body.pop("within", None)
        made["canvas"] = {"frames": frames}
    return piece_text(made)


def piece_text(made: Mapping[str, Any]) -> str:
    """Plain data with `tasks` as YAML, each field on a line of its own."""
    tree = styled(dict(made))
    tree.fa.set_block_style()
    tree["tasks"].fa.set_block_style()
    for body in tree["tasks"].values():
        body.fa.set_block_style()
    return dump(tree)


def _frame(document: Document, name: str) -> dict[str, Any]:
    canvas = document.raw["canvas"]
    body: dict[str, Any] = plain_data(canvas["frames"][name])
    return body


def read_clipping(text: str) -> Clipping:
    """A piece of YAML or JSON with `tasks`. Raises `ValueError`, with what is wrong, for anything else."""
    try:
        data = DocumentText(text).data
    except DocumentError as error:
        raise ValueError(_reason(text, error)) from error
    tasks = data.get("tasks")
    if tasks is None and data and all(_is_body(body) for body in data.values()):
        tasks = data  # the lines of some tasks, without those above them
    if not isinstance(tasks, Mapping) or not tasks:
        raise ValueError("nothing in it is a task")
    for task, body in tasks.items():
        if not is_id(task):
            raise ValueError(f"“{task}” is no id for a task ({ALLOWED})")
        if not isinstance(body, Mapping):
            raise ValueError(f"“{task}” says nothing that a task could run")
    canvas = data.get("canvas")
    frames = canvas.get("frames") if isinstance(canvas, Mapping) else None
    return Clipping(
        {task: dict(body) for task, body in plain_data(tasks).items()},
        {name: dict(body) for name, body in plain_data(frames).items() if isinstance(body, Mapping) and is_id(name)}
        if isinstance(frames, Mapping)
        else {},
    )


def _is_body(value: object) -> bool:
    return isinstance(value, Mapping) and any(key in value for key in ("command", "script", "python"))


def _reason(text: str, error: DocumentError) -> str:
    """Why a text is none of ours: where it seems meant as YAML, the mistake in it; else just that."""
    if not text.strip():
        return "the clipboard holds no text"
    first = error.problems[0] if error.problems else None
    if first is None or not first.line or _TASKS.search(text) is None:
        return "it is other text; tasks are copied from a canvas or as YAML"
    return f"line {first.line}: {first.message}"


def fitted(piece: Clipping, taken: Collection[str], frames: Collection[str], shift: Point) -> Clipping:
    """The same under ids that nobody has, moved by `shift`; what they say of each other goes along.

    Needs of tasks that are not among them are dropped. `taken` are ids of tasks, `frames` of frames.
    """
    names = _free(piece.tasks, taken)
    renamed = {old for old, new in names.items() if old != new}
    bodies = {task: dict(body) for task, body in piece.tasks.items()}
    for body in bodies.values():
        kept = [
            {"task": need, "each": True} if each else need
            for need, each in needs_of(body.pop("needs", None))
            if need in names
        ]
        if kept:
            body["needs"] = kept
        place = position_of(body.get("position"))
        if place is not None:
            body["position"] = [round(place[0] + shift[0]), round(place[1] + shift[1])]
    if renamed:
        for body in bodies.values():
            for old in _words(body) & renamed:
                body.update(rename_references(body, old, names[old]))
    boxes = _free(piece.frames, frames)
    made: dict[str, dict[str, Any]] = {}
    for name, frame in piece.frames.items():
        inside = frame.get("tasks")
        held = [names[task] for task in inside if task in names] if isinstance(inside, list) else []
        made[boxes[name]] = {**frame, "tasks": held}
        if frame.get("within") in boxes:
            made[boxes[name]]["within"] = boxes[frame["within"]]
        else:
            made[boxes[name]].pop("within", None)
    return Clipping({names[task]: body for task, body in bodies.items()}, made)


def _free(wanted: Iterable[str], taken: Collection[str]) -> dict[str, str]:
    """An id for each: its own where nobody has it, else with a number that none of these has either."""
    names: dict[str, str] = {}
    wishes = list(dict.fromkeys(wanted))
    used = {*taken, *wishes}
    for wish in wishes:
        name, number = wish, 2
        if wish in taken:
            while name in used:
                name, number = f"{wish}-{number}", number + 1
            used.add(name)
        names[wish] = name
    return names


def _words(value: object) -> set[str]:
    """All that may be an id in what a task says."""
    if isinstance(value, str):
        return set(_WORD.findall(value))
    if isinstance(value, Mapping):
        return {word for inner in value.values() for word in _words(inner)}
    return {word for inner in value for word in _words(inner)} if isinstance(value, list | tuple) else set()
