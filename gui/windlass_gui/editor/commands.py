"""Undo commands: every change of a document is one of these.

A command keeps the text before and after, packed. Undoing sets the text before, so the file is again what it was
to the last byte, comments, quotes and order included, whatever the edit did. The edit itself was made before the
command came to be, so that one that is refused leaves no step behind; the first `redo` therefore does nothing.
"""

from __future__ import annotations

import zlib

from PySide6.QtGui import QUndoCommand

from windlass_gui.editor.document import Document

_MOVE_ID = 1


class EditCommand(QUndoCommand):
    """One edit, already made."""

    def __init__(self, document: Document, label: str, before: str, after: str) -> None:
        super().__init__(label)
        self.document = document
        self.before = zlib.compress(before.encode(), 1)
        self.after = zlib.compress(after.encode(), 1)
        self._made = True

    def redo(self) -> None:
        if self._made:
            self._made = False
        else:
            self.document.replace(zlib.decompress(self.after).decode())

    def undo(self) -> None:
        self.document.replace(zlib.decompress(self.before).decode())


class MoveCommand(EditCommand):
    """Nodes moved in small steps: moves of the same nodes that follow each other are one undo step."""

    def __init__(self, document: Document, label: str, before: str, after: str, tasks: frozenset[str]) -> None:
        super().__init__(document, label, before, after)
        self._tasks = tasks

    def id(self) -> int:
        return _MOVE_ID

    def mergeWith(self, other: QUndoCommand) -> bool:
        if not isinstance(other, MoveCommand) or other._tasks != self._tasks:
            return False
        self.after = other.after
        return True
