"""The scheduler's settings. All times are seconds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from windlass.sched.order import NAMES


@dataclass(frozen=True, slots=True)
class Config:
    disconnected_after: float = 5.0
    """An agent that is silent for so long gets no new attempts."""
    lease_wait: float = 14.0
    """An agent that is silent for so long is DOWN and its attempts are LOST. Longer than the lease (12) that the agent
    counts from the *sending* of the heartbeat that was answered, so that it has stopped them before."""
    crash_limit: int = 3
    """So many LOST attempts fail an item: it may be what kills the agents. Before the last of them it is made sure that
    it is this one (`suspects.py`)."""
    stop_repeat: float = 2.0
    """A STOP that nobody acknowledged is said again after so long."""
    timeout_slack: float = 30.0
    """The agents enforce timeouts; the core steps in so much later."""
    silent_assign: float = 60.0
    """An attempt that should have begun but of which nothing was heard for so long is asked back."""
    prefetch_seconds: float = 0.05
    """Work sent ahead to an agent, by the mean duration of the task's recent attempts."""
    prefetch_max: int = 2048
    """Attempts of one shape that wait on one agent, at most."""
    prefetch_unseen: int = 256
    """More than so many only where ends were seen to come that fast."""
    recall_after: float = 0.25
    """Waiting attempts are asked back for an idle agent when theirs did not move for so long."""
    reject_pause: float = 1.0
    """An agent that gave an attempt back unasked gets nothing new for so long, so that the two do not spin; each time
    in a row for twice as long, because something is wrong with it (a full disk),"""
    reject_pause_max: float = 60.0
    """but at most so long."""
    spread_wait: float = 30.0
    """A retry waits at most so long for another agent than the one that failed it."""
    sick_after: float = 3.0
    """An agent is set aside when so many different items (by their weight) failed there and succeeded elsewhere (0:
    never),"""
    sick_window: float = 3600.0
    """within so long;"""
    sick_pause: float = 60.0
    """the first time for so long, each further time within the window for twice as long,"""
    sick_pause_max: float = 3600.0
    """but at most so long."""
    reserve_after: float = 10.0
    """A request that finds no room for so long gets an agent kept for it."""
    backfill: bool = True
    """Small requests use the gap on an agent that is kept; else they get only what the large one will leave over."""
    backfill_depth: int = 64
    """Tasks of one shape that are looked at in one plan for one that fits into the gap."""
    lanes_max: int = 256
    """Attempts of one shape that run on one agent at a time, at most (for requests that ask for nothing)."""
    order: Sequence[str] = NAMES
    """Names of the criteria by which ready work is ordered (`order.py`)."""
    half_life: float = 86400.0
    """After so long, what an owner has used counts half in the fair share; 0: it counts nothing."""
    weights: Mapping[str, float] = field(default_factory=dict)
    """Owner -> weight of the fair share; absent: 1."""
    usage_every: float = 10.0
    """What owners have used is told, to be written down, so long after it began to change."""
    licences: Mapping[str, float] = field(default_factory=dict)
    """Named resources of the whole cluster, and how much there is of each."""
    groups: Mapping[str, int] = field(default_factory=dict)
    """Concurrency groups of the whole cluster, and how many items of them are active at once."""
    owners: Mapping[str, int] = field(default_factory=dict)
    """Most active items of an owner,"""
    owner: int | None = None
    """and of each owner that is not named."""
    learn_memory: bool = True
    """A task that declares no memory is given what its attempts were seen to use."""
