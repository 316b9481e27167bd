"""A link that ends at a folded frame ends at one of the tasks in it: which one is asked."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import product
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QPoint
from PySide6.QtWidgets import QMenu

from windlass_gui.editor.canvas.projection import frame_of_node
from windlass_gui.editor.document.linking import Link
from windlass_gui.look.tips import plain_tip

if TYPE_CHECKING:
    from windlass_gui.editor.canvas.view import GraphView

LISTED = 25
"""Tasks that the menu lists; of a larger frame those that may be linked come first."""
TRIED = 200
"""Pairs of tasks that are tried for whether any of them may be linked."""


class FrameEnds:
    """Of the links of one view, whose ends are nodes: tasks, or folded frames."""

    def __init__(self, view: GraphView) -> None:
        self.view = view
        self.menu: QMenu | None = None
        """Open, while it is being asked."""

    def refusal(self, source: str, target: str) -> str:
        """Why no task of one node may be linked to any of the other; empty when one may."""
        document, members = self.view.session.document, self.view.graph.shown.members
        if source not in members and target not in members:
            return document.refusal(source, target)
        if source == target:
            return _tr("Both ends lie in this frame: open it with a double click to link what is in it")
        reason = ""
        for tried, link in enumerate(product(self._tasks(source), self._tasks(target))):
            why = document.refusal(*link)
            if not why or tried >= TRIED:
                return ""
            reason = reason or why
        return reason or _tr("There is no task in this frame")

    def resolve(self, link: Link, at: QPoint, then: Callable[[str, str], object]) -> None:
        """Call `then` with the tasks that the ends stand for: at once, or when the person has chosen.

        `at`: where to ask, on the screen. Nothing follows when the person chooses none.
        """
        source, target = link
        sources, targets = self._tasks(source), self._tasks(target)
        if len(targets) != 1:
            self._ask(target, targets, lambda task: (source, task), at, then)
        elif len(sources) != 1:
            self._ask(source, sources, lambda task: (task, targets[0]), at, then)
        else:
            then(sources[0], targets[0])

    def _tasks(self, node: str) -> list[str]:
        """What a node stands for, in the text's order."""
        return list(self.view.graph.shown.members.get(node, (node,)))

    def _ask(
        self, node: str, tasks: list[str], chosen: Callable[[str], Link], at: QPoint, then: Callable[[str, str], object]
    ) -> None:
        frames, facts = self.view.session.document.frames, self.view.session.document.facts
        menu = self.menu = QMenu(self.view)
        menu.aboutToHide.connect(menu.deleteLater)
        menu.setToolTipsVisible(True)
        title = frames[frame_of_node(node)].label
        menu.addAction(_tr("Which task in “{}”?").format(title)).setEnabled(False)
        menu.addSeparator()
        reasons = {task: self.refusal(*chosen(task)) for task in tasks[:TRIED]}
        shown = sorted(reasons, key=lambda task: bool(reasons[task]))[:LISTED]
        for task in sorted(shown, key=tasks.index):
            own, reason = facts[task], reasons[task]
            label = own.label if own.label == task else f"{own.label} ({task})"
            action = menu.addAction(label.replace("&", "&&"))
            action.setToolTip(plain_tip(reason or own.summary))
            action.setEnabled(not reason)
            if reason:
                action.setText(f"{action.text()} — {reason}")
            action.triggered.connect(partial(self.resolve, chosen(task), at, then))
        left = len(tasks) - len(shown)
        if left:
            menu.addSeparator()
            inside = menu.addAction(_tr("{} more: open the frame").format(left))
            inside.triggered.connect(lambda: self.view.framing.open(frame_of_node(node)))
        first = next((action for action in menu.actions() if action.isEnabled() and action.text()), None)
        menu.popup(at)
        if first is not None:
            menu.setActiveAction(first)


def _tr(text: str) -> str:
    return QCoreApplication.translate("FrameEnds", text)
