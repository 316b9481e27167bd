"""Every edit of frames and notes, each as one named undo step. Positions and sizes are in scene units."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from PySide6.QtCore import QCoreApplication

from windlass.model.edit import DocumentText
from windlass_gui.editor.document.document import Document
from windlass_gui.editor.document.frames import Point
from windlass_gui.editor.form.fields import plain_data

Edit = Callable[[str, Callable[[DocumentText], None]], bool]
"""Makes an edit under a label, as `EditorSession.edit` does; False when it was refused."""


class CanvasEdits:
    """What a session can do with what only the canvas shows."""

    def __init__(self, document: Document, edit: Edit, settle: Callable[[], None]) -> None:
        self.document = document
        self._edit = edit
        self._settle = settle

    def _raw(self) -> tuple[dict[str, dict[str, Any]], list[dict[str, Any]]]:
        """Frames and notes as written, as copies to change."""
        self._settle()
        canvas = self.document.raw.get("canvas")
        data = plain_data(canvas) if isinstance(canvas, Mapping) else {}
        frames, notes = data.get("frames"), data.get("notes")
        return (
            {name: _frame(body) for name, body in frames.items()} if isinstance(frames, dict) else {},
            [dict(body) if isinstance(body, dict) else {} for body in notes] if isinstance(notes, list) else [],
        )

    def _set(self, label: str, frames: Mapping[str, Any], notes: Iterable[Any]) -> bool:
        canvas: dict[str, Any] = {}
        if frames:
            canvas["frames"] = dict(frames)
        if notes := list(notes):
            canvas["notes"] = notes
        return self._edit(label, lambda text: text.set_top("canvas", canvas or None))

    # --- frames --------------------------------------------------------------------------------------------

    def frame(self, tasks: Iterable[str], title: str = "") -> str:
        """A new frame around tasks, which leave the frames that they were in; gives its id, empty without tasks."""
        frames, notes = self._raw()
        chosen = [task for task in self.document.facts if task in set(tasks)]
        if not chosen:
            return ""
        homes = {name for name, body in self.document.frames.items() if set(body.tasks) & set(chosen)}
        name, number = "frame", 2
        while name in frames:
            name, number = f"frame-{number}", number + 1
        # Around tasks of one frame it lies within that frame.
        within = homes.pop() if len(homes) == 1 and self._all_in(chosen, homes) else ""
        self._take_out(frames, chosen)
        frames[name] = {"title": title or _tr("Frame"), "tasks": chosen} | ({"within": within} if within else {})
        return name if self._set(_tr("frame {} tasks").format(len(chosen)), frames, notes) else ""

    def _all_in(self, tasks: list[str], homes: set[str]) -> bool:
        inside = {task for name in homes for task in self.document.frames[name].tasks}
        return set(tasks) <= inside

    @staticmethod
    def _take_out(frames: dict[str, dict[str, Any]], tasks: Iterable[str]) -> None:
        gone = set(tasks)
        for body in frames.values():
            if isinstance(body.get("tasks"), list) and gone & {task for task in body["tasks"] if isinstance(task, str)}:
                body["tasks"] = [task for task in body["tasks"] if task not in gone]

    def unframe(self, name: str) -> None:
        """Remove a frame; its tasks and the frames inside belong to the frame around it then, if any."""
        frames, notes = self._raw()
        gone = frames.pop(name, None)
        if gone is None:
            return
        facts = self.document.frames[name]
        for body in frames.values():
            if body.get("within") == name:
                _put(body, "within", facts.within)
        if facts.within in frames:
            outer = frames[facts.within]
            outer["tasks"] = [*(outer.get("tasks") or []), *facts.tasks]
        self._set(_tr("remove the frame “{}”").format(facts.label), frames, notes)

    def put_into(self, tasks: Iterable[str], name: str) -> None:
        """Tasks into a frame; with an empty name, out of theirs."""
        frames, notes = self._raw()
        chosen = [task for task in self.document.facts if task in set(tasks)]
        if name in frames:
            chosen = [task for task in chosen if task not in self.document.frames[name].tasks]
        before = {key: list(body.get("tasks") or []) for key, body in frames.items()}
        self._take_out(frames, chosen)
        if name in frames:
            frames[name]["tasks"] = [*(frames[name].get("tasks") or []), *chosen]
            label = _tr("put into the frame “{}”").format(self.document.frames[name].label)
        else:
            label = _tr("take out of the frame")
        if {key: list(body.get("tasks") or []) for key, body in frames.items()} != before:
            self._set(label, frames, notes)

    def fold(self, names: Iterable[str], folded: bool) -> None:
        """Draw frames as one node each, or open them again."""
        frames, notes = self._raw()
        chosen = [name for name in names if name in frames and self.document.frames[name].folded != folded]
        for name in chosen:
            _put(frames[name], "folded", folded or None)
        if chosen:
            label = _tr("fold “{}”") if folded else _tr("unfold “{}”")
            self._set(label.format(self.document.frames[chosen[0]].label), frames, notes)

    def name_frame(self, name: str, title: str) -> None:
        frames, notes = self._raw()
        if name in frames:
            _put(frames[name], "title", title.strip())
            self._set(_tr("rename a frame to “{}”").format(title.strip()), frames, notes)

    def color_frame(self, name: str, color: str) -> None:
        frames, notes = self._raw()
        if name in frames:
            _put(frames[name], "color", color)
            self._set(_tr("colour a frame"), frames, notes)

    # --- notes ---------------------------------------------------------------------------------------------

    def add_note(self, point: Point, text: str = "") -> int:
        """A new note; gives its place in the list."""
        frames, notes = self._raw()
        notes.append({"text": text, "position": _whole(point)})
        self._set(_tr("add a note"), frames, notes)
        return len(notes) - 1

    def change_note(self, index: int, label: str, **fields: object) -> None:
        """Set fields of a note; None or an empty text removes one (an empty `text` stays)."""
        frames, notes = self._raw()
        if not 0 <= index < len(notes):
            return
        for field, value in fields.items():
            if field == "text":
                notes[index]["text"] = value
            else:
                _put(notes[index], field, _whole(value) if isinstance(value, tuple) else value)
        self._set(label, frames, notes)

    def remove_note(self, index: int) -> None:
        frames, notes = self._raw()
        if 0 <= index < len(notes):
            del notes[index]
            self._set(_tr("remove a note"), frames, notes)


def _frame(body: object) -> dict[str, Any]:
    """A frame as written, without what can be no list of tasks."""
    frame = dict(body) if isinstance(body, dict) else {}
    return frame if isinstance(frame.get("tasks", []), list) else {**frame, "tasks": []}


def _put(body: dict[str, Any], field: str, value: object) -> None:
    if value in (None, "", False):
        body.pop(field, None)
    else:
        body[field] = value


def _whole(point: tuple[float, ...]) -> list[int]:
    return [round(value) for value in point]


def _tr(text: str) -> str:
    return QCoreApplication.translate("CanvasEdits", text)
