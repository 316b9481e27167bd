"""Undo commands: every change of a document is one of these.

A command keeps the step that its edit made: the pieces of the text that differ, before and after. Undoing puts the
pieces before in place, so the file is again what it was to the last byte, comments, quotes and order included,
whatever the edit did. The edit itself was made before the command came to be, so that one that is refused leaves no
step behind; the first `redo` therefore does nothing.
"""

from __future__ import annotations

from PySide6.QtGui import QUndoCommand

from windlass.model.steps import Step, joined
from windlass_gui.editor.document.document import Document

_MOVE_ID = 1


class EditCommand(QUndoCommand):
    """One edit, already made."""

    def __init__(self, document: Document, label: str, step: Step) -> None:
        super().__init__(label)
        self.document = document
        self.step = step
        self._made = True

    def redo(self) -> None:
        if self._made:
            self._made = False
        else:
            self.document.take(self.step, back=False)

    def undo(self) -> None:
        self.document.take(self.step, back=True)


class MoveCommand(EditCommand):
    """Nodes moved in small steps: moves of the same nodes that follow each other are one undo step."""

    def __init__(self, document: Document, label: str, step: Step, tasks: frozenset[str]) -> None:
        super().__init__(document, label, step)
        self._tasks = tasks

    def id(self) -> int:
        return _MOVE_ID

    def mergeWith(self, other: QUndoCommand) -> bool:
        if not isinstance(other, MoveCommand) or other._tasks != self._tasks:
            return False
        both = joined(self.step, other.step, self.document.text)
        if both is None:
            return False
        self.step = both
        return True
