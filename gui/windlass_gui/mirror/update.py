"""One topic's change: parsed and checked from a Snapshot or Delta, and merged with later ones of the same topic.

Parsing and merging happen in the network thread, so that a frame of the app takes only the newest value of each row,
however many messages came since the last one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeAlias

import msgspec

from windlass.wire.messages import AttemptSample, Delta, Sample, Snapshot
from windlass.wire.rows import AgentRow, AttemptRow, RunRow, TaskRow
from windlass_gui.mirror.spans import Spans

AttemptId: TypeAlias = tuple[int, int, int]
"""(task, index, attempt) inside a run."""

ATTEMPTS_PENDING = 50_000
"""Attempt rows that wait for a frame; a window that hangs for long loses older ones, and `shed` says so."""
SAMPLES_PENDING = 1200
"""Samples of one agent that wait for a frame."""


class _RunsData(msgspec.Struct):
    runs: list[RunRow] = []
    removed: list[int] = []
    more: bool = False


class _AgentsData(msgspec.Struct):
    agents: list[AgentRow] = []
    removed: list[str] = []


class _SamplesData(msgspec.Struct):
    samples: dict[str, list[Sample]] = {}
    attempts: list[AttemptSample] = []


class _RunData(msgspec.Struct):
    run: RunRow | None = None
    tasks: list[TaskRow] = []
    states: dict[int, bytes] = {}
    spans: list[tuple[int, bytes, bytes, bytes]] = []
    attempts: list[AttemptRow] = []
    shed: int = 0


@dataclass(slots=True)
class Update:
    """What is new in `topic`. With `reset` it stands for the whole topic and replaces what was known."""

    topic: str
    reset: bool = False
    runs: dict[int, RunRow] = field(default_factory=dict)
    more: bool = False
    """There are older runs than these."""
    agents: dict[str, AgentRow] = field(default_factory=dict)
    removed: set[Any] = field(default_factory=set)
    samples: dict[str, list[Sample]] = field(default_factory=dict)
    attempt_samples: list[AttemptSample] = field(default_factory=list)
    run: RunRow | None = None
    tasks: dict[int, TaskRow] = field(default_factory=dict)
    states: dict[int, bytes] = field(default_factory=dict)
    spans: dict[int, Spans] = field(default_factory=dict)
    """By task."""
    attempts: dict[AttemptId, AttemptRow] = field(default_factory=dict)
    shed: int = 0
    """Attempt rows that were left out on the way; they can be asked for."""

    def merge(self, later: Update) -> Update:
        """This one followed by `later`, in one; changes `self` where it can."""
        if later.reset:
            return later
        for gone in later.removed:
            self.runs.pop(gone, None)
            self.agents.pop(gone, None)
        self.removed -= later.runs.keys()
        self.removed -= later.agents.keys()
        self.removed |= later.removed
        self.runs.update(later.runs)
        self.agents.update(later.agents)
        for agent, samples in later.samples.items():
            kept = self.samples.setdefault(agent, [])
            kept.extend(samples)
            del kept[:-SAMPLES_PENDING]
        self.attempt_samples.extend(later.attempt_samples)
        del self.attempt_samples[:-ATTEMPTS_PENDING]
        self.run = later.run or self.run
        self.tasks.update(later.tasks)
        for task, spans in later.spans.items():
            known = self.spans.get(task)
            self.spans[task] = spans if known is None else known.then(spans)
        # Re-inserting keeps the dict in the order of the last change, so that shedding drops the oldest.
        for key, row in later.attempts.items():
            self.attempts.pop(key, None)
            self.attempts[key] = row
        excess = len(self.attempts) - ATTEMPTS_PENDING
        if excess > 0:
            for key in list(self.attempts)[:excess]:
                del self.attempts[key]
            self.shed += excess
        self.shed += later.shed
        return self


def attempt_id(row: AttemptRow) -> AttemptId:
    return row.task, row.index, row.attempt


def parse(message: Snapshot | Delta) -> Update:
    """The typed form of a message; ValueError when its data is not what the topic carries."""
    update = Update(message.topic, reset=isinstance(message, Snapshot))
    if message.topic == "runs":
        runs = msgspec.convert(message.data, _RunsData)
        update.runs = {row.id: row for row in runs.runs}
        update.removed = set(runs.removed)
        update.more = runs.more
    elif message.topic == "agents":
        agents = msgspec.convert(message.data, _AgentsData)
        update.agents = {row.id: row for row in agents.agents}
        update.removed = set(agents.removed)
    elif message.topic == "samples":
        samples = msgspec.convert(message.data, _SamplesData)
        update.samples = samples.samples
        update.attempt_samples = samples.attempts
    elif message.topic.startswith("run:"):
        run = msgspec.convert(message.data, _RunData, strict=False)
        update.run = run.run
        update.tasks = {row.index: row for row in run.tasks}
        update.states = run.states
        update.spans = {task: Spans.read(*columns) for task, *columns in run.spans}
        update.attempts = {attempt_id(row): row for row in run.attempts}
        update.shed = run.shed
    else:
        raise ValueError(f"unknown topic {message.topic!r}")
    return update
