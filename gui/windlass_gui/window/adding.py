"""How things get into the graph from outside the canvas: the palette, the search at the mouse, templates, files."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QObject, QPoint, QPointF
from PySide6.QtWidgets import QInputDialog, QMessageBox, QWidget

from windlass_gui.background import Background
from windlass_gui.editor.document.clipping import piece_text
from windlass_gui.editor.form.fields import plain_data
from windlass_gui.editor.page import EditorPage
from windlass_gui.editor.parts.dropped_files import data_task, outside, script_task, sort_files, with_inputs
from windlass_gui.editor.parts.palette import Palette
from windlass_gui.editor.parts.part_search import PartSearch
from windlass_gui.editor.parts.shelf import Part
from windlass_gui.files.documents import Documents, OpenDocument
from windlass_gui.look.theme import Theme


class Adding(QObject):
    """Between the shelf of parts and the document in front."""

    def __init__(
        self,
        window: QWidget,
        documents: Documents,
        palette: Palette,
        background: Background,
        open_sample: Callable[[str], object],
        open_file: Callable[[Path], object],
        new: Callable[[], object],
        theme: Theme,
    ) -> None:
        super().__init__(window)
        self.window = window
        self.documents = documents
        self.templates = palette.parts.shelf.templates
        self.search = PartSearch(palette.parts.shelf, theme, window)
        self._background = background
        self._open_sample = open_sample
        self._open_file = open_file
        self._new = new
        palette.chosen.connect(lambda part: self.add(part))
        self.search.taken.connect(self.add)
        documents.added.connect(self._follow)

    def _follow(self, made: OpenDocument) -> None:
        made.page.search_asked.connect(self._ask)
        made.page.files_dropped.connect(self.take_files)

    def _ask(self, place: QPointF, where: QPoint) -> None:
        self.search.open_at(place, where)

    def ask_in_middle(self) -> None:
        """The search for the middle of the canvas."""
        view = self.documents.page.view
        if view is not None:
            middle = view.viewport().rect().center()
            self._ask(QPointF(view.mapToScene(middle)), view.viewport().mapToGlobal(middle))

    def add(self, part: Part, place: QPointF | None = None, link: bool = False) -> None:
        """A part into the document in front: at a place of its scene, or in the middle of the view.

        With `link` it needs the one task that is chosen. A sample is opened by itself. While no document is open, a
        new one is begun.
        """
        if part.group == "sample":
            self._open_sample(part.key)
            return
        if self.documents.current is None:
            self._new()
        page = self.documents.page
        if page.view is None or page.session is None:
            return
        before = set(page.view.graph.selected)
        if part.group == "kind":
            page.view.add_task(part.key, place)
        else:
            template = self.templates.find(part.key)
            if template is not None:
                page.view.insert(template.text, place, _tr("add the template “{}”").format(part.key))
        added = page.view.graph.selected
        if link and len(before) == 1 and added and added != before:
            first = next(task for task in page.session.document.facts if task in added)
            page.session.link(next(iter(before)), first)
        page.view.setFocus()

    def save_template(self) -> None:
        """What is chosen becomes a template, under a name that is asked for."""
        page = self.documents.page
        if page.view is None or page.session is None or not page.view.graph.selected:
            return
        chosen = [task for task in page.session.document.facts if task in page.view.graph.selected]
        text = page.session.copied(chosen)
        wish = page.session.document.facts[chosen[0]].label
        title = _tr("Save as template")
        name, good = QInputDialog.getText(self.window, title, _tr("Name of the template:"), text=wish)
        name = name.strip()
        if not good or not name:
            return
        question = _tr("There is a template “{}” already. Replace it?").format(name)
        buttons = QMessageBox.StandardButton
        if self.templates.find(name) is not None and (
            QMessageBox.question(self.window, title, question) != buttons.Yes
        ):
            return

        def failed(error: Exception) -> None:
            QMessageBox.warning(self.window, title, _tr("It was not saved: {}").format(error))

        self.templates.save(name, text, failed)

    # --- files ---------------------------------------------------------------------------------------------

    def take_files(self, paths: list[Path], place: QPointF, onto: str) -> None:
        """Files were let go of over the canvas; `onto`: over this task."""
        found = sort_files(paths)
        for path in found.graphs:
            self._open_file(path)
        files = found.scripts + found.data
        page = self.documents.page
        if not files or page.session is None:
            return
        folder = page.session.document.folder
        if folder is None or page.session.path is None:
            page.session.refused.emit(_tr("Save the graph first: its tasks find their files from its folder"))
            return
        folder = folder.absolute()
        strange = outside(files, folder)
        if not strange:
            self._use(page, folder, found.scripts, found.data, place, onto)
            return
        names = Counter(path.name for path in strange)
        taken = [path for path in strange if names[path.name] > 1 or (folder / path.name).exists()]
        question = _tr("{} of these do not lie in the graph's folder. Copy them there?").format(len(strange))
        if taken:
            refusal = _tr("The graph's folder has a file “{}” already, which is another. Rename one first.")
            if names[taken[0].name] > 1:
                refusal = _tr("Several of these are called “{}”. Rename all but one first.")
            QMessageBox.warning(self.window, _tr("Dropped files"), refusal.format(taken[0].name))
            return
        if QMessageBox.question(self.window, _tr("Dropped files"), question) != QMessageBox.StandardButton.Yes:
            return

        def copied(new: dict[Path, Path]) -> None:
            scripts, data = ([new.get(path, path) for path in some] for some in (found.scripts, found.data))
            self._use(page, folder, scripts, data, place, onto)

        def failed(error: Exception) -> None:
            QMessageBox.warning(self.window, _tr("Dropped files"), _tr("They were not copied: {}").format(error))

        self._background.do(lambda: copy_into(strange, folder), copied, failed)

    def _use(
        self, page: EditorPage, folder: Path, scripts: list[Path], data: list[Path], place: QPointF, onto: str
    ) -> None:
        """Files of the graph's folder become inputs of a task, or tasks."""
        view, session = page.view, page.session
        if view is None or session is None:
            return
        inside = [path.relative_to(folder).as_posix() + ("/**" if path.is_dir() else "") for path in data]
        if onto in session.document.facts:
            more = [path.relative_to(folder).as_posix() for path in scripts] + inside
            session.settle()
            before = plain_data(session.document.task(onto).get("inputs"))
            fresh, inputs = with_inputs(before, more)
            if fresh:
                session.set_field(onto, "inputs", inputs, _tr("give “{}” {}").format(onto, fresh[0]))
            return
        made = [script_task(path.relative_to(folder).as_posix()) for path in scripts]
        if inside:
            made.append(data_task(inside))
        view.insert(
            piece_text({"tasks": dict(made)}), place, _tr("add {} dropped files").format(len(scripts) + len(data))
        )


def copy_into(paths: Sequence[Path], folder: Path) -> dict[Path, Path]:
    """Copies into a folder, by what they are copies of. Raises OSError, and then none is left."""
    done: dict[Path, Path] = {}
    try:
        for path in paths:
            target = folder / path.name
            if target.exists():  # since it was asked: not ours to write over, nor to remove
                raise FileExistsError(str(target))
            done[path] = target
            if path.is_dir():
                shutil.copytree(path, target)
            else:
                shutil.copy2(path, target)
    except OSError:
        for target in done.values():
            if target.is_dir():
                shutil.rmtree(target, ignore_errors=True)
            else:
                target.unlink(missing_ok=True)
        raise
    return done


def _tr(text: str) -> str:
    return QCoreApplication.translate("Adding", text)
