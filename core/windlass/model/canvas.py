"""What the document keeps for the canvas alone: frames around tasks, and notes. Nothing of it changes how a run works.

So a mistake in it that can be left out is only warned of, and never keeps a graph from running.
"""

from __future__ import annotations

from typing import Any

from windlass.model import fields, ids
from windlass.model.graph import Canvas, Frame, Graph, Note
from windlass.model.problems import Path, Report, closest, shown
from windlass.model.values import ValueReader

_LARGEST_NOTE = 20_000


def read_canvas(reader: ValueReader, raw: Any) -> Canvas:
    """The document's `canvas`, each field judged on its own."""
    body = reader.mapping(("canvas",), raw, "frames, notes")
    reader.known(("canvas",), body, fields.CANVAS, "field of canvas")
    frames = reader.mapping(("canvas", "frames"), body.get("frames"), "ids of frames, each with its tasks")
    notes = body.get("notes")
    if notes is not None and not isinstance(notes, list):
        reader.report.add(("canvas", "notes"), "type", "notes is not a list", found=shown(notes), allowed="a list")
        notes = []
    return Canvas(
        frames={name: _frame(reader, ("canvas", "frames", name), name, frame) for name, frame in frames.items()},
        notes=[_note(reader, ("canvas", "notes", place), note) for place, note in enumerate(notes or [])],
    )


def _frame(reader: ValueReader, path: Path, name: str, raw: Any) -> Frame:
    if not ids.is_id(name):
        reader.report.add(path, "id", "not an id", found=shown(name), allowed=ids.ALLOWED, at_key=True)
    body = reader.mapping(path, raw, "title, tasks, color, folded, within")
    reader.known(path, body, fields.FRAME, "field of a frame")
    tasks = body.get("tasks", [])
    if not isinstance(tasks, list) or not all(isinstance(task, str) for task in tasks):
        reader.report.add((*path, "tasks"), "type", "not a list of tasks", found=shown(tasks), allowed="a list of ids")
        tasks = []
    within = body.get("within")
    return Frame(
        title=reader.text((*path, "title"), body.get("title", ""), limit=200) or "",
        tasks=tasks,
        color=_color(reader, (*path, "color"), body.get("color")),
        folded=bool(reader.truth((*path, "folded"), body.get("folded", False))),
        within=reader.text((*path, "within"), within) if within is not None else None,
    )


def _note(reader: ValueReader, path: Path, raw: Any) -> Note:
    body = reader.mapping(path, raw, "text, position, size, color")
    reader.known(path, body, fields.NOTE, "field of a note")
    size = reader.position((*path, "size"), body.get("size"))
    if size is not None and min(size) <= 0:
        reader.report.add(
            (*path, "size"), "number", "a note has no such size", found=shown(body["size"]), allowed="> 0"
        )
        size = None
    return Note(
        text=reader.text((*path, "text"), body.get("text", ""), limit=_LARGEST_NOTE) or "",
        position=reader.position((*path, "position"), body.get("position")) or (0.0, 0.0),
        size=size,
        color=_color(reader, (*path, "color"), body.get("color")),
    )


def _color(reader: ValueReader, path: Path, raw: Any) -> str:
    if raw is None or raw in fields.COLORS:
        return raw or ""
    hint = closest(str(raw), fields.COLORS)
    reader.report.add(
        path, "color", "not a colour of the canvas", found=shown(raw), allowed=", ".join(fields.COLORS), suggestion=hint
    )
    return ""


def check_canvas(graph: Graph, report: Report) -> None:
    """Warn of frames that name tasks or frames which are not there, twice, or around each other."""
    tasks, frames = {task.id for task in graph.tasks}, graph.canvas.frames
    framed: dict[str, str] = {}
    for name, frame in frames.items():
        for place, task in enumerate(frame.tasks):
            path: Path = ("canvas", "frames", name, "tasks", place)
            if task not in tasks:
                report.add(
                    path, "unknown-task", f"there is no task {shown(task)} for the frame", found=shown(task),
                    allowed="a task of this graph", suggestion=closest(task, list(tasks)), severity="warning",
                )  # fmt: skip
            elif framed.setdefault(task, name) != name:
                message = f"task '{task}' lies in the frame '{framed[task]}' already"
                report.add(path, "duplicate", message, found=shown(task), allowed="one frame", severity="warning")
        seen, around = {name}, frame.within
        while around is not None:
            path = ("canvas", "frames", name, "within")
            if around not in frames:
                report.add(
                    path, "unknown-frame", f"there is no frame {shown(around)}", found=shown(around),
                    allowed=", ".join(frames), suggestion=closest(around, list(frames)), severity="warning",
                )  # fmt: skip
                break
            if around in seen:
                report.add(
                    path, "cycle", f"the frame '{name}' lies within itself", found=shown(frame.within),
                    allowed="a frame around it", severity="warning",
                )  # fmt: skip
                break
            seen.add(around)
            around = frames[around].within
