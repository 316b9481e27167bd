"""What needs a person, derived from the rows of runs and agents. No Qt, no clock: the time is given.

A `Matter` has an identity (`key`) that no change of anything else touches, so that a list of them neither flickers nor
loses what was put aside; `mark` says which change of the matter itself is one that a person should hear of again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import isfinite

from windlass.wire.rows import AgentRow, RunRow, disk_level

NOTE, DOUBT, URGENT = 1, 2, 3
"""Severities: worth a look; something goes wrong; something does not go on, or is about to be lost."""

KINDS = (
    "store", "unschedulable", "deadline", "disk", "lost", "failing", "sick", "stuck", "waits", "skew",
)  # fmt: skip
"""All kinds, in the order in which matters of one severity stand."""
_RANK = {kind: place for place, kind in enumerate(KINDS)}

STUCK = 60.0
"""Seconds for which nothing of a run is active, although something is ready, until it is told."""
LONG_WAIT = 600.0
"""The same while other runs are at work: then it merely waits its turn."""
FAILURES = 5
"""Failed attempts of one task from which on it is told, unless a person chose another number."""
MANY_FAILURES = 10
"""So many times that number is urgent."""
SKEW, LARGE_SKEW = 5.0, 60.0
"""Seconds between an agent's clock and the core's: worth a look; wrong enough to confuse files' times."""
ENDED = ("succeeded", "failed", "cancelled")


@dataclass(frozen=True, slots=True)
class Matter:
    """One thing that needs a person. Of `run` and `agent` at most one is set; neither: it is the core's own."""

    kind: str
    severity: int
    subject: str
    """Who it is about, unlike any other (a run with when it was submitted, an agent's id, or `core`)."""
    name: str
    """The run's or the agent's, for people."""
    run: int | None = None
    agent: str = ""
    task: int = -1
    """The task's number in its run; -1: not known, or it is about more than one."""
    detail: str = ""
    """What the core says of it, in a line, or the task's id."""
    number: int = 0
    """How many (failed attempts, items that run there), or seconds of a clock's error."""
    level: int = 0
    """How bad of its kind; one step more is news (see `mark`)."""
    fixes: tuple[str, ...] = ()
    """What can be done, the likeliest to help first; see `fixing.FIXES`."""
    since: float = 0.0
    """When it began, or was first seen here."""

    @property
    def key(self) -> tuple[str, str]:
        """What it is, whatever else about it changes."""
        return self.kind, self.subject

    @property
    def mark(self) -> tuple[int, int, int]:
        """Differs when the matter itself has changed enough for somebody who has put it aside."""
        return self.severity, self.task, self.level

    def __repr__(self) -> str:
        return f"<Matter {self.kind} {self.subject} severity {self.severity}>"


@dataclass(slots=True)
class CoreFacts:
    """What the core says of itself when asked."""

    free: int = 0
    total: int = 0
    """Bytes of the disk with its store; 0: not known."""
    problem: str = ""
    """Why it cannot write, in a line."""


class Watch:
    """Remembers since when each thing is as it is; otherwise `look` depends on the given rows only."""

    def __init__(self) -> None:
        self.failures = FAILURES
        self._since: dict[tuple[str, str], float] = {}
        self._quiet: dict[int, float] = {}
        """Run -> since when nothing of it is active although something is ready."""
        self.due: float | None = None
        """When the next matter begins by the mere passing of time."""

    def look(
        self, runs: Mapping[int, RunRow], agents: Mapping[str, AgentRow], core: CoreFacts, now: float
    ) -> list[Matter]:
        """All that needs a person now, the most urgent first."""
        found = [*self._runs(runs, agents, now), *_of_agents(agents.values()), *_of_core(core)]
        since = {matter.key: self._since.get(matter.key, _past(matter.since, now)) for matter in found}
        self._since = since
        made = [_begun(matter, since[matter.key]) for matter in found]
        return sorted(made, key=lambda matter: (-matter.severity, _RANK[matter.kind], matter.subject))

    def _runs(self, runs: Mapping[int, RunRow], agents: Mapping[str, AgentRow], now: float) -> list[Matter]:
        found: list[Matter] = []
        quiet: dict[int, float] = {}
        self.due = None
        going = [row for row in runs.values() if row.state not in ENDED]
        busy = any(row.counts.active for row in going)
        up = [agent for agent in agents.values() if agent.state == "up"]
        for row in going:
            if row.deadline:
                found.append(_deadline(row))
            if row.failures >= self.failures:
                found.append(_failing(row, self.failures))
            if row.state == "paused":
                continue
            if row.blocked:
                found.append(_unschedulable(row, up))
            elif row.counts.ready and not row.counts.active:
                begun = quiet[row.id] = self._quiet.get(row.id, now)
                limit = LONG_WAIT if busy else STUCK
                if now - begun >= limit:
                    found.append(_stuck(row, begun, busy, up))
                else:
                    self.due = min(self.due or begun + limit, begun + limit)
        self._quiet = quiet
        return found


