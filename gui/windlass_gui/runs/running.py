"""Submitting the open graph and acting on the run that is shown."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QSettings, Signal
from PySide6.QtWidgets import QWidget

from windlass.model.graph import Graph
from windlass_gui.bridge import Bridge, SubmitProgress
from windlass_gui.editor.document.session import EditorSession
from windlass_gui.look.boxes import warn
from windlass_gui.look.language import spoken
from windlass_gui.runs.run_view import RunView
from windlass_gui.submit.dialog import SubmitDialog
from windlass_gui.submit.options import SubmitOptions

Ask = Callable[[EditorSession, Graph, str, Callable[[SubmitOptions], None]], None]


class Running(QObject):
    """Owned by the main window, which is `window` to every dialog."""

    said = Signal(str)
    """A line for the status bar."""
    progress = Signal(str)
    """Where a submit stands; empty when none is going on."""
    problems_asked = Signal()
    """The document's problems keep it from being submitted."""
    submitted = Signal(object, int, str)
    """The session, the run that came of it, and the text that the run goes by."""

    def __init__(self, window: QWidget, bridge: Bridge, run_view: RunView, settings: QSettings) -> None:
        super().__init__(window)
        self.window = window
        self.bridge = bridge
        self.run_view = run_view
        self.settings = settings
        self.busy = False
        """A submit is being packed or uploaded."""
        self.ask: Ask = self._ask
        """Asks for what is to be said; gets the session, its graph, how much is to run, and whom to tell."""

    def submit(self, session: EditorSession, ask: bool = False, scope: str = "whole") -> None:
        """Check, ask what there is to ask (`ask`: in any case), hand over; the canvas then shows the run.

        `scope`: whole, chosen (on the canvas), or onward: from there on.
        """
        if not self.busy:
            session.when_checked(lambda: self._submit(session, ask, scope))

    def _submit(self, session: EditorSession, ask: bool, scope: str) -> None:
        graph = session.document.graph
        if graph is None:
            self.problems_asked.emit()
            self.said.emit(self.tr("Not submitted: the problems come first"))
            return
        if not graph.tasks:
            session.refused.emit(self.tr("There is nothing to run yet: add a task"))
            return
        if ask or graph.params or scope != "whole":
            self.ask(session, graph, scope, lambda options: self._go(session, options))
        else:
            self._go(session, SubmitOptions())

    def _ask(self, session: EditorSession, graph: Graph, scope: str, done: Callable[[SubmitOptions], None]) -> None:
        chosen = self.run_view.scene.selected if self.run_view.scene is not None else set()
        dialog = SubmitDialog(self.bridge, self.settings, session, graph, chosen, scope, self.window)
        dialog.accepted.connect(lambda: done(dialog.options))
        dialog.open()

    def _go(self, session: EditorSession, options: SubmitOptions) -> None:
        if self.busy:
            return
        text = options.text or session.document.text
        self.busy = True
        self.progress.emit(self.tr("Submitting…"))
        folder = session.document.folder
        self.bridge.submit(
            text, folder, options.params, lambda progress: self._advance(progress, session, text), name=options.name,
            owner=options.owner, project=options.project, priority=options.priority, deadline=options.deadline,
        )  # fmt: skip

    def _advance(self, progress: SubmitProgress, session: EditorSession, text: str) -> None:
        if not progress.over:
            self.progress.emit(progress.shown)
            return
        self.busy = False
        self.progress.emit("")
        if progress.phase == "failed":
            warn(self.window, self.tr("Not submitted"), spoken(progress.text))
        elif progress.run is not None:
            self.said.emit(progress.text)
            self.submitted.emit(session, progress.run, text)

    def can(self, action: str) -> bool:
        """Would cancel or retry do anything?"""
        row = self.run_view.row
        if row is None:
            return False
        counts = row.counts
        if action == "retry":
            return bool(counts.failed or counts.cancelled)
        return bool(counts.pending or counts.ready or counts.active or counts.backoff)
