"""What an edit of a document changed, so that it can be taken back and made again.

A step by pieces keeps the tasks that differ, before and after, as they stand and what they mean; going back or forth
puts them in place and reads nothing. Where a text is not cut into pieces, or was typed, a step keeps the part of the
text that differs, and how the texts on both sides were cut, so that steps by pieces before and after it still fit.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Any, NamedTuple

from windlass.model.blocks import Block

Piece = tuple[str, Any]
"""A task's lines and what they say."""


class Hunk(NamedTuple):
    """The one part in which two texts differ."""

    start: int
    before: str
    after: str

    def applied(self, text: str, back: bool) -> str:
        """The text after it; with `back` the one before it."""
        old, new = (self.after, self.before) if back else (self.before, self.after)
        return text[: self.start] + new + text[self.start + len(old) :]


class Mark(NamedTuple):
    """A document at some moment. What is large and did not change is shared with other moments."""

    whole: str
    data: dict[str, Any]
    top: Block | None
    tasks: Block | None

    def text(self) -> str:
        if self.top is None:
            return self.whole
        if self.tasks is None:
            return self.top.text()
        entries = {**self.top.entries, "tasks": self.tasks.text()}
        return self.top.before + "".join(entries.values())

    def cut(self) -> Cut | None:
        """Where the text is cut; None when it is not."""
        if self.top is None:
            return None
        tasks = self.tasks
        sizes = dict(zip(self.top.entries, map(len, self.top.entries.values()), strict=True))
        if tasks is None:
            return Cut(len(self.top.before), sizes, self.top.indent)
        inner = array("I", map(len, tasks.entries.values()))
        sizes["tasks"] = len(tasks.before) + sum(inner)
        return Cut(len(self.top.before), sizes, self.top.indent, len(tasks.before), inner, tasks.indent)


@dataclass(frozen=True, slots=True)
class Cut:
    """How long the pieces of a text are."""

    before: int
    sizes: dict[str, int]
    """By top-level key."""
    indent: int
    tasks_before: int = 0
    tasks: array[int] | None = None
    tasks_indent: int = 0

    def made(self, text: str, data: dict[str, Any]) -> tuple[Block, Block | None]:
        """The pieces of the text that was cut so: the top level, and the tasks where they are cut too."""
        ends = list(accumulate(self.sizes.values(), initial=self.before))
        spans = dict(zip(self.sizes, pairwise(ends), strict=True))
        top = Block(text[: self.before], {key: text[a:b] for key, (a, b) in spans.items()}, self.indent)
        if self.tasks is None:
            return top, None
        start = spans["tasks"][0]
        first = start + self.tasks_before
        ends = list(accumulate(self.tasks, initial=first))
        entries = {task: text[a:b] for task, (a, b) in zip(data["tasks"], pairwise(ends), strict=True)}
        return top, Block(text[start:first], entries, self.tasks_indent)


@dataclass(slots=True, eq=False)
class State:
    """What is known of a text between two steps. It is found out once, and holds whenever one comes back."""

    readable: bool | None = None
    """None while nobody has read it."""
    cut: Cut | None = None
    """Where it is cut, if it can be: steps by pieces before it and after it are of these pieces."""


class TextStep(NamedTuple):
    """From one text to another."""

    hunk: Hunk
    states: tuple[State, State]


class PieceStep(NamedTuple):
    """From one document to another with other tasks, or another frame around them."""

    frames: tuple[Mark, Mark]
    """Before and after, without their tasks."""
    pieces: dict[str, tuple[Piece | None, Piece | None]]
    """The tasks that differ; None on the side where there is none."""
    orders: tuple[list[str], list[str]] | None
    """The order of the tasks on both sides, where it is not the same."""


Step = TextStep | PieceStep


