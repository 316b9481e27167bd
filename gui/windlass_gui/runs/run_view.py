"""The run whose live state the canvas shows: a bar above the canvas, and the states on the nodes."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from PySide6.QtCore import QRectF, QSize, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QWidget

from windlass.model.document import check_text
from windlass.model.graph import Task
from windlass.model.part import MARK
from windlass.wire import messages as m
from windlass.wire.rows import RunRow, TaskRow
from windlass_gui.bridge import Bridge
from windlass_gui.editor.canvas.live import node_live
from windlass_gui.editor.canvas.scene import GraphScene
from windlass_gui.editor.document.session import EditorSession
from windlass_gui.look.language import spoken
from windlass_gui.look.theme import M, S, Theme, current_theme, draw_state
from windlass_gui.look.tips import plain_tip
from windlass_gui.mirror import Changes
from windlass_gui.models.tables import run_state
from windlass_gui.paced import Paced
from windlass_gui.panes.words import Elided
from windlass_gui.runs.canvas import LEAST, MOST, RunCanvas
from windlass_gui.runs.tools import RunTools

HOLDER = "canvas"
TOLD = 260
"""Pixels that the words on the run have at least, before the switches hide behind one button."""
RUN_ENDED = ("succeeded", "failed", "cancelled")


class _StateMark(QWidget):
    """A run's state as a shape."""

    def __init__(self) -> None:
        super().__init__()
        self.state = "pending"
        self.setFixedSize(QSize(18, 18))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        draw_state(painter, QRectF(1, 1, 16, 16), self.state, current_theme())
        painter.end()


@dataclass(slots=True)
class Shown:
    """Which run a document shows and what is known of it: kept while another document is in front."""

    run: int | None = None
    document: str = ""
    params: dict[str, Any] = field(default_factory=dict)
    amended_at: float = 0.0
    submitted_here: bool = False


