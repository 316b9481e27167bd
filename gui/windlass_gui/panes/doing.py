"""Actions on several things at once, and the question before one that undoes finished work."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox, QWidget

from windlass_gui.bridge import Bridge
from windlass_gui.models import format as fmt

Target = tuple[int, int | None]
"""A task, and one of its items or None for all."""


def control_each(bridge: Bridge, action: str, run: int, targets: list[Target]) -> None:
    for task, index in targets:
        bridge.control(action, run, task, index)


def run_again(bridge: Bridge, parent: QWidget, run: int, targets: list[Target]) -> None:
    """Run these in any terminal state again, with all that comes after: says how many items first, then asks."""
    counted: list[int] = []

    def count(items: int) -> None:
        counted.append(items)
        if len(counted) == len(targets):
            ask(sum(counted))

    def ask(items: int) -> None:
        box = QMessageBox(parent)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.setIcon(QMessageBox.Icon.Question)
        box.setTextFormat(Qt.TextFormat.PlainText)
        box.setText(f"Run {fmt.count(items)} {'item' if items == 1 else 'items'} again?")
        box.setInformativeText("These and everything that comes after them lose their results and run anew.")
        yes = box.addButton("Run again", QMessageBox.ButtonRole.AcceptRole)
        box.addButton(QMessageBox.StandardButton.Cancel)

        def finished() -> None:
            if box.clickedButton() is yes:
                for task, index in targets:
                    bridge.control("retry", run, task, index, downstream=True)

        box.finished.connect(finished)
        box.open()

    for task, index in targets:
        bridge.control("retry", run, task, index, downstream=True, dry=True, done=count)
