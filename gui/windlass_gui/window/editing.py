"""What the editing actions of the menus do to the graph in front."""

from __future__ import annotations

from functools import partial

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QAbstractItemView, QApplication, QLineEdit, QPlainTextEdit, QWidget

from windlass_gui.editor.page import MODES, EditorPage
from windlass_gui.files.documents import Documents
from windlass_gui.window.actions import Actions

ON_CHOSEN = ("cut", "copy", "duplicate", "delete", "edit_task", "save_template")
"""Actions that need something chosen."""
ON_GRAPH = (
    "save", "save_as", "close", "select_all", "paste", "fit", "fit_selection", "zoom_in", "zoom_out", "zoom_reset",
    "canvas", "both", "text", "note", "add",
)  # fmt: skip

FRAMING = {
    "frame": "frame_selection", "unframe": "unframe", "fold": "toggle_fold", "open_frame": "open_chosen",
    "leave_frame": "leave", "take_out": "take_out", "note": "add_note",
}  # fmt: skip
"""Actions on frames and notes, and the methods of `Framing` that they call."""


class Editing:
    """Between the actions and the page. Text boxes that have the focus keep the clipboard's keys."""

    def __init__(self, actions: Actions, documents: Documents) -> None:
        self.actions = actions
        self.documents = documents
        do = actions.connect
        do("undo", lambda: self.page.session.step_back() if self.page.session else None)
        do("redo", lambda: self.page.session.step_forward() if self.page.session else None)
        do("cut", self.cut)
        do("copy", self.copy)
        do("paste", self.paste)
        do("duplicate", self.duplicate)
        do("delete", self.delete)
        do("select_all", self.select_all)
        for name, method in FRAMING.items():
            do(name, partial(self._framing, method))
        for mode in MODES:
            do(mode, partial(self._show_mode, mode))

    @property
    def page(self) -> EditorPage:
        """Of the document in front."""
        return self.documents.page

    def _show_mode(self, mode: str) -> None:
        self.page.show_mode(mode)

    def enable(self) -> None:
        """Offer what is possible now."""
        page, actions = self.page, self.actions
        actions.enable(page.session is not None, *ON_GRAPH)
        scene = page.view.graph if page.view is not None else None
        chosen = scene is not None and bool(scene.selected)
        actions.enable(chosen, *ON_CHOSEN)
        deletable = scene is not None and (scene.selected or scene.selected_links or scene.notes.selected is not None)
        actions.enable(bool(deletable), "delete")
        framed = page.view is not None and bool(page.view.framing.chosen_frames())
        actions.enable(chosen, "frame")
        actions.enable(framed, "unframe", "fold", "open_frame", "take_out")
        actions.enable(scene is not None and bool(scene.shown.inside), "leave_frame")
        stack = page.session.undo if page.session is not None else None
        for name, verb, can, what in (
            ("undo", page.tr("&Undo"), stack is not None and stack.canUndo(), stack.undoText() if stack else ""),
            ("redo", page.tr("&Redo"), stack is not None and stack.canRedo(), stack.redoText() if stack else ""),
        ):
            actions[name].setEnabled(can)
            actions[name].setText(f"{verb} {what}".rstrip())
            actions[name].setIconText(verb.replace("&", ""))

    def _framing(self, method: str) -> None:
        if self.page.view is not None:
            getattr(self.page.view.framing, method)()
            self.enable()

    def _typing(self) -> QLineEdit | QPlainTextEdit | None:
        widget = QApplication.focusWidget()
        return widget if isinstance(widget, (QLineEdit, QPlainTextEdit)) else None

    def _table(self) -> QAbstractItemView | None:
        """A table of another pane that has the focus: its keys are about its rows."""
        widget = QApplication.focusWidget()
        return widget if isinstance(widget, QAbstractItemView) and self._elsewhere() else None

    def _elsewhere(self) -> bool:
        """The keys belong to another pane, whose Delete must not remove tasks."""
        focus: QWidget | None = QApplication.focusWidget()
        page = self.page
        return (
            focus is not None
            and page.window() is focus.window()
            and not (focus is page.window() or focus is page or page.isAncestorOf(focus))
        )

    def chosen_text(self) -> str:
        view, session = self.page.view, self.page.session
        return session.copied(view.graph.selected) if view is not None and session is not None else ""

    def cut(self) -> None:
        box = self._typing()
        if box is not None:
            box.cut()
        elif not self._elsewhere():
            self.copy()
            self.delete(self.page.tr("cut {}"))

    def copy(self) -> None:
        box = self._typing()
        if box is not None:
            box.copy()
        elif self.page.view is not None and self.page.view.graph.selected:
            QGuiApplication.clipboard().setText(self.chosen_text())

    def paste(self) -> None:
        box = self._typing()
        if box is not None:
            box.paste()
        else:
            self._add_copies(QGuiApplication.clipboard().text())

    def duplicate(self) -> None:
        session = self.page.session
        if session is not None and (text := self.chosen_text()):
            self._add_copies(text, self.page.tr("duplicate {}").format(session.named(self._chosen())))

    def _add_copies(self, text: str, label: str = "") -> None:
        session, view = self.page.session, self.page.view
        if session is not None and view is not None:
            fresh = session.paste(text, label=label)
            if fresh:
                view.graph.select(fresh)

    def _chosen(self) -> set[str]:
        return self.page.view.graph.selected if self.page.view is not None else set()

    def delete(self, words: str = "") -> None:
        """What is chosen on the canvas; `words` name the step, with a place for what goes."""
        view, session = self.page.view, self.page.session
        if view is None or session is None or self._elsewhere():
            return
        if not view.framing.remove_chosen_note():
            tasks = self._chosen()
            label = words.format(session.named(tasks)) if words and tasks else ""
            session.remove(tasks, view.graph.task_links(view.graph.selected_links), label)

    def select_all(self) -> None:
        box = self._typing() or self._table()
        if box is not None:
            box.selectAll()
        elif self.page.view is not None:
            self.page.view.graph.select_all()