class RunView(QFrame):
    """Owned by the main window; follows one run through the bridge while it is shown."""

    run_changed = Signal()
    """Another run is shown, or its state changed: actions may have become possible or not."""
    open_asked = Signal(int)
    """Show the graph that this run was made of."""

    def __init__(self, bridge: Bridge, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "banner")
        self.bridge = bridge
        self.session: EditorSession | None = None
        self.scene: GraphScene | None = None
        self.run: int | None = None
        self.document = ""
        """The text that the run goes by; empty until it is known."""
        self.params: dict[str, Any] = {}
        """The values of its parameters, once they are known."""
        self.amended_at = 0.0
        """When this window last gave the run another graph and files; 0: not yet."""
        self._submitted_here = False
        self._read: tuple[str, dict[str, Task]] = ("", {})
        """The document that was last read, and its tasks."""
        self._mark = _StateMark()
        self._label = Elided("")
        self._note = QLabel()
        self._note.setProperty("role", "muted")
        self._open = QPushButton(self.tr("Open its graph"))
        self._open.setToolTip(self.tr("This run was made of another graph than the one that is open"))
        self._open.hide()
        self._open.clicked.connect(lambda: self.open_asked.emit(self.run) if self.run is not None else None)
        self._hide = QPushButton(self.tr("Hide run"))
        self._hide.setToolTip(self.tr("Show the graph without the states of a run"))
        self._hide.clicked.connect(lambda: self.show_run(None))
        self._told_of: tuple[object, ...] = ()
        self.canvas = RunCanvas(bridge, self)
        self._due: set[int] = set()
        """Tasks that changed since their nodes were painted."""
        self._paced = Paced(self._paint_due, self.canvas.cost, LEAST, MOST, self)
        self.tools = RunTools(self.canvas)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 4, 8, 4)
        row.setSpacing(8)
        row.addWidget(self._mark)
        row.addWidget(self._label, 1)
        row.addWidget(self._note)
        row.addWidget(self.tools)
        row.addWidget(self._open)
        row.addWidget(self._hide)
        bridge.mirror_changed.connect(self._mirror_changed)
        self.hide()

    def show_theme(self, theme: Theme) -> None:
        self._mark.update()
        self.canvas.show_theme(theme)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def _arrange(self) -> None:
        beside = [widget for widget in (self._mark, self._note, self._open, self._hide) if not widget.isHidden()]
        taken = sum(widget.sizeHint().width() + S for widget in beside) + self.tools.wide_width() + TOLD + 2 * M
        self.tools.compact(self.width() < taken)

    def show_session(self, session: EditorSession | None, scene: GraphScene | None, shown: Shown | None = None) -> None:
        """Another document is in front, with the run that it showed when it was `put_aside`."""
        if self.session is not None:
            self.session.changed.disconnect(self._say)
        self.session, self.scene = session, scene
        if session is not None:
            session.changed.connect(self._say)
        self.show_run(None)
        self.canvas.show_scene(scene)
        if shown is not None and shown.run is not None:
            self.show_run(shown.run, shown.document)
            self.params, self.amended_at = shown.params, shown.amended_at
            self._submitted_here = shown.submitted_here
            self._say()

    def put_aside(self) -> Shown:
        """What `show_session` needs to show the same run again."""
        return Shown(self.run, self.document, self.params, self.amended_at, self._submitted_here)

    @property
    def row(self) -> RunRow | None:
        return self.bridge.mirror.runs.get(self.run) if self.run is not None else None

    @property
    def live(self) -> bool:
        """The run that is shown has not ended."""
        row = self.row
        return row is not None and row.state not in RUN_ENDED

    def task_row(self, task: str) -> TaskRow | None:
        """The row of a task of the shown run, by its id in the graph."""
        run = self.bridge.mirror.run(self.run) if self.run is not None else None
        return run.task(task) if run is not None else None

    def show_run(self, run: int | None, text: str = "") -> None:
        """Follow `run` (None: none). `text` is the document that was submitted, when it was submitted here."""
        if run != self.run:
            self.run = run
            self.document = text
            self.params = {}
            self.amended_at = 0.0
            self._submitted_here = bool(text)
            self.bridge.follow(run, HOLDER)
            if self.scene is not None:
                self.scene.show_live({}, whole=True)
            self.canvas.show_run(run)
            self._paint_all()
            if run is not None:
                self.bridge.get_run(run, lambda data: self._told(run, data), lambda _: None)
        self._say()
        self.run_changed.emit()

    def _told(self, run: int, data: dict[str, Any]) -> None:
        if run == self.run:
            self.params = dict(data.get("params") or {})
            self.document = self.document or str(data.get("document") or "")
            self._say()

    def tell_why(self, task: str, say: Callable[[str, str], None]) -> None:
        """Ask the core why a task of the shown run waits or was skipped, if so; `say` gets the task and a line."""
        row = self.task_row(task)
        if row is None or self.run is None:
            return
        counts = row.counts
        if counts.skipped:

            def skipped(data: dict[str, Any], _payload: list[bytes]) -> None:
                for item in data.get("items", []):
                    if item.get("note"):
                        say(task, str(item["note"]))

            ask = m.GetItems(0, self.run, row.index, 0, 1, ["skipped"])
            self.bridge.request(ask, skipped, lambda _: None)
        if not self.live:
            return
        if row.count is None or counts.pending or counts.ready or counts.backoff:
            question = m.Explain(0, self.run, row.index)
            self.bridge.request(question, lambda data, _: say(task, str(data["sentence"])), lambda _: None)

    def task_as_submitted(self, task: str) -> Task | None:
        """A task as the shown run's graph has it; None while that is not known."""
        if self._read[0] != self.document:
            graph = check_text(self.document).graph if self.document else None
            self._read = self.document, {one.id: one for one in graph.tasks} if graph is not None else {}
        return self._read[1].get(task)

    def amended(self, run: int, document: str) -> None:
        """This window has given the run another document."""
        if run == self.run:
            self.document, self.amended_at = document, time.time()
            self._say()

    @property
    def edited(self) -> bool:
        """The open graph is the shown run's, and was edited since."""
        known = bool(self.document) and not self.is_part and self.session is not None and self.matches
        return known and self.session is not None and self.session.document.text != self.document

    @property
    def is_part(self) -> bool:
        """The run is of a part of a graph, so that a whole one cannot come along with a retry."""
        return self.document.startswith(MARK)

    @property
    def matches(self) -> bool:
        """The shown run has the tasks of the open document, so that the canvas can show its states."""
        run = self.bridge.mirror.run(self.run) if self.run is not None else None
        if run is None or not run.tasks or self.session is None:
            return self._submitted_here
        facts = self.session.document.facts
        return any(row.id in facts for row in run.tasks)

    def _mirror_changed(self, changes: Changes) -> None:
        if self.run is None:
            return
        inside = changes.inside.get(self.run)
        if inside is not None and self.scene is not None:
            run = self.bridge.mirror.run(self.run)
            if inside.reset:
                self._paint_all()
            elif run is not None and inside.tasks and self.matches:
                if inside.row and not self.live:
                    self._paint_all()  # what was not reached is told apart only now
                else:
                    self._due |= inside.tasks
                    self._paced.soon()
            self.canvas.items_changed(inside)
        if self.run in changes.runs_removed:
            self.show_run(None)
        elif inside is not None or self.run in changes.runs:
            self._say()
            if self._possible() != self._told_of:
                self._told_of = self._possible()
                self.run_changed.emit()

    def _possible(self) -> tuple[object, ...]:
        """What others make of the run: only when that is something else they are told."""
        row = self.row
        if row is None:
            return ()
        counts = row.counts
        goes_on = counts.pending or counts.ready or counts.active or counts.backoff
        return row.id, row.state, counts.failed, bool(counts.cancelled), bool(goes_on)

    def _paint_due(self) -> None:
        run = self.bridge.mirror.run(self.run) if self.run is not None else None
        due, self._due = self._due, set()
        if run is not None and due:
            self._paint([run.tasks[at] for at in due if at < len(run.tasks)])

    def _paint_all(self) -> None:
        run = self.bridge.mirror.run(self.run) if self.run is not None else None
        self._due.clear()
        if self.scene is not None and run is not None and self.matches:
            self._paint(run.tasks, whole=True)

    def _paint(self, rows: list[TaskRow], whole: bool = False) -> None:
        run = self.bridge.mirror.run(self.run) if self.run is not None else None
        if self.scene is None or run is None:
            return
        over = not self.live and self.row is not None
        live = {row.id: node_live(row, over, not over or (row.index, 0) in run.last) for row in rows}
        self.scene.show_live(live, whole=whole)
        self.canvas.show_rows(rows, whole)

    def _say(self, _: object = None) -> None:
        if self.run is not None:
            self._tell()
        self.setVisible(self.run is not None)  # last: what is hidden by then takes no room

    def _tell(self) -> None:
        row = self.row
        if row is None:
            self._mark.state = "pending"
            self._label.setText(self.tr("Run {}: waiting for the core…").format(self.run))
            self._note.setText("")
            self._open.hide()
            return
        self._mark.state = run_state(row)
        self._mark.update()
        counts = row.counts
        ended = counts.succeeded + counts.failed + counts.cancelled + counts.skipped
        parts = [self.tr("Run {} · {}").format(row.id, row.name), spoken(run_state(row))]
        if counts.total:
            parts.append(self.tr("{} of {} ended").format(f"{ended:,}", f"{counts.total:,}"))
        if counts.failed:
            parts.append(self.tr("{} failed").format(f"{counts.failed:,}"))
        if row.note:
            parts.append(spoken(row.note))
        self._label.setText(" · ".join(parts))
        self._label.setToolTip(plain_tip(self._label.text()))
        note = self.tr("Edited since") if self.edited else ""
        self._note.setText(self.tr("A part of the graph") if self.is_part else note)
        self._note.setToolTip(self._edited_tip(bool(counts.failed or counts.cancelled)) if note else "")
        self._open.setVisible(not self.matches)
        self._arrange()

    def _edited_tip(self, retry: bool) -> str:
        if retry:
            return self.tr("The graph was edited since: Retry can take the changes along")
        return self.tr("The graph was edited since: Submit runs it as it is now")
