"""The palette: what can be added to the graph, to drag onto the canvas or to add with Enter or a double click."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtWidgets import QInputDialog, QMenu, QMessageBox, QVBoxLayout, QWidget

from windlass_gui.editor.parts.part_list import PartList
from windlass_gui.editor.parts.shelf import Shelf
from windlass_gui.look.theme import Theme


class Palette(QWidget):
    """Left of the canvas."""

    chosen = Signal(object)
    """A `Part`, to be added in the middle of the view; of samples: to be opened."""

    def __init__(self, shelf: Shelf, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.parts = PartList(shelf, theme)
        self.parts.taken.connect(lambda part, _: self.chosen.emit(part))
        self.parts.list.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.parts.list.customContextMenuRequested.connect(self._show_menu)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.parts)

    def show_theme(self, theme: Theme) -> None:
        self.parts.show_theme(theme)

    def _show_menu(self, where: QPoint) -> None:
        part = self.parts.list.part()
        if part is None:
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(self.tr("Open") if part.group == "sample" else self.tr("Add"), lambda: self.chosen.emit(part))
        if part.group == "template":
            menu.addAction(self.tr("Rename…"), lambda: self._rename(part.key))
            menu.addAction(self.tr("Delete…"), lambda: self._delete(part.key))
        menu.popup(self.parts.list.viewport().mapToGlobal(where))

    def _rename(self, name: str) -> None:
        new, good = QInputDialog.getText(self, self.tr("Template"), self.tr("Name of the template:"), text=name)
        if good and new.strip():
            problem = self.tr("It was not renamed: {}")
            try:
                self.parts.shelf.templates.rename(name, new.strip(), lambda error: self._say(problem, error))
            except ValueError as error:
                self._say(problem, error)

    def _delete(self, name: str) -> None:
        question = self.tr("Delete the template “{}”? Graphs that it was used in keep their tasks.").format(name)
        if QMessageBox.question(self, self.tr("Template"), question) == QMessageBox.StandardButton.Yes:
            problem = self.tr("It was not deleted: {}")
            self.parts.shelf.templates.remove(name, lambda error: self._say(problem, error))

    def _say(self, problem: str, error: Exception) -> None:
        QMessageBox.warning(self, self.tr("Template"), problem.format(error))
