"""Submitting the open graph and acting on the run that is shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QMessageBox, QWidget

from windlass_gui.bridge import Bridge, SubmitProgress
from windlass_gui.editor.session import EditorSession
from windlass_gui.params_dialog import ParamsDialog
from windlass_gui.run_view import RunView
from windlass_gui.theme import theme_switch


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

    def __init__(self, window: QWidget, bridge: Bridge, run_view: RunView) -> None:
        super().__init__(window)
        self.window = window
        self.bridge = bridge
        self.run_view = run_view
        self.busy = False
        """A submit is being packed or uploaded."""
        self.ask_params: Callable[[dict[str, Any]], dict[str, Any] | None] = self._ask_params

    def submit(self, session: EditorSession) -> None:
        """Check, ask for parameters, hand over; the canvas then shows the run."""
        if self.busy:
            return
        session.when_checked(lambda: self._submit(session))

    def _submit(self, session: EditorSession) -> None:
        graph = session.document.graph
        if graph is None:
            self.problems_asked.emit()
            self.said.emit(self.tr("Not submitted: the problems come first"))
            return
        if not graph.tasks:
            session.refused.emit(self.tr("There is nothing to run yet: add a task"))
            return
        params: dict[str, Any] | None = {}
        if graph.params:
            params = self.ask_params(graph.params)
        if params is None:
            return
        text = session.document.text
        self.busy = True
        self.progress.emit(self.tr("Submitting…"))
        folder = session.document.folder
        self.bridge.submit(text, folder, params, lambda progress: self._advance(progress, session, text))

    def _ask_params(self, params: dict[str, Any]) -> dict[str, Any] | None:
        dialog = ParamsDialog(params, theme_switch().theme, self.window)
        values = dialog.values() if dialog.exec() else None
        dialog.deleteLater()
        return values

    def _advance(self, progress: SubmitProgress, session: EditorSession, text: str) -> None:
        if not progress.over:
            self.progress.emit(progress.shown)
            return
        self.busy = False
        self.progress.emit("")
        if progress.phase == "failed":
            box = QMessageBox(QMessageBox.Icon.Warning, self.tr("Not submitted"), progress.text, parent=self.window)
            box.open()
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
