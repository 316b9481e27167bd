"""Undo commands: every change of a document is one of these.

A command keeps the text before and after, packed. Undoing sets the text before, so the file is again what it was
to the last byte, comments, quotes and order included, whatever the edit did. Moves of nodes come in
series (arrow keys) and merge.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable

from PySide6.QtGui import QUndoCommand
from windlass.model.edit import DocumentText

from windlass_gui.editor.document import Document

_MOVE_ID = 1


class EditCommand(QUndoCommand):
    """One edit. `apply` changes the text's tree; it runs once, redoing sets the text that it made."""

    def __init__(self, document: Document, label: str, apply: Callable[[DocumentText], None]) -> None:
        super().__init__(label)
        self.document = document
        self.before = zlib.compress(document.text.encode(), 1)
        self.after: bytes | None = None
        self._apply = apply

    def redo(self) -> None:
        if self.after is None:
            self.document.edit(self._apply)
            self.after = zlib.compress(self.document.text.encode(), 1)
        else:
            self.document.replace(zlib.decompress(self.after).decode())

    def undo(self) -> None:
        self.document.replace(zlib.decompress(self.before).decode())

    def adopt(self, before: str, after: str) -> None:
        """The edit has been made already: only keep it."""
        self.before = zlib.compress(before.encode(), 1)
        self.after = zlib.compress(after.encode(), 1)


class TextCommand(EditCommand):
    """The whole text, as typed in the text view. The text may be one that cannot be read as YAML."""

    def __init__(self, document: Document, label: str, text: str) -> None:
        super().__init__(document, label, lambda _: None)
        self.after = zlib.compress(text.encode(), 1)


class MoveCommand(EditCommand):
    """Nodes moved. With `series`, moves of the same nodes that follow each other are one step."""

    def __init__(
        self,
        document: Document,
        label: str,
        points: dict[str, tuple[float, float]],
        series: bool = False,
    ) -> None:
        def move(text: DocumentText) -> None:
            for task, (x, y) in points.items():
                text.set_position(task, round(x), round(y))

        super().__init__(document, label, move)
        self._tasks = frozenset(points)
        self._series = series

    def id(self) -> int:
        return _MOVE_ID if self._series else -1

    def mergeWith(self, other: QUndoCommand) -> bool:
        if not isinstance(other, MoveCommand) or other._tasks != self._tasks or not other._series:
            return False
        self.after = other.after
        return True
