"""What a gesture is: an object that begins when it is made, follows the mouse, and ends or is abandoned.

It draws its own preview and changes the document at most once, when it ends. The view knows only that one is going
on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QKeyEvent

if TYPE_CHECKING:
    from windlass_gui.editor.canvas.view import GraphView


class Gesture:
    """Begins when it is made."""

    cursor: Qt.CursorShape | None = None
    follows_edges = True
    """The view scrolls by itself while the mouse is at its edge."""

    def __init__(self, view: GraphView, start: QPointF) -> None:
        self.view = view
        self.scene = view.graph
        self.start = start

    def move(self, at: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        """The mouse is at `at` (scene units)."""

    def key(self, event: QKeyEvent) -> bool:
        """A key other than Escape was pressed; False when it means nothing to the gesture."""
        return False

    def tab(self, forward: bool) -> bool:
        """Tab or Shift+Tab; False when the focus may go where it usually goes."""
        return False

    def finish(self, at: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        """The button was released: make the edit."""

    def cancel(self) -> None:
        """Escape: leave everything as it was."""
