"""What can be done with the rows of a table: one list of words, keys and tips, for its menu, its keys and toolbars."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from PySide6.QtCore import QCoreApplication, QObject, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu

from windlass_gui.panes.table import Table


class Deed(NamedTuple):
    text: str
    keys: str
    tip: str


DEEDS = {
    "open": Deed("Show items", "", "The items of the task, one row each"),
    "log": Deed("Show log", "Ctrl+Alt+L", "What it writes"),
    "why": Deed("Why does it wait?", "Ctrl+Alt+W", "What keeps it from beginning, live"),
    "attempts": Deed("Show attempts", "Ctrl+Alt+A", "Every attempt, with its agent, duration and memory"),
    "retry": Deed("Retry", "Ctrl+Alt+R", "Run again what failed or was cancelled, and what was skipped because of it"),
    "again": Deed("Run again with what follows…", "Ctrl+Alt+Shift+R",
                  "In whatever state it ended, with all that comes after; shows first what that touches"),
    "cancel": Deed("Cancel", "Ctrl+Alt+C", "Stop what runs and do not start the rest"),
    "pause": Deed("Pause", "Ctrl+Alt+P", "Start nothing more; what runs goes on"),
    "resume": Deed("Resume", "Ctrl+Alt+G", "Go on starting items"),
    "up": Deed("Higher priority", "Ctrl+Alt+Up", "One more: the highest priority goes first"),
    "down": Deed("Lower priority", "Ctrl+Alt+Down", "One less"),
    "priority": Deed("Priority…", "", "Give a number; the highest goes first"),
    "resources": Deed("Resources of what still waits…", "", "CPUs, memory, GPUs and time for what has not begun"),
    "report": Deed("What happened?", "", "Agents lost, items made anew, retries, waiting, memory, the slowest items"),
    "delete": Deed("Delete…", "Del", "An ended run with its logs, results and files, for good"),
    "drain": Deed("Drain", "Ctrl+Alt+D", "Nothing new for this machine; what runs there goes on"),
    "undrain": Deed("Take work again", "Ctrl+Alt+U", "The machine gets work again"),
    "forgive": Deed("Forgive", "Ctrl+Alt+F", "It was set aside as sick: give it work again at once"),
    "remove": Deed("Forget…", "", "Take a machine that is down off the list"),
}  # fmt: skip


class Deeds(QObject):
    """The deeds of one table by their names; an empty name is a line in the menu."""

    def __init__(
        self, table: Table, names: Sequence[str], do: Callable[[str], object], can: Callable[[str], bool]
    ) -> None:
        super().__init__(table)
        self.names = list(names)
        self._can = can
        self.actions: dict[str, QAction] = {}
        for name in filter(None, names):
            deed = DEEDS[name]
            action = QAction(_tr(deed.text), table)
            keys = QKeySequence(deed.keys)
            words = keys.toString(QKeySequence.SequenceFormat.NativeText)
            action.setToolTip(_tr(deed.tip) + (f"  ({words})" if words else ""))
            action.setShortcut(keys)
            action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
            action.triggered.connect(lambda _checked=False, name=name: do(name))
            table.addAction(action)
            self.actions[name] = action
        self._table = table
        self._stale = False
        """Something has changed while nobody could see it."""
        table.menu = self.fill
        table.selectionModel().selectionChanged.connect(self.enable)
        table.appeared.connect(self.enable)
        self.enable()

    def __getitem__(self, name: str) -> QAction:
        if self._stale:
            self._look()
        return self.actions[name]

    def enable(self, *_: object) -> None:
        """What makes sense for the rows that are selected now; of a table that is hidden, once it is shown."""
        self._stale = True
        if self._table.isVisible():
            self._look()

    def _look(self) -> None:
        self._stale = False
        for name, action in self.actions.items():
            action.setEnabled(self._can(name))

    def fill(self, menu: QMenu) -> None:
        self._look()
        for name in self.names:
            if name:
                menu.addAction(self.actions[name])
            else:
                menu.addSeparator()


def _tr(text: str) -> str:
    return QCoreApplication.translate("Deeds", text)
