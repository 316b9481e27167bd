"""Retry, and the question whether the edits made since the submit come along."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QMessageBox, QWidget

from windlass.model.amend import difference, works_otherwise
from windlass.model.document import check_text
from windlass.model.graph import Graph
from windlass_gui.bridge import Bridge, SubmitProgress
from windlass_gui.editor.document.session import EditorSession
from windlass_gui.runs.run_view import RunView
from windlass_gui.window import newer

Go = Callable[[], object]
"""The retry itself, once nothing is left to ask."""


class Retrying(QObject):
    """Owned by the main window, which is `window` to every question."""

    progress = Signal(str)
    """Where the mending of a run stands; empty when none is going on."""
    submit_asked = Signal()
    """The edited graph is to be a new run."""

    def __init__(self, window: QWidget, bridge: Bridge, run_view: RunView) -> None:
        super().__init__(window)
        self.window = window
        self.bridge = bridge
        self.run_view = run_view
        self.busy = False
        """A mended graph is being packed or uploaded."""
        self._old: tuple[str, Graph | None] = ("", None)
        """The last submitted document that was looked at, and its graph."""

    def ask_first(self, run: int, named: frozenset[int | None], go: Go) -> None:
        """Before these tasks (None: all) are retried: ask with which graph, where that is a question; then go."""
        if self.busy:
            return
        session = self.run_view.session
        view = self.run_view
        if run != view.run or session is None or not view.document or not view.matches or view.is_part:
            go()
            return
        if not self.run_view.edited:
            self._look_at_files(run, go)
            return
        session.when_checked(lambda: self._compare(session, run, named, go))

    def _compare(self, session: EditorSession, run: int, named: frozenset[int | None], go: Go) -> None:
        """The shown run's graph with the edited one."""
        old, new = self._submitted(self.run_view.document), session.document.graph
        if new is None:
            self._ask(
                self.tr("The edited graph has problems"),
                self.tr("Its changes can come along when they are mended; the Problems tab lists them."),
                run, go,
            )  # fmt: skip
        elif old is None:
            go()
        elif problem := difference(old, new):
            text = self.tr("The changes need a new run")
            more = self.tr(
                "{}. A run keeps its tasks, their links, conditions and items, and its parameters; commands, files, "
                "resources and the like may change."
            ).format(problem[0].upper() + problem[1:])
            self._ask(text, more, run, go, submit=True)
        elif changed := _changed(old, new, named):
            self._offer(_named(changed, "task"), run, go)
        else:
            self._look_at_files(run, go)

    def _look_at_files(self, run: int, go: Go) -> None:
        """The graph works as it did, but the files that it takes from its folder may have been mended."""
        view, session, row = self.run_view, self.run_view.session, self.run_view.row
        document = session.document if session is not None else None
        graph = document.graph if document is not None else None
        folder = document.folder if document is not None else None
        if graph is None or folder is None or row is None or not newer.takes_files(graph, view.params):
            go()
            return

        def found(files: list[str]) -> None:
            self.busy = False
            self.progress.emit("")
            if files and view.run == run:
                self._offer(_named(files, "file"), run, go)
            else:
                go()

        self.busy = True
        newer.look(self.bridge, graph, folder, view.params, max(row.submitted, view.amended_at), found)

    def _offer(self, what: str, run: int, go: Go) -> None:
        text = self.tr("Retry with the changes to {}?").format(what)
        more = self.tr(
            "What has succeeded stays, what runs now goes on as it is. All that starts from then on goes by the graph "
            "and its files as they are now."
        )
        self._ask(text, more, run, go, amend=True)

    def _submitted(self, document: str) -> Graph | None:
        if self._old[0] != document:
            self._old = document, check_text(document).graph
        return self._old[1]

    def _ask(self, text: str, more: str, run: int, go: Go, amend: bool = False, submit: bool = False) -> None:
        box = QMessageBox(self.window)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.setIcon(QMessageBox.Icon.Question)
        box.setTextFormat(Qt.TextFormat.PlainText)
        box.setWindowTitle(self.tr("Retry"))
        box.setText(text)
        box.setInformativeText(more)
        role = QMessageBox.ButtonRole.AcceptRole
        with_changes = box.addButton(self.tr("Retry with the changes"), role) if amend else None
        as_new = box.addButton(self.tr("Submit as a new run"), role) if submit else None
        as_was = box.addButton(self.tr("Retry as submitted"), role)
        box.addButton(QMessageBox.StandardButton.Cancel)
        box.setDefaultButton(with_changes or as_new or as_was)

        def finished() -> None:
            clicked = box.clickedButton()
            if clicked is as_was:
                go()
            elif clicked is not None and clicked is with_changes:
                self._amend(run, go)
            elif clicked is not None and clicked is as_new:
                self.submit_asked.emit()

        box.finished.connect(finished)
        box.open()

    def _amend(self, run: int, go: Go) -> None:
        session = self.run_view.session
        if session is None:
            return
        text = session.document.text

        def advance(progress: SubmitProgress) -> None:
            if not progress.over:
                self.progress.emit(progress.shown)
                return
            self.busy = False
            self.progress.emit("")
            if progress.phase == "amended":
                self.run_view.amended(run, text)
                go()
            else:
                title = self.tr("Not retried")
                box = QMessageBox(QMessageBox.Icon.Warning, title, progress.text, parent=self.window)
                box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
                box.open()

        self.busy = True
        self.progress.emit(self.tr("Taking the changes into run {}…").format(run))
        self.bridge.amend(run, text, session.document.folder, advance)


def _changed(old: Graph, new: Graph, named: frozenset[int | None]) -> list[str]:
    """Tasks that work otherwise now, the ones to be retried first."""
    places = [place for place, pair in enumerate(zip(old.tasks, new.tasks, strict=True)) if works_otherwise(*pair)]
    return [new.tasks[place].id for place in sorted(places, key=lambda place: place not in named)]


def _named(names: list[str], kind: str) -> str:
    """As in: “encode” and 2 other tasks."""
    more = len(names) - 1
    return f"“{names[0]}”" + (f" and {more} other {kind}{'s' if more > 1 else ''}" if more else "")