def _past(since: float, now: float) -> float:
    """When it began, as far as what was said can be true."""
    return since if 0 < since <= now else now


def _begun(matter: Matter, since: float) -> Matter:
    if matter.since == since:
        return matter
    return Matter(
        matter.kind, matter.severity, matter.subject, matter.name, matter.run, matter.agent, matter.task, matter.detail,
        matter.number, matter.level, matter.fixes, since,
    )  # fmt: skip


def _whole(value: float) -> int:
    """The nearest whole number; a peer's clock may say anything."""
    return round(value) if isfinite(value) else 0


def _subject(row: RunRow) -> str:
    """A run's number alone would name another run in another core."""
    return f"run {row.id} of {_whole(row.submitted)}"


def _deadline(row: RunRow) -> Matter:
    missed = row.deadline == "missed"
    return Matter(
        "deadline", URGENT if missed else DOUBT, _subject(row), row.name, row.id, detail=row.note,
        level=int(missed), fixes=("priority", "machine", "run"),
    )  # fmt: skip


def _failing(row: RunRow, least: int) -> Matter:
    many = row.failures >= least * MANY_FAILURES
    return Matter(
        "failing", URGENT if many else DOUBT, _subject(row), row.name, row.id, detail=row.failing,
        number=row.failures, level=(row.failures // max(1, least)).bit_length(), fixes=("failures", "retry", "pause"),
    )  # fmt: skip


def _unschedulable(row: RunRow, up: list[AgentRow]) -> Matter:
    if up and all(agent.draining for agent in up):
        fixes: tuple[str, ...] = ("undrain", "why", "machine")
    else:
        fixes = ("why", "machine", "cancel") if up else ("machine", "why")
    return Matter(
        "unschedulable", URGENT, _subject(row), row.name, row.id, task=row.blocked_task, detail=row.blocked,
        level=bool(up), fixes=fixes,
    )  # fmt: skip


def _stuck(row: RunRow, begun: float, busy: bool, up: list[AgentRow]) -> Matter:
    if busy:
        return Matter(
            "waits", NOTE, _subject(row), row.name, row.id, detail=row.note, fixes=("priority", "run"), since=begun
        )
    fixes: tuple[str, ...] = ("run", "priority")
    if not up:
        fixes = ("machine", "run")
    elif all(agent.draining for agent in up):
        fixes = ("undrain", "run")
    return Matter("stuck", DOUBT, _subject(row), row.name, row.id, detail=row.note, fixes=fixes, since=begun)


def _of_agents(agents: Iterable[AgentRow]) -> Iterable[Matter]:
    for row in agents:
        if row.state == "down":
            continue
        if row.aside:
            yield Matter("sick", DOUBT, row.id, row.name, agent=row.id, detail=row.aside, fixes=("forgive", "agent"))
        level = disk_level(row.disk_free, row.disk_total)
        if level:
            yield Matter(
                "disk", URGENT if level > 1 else DOUBT, row.id, row.name, agent=row.id, number=row.disk_free,
                level=level, fixes=("drain", "space", "agent"),
            )  # fmt: skip
        if row.state == "disconnected" and row.running:
            yield Matter(
                "lost", DOUBT, row.id, row.name, agent=row.id, number=row.running, fixes=("agent",),
                since=row.last_heard,
            )  # fmt: skip
        if abs(row.skew) >= SKEW:
            large = abs(row.skew) >= LARGE_SKEW
            yield Matter(
                "skew", DOUBT if large else NOTE, row.id, row.name, agent=row.id, number=_whole(row.skew),
                level=int(large), fixes=("clock", "agent"),
            )  # fmt: skip


def _of_core(core: CoreFacts) -> Iterable[Matter]:
    if core.problem:
        yield Matter("store", URGENT, "core", "", detail=core.problem, fixes=("space",))
    level = disk_level(core.free, core.total)
    if level:
        severity = URGENT if level > 1 else DOUBT
        yield Matter("disk", severity, "core", "", number=core.free, level=level, fixes=("space",))
