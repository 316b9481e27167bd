"""Small questions and notices of the main window."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtWidgets import QMessageBox, QWidget

from windlass import __version__


def _tr(text: str) -> str:
    return QCoreApplication.translate("Dialogs", text)


def show_about(window: QWidget) -> None:
    text = _tr("<b>Windlass {}</b><br>Many machines, one graph of tasks.<br>MIT licence.").format(__version__)
    QMessageBox.about(window, _tr("About Windlass"), text)


def ask_running(window: QWidget, running: int) -> str:
    """What to do with runs that go on when the window closes: background, stop or stay."""
    box = QMessageBox(window)
    box.setIcon(QMessageBox.Icon.Question)
    box.setWindowTitle(_tr("A run is going on"))
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.setText(_tr("A run is going on.") if running == 1 else _tr("{} runs are going on.").format(running))
    one = _tr("It can go on without this window; the next time you start Windlass it is here again.")
    more = _tr("They can go on without this window; the next time you start Windlass they are here again.")
    box.setInformativeText(one if running == 1 else more)
    keep = box.addButton(_tr("Keep running in the background"), QMessageBox.ButtonRole.AcceptRole)
    stop = box.addButton(_tr("Stop"), QMessageBox.ButtonRole.DestructiveRole)
    box.addButton(QMessageBox.StandardButton.Cancel)
    box.setDefaultButton(keep)
    box.exec()
    clicked = box.clickedButton()
    box.deleteLater()
    return "background" if clicked is keep else "stop" if clicked is stop else "stay"
