"""Small questions and notices of the main window."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QMessageBox, QWidget

from windlass import __version__

KEYS_HELP = """<table cellspacing=6>
<tr><td><b>Drag from the palette</b></td><td>add a task</td></tr>
<tr><td><b>Drag from port to port</b></td><td>link; with Shift: item by item</td></tr>
<tr><td><b>Drag on the canvas</b></td><td>select; with Shift in addition</td></tr>
<tr><td><b>Wheel, Space+drag, middle drag</b></td><td>pan</td></tr>
<tr><td><b>Ctrl+wheel, pinch, Ctrl + and −</b></td><td>zoom at the cursor</td></tr>
<tr><td><b>Tab</b></td><td>search what to add, at the mouse</td></tr>
<tr><td><b>Page Down, Page Up</b></td><td>next, previous task</td></tr>
<tr><td><b>Ctrl+arrows</b></td><td>go to the task in that direction</td></tr>
<tr><td><b>Arrows</b></td><td>move what is chosen; with Shift finely</td></tr>
<tr><td><b>Enter, F2, double click</b></td><td>edit the task</td></tr>
<tr><td><b>Delete</b></td><td>remove what is chosen</td></tr>
<tr><td><b>F, Shift+F</b></td><td>fit the graph, fit what is chosen</td></tr>
<tr><td><b>Escape</b></td><td>stop a drag, choose nothing</td></tr></table>"""


def _tr(text: str) -> str:
    return QCoreApplication.translate("Dialogs", text)


def show_keys(window: QWidget) -> None:
    QMessageBox.information(window, _tr("Keys and gestures"), _tr(KEYS_HELP))


def show_about(window: QWidget) -> None:
    text = _tr("<b>Windlass {}</b><br>Many machines, one graph of tasks.<br>MIT licence.").format(__version__)
    QMessageBox.about(window, _tr("About Windlass"), text)


def ask_running(window: QWidget, running: int) -> str:
    """What to do with runs that go on when the window closes: background, stop or stay."""
    box = QMessageBox(window)
    box.setIcon(QMessageBox.Icon.Question)
    box.setWindowTitle(_tr("A run is going on"))
    box.setText(_tr("A run is going on.") if running == 1 else _tr("{} runs are going on.").format(running))
    box.setInformativeText(_tr("It can go on without this window; the next time you start Windlass it is here again."))
    keep = box.addButton(_tr("Keep running in the background"), QMessageBox.ButtonRole.AcceptRole)
    stop = box.addButton(_tr("Stop"), QMessageBox.ButtonRole.DestructiveRole)
    box.addButton(QMessageBox.StandardButton.Cancel)
    box.setDefaultButton(keep)
    box.exec()
    clicked = box.clickedButton()
    box.deleteLater()
    return "background" if clicked is keep else "stop" if clicked is stop else "stay"
