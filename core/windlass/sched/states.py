"""All states and all transitions, in one place. The diagrams in the docs are drawn from these tables.

Nothing else in the scheduler may write a state: it goes through `check_item` or `check_attempt`, and an edge
that is not listed is a bug, not a case to handle.
"""

from __future__ import annotations

from enum import Enum, IntEnum, unique


@unique
class ItemState(IntEnum):
    """An item's state; one byte in a task's array, so the values never change."""

    PENDING = 0
    """Something it needs has not ended yet (or its run's fan-out is undecided)."""
    READY = 1
    """All it needs is there; it waits for a place."""
    ACTIVE = 2
    """One attempt is assigned or running; not necessarily running yet."""
    BACKOFF = 3
    """An attempt failed, another one is allowed and waits for its time."""
    SUCCEEDED = 4
    """An attempt's end was committed with outcome ok; its outputs and result are there."""
    FAILED = 5
    """The last allowed attempt failed."""
    CANCELLED = 6
    """A person cancelled it; an attempt may still be stopping on its agent."""
    SKIPPED = 7
    """It never ran: its condition was false, or something it needs did not succeed."""


@unique
class AttemptState(IntEnum):
    """What the core knows of an attempt."""

    ASSIGNED = 0
    """Given to an agent, durably; the agent may not have it yet, or holds it back until resources are free."""
    RUNNING = 1
    """The agent said that it began."""
    EXITED = 2
    """The agent said how it ended."""
    LOST = 3
    """The agent's lease ended, or it came back without it."""
    REJECTED = 4
    """The agent gave it back without beginning; it counts for nothing."""


@unique
class AgentState(IntEnum):
    """What the core knows of an agent; draining is a flag beside it."""

    NEW = 0
    """Enrolled, never said HELLO in this core's life."""
    UP = 1
    """Heard of within the heartbeat tolerance."""
    DISCONNECTED = 2
    """Silent, its lease still runs: its attempts go on, it gets no new ones."""
    DOWN = 3
    """The lease ended: its attempts are LOST."""


@unique
class Outcome(Enum):
    """How an attempt EXITED."""

    OK = "ok"
    NONZERO = "nonzero"
    SIGNAL = "signal"
    TIMEOUT = "timeout"
    OOM = "oom"
    SPAWN_ERROR = "spawn_error"
    STOPPED = "stopped"
    """The agent ended it in order: it was asked to, was shut down, or saw its lease end."""
    CRASHED = "crashed"
    """The agent's helper process died and took it along: it may be the attempt that killed it."""
    FAILED = "failed"
    """The function raised, or a declared output was not there."""


# The members by themselves, for what is done a million times: to find one in its class takes five times as long.
PENDING, READY, ACTIVE, BACKOFF, SUCCEEDED, FAILED, CANCELLED, SKIPPED = ItemState
ASSIGNED, RUNNING, EXITED, LOST, REJECTED = AttemptState
NEW, UP, DISCONNECTED, DOWN = AgentState

ITEM_TRANSITIONS: dict[ItemState, frozenset[ItemState]] = {
    PENDING: frozenset({READY, CANCELLED, SKIPPED, FAILED}),
    READY: frozenset({ACTIVE, CANCELLED, PENDING}),
    ACTIVE: frozenset({SUCCEEDED, FAILED, CANCELLED, BACKOFF, READY}),
    BACKOFF: frozenset({READY, CANCELLED}),
    SUCCEEDED: frozenset({PENDING}),
    FAILED: frozenset({PENDING}),
    CANCELLED: frozenset({PENDING}),
    SKIPPED: frozenset({PENDING}),
}
"""READY -> PENDING: an upstream item was retried. ACTIVE -> READY: REJECTED or LOST. PENDING -> FAILED: the fan-out
could not be decided."""

ATTEMPT_TRANSITIONS: dict[AttemptState, frozenset[AttemptState]] = {
    ASSIGNED: frozenset({RUNNING, EXITED, LOST, REJECTED}),
    RUNNING: frozenset({EXITED, LOST}),
    EXITED: frozenset(),
    LOST: frozenset(),
    REJECTED: frozenset(),
}

AGENT_TRANSITIONS: dict[AgentState, frozenset[AgentState]] = {
    NEW: frozenset({UP, DOWN}),
    UP: frozenset({DISCONNECTED, DOWN, UP}),
    DISCONNECTED: frozenset({UP, DOWN}),
    DOWN: frozenset({UP}),
}

_AFTER = [ITEM_TRANSITIONS[state] for state in ItemState]
_AFTER_ATTEMPT = [ATTEMPT_TRANSITIONS[state] for state in AttemptState]
"""The same by number: asked a million times."""

TERMINAL = frozenset({SUCCEEDED, FAILED, CANCELLED, SKIPPED})
"""States that an item leaves only by a person's retry."""
ENDED = ("succeeded", "failed", "cancelled")
"""States of a run of which every item is terminal."""


class IllegalTransition(RuntimeError):
    """Something tried to take an edge that the tables do not have."""


def check_item(old: int, new: int) -> None:
    """Every write of an item's state calls this; a batch of equal moves calls it once."""
    if new not in _AFTER[old]:
        raise IllegalTransition(f"item {ItemState(old).name} -> {ItemState(new).name}")


def check_attempt(old: AttemptState, new: AttemptState) -> None:
    """As `check_item`, for attempts."""
    if new not in _AFTER_ATTEMPT[old]:
        raise IllegalTransition(f"attempt {old.name} -> {new.name}")


def check_agent(old: AgentState, new: AgentState) -> None:
    """As `check_item`, for agents."""
    if new not in AGENT_TRANSITIONS[old]:
        raise IllegalTransition(f"agent {old.name} -> {new.name}")
