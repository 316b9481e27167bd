"""Acting on many things in one request: check all of it, count, and only then do it, or say what would be done.

A preview and the act itself choose by the same code of the scheduler, so that what was shown is what happens.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from windlass.sched import events as ev
from windlass.sched.states import ItemState
from windlass.wire import messages as m

if TYPE_CHECKING:
    from windlass.server.core import Core

PICKS = 100_000
"""Stretches of items that one request may name."""
PICKS_SHOWN = 5000
"""Stretches that an answer lists."""
WHOLE = ("pause", "resume", "priority", "delete")
"""What is done to whole runs only."""
ACTIONS = ("cancel", "retry", *WHOLE)


class ActError(Exception):
    """It cannot be done, and nothing was. `code` as in `Failure`."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


def act(core: Core, msg: m.Act) -> dict[str, Any]:
    """What `Act` says. Raises ActError before anything has changed."""
    _check(core, msg)
    if msg.action in WHOLE:
        events = _on_runs(core, msg)
        found: dict[str, Any] = {"items": 0, "states": [0] * len(ItemState), "picks": [], "cut": False}
    else:
        events = _on_items(msg)
        found = _count(core, events)
    found["runs"] = len(events)
    if not msg.dry:
        for event in events:
            core.handle(event)
    return found


def _check(core: Core, msg: m.Act) -> None:
    if msg.action not in ACTIONS:
        raise ActError("bad-request", f"no action {msg.action[:50]!r}; there are {', '.join(ACTIONS)}")
    if not msg.picks:
        raise ActError("bad-request", "nothing is named")
    if len(msg.picks) + sum(len(pick.items) for pick in msg.picks) > PICKS:
        raise ActError("bad-request", f"more than {PICKS:,} stretches of items in one request")
    for pick in msg.picks:
        run = core.runs.get(pick.run)
        if run is None:
            raise ActError("not-found", f"there is no run {pick.run}")
        if pick.task is None:
            if pick.items:
                raise ActError("bad-request", "items are named with their task")
            continue
        if msg.action in WHOLE:
            raise ActError("bad-request", f"{msg.action} is for whole runs")
        if not 0 <= pick.task < len(run.graph):
            raise ActError("not-found", f"run {pick.run} has no task number {pick.task}")
        count = core.scheduler.items(pick.run, pick.task) or 0
        for first, last in pick.items:
            if not 0 <= first < last <= count:
                raise ActError("not-found", f"task {pick.task} of run {pick.run} has no items {first} to {last - 1}")


def _on_runs(core: Core, msg: m.Act) -> list[Any]:
    wanted = {pick.run: pick.value for pick in msg.picks}
    if msg.action == "delete":
        for run in wanted:
            found = core.runs.get(run)
            if found is None or found.ended is None:
                raise ActError("bad-request", f"run {run} has not ended: cancel it before it is deleted")
        return [ev.RunDeleted(run) for run in wanted]
    if msg.action == "priority":
        if any(not -(2**31) < value < 2**31 for value in wanted.values()):
            raise ActError("bad-request", "a priority has at most 31 bits")
        return [ev.PriorityChanged(run, value) for run, value in wanted.items()]
    return [ev.PauseRequested(run, msg.action == "pause") for run in wanted]


def _on_items(msg: m.Act) -> list[ev.CancelRequested | ev.RetryRequested]:
    """One event a run, whatever is picked of it."""
    return [
        ev.CancelRequested(scope)
        if msg.action == "cancel"
        else ev.RetryRequested(scope, msg.downstream, msg.upstream, msg.only_failed)
        for scope in _scopes(msg.picks)
    ]


def _scopes(picks: list[m.Pick]) -> list[ev.Scope]:
    whole: set[int] = set()
    parts: dict[int, dict[int, list[tuple[int, int]] | None]] = {}
    for pick in picks:
        tasks = parts.setdefault(pick.run, {})
        if pick.task is None:
            whole.add(pick.run)
        elif not pick.items:
            tasks[pick.task] = None
        elif (known := tasks.setdefault(pick.task, [])) is not None:
            known += pick.items
    return [
        ev.Scope(run)
        if run in whole
        else ev.Scope(
            run, picks=tuple((task, None if items is None else tuple(items)) for task, items in sorted(tasks.items()))
        )
        for run, tasks in parts.items()
    ]


def _count(core: Core, events: list[ev.CancelRequested | ev.RetryRequested]) -> dict[str, Any]:
    """What these would touch, as it is now."""
    states: Counter[int] = Counter()
    listed: list[tuple[int, int, int, int]] = []
    stretches = items = 0
    for event in events:
        run = event.scope.run
        for task, ranges in core.scheduler.chosen(event).items():
            now = core.scheduler.states(run, task)
            for first, last in ranges:
                items += last - first
                stretches += 1
                states.update(now[first:last])
                if len(listed) < PICKS_SHOWN:
                    listed.append((run, task, first, last))
    return {
        "items": items,
        "states": [states[state] for state in ItemState],
        "picks": listed,
        "cut": stretches > len(listed),
    }
