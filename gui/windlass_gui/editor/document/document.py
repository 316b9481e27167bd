"""The document that the editor shows and changes, without Qt.

It holds the source text as a tree that keeps comments, the facts of every task as they stand there, and, when
checked, the graph or the problems. Those who mirror it listen; they are told which tasks to look at again.

A text that was typed counts at once. It is read where it differs from the last one that could be read; where that does
not do (a bracket is still open, say), all of a large text is read elsewhere and taken over when it comes. Until then
the document is `unread`: it shows the last good state, and whoever has to change it reads it first.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import msgspec

from windlass.model.document import Problem, check_text
from windlass.model.edit import DocumentText
from windlass.model.graph import Graph
from windlass.model.reading import Reading, taken_over
from windlass.model.retype import retyped, tasks_at
from windlass.model.steps import PieceStep, State, Step, TextStep, difference
from windlass_gui.editor.document.facts import NodeFacts, node_facts
from windlass_gui.editor.document.frames import FrameFacts, NoteFacts, frames_of, notes_of
from windlass_gui.editor.document.late_worker import Findings

UNTITLED = "untitled"
"""The name of a graph that nobody has named."""
STARTER = "windlass: 1\nname: {name}\ntasks: {{}}\n"
"""What a new document holds."""
CHECKED_AT_ONCE = 50_000
"""Characters of a text that is checked in some 50 ms."""
_BOM = "\ufeff"
"""A byte order mark at a file's start is not edited, and stays."""


def empty_text(taken: Collection[str] = ()) -> str:
    """What a new document holds, under a name that no other open one has."""
    names = (f"{UNTITLED}-{number}" if number > 1 else UNTITLED for number in count(1))
    return STARTER.format(name=next(name for name in names if name not in taken))


@dataclass(slots=True)
class Change:
    """Which tasks came, went, or are not what they were."""

    added: set[str] = field(default_factory=set)
    removed: set[str] = field(default_factory=set)
    changed: set[str] = field(default_factory=set)
    canvas: bool = False
    """Frames or notes are others."""

    @property
    def touched(self) -> set[str]:
        return self.added | self.removed | self.changed


Listener = Callable[[Change], None]


