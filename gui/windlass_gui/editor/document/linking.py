"""Edits of links that are more than adding or removing one: on the document's text, each part of one undo step."""

from __future__ import annotations

from windlass.model.edit import DocumentText
from windlass.model.files import parse_input
from windlass_gui.editor.document.facts import needs_of

Link = tuple[str, str]
"""(source, target): the target needs the source."""


def reroute(text: DocumentText, old: Link, new: Link) -> None:
    """Take a link off one task and put it onto another.

    It keeps its way of waiting, and its place among the needs where the target stays; what the target took from the
    outputs of the old source it takes from the new one, so that nothing is lost in silence: the check says so where
    the new source has no such outputs.
    """
    needs = needs_of(_body(text, old[1]).get("needs"))
    each = dict(needs).get(old[0], False)
    if new[1] != old[1]:
        text.remove_need(old[1], old[0])
        text.add_need(new[1], new[0], each)
        return
    text.set_field(new[1], "needs", [_entry(new[0] if need == old[0] else need, on) for need, on in needs])
    inputs = _inputs(text, new[1])
    if any(_comes_from(entry, old[0]) for entry in inputs):
        text.set_field(new[1], "inputs", [_from(entry, old[0], new[0]) for entry in inputs])


def insert(text: DocumentText, task: str, link: Link) -> None:
    """`source -> target` becomes `source -> task -> target`.

    The task takes the outputs that the target took from the source, and the target takes the task's own where it
    declares some. Item by item stays so where the task is an array, because only then it can be.
    """
    source, target = link
    body = _body(text, task)
    each = dict(needs_of(_body(text, target).get("needs"))).get(source, False)
    each = each and any(body.get(key) is not None for key in ("matrix", "foreach"))
    passed = [entry for entry in _inputs(text, target) if _comes_from(entry, source)]
    kept = _inputs(text, target)
    text.remove_need(target, source)
    text.add_need(task, source, each)
    text.add_need(target, task, each)
    if passed:
        own = _inputs(text, task)
        text.set_field(task, "inputs", own + [entry for entry in passed if entry not in own])
        if body.get("outputs"):
            through = f"{task}.outputs"
            wanted = [through if entry in passed else entry for entry in kept]
            text.set_field(target, "inputs", list(dict.fromkeys(wanted)))


def _body(text: DocumentText, task: str) -> dict[str, object]:
    body = text.data["tasks"][task]
    return body if isinstance(body, dict) else {}


def _inputs(text: DocumentText, task: str) -> list[object]:
    value = _body(text, task).get("inputs")
    return list(value) if isinstance(value, list) else [] if value is None else [value]


def _comes_from(entry: object, task: str) -> bool:
    return isinstance(entry, str) and parse_input(entry).task == task


def _from(entry: object, old: str, new: str) -> object:
    return new + entry[len(old) :] if isinstance(entry, str) and _comes_from(entry, old) else entry


def _entry(need: str, each: bool) -> object:
    return {"task": need, "each": True} if each else need
