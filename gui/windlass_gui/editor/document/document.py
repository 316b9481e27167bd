"""The document that the editor shows and changes, without Qt.

It holds the source text as a tree that keeps comments, the facts of every task as they stand there, and, when
checked, the graph or the problems. Those who mirror it listen; they are told which tasks to look at again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from windlass.model.document import Problem, check_text
from windlass.model.edit import DocumentText
from windlass.model.graph import Graph
from windlass.model.steps import Cut, PieceStep, Step, TextStep, difference
from windlass_gui.editor.document.check_worker import Findings
from windlass_gui.editor.document.facts import NodeFacts, node_facts
from windlass_gui.editor.document.frames import FrameFacts, NoteFacts, frames_of, notes_of

UNTITLED = "untitled"
"""The name of a graph that nobody has named."""
STARTER = "windlass: 1\nname: {name}\ntasks: {{}}\n"
"""What a new document holds."""
CHECKED_AT_ONCE = 50_000
"""Characters of a text that is checked in some 50 ms."""
_BOM = "\ufeff"
"""A byte order mark at a file's start is not edited, and stays."""


@dataclass(slots=True)
class Change:
    """Which tasks came, went, or are not what they were."""

    added: set[str] = field(default_factory=set)
    removed: set[str] = field(default_factory=set)
    changed: set[str] = field(default_factory=set)
    canvas: bool = False
    """Frames or notes are others."""


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
        text = text or STARTER.format(name=UNTITLED)
        self._bom = _BOM * text.startswith(_BOM)
        self._text = text.removeprefix(_BOM)
        self._tree: DocumentText | None = None
        self._good: Mapping[str, Any] = {}
        """What the text last said when it could be read."""
        self._listeners: list[Listener] = []
        self._read()
        self.facts = self._facts_now()
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
        data = self._tree.data if self._tree is not None else self._good
        return data if isinstance(data, Mapping) else {}

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

    def replace(self, text: str) -> tuple[Step, Change] | None:
        """Set the whole text, readable or not; gives what leads back, and what has changed."""
        text = text.removeprefix(_BOM)
        hunk = difference(self._text, text)
        if hunk is None:
            return None
        before = self._cut()
        self._text = text
        self._read()
        change = self._tell(None)
        return TextStep(hunk, (before, self._cut())), change

    def take(self, step: Step, back: bool) -> None:
        """Make a step again, or take it back. The document is as it was after it (or before it)."""
        if isinstance(step, TextStep):
            self._text = step.hunk.applied(self._text, back)
            self._read(step.cuts[0 if back else 1])
            self._tell(None)
        else:
            assert self._tree is not None
            self._tree.take(step, back)
            self._stepped(step)

    def _stepped(self, step: Step) -> None:
        assert self._tree is not None
        self._text = self._tree.to_text()
        self._tell(step)

    def _cut(self) -> Cut | None:
        return self._tree.mark().cut() if self._tree is not None else None

    def check(self) -> None:
        """Make `graph` and `problems` true of the text. Costs time on a large document, so not done at every edit."""
        result = check_text(self._text)
        self._graph, self.problems, self.checked = result.graph, list(result.problems), True

    def take_findings(self, found: Findings) -> None:
        """What another process found in the text as it is."""
        self._graph, self.problems, self.checked = found.graph, found.problems, True

    def _read(self, cut: Cut | None = None) -> None:
        if self._tree is not None:
            self._good = self._tree.data
        try:
            self._tree = DocumentText(self._text, cut=cut)
            self.unreadable = False
        except ValueError:
            self._tree = None
            self.unreadable = True

    def _look_at_canvas(self) -> None:
        canvas = self.raw.get("canvas")
        self.frames, self.notes = frames_of(canvas, self.facts), notes_of(canvas)

    def _facts_now(self) -> dict[str, NodeFacts]:
        tasks = self.raw.get("tasks")
        if not isinstance(tasks, Mapping):
            return {}
        return {str(task): node_facts(str(task), raw) for task, raw in tasks.items()}

    def _tell(self, step: Step | None) -> Change:
        """Make the facts true and tell who listens. After a step by pieces only what it concerns is looked at."""
        before, canvas = self.facts, (self.frames, self.notes)
        self.checked = False
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
            changed={task for task, facts in touched.items() if task in before and facts != before[task]},
            canvas=canvas != (self.frames, self.notes),
        )
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
            return "A folded frame takes no links: unfold it, or open it with a double click"
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
