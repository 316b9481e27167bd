"""A text that another process has read: as bytes small enough that taking it over costs only what is new in it."""

from __future__ import annotations

from array import array
from typing import Any

import msgspec

from windlass.model.edit import DocumentText
from windlass.model.source import guess_format
from windlass.model.steps import Cut, Mark

_decode = msgspec.msgpack.Decoder().decode


class Reading(msgspec.Struct):
    """What a text says."""

    readable: bool = True
    odd: bool = False
    """It can be read, but holds what these bytes cannot (such as a number of forty digits)."""
    fmt: str = "yaml"
    data: dict[str, Any] = {}
    """The whole document; where it is cut, without its tasks."""
    before: int = 0
    sizes: dict[str, int] | None = None
    """None where the text is not cut. See `Cut`, also for what follows."""
    indent: int = 0
    tasks_before: int = 0
    tasks: dict[str, int] | None = None
    """How long the lines of each task are."""
    tasks_indent: int = 0
    bodies: list[msgspec.Raw] = []
    """What each task says."""


def read_text(text: str) -> bytes:
    """Read a text, in whatever process; an encoded `Reading`."""
    fmt = guess_format("", text)
    try:
        mark = DocumentText(text, fmt).mark()
    except ValueError:
        return msgspec.msgpack.encode(Reading(readable=False))
    cut = mark.cut()
    reading = Reading(fmt=fmt, data=mark.data)
    try:
        if cut is not None:
            reading.before, reading.sizes, reading.indent = cut.before, cut.sizes, cut.indent
            if mark.tasks is not None and cut.tasks is not None:
                bodies = mark.data["tasks"]
                reading.data = {**mark.data, "tasks": {}}
                reading.tasks_before, reading.tasks_indent = cut.tasks_before, cut.tasks_indent
                reading.tasks = dict(zip(bodies, cut.tasks, strict=True))
                reading.bodies = [msgspec.Raw(msgspec.msgpack.encode(body)) for body in bodies.values()]
        return msgspec.msgpack.encode(reading)
    except (OverflowError, ValueError, TypeError, RecursionError):
        return msgspec.msgpack.encode(Reading(odd=True))


def taken_over(reading: Reading, text: str, known: Mark | None) -> DocumentText | None:
    """The document that was read; None when it cannot be.

    Tasks that stand in `known`, another state of it, in the same words are the very same objects here.
    """
    if not reading.readable:
        return None
    if reading.odd:
        return DocumentText(text)
    cut = None
    if reading.sizes is not None:
        sizes = None if reading.tasks is None else array("I", reading.tasks.values())
        cut = Cut(reading.before, reading.sizes, reading.indent, reading.tasks_before, sizes, reading.tasks_indent)
    data = reading.data
    if cut is None or reading.tasks is None:
        return DocumentText.known(text, reading.fmt, data, cut)
    data["tasks"] = dict.fromkeys(reading.tasks)
    tasks = cut.made(text, data)[1]
    assert tasks is not None
    old, bodies = {}, {}
    if known is not None and known.tasks is not None:
        old, bodies = known.tasks.entries, known.data["tasks"]
    data["tasks"] = {
        task: bodies[task] if old.get(task) == entry else _decode(raw)
        for (task, entry), raw in zip(tasks.entries.items(), reading.bodies, strict=True)
    }
    return DocumentText.known(text, reading.fmt, data, cut)
