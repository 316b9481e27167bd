"""Actions on several things at once, and the question before one that undoes finished work."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox, QWidget

from windlass_gui.bridge import Bridge
from windlass_gui.models import format as fmt

Target = tuple[int | None, int | None]
"""A task, and one of its items or None for all; no task: the whole run."""
WHOLE: list[Target] = [(None, None)]
Retry = Callable[[int, list[Target], bool], None]
"""Run targets of a run again; True: in whatever state they ended, with all that comes after them."""


def control_each(bridge: Bridge, action: str, run: int, targets: list[Target]) -> None:
    for task, index in targets:
        bridge.control(action, run, task, index)


def plain_retry(bridge: Bridge) -> Retry:
    """Just do it, as the run was submitted."""

    def retry(run: int, targets: list[Target], downstream: bool) -> None:
        for task, index in targets:
            bridge.control("retry", run, task, index, downstream=downstream)

    return retry


def run_again(bridge: Bridge, parent: QWidget, run: int, targets: list[Target], retry: Retry) -> None:
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
                retry(run, targets, True)

        box.finished.connect(finished)
        box.open()

    for task, index in targets:
        bridge.control("retry", run, task, index, downstream=True, dry=True, done=count)