class Document:
    """One graph document. Only undo commands call `edit` and `replace`."""

    def __init__(self, text: str = "", folder: Path | None = None) -> None:
        self.folder = folder
        """Where the graph's files lie; None for a document that was never saved."""
        self.facts: dict[str, NodeFacts] = {}
        self.frames: dict[str, FrameFacts] = {}
        self.notes: tuple[NoteFacts, ...] = ()
        self.problems: list[Problem] = []
        """What the last check found."""
        self.checked = False
        """The problems and the graph are those of the text."""
        self._graph: Graph | bytes | None = None
        self.unreadable = False
        """The text is no YAML mapping: what is drawn is the last good state, if there was one."""
        self.late = False
        """Somebody reads large texts elsewhere and gives what they say to `take_reading`."""
        self.version = 0
        """Counts the texts that the document had."""
        text = text or empty_text()
        self._bom = _BOM * text.startswith(_BOM)
        self._text = text.removeprefix(_BOM)
        self._tree: DocumentText | None = None
        """The text as it is, if it could be read."""
        self._good: DocumentText | None = None
        """The text as it last could be read."""
        self._state = State()
        """Of the text, where there is no tree."""
        self._seen: Mapping[str, Any] = {}
        """The tasks that the facts are of."""
        self._listeners: list[Listener] = []
        self._read_whole()
        self.facts = self._facts_now()
        self._remember_tasks()
        self._look_at_canvas()
        if not self.large:
            self.check()

    @property
    def text(self) -> str:
        return self._bom + self._text

    @property
    def large(self) -> bool:
        """Checking it takes so long that the window would be seen to wait."""
        return len(self._text) > CHECKED_AT_ONCE

    @property
    def graph(self) -> Graph | None:
        """What the last check made of the text; None where there was any error."""
        if isinstance(self._graph, bytes):
            self._graph = msgspec.msgpack.decode(self._graph, type=Graph)
        return self._graph

    @property
    def raw(self) -> Mapping[str, Any]:
        """The document's top mapping as written; of an unreadable one as it last could be read."""
        return self._good.data if self._good is not None else {}

    @property
    def unread(self) -> bool:
        """Nobody knows yet what the text says."""
        return self._tree is None and self._state.readable is not False

    @property
    def name(self) -> str:
        return str(self.raw.get("name") or UNTITLED)

    @property
    def params(self) -> Mapping[str, Any]:
        params = self.raw.get("params")
        return params if isinstance(params, Mapping) else {}

    def task(self, task: str) -> Mapping[str, Any]:
        """A task's mapping as written; empty when it is none."""
        tasks = self.raw.get("tasks")
        raw = tasks.get(task) if isinstance(tasks, Mapping) else None
        return raw if isinstance(raw, Mapping) else {}

    def listen(self, listener: Listener) -> None:
        self._listeners.append(listener)

    # --- changing ------------------------------------------------------------------------------------------

    def edit(self, apply: Callable[[DocumentText], None]) -> Step | None:
        """Change the tree; gives what leads back. Raises what `apply` raises, and then nothing has changed."""
        self.read_now()
        tree = self._tree
        if tree is None:
            raise ValueError("the text cannot be read; mend it in the text view first")
        before = tree.mark()
        try:
            apply(tree)
        except Exception:
            tree.go_to(before)
            raise
        step = tree.step_since(before)
        if step is not None:
            self._stepped(step)
        return step

    def replace(self, text: str) -> tuple[Step, set[str]] | None:
        """Set the whole text, readable or not; gives what leads back, and the tasks in whose lines it differs."""
        text = text.removeprefix(_BOM)
        hunk = difference(self._text, text)
        if hunk is None:
            return None
        before = self._tree.mark() if self._tree is not None else None
        after = retyped(before, text) if before is not None else None
        if self._tree is not None and before is not None and after is not None:
            self._tree.go_to(after)
            step = self._tree.step_since(before)
            assert step is not None
            change = self._stepped(step)
            return step, change.touched
        states = self._state if self._tree is None else State(True, self._tree.cut()), State()
        touched = tasks_at(before, hunk) if before is not None else []
        self._set_text(text)
        self._read(states[1], in_part=before is None)
        change = self._tell(None)
        return TextStep(hunk, states), change.touched or set(touched)

    def take(self, step: Step, back: bool) -> None:
        """Make a step again, or take it back. The document is as it was after it (or before it)."""
        if isinstance(step, TextStep):
            self._set_text(step.hunk.applied(self._text, back))
            self._read(step.states[0 if back else 1])
            self._tell(None)
        else:
            self.read_now()
            assert self._tree is not None
            self._tree.take(step, back)
            self._stepped(step)

    def _stepped(self, step: Step) -> Change:
        assert self._tree is not None
        self._set_text(self._tree.to_text())
        return self._tell(step)

    def _set_text(self, text: str) -> None:
        self._text = text
        self.version += 1
        self.checked = False

    # --- reading -------------------------------------------------------------------------------------------

    def _read(self, state: State, in_part: bool = True) -> None:
        """Find out what the text says, as far as that is quick; `in_part`: try where it differs from the good one."""
        self._state, self._tree = state, None
        if state.readable is False:
            self.unreadable = True
        elif in_part and self._good is not None and (mark := retyped(self._good.mark(), self._text)) is not None:
            self._good.go_to(mark)
            self._take_tree(self._good)
        elif not (self.late and self.large):
            self._read_whole()

    def _read_whole(self) -> None:
        try:
            self._take_tree(DocumentText(self._text))
        except ValueError:
            self._take_tree(None)

    def _take_tree(self, tree: DocumentText | None) -> None:
        """This is what the text says; None: it is unreadable."""
        state = self._state
        self.unreadable = tree is None
        self._tree = tree
        if tree is not None:
            if state.readable:
                tree.recut(state.cut)
            else:
                state.cut = tree.cut()
            self._good = tree
        state.readable = tree is not None

    def read_now(self) -> None:
        """Read the text if nobody has yet, however long it takes."""
        if self.unread:
            self._read_whole()
            self._tell(None)

    def take_reading(self, reading: Reading) -> None:
        """What another process read in the text as it is."""
        if self.unread:
            known = self._good.mark() if self._good is not None else None
            self._take_tree(taken_over(reading, self._text, known))
            self._tell(None)

    def check(self) -> None:
        """Make `graph` and `problems` true of the text. Costs time on a large document, so not done at every edit."""
        result = check_text(self._text)
        self._graph, self.problems, self.checked = result.graph, list(result.problems), True

    def take_findings(self, found: Findings) -> None:
        """What another process found in the text as it is."""
        self._graph, self.problems, self.checked = found.graph, found.problems, True

    def _remember_tasks(self) -> None:
        tasks = self.raw.get("tasks")
        self._seen = tasks if isinstance(tasks, Mapping) else {}

    def _look_at_canvas(self) -> None:
        canvas = self.raw.get("canvas")
        self.frames, self.notes = frames_of(canvas, self.facts), notes_of(canvas)

    def _facts_now(self) -> dict[str, NodeFacts]:
        """Of tasks that say what they said before these are the same objects as before."""
        tasks = self.raw.get("tasks")
        if not isinstance(tasks, Mapping):
            return {}
        facts, seen = self.facts, self._seen
        return {
            task: facts[task] if task in facts and seen.get(task, facts) is raw else node_facts(task, raw)
            for task, raw in tasks.items()
        }

    def _tell(self, step: Step | None) -> Change:
        """Make the facts true and tell who listens. After a step by pieces only what it concerns is looked at."""
        before, canvas = self.facts, (self.frames, self.notes)
        if isinstance(step, PieceStep):
            tasks = self.raw["tasks"]
            touched = {task: node_facts(task, tasks[task]) for task in step.pieces if task in tasks}
            if step.orders is None:
                self.facts = before | touched
            else:
                self.facts = {task: touched.get(task) or before[task] for task in tasks}
            gone = step.pieces.keys() - touched.keys()
        else:
            touched = self.facts = self._facts_now()
            gone = before.keys() - touched.keys()
        self._look_at_canvas()
        change = Change(
            added={task for task in touched if task not in before},
            removed=set(gone),
            changed={
                task
                for task, facts in touched.items()
                if task in before and facts is not before[task] and facts != before[task]
            },
            canvas=canvas != (self.frames, self.notes),
        )
        self._remember_tasks()
        for listener in list(self._listeners):
            listener(change)
        return change

    def task_of(self, problem: Problem) -> str:
        """The task that a problem is about, if there is such a node; else empty."""
        return problem.task if problem.task in self.facts else ""

    # --- questions -----------------------------------------------------------------------------------------

    def free_id(self, wish: str) -> str:
        """`wish`, or `wish-2`, `wish-3`, ... that no task has."""
        if wish not in self.facts:
            return wish
        number = 2
        while f"{wish}-{number}" in self.facts:
            number += 1
        return f"{wish}-{number}"

    def refusal(self, source: str, target: str) -> str:
        """Why `target` may not need `source`, for a person; empty when it may."""
        if source == target:
            return "A task cannot need itself"
        if source not in self.facts or target not in self.facts:
            return "Only tasks of this graph can be linked"
        if any(need == source for need, _ in self.facts[target].needs):
            return f"“{target}” needs “{source}” already"
        path = self._path(source, target)
        if path:
            shown = path if len(path) <= 5 else [*path[:2], "…", *path[-2:]]
            return "This would make a circle: " + " → ".join([*shown, target])
        return ""

    def _path(self, task: str, upstream: str) -> list[str]:
        """A way from `upstream` to `task` along the links; empty when there is none."""
        came: dict[str, str] = {task: ""}
        stack = [task]
        while stack:
            at = stack.pop()
            if at == upstream:
                path = [at]
                while came[path[-1]]:
                    path.append(came[path[-1]])
                return path
            for need, _ in self.facts[at].needs if at in self.facts else ():
                if need not in came:
                    came[need] = at
                    stack.append(need)
        return []
