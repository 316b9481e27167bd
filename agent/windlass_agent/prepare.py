"""From a task and an item's place in it to what is executed: values put in, on this machine, just before the start."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from windlass_agent.attempts import Attempt

if TYPE_CHECKING:
    from windlass.model.render import Rendered


SHORT = 4096
"""Bytes of a task that is remembered beyond its run, and"""
MOST = 256
"""how many of them: the same command is often submitted again and again."""
_known: dict[bytes, Rendered] = {}


class PrepareError(Exception):
    """The item cannot be made ready; the text names the field."""


def prepare(attempt: Attempt, whole: Callable[[bytes], bytes]) -> Rendered:
    """What this item executes. `whole` brings in a result that is a blob."""
    group = attempt.group
    same = group.same if attempt.bundle is group.bundle else b""
    if same and group.rendered is None:
        group.rendered = _known.get(same)
    if same and group.rendered is not None:
        return group.rendered
    from windlass_agent.rendering import render  # here: see there

    rendered = render(attempt, whole)
    if same:
        group.rendered = rendered
        if len(same) <= SHORT:
            if len(_known) >= MOST:
                _known.clear()
            _known[same] = rendered
    return rendered


def base_env(attempt: Attempt) -> dict[str, str]:
    """What every attempt finds in its environment."""
    key = attempt.key
    return {
        "WINDLASS_RUN": str(key.run),
        "WINDLASS_TASK": attempt.bundle.spec.id,
        "WINDLASS_INDEX": str(key.index),
        "WINDLASS_ATTEMPT": str(key.attempt),
    }
