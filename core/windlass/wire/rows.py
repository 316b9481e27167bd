"""The rows that clients see, in answers and in snapshots and deltas.

They travel as maps (not arrays) inside `Reply.data` and `Delta.data`, so that `--json` prints them as they are.

Topics:
    runs     {"runs": [RunRow], "removed": [run]}
    agents   {"agents": [AgentRow], "removed": [agent id]}
    samples  {"samples": {agent id: [Sample]}, "attempts": [AttemptSample]}        (only deltas, after a first backlog)
    run:ID   {"run": RunRow, "tasks": [TaskRow], "states": {task: bytes} (snapshot: one byte an item, `ItemState`'s
             value), "spans": [[task, firsts, lengths, states]] (delta), "attempts": [AttemptRow]}

A task's spans are stretches of its items in which something changed: their first items and lengths as columns of four
bytes (little endian), and the states of all of them end to end, one byte an item. Some of them may not have changed.
"""

from __future__ import annotations

from typing import Any

import msgspec


class Counts(msgspec.Struct, frozen=True):
    """How many items are in each state."""

    pending: int = 0
    ready: int = 0
    active: int = 0
    backoff: int = 0
    succeeded: int = 0
    failed: int = 0
    cancelled: int = 0
    skipped: int = 0

    @property
    def total(self) -> int:
        return sum(getattr(self, name) for name in self.__struct_fields__)


class RunRow(msgspec.Struct, frozen=True):
    id: int
    name: str
    owner: str
    state: str
    """running, paused, succeeded, failed, cancelled (waiting is a running run with nothing active)."""
    priority: int
    submitted: float
    ended: float | None
    counts: Counts
    hidden: bool = False
    note: str = ""
    """Why it waits or what went wrong, in a line."""
    blocked: str = ""
    """Why no agent that is up can take ready items of `blocked_task`, in a line; empty: there is none such."""
    blocked_task: int = -1
    deadline: str = ""
    """The worst of its tasks': endangered or missed."""
    failing: str = ""
    """While it goes on: the task of which the most attempts failed in this life of the core."""
    failures: int = 0
    """How many of that one's did."""


class TaskRow(msgspec.Struct, frozen=True):
    index: int
    id: str
    title: str
    array: bool
    count: int | None
    """None until a fan-out is decided."""
    counts: Counts
    needs: list[str] = []
    note: str = ""
    deadline: str = ""
    """endangered (by the forecast) or missed; empty: neither, or it has none."""
    each: list[str] = []
    """Those of `needs` of which item i needs item i only."""
    due: float = 0.0
    """By when it should have ended; 0: it has no deadline."""
    expected: float = 0.0
    """Of one with a `deadline` in danger or missed: when it should end by the forecast of then; 0: not known."""


class ItemRow(msgspec.Struct, frozen=True):
    task: int
    index: int
    state: str
    attempts: int
    value: Any = None
    """The item's `foreach`/`matrix` value, shortened for display."""
    error: str = ""
    note: str = ""


class AttemptRow(msgspec.Struct, frozen=True):
    seq: int
    """Order of the commits of their ends; 0 while it runs."""
    run: int
    task: int
    index: int
    attempt: int
    agent: str
    agent_name: str
    state: str
    """assigned, running, exited, lost, rejected."""
    outcome: str = ""
    code: int = 0
    assigned: float = 0.0
    started: float | None = None
    ended: float | None = None
    cpu: float = 0.0
    memory: int = 0
    read: int = 0
    written: int = 0
    error: str = ""
    slot: int = 0
    """A lane of the agent's timeline: the lowest number that was free when it began."""
    log_shed: int = 0
    staged_in: float = 0.0
    """Seconds before `started` in which its inputs were brought to the agent and laid out; 0: next to none."""
    staged_out: float = 0.0
    """Seconds behind `ended` until its outputs and log were hashed and with the core; 0: next to none."""


class AgentRow(msgspec.Struct, frozen=True):
    id: str
    name: str
    state: str
    """new, up, disconnected, down."""
    draining: bool
    labels: dict[str, str]
    resources: dict[str, Any]
    used: dict[str, Any]
    running: int
    waiting: int
    """Attempts sent ahead that have not started."""
    last_heard: float
    since: float
    gpus: list[str] = []
    cpu_model: str = ""
    version: str = ""
    note: str = ""
    aside: str = ""
    """Why it is set aside as sick (gets nothing new for a while); empty: it is not."""
    aside_until: float | None = None
    probation: bool = False
    """It was set aside and has not shown yet that it is well: it gets one attempt at a time."""
    gpu_memory: list[int] = []
    """Bytes of each of its GPUs; 0 where that is not known."""
    skew: float = 0.0
    """Seconds that its clock is behind the core's; what it tells is corrected by that."""
    disk_free: int = 0
    disk_total: int = 0
    """Bytes, as it last said; told anew when the disk becomes nearly full (`disk_level`). 0: not known."""
    fingerprint: str = ""
    """Of its key; see `keys.fingerprint`."""


class EventRow(msgspec.Struct, frozen=True):
    """Something that happened to an agent."""

    time: float
    kind: str
    """joined, back, disconnected, down, draining, undrained, aside, probation, well."""
    text: str = ""
    """Why."""


def disk_level(free: int, total: int) -> int:
    """How full a disk is: 0 well, 1 nearly full, 2 almost nothing left.

    >>> [disk_level(free << 30, 100 << 30) for free in (50, 9, 2)], disk_level(0, 0), disk_level(60 << 30, 1 << 40)
    ([0, 1, 2], 0, 0)
    """
    if total <= 0:
        return 0
    if free < min(0.03 * total, 5 << 30):
        return 2
    return 1 if free < min(0.1 * total, 20 << 30) else 0
