"""Draw a new link from a port."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, Qt

from windlass_gui.editor.canvas.gestures.aim import AimGesture

if TYPE_CHECKING:
    from windlass_gui.editor.canvas.view import GraphView


class LinkGesture(AimGesture):
    """With Shift the second task waits item by item."""

    def __init__(self, view: GraphView, start: QPointF, task: str, outward: bool) -> None:
        super().__init__(view, start, task, outward)
        self.move(start, Qt.KeyboardModifier.NoModifier)

    def target_at(self, at: QPointF) -> str | None:
        target = super().target_at(at)
        if target == self.task:
            # Its other port may be near where the drag began; only right on it a link to itself is meant.
            port = self.scene.geometry.port_at(at.x(), at.y())
            return target if port == (self.task, not self.outward) else None
        return target

    def finish(self, at: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        self.move(at, modifiers)
        ends, wanted, reason = self.ends, self.target is not None, self.reason
        self.cancel()
        if wanted and reason:
            self.view.session.refused.emit(reason)
        elif wanted:
            each = bool(modifiers & Qt.KeyboardModifier.ShiftModifier)
            self.make(ends, lambda source, target: self.view.session.link(source, target, each))
