"""Retry, and the question whether the edits made since the submit come along."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QMessageBox, QWidget

from windlass.model.amend import difference, works_otherwise
from windlass.model.document import check_text
from windlass.model.graph import Graph
from windlass.model.part import part_text
from windlass_gui.background import Background
from windlass_gui.bridge import Bridge, SubmitProgress
from windlass_gui.editor.document.session import EditorSession
from windlass_gui.look.boxes import warn
from windlass_gui.look.language import spoken
from windlass_gui.runs import newer
from windlass_gui.runs.run_view import RunView

Go = Callable[[], object]
"""The retry itself, once nothing is left to ask."""


@dataclass(frozen=True, slots=True)
class Mended:
    """What a run would be given: a document, and its graph (None: it has problems)."""

    text: str
    graph: Graph | None


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
        self._background = Background(self)
        self._old: tuple[str, Graph | None] = ("", None)
        """The last submitted document that was looked at, and its graph."""

    def ask_first(self, run: int, named: frozenset[int | None], go: Go) -> None:
        """Before these tasks (None: all) are retried: ask with which graph, where that is a question; then go."""
        if self.busy:
            return
        session = self.run_view.session
        view = self.run_view
        if run != view.run or session is None or not view.document or not view.matches:
            go()
        elif view.is_part:
            session.when_checked(lambda: self._cut_out(session, run, named, go))
        elif view.edited:
            session.when_checked(
                lambda: self._compare(Mended(session.document.text, session.document.graph), run, named, go)
            )
        else:
            self._look_at_files(Mended(session.document.text, session.document.graph), run, go)

    def _cut_out(self, session: EditorSession, run: int, named: frozenset[int | None], go: Go) -> None:
        """The run is of a part of the graph: the same tasks of the graph as it is now, if they are all there."""
        old, now = self._submitted(self.run_view.document), session.document.graph
        if old is None or now is None:
            self._compare(Mended("", now), run, named, go)
            return
        part, there = {task.id for task in old.tasks}, {task.id for task in now.tasks}
        if gone := [task.id for task in old.tasks if task.id not in there]:
            text = self.tr("The changes cannot come along")
            more = self.tr("The run is of a part of the graph, and {} no longer in the graph that is open.")
            is_are = self.tr("{} is") if len(gone) == 1 else self.tr("{} are")
            self._ask(text, more.format(is_are.format(_named(gone, "task"))), run, go)
            return
        text = session.document.text

        def cut() -> Mended:
            made = part_text(text, part)
            return Mended(made, check_text(made).graph)

        def done(mended: Mended) -> None:
            self.busy = False
            self.progress.emit("")
            if self.run_view.run == run:
                self._compare(mended, run, named, go)

        def failed(_error: Exception) -> None:
            done(Mended("", None))

        self.busy = True
        self.progress.emit(self.tr("Looking at the part of the graph…"))
        self._background.do(cut, done, failed)

    def _compare(self, mended: Mended, run: int, named: frozenset[int | None], go: Go) -> None:
        """The shown run's graph with the edited one."""
        old, new = self._submitted(self.run_view.document), mended.graph
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
            self._ask(text, more, run, go, submit=not self.run_view.is_part)
        elif changed := _changed(old, new, named):
            self._offer(_named(changed, "task"), mended, run, go)
        else:
            self._look_at_files(mended, run, go)

    def _look_at_files(self, mended: Mended, run: int, go: Go) -> None:
        """The graph works as it did, but the files that it takes from its folder may have been mended."""
        view, session, row = self.run_view, self.run_view.session, self.run_view.row
        graph = mended.graph
        folder = session.document.folder if session is not None else None
        if graph is None or folder is None or row is None or not newer.takes_files(graph, view.params):
            go()
            return

        def found(files: list[str]) -> None:
            self.busy = False
            self.progress.emit("")
            if files and view.run == run:
                self._offer(_named(files, "file"), mended, run, go)
            else:
                go()

        self.busy = True
        newer.look(self.bridge, graph, folder, view.params, max(row.submitted, view.amended_at), found)

    def _offer(self, what: str, mended: Mended, run: int, go: Go) -> None:
        text = self.tr("Retry with the changes to {}?").format(what)
        more = self.tr(
            "What has succeeded stays, what runs now goes on as it is. All that starts from then on goes by the graph "
            "and its files as they are now."
        )
        self._ask(text, more, run, go, amend=mended.text)

    def _submitted(self, document: str) -> Graph | None:
        if self._old[0] != document:
            self._old = document, check_text(document).graph
        return self._old[1]

    def _ask(self, text: str, more: str, run: int, go: Go, amend: str = "", submit: bool = False) -> None:
        """`amend`: the document that the run may be given before; `submit`: the graph may be a new run instead."""
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
                self._amend(run, amend, go)
            elif clicked is not None and clicked is as_new:
                self.submit_asked.emit()

        box.finished.connect(finished)
        box.open()

    def _amend(self, run: int, text: str, go: Go) -> None:
        session = self.run_view.session
        if session is None:
            return

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
                warn(self.window, self.tr("Not retried"), spoken(progress.text))

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
