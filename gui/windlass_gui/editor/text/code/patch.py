"""Put another text into a text document by changing only the lines that differ.

So the cursor, the selection and what is in view stay where they are, as Qt moves them along with each small change.
"""

from __future__ import annotations

from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import NamedTuple

from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import QPlainTextEdit

COMPARED = 1500
"""Lines of the part that differs up to which its lines are compared one by one; above it is replaced whole."""


class Hunk(NamedTuple):
    """Lines [first, last) of the old text become `lines`."""

    first: int
    last: int
    lines: list[str]


def hunks(old: list[str], new: list[str]) -> list[Hunk]:
    """What makes `new` of `old`, from the end to the start, so that each leaves the numbers of those that follow."""
    return list(_forward(old, new))[::-1]


def _forward(old: list[str], new: list[str]) -> Iterator[Hunk]:
    if len(old) == len(new):
        # Most edits change lines and add none, however many: positions, for example.
        start = 0
        for at in range(len(old) + 1):
            if at == len(old) or old[at] == new[at]:
                if start < at:
                    yield Hunk(start, at, new[start:at])
                start = at + 1
        return
    low, most = 0, min(len(old), len(new))
    while low < most and old[low] == new[low]:
        low += 1
    high = 0
    while high < most - low and old[len(old) - 1 - high] == new[len(new) - 1 - high]:
        high += 1
    before, after = old[low : len(old) - high], new[low : len(new) - high]
    if len(before) > COMPARED or len(after) > COMPARED:
        yield Hunk(low, low + len(before), after)
        return
    for kind, i, j, k, m in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind != "equal":
            yield Hunk(low + i, low + j, after[k:m])


def plain_text(edit: QPlainTextEdit) -> str:
    """The text to the character: `toPlainText` makes a common blank of every one that may not break."""
    return edit.document().toRawText().replace("\u2029", "\n")


def put_text(edit: QPlainTextEdit, text: str) -> list[int]:
    """Make `text` what the box holds; gives the numbers (from 0) of the lines that are new or changed."""
    old, new = plain_text(edit).split("\n"), text.split("\n")
    found = hunks(old, new)
    top = QTextCursor(edit.firstVisibleBlock())
    at_start = not top.block().blockNumber()
    cursor = QTextCursor(edit.document())
    cursor.beginEditBlock()
    for hunk in found:
        _apply(cursor, hunk, old)
    cursor.endEditBlock()
    if not at_start:
        edit.verticalScrollBar().setValue(top.block().blockNumber())
    changed: list[int] = []
    moved = 0
    for hunk in reversed(found):
        changed.extend(range(hunk.first + moved, hunk.first + moved + len(hunk.lines)))
        moved += len(hunk.lines) - (hunk.last - hunk.first)
    return changed


def _apply(cursor: QTextCursor, hunk: Hunk, old: list[str]) -> None:
    document, keep = cursor.document(), QTextCursor.MoveMode.KeepAnchor
    if hunk.last - hunk.first == len(hunk.lines):
        # Line for line: only the characters between what is the same at both ends.
        for at, line in zip(range(hunk.first, hunk.last), hunk.lines, strict=True):
            before = old[at]
            low, high = _common(before, line)
            start = document.findBlockByNumber(at).position()
            cursor.setPosition(start + units(before[:low]))
            cursor.setPosition(start + units(before[: len(before) - high]), keep)
            cursor.insertText(line[low : len(line) - high])
        return
    if hunk.first == hunk.last:
        if hunk.first == len(old):
            cursor.movePosition(QTextCursor.MoveOperation.End)
            cursor.insertText("\n" + "\n".join(hunk.lines))
        else:
            # Into the line before the break, so that what follows keeps its own block.
            cursor.setPosition(document.findBlockByNumber(hunk.first).position())
            cursor.insertText("\n".join(hunk.lines) + "\n")
        return
    start = document.findBlockByNumber(hunk.first).position()
    end = document.findBlockByNumber(hunk.last - 1)
    cursor.setPosition(start)
    if hunk.lines:
        cursor.setPosition(end.position() + end.length() - 1, keep)
        cursor.insertText("\n".join(hunk.lines))
    elif hunk.last < len(old):
        cursor.setPosition(document.findBlockByNumber(hunk.last).position(), keep)
        cursor.removeSelectedText()
    else:
        # The last lines go with the break before them.
        cursor.setPosition(max(0, start - 1))
        cursor.setPosition(end.position() + end.length() - 1, keep)
        cursor.removeSelectedText()


def _common(old: str, new: str) -> tuple[int, int]:
    most, low, high = min(len(old), len(new)), 0, 0
    while low < most and old[low] == new[low]:
        low += 1
    while high < most - low and old[len(old) - 1 - high] == new[len(new) - 1 - high]:
        high += 1
    return low, high


def units(text: str) -> int:
    """A text's length as Qt counts it: in UTF-16."""
    return len(text) + sum(char > "\uffff" for char in text)


def place_of(text: str, at: int) -> int:
    """The place in a Python text of one that Qt counts."""
    if text.isascii():
        return at
    return len(text.encode("utf-16-le", "surrogatepass")[: 2 * at].decode("utf-16-le", "replace"))
