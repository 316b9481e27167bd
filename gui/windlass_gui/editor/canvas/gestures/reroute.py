"""Take one end of a link to another task, or away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, Qt

from windlass_gui.editor.canvas.gestures.aim import AimGesture
from windlass_gui.editor.canvas.layout import Point
from windlass_gui.editor.document.linking import Link

if TYPE_CHECKING:
    from windlass_gui.editor.canvas.view import GraphView

HOME = 24.0
"""Pixels from where the link lay within which letting go leaves it as it was."""


class RerouteGesture(AimGesture):
    """`target_end`: the end at the task that waits is taken, else the one at the task that it waits for.

    Only of a link that stands for one link of the document: those of a folded frame may stand for several.
    """

    def __init__(self, view: GraphView, start: QPointF, link: Link, target_end: bool) -> None:
        super().__init__(view, start, link[0] if target_end else link[1], target_end)
        self.link = link
        self.old_end = link[1] if target_end else link[0]
        self.home = False
        """So near to where it lay that letting go changes nothing."""
        self.scene.links[link].setVisible(False)
        self.move(start, Qt.KeyboardModifier.NoModifier)

    def target_at(self, at: QPointF) -> str | None:
        target = super().target_at(at)
        self.home = target == self.old_end or (
            target is None and self.scene.link_index.distance(self.link, at.x(), at.y()) * self.view.zoom < HOME
        )
        return self.old_end if self.home else target

    def refusal(self, source: str, target: str) -> str:
        return "" if (source, target) == self.link else super().refusal(source, target)

    def aim(self, target: str | None, free: Point) -> None:
        super().aim(target, free)
        if target is None:
            self.preview.setPen(self.scene.look.link_going)
            self.view.show_hint(self.view.tr("Let go here to remove the link; Esc keeps it"))

    def finish(self, at: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        self.move(at, modifiers)
        ends, target, reason = self.ends, self.target, self.reason
        self.cancel()
        if reason:
            self.view.session.refused.emit(reason)
        elif target is None:
            self.view.session.remove((), self.scene.task_links([self.link]))
        elif ends != self.link:
            (old,) = self.scene.task_links([self.link])
            fixed = (old[0], ends[1]) if self.outward else (ends[0], old[1])
            self.make(fixed, lambda source, target: self._make(old, (source, target)))

    def _make(self, old: Link, new: Link) -> None:
        shown = self.scene.shown
        if self.view.session.reroute(old, new):
            self.scene.select((), [(shown.node_of(new[0]), shown.node_of(new[1]))])

    def cancel(self) -> None:
        super().cancel()
        if self.link in self.scene.links:
            self.scene.links[self.link].setVisible(True)
