"""All gestures, the keys of tables, and those of the actions as they are: what F1 shows."""

from __future__ import annotations

import html
from functools import partial

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtGui import QIcon, QKeySequence
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLineEdit, QTextBrowser, QVBoxLayout, QWidget

from windlass_gui.look.room import resize_on_screen
from windlass_gui.look.theme import L, M, current_theme
from windlass_gui.panes.deeds import DEEDS
from windlass_gui.window.actions import SPECS, Actions

GESTURES = (
    ("Links", (
        ("Drag from port to port", "link; with Shift: item by item"),
        ("Drag a link by its end", "take it to another task; on nothing: remove it"),
        ("Ctrl+right drag, Y+drag", "cut the links that the line crosses"),
        ("Drop a task on a link", "insert it; with Ctrl also one that has links"),
        ("L, then arrows or Tab, Enter", "link without the mouse"),
        ("K", "choose the next link; L takes it elsewhere, Delete removes it"),
    )),
    ("Choosing and moving", (
        ("Drag on the canvas", "choose what the rectangle touches; with Shift in addition"),
        ("Drag a task", "move; Alt: off the grid and the guides"),
        ("Arrows", "move what is chosen; with Shift finely"),
        ("Page Down, Page Up", "next, previous task"),
        ("Ctrl+arrows", "go to the task in that direction"),
        ("Enter, double click", "edit the task; look inside a folded frame"),
        ("Escape", "leave a drag as if it had never begun; choose nothing"),
    )),
    ("Looking", (
        ("Wheel, Space+drag, middle drag", "pan"),
        ("Ctrl+wheel, pinch", "zoom at the cursor"),
        ("Drag to the edge", "the view follows"),
    )),
    ("Adding", (
        ("Tab, double click beside all", "search what to add, at the mouse; Shift+Enter links it"),
        ("Drag a file here", "a script or data becomes a task, a graph is opened"),
        ("Drag text here", "tasks as YAML are added"),
        ("Drag from the palette", "add a task; on a link: insert it"),
        ("Enter in the palette", "add it to the view, or into the chosen link"),
    )),
    ("Timeline", (
        ("Wheel, W, S", "zoom; F shows everything"),
        ("Drag, A, D", "pan"),
        ("Ctrl+arrows", "go from bar to bar"),
        ("Enter, double click", "the log of the chosen bar"),
        ("Shift+drag", "sum up a region; Z zooms to it, Escape leaves it"),
    )),
    ("Tables", (
        ("Ctrl+F", "filter the rows"),
        ("Ctrl+C, Ctrl+Shift+C, Ctrl+Alt+J", "copy the chosen rows as text, CSV or JSON"),
        ("Ctrl+Shift+E", "write all rows into a file"),
        ("Ctrl+Alt+Z", "take back what was just done, while that is offered"),
    )),
)  # fmt: skip


def _tr(text: str) -> str:
    return QCoreApplication.translate("Keys", text)


class KeysDialog(QDialog):
    """A list that a word makes shorter."""

    def __init__(self, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._commands = commands(actions)
        self.setWindowTitle(self.tr("Keys and gestures"))
        resize_on_screen(self, 640, 620)
        self.filter = QLineEdit()
        self.filter.setPlaceholderText(self.tr("A key or a word"))
        self.filter.setAccessibleName(self.tr("Find a key"))
        self.filter.setClearButtonEnabled(True)
        self.list = QTextBrowser()
        self.list.setAccessibleName(self.tr("Keys and gestures"))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.button(QDialogButtonBox.StandardButton.Close).setIcon(QIcon())
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(L, L, L, L)
        layout.setSpacing(M)
        layout.addWidget(self.filter)
        layout.addWidget(self.list, 1)
        layout.addWidget(buttons)
        self.filter.textChanged.connect(lambda _: self._show())
        self._show()

    def _show(self) -> None:
        words = self.filter.text().casefold().split()
        groups = [(_tr(title), [(_tr(how), _tr(what)) for how, what in rows]) for title, rows in GESTURES]
        groups.append((_tr("Rows of tables"), table_keys()))
        groups.append((_tr("Commands"), self._commands))
        theme, parts = current_theme(), []
        for title, rows in groups:
            shown = [row for row in rows if all(word in " ".join(row).casefold() for word in words)]
            if shown:
                lines = "".join(
                    f"<tr><td width='230'><b>{html.escape(how)}</b></td><td>{html.escape(what)}</td></tr>"
                    for how, what in shown
                )
                parts.append(f"<h3>{html.escape(title)}</h3><table cellspacing='5' width='100%'>{lines}</table>")
        none = f"<p style='color:{theme.muted}'>{html.escape(_tr('Nothing has such a key or name.'))}</p>"
        self.list.setHtml("".join(parts) or none)


def table_keys() -> list[tuple[str, str]]:
    """What can be done by keys with the chosen rows of a table."""
    native, words = QKeySequence.SequenceFormat.NativeText, partial(QCoreApplication.translate, "Deeds")
    return [
        (QKeySequence(deed.keys).toString(native), f"{words(deed.text).rstrip('…')}: {words(deed.tip)}")
        for deed in DEEDS.values()
        if deed.keys
    ]


def commands(actions: Actions) -> list[tuple[str, str]]:
    """The keys that the actions have now, and what each does."""
    native = QKeySequence.SequenceFormat.NativeText
    found = []
    for spec in SPECS:
        action = actions[spec.name]
        keys = ", ".join(sequence.toString(native) for sequence in action.shortcuts())
        if keys:
            found.append((keys, f"{action.text().replace('&', '').rstrip('…')}: {action.statusTip()}"))
    return found