def difference(before: str, after: str) -> Hunk | None:
    """The part in which two texts differ: what they begin and end with alike is left out. None when they are equal."""
    if before == after:
        return None
    start = _alike(before, after)
    rest_before, rest_after = before[start:], after[start:]
    end = _alike(rest_before[::-1], rest_after[::-1])
    return Hunk(start, rest_before[: len(rest_before) - end], rest_after[: len(rest_after) - end])


def _alike(one: str, other: str) -> int:
    """How many characters two texts begin with alike, by halving: comparing slices is much faster than characters."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def step_between(before: Mark, after: Mark) -> Step | None:
    """What leads from one to the other; None when they are equal."""
    if before.tasks is None or after.tasks is None:
        hunk = difference(before.text(), after.text())
        return hunk and TextStep(hunk, (State(True, before.cut()), State(True, after.cut())))
    old, new = before.tasks.entries, after.tasks.entries
    old_bodies, new_bodies = before.data["tasks"], after.data["tasks"]
    pieces: dict[str, tuple[Piece | None, Piece | None]] = {}
    orders = list(old), list(new)
    same = orders[0] == orders[1]
    if same:
        differ = [task for task, was, is_ in zip(new, old.values(), new.values(), strict=True) if was is not is_]
    else:
        differ = [task for task, is_ in new.items() if old.get(task) is not is_]
    for task in differ:
        was, is_ = old.get(task), new[task]
        if was is None:
            pieces[task] = None, (is_, new_bodies[task])
        elif was != is_:
            pieces[task] = (was, old_bodies[task]), (is_, new_bodies[task])
    if not same:
        for task in old.keys() - new.keys():
            pieces[task] = (old[task], old_bodies[task]), None
    frames = _frame(before), _frame(after)
    if not pieces and same and frames[0].text() == frames[1].text():
        return None
    return PieceStep(frames, pieces, None if same else orders)


def _frame(mark: Mark) -> Mark:
    """All of it but the tasks."""
    assert mark.top is not None
    assert mark.tasks is not None
    top = Block(mark.top.before, {**mark.top.entries, "tasks": ""}, mark.top.indent)
    return Mark("", {**mark.data, "tasks": {}}, top, Block(mark.tasks.before, {}, mark.tasks.indent))


def stepped(now: Mark, step: PieceStep, back: bool) -> Mark:
    """The document on the other side of a step, from the one on this side."""
    side = 0 if back else 1
    frame = step.frames[side]
    assert now.tasks is not None
    assert frame.top is not None
    assert frame.tasks is not None
    entries, bodies = dict(now.tasks.entries), dict(now.data["tasks"])
    for task, sides in step.pieces.items():
        piece = sides[side]
        if piece is None:
            del entries[task], bodies[task]
        else:
            entries[task], bodies[task] = piece
    if step.orders is not None:
        entries = {task: entries[task] for task in step.orders[side]}
        bodies = {task: bodies[task] for task in step.orders[side]}
    top = Block(frame.top.before, dict(frame.top.entries), frame.top.indent)
    return Mark("", {**frame.data, "tasks": bodies}, top, Block(frame.tasks.before, entries, frame.tasks.indent))


def joined(first: Step, then: Step, text: str) -> Step | None:
    """Two steps that follow each other as one; None when they are not of a kind. `text` is what came of them."""
    if isinstance(first, TextStep) and isinstance(then, TextStep):
        origin = first.hunk.applied(then.hunk.applied(text, back=True), back=True)
        hunk = difference(origin, text) or Hunk(0, "", "")
        return TextStep(hunk, (first.states[0], then.states[1]))
    if not isinstance(first, PieceStep) or not isinstance(then, PieceStep):
        return None
    pieces = dict(first.pieces)
    for task, (old, new) in then.pieces.items():
        pieces[task] = (first.pieces[task][0] if task in first.pieces else old), new
    orders = first.orders or then.orders
    if first.orders is not None and then.orders is not None:
        orders = first.orders[0], then.orders[1]
    return PieceStep((first.frames[0], then.frames[1]), pieces, orders)
