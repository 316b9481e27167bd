"""What a person acts on, in words that the windows share."""

from __future__ import annotations

from collections.abc import Callable

from windlass_gui.bridge import Bridge, How
from windlass_gui.panes.acting import picks_of

Target = tuple[int | None, int | None]
"""A task, and one of its items or None for all; no task: the whole run."""
WHOLE: list[Target] = [(None, None)]
Retry = Callable[[int, list[Target], bool], None]
"""Run targets of a run again; True: in whatever state they ended, with all that comes after them."""


def plain_retry(bridge: Bridge) -> Retry:
    """Just do it, as the run was submitted."""
    return lambda run, targets, downstream: bridge.act("retry", picks_of(run, targets), How(downstream=downstream))
