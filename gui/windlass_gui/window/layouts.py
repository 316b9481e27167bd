"""Where the panes stand: kept from one start to the next, saved by name, put back to how they were at first."""

from __future__ import annotations

from functools import partial
from urllib.parse import quote, unquote

from PySide6.QtCore import QByteArray, QObject, QSettings
from PySide6.QtWidgets import QInputDialog, QMainWindow, QMenu

from windlass_gui.window.actions import Actions
from windlass_gui.window.docks import usual_sizes
from windlass_gui.window.maximising import VERSION, Maximising


class Layouts(QObject):
    """Made when the window has all its docks."""

    def __init__(self, window: QMainWindow, settings: QSettings, actions: Actions, maximising: Maximising) -> None:
        super().__init__(window)
        self.window = window
        self.maximising = maximising
        self.settings = settings
        self.actions = actions
        self._first = window.saveState(VERSION)
        actions.connect("save_layout", self.ask_name)
        actions.connect("reset_layout", self.reset)

    # --- from start to start ---------------------------------------------------------------------------------

    def restore(self) -> None:
        """As the window stood when it was closed."""
        geometry, state = self.settings.value("geometry"), self.settings.value("state")
        if isinstance(geometry, QByteArray):
            self.window.restoreGeometry(geometry)
        if isinstance(state, QByteArray):
            self.window.restoreState(state, VERSION)

    def remember(self) -> None:
        self.settings.setValue("geometry", self.window.saveGeometry())
        self.settings.setValue("state", self.maximising.state())

    # --- by name ---------------------------------------------------------------------------------------------

    def names(self) -> list[str]:
        self.settings.beginGroup("layouts")
        keys = self.settings.childKeys()
        self.settings.endGroup()
        return sorted((unquote(key) for key in keys), key=str.casefold)

    def save(self, name: str) -> None:
        """The docks with their places and sizes. One of that name is replaced."""
        if name.strip():
            self.settings.setValue(_key(name.strip()), self.maximising.state())

    def show(self, name: str) -> None:
        state = self.settings.value(_key(name))
        if isinstance(state, QByteArray):
            self.maximising.leave()
            self.window.restoreState(state, VERSION)

    def delete(self, name: str) -> None:
        self.settings.remove(_key(name))

    def reset(self) -> None:
        """As in a window that is opened for the first time."""
        self.maximising.leave()
        self.window.restoreState(self._first, VERSION)
        usual_sizes(self.window)

    def ask_name(self) -> QInputDialog:
        """A name for the layout as it is now; the known ones are offered, to be replaced."""
        dialog = QInputDialog(self.window)
        dialog.setWindowTitle(self.tr("Save layout"))
        dialog.setLabelText(self.tr("Name of the layout (one that is there is replaced):"))
        dialog.setComboBoxEditable(True)
        dialog.setComboBoxItems(["", *self.names()])
        dialog.setOkButtonText(self.tr("Save"))
        dialog.textValueSelected.connect(self.save)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()
        return dialog

    def fill(self, menu: QMenu) -> None:
        """The menu of layouts, as they are now."""
        menu.clear()
        names = self.names()
        for name in names:
            action = menu.addAction(name.replace("&", "&&"), partial(self.show, name))
            action.setStatusTip(self.tr("Put the panes where they stood when this layout was saved"))
        menu.addSeparator()
        menu.addAction(self.actions["save_layout"])
        delete = menu.addMenu(self.tr("&Delete layout"))
        delete.setEnabled(bool(names))
        for name in names:
            delete.addAction(name.replace("&", "&&"), partial(self.delete, name))
        menu.addAction(self.actions["reset_layout"])


def _key(name: str) -> str:
    return "layouts/" + quote(name, safe="")
