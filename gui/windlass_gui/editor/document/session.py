"""One open document: its undo stack, its file, and every edit a person can make, each as one undo step.

The canvas, the inspector, the text view and the menus all call these methods; none of them touches the document.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QUndoStack

from windlass.model.edit import DocumentText
from windlass.model.reading import Reading
from windlass_gui.editor.canvas.layout import Point
from windlass_gui.editor.document.canvas_edits import CanvasEdits
from windlass_gui.editor.document.clipping import clip, fitted, read_clipping
from windlass_gui.editor.document.commands import EditCommand, MoveCommand
from windlass_gui.editor.document.document import UNTITLED, Change, Document
from windlass_gui.editor.document.late_work import LateWork
from windlass_gui.editor.document.late_worker import Findings
from windlass_gui.editor.document.linking import Link, insert, reroute
from windlass_gui.editor.parts.kinds import BY_KEY

PASTE_SHIFT = 40.0
"""How far beside the tasks that were copied their copies lie, in scene units, both ways."""
CHECK_DELAY = 200
"""Milliseconds without an edit before the document is checked."""


class EditorSession(QObject):
    """Owns the document and its history."""

    changed = Signal(object)
    """`Change`, after each edit, undo and redo."""
    checked = Signal()
    """The document's graph and problems are up to date."""
    refused = Signal(str)
    """An edit was not made; why."""
    title_changed = Signal()
    saved = Signal(object, str)
    """The file now holds this text; its path."""
    settling = Signal()
    """Before each edit: what is being typed elsewhere and is no step yet must become one now."""
    steps_changed = Signal()
    """What can be undone or redone is another."""

    def __init__(self, text: str = "", path: Path | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.path = path
        self.document = Document(text, path.parent if path else None)
        self.document.late = True
        self.undo = QUndoStack(self)
        self.canvas = CanvasEdits(self.document, self.edit, self.settle)
        # Through slots of this object: a stack that is being destroyed still signals, and must reach nobody then.
        self.undo.cleanChanged.connect(self._clean_changed)
        self.undo.indexChanged.connect(self._index_changed)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(CHECK_DELAY)
        self._timer.timeout.connect(self._check)
        self._saves = 0
        """Under way to the disk."""
        self._version = self.document.version
        self._checks: LateWork | None = None
        self._reads: LateWork | None = None
        self._waiting: list[Callable[[], object]] = []
        self.document.listen(self._document_changed)
        if not self.document.checked:
            self._timer.start()

    @property
    def title(self) -> str:
        return self.path.name if self.path else self.tr("{} (not saved)").format(self.document.name)

    @property
    def modified(self) -> bool:
        """There is something that is not on the disk."""
        return self._saves > 0 or not self.undo.isClean()

    def _clean_changed(self, _: bool) -> None:
        self.title_changed.emit()

    def _index_changed(self, _: int) -> None:
        self.steps_changed.emit()

    def _document_changed(self, change: Change) -> None:
        if self.document.unread:
            if self._reads is None:
                self._reads = LateWork("read", self)
                self._reads.done.connect(self._read)
            self._reads.ask(self.document.version, self.document.text)
        if self._version != self.document.version:
            self._version = self.document.version
            self._timer.start()
        self.changed.emit(change)

    def _read(self, version: int, reading: Reading) -> None:
        if version == self.document.version:
            self.document.take_reading(reading)

    def check_now(self) -> None:
        """Check at once, however long it takes; what waits on the timer is then done."""
        self._timer.stop()
        if not self.document.checked:
            self.document.check()
        self._tell_checked()

    def when_checked(self, then: Callable[[], object]) -> None:
        """Call `then` with the findings at hand: now, or of a large document when they are there."""
        self._waiting.append(then)
        if self.document.checked or not self.document.large:
            self.check_now()
        else:
            self._check()

    def _check(self) -> None:
        """Check now or, what is large, elsewhere."""
        self._timer.stop()
        if not self.document.large:
            self.check_now()
            return
        if self._checks is None:
            self._checks = LateWork("check", self)
            self._checks.done.connect(self._found)
        self._checks.ask(self.document.version, self.document.text)

    def _found(self, version: int, found: Findings) -> None:
        if version == self.document.version and not self.document.checked:
            self.document.take_findings(found)
            self._tell_checked()

    def _tell_checked(self) -> None:
        waiting, self._waiting = self._waiting, []
        self.checked.emit()
        for then in waiting:
            then()

    def name_after(self, path: Path) -> None:
        """A graph that nobody has named yet gets its file's name, as a step that can be undone."""
        if self.document.name == UNTITLED and path.stem != UNTITLED:
            self.set_graph_field("name", path.stem)

    def begin_save(self) -> str:
        """The text that is to be written now. Who asks says how it went: `end_save` or `fail_save`."""
        self._saves += 1
        self.undo.setClean()  # edits that come meanwhile count from here
        return self.document.text

    def end_save(self, path: Path, text: str) -> None:
        """The text is on the disk."""
        self._saves -= 1
        self.path = path
        self.document.folder = path.parent
        self.saved.emit(path, text)
        self.title_changed.emit()

    def fail_save(self) -> None:
        """The text is not on the disk."""
        self._saves -= 1
        self.undo.resetClean()
        self.title_changed.emit()

    # --- edits ---------------------------------------------------------------------------------------------

    def settle(self) -> None:
        """What is being typed becomes a step, and is read, so that the document says all that a person has said."""
        self.settling.emit()
        self.document.read_now()

    def edit(self, label: str, apply: Callable[[DocumentText], None], series: frozenset[str] | None = None) -> bool:
        """Make an edit and keep it as a step. A refused one is told by `refused`; nothing has changed then.

        With `series` (the tasks moved) it joins a step before it that moved the same.
        """
        self.settle()
        document = self.document
        try:
            step = document.edit(apply)
        except (ValueError, KeyError) as error:
            self.refused.emit(str(error))
            return False
        if step is not None:
            command = (
                EditCommand(document, label, step) if series is None else MoveCommand(document, label, step, series)
            )
            self.undo.push(command)
        return True

    def add_task(
        self, kind: str, point: Point, link: Link | None = None, room: Mapping[str, Point] | None = None
    ) -> str:
        """A new task of a palette kind with its top-left corner at `point`; gives its id.

        With a link it stands between the link's ends, and `room` says where others go to make place for it.
        """
        spec = BY_KEY[kind]
        task = self.document.free_id(spec.id)
        position = [round(point[0]), round(point[1])]
        fields = {**spec.fields, "position": position}

        def apply(text: DocumentText) -> None:
            text.add_task(task, fields)
            if link is not None:
                insert(text, task, link)
                text.set_positions({other: (round(x), round(y)) for other, (x, y) in (room or {}).items()})

        self.edit(self.tr("add “{}”").format(task), apply)
        return task

    def remove(self, tasks: Iterable[str], links: Iterable[Link] = (), label: str = "") -> None:
        """Tasks with every link to them, and further links, as one step."""
        chosen = set(tasks)
        doomed = [task for task in self.document.facts if task in chosen]
        cut = [link for link in links if not chosen.intersection(link)]
        if not doomed and not cut:
            return

        def apply(text: DocumentText) -> None:
            for source, target in cut:
                text.remove_need(target, source)
            for task in doomed:
                text.remove_task(task)

        if doomed:
            label = label or self.tr("remove {}").format(self.named(doomed))
        elif not label:
            label = self.tr("remove link") if len(cut) == 1 else self.tr("remove {:,} links").format(len(cut))
        self.edit(label, apply)

    def named(self, tasks: Collection[str]) -> str:
        """One task by its id, more by their number."""
        return f"“{next(iter(tasks))}”" if len(tasks) == 1 else self.tr("{:,} tasks").format(len(tasks))

    def rename(self, task: str, new: str) -> bool:
        """Another id, everywhere it is used. Refused when another task has it."""
        if new == task:
            return True
        if new in self.document.facts:
            self.refused.emit(self.tr("There is a task “{}” already").format(new))
            return False
        return self.edit(self.tr("rename “{}” to “{}”").format(task, new), lambda text: text.rename_task(task, new))

    def link(self, source: str, target: str, each: bool = False) -> bool:
        reason = self.document.refusal(source, target)
        if reason:
            self.refused.emit(reason)
            return False
        return self.edit(
            self.tr("link “{}” to “{}”").format(source, target), lambda text: text.add_need(target, source, each)
        )

    def link_all(self, links: Iterable[Link], each: bool = False) -> bool:
        """Several links to one task as one step, as far as they may be."""
        links = list(links)
        reasons = {link: self.document.refusal(*link) for link in links}
        good = [link for link in links if not reasons[link]]
        if not good:
            self.refused.emit(next(iter(reasons.values()), ""))
            return False
        if len(good) == 1:
            return self.link(*good[0], each)

        def apply(text: DocumentText) -> None:
            for source, target in good:
                text.add_need(target, source, each)

        return self.edit(self.tr("link {} tasks to “{}”").format(len(good), good[0][1]), apply)

    def reroute(self, old: Link, new: Link) -> bool:
        """Take one end of a link to another task."""
        reason = self.document.refusal(*new)
        if reason:
            self.refused.emit(reason)
            return False
        label = self.tr("reroute the link of “{}”").format(old[0] if new[0] == old[0] else old[1])
        return self.edit(label, lambda text: reroute(text, old, new))

    def insertion_refusal(self, task: str, link: Link) -> str:
        """Why a task may not stand between the ends of a link; empty when it may."""
        for source, target in ((link[0], task), (task, link[1])):
            facts = self.document.facts.get(target)
            if facts is None or not any(need == source for need, _ in facts.needs):
                reason = self.document.refusal(source, target)
                if reason:
                    return reason
        return ""

    def insert(self, task: str, link: Link, points: Mapping[str, Point]) -> bool:
        """Put a task between the ends of a link; `points`: where it goes, and what has to make room for it."""
        reason = self.insertion_refusal(task, link)
        if reason:
            self.refused.emit(reason)
            return False

        def apply(text: DocumentText) -> None:
            text.set_positions({other: (round(x), round(y)) for other, (x, y) in points.items()})
            insert(text, task, link)

        return self.edit(self.tr("insert “{}” between “{}” and “{}”").format(task, *link), apply)

    def set_each(self, source: str, target: str, each: bool) -> None:
        """Make a link wait item by item, or for the whole task."""
        self.settle()
        if target in self.document.facts:
            needs = [
                {"task": need, "each": True} if (each if need == source else was) else need
                for need, was in self.document.facts[target].needs
            ]
            self.edit(self.tr("change link"), lambda text: text.set_field(target, "needs", needs))

    def set_field(self, task: str, field: str, value: object, label: str = "") -> bool:
        """Set a field of a task; None removes it."""
        return self.set_fields(task, {field: value}, label or self.tr("change {} of “{}”").format(field, task))

    def set_fields(self, task: str, fields: Mapping[str, object], label: str) -> bool:
        """Several fields as one step; None removes one."""

        def apply(text: DocumentText) -> None:
            # What is set comes before what is removed, so that no task is empty in between.
            for field, value in sorted(fields.items(), key=lambda pair: pair[1] is None):
                text.set_field(task, field, value)

        return self.edit(label, apply)

    def change_tasks(self, changes: Mapping[str, Mapping[str, object]], label: str) -> bool:
        """Fields of several tasks as one step; None removes one."""
        fields: dict[str, dict[str, object]] = {}
        for task, change in changes.items():
            for field, value in change.items():
                fields.setdefault(field, {})[task] = value

        def apply(text: DocumentText) -> None:
            # What is set comes before what is removed, so that no task is empty in between.
            for gone in (False, True):
                for field, values in fields.items():
                    text.set_each(field, {task: value for task, value in values.items() if (value is None) == gone})

        return self.edit(label, apply)

    def set_graph_field(self, field: str, value: object) -> bool:
        """A field of the graph itself, such as its name; None removes it."""
        return self.edit(self.tr("change {} of the graph").format(field), lambda text: text.set_top(field, value))

    def move(self, points: Mapping[str, Point], series: bool = False, label: str = "") -> None:
        """Nodes to new top-left corners."""
        facts = self.document.facts
        known = {
            task: (float(round(x)), float(round(y)))
            for task, (x, y) in points.items()
            if task in facts and facts[task].position != (round(x), round(y))
        }
        if known:
            single = self.tr("move “{}”").format(next(iter(known))) if len(known) == 1 else ""
            self._place(label or single or self.tr("move tasks"), known, frozenset(known) if series else None)

    def _place(self, label: str, points: Mapping[str, Point], series: frozenset[str] | None = None) -> None:
        def apply(text: DocumentText) -> None:
            text.set_positions({task: (round(x), round(y)) for task, (x, y) in points.items()})

        self.edit(label, apply, series)

    def apply_text(self, text: str, label: str = "") -> None:
        """The whole document as typed, readable or not."""
        made = self.document.replace(text)
        if made is not None:
            step, touched = made
            if not label and len(touched) == 1:
                label = self.tr("edit the text of “{}”").format(*touched)
            self.undo.push(EditCommand(self.document, label or self.tr("edit text"), step))

    def step_back(self) -> None:
        """Undo; what is being typed is the last step then."""
        self.settling.emit()
        self.undo.undo()

    def step_forward(self) -> None:
        self.settling.emit()
        self.undo.redo()

    def copied(self, tasks: Iterable[str]) -> str:
        """The tasks as YAML, for the clipboard; empty without any."""
        return clip(self.document, tasks)

    def paste(self, text: str, corner: Point | None = None, label: str = "") -> list[str]:
        """Tasks from a piece of YAML under free ids; links and frames among them come along. Gives the new ids.

        Their top left corner comes to lie at `corner`, or a little beside where it was.
        """
        try:
            piece = read_clipping(text)
        except ValueError as error:
            self.refused.emit(self.tr("This cannot be pasted as tasks: {}").format(error))
            return []
        before = piece.corner()
        shift = (PASTE_SHIFT, PASTE_SHIFT)
        if corner is not None and before is not None:
            shift = corner[0] - before[0], corner[1] - before[1]
        elif corner is not None:
            piece.lay_out()
            shift = corner
        fresh = fitted(piece, self.document.facts, self.document.frames, shift)

        def apply(text: DocumentText) -> None:
            text.add_tasks(fresh.tasks)
            if fresh.frames:
                canvas = _mapping(text.data.get("canvas"))
                text.set_top("canvas", {**canvas, "frames": {**_mapping(canvas.get("frames")), **fresh.frames}})

        label = label or self.tr("paste {}").format(self.named(fresh.tasks))
        return list(fresh.tasks) if self.edit(label, apply) else []


def _mapping(value: object) -> Mapping[str, object]:
    """What nobody could read as a mapping holds nothing to keep."""
    return value if isinstance(value, Mapping) else {}
