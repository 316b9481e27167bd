"""A document whose text was typed is read anew only where it differs from the one before.

The pieces that the difference touches, with one on either side, are read by themselves, as if nothing else stood in
the document. What they say there they also say in it, because of how the text was cut before and is cut again: a piece
begins with a key (or with a comment above one) at the indentation of all the others, so that nothing before it goes
on in it; it ends with its line, and nothing in it is left open, as it could be read alone; and no anchor reaches into
it or out of it. Where any of this is in doubt the whole text has to be read. (How many values all of it holds is not
counted here; the check does.)
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from itertools import accumulate
from typing import NamedTuple

from windlass.model.blocks import Block
from windlass.model.edit import DocumentText
from windlass.model.events import fast_parser_reads
from windlass.model.source import MAX_BYTES
from windlass.model.steps import Hunk, Mark, difference

_HEAD = "tasks:\n"
_COMMENT_LAST = re.compile(r"(?:\A|\n)#[^\n]*\n?\Z")
"""Ends with a comment that belongs to the top-level key below it."""


class _Span(NamedTuple):
    """Neighbouring pieces of a block, and where their text stands."""

    first: int
    last: int
    """Places in the block's order, both included."""
    start: int
    end: int


def retyped(now: Mark, text: str) -> Mark | None:
    """The document once its text has become another one; None where only reading all of it tells."""
    if now.top is None or now.tasks is None or len(text) > MAX_BYTES:
        return None
    hunk = difference(now.text(), text)
    if hunk is None:
        return now
    start, ends = _tasks_ends(now)
    if start <= hunk.start and hunk.start + len(hunk.before) <= ends[-1]:
        return _tasks_retyped(now, text, hunk, start, ends)
    return _top_retyped(now, text, hunk)


def tasks_at(now: Mark, hunk: Hunk) -> list[str]:
    """The tasks in whose lines a text is about to change; none where other lines change too."""
    if now.tasks is None:
        return []
    start, ends = _tasks_ends(now)
    if hunk.start < start or hunk.start + len(hunk.before) > ends[-1]:
        return []
    first = bisect_right(ends, hunk.start, hi=len(ends) - 1)
    last = bisect_left(ends, hunk.start + len(hunk.before), lo=first, hi=len(ends) - 1)
    return list(now.tasks.entries)[first : last + 1]


def _tasks_ends(now: Mark) -> tuple[int, list[int]]:
    """Where the first task begins, and where each ends."""
    assert now.top is not None
    assert now.tasks is not None
    start = len(now.top.before) + len(now.tasks.before)
    for key, entry in now.top.entries.items():
        if key == "tasks":
            break
        start += len(entry)
    ends = list(accumulate(map(len, now.tasks.entries.values()), initial=start))
    return start, ends[1:]


def _touched(hunk: Hunk, start: int, ends: list[int]) -> _Span:
    """The pieces that a change touches, were it only at their edge, with one more on either side."""
    first = max(0, bisect_left(ends, hunk.start) - 1)
    last = min(len(ends) - 1, bisect_right(ends, hunk.start + len(hunk.before)) + 1)
    return _Span(first, last, ends[first - 1] if first else start, ends[last])


def _tasks_retyped(now: Mark, text: str, hunk: Hunk, start: int, ends: list[int]) -> Mark | None:
    assert now.top is not None
    assert now.tasks is not None
    span = _touched(hunk, start, ends)
    grown = len(hunk.after) - len(hunk.before)
    piece = text[span.start : span.end + grown]
    rest = span.end + grown < len(text)
    if rest and (not piece.endswith("\n") or (span.end == ends[-1] and _COMMENT_LAST.search(piece))):
        return None
    read = _read(_HEAD + piece)
    if read is None or list(read.data) != ["tasks"] or read.tasks is None:
        return None
    if read.tasks.indent != now.tasks.indent or read.tasks.before != _HEAD:
        return None
    entries = _spliced(now.tasks, span, read.tasks)
    if entries is None:
        return None
    bodies = dict(now.data["tasks"])
    if list(entries) == list(bodies):
        for task, entry in read.tasks.entries.items():
            if entry != now.tasks.entries[task]:
                bodies[task] = read.data["tasks"][task]
    else:
        fresh, old = read.data["tasks"], now.tasks.entries
        bodies = {
            task: bodies[task] if task not in fresh or old.get(task) == entry else fresh[task]
            for task, entry in entries.items()
        }
    tasks = Block(now.tasks.before, entries, now.tasks.indent)
    return Mark("", {**now.data, "tasks": bodies}, now.top, tasks)


def _top_retyped(now: Mark, text: str, hunk: Hunk) -> Mark | None:
    """Other top-level fields than the tasks."""
    assert now.top is not None
    assert now.tasks is not None
    keys, at = list(now.top.entries), list(now.top.entries).index("tasks")
    begin = len(now.top.before)
    sizes = [len(entry) for entry in now.top.entries.values()]
    sizes[at] = len(now.tasks.text())
    ends = list(accumulate(sizes, initial=begin))[1:]
    tasks_start, tasks_end = ends[at] - sizes[at], ends[at]
    last = hunk.start + len(hunk.before)
    if begin <= hunk.start and last <= tasks_start and at:
        span = _touched(hunk, begin, ends[:at])
    elif hunk.start >= tasks_end and at + 1 < len(keys):
        found = _touched(hunk, tasks_end, ends[at + 1 :])
        span = found._replace(first=found.first + at + 1, last=found.last + at + 1)
    else:
        return None
    end = span.end + len(hunk.after) - len(hunk.before)
    piece = text[span.start : end]
    if end < len(text) and (not piece.endswith("\n") or (span.last + 1 == at and _COMMENT_LAST.search(piece))):
        return None
    read = _read(piece)
    if read is None or read.top is None or read.top.before or "tasks" in read.data:
        return None
    entries = _spliced(now.top, span, read.top)
    if entries is None:
        return None
    data = {key: read.data[key] if key in read.data else now.data[key] for key in entries}
    return Mark("", data, Block(now.top.before, entries, now.top.indent), now.tasks)


def _read(piece: str) -> Mark | None:
    """A piece by itself, cut; None when it cannot be read or cut."""
    if not fast_parser_reads(piece):
        return None
    try:
        mark = DocumentText(piece, "yaml").mark()
    except ValueError:
        return None
    return mark if mark.text() == piece else None


def _spliced(block: Block, span: _Span, fresh: Block) -> dict[str, str] | None:
    """A block's pieces with others in place of some; None where a key would stand there twice."""
    items = list(block.entries.items())
    before, after = items[: span.first], items[span.last + 1 :]
    entries = dict([*before, *fresh.entries.items(), *after])
    return entries if len(entries) == len(before) + len(fresh.entries) + len(after) else None
